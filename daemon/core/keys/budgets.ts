import type { ReasonCode } from '../reasons.ts';
import { asked, type KeyRow, rests } from './key-row.ts';

/** Largest amount in a policy, so that sums and products stay well within exact integers of cents. */
export const MAX_USDT = 1_000_000_000_000;

export interface BudgetRow extends KeyRow {
  /** For editors, and docs/policy.md. */
  readonly description: string;
  /** On the console. */
  readonly title: string;
  /** `orders`: in a window of time, {max, window_ms}; `ms`: a span of time. The others are plain numbers. */
  readonly unit: 'USDT' | 'bps' | 'ms' | 'orders' | 'positions' | 'x';
  /** Largest legal value; of a rate, of its `max`. */
  readonly max: number;
  /** The reason that names it. */
  readonly code: ReasonCode;
}

/**
 * The keys of `budgets`, of the account and of an agent: all that is said of one and is not computed. The schema, the types,
 * the directions, limits, suggestions and documents follow from the rows.
 */
export const BUDGETS = {
  leverage: {
    description: 'Largest leverage, of one order and of the whole account (gross exposure over equity).', // PK-6
    title: 'Leverage',
    unit: 'x',
    max: 125,
    code: 'BUDGET_LEVERAGE',
    direction: 'larger',
    ...rests('account'),
  },
  order_notional_usdt: {
    description: 'Largest notional of one order.', // PK-7
    title: 'One order',
    unit: 'USDT',
    max: 1_000_000_000,
    code: 'BUDGET_NOTIONAL',
    direction: 'larger',
    ...rests('account'),
  },
  symbol_notional_usdt: {
    description: 'Largest worst-case notional of one symbol: its position and all its open orders.', // PK-8
    title: 'This symbol',
    unit: 'USDT',
    max: MAX_USDT,
    code: 'BUDGET_SYMBOL',
    direction: 'larger',
    ...rests('symbol'),
  },
  gross_notional_usdt: {
    description: 'Largest worst-case notional of all symbols together.', // PK-9
    title: 'All symbols together',
    unit: 'USDT',
    max: MAX_USDT,
    code: 'BUDGET_GROSS',
    direction: 'larger',
    ...rests('account'),
  },
  order_rate: {
    description: 'Opening orders of the account, all slices counted when asked for; exits have a separate rate.', // PK-10
    title: 'Order rate',
    unit: 'orders',
    max: 1_000_000,
    code: 'RATE',
    direction: 'rate',
    ...asked('account'),
  },
  slippage_bps: {
    description: 'Largest distance of an execution from the middle of the book.', // PK-11
    title: 'Slippage',
    unit: 'bps',
    max: 5000,
    code: 'PRICE_SLIPPAGE',
    direction: 'larger',
    ...rests('account'),
  },
  holding_time_ms: {
    description: 'Longest time in a position; after it the symbol only reduces and an alert is raised.', // PK-12
    title: 'Time in a position',
    unit: 'ms',
    max: 315_360_000_000,
    code: 'ACCOUNT_HOLDING_TIME',
    direction: 'larger',
    ...rests('symbol'),
  },
  concurrent_positions: {
    description: 'Most symbols with a position or an opening order.', // PK-13
    title: 'Positions at once',
    unit: 'positions',
    max: 1000,
    code: 'ACCOUNT_POSITIONS',
    direction: 'larger',
    ...rests('account'),
  },
  turnover_usdt_per_day: {
    description: 'Largest notional executed in 24 hours; exits count and are never refused.', // PK-14
    title: 'Turnover, 24 h',
    unit: 'USDT',
    max: MAX_USDT,
    code: 'BUDGET_TURNOVER',
    direction: 'larger',
    ...asked('account'),
  },
  fees_usdt_per_day: {
    description: 'Largest fees paid in 24 hours; exits count and are never refused.', // PK-15
    title: 'Fees, 24 h',
    unit: 'USDT',
    max: 1_000_000_000,
    code: 'BUDGET_FEES',
    direction: 'larger',
    ...asked('account'),
  },
} as const satisfies Readonly<Record<string, BudgetRow>>;

export type BudgetKey = keyof typeof BUDGETS;
/** Keys of one or more units. */
type BudgetOf<Unit extends BudgetRow['unit']> = {
  [key in BudgetKey]: (typeof BUDGETS)[key]['unit'] extends Unit ? key : never;
}[BudgetKey];
/** Those that may be left out: every later one, since stored policies have to stay valid. */
export type OptionalBudget = {
  [key in BudgetKey]: (typeof BUDGETS)[key] extends { readonly absent: number } ? key : never;
}[BudgetKey];
export const BUDGET_KEYS = Object.keys(BUDGETS) as readonly BudgetKey[];
/** What stands for those that are left out. */
export const ABSENT_BUDGETS = Object.fromEntries(
  Object.entries<BudgetRow>(BUDGETS).flatMap(([key, { absent }]) => (absent === undefined ? [] : [[key, absent]])),
) as { readonly [key in OptionalBudget]: number };

/** Of these something is used and something left; a span of time just passes. */
export type CountedBudget = BudgetOf<Exclude<BudgetRow['unit'], 'ms'>>;
export const COUNTED_BUDGETS = BUDGET_KEYS.filter((key): key is CountedBudget => BUDGETS[key].unit !== 'ms');
/** Amounts of money: they grow with the account. */
export const USDT_BUDGETS = BUDGET_KEYS.filter((key): key is BudgetOf<'USDT'> => BUDGETS[key].unit === 'USDT');

/** Smallest legal value of each unit. */
export const MIN_VALUE = { USDT: 0.01, bps: 0.1, ms: 1, orders: 1, positions: 1, x: 1 } as const;

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
