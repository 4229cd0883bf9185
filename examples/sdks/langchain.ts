/**
 * A LangChain agent behind the gate: `node langchain.ts "Buy 200 USDT of BTC at market, 1x."`
 * Any model with a chat completions API: OPENAI_BASE_URL, OPENAI_API_KEY, MODEL; HOLDFAST_HOME and HOLDFAST_URL where they
 * are not the usual ones.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ChatOpenAI } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
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

const tools = (await gate.tools('mcp')).map(({ name, description, inputSchema }) =>
  tool((args, { toolCall }) => callGate(name, args, toolCall?.id ?? randomUUID()), {
    name,
    description,
    schema: inputSchema,
  }),
);

const model = new ChatOpenAI({
  model: env.MODEL ?? 'gpt-5-mini',
  apiKey: env.OPENAI_API_KEY ?? '',
  configuration: { baseURL: env.OPENAI_BASE_URL },
});
const agent = createAgent({ model, tools, systemPrompt: rules });
const { messages } = await agent.invoke({
  messages: [{ role: 'user', content: process.argv[2] ?? 'Buy 200 USDT of BTC at market, 1x.' }],
});
console.log(messages.at(-1)?.text);
