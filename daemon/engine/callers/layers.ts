import type { StateLayer, StateView, TradingStateName } from '../../core/context.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../core/policy.ts';
import type { OrderState } from '../orders/order.ts';
import type { DecisionEvent, SignalEvent, StateEvent } from '../records/events.ts';

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

interface StandingSignal {
  readonly signal: SignalEvent;
  /** When it ends, by `t`. */
  readonly endsMs: number;
}
interface Entry extends StandingSignal {
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
  /** By kind, scope and reporter: the name of the one that ends last. */
  private readonly latest = new Map<string, string>();
  private readonly ofReporter = new Map<string, Set<string>>();
  private sweepAtMs = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.entries.size;
  }
  get(signalId: string): SignalEvent | undefined {
    return this.entries.get(signalId)?.signal;
  }
  *active(tMs: number): Generator<StandingSignal> {
    for (const entry of this.entries.values()) if (tMs < entry.endsMs) yield entry;
  }
  isActive(signalId: string, tMs: number): boolean {
    return tMs < this.#endOf(signalId);
  }
  #endOf(signalId: string): number {
    return this.entries.get(signalId)?.endsMs ?? Number.NEGATIVE_INFINITY;
  }
  /** The active one of the same kind, scope and reporter; null: there is none. */
  findEqual(signal: Scoped, tMs: number): StandingSignal | null {
    const known = this.entries.get(this.latest.get(keyOf(signal)) ?? '');
    return known === undefined || known.endsMs <= tMs ? null : known;
  }
  /** Active ones of a reporter, and when the first of them ends. */
  countActive(reporter: string, tMs: number): { readonly active: number; readonly firstEndMs: number } {
    let active = 0;
    let firstEndMs = Number.POSITIVE_INFINITY;
    for (const id of this.ofReporter.get(reporter) ?? []) {
      const endMs = this.#endOf(id);
      if (endMs <= tMs) continue;
      active += 1;
      firstEndMs = Math.min(firstEndMs, endMs);
    }
    return { active, firstEndMs };
  }

  apply(signal: SignalEvent, atMs: number, tMs: number): void {
    const endsMs = tMs + signal.expires_at_ms - atMs;
    const known = this.entries.get(signal.signal_id);
    const reporter = known?.reporter ?? signal.set_by;
    if (signal.ended_reason === undefined) this.#takePlace(signal, endsMs, tMs);
    this.entries.set(signal.signal_id, { signal, endsMs, reporter });
    const own = this.ofReporter.get(reporter) ?? new Set();
    this.ofReporter.set(reporter, own.add(signal.signal_id));
    this.sweepAtMs = Math.min(this.sweepAtMs, endsMs + KEEP_MS);
    if (tMs >= this.sweepAtMs) this.#sweep(tMs);
    if (own.size > MAX_OF_REPORTER) this.#trim(own, tMs);
  }

  #takePlace(signal: SignalEvent, endsMs: number, tMs: number): void {
    const key = keyOf(signal);
    const before = this.findEqual(signal, tMs);
    // In older records the earlier one may last longer: both stand.
    if (before !== null && before.endsMs > endsMs) return;
    if (before !== null) this.#drop(before.signal.signal_id);
    this.latest.set(key, signal.signal_id);
  }

  #sweep(tMs: number): void {
    this.sweepAtMs = Number.POSITIVE_INFINITY;
    for (const [id, { endsMs }] of this.entries) {
      const goesAtMs = endsMs + KEEP_MS;
      if (goesAtMs <= tMs) this.#drop(id);
      else this.sweepAtMs = Math.min(this.sweepAtMs, goesAtMs);
    }
  }

  #trim(own: ReadonlySet<string>, tMs: number): void {
    for (const id of own) {
      if (own.size <= MAX_OF_REPORTER) return;
      if (this.#endOf(id) <= tMs) this.#drop(id);
    }
  }

  #drop(signalId: string): void {
    const entry = this.entries.get(signalId);
    if (entry === undefined) return;
    this.entries.delete(signalId);
    const key = keyOf({ ...entry.signal, set_by: entry.reporter });
    if (this.latest.get(key) === signalId) this.latest.delete(key);
    const own = this.ofReporter.get(entry.reporter);
    own?.delete(signalId);
    if (own?.size === 0) this.ofReporter.delete(entry.reporter);
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
function keyOf({ account, agent, kind, set_by: reporter, symbol }: Scoped): string {
  return JSON.stringify([reporter, kind, account, agent, symbol]);
}
