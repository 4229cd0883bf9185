import type { History } from './history.ts';
import type { Fill } from './records.ts';

/** Until a reading of the account is believed that somebody else's trade explains, with the readings around it, ms. */
export const HAND_KNOWN_MS = 75_000;

/** Lots of a symbol after a fill, or a recovery; signed by the side that is held. */
export interface OwnedStep {
  readonly atMs: number;
  readonly held: number;
  /** Of them, what no agent's own openings explain, however the hands of others are told. */
  readonly nobodys: number;
}
/** An exit of an agent that closed more than its own openings have opened, since the last recovery. */
export interface Taken {
  readonly fill: Fill;
  readonly agent: string;
  /** Lots of nobody, or of another agent. */
  readonly quantityE8: number;
  readonly recoveredAtMs: number | null;
}
export interface Owned {
  readonly steps: readonly OwnedStep[];
  readonly taken: readonly Taken[];
}

/**
 * What agents own of a symbol by the books, at most: what their own openings opened since the last recovery, less what
 * their exits and the gate's closed. What a person, an operator or a lost record did takes nothing from that while a
 * reading shows only what several of them come to; once it has stood there long enough to be believed, no agent owns more
 * than is held.
 */
export function readOwned(history: History, symbol: string): Owned {
  const { endMs, fills, world } = history;
  const recoveries = world.homes.recoveries.map(({ atMs }) => atMs);
  const steps: OwnedStep[] = [];
  const taken: Taken[] = [];
  const most = new Map<string, number>();
  let held = 0;
  let recoveredAtMs: number | null = null;
  const note = (atMs: number): void => {
    let own = 0;
    for (const [key, quantityE8] of most) if (key.endsWith(held > 0 ? ' 1' : ' -1')) own += quantityE8;
    steps.push({ atMs, held, nobodys: Math.sign(held) * Math.max(0, Math.abs(held) - own) });
  };
  const recoverUntil = (atMs: number): void => {
    for (let next = recoveries[0]; next !== undefined && next <= atMs; next = recoveries[0]) {
      recoveries.shift();
      recoveredAtMs = next;
      most.clear();
      note(next);
    }
  };
  const adoptions = history.adoptions.filter((each) => each.symbol === symbol);
  /** All that is held is one agent's. */
  const adoptUntil = (untilMs: number): void => {
    for (let next = adoptions[0]; next !== undefined && next.atMs <= untilMs; next = adoptions[0]) {
      adoptions.shift();
      recoverUntil(next.atMs);
      most.clear();
      most.set(`${next.agent} ${Math.sign(held)}`, Math.abs(held));
      note(next.atMs);
    }
  };
  let stoodSinceMs = 0;
  for (const fill of fills) {
    if (fill.symbol !== symbol) continue;
    adoptUntil(fill.atMs);
    recoverUntil(fill.atMs);
    if (fill.atMs - stoodSinceMs >= HAND_KNOWN_MS) trim(most, held);
    stoodSinceMs = fill.atMs;
    held = fill.after;
    const over = move(history, fill, most, recoveredAtMs);
    if (over > 0) taken.push({ fill, agent: fill.order?.decision.agent ?? '', quantityE8: over, recoveredAtMs });
    note(fill.atMs);
  }
  adoptUntil(endMs);
  recoverUntil(endMs);
  return { steps, taken };
}

/** No agent owns more than is held. Whose of several it is, nobody says here. */
function trim(most: Map<string, number>, held: number): void {
  for (const [key, own] of most)
    most.set(key, key.endsWith(held > 0 ? ' 1' : ' -1') ? Math.min(own, Math.abs(held)) : 0);
}

/** Lots that an agent's exit closed beyond its own. */
function move(history: History, fill: Fill, most: Map<string, number>, recoveredAtMs: number | null): number {
  const { after, before, clientId, quantityE8, order, side } = fill;
  const sign = side === 'buy' ? 1 : -1;
  const closed = before * sign < 0 ? Math.min(quantityE8, Math.abs(before)) : 0;
  const take = (agent: string | null, wanted: number): number => {
    let left = wanted;
    for (const [key, own] of most) {
      if (left <= 0 || !key.endsWith(` ${-sign}`) || (agent !== null && key !== `${agent} ${-sign}`)) continue;
      const took = Math.min(own, left);
      most.set(key, own - took);
      left -= took;
    }
    return left;
  };
  const isExchanges = order === null && clientId.includes('autoclose');
  if (isExchanges || order?.planned.protective === true || order?.decision.origin === 'gate') take(null, closed);
  else if (order?.decision.origin === 'agent') {
    const { agent, rootId } = order.decision;
    const rootMs = history.decisions.get(rootId)?.atMs ?? 0;
    const isOfBefore = recoveredAtMs !== null && rootMs <= recoveredAtMs;
    const over = take(agent, closed);
    const opened = quantityE8 - closed;
    if (!order.planned.reduce_only && opened > 0 && !isOfBefore) {
      const key = `${agent} ${sign}`;
      most.set(key, (most.get(key) ?? 0) + opened);
    }
    if (after === 0 && history.world.venue.hands.length === 0) most.clear();
    return order.planned.reduce_only && !isOfBefore ? over : 0;
  }
  if (after === 0 && history.world.venue.hands.length === 0) most.clear();
  return 0;
}

/** Since when lots of nobody's have stood in a symbol without a break, by the books; null: none do at that instant. */
export function nobodysSinceMs(steps: readonly OwnedStep[], atMs: number): number | null {
  let sinceMs: number | null = null;
  for (const step of steps) {
    if (step.atMs > atMs) break;
    if (step.nobodys === 0) sinceMs = null;
    else sinceMs ??= step.atMs;
  }
  return sinceMs;
}
