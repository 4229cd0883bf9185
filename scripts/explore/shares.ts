import type { Fill, OrderWord } from './records.ts';

/** What an agent holds of a symbol by the books, after each fill. */
export interface ShareStep {
  readonly atMs: number;
  readonly quantityE8: number;
  /** Record of the agent's own request that moved it; null: something else did. */
  readonly requestSeq: number | null;
}

/** An operator has given all that is held in a symbol to an agent. */
export interface Adoption {
  /** Of its record. */
  readonly seq: number;
  readonly agent: string;
  readonly symbol: string;
  readonly atMs: number;
}

type Reported = ReadonlyMap<string, readonly OrderWord[]>;

/**
 * An agent's own fills move what it holds; an exit of the operator takes nobody's lots first, and one of the gate the
 * holder's. What an exit closes beyond what its agent holds is a debt, which a promise finds, unless nobody could know: a
 * stop had fired, and that was not told when the exit was decided.
 */
export function readShares(
  fills: readonly Fill[],
  reported: Reported,
  seqOf: (rootId: string) => number | null,
  adoptions: readonly Adoption[] = [],
): ReadonlyMap<string, readonly ShareStep[]> {
  const shares = new Map<string, ShareStep[]>();
  const now = new Map<string, Map<string, number>>();
  const note = (
    agent: string,
    symbol: string,
    atMs: number,
    quantityE8: number,
    requestSeq: number | null = null,
  ): void => {
    const held = now.get(symbol) ?? new Map<string, number>();
    now.set(symbol, held);
    held.set(agent, quantityE8);
    const key = `${agent} ${symbol}`;
    const steps = shares.get(key);
    if (steps === undefined) shares.set(key, [{ atMs, quantityE8, requestSeq }]);
    else steps.push({ atMs, quantityE8, requestSeq });
  };
  const left = [...adoptions];
  const adoptUntil = (untilMs: number): void => {
    for (let next = left[0]; next !== undefined && next.atMs <= untilMs; next = left[0]) {
      left.shift();
      const { agent, atMs, symbol } = next;
      const heldE8 = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= atMs)?.after ?? 0;
      for (const other of now.get(symbol)?.keys() ?? []) note(other, symbol, atMs, 0);
      note(agent, symbol, atMs, heldE8);
    }
  };
  for (const fill of fills) {
    adoptUntil(fill.atMs);
    const { atMs, symbol, side, quantityE8, before, order } = fill;
    const signed = side === 'buy' ? quantityE8 : -quantityE8;
    const held = now.get(symbol);
    if (order !== null && order.decision.origin === 'agent' && !order.planned.protective) {
      const { agent } = order.decision;
      const own = held?.get(agent) ?? 0;
      const beyond = Math.max(0, quantityE8 - Math.max(0, own * Math.sign(before)));
      const isUnreported = order.planned.reduce_only && beyond > 0 && wasSentUnreported(fill, fills, reported);
      note(agent, symbol, atMs, isUnreported ? 0 : own + signed, isUnreported ? null : seqOf(order.decision.rootId));
    } else if (held !== undefined && signed * before < 0) {
      let taken = takenOfAgents(fill, [...held.values()]);
      for (const [agent, share] of [...held]) {
        const part = Math.min(Math.abs(share), taken);
        taken -= part;
        if (part > 0) note(agent, symbol, atMs, share - Math.sign(share) * part);
      }
    }
  }
  adoptUntil(Number.POSITIVE_INFINITY);
  return shares;
}

/**
 * Lots that an exit takes of agents' that is no agent's. Lots that nobody holds here, as those that a restored ledger
 * knows nothing of, go first, and last where the gate closes.
 */
function takenOfAgents({ after, before, quantityE8, order }: Fill, shares: readonly number[]): number {
  const owned = shares.reduce((sum, share) => sum + share * Math.sign(before), 0);
  if (after * before <= 0 || owned <= 0) return Number.POSITIVE_INFINITY;
  const isGates = order !== null && order.decision.origin === 'gate';
  const first = isGates ? 0 : Math.max(0, Math.abs(before) - owned);
  return Math.min(owned, Math.max(0, quantityE8 - first));
}

/**
 * When an exit was decided, no record had told of a stop that had fired before it filled. Other exits in flight are no
 * such excuse: the gate has sent them, and counts them.
 */
function wasSentUnreported({ atMs, order, symbol }: Fill, fills: readonly Fill[], reported: Reported): boolean {
  const seq = order?.decision.seq ?? 0;
  const filled = new Map<string, number>();
  for (const other of fills)
    if (other.symbol === symbol && other.atMs <= atMs && other.order?.planned.protective === true)
      filled.set(other.clientId, (filled.get(other.clientId) ?? 0) + other.quantityE8);
  return [...filled].some(
    ([id, quantityE8]) => !reported.get(id)?.some((known) => known.seq < seq && known.event.executed_e8 >= quantityE8),
  );
}
