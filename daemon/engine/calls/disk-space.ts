import { isFullClose } from '../../core/decide/exit.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { cancelsNothing } from '../callers/requests.ts';
import type { Considered } from '../decide/decided.ts';
import type { LiveCore } from '../flow/core.ts';
import { closedE8 } from '../orders/claims.ts';
import { findAccountBreaker } from '../protect/breakers.ts';
import type { Unavailable } from '../records/decisions.ts';

/** The answer to a call that is not recorded once the reserve is in use. */
export const DISK_FULL: Unavailable = {
  kind: 'unavailable',
  message:
    'the disk is full: only exits that close at once, cancels and halts are still recorded; an exit that closed nothing is asked for again later, with close_position for the whole',
};
/** Wait of an agent's next exit in a symbol after one that closed nothing, wall ms; doubles each time. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 120_000;
/** How many partial exits an agent may make in a symbol; after them only full closes. */
const MAX_PARTIAL_EXITS = 20;

interface ExitPace {
  partial: number;
  /** Decision of the last exit, to see whether it closed anything. */
  last: string | null;
  pauseMs: number;
  nextAt: number;
}

/**
 * What may use the reserve of a full disk: calls that reduce risk. A refusal changes nothing, but costs
 * space too. INVARIANT: no agent can use up the reserve: resting exits and amends wait,
 * and exits are paced by what they close. Operators and the gate itself are not limited.
 */
export class FullDisk {
  readonly #core: LiveCore;
  readonly #paces = new Map<string, ExitPace>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  isNeeded(considered: Considered): boolean {
    const { request } = considered;
    const { decision, effective } = considered.decision;
    if (decision === 'BLOCK' || effective === null || effective.action === 'open') return false;
    if (request.origin !== 'agent') return effective.action !== 'amend' || effective.leverage === null;
    if (effective.action === 'amend') return false;
    if (effective.action === 'cancel') return !cancelsNothing(this.#core.state, request, this.#core.passedMs());
    return effective.time_in_force !== 'GTC' && this.#isDue(considered);
  }

  /** Notes what {@link isNeeded} permitted, if it is an exit. */
  noteExit({ decision, request }: Considered, decisionId: string): void {
    // A cancel closes nothing, and is no exit.
    if (decision.effective?.action !== 'exit') return;
    const pace = this.#paces.get(paceKey(request));
    if (pace !== undefined) pace.last = decisionId;
  }

  #isDue({ context, request }: Considered): boolean {
    const now = this.#core.ports.time.monotonicMs();
    const known = this.#paces.get(paceKey(request));
    const pace = known ?? { partial: 0, last: null, pauseMs: 0, nextAt: now };
    const hasClosed = pace.last === null || this.#closedE8(pace.last) > 0;
    if (!hasClosed && now < pace.nextAt) return false;
    const isPart = !isFullClose(request, context);
    if (isPart && pace.partial >= MAX_PARTIAL_EXITS) return false;
    if (isPart) pace.partial += 1;
    pace.pauseMs = hasClosed ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, 2 * pace.pauseMs);
    pace.nextAt = now + pace.pauseMs;
    this.#paces.set(paceKey(request), pace);
    return true;
  }

  #closedE8(decisionId: string): number {
    const claim = this.#core.state.claims.find(decisionId);
    if (claim !== null) return closedE8(claim);
    const orders = this.#core.state.orders.byDecision.get(decisionId) ?? [];
    return orders.reduce((sum, order) => sum + order.executedE8, 0);
  }
}

function paceKey({ agent, symbol }: ExecutionRequest): string {
  return `${agent} ${symbol ?? ''}`;
}

/** Opens the account's breaker: resting openings are canceled, and an operator must intervene. */
export function recordFullDisk(core: LiveCore): void {
  try {
    const breaker = findAccountBreaker(
      core.state,
      'the disk is full: its reserve is in use',
      'space was freed, the daemon started again, and an operator clears it',
      null,
    );
    if (breaker !== null) core.appendTightening({ ...breaker, state: 'reducing' });
    if (core.ports.clock.isSynced) tellFullDisk(core);
  } catch (error) {
    core.ports.log.error({ error: String(error) }, 'the full disk could not be recorded');
  }
}

/** At a start once domain time is known. */
export function tellFullDisk(core: LiveCore): void {
  core.alert('DISK_FULL', 'the reserve is in use: free space and start again');
}
