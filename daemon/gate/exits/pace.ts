import type { Origin } from '../../core/request.ts';
import type { GateCore } from '../gate-core.ts';

/** How often exits may go out: asked when one is to be sent, not when it was asked for. Domain ms. */
export class ExitPace {
  readonly #core: GateCore;
  /** Which agent was served when, as a count. */
  readonly #served = new Map<string, number>();
  #count = 0;

  constructor(core: GateCore) {
    this.#core = core;
  }

  /** Time until an order of that caller may go out. `isFirst`: of its exit, which takes a token of the agent's rate. */
  waitMs(origin: Origin, agent: string, isFirst: boolean): number {
    if (origin !== 'agent' || !isFirst) return 0;
    const { max, window_ms: windowMs } = this.#core.policySpec.exits.rate;
    const now = this.#core.nowMs();
    const used = this.#core.state.pacing.readAgent(agent).exits.count(now, windowMs);
    if (used.tokens < max || used.freeAtMs === null) return 0;
    return Math.max(1, used.freeAtMs - now);
  }

  /** Wall time of a span of domain time; a clock that stands still is looked at again soon. */
  wallMs(domainMs: number): number {
    const { scale } = this.#core.ports.clock;
    return scale > 0 ? domainMs / scale : 25;
  }

  noteServed(agent: string): void {
    this.#count += 1;
    this.#served.set(agent, this.#count);
  }
  servedAt(agent: string): number {
    return this.#served.get(agent) ?? 0;
  }
}
