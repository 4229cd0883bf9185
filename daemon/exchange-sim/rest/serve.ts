import { catchUp, type Exchange, persist } from '../exchange.ts';
import type { Fault } from '../faults/faults.ts';
import { Params, type RawAnswer } from '../refusals/params.ts';
import { CONTROL_ROUTES } from './control/control.ts';
import { ControlError, parseJson } from './control/fault-request.ts';
import { handleRequest, type RawRequest, targetOf } from './handle.ts';

const UNKNOWN_503 = { code: -1000, msg: 'Unknown error, please check your request or try again later.' };

/**
 * What becomes of a request on its way back. `broken`: the connection ends before any answer; `silent`: it stays open
 * and nothing comes; `cut` and `stalled`: the head and half of the body come, then the connection ends, or nothing
 * more.
 */
export type Served =
  | { readonly kind: 'answer' | 'cut' | 'stalled'; readonly answer: RawAnswer }
  | { readonly kind: 'broken' | 'silent' };

/**
 * Serves one request of the exchange, whoever carries it: the HTTP server, or a wire within the process. `fault` takes
 * the place of the first queued one that would end the request. What a `delay` holds back happens when it is over,
 * unless `isClosed` says that there is no exchange any more.
 */
export function serveRequest(
  exchange: Exchange,
  raw: RawRequest,
  { fault, isClosed }: { readonly fault?: Fault; readonly isClosed?: () => boolean } = {},
): Served | Promise<Served> {
  catchUp(exchange);
  const banned = exchange.faults.ban.refuse();
  if (banned !== null) return { kind: 'answer', answer: banned };
  const params = new Params(raw.query, raw.body);
  const ending = fault ?? exchange.faults.takeEnding(targetOf(raw, params));
  if (ending === undefined) return { kind: 'answer', answer: handleRequest(exchange, raw, params) };
  return serveFaulty(exchange, raw, ending, isClosed ?? (() => false));
}

function serveFaulty(
  exchange: Exchange,
  raw: RawRequest,
  fault: Fault,
  isClosed: () => boolean,
): Served | Promise<Served> {
  const arrivedMs = exchange.world.state.nowMs;
  const run = (since?: number): RawAnswer => handleRequest(exchange, raw, new Params(raw.query, raw.body), since);
  switch (fault.kind) {
    case 'drop-before':
      return { kind: 'broken' };
    case 'delay':
      // It arrives late even when the client has given up meanwhile; only a closed exchange never sees it.
      return new Promise<void>((resolve) => {
        exchange.time.after(fault.ms, resolve, { unref: true });
      }).then((): Served => {
        if (isClosed()) return { kind: 'silent' };
        catchUp(exchange);
        return { kind: 'answer', answer: run() };
      });
    case 'execute-late':
      // Its timestamp was judged when it arrived: nothing that the client waits out keeps it from taking effect.
      exchange.time.after(
        fault.ms,
        () => {
          if (isClosed()) return;
          catchUp(exchange);
          run(arrivedMs);
        },
        { unref: true },
      );
      return { kind: 'answer', answer: buildAnswer(503, UNKNOWN_503) };
    case 'status':
      return { kind: 'answer', answer: buildStatus(fault) };
    case 'error':
      return { kind: 'answer', answer: buildAnswer(fault.http, { code: fault.code, msg: fault.msg }) };
    case 'reject-503-unknown':
      if (fault.accepted) run();
      return { kind: 'answer', answer: buildAnswer(503, UNKNOWN_503) };
    case 'accept-then-timeout':
      // The order is live; the client never hears of it. The connection stays open until one side gives up.
      run();
      return { kind: 'silent' };
    case 'drop-mid-body':
      return { kind: 'cut', answer: run() };
    case 'stall-body':
      return { kind: 'stalled', answer: run() };
    default:
      throw new Error(`fault ${fault.kind} does not end a request`);
  }
}

function buildStatus({ status, body, retryAfterS }: Fault): RawAnswer {
  return { status, headers: retryAfterS === null ? {} : { 'Retry-After': String(retryAfterS) }, body };
}

export function buildAnswer(status: number, body: unknown): RawAnswer {
  return { status, headers: {}, body: JSON.stringify(body) };
}

export interface ControlReply {
  readonly status: number;
  readonly body: unknown;
  /** Every connection is to be dropped after the answer. */
  readonly cut: boolean;
}

/** A call of the control face, whose caller was let in already. */
export function serveControl(exchange: Exchange, method: string, path: string, body: string): ControlReply {
  catchUp(exchange);
  const route = CONTROL_ROUTES[`${method} ${path}`];
  if (route === undefined) return { status: 404, body: { error: `no control route ${method} ${path}` }, cut: false };
  try {
    const result = route(exchange, parseJson(body));
    persist(exchange);
    return { status: 200, body: result.body, cut: result.cut === true };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return { status: 400, body: { error: error.message }, cut: false };
  }
}
