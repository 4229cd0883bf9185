import { layerKey } from '../../engine/callers/layers.ts';
import type { StrangeOrder } from '../../engine/flow/core.ts';

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

/** Name of the layer that stays until a recovery: neither the venue nor an operator's `resume` clears it. */
export const LEDGER_LAYER = 'ledger';
export const LAYER_KEY = layerKey('breaker', 'account', LEDGER_LAYER);

/** What the layer says. */
export function writeReason({ code, detail }: StrangeOrder): string {
  return `${code}: ${detail}`;
}
/** Of a layer that stands. */
export function readReason(reason: string): Pick<StrangeOrder, 'code' | 'detail'> {
  const code = reason.startsWith('OTHER_DAEMON') ? 'OTHER_DAEMON' : 'LEDGER_BEHIND_VENUE';
  return { code, detail: reason.slice(code.length + 2) };
}
