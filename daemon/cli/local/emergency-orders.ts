import { randomBytes } from 'node:crypto';
import type { VenuePort } from '../../driver/ports.ts';
import type { OrderInstruction, SubmitOutcome, VenueOrder } from '../../engine/records/venue.ts';
import { rowOf } from '../../engine/tables/cause.ts';
import type { HeldPosition } from '../../venue/reads/emergency-reads.ts';
import { formatE8 } from '../../venue/wire/exact-fields.ts';

/** Exits that the venue refused in a row before the protective stop counts as what locks them out. */
const REFUSALS_BEFORE_STOP = 3;

/** How exits of a symbol are cut into orders of the venue, in units of 1e-8. */
interface Cuts {
  splitClosing(symbol: string, heldE8: bigint): readonly number[];
  largestE8(symbol: string): number;
  /** The filters of the venue are read again. */
  reload(): Promise<void>;
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
  readonly #cuts: Cuts;
  /** Exits in a row that were refused for other reduce-only orders, by symbol. */
  readonly #locked = new Map<string, number>();

  constructor(
    venue: VenuePort,
    cuts: Cuts,
    send: (exit: OrderInstruction) => Promise<SubmitOutcome>,
    say: (line: string) => void,
  ) {
    this.#venue = venue;
    this.#cuts = cuts;
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
  hasFlat(orders: readonly Occupied[], positions: readonly Occupied[] | null): boolean {
    return findFlat(orders, positions).length > 0;
  }

  /**
   * Of a position that cannot be read only the symbol is known. RISK: as much as one order may have, on either side:
   * reduceOnly takes no more than is held, and nothing on the side where nothing is.
   */
  exitUnread(symbols: readonly string[]): void {
    for (const symbol of symbols)
      this.#begin(`exit ${symbol}`, async () => {
        const quantityE8 = this.#cuts.largestE8(symbol);
        for (const side of ['sell', 'buy'] as const) {
          const outcome = await this.#send(buildExit(symbol, side, quantityE8));
          if (outcome.kind === 'accepted') this.#say(`${symbol}: exit of what cannot be read accepted`);
        }
      });
  }

  /** Every order of the symbols that are flat; `positions`: read after `orders`, null: nothing is known to be flat. */
  cancelRest(orders: readonly Occupied[], positions: readonly Occupied[] | null): void {
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

  /** RISK: MARKET and reduceOnly: of what is more than the position the venue takes nothing. */
  async #exit({ heldE8, symbol }: HeldPosition, list: () => Promise<readonly VenueOrder[]>): Promise<void> {
    const side = heldE8 > 0n ? 'sell' : 'buy';
    for (const quantityE8 of this.#cuts.splitClosing(symbol, heldE8 > 0n ? heldE8 : -heldE8)) {
      const exit = buildExit(symbol, side, quantityE8);
      const outcome = await this.#send(exit);
      if (outcome.kind === 'rejected') {
        this.#say(`${symbol}: exit refused: ${outcome.rejection.message}`);
        if (rowOf(outcome.rejection.cause).first === 'rules') await this.#cuts.reload();
        await this.#makeRoom(exit, outcome, list);
        return;
      }
      this.#locked.delete(symbol);
      const quantity = formatE8(BigInt(quantityE8));
      this.#say(`${symbol}: exit of ${quantity} ${outcome.kind === 'accepted' ? 'accepted' : 'sent, no answer'}`);
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
    if (outcome.kind !== 'rejected' || outcome.rejection.cause !== 'nothing_to_reduce') return;
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

function buildExit(symbol: string, side: OrderInstruction['side'], quantityE8: number): OrderInstruction {
  return {
    clientOrderId: `em${randomBytes(8).toString('hex')}`,
    symbol,
    side,
    orderType: 'market',
    timeInForce: null,
    goodTillMs: null,
    quantityE8,
    priceE8: null,
    reduceOnly: true,
  };
}

/** An order that cannot be read counts as one that may go with all of its symbol. */
function findFlat(orders: readonly Occupied[], positions: readonly Occupied[] | null): readonly string[] {
  if (positions === null) return [];
  const symbols = [...new Set(orders.map((order) => order.symbol))];
  const mayOpen = new Set(
    orders.filter((order) => 'kind' in order && !reduces(order as VenueOrder)).map((order) => order.symbol),
  );
  return symbols.filter((symbol) => !mayOpen.has(symbol) && !positions.some((held) => held.symbol === symbol));
}
