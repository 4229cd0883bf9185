import * as Type from '../built/typebox.js';
import { ApprovalCeilingSchema } from '../decision.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { count, instant, text } from './shared.ts';

/** What people read who approve an order. */

export const approvalStatus = field.oneOf(
  ['pending', 'granted', 'denied', 'voided', 'expired'],
  'granted: used up by decision_id, whatever that says. voided: detail says by what.', // AN-65, AN-66
);
export const ExecutionApprovalSchema = Type.Object(
  {
    approval_id: text('decision_id of the blocked decision.'), // AN-67
    status: approvalStatus,
    detail: nullable(text()),
    decision_id: nullable(text('After the approval; null: none.')), // AN-68
    expires_at_ms: instant('Approve by then.'), // AN-69
    quorum: count(),
    signatures: count(),
    words: text('The first 64 bits of the digest, as four words.'), // AN-70
    card: text('Its card in the console, or its path.'), // AN-71
  },
  { ...field.closed, description: 'The approval that this decision asked for, or rests on.' }, // AN-72
);
const { approval_id, card, decision_id, detail, expires_at_ms, status, words } = ExecutionApprovalSchema.properties;
export const ApprovalBodySchema = Type.Object(
  {
    approval_id,
    status,
    detail,
    ...ApprovalCeilingSchema.properties,
    requested_at_ms: instant(),
    expires_at_ms,
    opens_until_ms: instant(),
    ended_at_ms: nullable(instant()),
    decision_id,
    text: text('What is approved, canonical JSON.'), // AN-73
    digest: text('sha256 of text: what an approval names, and a passkey signs.'), // AN-74
    words,
    card,
    signatures: Type.Array(
      Type.Object(
        {
          at_ms: instant(),
          by: text(),
          kind: field.oneOf(['operator_token', 'passkey']),
        },
        field.closed,
      ),
      { description: 'Approvals that were given.' }, // AN-75
    ),
    untrusted: Type.Object(
      { rationale: nullable(text()), strategy_id: nullable(text()) },
      { ...field.closed, description: "The agent's own words. They prove nothing." }, // note, AN-76
    ),
  },
  {
    ...field.closed,
    description: 'An order that waits for a person, or waited.', // note
  },
);
export const ApprovalChallengeSchema = Type.Object(
  {
    options: Type.Unsafe<{ readonly [member: string]: unknown }>({
      type: 'object',
      description: 'Of the WebAuthn request; its challenge is the digest.', // AN-77
    }),
  },
  { ...field.closed, description: 'What the browser asks a passkey for.' }, // note
);
export const ApprovalsBodySchema = Type.Object(
  {
    approvals: Type.Array(ApprovalBodySchema, {
      description: 'Those that wait, then the last 100 that have ended.', // AN-78
    }),
  },
  field.closed,
);
