import { formatQuantity } from '../../core/quantities.ts';
import type { FlattenBody } from '../api/operator.ts';
import type { GateCore } from '../journal/journal.ts';
import type { PositionState } from '../state/positions.ts';

/** What is to be closed: while the account and our own count differ, whatever either of them shows. */
export function heldLots(position: PositionState): number {
  return position.lots !== 0 ? position.lots : (position.disputedLots ?? 0);
}

/**
 * What a flatten answers. `asked`: symbols that it was of, null for the account; `targets`: what that comes to;
 * `canceled`: every opening order is proven canceled; `isOver`: an operator has set another state meanwhile.
 */
export function describeFlatten(
  core: GateCore,
  asked: readonly string[] | null,
  targets: readonly string[],
  canceled: boolean,
  isOver = false,
): FlattenBody {
  const stays = asked === null ? 'trading stays halted' : `trading in ${asked.join(', ')} stays halted`;
  const left = targets
    .map((symbol) => core.state.position(symbol))
    .filter((position) => heldLots(position) !== 0)
    .map((position) => {
      const rules = core.state.rules.get(position.symbol);
      const quantity =
        rules === undefined
          ? String(heldLots(position))
          : formatQuantity(heldLots(position), { lot_mantissa: rules.lotMantissa, lot_scale: rules.lotScale });
      return { quantity, symbol: position.symbol };
    });
  const another =
    'another trading state was set meanwhile, and the flatten is over: what was not closed or canceled by then stays';
  return {
    canceled: canceled && !isOver,
    note: isOver
      ? another
      : !core.ports.clock.isSynced
        ? 'halted; the venue has not answered yet, so nothing could be canceled or closed: that begins when it does; or act at the venue'
        : left.length > 0
          ? 'positions are left: closing goes on until they are flat, also after a restart; or close them at the venue'
          : canceled
            ? `flat: ${stays} until an operator sets it active`
            : `flat, but not every order is proven canceled: that goes on; ${stays} until an operator sets it active`,
    positions_left: left,
    scope: asked === null ? 'account' : 'symbols',
    state: 'halted',
    symbols: asked,
  };
}
