import type { ExitsSection } from '../../core/policy.ts';
import type { Origin } from '../../core/request.ts';
import type { PlanClock } from '../plan/deadline.ts';
import type { OrderCounts } from '../plan/orders.ts';
import type { GateViews } from '../state/views.ts';

export interface PaceParts {
  readonly state: GateViews;
  readonly sends: OrderCounts;
  readonly clock: PlanClock;
  /** Of the policy in force. */
  readonly exits: () => ExitsSection;
  /** Wall time for which the venue asked to be left alone, ms; absent: it never does. */
  readonly leftAloneMs?: () => number;
}

/**
 * How often exits may go out: the rate of their agent and the limit of the venue, asked when one is to be sent and not
 * when it was requested.
 */
export class ExitPace {
  readonly #parts: PaceParts;
  /** Which agent was served when, as a count. */
  readonly #served = new Map<string, number>();
  #count = 0;

  constructor(parts: PaceParts) {
    this.#parts = parts;
  }

  /**
   * Wall time until an order of that caller may go out, ms; 0: now. `isFirst`: of its exit, which takes a token of the
   * agent's rate. `isResting`: it would rest, and so leaves more room to those that close.
   */
  waitMs(origin: Origin, agent: string, isFirst: boolean, isResting: boolean): number {
    const { clock, exits, leftAloneMs, sends, state } = this.#parts;
    if (origin !== 'agent') return sends.waitMs('own');
    // RISK: the venue would refuse it, and bans who goes on asking: that would hold up everybody's exits.
    const venueMs = Math.max(sends.waitMs(isResting ? 'other' : 'closing'), leftAloneMs?.() ?? 0);
    if (!isFirst) return venueMs;
    const { max, window_ms: windowMs } = exits().rate;
    const now = state.time.atNow(clock.nowMs());
    const used = state.pacing.readAgent(agent).exits.count(now, windowMs);
    if (used.tokens < max || used.freeAtMs === null) return venueMs;
    return Math.max(venueMs, this.#wallMs(Math.max(1, used.freeAtMs - now)));
  }

  /** An order of that agent is decided, and goes out. */
  note(agent: string): void {
    this.#parts.sends.note();
    this.#count += 1;
    this.#served.set(agent, this.#count);
  }
  servedAt(agent: string): number {
    return this.#served.get(agent) ?? 0;
  }

  /** Wall time of a span of domain time; a clock that stands still is looked at again soon. */
  #wallMs(domainMs: number): number {
    const { scale } = this.#parts.clock;
    return scale > 0 ? domainMs / scale : 25;
  }
}
