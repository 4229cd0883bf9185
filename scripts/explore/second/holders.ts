import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { regimeOf, sectionOf } from './budgets.ts';
import { BELIEVED_MS, rawOf } from './raw.ts';

/**
 * While an agent's orders that open rest in a symbol, or what they have opened is held there, nothing of another agent
 * opens there [EX-4]. What an operator has given to an agent is held by that one [EX-13].
 * @except something traded there within 75 s that the ledger does not know of
 */
export function findOpenedBesideHolder(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return raw.openings.flatMap(({ id, isAmend, root, send, servedAtMs, symbol }) => {
    if (isAmend || raw.isDisturbed(symbol, servedAtMs - BELIEVED_MS, servedAtMs)) return [];
    const before = history.fills.filter((fill) => fill.symbol === symbol && fill.atMs < servedAtMs);
    const since = before.findLastIndex((fill) => fill.before === 0);
    const held = (before.at(-1)?.after ?? 0) === 0 ? undefined : before[since];
    const adopted = history.adoptions.findLast(
      (each) => each.symbol === symbol && each.atMs < servedAtMs && each.atMs >= (held?.atMs ?? servedAtMs),
    );
    const opener = adopted?.agent ?? held?.order?.decision.agent ?? null;
    const others = send.openings.flatMap((other) => history.orders.get(other)?.decision.agent ?? []);
    const holder = [opener, ...others].find((agent) => agent !== null && agent !== root.agent && agent !== 'gate');
    if (holder === undefined || root.origin !== 'agent') return [];
    const detail = `${id} of ${root.agent} came to ${symbol} at ${at(servedAtMs)}, which ${holder} holds`;
    return [{ code: 'second/beside-holder', detail }];
  });
}

/**
 * Nothing that opens is sent against a position that the ledger has had on record before it was decided [EX-15].
 * @except something traded there that the ledger does not know of
 */
export function findOpenedAgainst(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const executed = new Map<string, number>();
  const recorded: { readonly seq: number; readonly symbol: string; readonly change: number }[] = [];
  for (const { event, seq } of history.events) {
    if (event.kind !== 'order') continue;
    const { client_order_id: id, executed_e8: total } = event.payload;
    const by = history.orders.get(id);
    const change = total - (executed.get(id) ?? 0);
    if (by === undefined || change <= 0) continue;
    executed.set(id, total);
    recorded.push({ seq, symbol: by.planned.symbol, change: by.planned.side === 'buy' ? change : -change });
  }
  return raw.openings.flatMap(({ decision, id, isAmend, sentAtMs, servedAtMs, side, symbol }) => {
    if (isAmend || raw.isDisturbed(symbol, 0, servedAtMs)) return [];
    let held = 0;
    for (const each of recorded) if (each.symbol === symbol && each.seq < decision.seq) held += each.change;
    const atExchange =
      history.fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= decision.atMs)?.after ?? 0;
    const sign = side === 'buy' ? 1 : -1;
    if (held * sign >= 0 || atExchange * sign >= 0) return [];
    return [
      {
        code: 'second/against-position',
        detail: `${id}, a ${side} sent at ${at(sentAtMs)}, opens against ${held} e-8`,
      },
    ];
  });
}

/** The daemon's clock is put right by no more at a time, ms, unless the venue's has jumped. */
const CLOCK_MS = 250;

/**
 * Between two permitted openings of a symbol the cooldown of the regime at the later one passes [PK-73].
 */
export function findHurried(history: History): readonly Breach[] {
  const raw = rawOf(history);
  const breaches: Breach[] = [];
  const last = new Map<string, { readonly id: string; readonly atMs: number; readonly venueMs: number }>();
  for (const decision of raw.decisions) {
    const { atMs, event, id, symbol } = decision;
    const { decision: decided } = event;
    const spec = raw.policyAt(decision.seq);
    const isParent = decided.kind === 'tool' && decided.decision !== 'BLOCK' && decided.effective?.action === 'open';
    if (!isParent || event.orders.length === 0 || symbol === null || spec === null) continue;
    const before = last.get(symbol);
    last.set(symbol, { id, atMs, venueMs: decided.at_ms });
    if (before === undefined) continue;
    const cooldownMs = spec.market.regimes[regimeOf(spec, decision)].cooldown_ms;
    const [byVenueMs, byWorldMs] = [decided.at_ms - before.venueMs, atMs - before.atMs];
    // The venue's clock has moved: what has passed meanwhile the world's own tells.
    const passedMs = Math.abs(byVenueMs - byWorldMs) > CLOCK_MS ? byWorldMs : byVenueMs;
    if (passedMs >= cooldownMs) continue;
    breaches.push({
      code: 'second/cooldown',
      detail: `${id} opens in ${symbol} ${passedMs} ms after ${before.id}, the cooldown is ${cooldownMs} ms`,
    });
  }
  return breaches;
}

/**
 * No more openings of one agent rest in a symbol than `standing.resting`, and of all no more than half of the
 * exchange's limit on open orders [EX-21] [PK-50] [PK-51].
 * @except something traded there within 75 s that the ledger does not know of
 * @except of half the limit: the exchange has changed its rules
 */
export function findCrowds(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return raw.openings.flatMap(({ decision, id, isAmend, root, send, servedAtMs, symbol }) => {
    const spec = raw.policyAt(decision.seq);
    if (isAmend || spec === null || raw.isDisturbed(symbol, servedAtMs - BELIEVED_MS, servedAtMs)) return [];
    const { maxOrders } = history.world.exchange.world.state.markets.get(symbol)?.instrument ?? { maxOrders: 200 };
    const own = send.openings.filter((other) => history.orders.get(other)?.decision.agent === root.agent).length + 1;
    const all = send.openings.length + 1;
    const standing = spec.standing as { readonly resting?: number };
    const section = sectionOf(spec, root.agent).standing as { readonly resting?: number } | undefined;
    const most = Math.min(standing.resting ?? 20, section?.resting ?? Number.POSITIVE_INFINITY);
    const isSteady = !history.plan.steps.some(({ do: act }) => act.kind === 'rules');
    if (own <= most && (all <= Math.floor((maxOrders ?? 200) / 2) || !isSteady)) return [];
    const detail = `${id} came to ${symbol} at ${at(servedAtMs)} as opening ${own} of ${root.agent}, of ${all}; ${most} and half of ${maxOrders} may rest`;
    return [{ code: 'second/crowd', detail }];
  });
}
