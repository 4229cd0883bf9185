import type { Origin } from '../../core/request.ts';
import type { GateCore } from '../journal/journal.ts';

/**
 * How often exits may go out: the rate of their agent and the limit of the venue, asked when one is to be sent and not
 * when it was requested.
 */
export class ExitPace {
  readonly #core: GateCore;
  /** Which agent was served when, as a count. */
  readonly #served = new Map<string, number>();
  #count = 0;

  constructor(core: GateCore) {
    this.#core = core;
  }

  /**
   * Wall time until an order of that caller may go out, ms; 0: now. `isFirst`: of its exit, which takes a token of the
   * agent's rate. `isResting`: it would rest, and so leaves more room to those that close.
   */
  waitMs(origin: Origin, agent: string, isFirst: boolean, isResting: boolean): number {
    const venueMs = this.#core.sends.waitMs(origin !== 'agent' ? 'own' : isResting ? 'other' : 'closing');
    if (origin !== 'agent' || !isFirst) return venueMs;
    const { max, window_ms: windowMs } = this.#core.policySpec.exits.rate;
    const now = this.#core.nowMs();
    const used = this.#core.state.pacing.readAgent(agent).exits.count(now, windowMs);
    if (used.tokens < max || used.freeAtMs === null) return venueMs;
    return Math.max(venueMs, this.#wallMs(Math.max(1, used.freeAtMs - now)));
  }

  /** An order of that agent is decided, and goes out. */
  note(agent: string): void {
    this.#core.sends.note();
    this.#count += 1;
    this.#served.set(agent, this.#count);
  }
  servedAt(agent: string): number {
    return this.#served.get(agent) ?? 0;
  }

  /** Wall time of a span of domain time; a clock that stands still is looked at again soon. */
  #wallMs(domainMs: number): number {
    const { scale } = this.#core.ports.clock;
    return scale > 0 ? domainMs / scale : 25;
  }
}
