import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import { type LayerPlace, layerEvent, layerKey } from '../callers/layers.ts';
import { ownE8 } from '../orders/holding.ts';
import { everyLiveOrder, isOwnOpening } from '../orders/orders.ts';
import type { StateEvent } from '../records/people-events.ts';
import type { GateViews } from '../state/views.ts';

/** Who sets and ends the layer of a silent agent. */
const SET_BY = 'heartbeat';
/** Who set the one of an agent without a token, in older ledgers. */
const ORPHANED_BY = 'tokens';
/** Calls that leave no record of their own are noted this often, as a part of `heartbeat_ms`. */
const NOTED_PER_HEARTBEAT = 4;

/** Time between two notes of an agent's life. A restart knows of nothing that came after the last one. */
export function noteEveryMs(heartbeatMs: number): number {
  return heartbeatMs / NOTED_PER_HEARTBEAT;
}

/** Agents whose silence has a consequence: their opening orders and slices, and positions that they hold. */
export function agentsAtStake(state: GateViews): ReadonlySet<string> {
  const agents = new Set<string>();
  for (const order of everyLiveOrder(state.orders))
    if (isOwnOpening(order) && order.origin === 'agent' && order.agent !== null) agents.add(order.agent);
  for (const position of state.positions.values()) {
    const { holder } = position;
    if (holder !== null && ownE8(position) !== 0 && state.lives.lastMs(holder) !== null) agents.add(holder);
  }
  return agents;
}

export function isSilent({ layers }: GateViews, agent: string): boolean {
  return layers.get(layerKey(placeOf(agent)))?.setBy === SET_BY;
}
/** A call ends it. */
export function isAway(state: GateViews, agent: string): boolean {
  const by = state.layers.get(layerKey(placeOf(agent)))?.setBy;
  return by === SET_BY || by === ORPHANED_BY;
}

export interface Silence {
  readonly agent: string;
  readonly event: StateEvent;
  /** How long it has been silent; null: it is none any more. */
  readonly silentMs: number | null;
}

/**
 * Layers to set for agents that have been silent for too long, and to end where the policy no longer asks for a sign of
 * life. `lastSeenMs`: the last call, recorded or not.
 */
export function findSilences(
  state: GateViews,
  nowMs: number,
  policyFor: (agent: string) => CompiledPolicy,
  lastSeenMs: (agent: string) => number | null,
): readonly Silence[] {
  const found: Silence[] = [];
  for (const { name, layer, scope, setBy } of state.layers.values()) {
    if (layer !== 'condition' || scope !== 'agent' || setBy !== SET_BY || name === null) continue;
    if (policyFor(name).heartbeatMs === null)
      found.push({ agent: name, event: endOfSilence(name, 'the policy asks for no sign of life'), silentMs: null });
  }
  for (const agent of [...agentsAtStake(state)].sort()) {
    const { heartbeatMs } = policyFor(agent);
    if (heartbeatMs === null || isSilent(state, agent)) continue;
    const seenMs = lastSeenMs(agent);
    const silentMs = seenMs === null ? Number.POSITIVE_INFINITY : nowMs - seenMs;
    if (silentMs < heartbeatMs) continue;
    const reason = `silent for longer than heartbeat_ms (${heartbeatMs} ms)`;
    const event = layerEvent(placeOf(agent), reason, SET_BY, 'the agent makes an authenticated call');
    found.push({ agent, event, silentMs });
  }
  return found;
}

export function endOfSilence(agent: string, reason: string): StateEvent {
  return layerEvent(placeOf(agent), reason, SET_BY, null);
}
function placeOf(agent: string): LayerPlace {
  return { layer: 'condition', scope: 'agent', name: agent };
}
