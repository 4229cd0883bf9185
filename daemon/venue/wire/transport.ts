import type { Dispatcher } from 'undici';
import type { TimePort } from '../../time/time-port.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Wall milliseconds from now in which the request must be on a socket, or it is dropped. */
  readonly sendWithinMs: number;
  /** Wall milliseconds from now for everything, the last byte of the body included. */
  readonly answerWithinMs: number;
  readonly maxBodyBytes: number;
}
export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}
/**
 * A wire: one attempt, within the request's bounds of time. Rejects with {@link TransportError} only, which tells
 * whether a byte may have left.
 */
export type HttpExchange = (request: HttpRequest) => Promise<HttpAnswer>;
/**
 * Where a request without a complete answer stopped. `not_sent` and `send_deadline`: no byte was written, ever.
 * `sent`: at least one byte may have reached the exchange, so what became of it is not known.
 */
export type TransportStage = 'not_sent' | 'send_deadline' | 'sent';
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly stage: TransportStage;
  readonly code: string;
  constructor(stage: TransportStage, code: string) {
    super(`${code} (${stage})`);
    this.stage = stage;
    this.code = code;
  }
}

function errorCode(error: unknown): string {
  if (error instanceof TransportError) return error.code;
  if (error instanceof Error) return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return 'UNKNOWN_ERROR';
}
function lowerCaseHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) result[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return result;
}

/**
 * One HTTP exchange: one attempt, no redirect followed, everything bounded in time and size.
 *
 * Proof of "nothing was sent". undici calls `onRequestStart` when a request has a connected socket, right before it
 * writes the first byte, and writes nothing if the handler aborts there. So as long as it was not called, nothing was
 * written, whatever the error is: ECONNREFUSED, ENOTFOUND, EAI_AGAIN, EHOSTUNREACH, UND_ERR_CONNECT_TIMEOUT and TLS
 * failures all end before it. After it, no error code proves anything (ECONNRESET, EPIPE, UND_ERR_SOCKET,
 * UND_ERR_HEADERS_TIMEOUT and UND_ERR_BODY_TIMEOUT come before and after the exchange has acted): the stage is `sent`.
 * RISK: a request given up while it waited for a socket must stay dead; `settled` is read in `onRequestStart`.
 */
export function exchangeOnce(dispatcher: Dispatcher, request: HttpRequest, time: TimePort): Promise<HttpAnswer> {
  const { origin, pathname, search } = new URL(request.url);
  return new Promise((resolve, reject) => {
    let settled = false;
    let started = false;
    let abort: ((reason: Error) => void) | null = null;
    let status = 0;
    let headers: Record<string, string> = {};
    let size = 0;
    const chunks: Buffer[] = [];

    function finish(): boolean {
      if (settled) return false;
      settled = true;
      sendTimer.cancel();
      answerTimer.cancel();
      return true;
    }
    function fail(code: string, stage: TransportStage = started ? 'sent' : 'not_sent'): void {
      if (!finish()) return;
      const error = new TransportError(stage, code);
      reject(error);
      abort?.(error);
    }
    const answerTimer = time.after(request.answerWithinMs, () => fail('ANSWER_TIMEOUT'));
    const sendTimer = time.after(request.sendWithinMs, () => {
      if (!started) fail('SEND_DEADLINE', 'send_deadline');
    });
    const sendBefore = time.monotonicMs() + request.sendWithinMs;

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(controller) {
        abort = (reason) => controller.abort(reason);
        // The timer may be late when the loop was busy: the clock decides.
        if (!settled && time.monotonicMs() >= sendBefore) fail('SEND_DEADLINE', 'send_deadline');
        else if (settled) controller.abort(new TransportError('not_sent', 'GIVEN_UP'));
        else started = true;
      },
      onResponseStart(_controller, statusCode, rawHeaders) {
        if (statusCode < 200) return;
        status = statusCode;
        headers = lowerCaseHeaders(rawHeaders);
      },
      onResponseData(_controller, chunk) {
        size += chunk.length;
        if (size > request.maxBodyBytes) fail('BODY_TOO_LARGE');
        else chunks.push(chunk);
      },
      onResponseEnd() {
        if (finish()) resolve({ status, headers, text: Buffer.concat(chunks, size).toString('utf8') });
      },
      onResponseError(_controller, error) {
        fail(errorCode(error));
      },
    };
    try {
      dispatcher.dispatch(
        { origin, path: pathname + search, method: request.method, headers: request.headers, body: request.body },
        handler,
      );
    } catch (error) {
      fail(errorCode(error));
    }
  });
}
