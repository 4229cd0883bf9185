import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildMcpServer, type ToolPort } from './server.ts';

/** Serves one client over this process's standard input and output, until the input ends. */
export function serveOverStdio(port: ToolPort, onError: (error: Error) => void): { close(): Promise<void> } {
  return serveStdio(() => buildMcpServer(port), { onerror: onError });
}
