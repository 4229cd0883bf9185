import { createServer } from 'node:http';
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
  readonly requests: ProviderRequest[];
  close(): Promise<void>;
}
interface Call {
  readonly id: string;
  readonly tool: string;
  readonly args: object;
}

/**
 * Speaks chat completions, the Responses API and Anthropic's messages: calls one tool, and ends its turn when it is
 * sent the result. Each call has an id of its own.
 */
export async function startFakeProviders(tool: string, args: object): Promise<FakeProviders> {
  const requests: ProviderRequest[] = [];
  let calls = 0;
  const server = createServer(async (request, response) => {
    const path = request.url ?? '';
    const form = FORMS[path];
    response.setHeader('content-type', 'application/json');
    if (form === undefined) return response.writeHead(404).end('{}');
    const body = (await json(request)) as Body;
    requests.push({ path, body });
    const result = form.readResult(body);
    if (result !== undefined) return response.end(JSON.stringify(form.say(`Seen: ${result}`)));
    calls += 1;
    return response.end(JSON.stringify(form.callTool({ id: `call_${calls}`, tool, args })));
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

type Body = ProviderRequest['body'];
interface Form {
  /** What the tool answered, once the conversation has it. */
  readonly readResult: (body: Body) => string | undefined;
  readonly callTool: (call: Call) => object;
  readonly say: (text: string) => object;
}
const FORMS: Readonly<Record<string, Form>> = {
  '/chat/completions': {
    readResult: ({ messages }) => messages.find(({ role }: Body) => role === 'tool')?.content,
    callTool: ({ id, tool, args }) => {
      const call = { id, type: 'function', function: { name: tool, arguments: JSON.stringify(args) } };
      return completion('tool_calls', { role: 'assistant', content: null, refusal: null, tool_calls: [call] });
    },
    say: (content) => completion('stop', { role: 'assistant', content, refusal: null }),
  },
  '/responses': {
    readResult: ({ input }) => input.find(({ type }: Body) => type === 'function_call_output')?.output,
    callTool: ({ id, tool, args }) => {
      const call = { type: 'function_call', id: `fc_${id}`, call_id: id, name: tool, arguments: JSON.stringify(args) };
      return reply([{ ...call, status: 'completed' }]);
    },
    say: (text) => {
      const content = [{ type: 'output_text', text, annotations: [] }];
      return reply([{ type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content }]);
    },
  },
  '/v1/messages': {
    readResult: ({ messages }) =>
      messages
        .flatMap(({ content }: Body) => (Array.isArray(content) ? content : []))
        .find(({ type }: Body) => type === 'tool_result')?.content,
    callTool: ({ id, tool, args }) => message('tool_use', [{ type: 'tool_use', id, name: tool, input: args }]),
    say: (text) => message('end_turn', [{ type: 'text', text, citations: null }]),
  },
};

function completion(finish_reason: string, content: object): object {
  const choices = [{ index: 0, finish_reason, logprobs: null, message: content }];
  return { id: 'chatcmpl_1', object: 'chat.completion', created: 1, model: 'scripted', choices };
}
function reply(output: readonly object[]): object {
  return { id: 'resp_1', object: 'response', created_at: 1, model: 'scripted', status: 'completed', output };
}
function message(stop_reason: string, content: readonly object[]): object {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return { id: 'msg_1', type: 'message', role: 'assistant', model: 'scripted', stop_reason, content, usage };
}
