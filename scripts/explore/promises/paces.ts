import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';

/** Refusals of one exit in a row, and the least time that they take: it waits 200 ms after the first, then longer, ms. */
const REFUSALS = 4;
const MIN_MS = 600;
/** From a policy in force until what it cuts is on its way, ms: two readings, and the account's after the last fill. */
const CUT_WITHIN_MS = 15_000;
const UNIT = 1e-8;

/** What the venue refuses is asked again in good time, not at once. */
export function findHammering(history: History): readonly Breach[] {
  const refused = new Map<string, number[]>();
  const breaches: Breach[] = [];
  for (const { clientId, method, path, sentAtMs, status } of history.world.wire.records) {
    const order = history.orders.get(clientId ?? '');
    if (method !== 'POST' || path !== '/fapi/v1/order' || status !== 400 || order?.planned.reduce_only !== true)
      continue;
    const { origin, rootId } = order.decision;
    if (origin !== 'agent') continue;
    const sent = refused.get(rootId) ?? [];
    refused.set(rootId, sent);
    sent.push(sentAtMs);
    const first = sent.at(-REFUSALS);
    if (first !== undefined && sentAtMs - first < MIN_MS)
      breaches.push({
        code: 'exit-hammers',
        detail: `${rootId} was refused ${REFUSALS} times from ${at(first)} to ${at(sentAtMs)}`,
      });
  }
  return breaches;
}

/**
 * From one rung of an exit to the next passes `exits.step_ms`. [PK-56]
 * @except the process stops meanwhile
 */
export function findHurriedRungs({ decisions, orders, world }: History): readonly Breach[] {
  const { exchange, policies, wire } = world;
  const books = new Map([...exchange.world.state.orders.values()].map((order) => [order.clientOrderId, order]));
  const stepMs = Math.min(...policies.map(({ policy }) => policy.spec.exits.step_ms));
  const before = new Map<string, { readonly life: number; readonly id: string; readonly servedAtMs: number }>();
  return wire.records.flatMap(({ clientId, life, method, path, sentAtMs, servedAtMs }) => {
    const by = orders.get(clientId ?? '');
    if (method !== 'POST' || path !== '/fapi/v1/order' || by?.planned.time_in_force !== 'IOC') return [];
    const { rootId } = by.decision;
    if (!by.planned.reduce_only || decisions.get(rootId)?.origin !== 'agent') return [];
    const last = before.get(rootId);
    const isRung = servedAtMs !== null && books.get(clientId ?? '')?.status === 'EXPIRED';
    if (isRung) before.set(rootId, { life, id: clientId ?? '', servedAtMs });
    else before.delete(rootId);
    if (last === undefined || last.life !== life || sentAtMs >= last.servedAtMs + stepMs) return [];
    const detail = `${last.id} expired at ${at(last.servedAtMs)}, ${clientId} was sent at ${at(sentAtMs)}`;
    return [{ code: 'exit-hurries', detail }];
  });
}

/** Between two tries for a stop, ms: five seconds, or nearly. */
const STOPS_APART_MS = 4_500;

/**
 * A stop that was refused is tried again after five seconds (docs/exits.md): three refusals in a moment are no reason to
 * close a position.
 * @except something was filled there meanwhile
 * @except the process stops meanwhile
 */
export function findHammeredStops({ fills, orders, world }: History): readonly Breach[] {
  const refused = new Map<string, { readonly life: number; readonly id: string; readonly sentAtMs: number }>();
  return world.wire.records.flatMap(({ clientId, life, method, params, path, sentAtMs, status }) => {
    const planned = orders.get(clientId ?? '')?.planned;
    if (method !== 'POST' || path !== '/fapi/v1/algoOrder' || planned?.protective !== true) return [];
    const symbol = params.text('symbol') ?? '';
    const last = refused.get(symbol);
    if (status === 400) refused.set(symbol, { life, id: clientId ?? '', sentAtMs });
    else refused.delete(symbol);
    if (last === undefined || last.life !== life || sentAtMs - last.sentAtMs >= STOPS_APART_MS) return [];
    if (fills.some((fill) => fill.symbol === symbol && fill.atMs >= last.sentAtMs && fill.atMs <= sentAtMs)) return [];
    const detail = `${last.id} of ${symbol}, sent at ${at(last.sentAtMs)}, was refused, and ${clientId} was sent at ${at(sentAtMs)}`;
    return [{ code: 'stop-hammers', detail }];
  });
}

/** Lots that an exit may wait for: a cancel that makes room has a second, ms. */
const HELD_UP_MS = 3_000;
/** What was opened so shortly before may be what an exit waits for, ms. */
const OPENED_LATELY_MS = 15_000;

/**
 * Where nobody's lots stand beside it and nothing was opened lately, an exit that goes out at once is at the exchange
 * within seconds: no cancel that hangs holds it up.
 * @except the process stops, or the ledger fails
 * @except answers are held back
 * @except an agent asks for more than its rate
 * @except the exchange bans
 */
export function findHeldUp(history: History): readonly Breach[] {
  const { decisions, endMs, orderEvents, orders, plan, posts, world } = history;
  if (isOwnersHandIn(history, null)) return [];
  if (plan.steps.some(({ do: { kind } }) => /^(crash|restart|away|trouble|wire|flood|ladder)$/.test(kind))) return [];
  const breaches: Breach[] = [];
  for (const { atMs, event, id, origin, rootId, symbol } of decisions.values()) {
    const [planned] = event.orders;
    if (planned === undefined || origin !== 'agent' || !planned.reduce_only || planned.protective || id !== rootId)
      continue;
    const untilMs = atMs + HELD_UP_MS;
    if (planned.delay_ms > 0 || planned.time_in_force === 'GTC' || untilMs > endMs) continue;
    const sentAtMs = posts.get(planned.client_order_id)?.sentAtMs ?? Number.POSITIVE_INFINITY;
    if (sentAtMs <= untilMs) continue;
    const isOver = orderEvents.get(planned.client_order_id)?.some((note) => note.atMs <= untilMs);
    const isOpened = [...orders.values()].some(
      (other) =>
        !other.planned.reduce_only &&
        other.planned.symbol === symbol &&
        other.decision.atMs > atMs - OPENED_LATELY_MS &&
        other.decision.atMs <= untilMs,
    );
    const isRefusing = world.wire.records.some(
      ({ sentAtMs: askedAtMs, status }) => (status === 418 || status === 429) && askedAtMs <= untilMs,
    );
    if (isOver !== true && !isOpened && !isRefusing)
      breaches.push({
        code: 'exit-held-up',
        detail: `${planned.client_order_id} decided at ${at(atMs)} is not at the exchange by ${at(untilMs)}`,
      });
  }
  return breaches;
}

/** Between two lists of the whole account's orders, which weigh as much as forty others, ms: half a minute, or nearly. A flatten lists until nothing is left. */
const LISTS_APART_MS = 25_000;

/**
 * What a start has read counts: nothing is asked for a second time right afterwards.
 * @except something fails
 * @except the process stops
 * @except an operator flattens
 * @except a person changes the account's mode
 * @except others use the weight of requests of the address: a list that was due waits for it, and the next one does not
 */
export function findReadTwice({ plan, world }: History): readonly Breach[] {
  // An account that is found in another mode is read anew.
  if (
    plan.steps.some(({ do: { kind } }) => /^(fault|wire|trouble|crash|restart|away|flatten|setting|weight)$/.test(kind))
  )
    return [];
  const breaches: Breach[] = [];
  let listedAtMs = Number.NEGATIVE_INFINITY;
  for (const { sentAtMs, symbol, what } of world.wire.looks) {
    if (what !== 'list' || symbol !== null) continue;
    if (sentAtMs - listedAtMs < LISTS_APART_MS)
      breaches.push({
        code: 'read-twice',
        detail: `all open orders of the account are asked for at ${at(listedAtMs)}, and again at ${at(sentAtMs)}`,
      });
    listedAtMs = sentAtMs;
  }
  return breaches;
}

/**
 * Where a policy is tightened below what is held, and says so, the gate closes what is above, whatever agents close beside.
 * @except something fails
 * @except the process stops
 * @except the mark moves
 * @except an operator halts or flattens
 * @except a person trades by hand
 */
export function findUncut(history: History): readonly Breach[] {
  const { decisions, endMs, fills, plan, world } = history;
  if (plan.setup.onBreach !== 'reduce') return [];
  if (plan.steps.some(({ do: { kind } }) => /^(fault|wire|trouble|crash|restart|mark|state|flatten)$/.test(kind)))
    return [];
  const breaches: Breach[] = [];
  for (const { step, what } of world.operatorCalls) {
    const action = plan.steps[step]?.do;
    if (what !== 'policy' || action?.kind !== 'policy' || action.edit !== 'tighter_caps') continue;
    const saved = history.events.find(
      ({ event }) =>
        event.kind === 'policy' && event.payload.action === 'in_force' && event.payload.name === 'world-tighter_caps',
    );
    const next = world.policies.find(({ atMs }) => saved !== undefined && atMs > saved.atMs);
    const cap = world.policies.find(({ policy }) => policy.spec.name === 'world-tighter_caps')?.policy.spec.budgets;
    if (saved === undefined || cap === undefined || saved.atMs + CUT_WITHIN_MS > (next?.atMs ?? endMs)) continue;
    const untilMs = saved.atMs + CUT_WITHIN_MS;
    for (const symbol of world.exchange.world.state.markets.keys()) {
      if (isOwnersHandIn(history, symbol)) continue;
      const heldAt = (ms: number): number =>
        fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= ms)?.after ?? 0;
      const isAbove = (ms: number): boolean =>
        Math.abs(heldAt(ms)) * UNIT * world.venue.mark(symbol) > cap.symbol_notional_usdt * 1.05;
      const isCut = [...decisions.values()].some(
        (decision) =>
          decision.origin === 'gate' &&
          decision.symbol === symbol &&
          decision.atMs > saved.atMs &&
          decision.atMs <= untilMs,
      );
      if (isAbove(saved.atMs) && isAbove(untilMs) && !isCut)
        breaches.push({
          code: 'cut/late',
          detail: `${symbol}: ${heldAt(untilMs)} held at ${at(untilMs)}, above the cap of a policy in force since ${at(saved.atMs)}`,
        });
    }
  }
  return breaches;
}
