import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { SignalEvent, StateEvent } from '../../../daemon/engine/records/people-events.ts';
import { PlainClock } from './plain-clock.ts';

const STATES = ['active', 'reducing', 'halted'] as const;

/** Signals and trading states in force: the last record of each, gone through for every question. */
export class PlainTrust {
  readonly #signals = new Map<string, SignalEvent>();
  readonly #layers = new Map<string, StateEvent>();
  readonly #clock = new PlainClock();

  take(event: GateEvent): void {
    this.#move(this.#clock.take(event));
    if (event.kind === 'signal') this.#signals.set(event.payload.signal_id, event.payload);
    if (event.kind !== 'state') return;
    const { layer, name, scope } = event.payload;
    this.#layers.set(`${layer} ${scope} ${name ?? ''}`, event.payload);
  }

  /** What ends at an instant lasts as long as it would have: it goes with a clock that moves while no time passes. */
  #move(byMs: number): void {
    if (byMs === 0) return;
    for (const [id, signal] of this.#signals)
      this.#signals.set(id, { ...signal, expires_at_ms: signal.expires_at_ms + byMs });
    for (const [key, layer] of this.#layers)
      if (layer.clears_at_ms !== null) this.#layers.set(key, { ...layer, clears_at_ms: layer.clears_at_ms + byMs });
  }

  activeKinds(nowMs: number, account: string, agent: string, symbol: string | null): ReadonlySet<string> {
    const active = [...this.#signals.values()].filter(
      (signal) =>
        signal.expires_at_ms > nowMs &&
        (signal.account === null || signal.account === account) &&
        (signal.agent === null || signal.agent === agent) &&
        (signal.symbol === null || signal.symbol === symbol),
    );
    return new Set(active.map(({ kind }) => kind));
  }

  /** Ids of what is active, whomever it concerns. */
  activeIds(nowMs: number): readonly string[] {
    return [...this.#signals.values()].filter(({ expires_at_ms: endsAtMs }) => endsAtMs > nowMs).map(idOf);
  }

  /** What stands, each with its layer, its scope and its state. */
  standing(nowMs: number): readonly string[] {
    return [...this.#layers.values()]
      .filter(({ clears_at_ms: atMs, state }) => state !== 'active' && (atMs === null || atMs > nowMs))
      .map(({ layer, name, scope, state }) => `${layer} ${scope} ${name ?? ''} ${state}`);
  }

  strictest(nowMs: number, symbol: string | null, agent: string): (typeof STATES)[number] {
    let strictest = 0;
    for (const { clears_at_ms: clearsAtMs, name, scope, state } of this.#layers.values()) {
      if (clearsAtMs !== null && nowMs >= clearsAtMs) continue;
      if ((scope === 'symbol' && name !== symbol) || (scope === 'agent' && name !== agent)) continue;
      strictest = Math.max(strictest, STATES.indexOf(state));
    }
    return STATES[strictest] ?? 'halted';
  }
}

const idOf = ({ signal_id: id }: SignalEvent): string => id;
