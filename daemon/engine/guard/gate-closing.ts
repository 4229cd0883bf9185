import type { ExecutionRequest, Side } from '../../core/request.ts';
import { stateInForce } from '../callers/layers.ts';
import type { EngineCore } from '../flow/core.ts';
import { ownE8 } from '../orders/holding.ts';
import { isLost, liveOrders, type OrderState } from '../orders/orders.ts';
import { GATE_AGENT } from '../plan/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import { DISAGREEMENT_MS } from '../positions/snapshot.ts';
import { closeRequest } from '../protect/stops.ts';
import { floorLots, formatQuantityE8 } from '../records/units.ts';

/** What the gate may close of a position by itself, and whether it is at it already. */
export class GateClosing {
  readonly #core: EngineCore;
  /** `ExitPump.isGateExiting` */
  readonly #isGateExiting: (symbol: string) => boolean;

  constructor(core: EngineCore, isGateExiting: (symbol: string) => boolean) {
    this.#core = core;
    this.#isGateExiting = isGateExiting;
  }

  /**
   * An exit of the gate is on its way, unknown, or between two attempts, while the venue asks to be left alone for
   * instance: what it closes would be counted, and closed, twice.
   *
   * RISK: one that is lost may never have arrived, and whether it did perhaps nobody will ever tell. It never rests, so
   * a reading of the account well after it shows all that it has done: what is held then is not being closed. How much of
   * it is the gate's to close, {@link sizeOf} tells.
   */
  isUnderWay(symbol: string): boolean {
    if (this.#isGateExiting(symbol)) return true;
    const readAtMs = this.#core.state.accountAskedMs;
    return this.#ownExits(symbol).some((order) => !isLost(order) || readAtMs < order.updatedAtMs + DISAGREEMENT_MS);
  }

  /** Exits of the gate that are not known to have ended. */
  #ownExits(symbol: string): readonly OrderState[] {
    return [...liveOrders(this.#core.state.orders, symbol)].filter(
      (order) => order.origin === 'gate' && order.reduceOnly && !order.protective,
    );
  }

  isHalted(symbol: string): boolean {
    const { state } = this.#core;
    return stateInForce(state.layers, this.#core.passedMs(), symbol, GATE_AGENT).state === 'halted';
  }

  /** `mostE8`: what the symbol's holder holds; `surelyE8`: without what lost exits of the gate may have closed of it. */
  sizeOf(position: PositionState): { readonly mostE8: number; readonly surelyE8: number } {
    const { isContested, quantityE8 } = position;
    if (isContested) return { mostE8: 0, surelyE8: 0 };
    const mostE8 = Math.min(Math.abs(quantityE8), Math.max(0, Math.sign(quantityE8) * ownE8(position)));
    return { mostE8, surelyE8: Math.max(0, mostE8 - this.#closedByLost(position)) };
  }

  /**
   * Lots that lost exits of the gate may have closed already: what the venue shows less than our view, which follows no
   * reading while an order is not known. All of it counts as theirs.
   */
  #closedByLost({ symbol, quantityE8, disputedE8 }: PositionState): number {
    if (disputedE8 === null || !this.#ownExits(symbol).some((order) => isLost(order))) return 0;
    return Math.max(0, Math.abs(quantityE8) - Math.max(0, disputedE8 * Math.sign(quantityE8)));
  }

  /** To close so much of the most; as the fraction of it that `decide` makes as many whole lots of. */
  request(symbol: string, side: Side, quantityE8: number, mostE8: number): ExecutionRequest {
    const rules = this.#core.state.rules.get(symbol);
    const fraction =
      rules === undefined || quantityE8 === mostE8
        ? quantityE8 / mostE8
        : floorLots(quantityE8, rules) / Math.max(1, floorLots(mostE8, rules));
    return closeRequest(this.#core.settings, { symbol, side, fraction }, this.#core.nowMs());
  }
  textOf(quantityE8: number, symbol: string): string {
    return formatQuantityE8(quantityE8, this.#core.state.rules.get(symbol));
  }
}
