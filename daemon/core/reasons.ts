/**
 * The closed list of reason codes. Message and hint are constants: the numbers stand in `observed`, `limit`, `unit`,
 * so that a record is derived again byte for byte and a refusal costs no formatting. docs/reasons.md is generated.
 */
export interface ReasonText {
  readonly message: string;
  readonly hint: string;
}
const WAIT = 'Ask again after retry_after_ms; asking earlier changes nothing.';
const FRESH = 'Nothing is wrong with the request; ask again when /readyz says ready. Exits and cancels still pass.';
const SMALLER = 'Ask for less, or reduce exposure first; get_limits shows what is left.';
const TIER = 'get_limits shows what may still be opened, if anything; exits are not concerned.';

export const REASONS = {
  SCHEMA_ARGS: {
    message: "The arguments break the operator's schema for this tool.",
    hint: 'The list of tools has the schema.',
  },
  SCOPE_TOOL: { message: 'This tool is not in the policy scope.', hint: 'The list of tools has what is allowed.' },
  SCOPE_ACTION: {
    message: 'This action is not in the policy scope.',
    hint: 'Allowed actions stand in scope.actions of the policy.',
  },
  SCOPE_VENUE: {
    message: 'This venue is not in the policy scope, or is not the venue of this daemon.',
    hint: 'Leave `venue` out to use the configured one.',
  },
  SCOPE_SYMBOL: {
    message: 'This symbol is not in the policy scope.',
    hint: 'Trade one of `limit`, or where that is null, one that get_limits lists.',
  },
  SCOPE_ACCOUNT: {
    message: 'This account is not in the policy scope.',
    hint: 'Leave `account` out to use the configured one.',
  },
  STATE_REDUCING: {
    message: 'Trading is in `reducing`: only exits and cancels pass.',
    hint: 'Exits and cancels pass. `limit` says what set it: an operator, or a condition that ends by itself.',
  },
  STATE_HALTED: {
    message: 'Trading is `halted`: agents may only cancel their opening orders.',
    hint: 'Exits of agents wait, too; an operator can close positions or end the halt.',
  },
  AGENT_SCHEDULE: {
    message: 'This agent may not open now: it is outside its hours, or in a blackout, which lasts `observed` longer.',
    hint: 'Ask again after retry_after_ms. Exits and cancels pass at any time.',
  },
  STALE_CLOCK: { message: 'The clock is not in step with the venue.', hint: FRESH },
  STALE_REQUEST: {
    message: 'The request is too old, from the future, or past valid_until_ms.',
    hint: 'Send a current timestamp_ms, or leave it out.',
  },
  STALE_MARK: { message: 'The mark price is missing or too old.', hint: FRESH },
  STALE_QUOTE: { message: 'The order book quote is missing or too old.', hint: FRESH },
  STALE_BARS: { message: 'There are too few price bars, or the last one is too old.', hint: FRESH },
  STALE_ACCOUNT: { message: 'The account snapshot is missing or too old.', hint: FRESH },
  STALE_FILTERS: {
    message: "The exchange's filters are missing or too old, or the symbol is not trading.",
    hint: FRESH,
  },
  STALE_FUNDING: { message: 'The funding rate is missing or too old.', hint: FRESH },
  STALE_INPUT: { message: 'A figure that the decision rests on is not a number.', hint: FRESH },
  DUPLICATE_INTENT: {
    message: 'The same intent was permitted moments ago (its decision id is `observed`), and it may have been filled.',
    hint: 'Look that decision up. To repeat it on purpose, send after_decision_id once it has ended, or wait retry_after_ms.',
  },
  COOLDOWN: { message: 'The symbol is in cooldown after its last opening order.', hint: WAIT },
  RATE: { message: 'The order rate of the window is used up.', hint: WAIT },
  FLIP: { message: 'Opposite to the last opening fill of this symbol, too soon after it.', hint: WAIT },
  BREAKER: {
    message:
      'The same order was executed, or refused by the venue, too often in a row; the breaker of this agent is open.',
    hint: WAIT,
  },
  TURNOVER: {
    message: 'The turnover budget of the day is used up.',
    hint: 'Budgets free up as the last 24 hours move on. Exits still pass.',
  },
  FEES: {
    message: 'The fee budget of the day is used up.',
    hint: 'Budgets free up as the last 24 hours move on. Exits still pass.',
  },
  REGIME_TIGHTENED: { message: 'The market regime reduces the budgets.', hint: SMALLER },
  REGIME_REDUCE_ONLY: {
    message: 'The market regime allows exits only.',
    hint: 'Wait for a calmer market; exits pass.',
  },
  ACCOUNT_DRAWDOWN: { message: 'The drawdown of the account has reached a tier.', hint: TIER },
  ACCOUNT_DAILY_LOSS: { message: "The day's loss has reached a tier.", hint: TIER },
  ACCOUNT_MARGIN_RATIO: { message: 'The margin ratio has reached a tier.', hint: TIER },
  ACCOUNT_LIQUIDATION_DISTANCE: {
    message: 'The position is too close to its liquidation price.',
    hint: 'Reduce the position first.',
  },
  ACCOUNT_POSITIONS: { message: 'As many positions are open as the budget allows.', hint: 'Close one first.' },
  ACCOUNT_HOLDING_TIME: {
    message: 'The position has been held longer than the budget allows.',
    hint: 'Close it; opening is possible again when flat.',
  },
  TRUST_TIGHTENED: { message: 'Trust in the source of this request reduces the budgets.', hint: SMALLER },
  TRUST_REDUCE_ONLY: {
    message: 'Trust in the source of this request allows exits only.',
    hint: 'Exits pass. A signal ends with its ttl, trust in a skill with the policy; it is over when get_limits no longer lists this code in blocked_by.',
  },
  TRADER_STATE_TIGHTENED: {
    message: "This agent's recent trades look like risk escalation; its budgets are reduced.",
    hint: SMALLER,
  },
  TRADER_STATE_BLOCKED: {
    message: "This agent's recent trades look like risk escalation; opening is refused.",
    hint: 'Exits pass. The window moves on with time.',
  },
  AGENT_LOSS: {
    message: "This agent's own loss (`observed`) has reached a tier (`limit`) of the day or of seven days.",
    hint: 'get_limits shows what may still be opened, if anything. Exits pass. Days end at 00:00 UTC.',
  },
  PRICE_DISLOCATED: { message: 'Order book and mark price are too far apart.', hint: FRESH },
  PRICE_SLIPPAGE: {
    message: 'The slippage bound is above the cap (`limit`), which holds instead.',
    hint: 'Ask for no more than the cap; an order that goes out has that bound.',
  },
  BOUND_INSIDE_SPREAD: {
    message:
      'The opposite best quote is further (`observed`) from the middle of the book than this exit may go (`limit`).',
    hint: 'It goes on within its bound, for exits.resume_ms at most. Ask with a wider max_slippage_bps to close now.',
  },
  PRICE_OUT_OF_RANGE: {
    message: 'The price is outside what the venue takes for this symbol; `limit` is the nearest that it takes.',
    hint: 'Name a price that the venue takes.',
  },
  SYMBOL_HELD: {
    message: 'Another agent holds this symbol, or it is kept for one.',
    hint: 'Trade a symbol that get_limits shows as free or yours. Waiting helps once its holder is flat.',
  },
  SYMBOL_UNOWNED: {
    message: 'Lots or orders stand in this symbol that no agent here has asked for: nothing opens beside them.',
    hint: 'Trade another symbol. An operator closes them, or gives the symbol to an agent with `adopt`.',
  },
  AGAINST_POSITION: {
    message: 'The order is against the position in this symbol (`observed` lots): it would close, and not open.',
    hint: 'close_position first; open the other direction when flat.',
  },
  ORDER_UNPROVEN: {
    message: 'Nobody knows yet what became of an order in this symbol (`observed`).',
    hint: 'Ask again once it is proven, as a rule within seconds. Exits and cancels pass.',
  },
  EXIT_IN_PROGRESS: {
    message: 'An exit in this symbol is being worked (its decision is `observed`).',
    hint: 'Ask again after retry_after_ms, or cancel that exit. A full close is always taken.',
  },
  OPENINGS_RESTING: {
    message: 'As many orders of this agent, or of all, as may open in this symbol (`limit`) rest or are on their way.',
    hint: 'Cancel or amend one of them, or wait until one fills. Exits and cancels pass.',
  },
  LEVERAGE_LOCKED: {
    message:
      "The venue's leverage setting of this symbol is above the cap and cannot change while a position or order exists.",
    hint: 'Close the position first.',
  },
  BUDGET_LEVERAGE: { message: 'The leverage is above the cap (`limit`), which holds instead.', hint: SMALLER },
  BUDGET_NOTIONAL: { message: 'The order is larger than the order budget.', hint: SMALLER },
  BUDGET_SYMBOL: { message: 'The symbol would exceed its notional budget.', hint: SMALLER },
  BUDGET_GROSS: { message: 'The account would exceed its gross notional budget.', hint: SMALLER },
  BUDGET_ACCOUNT_LEVERAGE: {
    message: "The account's gross exposure over equity would exceed the leverage cap.",
    hint: SMALLER,
  },
  BUDGET_CONCENTRATION: { message: 'The symbol would be too large a share of the whole exposure.', hint: SMALLER },
  BUDGET_BRACKET: { message: "The symbol would exceed the venue's leverage bracket.", hint: SMALLER },
  BUDGET_MARGIN: { message: 'There is not enough free margin.', hint: SMALLER },
  BUDGET_TURNOVER: {
    message: 'The order is larger than what is left of the turnover budget of the day.',
    hint: SMALLER,
  },
  BUDGET_FEES: {
    message: 'The fee of the order is more than what is left of the fee budget of the day.',
    hint: SMALLER,
  },
  BUDGET_AGENT: { message: "The order is larger than what is left of this agent's own budgets.", hint: SMALLER },
  BELOW_MINIMUM: {
    message:
      "What was asked for (`observed`), or what the budgets leave of it, is below the venue's minimum order (`limit`).",
    hint: 'Ask for at least the minimum, or free budget first.',
  },
  ABOVE_MAXIMUM: { message: "The order is larger than the venue's largest order.", hint: 'Split it.' },
  LOT_ROUNDING: {
    message:
      'The exchange takes whole lots (`limit` each): they make the order smaller by more than 1 % of what was asked (`observed`).',
    hint: 'To get all of it, ask for a multiple of one lot; the arithmetic line has one lot and the smallest order.',
  },
  INTERNAL_RECHECK: {
    message: 'The order failed the last check on exactly what would be sent.',
    hint: 'This is a defect of the daemon: it refused the order and raised an alert.',
  },
  EXIT_CLIPPED: { message: 'The exit is larger than what there is to close.', hint: 'Nothing to do.' },
  NOT_REDUCING: {
    message: 'There is no position that this order would reduce.',
    hint: 'get_positions shows what there is to close.',
  },
  EXIT_SCOPE: {
    message: 'This position is not yours to close: another agent holds it, or nobody does.',
    hint: 'An operator can close it, or give it to an agent with `adopt`.',
  },
  EXITS_RESTING: {
    message: 'As many exits of this agent, or of all agents in the symbol, rest already as may (`limit`).',
    hint: 'Cancel or move one of your own. Exits that close at once always pass.',
  },
  APPROVAL_REQUIRED: {
    message: 'A person must approve this order; nothing was sent.',
    hint: 'Do not send it again: get_decision says in execution.approval what became of it; cancel_all withdraws it. Unit `pending`: nobody was asked, since others wait; ask again once they have ended.',
  },
  APPROVAL_STALE: {
    message: 'The order does not fit what was approved any more (`unit` says in what); nothing was sent.',
    hint: 'The approval is used up. Decide anew: a new request asks for a new approval.',
  },
  APPROVAL_CEILING: {
    message: 'Prices or budgets have moved since the order was approved: it is held to what was approved (`limit`).',
    hint: 'Nothing to do.',
  },
  ORDER_UNKNOWN: { message: 'There is no such order, or it ended hours ago.', hint: 'get_orders lists them.' },
  ORDER_NOT_OWN: {
    message: 'The order belongs to another agent or to the gate.',
    hint: 'Agents change and cancel their own orders only.',
  },
  ORDER_NOT_OPEN: { message: 'The order is no longer open.', hint: 'Nothing to do.' },
  ORDER_UNCHANGED: {
    message: 'The order has this size and price already.',
    hint: 'Nothing to do: the order stays as it is.',
  },
  MODIFY_NOT_ALLOWED: {
    message: 'The modified order would not be wholly allowed; the old order stays.',
    hint: 'Ask for less, or cancel and place a new order.',
  },
} as const satisfies Record<string, ReasonText>;

export type ReasonCode = keyof typeof REASONS;
export const REASON_CODES = Object.keys(REASONS) as readonly ReasonCode[];
