/**
 * An agent of the Vercel AI SDK behind the gate: `node vercel-ai.ts "Buy 200 USDT of BTC at market, 1x."`
 * Any model with a chat completions API: OPENAI_BASE_URL, OPENAI_API_KEY, MODEL; HOLDFAST_HOME and HOLDFAST_URL where they
 * are not the usual ones.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { dynamicTool, jsonSchema, stepCountIs, ToolLoopAgent } from 'ai';
import { Holdfast } from '../../integrations/typescript/holdfast.ts';

const { env } = process;
const tokenFile = join(env.HOLDFAST_HOME ?? join(homedir(), '.holdfast'), 'tokens', 'agent.token');
const token = () => readFileSync(tokenFile, 'utf8').trim();
const gate = new Holdfast({ url: env.HOLDFAST_URL ?? 'http://127.0.0.1:7433', token });
const rules = readFileSync(new URL('../../integrations/skill/SKILL.md', import.meta.url), 'utf8');
/** Keep it with a conversation that is to be resumed: what is asked again under the same ids is sent once. */
const conversation = env.CONVERSATION ?? randomUUID();

/** The request id is of the conversation and of the call in it, since some models number their calls. */
async function callGate(name: string, args: unknown, callId: string): Promise<string> {
  const answer = await gate.call(name, args as Record<string, unknown>, `${conversation}-${callId}`);
  console.error(name, JSON.stringify(answer));
  return JSON.stringify(answer);
}

const tools = Object.fromEntries(
  (await gate.tools('mcp')).map(({ name, description, inputSchema }) => [
    name,
    dynamicTool({
      description,
      // Without a check of its own: the gate checks the arguments, and records what it refuses.
      inputSchema: jsonSchema(inputSchema),
      execute: (args, { toolCallId }) => callGate(name, args, toolCallId),
    }),
  ]),
);

const provider = createOpenAICompatible({
  name: 'openai',
  baseURL: env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1',
  apiKey: env.OPENAI_API_KEY ?? '',
});
const agent = new ToolLoopAgent({
  model: provider(env.MODEL ?? 'gpt-5-mini'),
  instructions: rules,
  tools,
  stopWhen: stepCountIs(20),
});
const { text } = await agent.generate({ prompt: process.argv[2] ?? 'Buy 200 USDT of BTC at market, 1x.' });
console.log(text);
