import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A request as a provider's SDK sent it. */
export interface ProviderRequest {
  readonly path: string;
  // biome-ignore lint/suspicious/noExplicitAny: a body in the form of one of three APIs
  readonly body: any;
}
export interface FakeProviders {
  readonly url: string;
  /** Those that offered the tools of the script. */
  readonly requests: ProviderRequest[];
  close(): Promise<void>;
}
export interface ScriptedCall {
  readonly tool: string;
  readonly args: object;
  /** Before the model makes the call. */
  readonly before?: () => void;
}
interface Call {
  readonly id: string;
  readonly tool: string;
  readonly args: object;
}

/**
 * Speaks chat completions, the Responses API and Anthropic's messages, these also streamed: makes one call of the script
 * after the other, and once it was sent the results of all of them it says what it saw. Calls are numbered from 1 on. A
 * tool that a host offers as `mcp__SERVER__NAME` is called so.
 */
export async function startFakeProviders(script: readonly ScriptedCall[]): Promise<FakeProviders> {
  const requests: ProviderRequest[] = [];
  let calls = 0;
  const server = createServer(async (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const form = FORMS[path];
    if (form === undefined) return response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    const body = (await json(request)) as Body;
    const results = form.readResults(body);
    const next = script[results.length];
    const offered = findOffered(body, (next ?? script[0])?.tool ?? '');
    // A question of the host's own, such as for a title.
    if (offered === undefined) return send(response, body, form.say('-'));
    requests.push({ path, body });
    if (next === undefined) return send(response, body, form.say(`Seen: ${results.join('\n')}`));
    next.before?.();
    calls += 1;
    return send(response, body, form.callTool({ id: `call_${calls}`, tool: offered, args: next.args }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** Names of the tools in a request of any of the forms. */
export function namesOffered({ tools }: Body): readonly string[] {
  return (tools ?? []).map((tool: Body) => tool.function?.name ?? tool.name);
}
function findOffered(body: Body, tool: string): string | undefined {
  return namesOffered(body).find((name) => name === tool || name.endsWith(`__${tool}`));
}

type Body = ProviderRequest['body'];
interface Form {
  /** What the tools answered, as far as the conversation has it. */
  readonly readResults: (body: Body) => readonly string[];
  readonly callTool: (call: Call) => object;
  readonly say: (text: string) => object;
}
const FORMS: Readonly<Record<string, Form>> = {
  '/chat/completions': {
    readResults: ({ messages }) =>
      messages.filter(({ role }: Body) => role === 'tool').map(({ content }: Body) => textOf(content)),
    callTool: ({ id, tool, args }) => {
      const call = { id, type: 'function', function: { name: tool, arguments: JSON.stringify(args) } };
      return completion('tool_calls', { role: 'assistant', content: null, refusal: null, tool_calls: [call] });
    },
    say: (content) => completion('stop', { role: 'assistant', content, refusal: null }),
  },
  '/responses': {
    readResults: ({ input }) =>
      input.filter(({ type }: Body) => type === 'function_call_output').map(({ output }: Body) => textOf(output)),
    callTool: ({ id, tool, args }) => {
      const call = { type: 'function_call', id: `fc_${id}`, call_id: id, name: tool, arguments: JSON.stringify(args) };
      return reply([{ ...call, status: 'completed' }]);
    },
    say: (text) => {
      const content = [{ type: 'output_text', text, annotations: [] }];
      return reply([{ type: 'message', id: `msg_${randomUUID()}`, role: 'assistant', status: 'completed', content }]);
    },
  },
  '/v1/messages': {
    readResults: ({ messages }) =>
      messages
        .flatMap(({ content }: Body) => (Array.isArray(content) ? content : []))
        .filter(({ type }: Body) => type === 'tool_result')
        .map(({ content }: Body) => textOf(content)),
    callTool: ({ id, tool, args }) => message('tool_use', [{ type: 'tool_use', id, name: tool, input: args }]),
    say: (text) => message('end_turn', [{ type: 'text', text, citations: null }]),
  },
};

/** Content is a text or a list of parts that have one. */
function textOf(content: Body): string {
  return typeof content === 'string' ? content : content.map(({ text }: Body) => text).join('');
}

function completion(finish_reason: string, content: object): object {
  const choices = [{ index: 0, finish_reason, logprobs: null, message: content }];
  return { id: `chatcmpl-${randomUUID()}`, object: 'chat.completion', created: 1, model: 'scripted', choices };
}
function reply(output: readonly object[]): object {
  return {
    id: `resp_${randomUUID()}`,
    object: 'response',
    created_at: 1,
    model: 'scripted',
    status: 'completed',
    output,
  };
}
function message(stop_reason: string, content: readonly object[]): object {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return {
    id: `msg_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    stop_reason,
    content,
    usage,
  };
}

function send(response: ServerResponse, asked: Body, answer: object): void {
  if (asked.stream !== true) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(answer));
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  for (const event of streamMessage(answer)) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end();
}

interface StreamEvent {
  readonly type: string;
  readonly [member: string]: unknown;
}
/** Of a message with one block. */
function streamMessage({ content: [block], stop_reason, usage, ...head }: Body): readonly StreamEvent[] {
  const [empty, delta] =
    block.type === 'text'
      ? [
          { ...block, text: '' },
          { type: 'text_delta', text: block.text },
        ]
      : [
          { ...block, input: {} },
          { type: 'input_json_delta', partial_json: JSON.stringify(block.input) },
        ];
  const opening = { ...head, content: [], stop_reason: null, stop_sequence: null, usage };
  return [
    { type: 'message_start', message: opening },
    { type: 'content_block_start', index: 0, content_block: empty },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ];
}
