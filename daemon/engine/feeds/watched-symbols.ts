import type { LiveCore } from '../flow/core.ts';
import { everyLiveOrder } from '../orders/orders.ts';
import { isFlat } from '../positions/positions.ts';

const NOTHING: readonly string[] = [];

/** The symbols that feeds read: those of the policy, of positions and of live orders. */
export class WatchedSymbols {
  readonly #core: LiveCore;
  #last = { permitted: NOTHING, stateSeq: -1, marketSeq: -1, symbols: NOTHING };

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Sorted. Asked for several times a round: found anew only after a record, or under another policy. */
  list(): readonly string[] {
    const { marketSeq, stateSeq } = this.#core.state;
    const { symbols: permitted } = this.#core.policySpec.scope;
    const last = this.#last;
    if (last.permitted === permitted && last.stateSeq === stateSeq && last.marketSeq === marketSeq) return last.symbols;
    const symbols = this.#find(permitted);
    this.#last = { permitted, stateSeq, marketSeq, symbols };
    return symbols;
  }

  #find(permitted: readonly string[]): readonly string[] {
    const symbols = new Set<string>(permitted);
    const { orders, positions } = this.#core.state;
    for (const position of positions.values()) if (!isFlat(position)) symbols.add(position.symbol);
    for (const order of everyLiveOrder(orders)) symbols.add(order.symbol);
    return [...symbols].sort();
  }
}
