import { formatViolation, type Violation } from '../../contract/schema/violations.ts';
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts';
import { plain } from '../render/tables.ts';

interface ErrorAnswer {
  readonly error?: {
    readonly code?: string;
    readonly message?: string;
    readonly details?: { readonly violations?: readonly Violation[] } | undefined;
  };
}
/** What a refused call means for the command line. */
export function toCliError(status: number, body: unknown): CliError {
  const { error } = (body ?? {}) as ErrorAnswer;
  const violations = error?.details?.violations ?? [];
  // The message repeats the first violation, without the value found and the values allowed.
  const text = violations.length > 0 ? 'the daemon refused the request:' : error?.message;
  const list = violations.map((violation) => `\n  ${plain(formatViolation(violation))}`).join('');
  const message = `${error?.code ?? `HTTP ${status}`}: ${plain(text ?? 'the daemon refused the request.')}${list}`;
  // No usage error: the hash is of another policy than the one pending now.
  const answer = error?.code === undefined ? null : { code: error.code, details: error.details };
  return new CliError(error?.code === 'POLICY_NOT_PENDING' ? EXIT.REFUSED : exitCodeOf(status), message, answer);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 400 || status === 404 || status === 409 || status === 413) return EXIT.USAGE;
  if (status === 401 || status === 403) return EXIT.NOT_PERMITTED;
  return status === 503 ? EXIT.NOT_READY : EXIT.FAILURE;
}

/** With these the daemon turns a call away before it looks at the request id. */
const TURNED_AWAY: ReadonlySet<unknown> = new Set([
  'NOT_READY',
  'REQUEST_TIMEOUT',
  'SHUTTING_DOWN',
  'TOO_MANY_CONNECTIONS',
  'TOO_MANY_IN_FLIGHT',
  'UNAUTHENTICATED',
]);
/**
 * Whether an answer is the daemon's word on a call, and one that says what became of it. `mayHaveArrived`: an earlier
 * request under its id, of which one that turns this one away says nothing.
 */
export function isSettled(status: number, body: unknown, mayHaveArrived: boolean): boolean {
  if (status === 200) return typeof body === 'object' && body !== null;
  const { error } = (body ?? {}) as { readonly error?: { readonly code?: unknown } };
  if (mayHaveArrived && TURNED_AWAY.has(error?.code)) return false;
  return typeof error?.code === 'string' && error.code !== 'INTERNAL';
}

/** Something between us and the daemon has answered: what became of the call is as unknown as without an answer. */
export class ForeignAnswerError extends CliError {}

/** No answer came, or not all of it. `mayHaveArrived`: the request may have taken effect. */
export class NoAnswerError extends CliError {
  readonly mayHaveArrived: boolean;
  constructor(message: string, mayHaveArrived: boolean, exitCode: ExitCode = EXIT.UNREACHABLE) {
    super(exitCode, message);
    this.mayHaveArrived = mayHaveArrived;
  }
}

/** Whoever answers knows no such live token, or says so: that it does not cannot be proven. Nothing was sent. */
export class UnknownTokenError extends NoAnswerError {
  constructor(at: string) {
    super(
      `No daemon of this token answers at ${at}: it was revoked, has expired, or is another daemon’s. Nothing was sent.`,
      false,
      EXIT.NOT_PERMITTED,
    );
  }
}

/** A connection that was never made is harmless; one that broke off may have carried an order. */
export function toConnectionError(origin: string, method: string, error: unknown): NoAnswerError {
  const code = codeOf(error);
  if (NOBODY_LISTENS.has(code)) {
    const hint = `start it with \`./holdfast start\`, or say where it is with --url (${code})`;
    return new NoAnswerError(`The daemon is not running at ${origin}; ${hint}.`, false);
  }
  if (LATE.has(code)) {
    const isLooking = method === 'GET';
    const left = isLooking
      ? ''
      : ' What was asked for may be done yet: check `./holdfast decisions` before you repeat it.';
    return new NoAnswerError(
      `The daemon at ${origin} has not answered in time (${code}): ${STANDS_STILL}.${left}`,
      !isLooking,
    );
  }
  if (wasNeverMade(error) || method === 'GET') {
    return new NoAnswerError(
      `No daemon answers at ${origin} (${code}). Start one with \`./holdfast start\`, or say where it is with --url.`,
      false,
    );
  }
  return new NoAnswerError(
    `The connection to ${origin} broke (${code}). The request may have taken effect: check \`./holdfast decisions\` before you repeat it.`,
    true,
  );
}

/** Why a daemon that has its address says nothing, in an operator's words. */
export const STANDS_STILL = 'the daemon stands still, as it does while its disk hangs (docs/runbook.md, "No answer")';
const LATE: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT']);
const NEVER_MADE: ReadonlySet<string> = new Set([...NOBODY_LISTENS, 'EACCES', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT']);
export function wasNeverMade(error: unknown): boolean {
  return NEVER_MADE.has(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? 'unknown');
}
