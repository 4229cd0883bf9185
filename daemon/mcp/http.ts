import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server';
import { buildMcpServer, type ToolPort } from './server.ts';
import { loadSkills } from './skill.ts';

export interface McpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON of the body. */
  readonly message: unknown;
}
/** Serves one HTTP request of MCP for one caller. */
export type McpFace = (request: McpRequest, port: ToolPort) => Promise<Response>;
export interface McpFaceOptions {
  /** A message that the protocol refused. */
  readonly onError: (error: Error) => void;
  /** Once, where the skill cannot be read. */
  readonly onNoSkill: (error: Error) => void;
  /** Another folder of skills than the daemon's own. */
  readonly skillFolder?: string;
}

/**
 * Streamable HTTP without sessions: each request is independent, so that nothing is kept for a caller who never comes
 * back, and a revoked token fails at its next request.
 */
export async function createMcpFace({ onError, onNoSkill, skillFolder }: McpFaceOptions): Promise<McpFace> {
  const skills = await loadSkills(onNoSkill, skillFolder);
  const handler: McpHttpHandler = createMcpHandler(
    ({ authInfo }) => {
      const port = authInfo?.extra?.port;
      if (port === undefined) throw new Error('a request without its caller');
      return buildMcpServer(port as ToolPort, skills);
    },
    { onerror: onError },
  );
  return async ({ method, headers, message }, port) => {
    const request = new Request('http://127.0.0.1/mcp', { method, headers: { ...headers } });
    // The daemon has already authenticated; the handler gets no token.
    const authInfo = { token: '-', clientId: '-', scopes: [], extra: { port } };
    return handler.fetch(request, { parsedBody: message, authInfo });
  };
}
