/** An agent loop over any model that speaks the chat completions form: OPENAI_BASE_URL, OPENAI_API_KEY, MODEL. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Holdfast } from '../integrations/typescript/holdfast.ts';

const { env } = process;
const home = env.HOLDFAST_HOME ?? join(homedir(), '.holdfast');
const token = env.HOLDFAST_TOKEN ?? (() => readFileSync(join(home, 'tokens', 'agent.token'), 'utf8').trim());
const gate = new Holdfast({ url: env.HOLDFAST_URL ?? 'http://127.0.0.1:7433', token });
const tools = await gate.tools('openai');
// biome-ignore lint/suspicious/noExplicitAny: messages are the model's
const messages: any[] = [{ role: 'user', content: process.argv[2] ?? 'Buy 200 USDT of BTC at market, 1x.' }];

for (let turn = 0; turn < 10; turn += 1) {
  const response = await fetch(`${env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1'}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${env.OPENAI_API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: env.MODEL ?? 'gpt-5-mini', messages, tools }),
  });
  const { choices } = (await response.json()) as { choices: [{ message: (typeof messages)[number] }] };
  const { message } = choices[0];
  messages.push(message);
  if (message.tool_calls === undefined) {
    console.log(message.content);
    break;
  }
  for (const { id, function: asked } of message.tool_calls) {
    const args = JSON.parse(asked.arguments);
    // The id of the model's call is the request id: a repeat of this turn places no second order.
    const named = asked.name.startsWith('get_') ? args : { request_id: id, ...args };
    const result = await gate.call(asked.name, named);
    messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(result) });
  }
}
