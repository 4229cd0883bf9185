import type { AgentRequest } from '../facts/agents.ts';
import type { AskFacts, RequestVerdict } from '../facts/judging.ts';
import type { Caps, OpeningJudge, Proposal } from './opening.ts';
import type { OrderDesk } from './order-desk.ts';
import { namesOf, RULE_BIT } from './rules.ts';
import type { JudgeScope } from './scope.ts';
import type { SymbolBook } from './symbol-book.ts';

/** What a request amounts to at the exchange if it is executed as asked. */
export interface Sized {
  /** After the exchange's filters; 0: it could not take it. */
  readonly lots: number;
  /** Most that a lot may cost, USDT per unit; 0: no bound of its own. */
  readonly price: number;
}
const NOTHING: Sized = { lots: 0, price: 0 };

/**
 * Whole lots of a request in USDT, never more than was asked: a buy at market is floored at the worst price that the
 * request itself permits (`slippageBps` when it names none), a limit order at its limit; a sale below the market fills
 * there, and is floored at the worst price that it permits.
 */
export function sizeOrder(book: SymbolBook, sign: number, request: AgentRequest, slippageBps: number): Sized {
  const { requestedNotional, orderType, limitPrice } = request;
  const isLimit = orderType === 'limit';
  if (requestedNotional === null || !(requestedNotional > 0) || book.mark <= 0) return NOTHING;
  if (isLimit && !(limitPrice !== null && limitPrice > 0)) return NOTHING;
  const slippage = (request.maxSlippageBps ?? slippageBps) / 1e4;
  const price = isLimit ? limitPrice! : sign > 0 ? book.mark * (1 + slippage) : 0;
  const least = sign > 0 ? 0 : book.mark * (1 - slippage);
  const lotUsdt = book.lotSize * (isLimit ? Math.max(price, least) : Math.max(book.mark, price));
  const lots = Math.min(Math.floor(requestedNotional / lotUsdt + 1e-9), book.instrument.maxLots);
  return { lots: filtered(book, lots, isLimit ? price : book.mark, request.reduceOnly), price };
}

/** Lots after LOT_SIZE and MIN_NOTIONAL, from which reduce-only orders are exempt. */
export function filtered(book: SymbolBook, lots: number, price: number, isReducing: boolean): number {
  const { minLots, minNotionalUsdt } = book.instrument;
  if (!(lots >= minLots)) return 0;
  return isReducing || lots * book.lotSize * price >= minNotionalUsdt ? lots : 0;
}

/** Lots of closing a share of the position. */
export function sizeClose(book: SymbolBook, fraction: number | null): number {
  const held = Math.abs(book.lots);
  const share = fraction === null ? 1 : Math.min(1, Math.max(0, fraction));
  return filtered(book, Math.floor(held * share + 1e-9), book.mark, true);
}

/** Judges requests as they were asked, for FalseBlock: what opens without any tolerance (SAE section 9). */
export class AskJudge {
  readonly #scope: JudgeScope;
  readonly #bookOf: ReadonlyMap<string, SymbolBook>;
  readonly #opening: OpeningJudge;
  readonly #desk: OrderDesk;
  /** Rules of T that an ask breaks, by ask; only those that break one. */
  readonly #scopeBits = new Map<number, number>();

  constructor(scope: JudgeScope, bookOf: ReadonlyMap<string, SymbolBook>, opening: OpeningJudge, desk: OrderDesk) {
    this.#scope = scope;
    this.#bookOf = bookOf;
    this.#opening = opening;
    this.#desk = desk;
  }

  /** Rules of T that the ask of an order breaks; none for what nobody requested. */
  scopeBitsOf(askId: number): number {
    return this.#scopeBits.get(askId) ?? 0;
  }

  judge({ askId, atMs, request }: AskFacts): RequestVerdict {
    const scopeBits = this.#scopeOf(request);
    if (scopeBits !== 0) this.#scopeBits.set(askId, scopeBits);
    switch (request.tool) {
      case 'modify_order':
        return this.#judgeModify(request, scopeBits, atMs);
      case 'cancel_order':
      case 'cancel_all':
        return verdictOf(scopeBits, scopeBits, 0);
      case 'close_position': {
        const book = this.#bookOf.get(request.symbol ?? '');
        return this.#judgeExit(book, scopeBits, book === undefined ? 0 : sizeClose(book, request.fraction));
      }
      default:
        return this.#judgeOrder(request, scopeBits, atMs);
    }
  }

  /** T by what the tool carries: only orders name a venue and an account. */
  #scopeOf({ tool, intent, venue, account, symbol }: AgentRequest): number {
    const { tools, actions, venues, accounts } = this.#scope;
    let bits = 0;
    if (!tools.includes(tool)) bits |= RULE_BIT.scope_tool;
    if (!actions.includes(intent)) bits |= RULE_BIT.scope_action;
    const isOrder = tool === 'place_order' || bits !== 0;
    if (isOrder && !venues.includes(venue)) bits |= RULE_BIT.scope_venue;
    if (isOrder && !accounts.includes(account)) bits |= RULE_BIT.scope_account;
    if (symbol !== null && !this.#bookOf.has(symbol)) bits |= RULE_BIT.scope_symbol;
    return bits;
  }

  #judgeOrder(request: AgentRequest, scopeBits: number, atMs: number): RequestVerdict {
    const book = this.#bookOf.get(request.symbol ?? '');
    if (book === undefined || request.side === null) return verdictOf(scopeBits, scopeBits, 0);
    const sign = request.side === 'buy' ? 1 : -1;
    const caps = this.#opening.look(book, sign, null, atMs);
    const sized = sizeOrder(book, sign, request, caps.tightened.slippageBps);
    const closable = book.closable(sign);
    if (request.intent === 'close' || request.reduceOnly || (sized.lots > 0 && sized.lots <= closable))
      return this.#judgeExit(book, scopeBits, Math.min(sized.lots, closable));
    if (sized.lots === 0) return verdictOf(scopeBits, scopeBits, 0);
    const { requestedLeverage: leverage, maxSlippageBps } = request;
    const { lots, price } = sized;
    const proposal = { book, sign, lots, price, leverage, atMs, hasMark: book.hasMark, without: null };
    return this.#judgeProposal(proposal, caps, maxSlippageBps, scopeBits);
  }

  /** A position may always be reduced: nothing but T can forbid it. */
  #judgeExit(book: SymbolBook | undefined, scopeBits: number, lots: number): RequestVerdict {
    return verdictOf(scopeBits, scopeBits, book?.hasMark === true ? lots : 0);
  }

  #judgeProposal(proposal: Proposal, caps: Caps, slippageBps: number | null, scopeBits: number): RequestVerdict {
    const opening = this.#opening;
    const { book, sign, lots, atMs, hasMark } = proposal;
    const { tightened, around } = caps;
    const { hard } = opening;
    const openLots = lots - Math.min(lots, book.closable(sign));
    let bits = scopeBits | opening.decide(proposal, tightened, around, false).bitsFor(openLots, 0);
    let hardBits = scopeBits | opening.decide(proposal, hard, around, true).bitsFor(openLots, 0);
    bits |= opening.temporalBits(proposal, tightened, 1);
    hardBits |= opening.rateBit(atMs, hard, 1);
    if (slippageBps !== null && slippageBps > tightened.slippageBps * (1 + 1e-9)) bits |= RULE_BIT.slippage;
    if (slippageBps !== null && slippageBps > hard.slippageBps * (1 + 1e-9)) hardBits |= RULE_BIT.slippage;
    return verdictOf(bits, hardBits, hasMark ? lots : 0);
  }

  /** The order as it would stand after the modification, judged as new unless it only becomes milder. */
  #judgeModify(request: AgentRequest, scopeBits: number, atMs: number): RequestVerdict {
    const order = this.#desk.find(request.clientOrderId ?? '');
    if (order === undefined) return verdictOf(scopeBits, scopeBits, 0);
    const { book, sign, leverage } = order;
    const price = request.limitPrice ?? order.price;
    const lotUsdt = book.lotSize * price;
    const wanted = request.requestedNotional;
    const total = wanted === null ? order.lots : Math.floor(wanted / lotUsdt + 1e-9);
    const lots = filtered(book, Math.max(0, total - order.filled), price, order.reduceOnly);
    const isMilder = total <= order.lots && (sign > 0 ? price <= order.price : price >= order.price);
    if (isMilder || order.reduceOnly) return verdictOf(scopeBits, scopeBits, lots);
    const proposal = { book, sign, lots, price, leverage, atMs, hasMark: book.hasMark, without: order };
    return this.#judgeProposal(proposal, this.#opening.look(book, sign, order, atMs), null, scopeBits);
  }
}

function verdictOf(bits: number, hardBits: number, lots: number): RequestVerdict {
  return { inTightenedScope: bits === 0, inHardScope: hardBits === 0, lots, rules: namesOf(bits) };
}
