import { type ExitParent, exitParentOf } from '../claims/exit-request.ts';
import type { EngineCore } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';

/**
 * The decision of an exit that goes on, as it was recorded; null: the ledger has none. `order`: one of its orders.
 *
 * RISK: its record may lie in an archive whose file is gone. The exit goes on all the same, with what the views know.
 */
export function readParent(core: EngineCore, decisionId: string, order: OrderState): ExitParent | null {
  try {
    return core.findDecision(decisionId);
  } catch (error) {
    core.alertRarely('EXIT_RECORD_UNREADABLE', `exit ${decisionId} goes on without it: ${String(error)}`, order.symbol);
    return exitParentOf(order, decisionId, core.settings, core.nowMs());
  }
}
