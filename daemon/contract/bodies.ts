// biome-ignore-all lint/style/noExcessiveLinesPerFile: a catalogue of bodies, looked up by name

import { COUNTED_BUDGETS } from '../core/keys/budgets.ts';
import { REGIMES, SIGNAL_KINDS } from '../core/policy.ts';
import { ORDER_STATUSES } from '../engine/tables/status.ts';
import * as Type from './built/typebox.js';
import { ApprovalCeilingSchema, BudgetFactorsSchema, decimal, decisionMembers } from './decision.ts';
import { EXECUTION_STATES } from './execution-states.ts';
import { explanationMembers } from './explanation.ts';
import * as field from './fields.ts';
import { nullable } from './nullable.ts';

/** Bodies of the answers. Decimals that must not lose a digit are text; other figures are numbers. */

const { said, side } = field;
const number = (description?: string) => Type.Number(said(description));
const text = (description?: string) => Type.String(said(description));
const flag = (description?: string) => Type.Boolean(said(description));
const count = (description?: string) => Type.Integer({ minimum: 0, ...said(description) });
const instant = (description?: string) => Type.Number(said(description, field.INSTANT_WORDS));
const orNull = (description?: string) => nullable(number(description));
export const TRADING_STATES = ['active', 'reducing', 'halted'] as const;
export const tradingState = field.oneOf(
  TRADING_STATES,
  'active: everything the policy permits. reducing: exits and cancels. halted: cancels.',
);
export const orderStatus = field.oneOf(
  ORDER_STATUSES,
  'unknown: no conclusive answer from the exchange yet; do not send again.',
);

export const DECISION_KINDS = ['tool', 'intercept', 'dry_run', 'slice', 'standing', 'gate'] as const;

/** Not in the record: null where another version of the core decided, which alone derives them. */
const derivedMembers = {
  budget: nullable(decisionMembers.budget),
  condition_reducing: nullable(decisionMembers.condition_reducing),
  constraints: nullable(decisionMembers.constraints),
  context_hash: nullable(text('sha256 of the recorded context.')),
  retry_after_ms: decisionMembers.retry_after_ms,
  verdicts: nullable(decisionMembers.verdicts),
};
export const DecisionBodySchema = Type.Object(
  {
    decision_id: text(),
    request_id: nullable(text()),
    seq: count('Number of its record in the ledger.'),
    at_ms: instant('When it was decided, exchange time.'),
    kind: field.oneOf(DECISION_KINDS, 'slice, standing: the daemon decided again. gate: it asked itself.'),
    agent: text(),
    tool: text(),
    symbol: nullable(text()),
    binding: flag('false: advice that authorises nothing.'),
    ...decisionMembers,
    ...derivedMembers,
    ...explanationMembers,
    policy_hash: text(),
    core_version: nullable(count('Version of the core that decided; null: recorded before there were any.')),
  },
  { ...field.closed, description: 'SAE-DEC with its identifiers.' },
);
export const ExecutionOrderSchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    slice: count(),
    status: orderStatus,
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, null until the exchange reports it.')),
    fee_usdt: orNull('Paid, null until the exchange reports all of it.'),
    realised_pnl_usdt: orNull('Realised before fees, null until the exchange reports all of it.'),
  },
  field.closed,
);
export const approvalStatus = field.oneOf(
  ['pending', 'granted', 'denied', 'voided', 'expired'],
  'granted: used up by decision_id, whatever that says. voided: detail says by what.',
);
const approvalId = text('decision_id of the blocked decision.');
const words = text('The first 64 bits of the digest, as four words.');
const card = text('Its card in the console, or its path.');
const grantDecision = nullable(text('After the approval; null: none.'));
const approvalDetail = nullable(text());
const approvalEnd = instant('Approve by then.');
const opensUntil = instant();
export const ExecutionApprovalSchema = Type.Object(
  {
    approval_id: approvalId,
    status: approvalStatus,
    detail: approvalDetail,
    decision_id: grantDecision,
    expires_at_ms: approvalEnd,
    quorum: count(),
    signatures: count(),
    words,
    card,
  },
  { ...field.closed, description: 'The approval that this decision asked for, or rests on.' },
);
export const ApprovalBodySchema = Type.Object(
  {
    approval_id: approvalId,
    status: approvalStatus,
    detail: approvalDetail,
    ...ApprovalCeilingSchema.properties,
    requested_at_ms: instant(),
    expires_at_ms: approvalEnd,
    opens_until_ms: opensUntil,
    ended_at_ms: nullable(instant()),
    decision_id: grantDecision,
    text: text('What is approved, canonical JSON.'),
    digest: text('sha256 of text: what an approval names, and a passkey signs.'),
    words,
    card,
    signatures: Type.Array(
      Type.Object(
        {
          at_ms: instant(),
          by: text(),
          kind: field.oneOf(['operator_token', 'passkey'], 'By what.'),
        },
        field.closed,
      ),
      { description: 'Approvals that were given.' },
    ),
    untrusted: Type.Object(
      { rationale: nullable(text()), strategy_id: nullable(text()) },
      { ...field.closed, description: "The agent's own words. They prove nothing." },
    ),
  },
  {
    ...field.closed,
    description: 'An order that waits for a person, or waited.',
  },
);
export const ApprovalChallengeSchema = Type.Object(
  {
    options: Type.Unsafe<{ readonly [member: string]: unknown }>({
      type: 'object',
      description: 'Of the WebAuthn request; its challenge is the digest.',
    }),
  },
  { ...field.closed, description: 'What the browser asks a passkey for.' },
);
export const ApprovalsBodySchema = Type.Object(
  {
    approvals: Type.Array(ApprovalBodySchema, {
      description: 'Those that wait, then the last 100 that have ended.',
    }),
  },
  field.closed,
);
export const executionState = field.oneOf(
  EXECUTION_STATES,
  'none: nothing was sent, or note says that it is too old to tell. submitting, unknown: pending, do not send again; ask GET /v1/decisions/{id}.',
);
export const ExecutionBodySchema = Type.Object(
  {
    approval: Type.Optional(ExecutionApprovalSchema),
    state: executionState,
    orders: Type.Array(ExecutionOrderSchema),
    note: nullable(text()),
    retryable: flag('The exchange refused it, and a retry makes sense.'),
    slices_dropped: Type.Integer({
      minimum: 0,
      description: 'Slices that were dropped unsent.',
    }),
  },
  { ...field.closed, description: 'What became of the decision so far.' },
);
export const ToolAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: ExecutionBodySchema },
  { ...field.closed, description: 'A decided request.' },
);
export const ApprovedBodySchema = Type.Object(
  { approval: ApprovalBodySchema, answer: nullable(ToolAnswerSchema) },
  {
    ...field.closed,
    description: 'answer: what was decided with it; null: nothing.',
  },
);
/** intercept: advice has a decision and, where the gate shows one, an execution without orders. */
export const InterceptAnswerSchema = Type.Object(
  { decision: DecisionBodySchema, execution: Type.Optional(ExecutionBodySchema) },
  { ...field.closed, description: 'Advice on a tool call; it authorises nothing.' },
);

export const OrderBodySchema = Type.Object(
  {
    client_order_id: text(),
    venue_order_id: nullable(text()),
    decision_id: nullable(text('Decision that permitted it; null for foreign orders.')),
    agent: nullable(text()),
    symbol: text(),
    side,
    order_type: text('limit or market, as it was sent; of foreign orders the name at the exchange: stop_market.'),
    limit_price: nullable(decimal('USDT.')),
    quantity: decimal(),
    filled_quantity: decimal(),
    average_price: nullable(decimal('Average price of the fills, USDT.')),
    reduce_only: flag('It can only reduce a position.'),
    status: orderStatus,
    slice: count(),
    reserved_notional_usdt: number('What it still reserves of the budgets.'),
    foreign: flag('It was not placed by this daemon.'),
    updated_at_ms: instant(),
  },
  field.closed,
);
export const next = nullable(text('cursor of the next page; null on the last one.'));
export const OrdersBodySchema = Type.Object({ orders: Type.Array(OrderBodySchema), next }, field.closed);
export const DecisionsBodySchema = Type.Object({ decisions: Type.Array(DecisionBodySchema), next }, field.closed);

/** Whose a symbol is, as an agent is told: never the name of another one. */
export const held = field.oneOf(
  ['yours', 'another', 'nobody', 'free'],
  'Whose the symbol is. another: or kept from you. nobody: an operator’s.',
);
export const holder = nullable(text('An agent; null: none.'));
const holderOfFill = nullable(text('Whose lots it moved; null: nobody’s.'));

export const FillBodySchema = Type.Object(
  {
    seq: count('Number of its record in the ledger.'),
    at_ms: instant('When, exchange time.'),
    trade_id: text(),
    symbol: text(),
    side,
    quantity: decimal(),
    price: decimal('USDT.'),
    fee_usdt: number('Paid; negative is a rebate.'),
    realised_pnl_usdt: number('Realised before fees; 0 for what opens.'),
    is_maker: flag(),
    client_order_id: nullable(text()),
    decision_id: nullable(text()),
    agent: nullable(text('Whose it is; null: the order is not of this daemon.')),
    holder: Type.Optional(holderOfFill),
  },
  field.closed,
);
export const FillsBodySchema = Type.Object(
  { fills: Type.Array(FillBodySchema, { description: 'Newest first, of the last 10,000.' }), next },
  field.closed,
);
export const PositionBodySchema = Type.Object(
  {
    symbol: text(),
    held: Type.Optional(held),
    holder: Type.Optional(holder),
    quantity: decimal('Signed: negative is short.'),
    notional_usdt: number('Value at the mark, never negative; 0 without a mark.'),
    entry_price: nullable(decimal('USDT.')),
    mark_price: nullable(decimal('USDT.')),
    leverage: orNull('Leverage setting at the exchange.'),
    unrealised_pnl_usdt: orNull('At the mark.'),
    liquidation_price: nullable(decimal('USDT.')),
    agent_share: Type.Unsafe<{ readonly [agent: string]: string }>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Signed quantity of the holder, by its name.',
    }),
  },
  field.closed,
);
export const PositionsBodySchema = Type.Object(
  { positions: Type.Array(PositionBodySchema), observed_at_ms: nullable(instant()), next },
  field.closed,
);
export const AccountBodySchema = Type.Object(
  {
    account: text(),
    venue: text(),
    equity_usdt: orNull(),
    wallet_usdt: orNull('Without unrealised profit and loss.'),
    available_usdt: orNull('Free margin.'),
    margin_ratio: orNull('Maintenance margin / margin balance; of isolated positions the worst one.'),
    drawdown: orNull("Against the highest equity of the policy's window, a fraction."),
    daily_loss: orNull('A fraction.'),
    turnover_24h_usdt: number(),
    fees_24h_usdt: number(),
    observed_at_ms: nullable(instant('When it was read.')),
  },
  field.closed,
);
export const EquityHistorySchema = Type.Object(
  {
    points: Type.Array(
      Type.Object({ at_ms: instant('When the account was asked.'), equity_usdt: number() }, field.closed),
      {
        description:
          'Oldest first, at most 720: where there are more, of each part of the time the lowest and the highest.',
      },
    ),
  },
  { ...field.closed, description: 'Equity until the last reading.' },
);
export const MarketBodySchema = Type.Object(
  {
    symbol: text(),
    held,
    mark_price: orNull('USDT.'),
    bid: orNull('Best bid, USDT.'),
    ask: orNull('Best ask, USDT.'),
    funding_rate_8h: orNull('Fraction per 8 hours.'),
    regime: field.oneOf(REGIMES, 'Market regime in force.'),
    regime_cause: text(),
    sigma: orNull(),
    sigma_baseline: orNull(),
    jump_ratio: orNull('Larger move of the last and the running bar, in sigmas of one bar.'),
    liquidity: orNull(),
    liquidity_floor: orNull('Below it the regime is volatile or worse.'),
    tick_size: nullable(decimal('Step of prices, USDT.')),
    lot_size: nullable(decimal('Step of quantities.')),
    min_notional_usdt: orNull('Smallest value that the exchange takes.'),
    smallest_order_usdt: orNull(
      'Ask for no less: whole lots of at least min_notional_usdt, within any slippage bound.',
    ),
    mark_at_ms: nullable(instant()),
    quote_at_ms: nullable(instant('Time of bid and ask.')),
    bars_as_of_ms: nullable(instant('Close of the last bar.')),
  },
  field.closed,
);
export const MarketsBodySchema = Type.Object({ markets: Type.Array(MarketBodySchema), next }, field.closed);

export const CandleSchema = Type.Object(
  {
    open_at_ms: instant(),
    open: number(),
    high: number(),
    low: number(),
    close: number(),
    volume: number('Base asset.'),
  },
  field.closed,
);
export const CandlesBodySchema = Type.Object(
  {
    symbol: text(),
    interval: text('Length of a candle: 15m.'),
    candles: Type.Array(CandleSchema, { description: 'Closed ones, oldest first.' }),
    bars_as_of_ms: MarketBodySchema.properties.bars_as_of_ms,
  },
  field.closed,
);
export const BookLevelSchema = Type.Object({ price: number('USDT.'), quantity: orNull('Base asset.') }, field.closed);
export const OrderBookBodySchema = Type.Object(
  {
    symbol: text(),
    bids: Type.Array(BookLevelSchema, { description: 'Best first: the levels that the daemon reads.' }),
    asks: Type.Array(BookLevelSchema),
    mid: orNull('Between the best ones; slippage counts from here.'),
    spread_bps: orNull(),
    quote_at_ms: MarketBodySchema.properties.quote_at_ms,
  },
  field.closed,
);

export const openingLimits = Type.Object(
  {
    remaining_usdt: number('Largest order that no budget cuts, at any leverage up to leverage_cap.'),
    bound_by: nullable(text('Reason code of the tightest limit.')),
    blocked_by: Type.Array(Type.String(), {
      description: 'Reason codes that would refuse an order of that size now; empty: it would be sent.',
    }),
  },
  field.closed,
);
export const LimitsBodySchema = Type.Object(
  {
    agent: text(),
    at_ms: instant(),
    policy_hash: text(),
    symbols: Type.Array(
      Type.Object(
        {
          symbol: text(),
          held,
          in_scope: flag('This agent may open it; if not, nothing remains.'),
          opening: Type.Object(
            { buy: openingLimits, sell: openingLimits },
            { ...field.closed, description: 'What an opening order of each side meets now.' },
          ),
          regime: field.oneOf(REGIMES, 'Market regime.'),
          factors: Type.Object(
            {
              market: BudgetFactorsSchema,
              account: BudgetFactorsSchema,
              trust: BudgetFactorsSchema,
              trader: BudgetFactorsSchema,
              loss: BudgetFactorsSchema,
            },
            {
              ...field.closed,
              description:
                "g, h, q and p, of recent trades and of the agent's own loss. limit = base times all of them where the cap is the account's; of gross and order rate g is of the strictest symbol held.",
            },
          ),
          budgets: Type.Array(
            Type.Object(
              {
                component: field.oneOf(
                  [
                    ...COUNTED_BUDGETS,
                    'account_leverage_usdt',
                    'concentration_usdt',
                    'bracket_usdt',
                    'margin_usdt',
                    'agent_loss_day_usdt',
                    'agent_loss_week_usdt',
                  ],
                  'Which budget.',
                ),
                code: field.reasonCode,
                base: number("Of the policy, or the agent's own cap where less of that is left."),
                limit: number(),
                used: number(),
                reserved: number(),
                remaining: number('Left of this budget alone, never below 0; opening says what is left of all.'),
                unit: text('Unit of all five.'),
              },
              field.closed,
            ),
          ),
          leverage_cap: number('Largest leverage, a whole number.'),
          cooldown_remaining_ms: number(),
          trading_state: tradingState,
        },
        field.closed,
      ),
    ),
  },
  field.closed,
);

const ofSeveral = {
  accepted_by: Type.Optional(Type.Array(Type.String())),
  quorum: Type.Optional(count('Passkeys that must accept it; absent: one operator.')),
};
export const PendingPolicySchema = Type.Object(
  {
    hash: text('Accept it with POST /v1/policy/reload.'),
    looser: Type.Array(Type.String()),
    not_before_ms: nullable(instant('It takes effect no earlier.')),
    file_differs: flag(),
    ...ofSeveral,
  },
  { ...field.closed, description: 'A looser policy that waits for an operator.' },
);
const pendingPolicy = nullable(PendingPolicySchema);
export const PendingRoutesSchema = Type.Object(
  {
    hash: text('Accept it with POST /v1/alerts/routes/reload.'),
    looser: Type.Array(Type.String(), { description: 'In what they tell less, or tell others.' }),
    not_before_ms: nullable(instant('They take effect no earlier.')),
  },
  { ...field.closed, description: 'Looser alert routes that wait for an operator.' },
);
const pendingRoutes = nullable(PendingRoutesSchema);
export const ReadinessBodySchema = Type.Object(
  {
    ready: flag(),
    waiting_for: Type.Array(Type.String()),
    venue: text(),
    trading_state: tradingState,
    symbols_reducing: Type.Array(Type.String()),
    pending_policy: pendingPolicy,
    policy_error: nullable(text('Why the policy file on disk is not in force.')),
    arming_error: nullable(text('Why nothing opens on binance-live; null: it may.')),
    alerts: count(),
    alert_channels_silent: Type.Array(Type.String(), { description: 'Channels that fail for an hour or more.' }),
    alert_routes_error: nullable(text('Why the file of alert routes on disk is not in force.')),
    pending_alert_routes: pendingRoutes,
    requests_summed: count('Calls without an effect that were only counted.'),
  },
  field.closed,
);
export const HealthBodySchema = Type.Object({ status: Type.Literal('ok') }, field.closed);
export const SignalAnswerSchema = Type.Object({ signal_id: text(), expires_at_ms: instant() }, field.closed);
export const SignalEntrySchema = Type.Object(
  {
    signal_id: text(),
    kind: field.oneOf(SIGNAL_KINDS, 'What was seen.'),
    account: nullable(text('Only this account; null: any.')),
    agent: nullable(text('Only this agent; null: every one.')),
    symbol: nullable(text('Only this symbol; null: every one.')),
    severity: number('How bad: 0 to 1. For the record.'),
    set_by: text(),
    expires_at_ms: instant(),
  },
  field.closed,
);
export const SignalsBodySchema = Type.Object({ signals: Type.Array(SignalEntrySchema) }, field.closed);
export const ConsoleSessionSchema = Type.Object(
  {
    session: text('Bearer text that looks, halts and reduces.'),
    expires_at_ms: instant(),
    name: text(),
    key_id: text('Names the key of the session, under which POST /v1/proof proves the daemon.'),
    key: text('Of the session, 32 bytes in base64url.'),
  },
  field.closed,
);
export const TextsErasedBodySchema = Type.Object(
  { erased: Type.Array(text('sha256 of the text.')) },
  { ...field.closed, description: 'What was erased.' },
);
export const AlertBodySchema = Type.Object(
  {
    seq: count(),
    at_ms: instant(),
    code: text(),
    detail: text(),
    symbol: nullable(text()),
    acknowledged: nullable(
      Type.Object(
        { at_ms: instant(), by: text(), reason: text() },
        { ...field.closed, description: 'Who has seen it first; null: nobody.' },
      ),
    ),
  },
  field.closed,
);
export const AlertsBodySchema = Type.Object(
  {
    alerts: Type.Array(AlertBodySchema, { description: 'Newest first.' }),
    next,
  },
  field.closed,
);
export const AlertChannelSchema = Type.Object(
  {
    name: text(),
    type: text('webhook, slack, discord, telegram, ntfy or exec.'),
    waiting: count('Groups of equal alerts that no message tells yet.'),
    sending: nullable(text('Id of the message that is being delivered.')),
    delivered: count(),
    dropped: count(),
    last_delivered_ms: nullable(instant()),
    failing_since_ms: nullable(instant('First failure since then; null: none.')),
    last_failure: nullable(text()),
    is_silent: flag('It has failed for an hour or more.'),
  },
  field.closed,
);
export const AlertChannelsBodySchema = Type.Object(
  {
    hash: nullable(text('sha256 of the routes in force; null: there are none.')),
    pending: pendingRoutes,
    error: nullable(text('Why the file on disk is not in force.')),
    channels: Type.Array(AlertChannelSchema),
    dead_letters: Type.Array(
      Type.Object(
        {
          message_id: text(),
          channel: text(),
          at_ms: instant(),
          attempts: count('How often it was sent since the start.'),
          reason: text(),
          alerts: Type.Array(Type.String(), { description: 'Code, symbol and how many.' }),
        },
        field.closed,
      ),
      { description: 'The last 100 messages that were given up, newest first.' },
    ),
  },
  field.closed,
);
export const AlertTestBodySchema = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          channel: text(),
          delivered: flag(),
          detail: text(),
          took_ms: count(),
        },
        field.closed,
      ),
      { description: 'One for each channel.' },
    ),
  },
  field.closed,
);
export const TradingStateBodySchema = Type.Object(
  {
    state: tradingState,
    layers: Type.Array(
      Type.Object(
        {
          layer: field.oneOf(['operator', 'breaker', 'boot', 'condition'], 'Who set it.'),
          scope: field.oneOf(['account', 'symbol', 'agent'], 'For whom.'),
          name: nullable(text()),
          state: tradingState,
          reason: text(),
          since_ms: instant(),
          set_by: text(),
          clears_when: text(),
        },
        field.closed,
      ),
      { description: 'The most restrictive one that applies wins.' },
    ),
  },
  field.closed,
);
export const FlattenBodySchema = Type.Object(
  {
    state: Type.Literal('halted'),
    scope: field.oneOf(['account', 'symbols'], 'What is halted.'),
    symbols: nullable(Type.Array(Type.String(), { description: 'null: the whole account.' })),
    canceled: flag('Every opening order is proven canceled.'),
    positions_left: Type.Array(Type.Object({ symbol: text(), quantity: decimal('Signed.') }, field.closed)),
    note: text(),
  },
  field.closed,
);
export const HolderBodySchema = Type.Object(
  {
    symbol: text(),
    holder,
    quantity: decimal('Signed, of the holder.'),
    openings_left: count('Not proven canceled yet.'),
  },
  field.closed,
);
export const SettingsBodySchema = Type.Object(
  {
    home: text(),
    policy_file: text(),
    alerts_file: text('Of alert routes. It need not exist.'),
    head_file: text(),
    countdown: Type.Enum(['regular', 'all', 'unknown']),
  },
  { ...field.closed, description: 'Settings that the daemon runs with; no secret is among them.' },
);
export const RebaseBodySchema = Type.Object({ equity_usdt: number('The new reference.') }, field.closed);
export const ArmingBodySchema = Type.Object(
  {
    account: text(),
    digest: text('sha256 of what is signed. Sign it with POST /v1/arming.'),
    effective_at_ms: instant(),
    expires_at_ms: instant(),
    policy_hash: text(),
    problem: nullable(text('Why nothing may be opened; null: it is good.')),
    quorum: count('Different passkeys that must sign it; 1: none needs to.'),
    set_by: text(),
    signed_by: Type.Array(Type.String()),
    version: text(),
  },
  { ...field.closed, description: 'What permits binance-live, for a time.' },
);
export const PolicyBodySchema = Type.Object(
  {
    arming: Type.Optional(ArmingBodySchema),
    hash: text(),
    name: text(),
    policy: Type.Unknown(),
    pending: pendingPolicy,
  },
  field.closed,
);
export const ViolationsSchema = Type.Array(
  Type.Object(
    {
      path: text(),
      message: text(),
      value: Type.Optional(Type.Unknown()),
      allowed: Type.Optional(text()),
    },
    field.closed,
  ),
);
export const PolicyCheckBodySchema = Type.Union([
  Type.Object(
    {
      ok: Type.Literal(true),
      hash: text(),
      name: Type.String(),
      looser: Type.Array(Type.String()),
      warnings: Type.Array(Type.String(), { description: 'What is legal but probably unintended.' }),
    },
    field.closed,
  ),
  Type.Object(
    {
      ok: Type.Literal(false),
      violations: ViolationsSchema,
    },
    field.closed,
  ),
]);
export const OutcomeCountsSchema = Type.Object({ ALLOW: count(), LIMIT: count(), BLOCK: count() }, field.closed);
export const PreviewSideSchema = Type.Object(
  {
    decision: field.oneOf(['ALLOW', 'LIMIT', 'BLOCK'], 'Outcome.'),
    notional_usdt: orNull('Permitted, USDT.'),
    reasons: Type.Array(Type.String()),
  },
  field.closed,
);
export const PolicyPreviewSchema = Type.Object(
  {
    hash: text(),
    since_ms: instant('Requests since then.'),
    until_ms: instant(),
    left_off_before_ms: nullable(instant('Earlier ones were left off; null: none.')),
    requests: count(),
    not_compared: count('Of another version, or executed elsewhere.'),
    recorded: OutcomeCountsSchema,
    candidate: OutcomeCountsSchema,
    changes: Type.Object(
      {
        blocked: count(),
        let_through: count(),
        cut: count('Would be smaller, with less leverage or a tighter bound.'),
        widened: count('Would be larger, with more leverage or a wider bound.'),
        restaged: count(),
        unchanged: count(),
      },
      field.closed,
    ),
    opening_notional_usdt: Type.Object(
      { recorded: number(), candidate: number() },
      { ...field.closed, description: 'Opening orders permitted, USDT.' },
    ),
    examples: Type.Array(
      Type.Object(
        {
          decision_id: text(),
          at_ms: instant(),
          agent: text(),
          symbol: nullable(text()),
          change: field.oneOf(['blocked', 'let_through', 'cut', 'widened', 'restaged'], 'What would change.'),
          recorded: PreviewSideSchema,
          candidate: PreviewSideSchema,
        },
        field.closed,
      ),
      { description: 'The newest that would change, oldest first.' },
    ),
    caveats: Type.Array(Type.String()),
  },
  field.closed,
);
export const PolicyPreviewBodySchema = Type.Union([
  Type.Object({ ok: Type.Literal(true), preview: PolicyPreviewSchema }, field.closed),
  Type.Object({ ok: Type.Literal(false), violations: ViolationsSchema }, field.closed),
]);
export const ReloadBodySchema = Type.Union([
  Type.Object({ status: Type.Literal('in_force'), hash: text() }, field.closed),
  Type.Object(
    {
      status: Type.Literal('pending'),
      hash: text(),
      looser: Type.Array(Type.String()),
      not_before_ms: nullable(instant('It takes effect no earlier.')),
      ...ofSeveral,
    },
    field.closed,
  ),
]);
export const ToolsBodySchema = Type.Object(
  {
    tools: Type.Array(Type.Unknown(), {
      description: 'Plain: {name, title, description, kind, input_schema}; or in the requested format.',
    }),
  },
  field.closed,
);
export const ErrorBodySchema = Type.Object(
  {
    error: Type.Object(
      {
        code: text('Stable code; docs/api.md lists them.'),
        message: text(),
        details: Type.Optional(
          Type.Unknown({
            description:
              'INVALID_INPUT: {violations: [{path, message, value?, allowed?}]}. POLICY_NOT_PENDING: {pending_hash}. REFUSAL_RATE: {budget, max, window_ms, decision?, reasons?}.',
          }),
        ),
      },
      field.closed,
    ),
  },
  field.closed,
);
