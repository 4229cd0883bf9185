import type { Static } from 'typebox';
import * as Type from '../built/typebox.js';
import { buildContractCheck } from '../schema/check.ts';
import * as field from '../schema/fields.ts';

/** Bodies of the route by which the daemon proves itself. */

export const keyId = Type.String({ pattern: '^[\\w-]{22}$', description: 'Names a token without its hash.' }); // AN-245
export const masked = Type.String({ pattern: '^[\\w-]{1,86}$', description: 'A token under its mask, base64url.' }); // note
export const ProofRequest = Type.Object(
  {
    key_id: keyId,
    nonce: Type.String({ pattern: '^[\\w-]{22,43}$' }),
  },
  field.closed,
);
export const ProofBodySchema = Type.Object(
  {
    claims: Type.String({ description: 'JSON: role, venue, account, home, address, challenge.' }), // AN-234
    proof: Type.String(),
  },
  field.closed,
);
export const SessionRequest = Type.Object(
  { key_id: keyId, challenge: Type.String({ pattern: '^[\\w-]{40,64}$', description: 'Of the proof.' }), masked }, // note
  field.closed,
);
export const checkSessionRequest = buildContractCheck<Static<typeof SessionRequest>>(SessionRequest);
export const checkProofRequest = buildContractCheck<Static<typeof ProofRequest>>(ProofRequest);
