import type { AmendFacts, FillFacts, FillVerdict, OrderFacts } from '../facts/judging.ts';
import type { ExecutedDay, Limits, SendLog } from './limits.ts';
import type { Caps, OpeningJudge } from './opening.ts';
import { namesOf, RULE_BIT } from './rules.ts';
import type { JudgeScope } from './scope.ts';
import type { LiveOrder, SymbolBook } from './symbol-book.ts';

export interface DeskParts {
  readonly scope: JudgeScope;
  readonly books: readonly SymbolBook[];
  readonly bookOf: ReadonlyMap<string, SymbolBook>;
  readonly opening: OpeningJudge;
  readonly day: ExecutedDay;
  readonly sends: SendLog;
}
/** First opening order of an ask: its later parts share its temporal rules. */
interface Parent {
  readonly book: SymbolBook;
  readonly sign: number;
  readonly atMs: number;
  readonly bits: number;
  readonly limits: Limits;
}
/** An order or fill outside the market's symbols, of which nothing but the scope can be judged. */
interface Stranger {
  readonly bits: number;
  readonly reduceOnly: boolean;
}
const REDUCING: FillVerdict = { rules: [], openedLots: 0 };

/** Orders, fills and positions of the account: every order is judged when it is decided, every fill when it happens. */
export class OrderDesk {
  readonly #parts: DeskParts;
  readonly #orders = new Map<string, LiveOrder>();
  readonly #strangers = new Map<string, Stranger>();
  readonly #parents = new Map<number, Parent>();
  #longestHoldingMs = 0;

  constructor(parts: DeskParts) {
    this.#parts = parts;
  }

  find(orderId: string): LiveOrder | undefined {
    return this.#orders.get(orderId);
  }

  order(facts: OrderFacts, askBits: number): void {
    if (this.#orders.has(facts.orderId)) throw new RangeError(`order ${facts.orderId} was sent twice`);
    const book = this.#parts.bookOf.get(facts.symbol);
    const scopeBits = askBits | this.#scopeBits(facts, book);
    if (book === undefined) {
      this.#strangers.set(facts.orderId, { bits: scopeBits, reduceOnly: facts.reduceOnly });
      return;
    }
    const sign = facts.side === 'buy' ? 1 : -1;
    const price = book.priceOf(facts.priceTicks);
    const caps = this.#parts.opening.look(book, sign, null, facts.atMs);
    const { lots, leverage, atMs } = facts;
    const decision = this.#parts.opening.decide(
      { book, sign, lots, price, leverage, atMs, hasMark: book.hasMark, without: null },
      caps.tightened,
      caps.around,
      false,
    );
    if (!facts.reduceOnly && lots > book.closable(sign)) decision.bits |= this.#sendOpening(facts, book, sign, caps);
    const { orderId: id, reduceOnly } = facts;
    const order: LiveOrder = {
      id,
      book,
      sign,
      leverage,
      reduceOnly,
      scopeBits,
      lots,
      filled: 0,
      price,
      decision,
      before: null,
    };
    this.#orders.set(id, order);
    book.orders.push(order);
  }

  /** Timers and rate of an opening order; a slice is held to what was known when its parent was decided. */
  #sendOpening(
    facts: Pick<OrderFacts, 'askId' | 'atMs'> & { readonly slice: number },
    book: SymbolBook,
    sign: number,
    caps: Caps,
  ): number {
    const { opening, sends, scope } = this.#parts;
    const { askId, atMs } = facts;
    const parent = facts.slice > 0 ? this.#parents.get(askId) : undefined;
    const isSlice =
      parent !== undefined &&
      parent.book === book &&
      parent.sign === sign &&
      atMs - parent.atMs <= scope.temporal.slices_within_ms;
    if (isSlice) {
      sends.push(atMs, parent.atMs);
      return parent.bits | opening.rateBit(parent.atMs, parent.limits, 0);
    }
    sends.push(atMs, atMs);
    const bits = opening.temporalBits({ book, sign, atMs }, caps.tightened, 0);
    book.openedAtMs = atMs;
    if (askId >= 0) this.#parents.set(askId, { book, sign, atMs, bits, limits: caps.tightened });
    return bits;
  }

  #scopeBits(facts: OrderFacts, book: SymbolBook | undefined): number {
    const { scope } = this.#parts;
    let bits = 0;
    if (!scope.venues.includes(facts.venue)) bits |= RULE_BIT.scope_venue;
    if (!scope.accounts.includes(facts.account)) bits |= RULE_BIT.scope_account;
    if (book === undefined) bits |= RULE_BIT.scope_symbol;
    return bits;
  }

  /**
   * A smaller size at a price no more aggressive leaves the order's decision as it was; anything else is a new opening
   * order (DESIGN "Modify"). An amend that is taken back at once leaves nothing but the send.
   */
  amend(facts: AmendFacts, askBits: number): void {
    const order = this.#orders.get(facts.orderId);
    if (order === undefined) throw new RangeError(`order ${facts.orderId} is not known`);
    const { book, sign, before, leverage } = order;
    const price = book.priceOf(facts.priceTicks);
    const isTakenBack = before !== null && before.lots === facts.lots && before.price === price;
    if (isTakenBack && order.decision.atMs === facts.atMs) {
      order.lots = before.lots;
      order.price = before.price;
      order.decision = before.decision;
      order.before = null;
      return;
    }
    const isMilder = facts.lots <= order.lots && (sign > 0 ? price <= order.price : price >= order.price);
    order.before = isMilder ? null : { lots: order.lots, price: order.price, decision: order.decision };
    if (!isMilder && !order.reduceOnly) {
      const { atMs } = facts;
      const lots = Math.max(0, facts.lots - order.filled);
      const caps = this.#parts.opening.look(book, sign, order, atMs);
      const proposal = { book, sign, lots, price, leverage, atMs, hasMark: book.hasMark, without: order };
      order.decision = this.#parts.opening.decide(proposal, caps.tightened, caps.around, false);
      order.decision.bits |= askBits;
      if (lots > book.closable(sign))
        order.decision.bits |= this.#sendOpening({ askId: facts.askId, atMs, slice: 0 }, book, sign, caps);
    }
    order.lots = facts.lots;
    order.price = price;
  }

  fill(facts: FillFacts): FillVerdict {
    const order = this.#orders.get(facts.orderId);
    if (order === undefined) return this.#fillStranger(facts);
    const { book, sign, decision } = order;
    const closed = Math.min(facts.lots, book.closable(sign));
    const opened = facts.lots - closed;
    order.filled += facts.lots;
    this.#move(book, book.lots + sign * facts.lots, facts.atMs);
    this.#parts.day.push(facts.atMs, facts.lots * book.lotSize * facts.price, facts.feeUsdt);
    if (opened === 0) return REDUCING;
    book.lastOpenSign = sign;
    book.lastOpenFillAtMs = facts.atMs;
    decision.openedLots += opened;
    // What is left of the order is on its way, and would open as well.
    const whole = decision.openedLots + Math.max(0, order.lots - order.filled);
    const bits = order.scopeBits | decision.bitsFor(whole, this.#parts.scope.tolerance.lots);
    return { rules: namesOf(bits | this.#slippageBit(order, facts.price)), openedLots: opened };
  }

  #fillStranger(facts: FillFacts): FillVerdict {
    const stranger = this.#strangers.get(facts.orderId);
    if (stranger === undefined) throw new RangeError(`order ${facts.orderId} is not known`);
    return stranger.reduceOnly ? REDUCING : { rules: namesOf(stranger.bits), openedLots: facts.lots };
  }

  /** The price is judged against the decision's mark: the cap, half the book's spread, and rounding to the tick. */
  #slippageBit({ book, sign, decision }: LiveOrder, price: number): number {
    if (decision.mark <= 0) return 0;
    const { half_spread_bps, ticks } = this.#parts.scope.tolerance;
    const allowed = (decision.mark * (decision.slippageCapBps + half_spread_bps)) / 1e4 + ticks * book.tickSize;
    return (price - decision.mark) * sign > allowed * (1 + 1e-9) ? RULE_BIT.slippage : 0;
  }

  end(orderId: string): void {
    this.#strangers.delete(orderId);
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    this.#orders.delete(orderId);
    order.book.orders.splice(order.book.orders.indexOf(order), 1);
  }

  liquidated(atMs: number): void {
    this.#orders.clear();
    this.#strangers.clear();
    for (const book of this.#parts.books) {
      book.orders.length = 0;
      this.#move(book, 0, atMs);
    }
  }

  longestHoldingMs(atMs: number): number {
    let longest = this.#longestHoldingMs;
    for (const { lots, heldSinceMs } of this.#parts.books)
      if (lots !== 0) longest = Math.max(longest, atMs - heldSinceMs);
    return longest;
  }

  #move(book: SymbolBook, lots: number, atMs: number): void {
    if (book.lots !== 0 && (lots === 0 || Math.sign(lots) !== Math.sign(book.lots)))
      this.#longestHoldingMs = Math.max(this.#longestHoldingMs, atMs - book.heldSinceMs);
    if (lots !== 0 && Math.sign(lots) !== Math.sign(book.lots)) book.heldSinceMs = atMs;
    book.lots = lots;
  }
}
