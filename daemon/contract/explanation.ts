import type { Static } from 'typebox';
import * as Type from './built/typebox.js';
import { decimal, decisionMembers, RuleVerdictSchema } from './decision.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** The parts of a decision that are derived when it is read (core/decide/explain.ts). */

const number = (description?: string) => Type.Number(field.said(description));
export const ArithmeticRowSchema = Type.Object(
  {
    code: field.reasonCode,
    label: Type.String({ description: 'The budget in words.' }), // note
    base: number('B_0 of the policy.'), // note
    factors: Type.Object(
      {
        market: number('g, by regime.'), // note
        account: number('h.'),
        trust: number('q.'),
        trader: number('p, of recent trades.'), // note
        loss: number("p, of the agent's own loss."), // note
      },
      {
        ...field.closed,
        description: 'cap = base times all of them, whole numbers rounded down; less where agent or venue allow less.', // AN-28
      },
    ),
    cap: number('In force.'), // note
    used: number('Held, traded or taken.'), // note
    reserved: number('What may still fill, other than this order.'), // note
    left: number('cap - used - reserved, never below 0.'), // AN-29
    lots: nullable(Type.Integer({ description: 'Whole lots that fit into what is left; null: not a budget of size.' })), // AN-30
    price: nullable(number('Value of a unit, USDT; null: unknown.')), // note
    unit: field.oneOf(['USDT', 'x', 'bps', 'lots', 'orders', 'positions'], 'Of base, cap, used, reserved and left.'), // note
  },
  { ...field.closed, description: 'One budget that can cut or refuse an opening order.' }, // note
);
export const AskedSchema = Type.Object(
  { notional: nullable(number()), quantity: nullable(decimal()) },
  { ...field.closed, description: 'The size asked for, as effective tells the size sent.' }, // AN-31
);
export const explanationMembers = {
  asked: nullable(AskedSchema),
  bound_by: Type.Union([field.reasonCode, Type.Null()], {
    description: 'The one reason that binds; null for ALLOW, or decided by another version.', // AN-32
  }),
  arithmetic: Type.Object(
    {
      line: nullable(
        Type.String({
          description: 'The binding budget, or the smallest order, in one line; null where neither binds.', // AN-33
        }),
      ),
      rows: Type.Array(ArithmeticRowSchema, {
        description: 'Budgets of an opening order; none for exits and cancels, or decided by another version.', // AN-34
      }),
    },
    { ...field.closed, description: 'How the figures are computed. Derived from the record, not part of it.' }, // note, AN-35
  ),
};

/** What each rule examines, by its number. */
export const RULE_TITLES = [
  "operator's schema",
  'scope',
  'trading state',
  'freshness',
  'duplicate intent',
  'pace',
  'market regime',
  'account',
  'trust',
  'trader state',
  'price',
  'budgets',
  'last check',
  'staging',
  'resting orders',
] as const;

export const ExplanationBodySchema = Type.Object(
  {
    decision_id: Type.String(),
    at_ms: number('When it was decided, exchange time. Milliseconds since 1970.'), // note, note
    agent: Type.String(),
    tool: Type.String(),
    symbol: nullable(Type.String()),
    decision: decisionMembers.decision,
    ...explanationMembers,
    reasons: decisionMembers.reasons,
    rules: nullable(
      Type.Array(Type.Object({ ...RuleVerdictSchema.properties, title: Type.String() }, field.closed), {
        description: 'The finding of every rule; null: another version of the core decided.', // AN-36
      }),
    ),
    core_version: nullable(
      Type.Integer({
        minimum: 0,
        description: 'null: recorded before there were versions.', // note
      }),
    ),
    policy_hash: Type.String({ description: 'sha256 of the policy that decided.' }), // note
  },
  { ...field.closed, description: 'Why: every budget with its arithmetic, and every rule.' }, // note
);
export type ExplanationBody = Static<typeof ExplanationBodySchema>;
type Explained = Omit<ExplanationBody, 'rules'> & {
  readonly verdicts: readonly Static<typeof RuleVerdictSchema>[] | null;
};

/** The answer of `GET /v1/decisions/{id}/explain`. */
export function toExplanation(decision: Explained): ExplanationBody {
  const { decision_id, at_ms, agent, tool, symbol, asked, bound_by, arithmetic, reasons, verdicts, policy_hash } =
    decision;
  return {
    decision_id,
    at_ms,
    agent,
    tool,
    symbol,
    decision: decision.decision,
    asked,
    bound_by,
    arithmetic,
    reasons,
    rules: verdicts?.map((verdict) => ({ ...verdict, title: RULE_TITLES[verdict.rule - 1] ?? 'unknown' })) ?? null,
    core_version: decision.core_version,
    policy_hash,
  };
}
