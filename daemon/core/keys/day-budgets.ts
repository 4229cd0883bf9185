import type { ReasonCode } from '../reasons.ts';
import { BUDGETS, type BudgetOf } from './budgets.ts';

/** Of the account or of one agent: what the last 24 hours took. */
export interface Spent {
  readonly fees_usdt: number;
  readonly pending_fees_usdt: number;
  readonly pending_turnover_usdt: number;
  readonly turnover_usdt: number;
}

/** A budget of the last 24 hours. It is ours and not part of R (SAE section 3), so that a variant may switch it off. */
export interface DayBudget {
  readonly key: BudgetOf<'USDT'>;
  /** Code of rule 6 where nothing is left. */
  readonly spent: 'FEES' | 'TURNOVER';
  /** In the arithmetic of a decision, of the account and of an agent. */
  readonly label: string;
  readonly ownLabel: string;
  /** Behind an amount of it, in `policy explain`. */
  readonly words: string;
  readonly usedUsdt: (of: Spent) => number;
  /** Of opening orders that are working or unsent. */
  readonly pendingUsdt: (of: Spent) => number;
  /** What an order takes of it for each USDT of notional; 0: nothing, so that it bounds none. */
  readonly perUsdt: (takerFee: number) => number;
}
export const DAY_BUDGETS: readonly DayBudget[] = [
  {
    key: 'turnover_usdt_per_day',
    spent: 'TURNOVER',
    label: 'turnover cap of the day',
    ownLabel: "agent's turnover cap",
    words: 'executed in 24 h',
    usedUsdt: (of) => of.turnover_usdt,
    pendingUsdt: (of) => of.pending_turnover_usdt,
    perUsdt: () => 1,
  },
  {
    key: 'fees_usdt_per_day',
    spent: 'FEES',
    label: 'fee cap of the day',
    ownLabel: "agent's fee cap",
    words: 'of fees in 24 h',
    usedUsdt: (of) => of.fees_usdt,
    pendingUsdt: (of) => of.pending_fees_usdt,
    perUsdt: (takerFee) => takerFee,
  },
];

const BY_CODE: ReadonlyMap<ReasonCode, DayBudget> = new Map(DAY_BUDGETS.map((day) => [BUDGETS[day.key].code, day]));
/** The one that a bound of this code is of; undefined: none. */
export const dayBudgetOf = (code: ReasonCode): DayBudget | undefined => BY_CODE.get(code);

/** So that none of them binds: the largest values that are legal. */
export const UNBOUND_DAY = Object.fromEntries(DAY_BUDGETS.map(({ key }) => [key, BUDGETS[key].max]));

/**
 * Those that bound an order. Caps bind at the instant of every send, so a later slice meets the budgets of the day again:
 * exits, which are never refused, may have used them up since. A standing order was sent already. No fee, no budget of fees.
 */
export function boundingOfDay({ phase }: { readonly phase: string }, takerFee: number): readonly DayBudget[] {
  return phase === 'standing' ? [] : DAY_BUDGETS.filter(({ perUsdt }) => perUsdt(takerFee) > 0);
}
