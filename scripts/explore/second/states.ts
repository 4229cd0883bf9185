import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { type Opening, rawOf, sinceStart } from './raw.ts';

/** A span in which a layer of the trading state kept something from opening. */
interface Restriction {
  readonly layer: string;
  readonly scope: string;
  /** Of the symbol or the agent; null: the account. */
  readonly name: string | null;
  readonly state: string;
  readonly setBy: string;
  readonly isFlatten: boolean;
  readonly fromMs: number;
  untilMs: number;
}

/** As they are recorded, by the world's clock. */
function restrictionsOf(history: History): readonly Restriction[] {
  const spans: Restriction[] = [];
  const open = new Map<string, Restriction>();
  for (const { atMs, event } of history.events) {
    if (event.kind !== 'state') continue;
    const { clears_at_ms: clearsAtMs, layer, name, scope, set_by: setBy, state } = event.payload;
    const key = `${layer} ${scope} ${name ?? ''}`;
    const before = open.get(key);
    if (before !== undefined) before.untilMs = Math.min(before.untilMs, atMs);
    open.delete(key);
    if (state === 'active') continue;
    const untilMs = clearsAtMs == null ? Number.POSITIVE_INFINITY : sinceStart(clearsAtMs) - 1_000;
    const isFlatten = (event.payload as { readonly flatten?: boolean }).flatten === true;
    const span = { layer, scope, name, state, setBy, isFlatten, fromMs: atMs, untilMs };
    spans.push(span);
    open.set(key, span);
  }
  return spans;
}

function isOf({ name, scope }: Restriction, symbol: string, agent: string): boolean {
  return scope === 'account' || (scope === 'symbol' ? name === symbol : name === agent);
}

export function isHaltedAt(history: History, atMs: number, symbol: string, agent: string): boolean {
  return restrictionsOf(history).some(
    (each) => each.state === 'halted' && each.fromMs < atMs && atMs < each.untilMs && isOf(each, symbol, agent),
  );
}

function tell({ fromMs, layer, name, scope, state }: Restriction): string {
  return `the ${layer} layer of ${name ?? scope} is ${state} since ${at(fromMs)}`;
}

/**
 * From the record of a reduction or a halt on nothing that opens leaves in its scope, whoever set it, until its end is
 * on record (docs/api.md, `reducing`).
 * @except a restored copy of the ledger has lost it
 */
export function findOpenedReducing(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  const spans = restrictionsOf(history);
  return rawOf(history).openings.flatMap(({ id, isLess, root, sentAtMs, symbol }) => {
    if (isLess) return [];
    const span = spans.find(
      (each) => each.fromMs < sentAtMs && sentAtMs < each.untilMs && isOf(each, symbol, root.agent),
    );
    if (span === undefined) return [];
    return [{ code: 'second/opened-reducing', detail: `${id} left at ${at(sentAtMs)}, while ${tell(span)}` }];
  });
}

/**
 * While halted no exit of an agent leaves, nor a change of one, and none is permitted; those of operators and stops are
 * (docs/api.md, `halted`: cancels only).
 * @except a restored copy of the ledger has lost it
 */
export function findClosedHalted(history: History): readonly Breach[] {
  const { homes, venue } = history.world;
  if (homes.restores.length > 0) return [];
  const halts = restrictionsOf(history).filter(({ state }) => state === 'halted');
  if (halts.length === 0) return [];
  const judge = (what: string, nowMs: number, symbol: string, agent: string): readonly Breach[] => {
    const halt = halts.find((each) => each.fromMs < nowMs && nowMs < each.untilMs && isOf(each, symbol, agent));
    return halt === undefined
      ? []
      : [{ code: 'second/closed-halted', detail: `${what} at ${at(nowMs)}, while ${tell(halt)}` }];
  };
  const left = venue.sends.flatMap(({ symbol, wire: { clientId, life, sentAtMs } }) => {
    const by = history.orders.get(clientId ?? '');
    if (by === undefined || !by.planned.reduce_only || homes.isSecond(life)) return [];
    const root = history.decisions.get(by.decision.rootId) ?? by.decision;
    return root.origin === 'agent' ? judge(`${clientId} left`, sentAtMs, symbol, root.agent) : [];
  });
  const permitted = rawOf(history).decisions.flatMap(({ agent, atMs, event, id, origin, symbol }) => {
    const { decision } = event;
    const isExit = decision.effective?.action === 'exit' && decision.decision !== 'BLOCK';
    return isExit && origin === 'agent' && symbol !== null ? judge(`${id} is permitted`, atMs, symbol, agent) : [];
  });
  return [...left, ...permitted];
}

/** What an operator's halt or reduction, or the end of a world, finds at rest is canceled within this time, ms. */
const CANCELED_WITHIN_MS = 25_000;

/** Ours that open, by the exchange's book at the end. */
function restingOf(history: History): readonly Pick<Opening, 'id' | 'symbol' | 'root'>[] {
  return [...history.world.exchange.world.state.orders.values()].flatMap(
    ({ clientOrderId: id, reduceOnly, status, symbol }) => {
      const by = history.orders.get(id);
      if (by === undefined || reduceOnly || !/^(NEW|PARTIALLY_FILLED)$/.test(status)) return [];
      return [{ id, symbol, root: history.decisions.get(by.decision.rootId) ?? by.decision }];
    },
  );
}

/**
 * Once everything is quiet, nothing that opens rests where an operator has halted or reduced, whatever
 * `standing.on_breach` says (docs/api.md) [EX-35].
 * @except a restored copy of the ledger has lost it
 * @except within 25 s of it
 */
export function findRestingHalted(history: History): readonly Breach[] {
  if (history.world.homes.restores.length > 0) return [];
  const spans = restrictionsOf(history).filter(
    ({ fromMs, layer, untilMs }) =>
      layer === 'operator' && untilMs > history.endMs && fromMs < history.endMs - CANCELED_WITHIN_MS,
  );
  return restingOf(history).flatMap(({ id, root, symbol }) => {
    const span = spans.find((each) => isOf(each, symbol, root.agent));
    if (span === undefined) return [];
    return [{ code: 'second/resting-halted', detail: `${id} rests at the end, while ${tell(span)}` }];
  });
}

/**
 * A flatten that nobody has lifted ends flat once everything is quiet [EX-61].
 * @except less is left than the exchange’s smallest order
 * @except something traded there that the ledger does not know of
 */
export function findNotFlat(history: History): readonly Breach[] {
  const { exchange, venue } = history.world;
  const raw = rawOf(history);
  const flattens = restrictionsOf(history).filter(
    ({ fromMs, isFlatten, untilMs }) =>
      isFlatten && untilMs > history.endMs && fromMs < history.endMs - CANCELED_WITHIN_MS,
  );
  return flattens.flatMap((span) =>
    [...exchange.world.state.markets.keys()].flatMap((symbol) => {
      if (!isOf(span, symbol, '') || raw.isDisturbed(symbol, span.fromMs, history.endMs)) return [];
      const held = Math.abs(venue.heldE8(symbol));
      if (held < venue.minE8(symbol)) return [];
      return [
        { code: 'second/not-flat', detail: `${symbol} holds ${held} at the end, while ${tell(span)}: a flatten` },
      ];
    }),
  );
}
