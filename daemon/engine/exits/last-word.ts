import { isFlattening, isOver, type LayerEntry, type LayerPlace, layerKey } from '../callers/layers.ts';
import type { LiveCore } from '../flow/core.ts';

/** What of flattens that were begun an operator still wants: that trading is active again is another word. */
export class LastWord {
  readonly #core: LiveCore;
  /** Since when the layer of what was begun stands, by symbol; null: the account. */
  readonly #sinceMs = new Map<string | null, number>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** A flatten begins, or goes on, whose layer is in force. */
  begin(name: string | null): void {
    const entry = this.#entryOf(name);
    if (entry !== undefined) this.#sinceMs.set(name, entry.sinceMs);
  }

  describe(symbols: readonly string[] | null): { readonly isOver: boolean; readonly isRead: boolean } {
    const { market, state } = this.#core;
    const readAtMs = state.time.of(market.account?.observedAtMs ?? Number.NEGATIVE_INFINITY);
    const isRead = (symbols ?? [null]).every(
      (name) => readAtMs >= (this.#sinceMs.get(name) ?? Number.POSITIVE_INFINITY),
    );
    return { isOver: this.isOver(symbols), isRead };
  }

  #entryOf(name: string | null): LayerEntry | undefined {
    return this.#core.state.layers.get(layerKey(haltOf(name)));
  }

  /** One that has nothing left to close leaves the same layer, and still stands. */
  #stands(name: string | null): boolean {
    const entry = this.#entryOf(name);
    if (entry === undefined) return false;
    const now = this.#core.passedMs();
    if (entry.isFlattening) return isFlattening(entry, now);
    return entry.sinceMs === this.#sinceMs.get(name) && !isOver(entry, now);
  }

  /** Of what was asked for, that of which no other state was set since; null: the account. */
  wantedOf(symbols: readonly string[] | null): readonly string[] | null {
    if (symbols === null) return this.#stands(null) ? null : [];
    return symbols.filter((symbol) => this.#stands(symbol) || this.#stands(null));
  }
  isOver(symbols: readonly string[] | null): boolean {
    return this.wantedOf(symbols)?.length === 0;
  }
}

/** The operator's layer of a symbol; null: of the account. */
export function haltOf(name: string | null): LayerPlace {
  return { layer: 'operator', scope: name === null ? 'account' : 'symbol', name };
}
