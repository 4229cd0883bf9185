import { connect } from 'node:net';
import { Agent, request } from 'undici';
import type { IntendedPolicySpec } from '../../../core/policy.ts';
import type { ExecutorAnswer, ExecutorClient, ExecutorUnderTest, TradingState } from './executor.ts';

export interface HttpExecutorOptions {
  /** Origin, or `http://localhost` with `socketPath`. */
  readonly url: string;
  readonly socketPath: string | null;
  /** Null: the halt is not tested, and the policy must come from a file. */
  readonly operatorToken: string | null;
}
const TIMEOUT_MS = 10_000;
const MAX_RAW_ANSWER_BYTES = 65_536;
const NO_ANSWER: ExecutorAnswer = {
  status: 0,
  verdict: null,
  decisionId: null,
  reasons: [],
  retryAfterMs: null,
  effectiveNotional: null,
  orderIds: [],
};

/** Any executor with Holdfast's HTTP routes (docs/api.md). */
export function createHttpExecutor({ url, socketPath, operatorToken }: HttpExecutorOptions): ExecutorUnderTest {
  const { origin, hostname, port, host } = new URL(url);
  const socket = socketPath === null ? {} : { socketPath };
  const dispatcher = new Agent({ connect: socket, headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });

  const send = async (method: 'GET' | 'POST' | 'PUT', path: string, token: string, body?: object) => {
    const answer = await request(`${origin}${path}`, {
      dispatcher,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  const operator = async (method: 'GET' | 'PUT', path: string, body?: object): Promise<unknown> => {
    const { status, text } = await send(method, path, operatorToken ?? '', body);
    if (status !== 200) throw new Error(`${method} ${path} was answered ${status}`);
    return JSON.parse(text);
  };
  const post = async (client: ExecutorClient, path: string, body: object): Promise<ExecutorAnswer> => {
    try {
      const { status, text } = await send('POST', path, client.token, body);
      return parseAnswer(status, text);
    } catch {
      // A connection that broke off is an answer in itself: the caller counts it, the books tell what happened.
      return NO_ANSWER;
    }
  };
  return {
    name: `Holdfast HTTP at ${socketPath ?? origin}`,
    call: (client, call) => {
      switch (call.kind) {
        case 'tool':
          return post(client, `/v1/tools/${call.tool}`, call.args);
        case 'rehearse':
          return post(client, `/v1/dry-run/${call.tool}`, call.args);
        case 'advise':
          return post(client, '/v1/intercept', { tool: call.tool, args: call.args });
        case 'raw':
          return sendRaw(
            socketPath === null ? { host: hostname, port: Number(port || 80) } : { path: socketPath },
            call.text.replaceAll('{host}', host).replaceAll('{token}', client.token),
          );
      }
    },
    // hf + genesis + base36 seq, then -slice-attempt.
    parentOf: (clientOrderId) => clientOrderId.split('-')[0] ?? clientOrderId,
    readPolicy: async () => {
      if (operatorToken === null) return null;
      return ((await operator('GET', '/v1/policy')) as { readonly policy: IntendedPolicySpec }).policy;
    },
    readTradingState: async () => {
      if (operatorToken === null) return null;
      return ((await operator('GET', '/v1/trading-state')) as { readonly state: TradingState }).state;
    },
    setTradingState: async (state, reason) => {
      await operator('PUT', '/v1/trading-state', { state, reason });
    },
    close: () => dispatcher.close(),
  };
}

interface AnswerBody {
  readonly decision?: {
    readonly decision: ExecutorAnswer['verdict'];
    readonly decision_id: string;
    readonly reasons: ExecutorAnswer['reasons'];
    readonly retry_after_ms: number | null;
    readonly effective: { readonly notional: number } | null;
  };
  readonly execution?: { readonly orders?: readonly { readonly client_order_id: string }[] };
}

export function parseAnswer(status: number, text: string): ExecutorAnswer {
  let body: AnswerBody | null = null;
  try {
    body = JSON.parse(text) as AnswerBody | null;
  } catch {
    // Not JSON: the status is all there is.
  }
  const decision = typeof body === 'object' && body !== null ? body.decision : undefined;
  if (typeof decision !== 'object') return { ...NO_ANSWER, status };
  return {
    status,
    verdict: decision.decision,
    decisionId: decision.decision_id,
    reasons: decision.reasons,
    retryAfterMs: decision.retry_after_ms,
    effectiveNotional: decision.effective?.notional ?? null,
    orderIds: (body?.execution?.orders ?? []).map((order) => order.client_order_id),
  };
}

/** Writes one request as it stands and reads the first answer. Never rejects. */
function sendRaw(
  target: { readonly host: string; readonly port: number } | { readonly path: string },
  text: string,
): Promise<ExecutorAnswer> {
  return new Promise((resolve) => {
    const socket = connect(target);
    let received = '';
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1] ?? 0);
      const body = received.slice(received.indexOf('\r\n\r\n') + 4);
      resolve(parseAnswer(status, body));
    };
    // The requests say `Connection: close`; whoever keeps it open all the same has answered by then.
    const timer = setTimeout(finish, TIMEOUT_MS);
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
      if (received.length > MAX_RAW_ANSWER_BYTES) finish();
    });
    socket.on('error', finish);
    socket.on('close', finish);
    socket.write(text);
  });
}
