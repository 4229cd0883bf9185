import type { Side } from '../../core/request.ts';
import { longLots, type PositionState, shortLots } from './positions.ts';

/** Lots that a side would close: of the position, or of one agent's share. */
export function heldOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  if (position === undefined) return 0;
  if (agent === null) return side === 'sell' ? longLots(position) : shortLots(position);
  const share = position.shares.get(agent) ?? 0;
  return Math.max(0, side === 'sell' ? share : -share);
}

/**
 * The same for proven lots only: signed, since fills may be proven in any order; without lots that only a reading
 * shows.
 */
export function provenOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  const lots = agent === null ? (position?.lots ?? 0) : (position?.shares.get(agent) ?? 0);
  return side === 'sell' ? lots : -lots;
}

/** Proven lots on the side that `side` closes, signed; `agent` null: of the whole position. */
export interface HeldChange {
  readonly agent: string | null;
  readonly side: Side;
  readonly before: number;
  readonly after: number;
}

/**
 * Notes the held lots of a position, by agent and in total (null), and reports what a fill or a reading has changed.
 * Disputed lots do not count, since they may come and go.
 */
export function noteHeld(position: PositionState): () => readonly HeldChange[] {
  const before = new Map<string | null, number>([[null, position.lots], ...position.shares]);
  return () => {
    const after = new Map<string | null, number>([[null, position.lots], ...position.shares]);
    const changes: HeldChange[] = [];
    for (const agent of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(agent) ?? 0, after.get(agent) ?? 0];
      if (was === is) continue;
      changes.push({ agent, side: 'sell', before: was, after: is }, { agent, side: 'buy', before: -was, after: -is });
    }
    return changes;
  };
}

/**
 * An agent holds more by the late fill of another: what was charged to it since, without that fill, was too much. It was
 * the agent's all along.
 */
export function isGivenBack({ agent }: HeldChange, order: { readonly agent: string | null }): boolean {
  return agent !== null && agent !== order.agent;
}
