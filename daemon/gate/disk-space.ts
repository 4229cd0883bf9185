import type { ExecutionDecision } from '../core/decision.ts';
import type { ToolOutcome } from './api.ts';
import type { GateCore } from './gate-core.ts';
import type { Intake } from './intake.ts';
import type { CancelOutcome } from './ports.ts';
import { everyLiveOrder, type OrderState } from './state/orders.ts';

/** What is not recorded once the reserve is in use. */
export const DISK_FULL: ToolOutcome = {
  kind: 'unavailable',
  message: 'the disk is full: only exits, cancels and halts are still recorded',
};

/** The reserve is for what takes risk away (DESIGN section 7); a refusal of it changes nothing and costs space too. */
export function isNeededOnFullDisk({ decision, effective }: ExecutionDecision): boolean {
  if (decision === 'BLOCK' || effective === null || effective.action === 'open') return false;
  return effective.action !== 'amend' || effective.leverage === null;
}

/** A cancel that would change nothing: no order of the agent is there, or each cancel of one is under way already. */
export function cancelsNothing(core: GateCore, { request, target }: Intake): boolean {
  if (request.intent !== 'cancel' || request.origin !== 'agent') return false;
  const orders = target === null ? everyLiveOrder(core.state.orders) : [target];
  for (const order of orders) if (order.agent === request.agent && !order.cancelRequested) return false;
  return true;
}

/** Opens the account's breaker: resting openings are canceled, and an operator has to look. */
export function recordFullDisk(core: GateCore): void {
  try {
    const entry = core.state.layers.get('breaker|account|');
    if (entry === undefined || entry.setBy === 'venue') {
      core.appendTightening({
        clears_at_ms: null,
        clears_when: 'space was freed, the daemon started again, and an operator clears it',
        layer: 'breaker',
        name: null,
        reason: 'the disk is full: its reserve is in use',
        scope: 'account',
        set_by: 'daemon',
        state: 'reducing',
      });
    }
    core.alert('DISK_FULL', 'the reserve is in use: free space and start again');
  } catch (error) {
    core.ports.log.error({ error: String(error) }, 'the full disk could not be recorded');
  }
}

const ATTEMPTS = 3;

/**
 * The ledger records nothing more: opening orders at the venue are canceled all the same, as best it can be done. What
 * reduces stays there. The next start finds out what became of them.
 */
export async function cancelUnrecorded(core: GateCore, pauseMs: number): Promise<void> {
  const cancel = async (order: OrderState): Promise<CancelOutcome['kind']> =>
    (await core.ports.venue.cancel(order.symbol, order.clientOrderId, order.kind)).kind;
  let left = [...everyLiveOrder(core.state.orders)].filter(
    (order) => !order.foreign && !order.reduceOnly && order.status !== 'pending_send',
  );
  for (let attempt = 0; attempt < ATTEMPTS && left.length > 0; attempt += 1) {
    // One that was on its way may have arrived meanwhile.
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const outcomes = await Promise.allSettled(left.map(cancel));
    left = left.filter((_, i) => {
      const outcome = outcomes[i];
      return outcome?.status !== 'fulfilled' || outcome.value !== 'canceled';
    });
  }
  core.ports.log.error(
    { left: left.map((order) => order.clientOrderId) },
    'the ledger cannot record: opening orders were canceled at the venue without a record',
  );
}
