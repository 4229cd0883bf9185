import type { Logger } from 'pino';
import type { After } from '../streams/brief-streams.ts';

const MINUTE_MS = 60_000;

/** What was refused at these routes; at all others a token. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ['POST /v1/console/enrolment', 'enrolment code'],
  ['POST /v1/console/enrolment/key', 'enrolment code'],
  ['POST /v1/console/passkey', 'passkey'],
  ['POST /v1/console/session', 'console session'],
  ['POST /v1/proof', 'proof'],
]);

/** Refused sign-ins in the log: of each kind the first one, and one line a minute of those after it. */
export interface Refusals {
  /** `route`: method and pattern. */
  note(route: string, refusal: Refusal): void;
  /** Logs the rest. */
  close(): void;
}

export interface Refusal {
  readonly reason: string;
  /** An address, or `socket`. */
  readonly from: string;
}
/** The last one's reason, and where the first one came from. */
interface Sum extends Refusal {
  readonly count: number;
}

/** `console`: origin of the remote console that they are of; null: they are of this machine. */
export function createRefusals(logger: Logger, after: After, console: string | null = null): Refusals {
  const where = console === null ? {} : { console };
  /** By kind: what came after its last line, and the end of the minute since. */
  const minutes = new Map<string, { sum: Sum | null; readonly end: { cancel(): void } }>();
  let isClosed = false;

  function log(kind: string, sum: Sum): void {
    logger.warn({ kind, ...where, ...sum }, 'refused to sign in');
    if (!isClosed) minutes.set(kind, { sum: null, end: after(MINUTE_MS, () => endMinute(kind)) });
  }
  function endMinute(kind: string): void {
    const sum = minutes.get(kind)?.sum ?? null;
    minutes.delete(kind);
    if (sum !== null) log(kind, sum);
  }

  return {
    note(route, { from, reason }) {
      const kind = KINDS.get(route) ?? 'token';
      const minute = minutes.get(kind);
      if (minute === undefined) log(kind, { count: 1, reason, from });
      else minute.sum = { count: (minute.sum?.count ?? 0) + 1, reason, from: minute.sum?.from ?? from };
    },
    close() {
      isClosed = true;
      for (const [kind, { end }] of minutes) {
        end.cancel();
        endMinute(kind);
      }
    },
  };
}
