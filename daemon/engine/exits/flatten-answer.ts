import type { FlattenBody } from '../../contract/types/operator.ts';
import type { LiveCore } from '../flow/core.ts';
import type { PositionState } from '../positions/positions.ts';
import { formatQuantityE8 } from '../records/units.ts';

/** What is to be closed: while the account and our own count differ, whatever either of them shows. */
export function heldE8(position: PositionState): number {
  const { disputedE8, doubt, quantityE8 } = position;
  return quantityE8 || disputedE8 || doubt?.highE8 || (doubt?.lowE8 ?? 0);
}

/** What is known of a flatten that ends: of its orders, and of what is held. */
export interface Outcome {
  /** Every opening order is proven canceled. */
  readonly canceled: boolean;
  /** The account was read since the halt. */
  readonly isRead: boolean;
  /** An operator has lifted it meanwhile. */
  readonly isOver: boolean;
}

/**
 * What a flatten answers. `asked`: symbols that it was of, null for the account; `targets`: what that comes to. RISK: it
 * is called flat only where that was read: whoever hears it looks no further.
 */
export function describeFlatten(
  core: LiveCore,
  asked: readonly string[] | null,
  targets: readonly string[],
  { canceled, isOver, isRead: wasRead }: Outcome,
): FlattenBody {
  const isRead = wasRead && !core.market.unreadable.hasPosition(asked);
  const left = targets
    .map((symbol) => core.state.position(symbol))
    .filter((position) => heldE8(position) !== 0)
    .map((position) => ({
      quantity: formatQuantityE8(heldE8(position), core.state.rules.get(position.symbol)),
      symbol: position.symbol,
    }));
  return {
    canceled: canceled && isRead && !isOver,
    note: describeOutcome(core.ports.clock.isSynced, asked, left.length, { canceled, isOver, isRead }),
    positions_left: left,
    scope: asked === null ? 'account' : 'symbols',
    state: 'halted',
    symbols: asked,
  };
}

function describeOutcome(
  isSynced: boolean,
  asked: readonly string[] | null,
  left: number,
  { canceled, isOver, isRead }: Outcome,
): string {
  if (!isSynced)
    return 'halted; the venue has not answered yet, so nothing could be canceled or closed: that begins when it does; or act at the venue';
  if (isOver)
    return 'trading was set active meanwhile, and the flatten is over: what was not closed or canceled by then stays';
  if (left > 0)
    return 'positions are left: closing goes on until they are flat, also after a restart; or close them at the venue';
  if (!isRead)
    return 'what is held could not be read, so that it is flat is not known: what turns out to be held is closed then, also after a restart; look at the venue';
  const stays = asked === null ? 'trading stays halted' : `trading in ${asked.join(', ')} stays halted`;
  return canceled
    ? `flat: ${stays} until an operator sets it active`
    : `flat, but not every order is proven canceled: that goes on; ${stays} until an operator sets it active`;
}
