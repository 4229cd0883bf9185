import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ChatTurn {
  readonly tool: string;
  readonly args: object;
}
export interface FakeChatModel {
  readonly url: string;
  /** The call that the model makes once in its next turn. */
  next: ChatTurn | null;
  /** Bodies that it was sent, since the turn began. */
  // biome-ignore lint/suspicious/noExplicitAny: bodies of the chat completions form
  readonly asked: any[];
  close(): Promise<void>;
}

/** Speaks streamed chat completions: makes the call that is next, once, and ends its turn when asked again. */
export async function startFakeChatModel(): Promise<FakeChatModel> {
  const model = { next: null as ChatTurn | null, asked: [] as unknown[] };
  const server = createServer(async (request, response) => {
    model.asked.push(JSON.parse(await read(request)));
    const { next } = model;
    model.next = null;
    const delta =
      next === null ? { role: 'assistant', content: 'Done.' } : { role: 'assistant', tool_calls: [toToolCall(next)] };
    const chunk = (part: object, reason: string | null): string =>
      `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'fake', choices: [{ index: 0, delta: part, finish_reason: reason }] })}\n\n`;
    response.setHeader('content-type', 'text/event-stream');
    response.end(`${chunk(delta, null)}${chunk({}, next === null ? 'stop' : 'tool_calls')}data: [DONE]\n\n`);
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

function toToolCall({ tool, args }: ChatTurn): object {
  return { index: 0, id: 'call_1', type: 'function', function: { name: tool, arguments: JSON.stringify(args) } };
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
