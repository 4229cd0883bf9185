import Type, { type Static, type TSchema } from 'typebox';
import {
  ACTIONS,
  type IntendedPolicySpec,
  type JsonSchemaObject,
  REGIMES,
  SIGNAL_KINDS,
  TOOL_NAMES,
  VENUES,
} from '../core/policy.ts';
import { buildChecker, type Checked } from './ajv.ts';

/**
 * The Intended Policy Spec as a schema (DESIGN section 4): every key is required unless it says otherwise, every
 * number has a stated minimum and maximum, no other key is accepted. The descriptions are the editor's help.
 * What a schema cannot say (orderings, fractions by value, what cannot work) is checked in policy/semantics.ts.
 */

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** No amount in a policy is larger, so that sums and products stay far inside exact integers of cents. */
const MAX_USDT = 1_000_000_000_000;
/** Smallest factor: below it a cap is nothing. Written as `reduce_only: true` where nothing may be opened. */
export const MIN_FACTOR = 0.0001;
export const SYMBOL_PATTERN = '^[A-Z0-9]{2,20}$';
export const AGENT_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$';
const ACCOUNT_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$';
const FOREIGN_TOOL_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.:/-]{0,127}$';

const closed = { additionalProperties: false } as const;
function milliseconds(description: string, maximum: number = YEAR_MS, minimum = 1) {
  return Type.Integer({ minimum, maximum, description: `${description} Milliseconds.` });
}
function count(description: string, maximum: number, minimum = 1) {
  return Type.Integer({ minimum, maximum, description });
}
function usdt(description: string, maximum: number = MAX_USDT, minimum = 0.01) {
  return Type.Number({ minimum, maximum, description: `${description} USDT.` });
}
function bps(description: string, maximum = 5000) {
  return Type.Number({ minimum: 0.1, maximum, description: `${description} Basis points (100 = 1 %).` });
}
function fraction(description: string, minimum: number, maximum: number) {
  return Type.Number({ minimum, maximum, description: `${description} A fraction of one.` });
}
function names<const V extends readonly string[]>(values: V, description: string, minItems: number) {
  return Type.Array(Type.Enum([...values] as V[number][]), {
    minItems,
    maxItems: values.length,
    uniqueItems: true,
    description,
  });
}
function texts(pattern: string, description: string, minItems: number, maxItems: number) {
  return Type.Array(Type.String({ pattern }), { minItems, maxItems, uniqueItems: true, description });
}

const factorNumber = Type.Number({ minimum: MIN_FACTOR, maximum: 1 });
const factorText = Type.String({ pattern: '^[1-9][0-9]*/[1-9][0-9]*$', maxLength: 21 });
const FACTOR_HELP = `${MIN_FACTOR} to 1, or an exact fraction such as 2/3. Zero is refused: write reduce_only: true instead.`;
function factor(description: string) {
  return Type.Union([factorNumber, factorText], { description: `${description} A factor on B_0: ${FACTOR_HELP}` });
}
const componentFactors = {
  leverage: factor('Factor on the leverage cap; the result is clamped to at least 1x, the least the venue has.'),
  notional: factor('Factor on the order, symbol and gross notional caps.'),
  order_rate: factor('Factor on the order rate; the result is rounded down.'),
  slippage: factor('Factor on the slippage cap.'),
};
function multiplier(description: string) {
  return Type.Union([factorNumber, factorText, Type.Object(componentFactors, closed)], {
    description: `${description} One factor for every component, or {leverage, notional, order_rate, slippage}; several that match multiply. ${FACTOR_HELP}`,
  });
}
const reduceOnly = (description: string) =>
  Type.Boolean({ description: `${description} While true only exits and cancels pass.` });
const rateLimit = (description: string) =>
  Type.Object(
    { max: count('Most orders in one window.', 1_000_000), window_ms: milliseconds('Length of the sliding window.') },
    { ...closed, description },
  );

const scopeProperties = (minItems: number) => ({
  tools: names(TOOL_NAMES, 'Tools that may be called.', minItems),
  actions: names(ACTIONS, 'Kinds of action that may be taken; open needs close and cancel.', minItems),
  venues: names(VENUES, 'Venues on which this policy may run.', minItems),
  symbols: texts(
    SYMBOL_PATTERN,
    'Symbols that may be opened; exits and cancels of what is there always may.',
    minItems,
    1000,
  ),
  accounts: texts(ACCOUNT_PATTERN, 'Accounts that may be traded.', minItems, 100),
});
const budgetProperties = {
  leverage: count('Largest leverage, of one order and of the whole account (gross exposure over equity).', 125),
  order_notional_usdt: usdt('Largest notional of one order.', 1_000_000_000),
  symbol_notional_usdt: usdt('Largest worst-case notional of one symbol: position with all its open orders.'),
  gross_notional_usdt: usdt('Largest worst-case notional of all symbols together.'),
  order_rate: rateLimit('Orders sent, of the account and of each agent; exits have a bucket of their own.'),
  slippage_bps: bps('Largest distance of an execution from the middle of the book.'),
  holding_time_ms: milliseconds(
    'Longest time in a position; after it the symbol only reduces and an alert is raised.',
    10 * YEAR_MS,
  ),
  concurrent_positions: count('Most symbols with a position or an opening order.', 1000),
  turnover_usdt_per_day: usdt('Most notional executed in 24 hours; exits count and are never refused.'),
  fees_usdt_per_day: usdt('Most fees paid in 24 hours; exits count and are never refused.', 1_000_000_000),
};

const regimeRow = (label: string) =>
  Type.Object(
    {
      ...componentFactors,
      cooldown_ms: milliseconds('Pause of a symbol after an opening order; 0 is none.', 7 * DAY_MS, 0),
      slices: count('Parts into which an opening order is split.', 100),
      reduce_only: Type.Optional(reduceOnly('Nothing is opened in this regime.')),
    },
    { ...closed, description: `Budgets while the market is ${label}.` },
  );
const marketSection = Type.Object(
  {
    bar_ms: milliseconds('Length of one bar; every *_bars counts bars of this length.', DAY_MS),
    volatility: Type.Object(
      {
        window_bars: count('Bars over which volatility (sigma) is summed.', 10_000, 2),
        baseline_bars: count('Most values of sigma that make up the baseline.', 100_000, 2),
        baseline_quantile: fraction('Quantile of those values that counts as 1.', 0.01, 0.99),
        min_history_bars: count('With fewer bars of history the regime is at least volatile.', 100_000),
        volatile: Type.Number({
          minimum: 0.01,
          maximum: 1000,
          description: 'sigma / baseline from which the regime is volatile.',
        }),
        extreme: Type.Number({
          minimum: 0.01,
          maximum: 1000,
          description: 'sigma / baseline from which the regime is extreme.',
        }),
        absolute: Type.Object(
          {
            volatile: fraction('sigma from which the regime is volatile, whatever the baseline.', 0.0001, 10),
            extreme: fraction('sigma from which the regime is extreme, whatever the baseline.', 0.0001, 10),
          },
          { ...closed, description: 'Floors that hold in a quiet month, too.' },
        ),
        jump_sigma: Type.Number({
          minimum: 0.1,
          maximum: 1000,
          description: 'A move of one bar of that many sigmas is extreme at once.',
        }),
      },
      { ...closed, description: 'How volatility makes the regime.' },
    ),
    regime_hold_bars: count(
      'Bars for which a calmer label must last before it counts; a stricter one counts at once.',
      10_000,
    ),
    funding: Type.Object(
      { extreme: fraction('|funding rate| per 8 hours from which the regime is extreme.', 0.000001, 1) },
      { ...closed, description: 'How funding makes the regime.' },
    ),
    liquidity: Type.Object(
      {
        ema_bars: count('Length of the moving average of volume.', 10_000),
        below_quantile: fraction('Below this quantile of its own past the market is illiquid; 0 is never.', 0, 0.99),
        baseline_bars: count('Most values that make up that past.', 100_000, 2),
      },
      { ...closed, description: 'How thin trading makes the regime.' },
    ),
    regimes: Type.Object(
      { calm: regimeRow('calm'), volatile: regimeRow('volatile'), extreme: regimeRow('extreme') },
      { ...closed, description: `Factors on B_0 by regime (${REGIMES.join(', ')}).` },
    ),
    freshness: Type.Object(
      {
        mark_ms: milliseconds('Oldest mark price.', DAY_MS),
        quote_ms: milliseconds('Oldest best bid and ask.', DAY_MS),
        bars: count('Oldest closed bar, in bars.', 1000),
        account_ms: milliseconds('Oldest account snapshot.', DAY_MS),
        filters_ms: milliseconds("Oldest set of the exchange's filters and brackets.", 30 * DAY_MS),
        funding_ms: milliseconds('Oldest funding rate.', 30 * DAY_MS),
        clock_skew_ms: milliseconds("Largest difference from the venue's clock.", 60_000),
        request_ms: milliseconds('Oldest request.', DAY_MS),
      },
      { ...closed, description: 'How old the inputs of a decision may be; older ones deny what opens risk.' },
    ),
    collar_bps: bps('Largest distance between the middle of the book and the mark price.'),
  },
  { ...closed, description: 'M: the market tightens the budgets, symbol by symbol.' },
);

const tiers = (what: string, maximum: number) =>
  Type.Array(
    Type.Object(
      {
        at: fraction(`The tier counts from this ${what} on.`, 0, maximum),
        multiplier: Type.Optional(multiplier('Factor on the budgets.')),
        reduce_only: Type.Optional(reduceOnly('The account only reduces.')),
      },
      closed,
    ),
    { maxItems: 20, description: `Tiers by ${what}, in rising order; all that are reached multiply. [] is none.` },
  );
const accountSection = Type.Object(
  {
    drawdown: Type.Object(
      {
        window_ms: milliseconds('Time over which the highest equity counts.'),
        tiers: tiers('drawdown (1 - equity / highest equity)', 1),
      },
      { ...closed, description: 'Loss against the highest equity.' },
    ),
    daily_loss: Type.Object(
      { tiers: tiers('daily loss', 1) },
      { ...closed, description: 'Loss since 00:00 UTC or 24 hours ago, the larger.' },
    ),
    margin_ratio: Type.Object(
      { tiers: tiers('margin ratio (maintenance margin / margin balance)', 1) },
      { ...closed, description: 'Nearness of liquidation; of isolated positions the worst one.' },
    ),
    concentration: Type.Object(
      {
        share: fraction('Largest share of one symbol in the whole exposure.', 0.01, 0.99),
        floor_usdt: usdt('Notional of a symbol that is allowed whatever its share.', MAX_USDT, 0),
      },
      { ...closed, description: 'No symbol may dominate the account.' },
    ),
    min_liquidation_distance: fraction(
      'Smallest distance of the liquidation price from the mark at which more may be opened.',
      0.001,
      0.99,
    ),
    margin_buffer_usdt: usdt('Free margin that is never used.', MAX_USDT, 0),
  },
  { ...closed, description: 'U: the state of the account tightens the budgets.' },
);

const trustLevel = {
  provenance: fraction('How well the source is known: 0 unknown, 1 verified.', 0, 1),
  capability_risk: fraction('How much the source could do: 0 harmless, 1 anything.', 0, 1),
};
const signalRule = (label: string) =>
  Type.Object(
    {
      multiplier: Type.Optional(multiplier('Factor on the budgets while a signal is active.')),
      reduce_only: Type.Optional(reduceOnly('A signal is active.')),
      max_ttl_ms: milliseconds('Longest life of one signal.', 30 * DAY_MS),
    },
    { ...closed, description: `What an active ${label} signal does.` },
  );
const trustSection = Type.Object(
  {
    default: Type.Object(trustLevel, { ...closed, description: 'Trust in a token that names no skill.' }),
    unknown_skill: Type.Object(trustLevel, { ...closed, description: 'Trust in a skill that is not listed below.' }),
    skills: Type.Array(
      Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 100, description: 'For people.' }),
          sha256: Type.String({
            pattern: '^[0-9a-f]{64}$',
            description: 'Digest of the skill: 64 hex digits in lower case.',
          }),
          ...trustLevel,
        },
        closed,
      ),
      { maxItems: 1000, description: 'Known skills; only a token made for the digest gains by it.' },
    ),
    tiers: Type.Array(
      Type.Object(
        {
          provenance_below: Type.Optional(fraction('The tier counts below this provenance.', 0, 1)),
          capability_risk_above: Type.Optional(fraction('The tier counts above this capability risk.', 0, 1)),
          multiplier: Type.Optional(multiplier('Factor on the budgets.')),
          reduce_only: Type.Optional(reduceOnly('Trust is this low.')),
        },
        closed,
      ),
      {
        maxItems: 20,
        description: 'Tiers by trust; either condition is enough, all that are reached multiply. [] is none.',
      },
    ),
    signals: Type.Object(
      { injection: signalRule('injection'), narrative: signalRule('narrative'), anomaly: signalRule('anomaly') },
      {
        ...closed,
        description: `What monitors report (${SIGNAL_KINDS.join(', ')}); only expiry or an operator ends a signal.`,
      },
    ),
  },
  { ...closed, description: 'z: trust in the source of a request tightens the budgets.' },
);

const traderStateProperties = {
  window_trades: count("Most of an agent's trades that are looked at.", 10_000),
  max_age_ms: milliseconds('Oldest of them.'),
  base_rate: fraction('Escalation probability of an agent without trades.', 0, 1),
  limit_at: fraction('Probability from which the budgets are multiplied.', 0, 1),
  block_at: fraction('Probability from which opening is refused, with enforce_block.', 0, 1),
  multiplier: multiplier('Factor on the budgets from limit_at on.'),
  enforce_block: Type.Boolean({
    description:
      'Refuse from block_at on; false only tightens, which is right until the score is fitted to your agents.',
  }),
};
const temporalProperties = {
  duplicate_window_ms: milliseconds('An equal intent of the same agent is refused for this time.', 7 * DAY_MS),
  duplicate_exempt: texts(SYMBOL_PATTERN, 'Symbols in which equal intents are legitimate.', 0, 1000),
  flip_interval_ms: milliseconds('Time from an opening fill to an opening order in the other direction.', 7 * DAY_MS),
  breaker: Type.Object(
    {
      repeats: count('Equal executed orders of one agent that open the breaker.', 1_000_000),
      window_ms: milliseconds('Time in which they count.', 7 * DAY_MS),
      cooldown_ms: milliseconds('Time for which it stays open; doubles with every trip.', 7 * DAY_MS),
    },
    { ...closed, description: 'Stops an agent that repeats itself.' },
  ),
};

const schemaObject = (description: string) => Type.Unsafe<JsonSchemaObject>({ type: 'object', description });
const agentSection = Type.Object(
  {
    scope: Type.Optional(
      Type.Partial(Type.Object(scopeProperties(0)), { ...closed, description: "Part of the account's scope." }),
    ),
    budgets: Type.Optional(
      Type.Partial(Type.Object(budgetProperties), {
        ...closed,
        description: "The agent's own smaller caps, on its own exposure.",
      }),
    ),
    temporal: Type.Optional(
      Type.Partial(Type.Object(temporalProperties), { ...closed, description: 'Stricter pacing.' }),
    ),
    trader_state: Type.Optional(
      Type.Partial(Type.Object(traderStateProperties), { ...closed, description: 'Stricter view of its trades.' }),
    ),
    exits: Type.Optional(
      Type.Object(
        {
          scope: Type.Optional(Type.Enum(['own'], { description: 'own: it may exit only what its own fills opened.' })),
        },
        { ...closed, description: 'What the agent may exit.' },
      ),
    ),
  },
  { ...closed, description: 'What one agent is held to; may only tighten.' },
);

export const PolicySchema = Type.Object(
  {
    version: Type.Literal(1, { description: 'Version of this format.' }),
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$',
      description: 'For people: shown in status, log and ledger.',
    }),
    mode: Type.Enum(['enforce', 'shadow'], {
      description:
        'enforce: decisions bind. shadow: on paper and in replay only, decisions are recorded and the request is executed.',
    }),
    scope: Type.Object(scopeProperties(1), { ...closed, description: 'T: what is not named is blocked.' }),
    budgets: Type.Object(budgetProperties, { ...closed, description: 'R: B_0, the absolute caps of the account.' }),
    market: marketSection,
    account: accountSection,
    trust: trustSection,
    trader_state: Type.Object(traderStateProperties, {
      ...closed,
      description: 'p_t: an agent that escalates after losses is tightened.',
    }),
    temporal: Type.Object(temporalProperties, { ...closed, description: 'Pacing.' }),
    staging: Type.Object(
      {
        spacing_ms: milliseconds('Time between two slices.', DAY_MS),
        ttl_ms: milliseconds('Life of a staging plan; what is unsent then is dropped.', DAY_MS),
      },
      { ...closed, description: 'How slices are sent.' },
    ),
    standing: Type.Object(
      {
        resting_ttl_ms: milliseconds('Life of a resting opening order.', 30 * DAY_MS),
        on_breach: Type.Enum(['hold', 'cancel_opening', 'reduce'], {
          description:
            'What a tightened cap does to what is already there: nothing, cancel opening orders, or also cut positions back.',
        }),
      },
      { ...closed, description: 'Orders and positions that outlive their decision.' },
    ),
    exits: Type.Object(
      {
        scope: Type.Enum(['own', 'account'], {
          description: 'own: an agent may exit what its own fills opened. account: everything.',
        }),
        ladder_bps: Type.Array(Type.Number({ minimum: 0.1, maximum: 5000 }), {
          minItems: 1,
          maxItems: 20,
          description: 'Distance of each rung of an exit from the opposite best quote, rising. Basis points.',
        }),
        step_ms: milliseconds('Time between two rungs.', 60_000),
        rate: rateLimit('Exits sent; above it they are merged into one per symbol and side, never refused.'),
      },
      { ...closed, description: 'How positions are left.' },
    ),
    protection: Type.Object(
      {
        required: Type.Boolean({ description: 'Every position gets a stop at the venue.' }),
        stop_bps: bps('Distance of that stop from the entry price.', 9999),
      },
      { ...closed, description: 'Protective stops.' },
    ),
    intercept: Type.Object(
      {
        allow: Type.Record(
          Type.String({ pattern: FOREIGN_TOOL_PATTERN }),
          schemaObject('JSON Schema of the arguments.'),
          {
            ...closed,
            maxProperties: 200,
            description: 'Tools that are executed elsewhere and may be: name -> JSON Schema of their arguments.',
          },
        ),
      },
      { ...closed, description: 'Advice on tools that are not ours.' },
    ),
    tools: Type.Record(
      Type.String({ pattern: `^(${TOOL_NAMES.join('|')})$` }),
      Type.Object(
        { args: schemaObject("JSON Schema that the tool's arguments must match, beside the contract's.") },
        closed,
      ),
      { ...closed, description: 'Narrower arguments for a tool.' },
    ),
    agents: Type.Record(Type.String({ pattern: AGENT_PATTERN }), agentSection, {
      ...closed,
      maxProperties: 1000,
      description: 'Sections by agent name; `default` holds for every agent that has none.',
    }),
    loosen_delay_ms: milliseconds(
      'On a live venue, the time that a looser policy waits after an operator has accepted it.',
      30 * DAY_MS,
    ),
  },
  { ...closed, title: 'Holdfast policy', description: 'Intended Policy Spec of a Holdfast daemon.' },
);

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
type FromSchema = DeepReadonly<Static<typeof PolicySchema>>;
type Assignable<From, To> = [From] extends [To] ? true : false;
/** Schema and core types describe the same documents; each line stops compiling when they part. */
export const POLICY_TYPES_AGREE: readonly [
  Assignable<FromSchema, IntendedPolicySpec>,
  Assignable<IntendedPolicySpec, FromSchema>,
] = [true, true];

const check = buildChecker<IntendedPolicySpec>(PolicySchema);
/** Shape and ranges only; `parsePolicy` (policy/parse.ts) adds what a schema cannot say. */
export function checkPolicyShape(document: unknown): Checked<IntendedPolicySpec> {
  return check(document);
}

/** The schema as a file for editors (`policies/policy.schema.json`): plain JSON, draft 7, which editors know best. */
export function buildPolicyJsonSchema(): JsonSchemaObject {
  const plain = JSON.parse(JSON.stringify(PolicySchema as TSchema)) as Record<string, unknown>;
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...plain };
}
