import type { StateLayer, StateView, TradingStateName } from '../../core/context.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../core/policy.ts';
import type { OrderState } from '../orders/order.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { SignalEvent, StateEvent } from '../records/people-events.ts';

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
  /** Positions are being closed until there are none (an operator's flatten), or until {@link isFlattening it is over}. */
  readonly isFlattening: boolean;
  /** The end that an operator gave that flatten before another state was set, by `t`; null: none did. */
  readonly flattensUntilMs: number | null;
}
export type LayerMap = Map<string, LayerEntry>;
export type LayerPlace = Pick<LayerEntry, 'layer' | 'scope' | 'name'>;
/** The breaker of the account: the venue's, or a graver one. */
export const ACCOUNT_BREAKER: LayerPlace = { layer: 'breaker', scope: 'account', name: null };
/** Nothing opens before the account is reconciled. */
export const BOOT: LayerPlace = { layer: 'boot', scope: 'account', name: null };
/** What an operator has said of the whole account. */
export const OPERATOR: LayerPlace = { layer: 'operator', scope: 'account', name: null };

const SEVERITY: { readonly [state in TradingStateName]: number } = { active: 0, reducing: 1, halted: 2 };
export function layerKey({ layer, name, scope }: LayerPlace): string {
  return `${layer}|${scope}|${name ?? ''}`;
}

/** The record that sets a layer until something has happened; `clearsWhen` null: that it has. */
export function layerEvent(
  { layer, name, scope }: LayerPlace,
  reason: string,
  setBy: string,
  clearsWhen: string | null,
): StateEvent {
  return {
    clears_at_ms: null,
    clears_when: clearsWhen ?? '',
    layer,
    name,
    reason,
    scope,
    set_by: setBy,
    state: clearsWhen === null ? 'active' : 'reducing',
  };
}

/** The record that sets the boot layer, or clears it. */
export function bootEvent(reason: string, state: 'reducing' | 'active'): StateEvent {
  return layerEvent(BOOT, reason, 'daemon', state === 'active' ? null : 'account, orders and market are reconciled');
}

export function applyStateEvent(layers: LayerMap, event: StateEvent, atMs: number, tMs: number): void {
  const key = layerKey(event);
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
    flattensUntilMs: event.flatten_until_t_ms ?? null,
  });
}

/** Its flatten is not over: neither flat, nor at the end that an operator gave it. */
export function isFlattening(entry: LayerEntry, tMs: number): boolean {
  const { flattensUntilMs } = entry;
  return entry.isFlattening && !isOver(entry, tMs) && (flattensUntilMs === null || tMs < flattensUntilMs);
}

/**
 * What another state of a layer keeps of its flatten: only `active` ends one, or the end that an operator gave it. RISK:
 * where no time is known yet, or another halt is set, a flatten that was lifted must not go on without that end.
 */
export function flattenIn(
  known: LayerEntry | undefined,
  tMs: number,
): Pick<StateEvent, 'flatten' | 'flatten_until_t_ms'> {
  if (known === undefined || !isFlattening(known, tMs)) return {};
  const ends = [known.clearsAtMs, known.flattensUntilMs].filter((endMs) => endMs !== null);
  return { flatten: true, ...(ends.length === 0 ? {} : { flatten_until_t_ms: Math.min(...ends) }) };
}

/** Its time is over. */
export function isOver({ clearsAtMs }: LayerEntry, tMs: number): boolean {
  return clearsAtMs !== null && tMs >= clearsAtMs;
}

const ACTIVE: StateView = { layer: null, reason: null, scope: null, state: 'active' };

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

/** Signals that have expired stay this long: clocks may step back. */
const KEEP_MS = 86_400_000;
/** Most signals of one reporter that are kept; those that have expired go first, and none that is active goes. */
const MAX_OF_REPORTER = 1_024;

interface Entry {
  readonly signal: SignalEvent;
  /** When it ends, by `t`. */
  readonly endsMs: number;
  /** Who reported it, whoever ended it. */
  readonly reporter: string;
}

/**
 * Signals by name, folded from events alone. Of one reporter one signal of a kind and scope is active, so that their
 * number is bounded by kinds and scopes: a repeated report has its name. (In older records a newer one that ends no earlier
 * takes the place of the older one.)
 */
export class SignalBook {
  private readonly entries = new Map<string, Entry>();

  get size(): number {
    return this.entries.size;
  }
  get(signalId: string): SignalEvent | undefined {
    return this.entries.get(signalId)?.signal;
  }
  *active(tMs: number): Generator<Entry> {
    for (const entry of this.entries.values()) if (tMs < entry.endsMs) yield entry;
  }
  isActive(signalId: string, tMs: number): boolean {
    return tMs < (this.entries.get(signalId)?.endsMs ?? Number.NEGATIVE_INFINITY);
  }
  /** The active one of the same kind, scope and reporter, which ends last; null: there is none. */
  findEqual(signal: Scoped, tMs: number): Entry | null {
    let last: Entry | null = null;
    for (const entry of this.active(tMs))
      if (isEqual(entry, signal) && (last === null || entry.endsMs >= last.endsMs)) last = entry;
    return last;
  }
  /** Active ones of a reporter, and when the first of them ends. */
  countActive(reporter: string, tMs: number): { readonly active: number; readonly firstEndMs: number } {
    const ends = [...this.active(tMs)].filter((entry) => entry.reporter === reporter).map(({ endsMs }) => endsMs);
    return { active: ends.length, firstEndMs: Math.min(...ends) };
  }

  apply(signal: SignalEvent, atMs: number, tMs: number): void {
    const endsMs = tMs + signal.expires_at_ms - atMs;
    const reporter = this.entries.get(signal.signal_id)?.reporter ?? signal.set_by;
    const before = signal.ended_reason === undefined ? this.findEqual(signal, tMs) : null;
    // In older records the earlier one may last longer: both stand.
    if (before !== null && before.endsMs <= endsMs) this.entries.delete(before.signal.signal_id);
    this.entries.set(signal.signal_id, { signal, endsMs, reporter });
    const own: Entry[] = [];
    for (const [id, entry] of this.entries) {
      if (entry.endsMs + KEEP_MS <= tMs) this.entries.delete(id);
      else if (entry.reporter === reporter) own.push(entry);
    }
    const over = own.filter((entry) => entry.endsMs <= tMs).slice(0, Math.max(0, own.length - MAX_OF_REPORTER));
    for (const entry of over) this.entries.delete(entry.signal.signal_id);
  }

  /** Kinds with an active signal for this account, agent and symbol, in the order of SIGNAL_KINDS. */
  activeKinds(tMs: number, account: string, agent: string, symbol: string | null): readonly SignalKind[] {
    if (this.entries.size === 0) return [];
    const active = new Set<SignalKind>();
    for (const { signal } of this.active(tMs)) {
      if (signal.account !== null && signal.account !== account) continue;
      if (signal.agent !== null && signal.agent !== agent) continue;
      if (signal.symbol !== null && signal.symbol !== symbol) continue;
      active.add(signal.kind);
    }
    return SIGNAL_KINDS.filter((kind) => active.has(kind));
  }
}

type Scoped = Pick<SignalEvent, 'account' | 'agent' | 'kind' | 'set_by' | 'symbol'>;
function isEqual({ reporter, signal }: Entry, { account, agent, kind, set_by, symbol }: Scoped): boolean {
  const isOfScope = signal.account === account && signal.agent === agent && signal.symbol === symbol;
  return reporter === set_by && signal.kind === kind && isOfScope;
}
