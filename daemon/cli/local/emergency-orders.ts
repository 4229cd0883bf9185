import { randomBytes } from 'node:crypto';
import type { OrderInstruction, SubmitOutcome, VenueOrder, VenuePort } from '../../gate/venue-port.ts';

/** Exits that the venue refused in a row before the protective stop counts as what locks them out. */
const REFUSALS_BEFORE_STOP = 3;

interface HeldPosition {
  readonly symbol: string;
  /** Signed lots. */
  readonly lots: number;
}
/** A symbol that is not flat, or of which it is not known whether it is. */
interface Occupied {
  readonly symbol: string;
}

/** Cannot add to a position: it stays until its symbol is flat. */
function reduces(order: VenueOrder): boolean {
  return order.reduceOnly || order.closePosition;
}

/**
 * Orders and cancels of the emergency flatten. Each call begins what is not under way yet and returns: what hangs in
 * one symbol holds up no other, and no cancel holds up an exit.
 */
export class EmergencyOrders {
  readonly #venue: VenuePort;
  readonly #send: (exit: OrderInstruction) => Promise<SubmitOutcome>;
  readonly #say: (line: string) => void;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Largest market order, lots; null: not known, and the whole position is one order. */
  readonly #findLargest: (symbol: string) => number | null;
  /** Exits in a row that were refused for other reduce-only orders, by symbol. */
  readonly #locked = new Map<string, number>();

  constructor(
    venue: VenuePort,
    findLargest: (symbol: string) => number | null,
    send: (exit: OrderInstruction) => Promise<SubmitOutcome>,
    say: (line: string) => void,
  ) {
    this.#venue = venue;
    this.#findLargest = findLargest;
    this.#send = send;
    this.#say = say;
  }

  /** What is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Closes what is held; `list`: open orders, asked for where one of them locks an exit out. */
  exit(positions: readonly HeldPosition[], list: () => Promise<readonly VenueOrder[]>): void {
    for (const position of positions) this.#begin(`exit ${position.symbol}`, () => this.#exit(position, list));
  }

  cancelOpenings(orders: readonly VenueOrder[]): void {
    const openings = orders.filter((order) => !reduces(order));
    for (const symbol of new Set(openings.map((order) => order.symbol))) {
      const own = openings.filter((order) => order.symbol === symbol);
      this.#begin(`openings ${symbol}`, () => this.#cancel(symbol, own, 'opening orders canceled'));
    }
  }

  /** Whether a symbol is without position and opening orders, so that what is left there may go. */
  hasFlat(orders: readonly VenueOrder[], positions: readonly Occupied[] | null): boolean {
    return findFlat(orders, positions).length > 0;
  }

  /** Every order of the symbols that are flat; `positions`: read after `orders`, null: nothing is known to be flat. */
  cancelRest(orders: readonly VenueOrder[], positions: readonly Occupied[] | null): void {
    for (const symbol of findFlat(orders, positions)) {
      this.#begin(`rest ${symbol}`, async () => {
        const outcome = await this.#venue.cancelAll(symbol);
        this.#say(
          outcome.kind === 'ok' ? `${symbol}: flat, orders canceled` : `${symbol}: cancel failed: ${outcome.detail}`,
        );
      });
    }
  }

  #begin(what: string, run: () => Promise<void>): void {
    if (this.#underWay.has(what)) return;
    const running = run()
      .catch((error: unknown) => this.#say(`${what} failed: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => this.#underWay.delete(what));
    this.#underWay.set(what, running);
  }

  async #cancel(symbol: string, orders: readonly VenueOrder[], done: string): Promise<void> {
    const cancel = ({ clientOrderId, kind }: VenueOrder) => this.#venue.cancel(symbol, clientOrderId, kind);
    const outcomes = await Promise.all(orders.map(cancel));
    const failed = outcomes.find((outcome) => outcome.kind !== 'canceled');
    if (failed === undefined) this.#say(`${symbol}: ${done}`);
    else if (failed.kind === 'rejected') this.#say(`${symbol}: cancel failed: ${failed.rejection.message}`);
    else if (failed.kind === 'unknown') this.#say(`${symbol}: cancel failed: ${failed.detail}`);
  }

  /** RISK: MARKET and reduceOnly, at most the position: it only reduces. */
  async #exit({ symbol, lots }: HeldPosition, list: () => Promise<readonly VenueOrder[]>): Promise<void> {
    const largest = Math.max(1, this.#findLargest(symbol) ?? Math.abs(lots));
    for (let left = Math.abs(lots); left > 0; left -= largest) {
      const exit: OrderInstruction = {
        clientOrderId: `em${randomBytes(8).toString('hex')}`,
        symbol,
        side: lots > 0 ? 'sell' : 'buy',
        orderType: 'market',
        timeInForce: null,
        goodTillMs: null,
        quantityE8: Math.min(left, largest),
        priceE8: null,
        reduceOnly: true,
      };
      const outcome = await this.#send(exit);
      if (outcome.kind === 'rejected') {
        this.#say(`${symbol}: exit refused: ${outcome.rejection.message}`);
        await this.#makeRoom(exit, outcome, list);
        return;
      }
      this.#locked.delete(symbol);
      this.#say(
        `${symbol}: exit of ${exit.quantityE8} lots ${outcome.kind === 'accepted' ? 'accepted' : 'sent, no answer'}`,
      );
    }
  }

  /**
   * Takes only what may lock the exit out, and the next only once that is gone and the exit is refused again: resting
   * reduce-only orders first, conditional ones of a size of their own then, the protective stop last.
   */
  async #makeRoom(
    { symbol, side }: OrderInstruction,
    outcome: SubmitOutcome,
    list: () => Promise<readonly VenueOrder[]>,
  ): Promise<void> {
    if (outcome.kind !== 'rejected' || outcome.rejection.consequence !== 'cancel_sibling') return;
    const siblings = (await list()).filter((order) => order.symbol === symbol && order.side === side && reduces(order));
    const refusals = (this.#locked.get(symbol) ?? 0) + 1;
    this.#locked.set(symbol, refusals);
    const resting = siblings.filter((order) => order.kind === 'regular');
    const sized = siblings.filter((order) => order.kind === 'algo' && !order.closePosition);
    const stops = siblings.filter((order) => order.kind === 'algo' && order.closePosition);
    const inTheWay =
      resting.length > 0 ? resting : sized.length > 0 ? sized : refusals >= REFUSALS_BEFORE_STOP ? stops : [];
    if (inTheWay.length > 0) await this.#cancel(symbol, inTheWay, 'canceled what locks the exit out');
  }
}

function findFlat(orders: readonly VenueOrder[], positions: readonly Occupied[] | null): readonly string[] {
  if (positions === null) return [];
  const symbols = [...new Set(orders.map((order) => order.symbol))];
  const mayOpen = new Set(orders.filter((order) => !reduces(order)).map((order) => order.symbol));
  return symbols.filter((symbol) => !mayOpen.has(symbol) && !positions.some((held) => held.symbol === symbol));
}
