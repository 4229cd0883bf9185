import type { ReloadOutcome } from '../../contract/types/policy.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { onDisk } from '../flow/step.ts';

/** A command or signal that the policy, its form or the current state forbids; a 400 over HTTP. */
export class OperatorRequestError extends Error {
  readonly code = 'INVALID_INPUT';
}

/** It would loosen, and whoever asks may only tighten; a 403 over HTTP. */
export class LooseningRefused extends Error {
  readonly code = 'FORBIDDEN';
}

/** So long after its delay a first request is good for a second one, domain ms: whoever asks later means another thing. */
const GOOD_FOR_MS = 3_600_000;

/**
 * On live a loosening must be requested twice: the first request starts the delay, the second takes effect after it.
 */
export class LooseningDelay {
  readonly #core: LiveCore;
  readonly #askedAt = new Map<string, number>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** @throws OperatorRequestError with the time from which `what` may be requested again */
  requireWaited(what: string): void {
    const { venue } = this.#core.settings;
    if (!profileOf(venue).isRealMoney) return;
    const now = this.#core.passedMs();
    const delayMs = this.#core.policySpec.loosen_delay_ms;
    const firstAt = this.#askedAt.get(what);
    const askedAt = firstAt !== undefined && now - firstAt <= delayMs + GOOD_FOR_MS ? firstAt : undefined;
    if (askedAt !== undefined && now - askedAt >= delayMs) {
      this.#askedAt.delete(what);
      return;
    }
    if (askedAt === undefined) this.#askedAt.set(what, now);
    const readyAt = new Date(this.#core.state.time.venueMs((askedAt ?? now) + delayMs)).toISOString();
    throw new OperatorRequestError(`on ${venue} ${what} waits: ask again after ${readyAt}`);
  }
}

/** A document that is looser than the one in force. */
interface Waiting<D> {
  readonly document: D;
  readonly looser: readonly string[];
  /** By `t`. */
  readonly notBeforeMs: number | null;
  /** Names of the passkeys that have accepted it, by their ids. A restart forgets them: they are asked again. */
  readonly signers: Map<string, string>;
}
/** How alerts and answers speak of a kind of document. */
interface Words {
  readonly noun: 'policy' | 'alert routes';
  readonly are: 'is' | 'are';
  readonly file: string;
  readonly pending: 'POLICY_PENDING' | 'ALERT_ROUTES_PENDING';
  readonly refused: 'POLICY_REFUSED' | 'ALERT_ROUTES_REFUSED';
  readonly waits: (hash: string, detail: string) => string;
}

/**
 * A file of which the document in force is a copy. What is not looser takes effect at once; what is looser waits for an
 * operator, who names its hash, and on live for `loosen_delay_ms`; a bad file changes nothing (BY-26, BY-33).
 */
export abstract class GuardedFile<D extends { readonly hash: string }> {
  protected readonly core: LiveCore;
  readonly #words: Words;
  protected waiting: Waiting<D> | null = null;
  /** The file as it was last read holds another document than the one that waits: not usable, or gone. */
  protected differs = false;
  /** Why the file is of no use; null: it is, or there need not be one. */
  error: string | null = null;

  constructor(core: LiveCore, words: Words) {
    this.core = core;
    this.#words = words;
  }

  /** Hash of the document in force; null: there is none. */
  protected abstract get inForce(): string | null;
  protected abstract record(action: 'in_force' | 'pending', document: D, detail: string | null, setBy: string): void;
  /** Records that it is in force, with what follows from it. */
  protected abstract enforce(document: D, setBy: string, looser: readonly string[]): void;
  /** What stands against a document that waits, beside its delay; null: nothing. */
  protected findHindrance(_hash: string, _setBy: string, _passkeyId: string | null): ReloadOutcome | null {
    return null;
  }

  protected refuse(what: string, problem: string): void {
    this.error = problem;
    this.core.alert(this.#words.refused, `${what}: ${problem}`);
  }
  /**
   * Takes a file where nobody waits for it. RISK: a ledger that fails meanwhile has stopped the daemon, which still cancels
   * what would open: an error that nobody takes would end the process before that.
   */
  protected inBackground(take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#noteUntaken(error);
    }
  }
  #noteUntaken(error: unknown): void {
    const { noun, refused } = this.#words;
    this.core.alert(refused, `the ${noun} could not be taken, what was in force stays: ${String(error)}`);
  }

  protected put(document: D, setBy: string, looser: readonly string[] = []): void {
    this.enforce(document, setBy, looser);
    this.waiting = null;
    this.core.begin(onDisk()).onEnd((end) => {
      if (end.kind === 'failed') this.#noteUntaken(end.error);
      else this.core.ports.log.info({ hash: document.hash, setBy }, `${this.#words.noun} in force`);
    });
  }
  protected hold(document: D, looser: readonly string[], notBeforeMs: number | null, setBy: string): void {
    if (this.waiting?.document.hash === document.hash) return;
    this.waiting = { document, looser, notBeforeMs, signers: new Map() };
    const detail = looser.join('; ');
    this.record('pending', document, detail, setBy);
    this.core.alert(this.#words.pending, this.#words.waits(document.hash, detail));
  }
  protected describe({ document, looser, notBeforeMs }: Waiting<D>) {
    const notBefore = this.core.state.time.venueMsOf(notBeforeMs);
    return { hash: document.hash, looser, not_before_ms: notBefore, file_differs: this.differs };
  }

  /**
   * An operator puts what waits in force, naming its hash so that it is the one they looked at.
   *
   * @param passkeyId of the passkey that signed this call; null: a token made it
   */
  accept(hash: string | null, setBy: string, passkeyId: string | null = null): ReloadOutcome {
    const { inForce, waiting } = this;
    const { are, file, noun } = this.#words;
    const refused = (message: string, pendingHash: string | null): ReloadOutcome => ({
      status: 'refused',
      message,
      pending_hash: pendingHash,
    });
    if (waiting === null) {
      if (inForce !== null && (hash === null || hash === inForce)) return { status: 'in_force', hash: inForce };
      return refused(hash === null ? `there ${are} no ${noun}` : `no ${noun} with hash ${hash} ${are} pending`, null);
    }
    const { document, looser, notBeforeMs } = waiting;
    if (hash !== null && hash !== document.hash)
      return refused(`the pending ${noun} ${are} ${document.hash}, not ${hash}`, document.hash);
    // Whoever took the file back wants it no more.
    if (hash !== null && this.differs)
      return refused(`${file} holds it no more: save it there again, or put back what is in force`, document.hash);
    const hindrance = hash === null ? null : this.findHindrance(hash, setBy, passkeyId);
    if (hindrance !== null) return hindrance;
    if (hash === null || (notBeforeMs !== null && this.core.passedMs() < notBeforeMs))
      return { status: 'pending', ...this.describe(waiting) };
    this.put(document, setBy, looser);
    return { status: 'in_force', hash };
  }
}
