import type { OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';

/** Equal refusals in a row after which it is stopped (BINANCE.md part B, "Structural rejections in a loop"). */
export const EQUAL_REFUSALS = 5;
/** Agents that have to be stopped for the same answer before it is taken for the account's and not for theirs. */
const AGENTS_FOR_ACCOUNT = 2;

/** What a refusal was one too many of: an agent's request, or whatever the account sends. */
export type Loop = 'agent' | 'account' | null;

interface Row {
  readonly key: string;
  readonly count: number;
}

/**
 * Refusals of equal pairs of request and answer in a row, by agent: what one of them goes on asking for must not close
 * the account for the others. It counts for the account when the answer is about us as a whole (a clock, a ban), or when
 * several agents run into the same one. Any order that the venue takes ends every row.
 */
export class RefusalLoops {
  readonly #byAgent = new Map<string, Row>();
  /** Agents stopped for an answer, by its code. */
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

/** Without its price: that follows the market, and an agent that names another one each time asks for the same. */
function describeRequest({ amend, lots, side, symbol }: OrderState): string {
  return `${symbol} ${side} ${amend === null ? lots : `${lots} to ${amend.lots}`}`;
}

/** No other request would have fared better. */
function isAboutAccount({ consequence }: Rejection): boolean {
  return (
    consequence === 'close_venue' ||
    consequence === 'back_off' ||
    consequence === 'reducing' ||
    consequence === 'resync_clock'
  );
}
