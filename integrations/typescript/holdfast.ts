/**
 * A client of a Holdfast daemon: one file and its types, no dependency, any runtime with `fetch`.
 *
 * A refusal is a value, never an exception. Every call has a request id, and the daemon answers the same id with what
 * it decided, without sending anything again: after a broken connection a call repeats itself under its own id, and
 * what is pending is settled by reading.
 */

import type { BriefAnswer, PlaceOrder, SignalRequest } from './api.ts';

/** What a trading tool answers in brief. Quantities and prices are decimals as text. */
export type Answer = BriefAnswer;
export type Decision = Answer['decision'];
export type ExecutionState = Answer['execution']['state'];
export type Reason = NonNullable<Answer['reasons']>[number];
export type { PlaceOrder, SignalRequest } from './api.ts';
/** A JSON Schema of a tool's arguments. */
export interface ArgumentsSchema {
  readonly type: 'object';
  readonly [keyword: string]: unknown;
}
interface ToolFunction {
  readonly name: string;
  readonly description: string;
  readonly parameters: ArgumentsSchema;
}
/** An entry of the catalogue in each format. The strict ones require every property and let optional ones be null. */
export interface ToolForms {
  readonly openai: { readonly type: 'function'; readonly function: ToolFunction };
  readonly openai_strict: { readonly type: 'function'; readonly function: ToolFunction & { readonly strict: true } };
  readonly openai_responses: ToolFunction & { readonly type: 'function'; readonly strict: true };
  readonly anthropic: {
    readonly name: string;
    readonly description: string;
    readonly input_schema: ArgumentsSchema;
  };
  readonly mcp: {
    readonly name: string;
    readonly title: string;
    readonly description: string;
    readonly inputSchema: ArgumentsSchema;
    readonly annotations: Readonly<Record<string, boolean>>;
  };
}
export interface HoldfastOptions {
  /** `http://127.0.0.1:7433` when absent. */
  readonly url?: string;
  /** Token of an agent; of a monitor for `signal`. */
  readonly token: string;
  readonly fetch?: typeof fetch;
}

/** The daemon refused the call as such, and nothing was decided. `code` is one of docs/api.md. */
export class HoldfastError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly retryAfterMs: number | null;

  constructor(status: number, code: string, message: string, details: unknown, retryAfterMs: number | null) {
    super(`${code}: ${message}`);
    this.name = 'HoldfastError';
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }
}
/** No daemon answered, also not when asked again. Under `requestId` the call may be repeated later. */
export class UnreachableError extends Error {
  readonly requestId: string | null;

  constructor(requestId: string | null, cause: unknown) {
    super('no daemon answered', { cause });
    this.name = 'UnreachableError';
    this.requestId = requestId;
  }
}

const PENDING: ReadonlySet<ExecutionState> = new Set(['submitting', 'staging', 'unknown']);
const ATTEMPTS = 4;
const TIMEOUT_MS = 60_000;

/** What became of it is not known yet: never send it again, `settle` waits for it. */
export function isPending(answer: Answer): boolean {
  return PENDING.has(answer.execution.state);
}

export class Holdfast {
  readonly #url: string;
  readonly #token: string;
  readonly #fetch: typeof fetch;

  constructor({ url = 'http://127.0.0.1:7433', token, fetch: ask = fetch }: HoldfastOptions) {
    this.#url = url.replace(/\/$/, '');
    this.#token = token;
    this.#fetch = ask;
  }

  /** @throws HoldfastError, UnreachableError */
  placeOrder(order: PlaceOrder): Promise<Answer> {
    return this.#trade('place_order', { ...order });
  }
  closePosition(symbol: string, more: { fraction?: number; request_id?: string } = {}): Promise<Answer> {
    return this.#trade('close_position', { symbol, ...more });
  }
  modifyOrder(
    clientOrderId: string,
    change: { limit_price?: number; requested_notional?: number; request_id?: string },
  ): Promise<Answer> {
    return this.#trade('modify_order', { client_order_id: clientOrderId, ...change });
  }
  cancelOrder(clientOrderId: string, more: { request_id?: string } = {}): Promise<Answer> {
    return this.#trade('cancel_order', { client_order_id: clientOrderId, ...more });
  }
  cancelAll(more: { symbol?: string; request_id?: string } = {}): Promise<Answer> {
    return this.#trade('cancel_all', { ...more });
  }

  /** A decision with the present state of its execution. */
  decision(decisionId: string): Promise<Answer> {
    return this.read<Answer>('get_decision', { decision_id: decisionId });
  }

  /** Reads until the execution is no longer pending, or the time is over: then it is pending still. */
  async settle(answer: Answer, { timeoutMs = 30_000, everyMs = 500 } = {}): Promise<Answer> {
    const deadline = Date.now() + timeoutMs;
    let latest = answer;
    while (isPending(latest) && Date.now() < deadline) {
      await sleep(everyMs);
      latest = await this.decision(answer.decision_id);
    }
    return latest;
  }

  /** A reading tool: get_account, get_positions, get_orders, get_market, get_limits, get_decision. */
  async read<T>(tool: string, args: object = {}): Promise<T> {
    return ((await this.#post(tool, args, null)) as { readonly result: T }).result;
  }

  /** What a monitor saw. It can only tighten: nothing that a monitor sends ends a signal or weakens one. */
  async signal(signal: SignalRequest): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    const answer = await this.#send('POST', '/v1/signals', signal);
    return answer as unknown as { readonly signal_id: string; readonly expires_at_ms: number };
  }

  /** The tools as a model API takes them: they fit into its requests unchanged. */
  async tools<Format extends keyof ToolForms>(format: Format): Promise<ToolForms[Format][]> {
    const body = await this.#send('GET', `/v1/tools?format=${format}`, undefined);
    return (body as { readonly tools: ToolForms[Format][] }).tools;
  }

  /** A tool call as a model made it; resolves to what the model is to see, refusals and errors included. */
  async call(tool: string, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      return tool.startsWith('get_') ? await this.read(tool, args) : await this.#trade(tool, { ...args });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return { error: { code: error.code, message: error.message, details: error.details } };
    }
  }

  #trade(tool: string, args: Record<string, unknown>): Promise<Answer> {
    const requestId = typeof args.request_id === 'string' ? args.request_id : `ts-${crypto.randomUUID()}`;
    return this.#post(tool, { ...args, request_id: requestId }, requestId) as Promise<Answer>;
  }

  /** A lost answer is requested again under the same request id: the daemon sends nothing twice. */
  async #post(tool: string, args: object, requestId: string | null): Promise<unknown> {
    const path = `/v1/tools/${encodeURIComponent(tool)}?view=brief`;
    let cause: unknown;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        return await this.#send('POST', path, args);
      } catch (error) {
        if (error instanceof HoldfastError) throw error;
        cause = error;
        if (attempt < ATTEMPTS - 1) await sleep(200 * 2 ** attempt);
      }
    }
    throw new UnreachableError(requestId, cause);
  }

  async #send(method: 'GET' | 'POST', path: string, body: object | undefined): Promise<unknown> {
    const response = await this.#fetch(`${this.#url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: toExactJson(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json()) as {
      readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown };
    };
    if (response.status === 200) return answer;
    const { code, message = '', details } = answer.error ?? {};
    // A gateway's word, or that of a defect: nothing says what became of the call.
    if (typeof code !== 'string' || code === 'INTERNAL') throw new Error(`HTTP ${response.status} ${code ?? ''}`);
    const after = response.headers.get('retry-after');
    throw new HoldfastError(response.status, code, message, details, after === null ? null : Number(after) * 1000);
  }
}

/**
 * JSON.stringify writes NaN and Infinity as null, and an optional null counts as absent: what was not to be sized would
 * be sized in full. They go out as a number that the daemon refuses; where the runtime cannot write one, nothing does.
 */
function toExactJson(body: object): string {
  const { rawJSON } = JSON as unknown as { readonly rawJSON?: (text: string) => unknown };
  return JSON.stringify(body, (key, value: unknown) => {
    if (typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))) return value;
    if (rawJSON !== undefined) return rawJSON(value === 0 ? '-0' : '1e999');
    throw new HoldfastError(400, 'INVALID_JSON', `${key} is a number that cannot be held exactly.`, undefined, null);
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
