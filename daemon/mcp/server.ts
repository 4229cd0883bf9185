import {
  type CallToolResult,
  type ListToolsResult,
  McpServer,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import type { SkillCatalog } from '@modelcontextprotocol/server/ext/skills';
import { askedBefore, askPerson } from './ask-person.ts';
import { ACTIVITY, ACTIVITY_URI, buildInstructions } from './texts.ts';

/** What a door of MCP needs of the daemon, in the same process or over HTTP. */
export interface ToolPort {
  readonly version: string;
  /** Null: not known yet. */
  venue(): string | null;
  /** Entries of the catalogue in MCP's form, those that the caller may use. */
  listTools(): Promise<readonly unknown[]>;
  /** Calls the listener when they are others than before, until the way back is called. Absent: they stay. */
  readonly onTools?: (listener: () => void) => () => void;
  /** `body` is an object ready to be shown; `isError`: the call was refused as such, and nothing was decided. */
  callTool(name: string, args: unknown): Promise<{ readonly body: unknown; readonly isError: boolean }>;
  /** The caller's last decisions, in brief, and fills, newest first. */
  readActivity(): Promise<unknown>;
  /** Calls the listener when there is more of it, until the way back is called. Absent: nothing can be pushed here. */
  readonly onActivity?: (listener: () => void) => () => void;
}

/**
 * A server of the Model Context Protocol for one caller. Its tools are handled by the low-level server: arguments reach
 * the daemon's own check, so that its texts and its records of rejected input hold here, too.
 */
export function buildMcpServer(port: ToolPort, skills: SkillCatalog | null): McpServer {
  const mcp = new McpServer(
    { name: 'holdfast', title: 'Holdfast', version: port.version },
    {
      capabilities: { resources: { subscribe: port.onActivity !== undefined, listChanged: false } },
      instructions: buildInstructions(port.venue()),
    },
  );
  const ends = [addTools(mcp, port), addActivity(mcp, port)];
  mcp.server.onclose = () => {
    for (const end of ends) end();
  };
  skills?.attach(mcp);
  return mcp;
}

/** @returns the end of what it listens to; so `addActivity` */
function addTools({ server }: McpServer, port: ToolPort): () => void {
  server.registerCapabilities({ tools: port.onTools === undefined ? {} : { listChanged: true } });
  server.setRequestHandler('tools/list', async () => ({ tools: await port.listTools() }) as unknown as ListToolsResult);
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const id = askedBefore(context);
    // RISK: the client calls again after it has shown the card. That is no second order.
    if (id !== null) {
      const { body, isError } = await port.callTool('get_decision', { decision_id: id });
      return toResult(body, isError);
    }
    const { body, isError } = await port.callTool(params.name, params.arguments ?? {});
    return (isError ? null : askPerson(body, context)) ?? toResult(body, isError);
  });
  // A client that has left gets no further message.
  return port.onTools?.(() => server.sendToolListChanged().catch(() => {})) ?? (() => {});
}

function addActivity(mcp: McpServer, port: ToolPort): () => void {
  mcp.registerResource('activity', ACTIVITY_URI, ACTIVITY, async () => {
    const text = JSON.stringify(await port.readActivity());
    return { contents: [{ uri: ACTIVITY_URI, mimeType: ACTIVITY.mimeType, text }] };
  });
  const { onActivity } = port;
  let stop: (() => void) | null = null;
  const end = (): void => {
    stop?.();
    stop = null;
  };
  if (onActivity === undefined) return end;
  const { server } = mcp;
  server.setRequestHandler('resources/subscribe', async ({ params: { uri } }) => {
    requireActivity(uri);
    stop ??= onActivity(() => {
      // A client that has left gets no further message.
      server.sendResourceUpdated({ uri }).catch(end);
    });
    return {};
  });
  server.setRequestHandler('resources/unsubscribe', async () => {
    end();
    return {};
  });
  return end;
}

function requireActivity(uri: string): void {
  if (uri !== ACTIVITY_URI) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no resource ${uri}.`);
}

/** Errors have no structured form: a client would hold it against the tool's output schema. */
function toResult(body: unknown, isError: boolean): CallToolResult {
  const content = [{ type: 'text' as const, text: JSON.stringify(body) }];
  if (isError) return { content, isError };
  return { content, structuredContent: body as Record<string, unknown> };
}
