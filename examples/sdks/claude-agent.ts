/**
 * An agent of the Claude Agent SDK behind the gate: `node claude-agent.ts "Buy 200 USDT of BTC at market, 1x."`
 * ANTHROPIC_API_KEY; MODEL, HOLDFAST_HOME and HOLDFAST_URL where they are not the usual ones.
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { query } from '@anthropic-ai/claude-agent-sdk';

/** Holdfast's folder; in a copy of this file `new URL('file:///path/to/holdfast/')`. */
const HOLDFAST = new URL('../../', import.meta.url);

const { env } = process;
const tokenFile = join(env.HOLDFAST_HOME ?? join(homedir(), '.holdfast'), 'tokens', 'agent.token');
const mcp = [fileURLToPath(new URL('scripts/holdfast.mjs', HOLDFAST)), 'mcp', '--token-file', tokenFile];
const url = env.HOLDFAST_URL ?? 'http://127.0.0.1:7433';

const messages = query({
  prompt: process.argv[2] ?? 'Buy 200 USDT of BTC at market, 1x.',
  options: {
    systemPrompt: readFileSync(new URL('integrations/skill/SKILL.md', HOLDFAST), 'utf8'),
    // Present from the first turn on: the program waits for the gate, and no tool search hides a tool.
    mcpServers: { holdfast: { command: process.execPath, args: [...mcp, '--url', url], alwaysLoad: true } },
    // The gate asks nobody before an order; whether a person is asked is the policy's to say (docs/approvals.md).
    allowedTools: ['mcp__holdfast__*'],
    // No shell, no files, no web, no other server: the gate is the only way out.
    tools: [],
    strictMcpConfig: true,
    settingSources: [],
    persistSession: false,
    maxTurns: 20,
    ...(env.MODEL === undefined ? {} : { model: env.MODEL }),
  },
});
for await (const message of messages) {
  if (message.type === 'system' && message.subtype === 'init') {
    const { status } = message.mcp_servers.find(({ name }) => name === 'holdfast') ?? { status: 'absent' };
    if (status !== 'connected') throw new Error(`No gate, no turn: ./holdfast mcp is ${status}.`);
  }
  if (message.type === 'user' && Array.isArray(message.message.content)) {
    for (const part of message.message.content)
      if (part.type === 'tool_result') console.error('the gate:', JSON.stringify(part.content));
  }
  if (message.type === 'result') console.log(message.subtype === 'success' ? message.result : message.subtype);
}
