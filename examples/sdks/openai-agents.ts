/**
 * An agent of the OpenAI Agents SDK behind the gate: `node openai-agents.ts "Buy 200 USDT of BTC at market, 1x."`
 * OPENAI_API_KEY; OPENAI_BASE_URL for another server of the Responses API; MODEL, HOLDFAST_HOME and HOLDFAST_URL where
 * they are not the usual ones.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Agent, Runner, tool } from '@openai/agents';
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

const tools = (await gate.tools('openai_responses')).map(({ name, description, parameters, strict }) =>
  tool({
    name,
    description,
    strict,
    parameters: parameters as typeof parameters & ToolSchema,
    execute: (args, _context, details) => callGate(name, args, details?.toolCall?.callId ?? randomUUID()),
  }),
);
/** The entries of this format are strict; the client's type does not say so. */
interface ToolSchema {
  readonly properties: Record<string, never>;
  readonly required: string[];
  readonly additionalProperties: false;
}

const agent = new Agent({
  name: 'Trader',
  instructions: rules,
  tools,
  ...(env.MODEL === undefined ? {} : { model: env.MODEL }),
});
// Its traces would send every order to OpenAI.
const runner = new Runner({ tracingDisabled: true });
const { finalOutput } = await runner.run(agent, process.argv[2] ?? 'Buy 200 USDT of BTC at market, 1x.', {
  maxTurns: 20,
});
console.log(finalOutput);
