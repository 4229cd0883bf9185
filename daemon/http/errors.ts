import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Violation } from '../contract/schema/ajv.ts';

/** Every error code of the API with its status. A test compares them with docs/api.md. */
export const ERROR_STATUS = {
  /** Not acceptable HTTP: malformed request, duplicate header, bad request target. */
  BAD_REQUEST: 400,
  /** The body is not acceptable JSON. */
  INVALID_JSON: 400,
  /** Body, query or path breaks the contract; `details.violations` names each field. */
  INVALID_INPUT: 400,
  /** The Host header does not name this daemon. */
  HOST_NOT_ALLOWED: 400,
  UNAUTHENTICATED: 401,
  /** The token's role may not call this route. */
  FORBIDDEN: 403,
  /** A web page of another origin called. */
  ORIGIN_NOT_ALLOWED: 403,
  /** The policy's scope lacks this reading tool. */
  TOOL_NOT_IN_SCOPE: 403,
  NOT_FOUND: 404,
  /** No tool of the contract has this name. */
  TOOL_UNKNOWN: 404,
  METHOD_NOT_ALLOWED: 405,
  /** The request was not complete in time. */
  REQUEST_TIMEOUT: 408,
  /** The request id belongs to an earlier request with another body. */
  REQUEST_ID_REUSED: 409,
  /** The approval does not wait any more, or the proof is not accepted. It is on record, and nothing was sent. */
  APPROVAL_REFUSED: 409,
  /** The named policy is not the pending one. */
  POLICY_NOT_PENDING: 409,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  /** Too many requests of this token are in flight. */
  TOO_MANY_IN_FLIGHT: 429,
  /** A call without an effect, beyond its agent's budget of recorded ones. */
  REFUSAL_RATE: 429,
  /** This token holds too many connections. */
  TOO_MANY_CONNECTIONS: 429,
  HEADERS_TOO_LARGE: 431,
  /** A defect or an unforeseen failure; only the daemon's log has the details. */
  INTERNAL: 500,
  /** Not ready, or the ledger accepts nothing. */
  NOT_READY: 503,
  SHUTTING_DOWN: 503,
  HTTP_VERSION: 505,
} as const;
export type ErrorCode = keyof typeof ERROR_STATUS;

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly details?: unknown };
}

/** A failure with its public code. The message is for the caller and contains no secret. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, more: { details?: unknown; retryAfterSeconds?: number } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.details = more.details;
    this.retryAfterSeconds = more.retryAfterSeconds ?? null;
  }
}

export function invalidInput(violations: readonly Violation[]): ApiError {
  const first = violations[0];
  const place = first === undefined || first.path === '' ? 'the input' : first.path;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = `${place}: ${first?.message ?? 'is not valid'}${more}`;
  return new ApiError('INVALID_INPUT', message, { details: { violations } });
}

/** Fastify's codes for mistakes of the caller. */
const FRAMEWORK_CODES: ReadonlyMap<string, readonly [ErrorCode, string]> = new Map([
  ['FST_ERR_CTP_INVALID_MEDIA_TYPE', ['UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.']],
  ['FST_ERR_BAD_URL', ['BAD_REQUEST', 'The path is not valid percent-encoding.']],
  ['FST_ERR_MAX_PARAM_LENGTH', ['NOT_FOUND', 'There is no such route.']],
]);
/** Codes of the gate's own errors, whose messages are for the caller. */
const GATE_CODES: ReadonlySet<string> = new Set([
  'INVALID_INPUT',
  'NOT_FOUND',
  'FORBIDDEN',
  'NOT_READY',
  'REFUSAL_RATE',
  'APPROVAL_REFUSED',
]);
/** The ledger accepts nothing more: the daemon is about to restart, or its disk is full. */
const LEDGER_CODES: ReadonlySet<string> = new Set(['LEDGER_FAILED', 'LEDGER_FULL', 'LEDGER_CLOSED']);

/** Maps whatever was thrown to the error format. Unknown errors become INTERNAL without details. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const code = codeOf(error);
  const known = FRAMEWORK_CODES.get(code);
  if (known !== undefined) return new ApiError(known[0], known[1]);
  if (LEDGER_CODES.has(code)) {
    return new ApiError('NOT_READY', 'Nothing can be recorded now, so nothing is done.', { retryAfterSeconds: 5 });
  }
  // The message names the file that is needed.
  if (code === 'LEDGER_ARCHIVE' && error instanceof Error) return new ApiError('NOT_READY', error.message);
  if (GATE_CODES.has(code) && error instanceof Error) {
    const details = 'details' in error ? error.details : undefined;
    const wait = 'retryAfterMs' in error && typeof error.retryAfterMs === 'number' ? error.retryAfterMs : null;
    return new ApiError(code as ErrorCode, error.message, {
      ...(details === undefined ? {} : { details }),
      ...(wait === null ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(wait / 1000)) }),
    });
  }
  if (error instanceof Error && error.name === 'ClockNotSyncedError') {
    const message =
      'The venue has not answered yet, so its time is unknown. Until then only halt, reduce and flatten (which halts) act.';
    return new ApiError('NOT_READY', message, { retryAfterSeconds: 5 });
  }
  return new ApiError('INTERNAL', 'Something failed inside the daemon. Its log has the details.');
}

export function toErrorBody(error: ApiError): ErrorBody {
  const { code, message, details } = error;
  return { error: details === undefined ? { code, message } : { code, message, details } };
}

export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** What a passkey or a code is refused with where nobody has signed in: a 401, which the log counts. */
export async function asUnauthenticated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) !== 'FORBIDDEN') throw error;
    throw new ApiError('UNAUTHENTICATED', error instanceof Error ? error.message : 'The passkey was refused.');
  }
}

/** Answers in the error format. INTERNAL errors go to the log in full; the caller gets no details. */
export function answerError(logger: Logger, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = toApiError(error);
  if (refusal.code === 'INTERNAL') logger.error({ err: error, route: request.label }, 'a request failed');
  if (refusal.code === 'UNAUTHENTICATED') {
    // A connection that has closed tells its address no more.
    request.refusal = { reason: refusal.message, from: request.raw.socket.remoteAddress ?? 'socket' };
    reply.header('www-authenticate', 'Bearer');
  }
  if (refusal.retryAfterSeconds !== null) reply.header('retry-after', String(refusal.retryAfterSeconds));
  void reply.code(ERROR_STATUS[refusal.code]).send(toErrorBody(refusal));
}
