import type { ExecutionDecision } from '../core/decision.ts';
import type { ExecutionRequest } from '../core/request.ts';
import type { Canceler } from './cancels.ts';
import { clientOrderId, NO_ORDERS, takeDecision } from './decisions.ts';
import type { GateCore } from './gate-core.ts';
import type { OrderSender } from './order-sender.ts';
import { type Breach, GATE_AGENT } from './review.ts';
import { bareRequest } from './standing.ts';
import { stateInForce } from './state/layers.ts';
import { isTerminal, liveOrders, type OrderState } from './state/orders.ts';
import { lotsToProtect, type PositionState } from './state/positions.ts';

/** Time between two cuts of the same symbol: the first must show in the position before the next is sized, ms. */
const CUT_EVERY_MS = 5_000;
/** Time after which a refused stop is tried again, ms; doubled with each refusal beyond the third. */
const RETRY_STOP_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
/** Retryable refusals of a stop in a row before the position is closed instead. */
const MAX_STOP_REFUSALS = 3;

/**
 * What the gate itself does to protect the account: cutting back a position above a tightened cap (`on_breach:
 * reduce`), protective stops (`protection.required`), the alert at the end of the holding time.
 */
export class Protection {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #exit: (request: ExecutionRequest) => Promise<void>;
  readonly #cutAt = new Map<string, number>();
  readonly #stopAt = new Map<string, number>();
  readonly #alerted = new Map<string, number>();
  readonly #stopDenied = new Map<string, string | null>();
  readonly #stopRefusals = new Map<string, number>();
  /** Symbols whose stop is being seen to: one at a time in each, and none waits for another. */
  readonly #protecting = new Set<string>();
  /** The stop that protects, or last protected, a symbol. */
  readonly #lastStop = new Map<string, OrderState>();

  constructor(
    core: GateCore,
    sender: OrderSender,
    canceler: Canceler,
    exit: (request: ExecutionRequest) => Promise<void>,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#exit = exit;
  }

  /** While trading is halted nothing is cut back, and nothing is recorded of it: the operator has taken over. */
  async cutBack(breach: Breach): Promise<void> {
    const position = this.#core.state.position(breach.symbol);
    if (position.lots === 0 || this.#isHalted(breach.symbol) || this.#isGone(position)) return;
    const now = this.#core.nowMs();
    if (now - (this.#cutAt.get(breach.symbol) ?? Number.NEGATIVE_INFINITY) < CUT_EVERY_MS) return;
    this.#cutAt.set(breach.symbol, now);
    if (this.#isExiting(breach.symbol)) return;
    this.#core.alert(
      'POSITION_CUT',
      `the position is above the tightened ${breach.cause} cap: ${breach.lots} lots are closed`,
      breach.symbol,
    );
    await this.#exit({
      ...bareRequest(this.#core, breach.symbol),
      fraction: Math.min(1, breach.lots / Math.abs(position.lots)),
      intent: 'close',
      order_type: 'market',
      reduce_only: true,
      side: position.lots > 0 ? 'sell' : 'buy',
      tool: 'close_position',
    });
  }

  /** An exit of the gate is on its way or unknown: what it closes would be counted, and closed, twice. */
  #isExiting(symbol: string): boolean {
    return [...liveOrders(this.#core.state.orders, symbol)].some(
      (order) => order.origin === 'gate' && order.reduceOnly && !order.protective,
    );
  }

  #isHalted(symbol: string): boolean {
    return stateInForce(this.#core.state.layers, this.#core.nowMs(), symbol, GATE_AGENT).state === 'halted';
  }

  /** Begins with every symbol that is not under way yet, and resolves with those. */
  async tick(): Promise<void> {
    const positions = [...this.#core.state.positions.values()];
    for (const position of positions) this.#watchHoldingTime(position);
    const begun: Promise<void>[] = [];
    for (const position of positions) {
      const { symbol } = position;
      if (!this.#core.policySpec.protection.required || this.#protecting.has(symbol)) continue;
      this.#protecting.add(symbol);
      begun.push(this.#protect(position).finally(() => this.#protecting.delete(symbol)));
    }
    await Promise.all(begun);
  }

  #watchHoldingTime(position: PositionState): void {
    const since = position.sinceMs;
    if (since === null || this.#core.nowMs() - since < this.#core.policySpec.budgets.holding_time_ms) return;
    if (this.#alerted.get(position.symbol) === since) return;
    this.#alerted.set(position.symbol, since);
    this.#core.alert(
      'HOLDING_TIME',
      `the position has been held for the whole holding time: the symbol is reducing until it is flat`,
      position.symbol,
    );
  }

  /** One stop for the whole position (closePosition, on the mark); gone when flat, anew when the side changes. */
  async #protect(position: PositionState): Promise<void> {
    const stops = [...liveOrders(this.#core.state.orders, position.symbol)].filter((order) => order.protective);
    const lots = lotsToProtect(position, this.#core.nowMs());
    const side = lots > 0 ? 'sell' : 'buy';
    const wrong = stops.filter((order) => lots === 0 || order.side !== side);
    if (wrong.length > 0) {
      const gone = new Set(wrong);
      await this.#canceler.cancelMatching(
        position.symbol,
        (order) => gone.has(order),
        'the position that it protects is gone',
      );
      return;
    }
    const [stop] = stops;
    if (stop !== undefined) this.#lastStop.set(position.symbol, stop);
    if (lots === 0 || stop !== undefined || this.#isGone(position)) return;
    const now = this.#core.nowMs();
    const beyond = Math.max(0, (this.#stopRefusals.get(position.symbol) ?? 0) - MAX_STOP_REFUSALS);
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_STOP_MS * 2 ** beyond);
    if (now - (this.#stopAt.get(position.symbol) ?? Number.NEGATIVE_INFINITY) < waitMs) return;
    this.#stopAt.set(position.symbol, now);
    const order = await this.#placeStop(position, lots, side);
    if (order === null) return;
    if (order.status !== 'rejected' && order.status !== 'expired') {
      this.#stopRefusals.delete(position.symbol);
      return;
    }
    const refusals = (this.#stopRefusals.get(position.symbol) ?? 0) + 1;
    this.#stopRefusals.set(position.symbol, refusals);
    // A clock out of step or a busy venue is mended within seconds: the stop is placed again first.
    if (order.retryable && refusals < MAX_STOP_REFUSALS) return;
    // An exit whose outcome is not known may have closed the position already: a second one is not sized beside it.
    if (this.#isExiting(position.symbol)) return;
    const refused = `the protective stop was refused (${order.detail ?? 'no reason'})`;
    if (position.lots === 0) {
      this.#core.alertRarely(
        'STOP_REFUSED',
        `${refused}; whether there is a position is not known yet: nothing is closed`,
        position.symbol,
      );
      return;
    }
    if (this.#isHalted(position.symbol)) {
      this.#core.alertRarely(
        'STOP_REFUSED',
        `${refused}; in halted only an operator closes the position`,
        position.symbol,
      );
      return;
    }
    // RISK: a position without its stop. A stop that the venue refuses ends in an exit of the gate.
    this.#core.alert('STOP_REFUSED', `${refused}: the position is closed`, position.symbol);
    await this.#exit({
      ...bareRequest(this.#core, position.symbol),
      fraction: 1,
      intent: 'close',
      order_type: 'market',
      reduce_only: true,
      side,
      tool: 'close_position',
    });
  }

  /** A stop that goes on being refused for the same reason is recorded once. */
  #isNews(symbol: string, decision: ExecutionDecision): boolean {
    const denied = decision.decision === 'BLOCK' ? (decision.reasons[0]?.code ?? '') : null;
    const isNews = denied === null || denied !== this.#stopDenied.get(symbol);
    this.#stopDenied.set(symbol, denied);
    return isNews;
  }

  async #placeStop(position: PositionState, held: number, side: 'buy' | 'sell'): Promise<OrderState | null> {
    const rules = this.#core.state.rules.get(position.symbol);
    const entryPrice = this.#entryPrice(position);
    if (rules === undefined || entryPrice <= 0) return null;
    const distance = this.#core.policySpec.protection.stop_bps / 1e4;
    const price = side === 'sell' ? entryPrice * (1 - distance) : entryPrice * (1 + distance);
    const ticks = Math.round((price * rules.tickScale) / rules.tickMantissa);
    const lots = Math.abs(held);
    const request: ExecutionRequest = {
      ...bareRequest(this.#core, position.symbol),
      fraction: 1,
      intent: 'close',
      order_type: 'market',
      reduce_only: true,
      side,
      tool: 'close_position',
    };
    const decided = takeDecision(
      this.#core,
      request,
      {
        phase: 'parent',
        venue: this.#core.settings.venue,
        accountName: this.#core.settings.account,
        tokenSkillSha256: null,
        schemaViolation: null,
        own: null,
        leaving: null,
        exitRung: 0,
        sliceLots: lots,
        parentPriceTicks: null,
        target: null,
      },
      {
        kind: 'gate',
        route: 'stop',
        bodyHash: null,
        texts: {},
        parentDecisionId: null,
        skipUnless: (decision) => this.#isNews(position.symbol, decision),
        plan: (decision, seq) => {
          if (decision.effective?.action !== 'exit') return NO_ORDERS();
          return [
            {
              client_order_id: clientOrderId(this.#core.ports.ledger.genesis.genesis_id, seq, 0, 0),
              delay_ms: 0,
              kind: 'algo',
              leverage: 1,
              lots,
              order_type: 'market',
              price_ticks: null,
              protective: true,
              reduce_only: true,
              side,
              slice: 0,
              symbol: position.symbol,
              time_in_force: null,
              trigger_ticks: ticks,
            },
          ];
        },
      },
    );
    const planned = decided?.event.orders[0];
    if (decided === null || planned === undefined) return null;
    await decided.appended.committed;
    const order = this.#core.state.orders.all.get(planned.client_order_id);
    if (order === undefined || isTerminal(order.status)) return null;
    await this.#sender.sendStop(order);
    return order;
  }

  /** Of the position, or of what the venue shows where we know of none. */
  #entryPrice(position: PositionState): number {
    if (position.lots !== 0) return position.entryPrice;
    const shown = this.#core.state.account?.positions.find((record) => record.symbol === position.symbol);
    return shown?.entry_price ?? 0;
  }

  /**
   * The position is no longer there, though our view still holds it: a stop has fired and the account has not been read
   * since, or the venue shows nothing on that side while a fill is on its way. There is nothing to protect or to cut;
   * the venue would refuse both.
   */
  #isGone(position: PositionState): boolean {
    const stop = this.#lastStop.get(position.symbol);
    const readAtMs = this.#core.state.account?.requested_at_ms ?? Number.NEGATIVE_INFINITY;
    if (stop?.status === 'filled' && stop.updatedAtMs > readAtMs) return true;
    if (position.lots === 0) return false;
    return position.disputedLots !== null && position.disputedLots * Math.sign(position.lots) <= 0;
  }
}
