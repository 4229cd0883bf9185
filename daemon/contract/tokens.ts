import type { Static } from 'typebox';
import * as Type from './built/typebox.js';
import { buildContractCheck } from './schema/check.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** Bodies of the routes of access tokens. */

const DAY_MS = 86_400_000;
/** How long a token is valid that is created here, where nothing is said of it. */
export const DEFAULT_TTL_MS = 30 * DAY_MS;

/** RISK: no role that could create another one, and no digest, which would raise trust: those are made on the machine. */
export const TokenRequest = Type.Object(
  {
    role: field.oneOf(['agent', 'monitor'], 'Operator tokens are made by `./holdfast token create` alone.'), // AN-240
    name: { ...field.agentName, description: 'agent: the agent that it acts for. monitor: who it is in records.' }, // AN-241, AN-242
    ttl_ms: Type.Optional(
      Type.Integer({
        minimum: 60_000,
        maximum: 90 * DAY_MS,
        description: 'How long it is valid, ms. Absent: 30 days.', // note, AN-243
      }),
    ),
  },
  field.closed,
);
export const TokenIdPath = Type.Object(
  { id: Type.String({ pattern: '^tok_[0-9a-f]{16}$', description: 'id of the token, as listed.' }) }, // note
  field.closed,
);

export const TokenBodySchema = Type.Object(
  {
    id: Type.String(),
    role: field.oneOf(['agent', 'metrics', 'monitor', 'operator']),
    name: Type.String(),
    agent: nullable(Type.String()),
    skill_sha256: nullable(Type.String({ description: 'Digest of the skill that it is for.' })), // note
    created_at_ms: field.instant(),
    expires_at_ms: nullable(field.instant()),
    revoked_at_ms: nullable(field.instant()),
    is_live: Type.Boolean({ description: 'Neither revoked nor expired.' }), // AN-220
    is_own: Type.Boolean({ description: 'It is the one of this call, or of its session.' }), // AN-221
  },
  field.closed,
);
export const TokensBodySchema = Type.Object(
  { tokens: Type.Array(TokenBodySchema, { description: 'Live ones first, newest first; at most 500.' }) }, // AN-222
  field.closed,
);
export const TokenCreatedSchema = Type.Object(
  {
    token: TokenBodySchema,
    secret: Type.String({ description: 'The token itself: in this answer, and nowhere else.' }), // AN-223
  },
  field.closed,
);

export const checkTokenRequest = buildContractCheck<Static<typeof TokenRequest>>(TokenRequest);
export const checkTokenIdPath = buildContractCheck<Static<typeof TokenIdPath>>(TokenIdPath);
