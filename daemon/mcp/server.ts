import { type CallToolResult, type ListToolsResult, Server } from '@modelcontextprotocol/server';
import { buildInstructions } from './instructions.ts';

/** What a door of MCP needs of the daemon, in the same process or over HTTP. */
export interface ToolPort {
  readonly version: string;
  readonly venue: string;
  /** Entries of the catalogue in MCP's form, those that the caller may use. */
  listTools(): Promise<readonly unknown[]>;
  /** `body` is an object ready to be shown; `isError`: the call was refused as such, and nothing was decided. */
  callTool(name: string, args: unknown): Promise<{ readonly body: unknown; readonly isError: boolean }>;
}

/**
 * A server of the Model Context Protocol for one caller. The low-level class: arguments reach the daemon's own check, so
 * that its texts and its records of rejected input hold here, too.
 */
export function buildMcpServer(port: ToolPort): Server {
  const server = new Server(
    { name: 'holdfast', title: 'Holdfast', version: port.version },
    { capabilities: { tools: {} }, instructions: buildInstructions(port.venue) },
  );
  server.setRequestHandler('tools/list', async () => ({ tools: await port.listTools() }) as unknown as ListToolsResult);
  server.setRequestHandler('tools/call', async ({ params }) => {
    const { body, isError } = await port.callTool(params.name, params.arguments ?? {});
    return toResult(body, isError);
  });
  return server;
}

/** Errors have no structured form: a client would hold it against the tool's output schema. */
function toResult(body: unknown, isError: boolean): CallToolResult {
  const content = [{ type: 'text' as const, text: JSON.stringify(body) }];
  if (isError) return { content, isError };
  return { content, structuredContent: body as Record<string, unknown> };
}
