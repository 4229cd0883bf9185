import type { OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';

/** How many consecutive equal refusals stop an agent. */
export const EQUAL_REFUSALS = 5;
/** How many agents must be stopped for the same answer before it counts as the account's problem. */
const AGENTS_FOR_ACCOUNT = 2;

/** What exceeded the limit: one agent's request, or anything that the account sends. */
export type Loop = 'agent' | 'account' | null;

interface Row {
  readonly key: string;
  readonly count: number;
}

/**
 * Consecutive refusals with equal request and answer, by agent: one agent's repeated request must not close
 * the account for the others. It counts for the account if the answer concerns us as a whole (a clock, a ban), or if
 * several agents get the same one. Any order that the venue accepts resets all counts.
 */
export class RefusalLoops {
  readonly #byAgent = new Map<string, Row>();
  /** Agents stopped because of an answer, by its code. */
  readonly #stopped = new Map<string, Set<string>>();
  #account: Row = { key: '', count: 0 };

  onAccepted(): void {
    this.#byAgent.clear();
    this.#stopped.clear();
    this.#account = { key: '', count: 0 };
  }

  onRefusal(order: OrderState, rejection: Rejection): Loop {
    const answer = String(rejection.code ?? rejection.httpStatus ?? '');
    if (isAboutAccount(rejection)) {
      this.#account = next(this.#account, answer);
      if (this.#account.count < EQUAL_REFUSALS) return null;
      this.#account = { key: '', count: 0 };
      return 'account';
    }
    const { agent } = order;
    if (agent === null) return null;
    const row = next(this.#byAgent.get(agent), `${describeRequest(order)} ${answer}`);
    this.#byAgent.set(agent, row);
    if (row.count < EQUAL_REFUSALS) return null;
    this.#byAgent.delete(agent);
    const stopped = this.#stopped.get(answer) ?? new Set();
    this.#stopped.set(answer, stopped.add(agent));
    return stopped.size >= AGENTS_FOR_ACCOUNT ? 'account' : 'agent';
  }
}

function next(row: Row | undefined, key: string): Row {
  return { key, count: row?.key === key ? row.count + 1 : 1 };
}

/** The request without its price, which follows the market: with a different price it is still the same request. */
function describeRequest({ amend, lots, side, symbol }: OrderState): string {
  return `${symbol} ${side} ${amend === null ? lots : `${lots} to ${amend.lots}`}`;
}

/** The answer would be the same for any request. */
function isAboutAccount({ consequence }: Rejection): boolean {
  return (
    consequence === 'close_venue' ||
    consequence === 'back_off' ||
    consequence === 'reducing' ||
    consequence === 'resync_clock'
  );
}
