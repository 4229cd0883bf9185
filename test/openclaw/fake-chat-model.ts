import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatTurn {
  readonly tool: string;
  readonly args: object;
}
export interface FakeChatModel {
  readonly url: string;
  /** The call that the model makes in its next turn. */
  next: ChatTurn;
  /** Bodies that it was sent, since the turn began. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies of the chat completions form
  readonly asked: any[];
  close(): Promise<void>;
}

/** Speaks streamed chat completions: calls one tool, and ends its turn when it sees a result. */
export async function startFakeChatModel(): Promise<FakeChatModel> {
  const model = { next: { tool: 'none', args: {} } as ChatTurn, asked: [] as unknown[] };
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await read(request)) as { readonly messages: readonly { readonly role: string }[] };
    model.asked.push(body);
    const hasResult = body.messages.some(({ role }) => role === 'tool');
    const call = { name: model.next.tool, arguments: JSON.stringify(model.next.args) };
    const delta = hasResult
      ? { role: 'assistant', content: 'Done.' }
      : { role: 'assistant', tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: call }] };
    const chunk = (part: object, reason: string | null): string =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta: part, finish_reason: reason }] })}\n\n`;
    response.setHeader('content-type', 'text/event-stream');
    response.end(`${chunk(delta, null)}${chunk({}, hasResult ? 'stop' : 'tool_calls')}data: [DONE]\n\n`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return Object.assign(model, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  });
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
