import { ownE8 } from '../../../daemon/engine/orders/holding.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { GateState } from '../../../daemon/engine/state/gate-state.ts';

/** What the gate believes of a symbol after a record. Quantities are signed, in units of 1e-8. */
export interface Belief {
  readonly symbol: string;
  readonly holder: string | null;
  readonly held: number;
  /** Of that, the holder's. */
  readonly own: number;
  /** A reading of the account, where the record is one, and whether it agrees with what is held. */
  readonly reading: { readonly askedMs: number; readonly agrees: boolean } | null;
  /** The record changed the position by a reading alone. `sinceMs`: what it shows has stood since; null: it does not say. */
  readonly adopted: { readonly sinceMs: number | null; readonly askedMs: number } | null;
}

/** What the gate believed after each record, of symbols whose position the record may have changed. */
export class Beliefs {
  readonly #bySeq = new Map<number, { readonly of: string; readonly beliefs: readonly Belief[] }>();

  get isEmpty(): boolean {
    return this.#bySeq.size === 0;
  }
  /** What was not on disk is lost when a process dies, and its number is another record's then. */
  of(event: GateEvent): readonly Belief[] {
    const known = this.#bySeq.get(event.seq);
    return known?.of === nameOf(event) ? known.beliefs : [];
  }

  /** The state is as it is after the event. `held`: what each symbol held before it, which is kept up. */
  note(event: GateEvent, state: GateState, held: Map<string, number>): void {
    const beliefs: Belief[] = [];
    for (const symbol of symbolsOf(event, state)) {
      const position = state.positions.get(symbol);
      if (position === undefined) continue;
      const { behindE8, disputedE8, holder, quantityE8 } = position;
      const askedMs = event.kind === 'account' ? event.payload.requested_at_ms : null;
      const isAdopted = askedMs !== null && quantityE8 !== (held.get(symbol) ?? 0);
      held.set(symbol, quantityE8);
      beliefs.push({
        symbol,
        holder,
        held: quantityE8,
        own: ownE8(position),
        reading: askedMs === null ? null : { askedMs, agrees: disputedE8 === null && behindE8 === null },
        adopted: isAdopted ? { sinceMs: shownSinceMs(event, symbol), askedMs } : null,
      });
    }
    if (beliefs.length > 0) this.#bySeq.set(event.seq, { of: nameOf(event), beliefs });
  }
}

/** By the venue's own clock, as trades are dated; null: it does not say. */
function shownSinceMs(event: GateEvent, symbol: string): number | null {
  if (event.kind !== 'account') return null;
  return event.payload.positions.find((position) => position.symbol === symbol)?.updated_at_ms || null;
}

/** What each symbol holds. */
export function heldIn({ positions }: GateState): Map<string, number> {
  return new Map([...positions].map(([symbol, { quantityE8 }]) => [symbol, quantityE8]));
}

function nameOf({ at_ms: atMs, kind }: GateEvent): string {
  return `${kind} ${atMs}`;
}

function symbolsOf(event: GateEvent, state: GateState): Iterable<string> {
  switch (event.kind) {
    case 'account':
      return state.positions.keys();
    case 'order':
      return [state.orders.all.get(event.payload.client_order_id)?.symbol ?? ''];
    case 'trade':
    case 'holder':
      return [event.payload.symbol];
    default:
      return [];
  }
}
