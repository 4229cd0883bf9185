import type { ExecutionDecision } from '../../core/decision.ts';
import { type RateLimit, REQUEST_CEILING, type RequestKind } from '../../core/policy.ts';
import type { CountedKind, Sender } from '../callers/requests.ts';
import type { LiveCore } from '../flow/core.ts';
import { type Flow, wait } from '../flow/step.ts';
import type { OverBudget } from '../records/decisions.ts';
import type { SummedKind } from '../records/house-events.ts';

/** Wall time between two sums of the same caller and kind, ms. */
export const SUM_EVERY_MS = 60_000;

/** Wall time between two alerts about the same sender, ms. */
const TELL_EVERY_MS = 3_600_000;

/** Signals of one reporter: 3 kB each with their evidence. */
export const SIGNAL_CEILING: RateLimit = { max: 400, window_ms: 60_000 };

/** Calls that were counted but are not yet in a sum on disk. */
interface Pending {
  readonly sender: Sender;
  readonly kind: SummedKind;
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
}

/**
 * Limits the cost of refused calls, dry runs and intercepts. Per agent and window, a number of them is recorded one by
 * one (`requests` of the policy, or built-in limits). Further ones are counted and recorded as one sum per minute.
 * INVARIANT: only calls without an effect are counted here; the caller decides first.
 */
export class RequestBudgets {
  readonly #core: LiveCore;
  readonly #pending = new Map<string, Pending>();
  readonly #reportedAt = new Map<string, number>();
  /** Records nothing for now: the disk is full, or the ledger accepts nothing. */
  readonly #isHeldBack: () => boolean;

  constructor(core: LiveCore, isHeldBack: () => boolean) {
    this.#core = core;
    this.#isHeldBack = isHeldBack;
  }

  /** Null: record the call. Otherwise it was counted, and this is the answer. */
  findOverrun(
    kind: RequestKind,
    sender: Sender,
    what: SummedKind,
    decided: ExecutionDecision | null,
  ): OverBudget | null {
    const limit = this.#limit(kind);
    const retryAfterMs = this.#retryAfterMs(kind, sender, limit);
    if (retryAfterMs === null) return null;
    this.#count(sender, what);
    return { kind: 'over_budget', budget: kind, limit, retryAfterMs, message: describe(kind, limit), decided };
  }

  /** Whether to record input that broke the contract; otherwise it was counted. */
  admitsRejected(sender: Sender): boolean {
    if (this.#retryAfterMs('rejected', sender, this.#limit('refusals')) === null) return true;
    this.#count(sender, 'rejected_input');
    return false;
  }

  /** Null: record the reporter's signal. Otherwise it was counted: ms until there is room. */
  signalWaitMs(reporter: string): number | null {
    const sender: Sender = { agent: reporter, origin: 'monitor' };
    const waitMs = this.#retryAfterMs('signals', sender, SIGNAL_CEILING);
    if (waitMs !== null) this.#count(sender, 'signal');
    return waitMs;
  }

  #limit(kind: RequestKind): RateLimit {
    return this.#core.policySpec.requests?.[kind] ?? REQUEST_CEILING;
  }

  /** Null: there is room. */
  #retryAfterMs(kind: CountedKind, sender: Sender, limit: RateLimit): number | null {
    const now = this.#core.passedMs();
    const { records, freeAtMs } = this.#core.state.requestRecords.count(kind, sender, now, limit.window_ms);
    return records < limit.max ? null : Math.max(1, (freeAtMs ?? now) - now);
  }

  /** One more call that is only counted. */
  #count(sender: Sender, kind: SummedKind): void {
    const now = this.#core.nowMs();
    const key = `${kind} ${sender.origin} ${sender.agent}`;
    this.#core.ports.observer.summed(kind);
    const known = this.#pending.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.lastAtMs = now;
      return;
    }
    this.#pending.set(key, { sender, kind, count: 1, firstAtMs: now, lastAtMs: now });
    this.#core.begin(this.#recordLater(key));
  }

  *#recordLater(key: string): Flow<void> {
    do yield* wait(SUM_EVERY_MS);
    while (this.#isHeldBack());
    this.#record(key);
  }

  /** Calls that were only counted, since the ledger began. */
  get summed(): number {
    const recorded = this.#core.state.requestRecords.summed;
    return [...this.#pending.values()].reduce((sum, { count }) => sum + count, recorded);
  }

  /** Turns everything pending into sums, when the daemon stops. */
  flush(): void {
    if (this.#isHeldBack()) return;
    for (const key of [...this.#pending.keys()]) this.#record(key);
  }

  /** At most one alert per hour and sender: a person should look at it, and the sums have the details. */
  #tell({ agent, origin }: Sender, count: number, kind: SummedKind): void {
    const now = this.#core.ports.time.monotonicMs();
    const key = `${origin} ${agent}`;
    if (now - (this.#reportedAt.get(key) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    this.#reportedAt.set(key, now);
    const who = `${origin} ${agent}`;
    this.#core.alert('REQUESTS_SUMMED', `${who}: ${count} calls without an effect (${kind}) were only counted`);
  }

  #record(key: string): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#pending.delete(key);
    const { count, firstAtMs, kind, lastAtMs, sender } = pending;
    try {
      this.#core.append('request_sum', {
        agent: sender.agent,
        count,
        first_ms: firstAtMs,
        kind,
        last_ms: lastAtMs,
        origin: sender.origin,
      });
      this.#tell(sender, count, kind);
    } catch (error) {
      this.#core.ports.log.error({ agent: sender.agent, kind, count, error: String(error) }, 'a sum was not recorded');
    }
  }
}

const NAMES: { readonly [kind in RequestKind]: string } = {
  refusals: 'calls without an effect',
  dry_runs: 'dry runs',
  intercepts: 'intercepts',
};
function describe(kind: RequestKind, { max, window_ms: windowMs }: RateLimit): string {
  return `${max} ${NAMES[kind]} of this agent were recorded within ${windowMs} ms (requests.${kind} of the policy); this one changes nothing and is only counted`;
}
