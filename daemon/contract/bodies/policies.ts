import * as Type from '../built/typebox.js';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { count, flag, instant, number, orNull, text } from './shared.ts';

/** What an operator reads of policies, and of what they permit. */

const ofSeveral = {
  accepted_by: Type.Optional(Type.Array(Type.String())),
  quorum: Type.Optional(count('Passkeys that must accept it; absent: one operator.')), // AN-125
};
export const PendingPolicySchema = Type.Object(
  {
    hash: text('Accept it with POST /v1/policy/reload.'), // AN-126
    looser: Type.Array(Type.String()),
    not_before_ms: nullable(instant('It takes effect no earlier.')), // AN-127
    file_differs: flag(),
    ...ofSeveral,
  },
  { ...field.closed, description: 'A looser policy that waits for an operator.' }, // AN-128
);
export const pendingPolicy = nullable(PendingPolicySchema);
export const ArmingBodySchema = Type.Object(
  {
    account: text(),
    digest: text('sha256 of what is signed. Sign it with POST /v1/arming.'), // AN-129, AN-130
    effective_at_ms: instant(),
    expires_at_ms: instant(),
    policy_hash: text(),
    problem: nullable(text('Why nothing may be opened; null: it is good.')), // AN-131
    quorum: count('Different passkeys that must sign it; 1: none needs to.'), // AN-132
    set_by: text(),
    signed_by: Type.Array(Type.String()),
    version: text(),
  },
  { ...field.closed, description: 'What permits binance-live, for a time.' }, // AN-133
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
      warnings: Type.Array(Type.String(), { description: 'What is legal but probably unintended.' }), // AN-134
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
    decision: field.oneOf(['ALLOW', 'LIMIT', 'BLOCK']),
    notional_usdt: orNull('Permitted, USDT.'), // note
    reasons: Type.Array(Type.String()),
  },
  field.closed,
);
export const PolicyPreviewSchema = Type.Object(
  {
    hash: text(),
    since_ms: instant('Requests since then.'), // note
    until_ms: instant(),
    left_off_before_ms: nullable(instant('Earlier ones were left off; null: none.')), // AN-135
    requests: count(),
    not_compared: count('Of another version, or executed elsewhere.'), // AN-136
    recorded: OutcomeCountsSchema,
    candidate: OutcomeCountsSchema,
    changes: Type.Object(
      {
        blocked: count(),
        let_through: count(),
        cut: count('Would be smaller, with less leverage or a tighter bound.'), // AN-137
        widened: count('Would be larger, with more leverage or a wider bound.'), // AN-138
        restaged: count(),
        unchanged: count(),
      },
      field.closed,
    ),
    opening_notional_usdt: Type.Object(
      { recorded: number(), candidate: number() },
      { ...field.closed, description: 'Opening orders permitted, USDT.' }, // AN-139
    ),
    examples: Type.Array(
      Type.Object(
        {
          decision_id: text(),
          at_ms: instant(),
          agent: text(),
          symbol: nullable(text()),
          change: field.oneOf(['blocked', 'let_through', 'cut', 'widened', 'restaged']),
          recorded: PreviewSideSchema,
          candidate: PreviewSideSchema,
        },
        field.closed,
      ),
      { description: 'The newest that would change, oldest first.' }, // AN-140
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
      not_before_ms: nullable(instant('It takes effect no earlier.')), // AN-141
      file_differs: flag(),
      ...ofSeveral,
    },
    field.closed,
  ),
]);
