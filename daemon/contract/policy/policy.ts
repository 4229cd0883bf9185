import type { Static, TSchema } from 'typebox';
import { BUDGET_KEYS, BUDGETS, type BudgetKey, type BudgetRow, type OptionalBudget } from '../../core/keys/budgets.ts';
import type { Budgets, IntendedPolicySpec, JsonSchemaObject } from '../../core/policy.ts';
import { ACTIONS, TOOL_NAMES } from '../../core/request.ts';
import { VENUE_NAMES } from '../../core/venues.ts';
import * as Type from '../built/typebox.js';
import type { Agree } from '../schema/agreement.ts';
import { FOREIGN_TOOL_PATTERN } from '../schema/fields.ts';
import { SYMBOL_PATTERN } from '../schema/symbols.ts';
import { agentLoss, agentSchedule, heartbeat } from './agent-limits.ts';
import { accountSection, approvalsSection, marketSection, trustSection } from './policy-sections.ts';
import {
  ACCOUNT_PATTERN,
  AGENT_PATTERN,
  bps,
  closed,
  count,
  DAY_MS,
  fraction,
  milliseconds,
  multiplier,
  names,
  rateLimit,
  requestRate,
  texts,
  usdt,
} from './policy-values.ts';

/**
 * The Intended Policy Spec as a schema. Every key is required unless its description says otherwise, every
 * number has a stated minimum and maximum, and no other key is accepted. The descriptions are the editor's help.
 * policy/semantics.ts checks what a schema cannot express (orderings, fractions by value, what cannot work).
 */

const scopeProperties = (minItems: number) => ({
  tools: names(TOOL_NAMES, 'Tools that may be called.', minItems), // PK-1
  actions: names(ACTIONS, 'Kinds of action that may be taken; open needs close and cancel.', minItems), // PK-2
  venues: names(VENUE_NAMES, 'Venues on which this policy may run.', minItems), // PK-3
  symbols: texts(
    SYMBOL_PATTERN,
    'Symbols that may be opened; exits and cancels of existing positions and orders always pass.', // PK-4
    minItems,
    1000,
  ),
  accounts: texts(ACCOUNT_PATTERN, 'Accounts that may be traded.', minItems, 100), // PK-5
});
function budgetSchema(row: BudgetRow) {
  return row.absent === undefined ? valueSchema(row) : Type.Optional(valueSchema(row));
}
function valueSchema({ unit, max, description }: BudgetRow) {
  switch (unit) {
    case 'USDT':
      return usdt(description, max);
    case 'bps':
      return bps(description, max);
    case 'ms':
      return milliseconds(description, max);
    case 'orders':
      return rateLimit(description);
    case 'positions':
    case 'x':
      return count(description, max);
  }
}
type BudgetSchema<Key extends BudgetKey> = Key extends OptionalBudget
  ? ReturnType<typeof Type.Optional<ValueSchema<Budgets[Key]>>>
  : ValueSchema<Budgets[Key]>;
type ValueSchema<Value> = Value extends number ? ReturnType<typeof usdt> : ReturnType<typeof rateLimit>;
const budgetProperties = Object.fromEntries(BUDGET_KEYS.map((key) => [key, budgetSchema(BUDGETS[key])])) as unknown as {
  readonly [key in BudgetKey]: BudgetSchema<key>;
};

const traderStateProperties = {
  window_trades: count("Most of an agent's trades that are looked at.", 10_000), // PK-16
  max_age_ms: milliseconds('Age of the oldest of them.'), // PK-17
  base_rate: fraction('Escalation probability of an agent without trades.', 0, 1), // PK-18
  limit_at: fraction('Probability from which on the budgets are multiplied.', 0, 1), // PK-19
  block_at: fraction('Probability from which on opening is refused, with enforce_block.', 0, 1), // PK-20
  multiplier: multiplier('Factor on the budgets from limit_at on.'), // PK-21
  enforce_block: Type.Boolean({
    description:
      'true: refuse from block_at on. false: only tighten, which is right until the score is fitted to your agents.', // PK-22, PK-23
  }),
};
const temporalProperties = {
  duplicate_window_ms: milliseconds('No agent repeats one of its last 1000 openings in this time.', 7 * DAY_MS), // PK-24
  duplicate_exempt: texts(SYMBOL_PATTERN, 'Symbols in which equal intents are legitimate.', 0, 1000), // PK-25
  flip_interval_ms: milliseconds('Time from an opening fill to an opening order in the other direction.', 7 * DAY_MS), // PK-26
  breaker: Type.Object(
    {
      repeats: count('Number of equal executed orders of one agent that opens the breaker.', 1_000_000), // PK-27
      window_ms: milliseconds('Time in which they count.', 7 * DAY_MS), // PK-28
      cooldown_ms: milliseconds('How long it stays open; doubles with every trip.', 7 * DAY_MS), // PK-29
    },
    { ...closed, description: 'Stops an agent that repeats itself.' }, // PK-30
  ),
};

const schemaObject = (description: string) => Type.Unsafe<JsonSchemaObject>({ type: 'object', description });
const agentSection = Type.Object(
  {
    scope: Type.Optional(
      Type.Partial(Type.Object(scopeProperties(0)), { ...closed, description: "Part of the account's scope." }), // PK-31
    ),
    budgets: Type.Optional(
      Type.Partial(Type.Object(budgetProperties), {
        ...closed,
        description: "The agent's own smaller caps, on its own exposure.", // PK-32
      }),
    ),
    temporal: Type.Optional(
      Type.Partial(Type.Object(temporalProperties), { ...closed, description: 'Stricter pacing.' }), // PK-33
    ),
    trader_state: Type.Optional(
      Type.Partial(Type.Object(traderStateProperties), { ...closed, description: 'Stricter view of its trades.' }), // PK-34
    ),
    exits: Type.Optional(
      Type.Object(
        {
          scope: Type.Optional(Type.Enum(['own'], { description: 'Has no effect: an agent closes what it holds.' })), // PK-35
        },
        { ...closed, description: 'Has no effect.' }, // note
      ),
    ),
    schedule: Type.Optional(agentSchedule),
    heartbeat_ms: Type.Optional(heartbeat),
    loss: Type.Optional(agentLoss),
    reserve: Type.Optional(
      texts(
        SYMBOL_PATTERN,
        'Symbols that are kept for this agent: no other opens there, also while they are flat.', // PK-36
        1,
        1000,
      ),
    ),
  },
  { ...closed, description: 'Limits of one agent; they may only tighten.' }, // PK-37
);

export const PolicySchema = Type.Object(
  {
    version: Type.Literal(1, { description: 'Version of this format.' }), // note
    name: Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$',
      description: 'For people: stands beside the hash in log and ledger.', // PK-38
    }),
    mode: Type.Enum(['enforce', 'shadow'], {
      description:
        'enforce: decisions bind. shadow (paper and replay only): decisions are recorded, but the request is executed, unless the symbol is not the agent’s.', // PK-39, PK-40
    }),
    scope: Type.Object(scopeProperties(1), { ...closed, description: 'T: what is not named is blocked.' }), // PK-41
    budgets: Type.Object(budgetProperties, { ...closed, description: 'R: B_0, the absolute caps of the account.' }), // note
    market: marketSection,
    account: accountSection,
    trust: trustSection,
    trader_state: Type.Object(traderStateProperties, {
      ...closed,
      description: 'p_t: an agent that escalates after losses is tightened.', // PK-42
    }),
    temporal: Type.Object(temporalProperties, { ...closed, description: 'Pacing.' }),
    staging: Type.Object(
      {
        spacing_ms: milliseconds('Time between two slices.', DAY_MS), // PK-43
        ttl_ms: milliseconds('Lifetime of a staging plan; slices unsent by then are dropped.', DAY_MS), // PK-44
      },
      { ...closed, description: 'How slices are sent.' }, // note
    ),
    standing: Type.Object(
      {
        resting_ttl_ms: milliseconds('Lifetime of an opening order, fixed when it is decided.', 30 * DAY_MS), // PK-45
        on_breach: Type.Enum(['hold', 'cancel_opening', 'reduce'], {
          description:
            'What a tightened cap does to existing orders and positions: nothing, cancel opening orders, or also cut positions back.', // PK-46
        }),
        deadman_ms: Type.Optional(
          milliseconds(
            'Silence of the daemon after which the exchange cancels opening orders, where its countdown runs. 0 is off, else 30000 and more. Without it: 120000.', // PK-47, PK-48, PK-49
            600_000,
            0,
          ),
        ),
        resting: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 1000,
            description:
              'Largest number of openings of one agent in a symbol that rest or are on their way. All together take at most half of the exchange’s limit on open orders there. Without it: 20.', // PK-50, PK-51, PK-52
          }),
        ),
      },
      { ...closed, description: 'Orders and positions that outlive their decision.' }, // note
    ),
    exits: Type.Object(
      {
        scope: Type.Optional(
          Type.Enum(['own', 'account'], { description: 'Has no effect: an agent closes what it holds.' }), // PK-53
        ),
        ladder_bps: Type.Array(Type.Number({ minimum: 0.1, maximum: 5000 }), {
          minItems: 1,
          maxItems: 20,
          description:
            'Distance of each rung of an exit from the middle of the book, rising. Each reaches at least the opposite best quote, within a bound of the caller. Basis points.', // PK-54, PK-55, note
        }),
        step_ms: milliseconds('Time between two rungs.', 60_000), // PK-56
        rate: rateLimit('Exits of one agent that start to be sent. Further ones wait. Never refused.'), // PK-57, PK-58, PK-59
        resting: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 200,
            description: 'Largest number of exits of one agent that rest at their own price. Without it: 50.', // PK-60, PK-61
          }),
        ),
        resume_ms: Type.Optional(
          milliseconds(
            "Age up to which an agent's exit continues after a restart, and time for which an exit with a bound goes on within it. Without it: 300000.", // PK-62, PK-63
            3_600_000,
          ),
        ),
      },
      { ...closed, description: 'How positions are exited.' }, // note
    ),
    protection: Type.Object(
      {
        required: Type.Boolean({ description: 'Every position gets a stop at the venue.' }), // PK-64
        stop_bps: bps('Distance of that stop from the entry price.', 9999), // PK-65
      },
      { ...closed, description: 'Protective stops.' }, // note
    ),
    requests: Type.Optional(
      Type.Object(
        {
          refusals: Type.Optional(
            requestRate('Refused calls and cancels that cancel nothing; rejected inputs have the same limit.'), // PK-66
          ),
          dry_runs: Type.Optional(requestRate('Dry runs.')), // PK-67
          intercepts: Type.Optional(requestRate('Intercepts.')),
        },
        {
          ...closed,
          description:
            'Calls without an effect that are recorded one by one, per agent; further ones are counted and summed.', // PK-68
        },
      ),
    ),
    approvals: Type.Optional(approvalsSection),
    intercept: Type.Object(
      {
        allow: Type.Record(
          Type.String({ pattern: FOREIGN_TOOL_PATTERN }),
          schemaObject('JSON Schema of the arguments.'), // note
          {
            ...closed,
            maxProperties: 200,
            description: 'Tools executed elsewhere that are allowed: name -> JSON Schema of their arguments.', // PK-69
          },
        ),
      },
      { ...closed, description: 'Advice on tools executed elsewhere.' }, // note
    ),
    tools: Type.Record(
      Type.String({ pattern: `^(${TOOL_NAMES.join('|')})$` }),
      Type.Object(
        { args: schemaObject("JSON Schema that the tool's arguments must match, in addition to the contract's.") }, // PK-70
        closed,
      ),
      { ...closed, description: 'Narrower arguments for a tool.' }, // note
    ),
    agents: Type.Record(Type.String({ pattern: AGENT_PATTERN }), agentSection, {
      ...closed,
      maxProperties: 1000,
      description: 'Sections by agent name; `default` applies to every agent without one.', // PK-71
    }),
    loosen_delay_ms: milliseconds(
      'How long a looser policy is pending on a live venue before an operator can put it in force.', // PK-72
      30 * DAY_MS,
    ),
  },
  { ...closed, title: 'Holdfast policy', description: 'Intended Policy Spec of a Holdfast daemon.' }, // note
);

/** Schema and core types describe the same documents; each line stops compiling when they part. */
export const POLICY_TYPES_AGREE: readonly [Agree<Static<typeof PolicySchema>, IntendedPolicySpec>] = [true];

/**
 * The schema as a file for editors (`policies/policy.schema.json`): plain JSON, draft 7, which editors support best.
 */
export function buildPolicyJsonSchema(): JsonSchemaObject {
  const plain = JSON.parse(JSON.stringify(PolicySchema as TSchema)) as Record<string, unknown>;
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...plain };
}
