import type { OrderState } from '../orders/orders.ts';
import type { Lookout } from './core.ts';
import { type Flow, nowKnown } from './effects.ts';

/** What parts of the gate are to whatever they share; closures, since each of them shares it. */
export interface GateHooks {
  /** Reads all that another daemon could have opened in the symbol: whether it was read. */
  readonly readBeside: (symbol: string) => Flow<boolean>;
  /** Whether an opening that was decided has not left yet. */
  readonly isUnsent: (order: OrderState) => boolean;
  /** An order failed rule 13, which is a defect of ours. */
  readonly onRecheckFailure: () => void;
  /** The daemon stops: nothing is carried on. */
  readonly isStopping: () => boolean;
  /** Whoever looks out for what no record of this ledger explains. */
  readonly lookout: Lookout;
}
const nothing = (): void => undefined;
/** For whoever has no such parts. */
export const NO_HOOKS: GateHooks = {
  readBeside: () => nowKnown(true),
  isUnsent: () => false,
  onRecheckFailure: nothing,
  isStopping: () => false,
  lookout: { found: nothing, listed: nothing, suspect: nothing },
};
