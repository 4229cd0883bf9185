import { isFlattening } from '../callers/layers.ts';
import { RESUME_MS } from '../claims/claim-ends.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Flow, joined, wait, within } from '../flow/step.ts';
import type { ExitBook } from '../guard/exit-book.ts';
import { readParent } from '../guard/read-parent.ts';
import { type Claim, isLive } from '../orders/claims.ts';
import { heldOn, ownOn } from '../orders/holding.ts';
import { isAtVenue, isLost, isResting, neverRests } from '../orders/orders.ts';

/** How long exits of before a restart wait for the first whole reading, wall ms. */
const RESUME_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 10;
/** The same for what is held after that: whether an order rests, lists and lookups prove within seconds. */
const LOOK_AT_HELD_EVERY_MS = 250;
/** How old an operator's exit may be, ms; an agent's: `exits.resume_ms`. */
const OPERATOR_RESUMABLE_MS = 3_600_000;

/** What exits of before a restart wait for. */
export interface FirstReads {
  /** Account and orders were read completely in this process. */
  readonly keeper: { readonly wasRead: boolean };
  /** False: they could not be read. */
  readonly trades: { readNow(symbol: string): Flow<boolean> };
}

/**
 * Claims of before a restart go on from their records, on fresh readings or without them when they do not come; those
 * that nobody means any more are dropped, and that is said.
 */
export class ExitResumption {
  readonly #core: EngineCore;
  readonly #reads: FirstReads;
  readonly #book: ExitBook;

  constructor(core: EngineCore, reads: FirstReads, book: ExitBook) {
    this.#core = core;
    this.#reads = reads;
    this.#book = book;
  }

  /** Precondition: state is folded from the whole ledger, and nothing was requested since. Runs by itself. */
  start(): void {
    const claims = [...this.#core.state.claims.open];
    this.#book.pump.hold(claims);
    this.#core.begin(this.#resume(claims)).onEnd((end) => {
      if (end.kind === 'failed' && !this.#core.isStopping()) this.#core.alert('EXIT_NOT_RESUMED', String(end.error));
    });
  }

  *#resume(claims: readonly Claim[]): Flow<void> {
    if (claims.length > 0) yield* this.#read(claims);
    for (let held = claims; !this.#core.isStopping(); yield* wait(LOOK_AT_HELD_EVERY_MS)) {
      const left = held.filter((claim) => claim.end === null && !this.#isJudged(claim));
      if (left.length < held.length) this.#book.release(left);
      if (left.length === 0) return;
      held = left;
    }
  }

  /** It goes on, or is dropped. False: nobody knows yet whether an order of it rests. */
  #isJudged(claim: Claim): boolean {
    const why = claim.wants === 'rest' ? this.#whyNotAtRest(claim) : this.#whyNot(claim);
    const mayRest = claim.orders.filter((order) => isAtVenue(order) && !neverRests(order));
    // What is at the venue stays, whatever its decision took it for: without a claim nothing would make room of it.
    if (why === null || mayRest.some(isResting)) return true;
    if (mayRest.some((order) => !isLost(order))) return false;
    this.#book.pump.end(claim, 'dropped', why);
    return true;
  }

  /** Account and orders; what a person did to a position that an operator's exit closes, trades tell alone. */
  *#read(claims: readonly Claim[]): Flow<void> {
    const { time } = this.#core.ports;
    const untilMs = time.monotonicMs() + RESUME_WITHIN_MS;
    while (!this.#reads.keeper.wasRead && time.monotonicMs() < untilMs) yield* wait(LOOK_EVERY_MS);
    const symbols = new Set(claims.filter(({ origin }) => origin === 'operator').map(({ symbol }) => symbol));
    if (symbols.size === 0) return;
    const read = [...symbols].map((symbol) => this.#core.begin(this.#reads.trades.readNow(symbol)));
    const traded = this.#core.begin(joined(read));
    yield* within(Math.max(0, untilMs - time.monotonicMs()), traded);
  }

  /** What is at the venue stays; what is not, and waits for its turn or for room, goes on while it is young. */
  #whyNotAtRest(claim: Claim): string | null {
    if (isLive(claim)) return null;
    const sinceMs = Math.max(claim.openedAtMs, ...claim.orders.map(({ updatedAtMs }) => updatedAtMs));
    return this.#core.passedMs() - sinceMs > this.#resumeMs() ? 'too old to be placed again after a restart' : null;
  }

  /** Why a claim does not go on; null: it does. */
  #whyNot(claim: Claim): string | null {
    const { agent, cause, openedAtMs, origin, side, symbol } = claim;
    // The gate finds again what it has to protect.
    if (origin === 'gate') return 'the daemon was restarted: the gate looks anew at what it protects';
    const now = this.#core.nowMs();
    const ageMs = this.#core.passedMs() - openedAtMs;
    if (ageMs > (origin === 'agent' ? this.#resumeMs() : OPERATOR_RESUMABLE_MS))
      return 'too old to go on after a restart';
    const until = readParent(this.#core, claim.decisionId, claim.first)?.request.valid_until_ms ?? null;
    if (until !== null && until < now) return 'it is past valid_until_ms';
    const position = this.#core.state.position(symbol);
    if (origin === 'operator') {
      // A flatten resumes by itself, and sooner.
      if (this.#isFlattened(symbol)) return 'a flatten goes on with it';
      // RISK: it ended while nobody was there to take it back.
      if (cause === 'flatten') return 'the flatten that it was of is over';
      // RISK: an operator's exit closes whatever is held. Where the position that it was meant for is closed since,
      // what is held now somebody has opened afterwards, and means to.
      const isAnother = (position.sinceMs ?? 0) > openedAtMs || this.#core.state.wasFlatSince(symbol, openedAtMs);
      if (isAnother) return 'the position is another one by now';
    }
    const other = side === 'sell' ? 'buy' : 'sell';
    const held = origin === 'agent' ? ownOn(position, other, agent) : heldOn(position, other);
    return held > 0 ? 'the position changed sides' : null;
  }

  #resumeMs(): number {
    return this.#core.policySpec.exits.resume_ms ?? RESUME_MS;
  }

  #isFlattened(symbol: string): boolean {
    const now = this.#core.passedMs();
    const entries = [...this.#core.state.layers.values()];
    return entries.some((entry) => isFlattening(entry, now) && (entry.name === null || entry.name === symbol));
  }
}
