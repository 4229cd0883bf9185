import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { capOf, factorOf, leverageOf, sectionOf } from './budgets.ts';
import { e8, type Fraction, fraction, isAbove, least, plus, show, times, usdt } from './exact.ts';
import { BELIEVED_MS, type Opening, opens, type Raw, rawOf, type Spec } from './raw.ts';

/**
 * Openings that add risk. An amend to less, at no better a price, may rest above a cap that has tightened since, as the
 * order did that it makes smaller.
 */
function risksOf({ openings }: Raw): readonly Opening[] {
  return openings.filter(({ isLess }) => !isLess);
}

/** The price that an order counts at: the worse of the mark of its decision and its own. */
function valuedE8({ decision, priceE8 }: Pick<Opening, 'decision' | 'priceE8'>): bigint {
  const markE8 = e8(decision.event.context.market.mark ?? 0);
  return priceE8 > markE8 ? priceE8 : markE8;
}

function big(quantityE8: number | undefined): bigint {
  return BigInt(quantityE8 ?? 0);
}

/** No order is worth more than `budgets.order_notional_usdt`, of the account and of its agent, in all its slices [PK-7] [PK-32] [TM-2]. */
export function findOrdersBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const breaches: Breach[] = [];
  const judge = (opening: Pick<Opening, 'decision' | 'priceE8'>, quantityE8: bigint, where: string): void => {
    const spec = raw.policyAt(opening.decision.seq);
    if (spec === null) return;
    const cap = capOf(spec, opening.decision, 'order_notional_usdt', 'notional');
    const worth = usdt(quantityE8, valuedE8(opening));
    if (isAbove(worth, cap))
      breaches.push({ code: 'second/order-cap', detail: `${where} is worth ${show(worth)}, the cap is ${show(cap)}` });
  };
  for (const decision of raw.decisions) {
    const { effective } = decision.event.decision;
    if (!opens(decision) || effective?.quantity == null || decision.event.orders.length === 0) continue;
    const priceE8 = e8(effective.limit_price ?? '0');
    judge({ decision, priceE8 }, e8(effective.quantity), `${decision.id} at ${at(decision.atMs)}`);
  }
  for (const opening of risksOf(raw))
    judge(opening, opening.quantityE8, `${opening.id}, sent at ${at(opening.sentAtMs)},`);
  return breaches;
}

/** What a symbol may come to on the side of an opening, with what is held and what rests, at the mark of its decision. */
function worstCase(opening: Opening): Fraction {
  const { send, side, symbol } = opening;
  const sign = side === 'buy' ? 1n : -1n;
  const held = sign * big(send.quantityE8.get(symbol));
  const resting = big((side === 'buy' ? send.restingBuys : send.restingSells).get(symbol));
  const before = usdt((held > 0n ? held : 0n) + resting, e8(opening.decision.event.context.market.mark ?? 0));
  return plus(before, usdt(opening.quantityE8, valuedE8(opening)));
}

/**
 * Whatever opens, the position of its symbol and all that rests on its side come to no more than
 * `budgets.symbol_notional_usdt`, of the account and of its agent [PK-8] [PK-32] [TM-2].
 * @except within 75 s something moved the symbol that the ledger does not know of
 */
export function findSymbolsBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return risksOf(raw).flatMap((opening) => {
    const { decision, id, servedAtMs, symbol } = opening;
    const spec = raw.policyAt(decision.seq);
    if (spec === null || raw.isDisturbed(symbol, servedAtMs - BELIEVED_MS, servedAtMs)) return [];
    const cap = capOf(spec, decision, 'symbol_notional_usdt', 'notional');
    const worth = worstCase(opening);
    if (!isAbove(worth, cap)) return [];
    const detail = `with ${id} at ${at(servedAtMs)} ${symbol} comes to ${show(worth)}, the cap is ${show(cap)}`;
    return [{ code: 'second/symbol-cap', detail }];
  });
}

/** The lowest mark that a symbol had within the span in which a mark may be used, in units of 1e-8. */
function lowestE8({ history }: Raw, { decision, send, servedAtMs }: Opening, symbol: string): bigint {
  const fromMs = decision.atMs - 10_000;
  let lowest = send.marks.get(symbol) ?? 0;
  const { marks } = history.world.venue;
  for (let index = marks.length - 1; index >= 0; index -= 1) {
    const mark = marks[index];
    if (mark === undefined || mark.symbol !== symbol || mark.atMs > servedAtMs) continue;
    lowest = Math.min(lowest, mark.mark);
    if (mark.atMs < fromMs) break;
  }
  return e8(lowest);
}

function grossOf(raw: Raw, opening: Opening): Fraction {
  const { send, symbol } = opening;
  let gross = worstCase(opening);
  for (const other of send.marks.keys()) {
    if (other === symbol) continue;
    const held = big(send.quantityE8.get(other));
    const long = (held > 0n ? held : 0n) + big(send.restingBuys.get(other));
    const short = (held < 0n ? -held : 0n) + big(send.restingSells.get(other));
    gross = plus(gross, usdt(long > short ? long : short, lowestE8(raw, opening, other)));
  }
  return gross;
}

/** What an agent has opened in all symbols, of those that it holds, with an opening of its own. */
function ownGrossOf(raw: Raw, opening: Opening): Fraction {
  const { root, send, servedAtMs, symbol } = opening;
  let gross = worstCase(opening);
  for (const [other, quantityE8] of send.quantityE8) {
    if (other === symbol || quantityE8 === 0) continue;
    const before = raw.history.fills.filter((fill) => fill.symbol === other && fill.atMs < servedAtMs);
    const since = before.slice(before.findLastIndex((fill) => fill.before === 0));
    if (since[0]?.order?.decision.agent !== root.agent) continue;
    // What a person has added since is nobody's.
    const ownE8 = since.reduce((sum, fill) => sum + (fill.order === null ? 0 : fill.after - fill.before), 0);
    const heldE8 = Math.min(Math.abs(quantityE8), Math.abs(ownE8));
    gross = plus(gross, usdt(big(heldE8), lowestE8(raw, opening, other)));
  }
  return gross;
}

/**
 * Whatever opens, all symbols together come to no more than `budgets.gross_notional_usdt`, of the account and of its agent,
 * nor than `budgets.leverage` times the equity [PK-9] [PK-6] [PK-32] [TM-2].
 * @except within 75 s something moved a symbol that the ledger does not know of
 */
export function findGrossBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return risksOf(raw).flatMap((opening) => {
    const { decision, id, root, send, servedAtMs } = opening;
    const spec = raw.policyAt(decision.seq);
    const { account } = decision.event.context;
    if (spec === null || account === null) return [];
    for (const symbol of send.marks.keys())
      if (raw.isDisturbed(symbol, servedAtMs - BELIEVED_MS, servedAtMs)) return [];
    const own = (sectionOf(spec, root.agent).budgets as { readonly gross_notional_usdt?: number } | undefined) ?? {};
    const cap = capOf(spec, decision, 'gross_notional_usdt', 'notional', false);
    const borrowed = times(leverageOf(spec, decision, false), fraction(account.equity_usdt ?? 0));
    const where = `with ${id} at ${at(servedAtMs)}`;
    const judge = (code: string, whose: string, worth: Fraction, most: Fraction): readonly Breach[] =>
      isAbove(worth, most) ? [{ code, detail: `${where} ${whose} come to ${show(worth)}, of ${show(most)}` }] : [];
    const gross = grossOf(raw, opening);
    return [
      ...judge('second/gross-cap', 'all symbols', gross, cap),
      ...judge('second/account-leverage', 'all symbols', gross, borrowed),
      ...(own.gross_notional_usdt === undefined
        ? []
        : judge(
            'second/gross-cap',
            `those of ${root.agent}`,
            ownGrossOf(raw, opening),
            fraction(own.gross_notional_usdt),
          )),
    ];
  });
}

/**
 * Nothing opens while its symbol is set to a leverage at the exchange that is above what its decision leaves [EX-20].
 * @except a person sets leverage at the exchange itself
 */
export function findLeverageBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const { setup, steps } = history.plan;
  const isSet = ({ of }: { readonly of: string }): boolean => of === 'leverage';
  if (setup.account?.begins.some(isSet) || steps.some(({ do: act }) => act.kind === 'setting' && isSet(act.setting)))
    return [];
  return raw.openings.flatMap(({ decision, id, send, servedAtMs }) => {
    const spec = raw.policyAt(decision.seq);
    if (spec === null) return [];
    const most = leverageOf(spec, decision);
    if (!isAbove(fraction(send.leverage), most)) return [];
    const detail = `${id} came at ${at(servedAtMs)} at a leverage of ${send.leverage}, the most is ${show(most)}`;
    return [{ code: 'second/leverage-setting', detail }];
  });
}

interface Rate {
  readonly max: number;
  readonly window_ms: number;
}

/** What an agent, or null: all together, may send when an opening is asked for: a section's own rate holds as written. */
function rateOf(spec: Spec, { root }: Opening, agent: string | null): Rate | null {
  const { order_rate: rate } = spec.budgets;
  const factor = factorOf(spec, root, 'order_rate');
  if (agent === null)
    return { ...rate, max: Math.max(1, Math.floor((rate.max * Number(factor.n)) / Number(factor.d))) };
  return (sectionOf(spec, agent).budgets as { readonly order_rate?: Rate } | undefined)?.order_rate ?? null;
}

/**
 * Of the orders of `budgets.order_rate`, counted when they are asked for, all slices at once, no more than `max` are sent
 * within `window_ms`, by all together and by an agent that has a rate of its own [PK-10] [PK-173] [PK-167].
 */
export function findRateBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const posts = raw.openings
    .filter(({ isAmend }) => !isAmend)
    .map((opening) => ({ opening, atMs: opening.root.event.decision.at_ms }))
    .sort((a, b) => a.opening.root.seq - b.opening.root.seq);
  const breaches: Breach[] = [];
  for (const agent of [null, ...new Set(posts.map(({ opening }) => opening.root.agent))]) {
    const own = posts.filter(({ opening }) => agent === null || opening.root.agent === agent);
    let first = 0;
    for (const [last, { atMs, opening }] of own.entries()) {
      const { id, root } = opening;
      const spec = raw.policyAt(root.seq);
      const rate = spec === null ? null : rateOf(spec, opening, agent);
      if (rate === null) continue;
      while ((own[first]?.atMs ?? 0) <= atMs - rate.window_ms) first += 1;
      if (last - first < rate.max) continue;
      const detail = `${id} of ${at(root.atMs)} is opening order ${last - first + 1} of ${agent ?? 'all'} within ${rate.window_ms} ms, the most are ${rate.max}`;
      breaches.push({ code: 'second/order-rate', detail });
    }
  }
  return breaches;
}

/**
 * An opening goes no further from the middle of the book of its decision than its caller's `max_slippage_bps`, nor than
 * `budgets.slippage_bps` leaves [PK-11] [PK-168].
 */
export function findSlipped(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return raw.decisions.flatMap((decision) => {
    const { context, decision: decided, orders, request } = decision.event;
    const { ask, bid } = context.market;
    const spec = raw.policyAt(decision.seq);
    const price = decided.effective?.limit_price;
    if (!opens(decision) || orders.length === 0 || spec === null || price == null || bid === null || ask === null)
      return [];
    const asked = request.max_slippage_bps;
    const cap = capOf(spec, decision, 'slippage_bps', 'slippage');
    const bps = asked === null ? cap : least(cap, fraction(asked));
    const isBuy = decided.effective?.side === 'buy';
    const middle = times(plus(fraction(bid), fraction(ask)), { n: 1n, d: 2n });
    const part = times(bps, { n: isBuy ? 1n : -1n, d: 10_000n });
    const bound = times(middle, plus({ n: 1n, d: 1n }, part));
    const isBeyond = isBuy ? isAbove(fraction(price), bound) : isAbove(bound, fraction(price));
    if (!isBeyond) return [];
    const detail = `${decision.id} at ${at(decision.atMs)} goes to ${price}, ${show(bps)} bps from the middle are ${show(bound)}`;
    return [{ code: 'second/slippage', detail }];
  });
}

/**
 * No opening is permitted that would bring what was executed within 24 hours above `budgets.turnover_usdt_per_day`, of the
 * account: what it had executed ten seconds before, and its own [PK-14].
 */
export function findTurnoverBeyond(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const { trades } = history.world.exchange.world.state;
  const dayMs = 86_400_000;
  return raw.decisions.flatMap((decision) => {
    const { decision: decided, orders } = decision.event;
    const spec = raw.policyAt(decision.seq);
    if (!opens(decision) || decided.kind !== 'tool' || orders.length === 0 || spec === null) return [];
    const cap = fraction(spec.budgets.turnover_usdt_per_day);
    let executed = fraction(decided.effective?.notional ?? 0);
    for (const trade of trades) {
      const isCounted = trade.timeMs > decided.at_ms - dayMs + 60_000 && trade.timeMs <= decided.at_ms - 10_000;
      if (isCounted && history.orders.has(trade.clientOrderId))
        executed = plus(executed, { n: trade.quote, d: 100_000_000n });
    }
    if (!isAbove(executed, cap)) return [];
    const detail = `${decision.id} at ${at(decision.atMs)} brings the day to ${show(executed)}, the cap is ${show(cap)}`;
    return [{ code: 'second/turnover', detail }];
  });
}
