import { at, type Breach } from '../breach.ts';
import { executedFor, type History } from '../history.ts';
import type { Decision, Fill } from '../records.ts';
import { e8, fraction, isAbove, plus, show, times } from './exact.ts';
import { BELIEVED_MS, opens, type Raw, rawOf } from './raw.ts';

/** A claim that closes now, as it is recorded. */
interface Claim {
  readonly id: string;
  readonly agent: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly isWhole: boolean;
  readonly seq: number;
  readonly atMs: number;
  readonly root: Decision | null;
  readonly quantityE8: number;
  filledE8: number;
  endSeq: number;
  endAtMs: number;
  /** Null: it goes on. */
  reason: string | null;
}

const claimsRead = new WeakMap<Raw, readonly Claim[]>();

function claimsOf(raw: Raw): readonly Claim[] {
  const known = claimsRead.get(raw);
  if (known !== undefined) return known;
  const claims = new Map<string, Claim>();
  for (const { atMs, event, seq } of raw.history.events) {
    if (event.kind !== 'exit_target') continue;
    const { payload } = event;
    if (payload.action === 'opened') {
      const { agent, decision_id: id, side, symbol } = payload;
      const isWhole = (payload as { readonly is_whole?: boolean }).is_whole === true;
      const root = raw.history.decisions.get(id) ?? null;
      const { quantity_e8: quantityE8 } = payload;
      const end = { filledE8: 0, endSeq: Number.POSITIVE_INFINITY, endAtMs: Number.POSITIVE_INFINITY, reason: null };
      claims.set(id, { id, agent, symbol, side, isWhole, seq, atMs, root, quantityE8, ...end });
    } else if (payload.action === 'ended') {
      const claim = claims.get(payload.decision_id);
      // One that rests closes no more now; what ends it later is another end.
      if (claim?.reason === null)
        Object.assign(claim, { filledE8: payload.filled_e8, endSeq: seq, endAtMs: atMs, reason: payload.reason });
    }
  }
  const list = [...claims.values()];
  claimsRead.set(raw, list);
  return list;
}

/** Signed, by the exchange's trades up to an instant, in units of 1e-8. */
function heldAt({ fills }: History, symbol: string, atMs: number): number {
  return fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs)?.after ?? 0;
}

/** What ends a claim without anything being lost: it is done, its asker took it back, it rests, or a later one took its place. */
const WANTED = /^(filled|nothing_left|canceled|replaced|rests)$/;

/**
 * A claim that closes now ends with nothing held, or an alert about its symbol follows within a minute of its end
 * [TM-4] [EX-50].
 * @except it closed all its lots
 * @except its asker took it back
 * @except it rests at its own price
 * @except a later one took its place
 */
export function findLostExits(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const claims = claimsOf(raw);
  return claims.flatMap((claim) => {
    const { endAtMs, id, reason, symbol } = claim;
    if (reason === null || WANTED.test(reason) || claim.filledE8 >= claim.quantityE8) return [];
    const held = heldAt(history, symbol, endAtMs);
    if (held === 0 || held > 0 !== (claim.side === 'sell')) return [];
    if (claims.some((other) => other !== claim && other.symbol === symbol && other.endAtMs > endAtMs)) return [];
    const isReported = history.events.some(
      ({ atMs, event }) =>
        event.kind === 'alert' && event.payload.symbol === symbol && atMs >= claim.atMs && atMs <= endAtMs + 60_000,
    );
    if (isReported) return [];
    const detail = `${id} ended at ${at(endAtMs)} (${reason}) with ${held} of ${symbol} held, and no alert says so`;
    return [{ code: 'second/lost-exit', detail }];
  });
}

/**
 * No claim is forgotten: once everything is quiet, each has ended, or an alert about its symbol says why it goes on
 * [EX-64].
 * @except it was recorded within the last minute
 */
export function findForgottenClaims(history: History): readonly Breach[] {
  return claimsOf(rawOf(history)).flatMap(({ atMs, id, reason, symbol }) => {
    if (reason !== null || atMs > history.endMs - 60_000) return [];
    if (heldAt(history, symbol, history.endMs) === 0 && history.world.venue.heldE8(symbol) === 0)
      return [
        { code: 'second/forgotten-claim', detail: `${id} of ${at(atMs)} goes on, with nothing of ${symbol} held` },
      ];
    const isReported = history.events.some(
      (note) => note.atMs >= atMs && note.event.kind === 'alert' && note.event.payload.symbol === symbol,
    );
    if (isReported) return [];
    const detail = `${id} of ${at(atMs)} goes on at the end, ${symbol} is held, and no alert says so`;
    return [{ code: 'second/forgotten-claim', detail }];
  });
}

/** Each permitted exit of an agent that closes now is a claim from its own record on [EX-22]. */
export function findUnclaimed(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const claims = new Set(claimsOf(raw).map(({ id }) => id));
  return raw.decisions.flatMap(({ atMs, event: { decision, request }, id }) => {
    const isNow = request.tool === 'close_position' || request.order_type === 'market';
    const isExit = decision.decision !== 'BLOCK' && decision.effective?.action === 'exit';
    if (decision.kind !== 'tool' || !isExit || !isNow || claims.has(id)) return [];
    return [{ code: 'second/unclaimed', detail: `${id} of ${at(atMs)} closes now, and no claim is on record` }];
  });
}

/**
 * What closes is sent as reduce-only, on the side opposite to what its agent is said to hold, and no fill of it leaves more
 * than before or the other direction [EX-1].
 */
export function findNotReducing(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const { clientId, method, params, path, sentAtMs } of history.world.wire.records) {
    const by = history.orders.get(clientId ?? '');
    if (by === undefined || method !== 'POST' || !/\/(order|algoOrder)$/.test(path)) continue;
    // Sent before it was decided: by what a restored copy has lost.
    if (by.decision.event.decision.effective?.action !== 'exit' || sentAtMs < by.decision.atMs) continue;
    if (params.text('reduceOnly') !== 'true' && params.text('closePosition') !== 'true')
      breaches.push({ code: 'second/not-reduce-only', detail: `${clientId}, sent at ${at(sentAtMs)}, could open` });
  }
  for (const { after, atMs, before, clientId, order } of history.fills) {
    if (order?.decision.event.decision.effective?.action !== 'exit') continue;
    if (before === 0 || Math.abs(after) >= Math.abs(before) || before * after < 0)
      breaches.push({ code: 'second/crossed', detail: `${clientId} at ${at(atMs)} turned ${before} into ${after}` });
  }
  return breaches;
}

/**
 * A part closes at most what was asked for [EX-26], and no order of it is smaller than the exchange takes, the one that
 * closes its rest among them [EX-32]. A fraction is one of what its agent held when it was asked. Who asks for no less
 * than is held asks for all, and for what comes. An amend asks anew, where it says a size.
 * @except a rest below such an order is taken along, which leaves its agent nothing
 */
export function findGrown(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return raw.decisions.flatMap((decision) => {
    const { event, id, symbol } = decision;
    const { decision: decided, request } = event;
    const asked = decided.effective?.requested_quantity;
    if (decided.kind !== 'tool' || decided.decision === 'BLOCK' || decided.effective?.action !== 'exit') return [];
    if (asked == null || symbol === null || isOfAll(decision, asked)) return [];
    if (request.client_order_id !== null) return [];
    const amends = amendsOf(raw, id);
    if (amends.some((amend) => isOfAll(amend.decision, amend.asked))) return [];
    const last = history.fills.findLast(({ order }) => order?.decision.rootId === id);
    if (last === undefined) return [];
    const executed = BigInt(executedFor(history, id));
    const ofValue = (event.context.market.rules?.min_notional_usdt ?? 0) / (event.context.market.mark ?? Number.NaN);
    const least = BigInt(history.world.venue.minE8(symbol) + Math.ceil((ofValue || 0) * 1e8));
    // A part below such an order is one.
    const part = largest([least, partE8(decision, e8(asked)), ...amends.map((amend) => e8(amend.asked))]);
    const before = executed - executedBy(history, last);
    const rest = part - before;
    const order = rest > least ? rest : rest > 0n || before === 0n ? least : 0n;
    const leavesNothing = last.after === 0 || executed >= heldE8(event.context, event.context.agent.share_lots);
    if (executed <= before + order + (leavesNothing ? least : 0n)) return [];
    return [{ code: 'second/grown', detail: `${id} asked for ${part} e-8 of ${symbol} and closed ${executed} e-8` }];
  });
}

function largest(quantities: readonly bigint[]): bigint {
  let most = 0n;
  for (const each of quantities) if (each > most) most = each;
  return most;
}

/** Permitted amends of an exit's orders that say a size, as a quantity. */
function amendsOf(raw: Raw, rootId: string): readonly { readonly decision: Decision; readonly asked: string }[] {
  return raw.decisions.flatMap((decision) => {
    const { decision: decided, request } = decision.event;
    const asked = decided.effective?.requested_quantity;
    const of = raw.history.orders.get(request.client_order_id ?? '')?.decision.rootId;
    if (of !== rootId || asked == null || decided.decision === 'BLOCK' || !isSized(decision)) return [];
    return [{ decision, asked }];
  });
}

function executedBy({ fills }: History, { clientId }: Fill): bigint {
  return fills.reduce((sum, fill) => (fill.clientId === clientId ? sum + BigInt(fill.quantityE8) : sum), 0n);
}

/** What an agent has asked for: of a fraction whole lots of what it held, whatever its decision made of that. */
function partE8({ event: { context, request }, origin }: Decision, askedE8: bigint): bigint {
  if (request.fraction === null || context.market.rules === null || origin !== 'agent') return askedE8;
  const lots = Math.floor(request.fraction * Math.abs(context.agent.share_lots) + 1e-9);
  const ofHeld = heldE8(context, lots);
  return ofHeld < askedE8 ? ofHeld : askedE8;
}

/** Without a size, or of no less than the snapshot holds. */
function isOfAll(decision: Decision, asked: string): boolean {
  const { context, request } = decision.event;
  if (request.fraction === 1 || (request.fraction === null && !isSized(decision))) return true;
  if (context.market.rules === null) return false;
  return e8(asked) >= heldE8(context, context.exposure.position_lots);
}

const isSized = ({ event: { request } }: Decision): boolean =>
  request.requested_notional !== null || request.quantity !== null;

/** Lots in units of 1e-8, by the rules of the snapshot. */
function heldE8({ market: { rules } }: Decision['event']['context'], lots: number): bigint {
  const { lot_mantissa: mantissa, lot_scale: scale } = rules ?? { lot_mantissa: 0, lot_scale: 1 };
  return BigInt(Math.round((Math.abs(lots) * mantissa * 1e8) / scale));
}

/** What is being signed and sent when a claim is recorded leaves so soon after it, ms. */
const LEAVES_WITHIN_MS = 10;

/**
 * From the record of a claim that closes now on, nothing that its agent asked for before it is opened in its symbol
 * [EX-34].
 * @except it leaves within ten milliseconds of the record
 * @except an older ledger is put back
 */
export function findUndropped(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const claims = claimsOf(raw);
  if (history.world.homes.restores.length > 0) return [];
  return raw.openings.flatMap(({ id, isAmend, root, sentAtMs, symbol }) => {
    const claim = isAmend
      ? undefined
      : claims.find(
          (each) =>
            each.symbol === symbol &&
            each.agent === root.agent &&
            root.seq < each.seq &&
            each.atMs + LEAVES_WITHIN_MS < sentAtMs,
        );
    if (claim === undefined) return [];
    const detail = `${id} of ${root.id} left at ${at(sentAtMs)}, after ${claim.id} of ${at(claim.atMs)} closes`;
    return [{ code: 'second/undropped', detail }];
  });
}

/** While a claim that closes now goes on in a symbol, nothing that opens there is permitted, whoever asks [EX-18]. */
export function findOpenedBesideExit(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const claims = claimsOf(raw);
  return raw.decisions.flatMap((decision) => {
    if (!opens(decision) || decision.event.orders.length === 0) return [];
    const { atMs, id, seq, symbol } = decision;
    const claim = claims.find((each) => each.symbol === symbol && each.seq < seq && seq < each.endSeq);
    if (claim === undefined) return [];
    return [
      {
        code: 'second/opened-beside-exit',
        detail: `${id} at ${at(atMs)} opens in ${symbol} while ${claim.id} goes on`,
      },
    ];
  });
}

/**
 * No order of an exit goes further from the middle of the book of its own decision than its caller's
 * `max_slippage_bps` [EX-41], and none of them is a market order.
 * @except the decision saw no fresh book
 * @except the exit has a price of its own
 */
export function findExitsSlipped(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return raw.decisions.flatMap((decision) => {
    const { context, decision: decided, orders, request } = decision.event;
    if (decided.decision === 'BLOCK' || decided.effective?.action !== 'exit' || request.origin !== 'agent') return [];
    if (request.order_type === 'limit') return [];
    const { ask, bid, quote_at_ms: quotedAtMs } = context.market;
    const bps = request.max_slippage_bps;
    if (bps === null || ask === null || bid === null || quotedAtMs === null) return [];
    const freshMs = raw.policyAt(decision.seq)?.market.freshness.quote_ms ?? 0;
    if (context.now_ms - quotedAtMs > freshMs) return [];
    const middle = times(plus(fraction(bid), fraction(ask)), { n: 1n, d: 2n });
    return orders.flatMap(({ client_order_id: id, order_type: type, price_e8: priceE8, side }) => {
      const isBuy = side === 'buy';
      const part = times(fraction(bps), { n: isBuy ? 1n : -1n, d: 10_000n });
      const bound = times(middle, plus({ n: 1n, d: 1n }, part));
      if (type === 'limit' && priceE8 !== null) {
        const price = { n: BigInt(priceE8), d: 100_000_000n };
        if (!(isBuy ? isAbove(price, bound) : isAbove(bound, price))) return [];
      }
      const detail = `${id} at ${at(decision.atMs)} goes to ${priceE8} e-8, ${bps} bps from the middle are ${show(bound)}`;
      return [{ code: 'second/exit-slipped', detail }];
    });
  });
}

/** A stop is there, or the position is told of, this long after it was opened, ms. */
const PROTECTED_WITHIN_MS = 45_000;

/**
 * Where the policy requires it, whatever is held once everything is quiet has a stop at the exchange that closes all
 * of it, or an alert about its symbol says why not [PK-64].
 * @except something traded within the last 45 s
 * @except a person traded by hand within 75 s
 */
export function findUnprotected(history: History): readonly Breach[] {
  const { endMs, world } = history;
  const raw = rawOf(history);
  if (raw.policyAt(Number.POSITIVE_INFINITY)?.protection.required !== true) return [];
  const { algoOrders, markets } = world.exchange.world.state;
  return [...markets.keys()].flatMap((symbol) => {
    const held = world.venue.heldE8(symbol);
    const isFresh = history.fills.some((fill) => fill.symbol === symbol && fill.atMs > endMs - PROTECTED_WITHIN_MS);
    if (Math.abs(held) < world.venue.minE8(symbol) || isFresh) return [];
    if (raw.isDisturbed(symbol, endMs - BELIEVED_MS, endMs)) return [];
    let covered = 0n;
    for (const stop of algoOrders.values()) {
      const isStop = stop.symbol === symbol && stop.status === 'NEW' && (stop.side === 'SELL') === held > 0;
      if (isStop && /^STOP/.test(stop.type)) covered += stop.closePosition ? BigInt(Math.abs(held)) : stop.quantity;
    }
    if (covered >= BigInt(Math.abs(held))) return [];
    const isReported = history.events.some(({ event }) => event.kind === 'alert' && event.payload.symbol === symbol);
    if (isReported) return [];
    return [{ code: 'second/unprotected', detail: `${symbol} holds ${held} at the end, stops cover ${covered} e-8` }];
  });
}
