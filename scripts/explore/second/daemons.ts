import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { e8, fraction, isAbove, plus, show, usdt } from './exact.ts';
import { rawOf, sinceStart } from './raw.ts';

/** What the exchange takes to end what its countdown has run out for, ms. */
const ENDS_WITHIN_MS = 3_000;
/** What is on its way the exchange takes this long after it was sent at the latest (`recvWindow`), ms. */
const TAKEN_WITHIN_MS = 5_000;

/**
 * While no daemon runs nothing opens later than `standing.deadman_ms` where the exchange's countdown ran [TM-58], nor
 * after its good-till-date elsewhere [TM-59].
 * @except the first three seconds
 * @except somebody else has an order in the symbol
 */
export function findOpenedWhileDown(history: History): readonly Breach[] {
  const { exchange, lives } = history.world;
  const raw = rawOf(history);
  const dates = new Map(
    [...exchange.world.state.orders.values()].map((order) => [order.clientOrderId, order.goodTillMs]),
  );
  const breaches: Breach[] = [];
  for (const [index, { toMs }] of lives.entries()) {
    const nextMs = lives[index + 1]?.fromMs ?? history.endMs;
    if (toMs === null) continue;
    const spec = raw.policyAt(history.events.findLast(({ atMs }) => atMs <= toMs)?.seq ?? 0);
    for (const { atMs, clientId, order, symbol } of history.fills) {
      if (atMs <= toMs || atMs >= nextMs || order === null || order.planned.reduce_only) continue;
      if (raw.isDisturbed(symbol, 0, atMs)) continue;
      const ran = history.events.findLast(
        ({ atMs: notedAtMs, event }) =>
          notedAtMs <= toMs && event.kind === 'countdown' && event.payload.symbol === symbol,
      )?.event;
      const isRunning = ran?.kind === 'countdown' && ran.payload.action === 'set';
      const deadmanMs = (spec?.standing as { readonly deadman_ms?: number } | undefined)?.deadman_ms ?? 120_000;
      const goodTillMs = sinceStart(dates.get(clientId) ?? 0);
      // What was on its way, and takes what it finds, has no date.
      const takenMs = (history.posts.get(clientId)?.sentAtMs ?? toMs) + TAKEN_WITHIN_MS;
      const endMs = isRunning ? toMs + deadmanMs : Math.max(goodTillMs, toMs, takenMs);
      if (atMs <= endMs + ENDS_WITHIN_MS) continue;
      const detail = `${clientId} filled at ${at(atMs)}, the daemon was down since ${at(toMs)}, ${isRunning ? 'the countdown' : 'its date'} ended at ${at(endMs)}`;
      breaches.push({ code: 'second/opened-down', detail });
    }
  }
  return breaches;
}

/** What opens and rests names a good-till-date, 660 s ahead at least [TM-60]: none is left to rest for ever [TM-61]. */
export function findUndated(history: History): readonly Breach[] {
  return rawOf(history).openings.flatMap(({ id, isAmend, send, sentAtMs }) => {
    const { params } = send.wire;
    const timeInForce = params.text('timeInForce');
    if (isAmend || params.text('type') !== 'LIMIT' || timeInForce === 'IOC' || timeInForce === 'FOK') return [];
    const date = Number(params.text('goodTillDate') ?? 0);
    if (timeInForce === 'GTD' && sinceStart(date) >= sentAtMs + 600_000) return [];
    return [{ code: 'second/undated', detail: `${id}, sent at ${at(sentAtMs)}, is ${timeInForce} until ${date}` }];
  });
}

/**
 * Two daemons on one account bring a symbol above its cap by one order at most [TM-50].
 * @except a person trades by hand
 * @except an older ledger is put back
 */
export function findCapsBesides(history: History): readonly Breach[] {
  const { homes, policies, venue } = history.world;
  const isMixed = history.plan.steps.some(
    ({ do: act }) =>
      act.kind === 'foreign' ||
      act.kind === 'deleverage' ||
      (act.kind === 'trouble' && act.trouble.kind === 'restored'),
  );
  if (homes.seconds.length === 0 || isMixed) return [];
  const most = (key: 'order_notional_usdt' | 'symbol_notional_usdt'): number =>
    Math.max(...policies.map(({ policy }) => policy.spec.budgets[key]));
  const cap = plus(fraction(most('symbol_notional_usdt')), fraction(most('order_notional_usdt')));
  return venue.sends.flatMap(({ executed, marks, quantityE8, restingBuys, restingSells, symbol, wire }) => {
    const { clientId, params, servedAtMs } = wire;
    if (params.text('reduceOnly') === 'true' || servedAtMs === null) return [];
    const isBuy = params.text('side') === 'BUY';
    const held = BigInt(quantityE8.get(symbol) ?? 0) * (isBuy ? 1n : -1n);
    const resting = BigInt((isBuy ? restingBuys : restingSells).get(symbol) ?? 0);
    const own = e8(params.text('quantity') ?? '0') - BigInt(executed);
    const worth = usdt((held > 0n ? held : 0n) + resting + own, e8(marks.get(symbol) ?? 0));
    if (!isAbove(worth, cap)) return [];
    const detail = `with ${clientId} at ${at(servedAtMs)} ${symbol} comes to ${show(worth)}, cap and one order are ${show(cap)}`;
    return [{ code: 'second/cap-besides', detail }];
  });
}
