import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { buildMcpServer, type ToolPort } from './server.ts';
import { loadSkills } from './skill.ts';

/** Serves one client over this process's standard input and output, until the input ends. */
export async function serveOverStdio(
  port: ToolPort,
  onError: (error: Error) => void,
): Promise<{ close(): Promise<void> }> {
  const skills = await loadSkills(onError);
  return serveStdio(() => buildMcpServer(port, skills), { onerror: onError });
}
