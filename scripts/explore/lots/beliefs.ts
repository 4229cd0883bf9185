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
  /** The record changed the position by a reading alone. */
  readonly isAdopted: boolean;
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
      const { holder, quantityE8 } = position;
      const isAdopted = event.kind === 'account' && quantityE8 !== (held.get(symbol) ?? 0);
      held.set(symbol, quantityE8);
      beliefs.push({ symbol, holder, held: quantityE8, own: ownE8(position), isAdopted });
    }
    if (beliefs.length > 0) this.#bySeq.set(event.seq, { of: nameOf(event), beliefs });
  }
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
