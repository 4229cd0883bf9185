import type { OrderState } from '../orders/orders.ts';
import type { Lookout } from './core.ts';

/** What parts of the gate are to whatever they share; closures, since each of them shares it. */
export interface GateHooks {
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
  isUnsent: () => false,
  onRecheckFailure: nothing,
  isStopping: () => false,
  lookout: { found: nothing, listed: nothing, suspect: nothing },
};
