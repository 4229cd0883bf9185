import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  // biome-ignore lint/suspicious/noExplicitAny: bodies of the chat completions form
  readonly messages: any[];
  readonly tools: readonly { readonly function: { readonly name: string } }[];
}
export interface FakeModel {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** Speaks the chat completions form: calls one tool, and ends its turn when it sees the result. */
export async function startFakeModel(tool: string, args: object): Promise<FakeModel> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await read(request)) as Asked;
    asked.push(body);
    const seen = body.messages.find((message) => message.role === 'tool');
    const call = { id: 'call_1', type: 'function', function: { name: tool, arguments: JSON.stringify(args) } };
    const message =
      seen === undefined
        ? { role: 'assistant', content: null, tool_calls: [call] }
        : { role: 'assistant', content: `The gate said: ${JSON.parse(seen.content).decision}` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ choices: [{ message }] }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
