import type { Static } from 'typebox';
import type { ExecutionDecision } from '../core/decision.ts';
import { ACTIONS, type ExecutionRequest, TOOL_NAMES } from '../core/request.ts';
import * as Type from './built/typebox.js';
import type { Agree } from './schema/agreement.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** SAE-REQ and SAE-DEC as recorded (core/request.ts, core/decision.ts). */

const { orderType, said, side } = field;
const number = (description?: string) => Type.Number(said(description));
const count = (description?: string) => Type.Integer({ minimum: 0, ...said(description) });
export const DECIMAL_PATTERN = '^-?(0|[1-9][0-9]*)(\\.[0-9]+)?$';
export const DECIMAL_WORDS = 'A decimal as text.'; // note
export const decimal = (description?: string) =>
  Type.String({ pattern: DECIMAL_PATTERN, ...said(description, DECIMAL_WORDS) });
const figure = (description: string) => Type.Union([Type.Number(), Type.String(), Type.Null()], { description });

export const ExecutionRequestSchema = Type.Object(
  {
    account: field.accountName,
    after_decision_id: nullable(field.decisionId),
    agent: field.agentName,
    client_order_id: nullable(field.clientOrderId),
    fraction: nullable(field.fraction),
    intent: field.oneOf(ACTIONS, 'What the caller wants to do.'), // note
    limit_price: nullable(field.limitPrice),
    max_slippage_bps: nullable(field.maxSlippageBps),
    order_type: nullable(orderType),
    origin: field.oneOf(['agent', 'operator', 'gate'], 'Who asks.'), // note
    quantity: nullable(field.quantity),
    reduce_only: Type.Boolean({ description: 'An exit or nothing.' }), // note
    request_id: nullable(field.requestId),
    requested_leverage: nullable(field.requestedLeverage),
    requested_notional: nullable(field.requestedNotional),
    side: nullable(side),
    skill_sha256: nullable(Type.String({ description: 'Digest that the caller claims for its skill.' })), // note
    strategy_id: nullable(field.strategyId),
    symbol: nullable(field.symbol),
    timestamp_ms: field.instant('When the intent was formed.'), // note
    tool: field.oneOf(TOOL_NAMES, 'Tool that was called.'), // note
    valid_until_ms: nullable(field.instant('After it nothing is opened.')), // AN-1
    venue: field.venueName,
  },
  { ...field.closed, description: 'SAE-REQ: untrusted intent. Absent fields are null.' }, // note, note
);

export const RuleVerdictSchema = Type.Object(
  {
    rule: Type.Integer({ minimum: 1, maximum: 16, description: 'Number of the rule.' }), // note
    code: Type.String(),
    outcome: field.oneOf(['pass', 'tighten', 'deny', 'skipped'], 'What it found.'), // note
    observed: Type.Optional(figure('The value found; absent when the rule compared no figures.')), // AN-2
    limit: Type.Optional(figure('What is allowed; absent when the rule compared no figures.')), // AN-3
    unit: Type.Optional(nullable(Type.String({ description: 'Unit of both; absent when there are no figures.' }))), // AN-4
  },
  { ...field.closed, description: "One rule's finding." }, // note
);
export const ReasonSchema = Type.Object(
  {
    code: field.reasonCode,
    message: Type.String(),
    observed: figure('The value found.'), // note
    limit: figure('What is allowed.'), // note
    unit: nullable(Type.String()),
    hint: Type.String(),
  },
  { ...field.closed, description: 'Why the request was cut down or refused.' }, // note
);
const actionTerms = {
  side,
  notional: number(
    'At its limit; of a market order at the worse of mark and price, of a market exit at the mark; 0 for a cancel.', // AN-5
  ),
  leverage: nullable(number()),
  order_type: orderType,
  time_in_force: nullable(field.oneOf(['IOC', 'GTC'], 'IOC: what does not fill at once is canceled.')), // AN-6
  limit_price: nullable(decimal('Price bound in USDT.')), // note
  max_slippage_bps: nullable(number()),
  reduce_only: Type.Boolean({ description: 'The venue will only let it reduce a position.' }), // AN-7
  price_ticks: nullable(Type.Integer()),
};
const lots = Type.Integer();
export const EffectiveActionSchema = Type.Union(
  [
    Type.Object(
      {
        action: field.oneOf(['open', 'exit', 'amend'], 'What the order does.'), // note
        quantity: decimal('Quantity of the base asset that is sent.'), // AN-8
        requested_quantity: decimal('Quantity that the request asked for, before it was made of lots.'), // AN-9
        lots,
        ...actionTerms,
      },
      field.closed,
    ),
    Type.Object(
      {
        action: Type.Literal('cancel'),
        quantity: nullable(decimal('The part that may still fill; null when all orders are canceled.')), // AN-10
        requested_quantity: nullable(decimal('The same.')), // AN-11
        lots: nullable(lots),
        ...actionTerms,
      },
      {
        ...field.closed,
        description: 'A cancel. Of all orders it has no size, side and order_type say nothing.', // note, AN-12
      },
    ),
  ],
  { description: 'What goes to the exchange.' }, // note
);
export const ConstraintsSchema = Type.Object(
  {
    leverage_cap: number(),
    notional_cap: number('Largest notional of one order, USDT.'), // note
    order_rate_cap: number('Orders per rate window.'), // note
    slippage_cap_bps: number('Largest slippage bound, basis points.'), // note
    cooldown_ms: number('Pause of this symbol after an opening order, milliseconds.'), // AN-13
    staging_plan: Type.Array(
      Type.Object(
        {
          slice: count(),
          quantity: decimal(),
          delay_ms: count('Milliseconds after the decision at which it is sent.'), // AN-14
        },
        field.closed,
      ),
      { description: 'Parts in which the order is sent; [] when nothing is.' }, // AN-15
    ),
  },
  { ...field.closed, description: 'What is in force for this symbol now.' }, // note
);
export const BudgetFactorsSchema = Type.Object(
  {
    leverage: number(),
    notional: number(),
    order_rate: number(),
    slippage: number(),
  },
  field.closed,
);
export const BudgetRecordSchema = Type.Object(
  {
    market: BudgetFactorsSchema,
    account: BudgetFactorsSchema,
    trust: BudgetFactorsSchema,
    trader: BudgetFactorsSchema,
    regime: Type.String(),
    budget: Type.Object(
      {
        leverage: number('Before the clamp to 1.'), // AN-16
        order_notional_usdt: number(),
        symbol_notional_usdt: number('One symbol, worst case.'), // note
        gross_notional_usdt: number('All symbols, worst case.'), // note
        order_rate: number(),
        slippage_bps: number(),
      },
      field.closed,
    ),
  },
  { ...field.closed, description: 'SAE-BUDGET: B_t and the factors that made it.' }, // note
);
export const ApprovalCeilingSchema = Type.Object(
  {
    agent: field.agentName,
    intent: Type.Literal('open', { description: 'Only what opens needs an approval.' }), // AN-17
    side,
    symbol: field.symbol,
    order_type: orderType,
    lots: Type.Integer({ description: 'Most lots of the symbol.' }), // note
    quantity: decimal('The same in the base asset.'), // note
    notional_usdt: number('Its value at the worse of mark and price, USDT.'), // AN-18
    leverage: number(),
    worst_price: decimal('Worst price in USDT: a buy pays no more, a sell takes no less.'), // AN-19
    price_ticks: Type.Integer({ description: 'The same in ticks of the symbol.' }), // note
    quorum: count('Different people who must approve.'), // AN-20
    policy_hash: Type.String({ description: 'sha256 of the policy under which it was asked for.' }), // note
  },
  { ...field.closed, description: 'The most that the order may be, as a person approves it.' }, // note
);
/** Members of SAE-DEC. The API's answer adds identifiers. */
export const decisionMembers = {
  approval: Type.Optional(ApprovalCeilingSchema),
  decision: field.oneOf(
    ['ALLOW', 'LIMIT', 'BLOCK'],
    'ALLOW: as asked. LIMIT: a smaller or safer order is sent, see effective. BLOCK: nothing is sent.', // AN-21, AN-22, AN-23
  ),
  effective: nullable(EffectiveActionSchema),
  constraints: ConstraintsSchema,
  budget: BudgetRecordSchema,
  reasons: Type.Array(ReasonSchema, {
    description: 'Why it is not as asked. An ALLOW has none.', // note, AN-24
  }),
  verdicts: Type.Array(RuleVerdictSchema),
  retry_after_ms: nullable(number('Milliseconds after which a retry makes sense.')), // AN-25
  enforced: Type.Boolean({ description: 'false: recorded only, and openings go out as asked (policy mode shadow).' }), // AN-26
  condition_reducing: Type.Boolean({ description: 'The state of the account allows exits only.' }), // AN-27
};
export const ExecutionDecisionSchema = Type.Object(decisionMembers, {
  ...field.closed,
  description: 'SAE-DEC: what was decided, without identifiers.', // note
});

/** Each line stops compiling when schema and core type differ. */
export const DECISION_TYPES_AGREE: readonly [
  Agree<Static<typeof ExecutionRequestSchema>, ExecutionRequest>,
  Agree<Static<typeof ExecutionDecisionSchema>, ExecutionDecision>,
] = [true, true];
