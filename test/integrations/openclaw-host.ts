import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type {
  CallVerdict,
  GatewayContext,
  HostTool,
  PluginHost,
  ServiceContext,
  ToolCallContext,
  ToolCallEvent,
  ToolResult,
} from '../../integrations/openclaw/host.ts';
import plugin from '../../integrations/openclaw/index.ts';
import { findSharedState } from '../../integrations/openclaw/shared-state.ts';
import { tempFolder } from '../temp-folder.ts';
import { PATIENCE_MS } from '../until.ts';

export const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 181.5,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'openclaw',
} as const;
export const CURL = { command: 'curl -s https://fapi.binance.com/fapi/v1/order -d symbol=BTCUSDT' };

type Start = (event: { readonly port: number }, context: GatewayContext) => void;
type Judge = (event: ToolCallEvent, context: ToolCallContext) => Promise<CallVerdict>;
export interface CallOptions {
  readonly toolCallId?: string;
  readonly runId?: string;
  readonly sessionKey?: string;
  readonly signal?: AbortSignal;
  /** Which of the two is not called, as after an upgrade that lost it. */
  readonly silent?: 'hook' | 'policy' | 'both';
}
export interface Outcome {
  readonly blocked: string | null;
  readonly result: ToolResult | null;
}

let calls = 0;
function newId(): string {
  calls += 1;
  return `call-${calls}`;
}

/** Registers the plugin as a gateway does, and calls tools in a gateway's order: policy, hook, tool. */
export class FakeHost {
  readonly tools = new Map<string, () => HostTool>();
  readonly policies: string[] = [];
  readonly log: string[] = [];
  readonly health: string[] = [];
  hookTimeoutMs = 0;
  stop: () => void = () => undefined;
  #hook: Judge = async () => undefined;
  #policy: Judge = async () => undefined;
  #start: Start | null = null;

  constructor(pluginConfig: unknown) {
    const say =
      (level: string) =>
      (message: string): void => {
        this.log.push(`${level}: ${message}`);
      };
    const host = {
      config: {},
      pluginConfig,
      logger: { info: say('info'), warn: say('warn'), error: say('error') },
      registerTool: (create: () => HostTool, { name }: { readonly name: string }) => this.tools.set(name, create),
      registerService: ({ start, stop }: { start(context: ServiceContext): void; stop(): void }) => {
        this.stop = stop;
        start({
          serviceHealth: {
            reportFailure: (error) => this.health.push((error as Error).message),
            clearFailure: () => this.health.splice(0),
          },
        });
      },
      registerTrustedToolPolicy: ({ id, evaluate }: { readonly id: string; readonly evaluate: Judge }) => {
        this.policies.push(id);
        this.#policy = evaluate;
      },
      on: (hook: string, handler: unknown, options?: { readonly timeoutMs: number }) => {
        if (hook === 'gateway_start') this.#start = handler as Start;
        else {
          this.#hook = handler as Judge;
          this.hookTimeoutMs = options?.timeoutMs ?? 0;
        }
      },
    };
    plugin.register(host as unknown as PluginHost);
  }

  /** A call of any tool. Of a tool that is not the plugin's nothing runs; `blocked: null` says that it would have. */
  async call(toolName: string, params: unknown, options: CallOptions = {}): Promise<Outcome> {
    const { toolCallId = newId(), runId, sessionKey = 'main', signal, silent } = options;
    const event = { toolName, params, toolCallId, runId };
    const context = { sessionKey, runId, abortSignal: signal };
    for (const [judge, name] of [
      [this.#policy, 'policy'],
      [this.#hook, 'hook'],
    ] as const) {
      if (silent === name || silent === 'both') continue;
      const verdict = await judge(event, context);
      if (verdict?.block === true) return { blocked: verdict.blockReason, result: null };
    }
    const tool = this.tools.get(toolName)?.();
    return { blocked: null, result: (await tool?.execute(toolCallId, params, signal)) ?? null };
  }

  start(port: number, config: unknown): void {
    this.#start?.({ port }, { config });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
export function verdictOf({ blocked, result }: Outcome): any {
  if (result === null) throw new Error(`the tool did not run: ${blocked}`);
  return result.details.verdict;
}

/** Gone after the test. */
export function folder(t: TestContext): string {
  return tempFolder(t, 'openclaw');
}
export async function serve(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
export async function until(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isDone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isDone());
}

/** Each test begins as a process of its own would. */
export function forgetAll(): void {
  const state = findSharedState();
  for (const map of [state.stamps, state.skills, state.permitted, state.catalogues]) map.clear();
  state.canary.isSilent = false;
}
