/**
 * What this plugin uses of OpenClaw's plugin interface, in its own words: OpenClaw is no dependency, also not for types.
 * Source: `openclaw/plugin-sdk/plugin-entry` of 2026.9.6.
 */

export interface ToolCallEvent {
  readonly toolName: string;
  readonly params: unknown;
  readonly runId?: string | undefined;
  readonly toolCallId?: string | undefined;
}
export interface ToolCallContext {
  readonly sessionKey?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly runId?: string | undefined;
  readonly abortSignal?: AbortSignal | undefined;
}
/** `undefined` has no opinion; `block` is final. */
export type CallVerdict = { readonly block: true; readonly blockReason: string } | undefined;

export interface ToolResult {
  readonly content: { type: 'text'; text: string }[];
  /** Not shown to the model. `status` other than a success marks the call as failed. */
  readonly details: { readonly verdict: unknown; readonly status?: 'error' };
}
export interface HostTool {
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly parameters: object;
  /** Keeps the tool and its schema before the model, out of Tool Search. */
  readonly catalogMode?: 'direct-only';
  execute(toolCallId: string, params: unknown, signal?: AbortSignal): Promise<ToolResult>;
}

export interface HostLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
export interface GatewayContext {
  readonly port?: number;
  readonly config?: unknown;
  readonly abortSignal?: AbortSignal;
}
export interface ServiceContext {
  readonly serviceHealth?: { reportFailure(error: unknown): void; clearFailure(): void };
}

export interface PluginHost {
  readonly config: unknown;
  readonly pluginConfig?: unknown;
  readonly logger: HostLogger;
  registerTool(create: () => HostTool, options: { readonly name: string }): void;
  registerService(service: { readonly id: string; start(context: ServiceContext): void; stop(): void }): void;
  registerTrustedToolPolicy(policy: {
    readonly id: string;
    readonly description: string;
    evaluate(event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict>;
  }): void;
  on(
    hook: 'before_tool_call',
    handler: (event: ToolCallEvent, context: ToolCallContext) => Promise<CallVerdict>,
    options: { readonly priority: number; readonly timeoutMs: number },
  ): void;
  on(hook: 'gateway_start', handler: (event: { readonly port: number }, context: GatewayContext) => void): void;
}
