import type { LayerPlace } from '../callers/layers.ts';
import type { StrangeOrder } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';
import type { PlacedOrder } from '../records/venue.ts';
import { wasPlacedBefore } from '../sending/order-proof.ts';

/** What a person does about it. */
export const WAY_OUT: { readonly [code in StrangeOrder['code']]: string } = {
  LEDGER_BEHIND_VENUE:
    'If this home was restored, or another copy of it ran: see that no other daemon trades this account, stop this one, and run `./holdfast recover`; it comes up halted',
  OTHER_DAEMON:
    'Stop the other daemon and start with its home folder; or, if that one is given up, stop this daemon and run `./holdfast recover --take-over`; it comes up halted',
};

/** A refused start: the account is not, or not only, this ledger's. */
export class LedgerRefusedError extends Error {
  override readonly name = 'LedgerRefusedError';
  readonly code: StrangeOrder['code'];
  constructor({ code, detail }: Pick<StrangeOrder, 'code' | 'detail'>) {
    super(`${code}: ${detail}. ${WAY_OUT[code]}.`);
    this.code = code;
  }
}

/** Stays until a recovery: neither the venue nor an operator's `resume` clears it. */
export const LEDGER_LAYER: LayerPlace = { layer: 'breaker', scope: 'account', name: 'ledger' };

/** What the layer says. */
export function writeReason({ code, detail }: StrangeOrder): string {
  return `${code}: ${detail}`;
}
/** Of a layer that stands. */
export function readReason(reason: string): Pick<StrangeOrder, 'code' | 'detail'> {
  const code = reason.startsWith('OTHER_DAEMON') ? 'OTHER_DAEMON' : 'LEDGER_BEHIND_VENUE';
  return { code, detail: reason.slice(code.length + 2) };
}

/** What is wrong with an order that has one of our ids; null: it is the one that we sent, or what that became. */
export function findContradiction(
  known: OrderState | undefined,
  placed: PlacedOrder,
  placedMs: number,
  isAlgo: boolean,
): string | null {
  if (known === undefined || known.foreign)
    return 'has an id of this ledger, which holds no record of it: it is older than the account';
  // A conditional order becomes a regular one with the same id.
  if (known.kind === 'algo') return null;
  if (known.venueOrderId !== null) {
    if (known.venueOrderId === placed.venueOrderId) return null;
    return `is the second one of that id: order ${known.venueOrderId} of the venue had it, too`;
  }
  const isOther = isAlgo || placed.side !== known.side || wasPlacedBefore(known, placedMs);
  return isOther ? 'has the id of another order of this ledger' : null;
}
