/**
 * The rules of SAE section 9 by stable ids. A verdict is a set of them, kept as bits in this order.
 * scope_*: SAE-OOS-TOOL. state_*, cooldown, flip, rate: SAE-OOS-STATE. The rest: SAE-OOS-CAP.
 */
export const JUDGE_RULES = [
  'scope_tool',
  'scope_action',
  'scope_venue',
  'scope_symbol',
  'scope_account',
  'state_reduce_only',
  'state_unknown_market',
  'cooldown',
  'flip',
  'rate',
  'cap_order',
  'cap_symbol',
  'cap_gross',
  'cap_leverage',
  'cap_account_leverage',
  'positions',
  'concentration',
  'turnover',
  'fees',
  'slippage',
  'liquidation_distance',
] as const;
export type JudgeRule = (typeof JUDGE_RULES)[number];

export const RULE_BIT = Object.fromEntries(JUDGE_RULES.map((rule, i) => [rule, 1 << i])) as Readonly<
  Record<JudgeRule, number>
>;

const NAMED = new Map<number, readonly JudgeRule[]>();

/** The ids of a set of rules, in the order of JUDGE_RULES; the same array for the same set. */
export function namesOf(bits: number): readonly JudgeRule[] {
  let named = NAMED.get(bits);
  if (named === undefined) {
    named = JUDGE_RULES.filter((_, i) => (bits & (1 << i)) !== 0);
    NAMED.set(bits, named);
  }
  return named;
}
