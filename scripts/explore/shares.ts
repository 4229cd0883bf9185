import type { Fill, History } from './history.ts';

/** What an agent holds of a symbol by the books, after each fill. */
export interface ShareStep {
  readonly atMs: number;
  readonly lots: number;
  /** Record of the agent's own request that moved it; null: something else did. */
  readonly requestSeq: number | null;
}

/** What an order filled at one instant, in however many trades. */
export function joinTrades(fills: readonly Fill[]): readonly Fill[] {
  const joined: Fill[] = [];
  for (const fill of fills) {
    const last = joined.at(-1);
    if (last?.clientId === fill.clientId && last.atMs === fill.atMs && last.order !== null)
      joined[joined.length - 1] = { ...last, lots: last.lots + fill.lots, after: fill.after };
    else joined.push(fill);
  }
  return joined;
}

type Told = History['orderEvents'];

/**
 * An agent's own fills move its share; those of the operator, a stop or a cut move all shares in proportion. What an exit
 * closes beyond its agent's share is a debt, which a promise finds, unless nobody could know: a stop had fired, and that
 * was not told when the exit was decided. Then it comes out of what nobody holds, and then of the others' shares.
 */
export function readShares(
  fills: readonly Fill[],
  told: Told,
  seqOf: (rootId: string) => number | null,
  take: TakeOf,
): ReadonlyMap<string, readonly ShareStep[]> {
  const shares = new Map<string, ShareStep[]>();
  const now = new Map<string, Map<string, number>>();
  const note = (agent: string, symbol: string, atMs: number, lots: number, requestSeq: number | null = null): void => {
    const held = now.get(symbol) ?? new Map<string, number>();
    now.set(symbol, held);
    held.set(agent, lots);
    const key = `${agent} ${symbol}`;
    const steps = shares.get(key);
    if (steps === undefined) shares.set(key, [{ atMs, lots, requestSeq }]);
    else steps.push({ atMs, lots, requestSeq });
  };
  for (const fill of fills) {
    const { atMs, symbol, side, lots, before, order } = fill;
    const signed = side === 'buy' ? lots : -lots;
    const held = now.get(symbol);
    if (order !== null && order.decision.origin === 'agent' && !order.planned.protective) {
      const { agent } = order.decision;
      const own = held?.get(agent) ?? 0;
      const beyond = Math.max(0, lots - Math.max(0, own * Math.sign(before)));
      if (!order.planned.reduce_only || beyond === 0 || !wasSentUntold(fill, fills, told)) {
        note(agent, symbol, atMs, own + signed, seqOf(order.decision.rootId));
        continue;
      }
      const others = [...(held ?? [])].filter(([name, share]) => name !== agent && share * before > 0);
      const total = others.reduce((sum, [, share]) => sum + Math.abs(share), 0);
      const taken = Math.max(0, beyond - Math.max(0, Math.abs(before) - Math.abs(own) - total));
      note(agent, symbol, atMs, 0);
      for (const [name, left] of take(others, Math.min(taken, total))) note(name, symbol, atMs, left);
    } else if (held !== undefined && signed * before < 0) {
      for (const [agent, left] of take([...held], takenOfShares(fill, [...held.values()])))
        note(agent, symbol, atMs, left);
    }
  }
  return shares;
}

/**
 * Lots that an exit takes from all shares that is no agent's. Lots that nobody holds here, as those that a restored ledger
 * knows nothing of, go first, and last where the gate cuts: that is for what agents hold.
 */
function takenOfShares({ after, before, lots, order }: Fill, shares: readonly number[]): number {
  const owned = shares.reduce((sum, share) => sum + share * Math.sign(before), 0);
  if (after * before <= 0 || owned <= 0) return Number.POSITIVE_INFINITY;
  const isCut = order !== null && order.decision.origin === 'gate' && !order.planned.protective;
  const first = isCut ? 0 : Math.max(0, Math.abs(before) - owned);
  return Math.min(owned, Math.max(0, lots - first));
}

type Shares = readonly (readonly [agent: string, lots: number])[];
/** What is left of shares after lots were taken from all in proportion. */
type TakeOf = (shares: Shares, lots: number) => Shares;

export const takeParts: TakeOf = (shares, lots) => {
  const total = sumOf(shares);
  return shares.map(([agent, share]) => [agent, share * (1 - Math.min(1, lots / total))]);
};

/** The gate splits what an order filled at one instant in whole lots: the largest remainders are rounded up, of equal ones the first name's. */
export const takeWholeLots: TakeOf = (shares, lots) => {
  const total = sumOf(shares);
  const due = Math.min(lots, total);
  const parts = shares.map(([agent, share]) => {
    const exact = (due * Math.abs(share)) / total;
    return { agent, share, taken: Math.floor(exact), rest: exact - Math.floor(exact) };
  });
  let left = due - parts.reduce((sum, { taken }) => sum + taken, 0);
  for (const part of parts.toSorted((a, b) => b.rest - a.rest || (a.agent < b.agent ? -1 : 1))) {
    if (left < 0.5) break;
    part.taken += 1;
    left -= 1;
  }
  return parts.map(({ agent, share, taken }) => [agent, share - Math.sign(share) * taken]);
};

function sumOf(shares: Shares): number {
  return Math.abs(shares.reduce((sum, [, share]) => sum + share, 0));
}

/**
 * When an exit was decided, no record had told of a stop that had fired before it filled. Other exits in flight are no
 * such excuse: the gate has sent them, and counts them.
 */
function wasSentUntold({ atMs, order, symbol }: Fill, fills: readonly Fill[], told: Told): boolean {
  const seq = order?.decision.seq ?? 0;
  const filled = new Map<string, number>();
  for (const other of fills)
    if (other.symbol === symbol && other.atMs <= atMs && other.order?.planned.protective === true)
      filled.set(other.clientId, (filled.get(other.clientId) ?? 0) + other.lots);
  return [...filled].some(
    ([id, lots]) => !told.get(id)?.some((known) => known.seq < seq && known.event.executed_lots >= lots),
  );
}
