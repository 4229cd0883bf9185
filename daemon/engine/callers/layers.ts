import type { StateLayer, StateView, TradingStateName } from '../../core/context.ts';
import type { OrderState } from '../orders/order.ts';
import type { DecisionEvent, StateEvent } from '../records/events.ts';

/**
 * Trading state as four stored layers by scope. None overwrites another, and the most restrictive is in force.
 * `active` removes the layer's entry.
 */
export interface LayerEntry {
  readonly layer: StateLayer;
  readonly scope: 'account' | 'symbol' | 'agent';
  readonly name: string | null;
  readonly state: TradingStateName;
  readonly reason: string;
  /** By `t`, as the end is. */
  readonly sinceMs: number;
  readonly setBy: string;
  readonly clearsWhen: string;
  readonly clearsAtMs: number | null;
  /** Positions are being closed until there are none (an operator's flatten). */
  readonly isFlattening: boolean;
}
export type LayerMap = Map<string, LayerEntry>;

const SEVERITY: { readonly [state in TradingStateName]: number } = { active: 0, reducing: 1, halted: 2 };
export function layerKey(layer: StateLayer, scope: string, name: string | null): string {
  return `${layer}|${scope}|${name ?? ''}`;
}

export function applyStateEvent(layers: LayerMap, event: StateEvent, atMs: number, tMs: number): void {
  const key = layerKey(event.layer, event.scope, event.name);
  if (event.state === 'active') {
    layers.delete(key);
    return;
  }
  const known = layers.get(key);
  // A finished flatten leaves the same halt.
  const isSame = known?.isFlattening === true && known.state === event.state && known.reason === event.reason;
  layers.set(key, {
    layer: event.layer,
    scope: event.scope,
    name: event.name,
    state: event.state,
    reason: event.reason,
    sinceMs: isSame ? known.sinceMs : tMs,
    setBy: event.set_by,
    clearsWhen: event.clears_when,
    clearsAtMs: event.clears_at_ms === null ? null : tMs + event.clears_at_ms - atMs,
    isFlattening: event.flatten === true,
  });
}

/** Its time is over. */
export function isOver({ clearsAtMs }: LayerEntry, tMs: number): boolean {
  return clearsAtMs !== null && tMs >= clearsAtMs;
}

export const ACTIVE: StateView = { layer: null, reason: null, scope: null, state: 'active' };

/**
 * The most restrictive layer that applies; of equals the one set first in the order operator, breaker, boot, condition.
 */
export function stateInForce(layers: LayerMap, tMs: number, symbol: string | null, agent: string | null): StateView {
  if (layers.size === 0) return ACTIVE;
  let strictest: LayerEntry | null = null;
  for (const entry of layers.values()) {
    if (isOver(entry, tMs)) continue;
    if (entry.scope === 'symbol' && entry.name !== symbol) continue;
    if (entry.scope === 'agent' && entry.name !== agent) continue;
    if (strictest === null || compareLayers(entry, strictest) < 0) strictest = entry;
  }
  if (strictest === null) return ACTIVE;
  return { layer: strictest.layer, reason: strictest.reason, scope: strictest.scope, state: strictest.state };
}

const LAYER_ORDER: { readonly [layer in StateLayer]: number } = { operator: 0, breaker: 1, boot: 2, condition: 3 };
const SCOPE_ORDER = { account: 0, symbol: 1, agent: 2 } as const;
function compareLayers(a: LayerEntry, b: LayerEntry): number {
  return (
    SEVERITY[b.state] - SEVERITY[a.state] ||
    LAYER_ORDER[a.layer] - LAYER_ORDER[b.layer] ||
    SCOPE_ORDER[a.scope] - SCOPE_ORDER[b.scope]
  );
}

/**
 * Whether cancel_all includes this order: an operator's all, an agent's its own, in `halted` only opening ones. The
 * state is that of the order's own symbol: without a symbol in the request only the account's would be known.
 */
export function isInCancelAll(
  order: OrderState,
  request: Pick<DecisionEvent['request'], 'agent' | 'origin' | 'symbol'>,
  layers: LayerMap,
  tMs: number,
): boolean {
  if (request.origin === 'operator') return !order.protective || request.symbol !== null;
  if (order.agent !== request.agent || order.protective) return false;
  return !order.reduceOnly || stateInForce(layers, tMs, order.symbol, request.agent).state !== 'halted';
}
