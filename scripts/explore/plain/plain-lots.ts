import type { History } from '../history.ts';
import type { Fill } from '../records.ts';

/** Whose lots of a symbol are: agents' by name, nobody's under ''. Signed, in units of 1e-8. */
export type PlainLots = ReadonlyMap<string, number>;

interface Part {
  readonly owner: string;
  quantityE8: number;
}
/** After a trade, a recovery or an adoption. */
interface Step {
  readonly atMs: number;
  readonly trades: number;
  /** Of the adoption; what came before it in the same millisecond does not know of it. */
  readonly seq: number;
  readonly lots: PlainLots;
}

/**
 * Whose lots are by the exchange's books (DESIGN 12.1): what an agent's openings filled is its own. An exit closes its
 * own, then nobody's, then any; a cut, a stop and the exchange itself close agents' first; an operator and people
 * nobody's first. After a recovery all is nobody's, after an adoption all is its agent's.
 */
export function readPlainLots(history: History, symbol: string): readonly Step[] {
  const recoveries = history.world.homes.recoveries.map(({ atMs }) => ({ atMs, owner: '', seq: 0 }));
  const adoptions = history.adoptions
    .filter((adoption) => adoption.symbol === symbol)
    .map(({ agent, atMs, seq }) => ({ atMs, owner: agent, seq }));
  const changes = [...recoveries, ...adoptions].sort((a, b) => a.atMs - b.atMs);
  const steps: Step[] = [{ atMs: Number.NEGATIVE_INFINITY, trades: 0, seq: 0, lots: new Map() }];
  let parts: Part[] = [];
  let recoveredAtMs = Number.NEGATIVE_INFINITY;
  let trades = 0;
  const note = (atMs: number, seq: number): void => {
    steps.push({ atMs, trades, seq, lots: sumUp(parts) });
  };
  const changeUntil = (untilMs: number): void => {
    for (let next = changes[0]; next !== undefined && next.atMs <= untilMs; next = changes[0]) {
      changes.shift();
      const { atMs, owner, seq } = next;
      if (owner === '') recoveredAtMs = atMs;
      parts = parts.map((part) => ({ ...part, owner }));
      note(atMs, seq);
    }
  };
  for (const fill of history.fills) {
    if (fill.symbol !== symbol) continue;
    changeUntil(fill.atMs);
    parts = move(history, parts, fill, recoveredAtMs);
    trades += 1;
    note(fill.atMs, 0);
  }
  changeUntil(history.endMs);
  return steps;
}

function sumUp(parts: readonly Part[]): PlainLots {
  const sums = new Map<string, number>();
  for (const { owner, quantityE8 } of parts) sums.set(owner, (sums.get(owner) ?? 0) + quantityE8);
  return sums;
}

function move(history: History, parts: readonly Part[], fill: Fill, recoveredAtMs: number): Part[] {
  const { after, before, order, quantityE8, side } = fill;
  const sign = side === 'buy' ? 1 : -1;
  const isAgents = order?.decision.origin === 'agent';
  const root = order === null ? undefined : history.decisions.get(order.decision.rootId);
  const isOfBefore = (root?.atMs ?? 0) <= recoveredAtMs;
  const owner = isAgents && !isOfBefore ? order.decision.agent : '';
  let left = before * sign < 0 ? Math.min(quantityE8, Math.abs(before)) : 0;
  const opened = after * sign > 0 ? quantityE8 - left : 0;
  const rest = parts.map((part) => ({ ...part }));
  for (const mayTake of closingOrder(fill, owner)) {
    for (const part of isPersons(fill) ? rest : [...rest].reverse()) {
      if (!mayTake(part)) continue;
      const taken = Math.min(left, Math.abs(part.quantityE8));
      part.quantityE8 += sign * taken;
      left -= taken;
    }
  }
  const held = rest.filter((part) => part.quantityE8 !== 0);
  return opened === 0 ? held : [...held, { owner, quantityE8: sign * opened }];
}

function closingOrder({ clientId, order }: Fill, owner: string): readonly ((part: Part) => boolean)[] {
  const any = (): boolean => true;
  const nobodys = (part: Part): boolean => part.owner === '';
  const agents = (part: Part): boolean => part.owner !== '';
  if (order === null) return clientId.includes('autoclose') ? [agents, any] : [nobodys, any];
  if (order.planned.protective || order.decision.origin === 'gate') return [agents, any];
  if (order.decision.origin === 'operator') return [nobodys, any];
  return [(part) => part.owner === owner, nobodys, any];
}

function isPersons({ clientId, order }: Fill): boolean {
  return order === null && !clientId.includes('autoclose');
}
