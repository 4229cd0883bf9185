import type { PasskeyApi } from '../../daemon/contract/types/gate-api.ts';
import type { PasskeyBody } from '../../daemon/contract/types/passkeys.ts';
import type { KnownPasskey } from '../../daemon/engine/records/passkeys.ts';

const PASSKEY: PasskeyBody = {
  id: `pk_${'0'.repeat(20)}`,
  name: 'yubikey',
  origin: 'http://localhost:7433',
  state: 'in_force',
  added_at_ms: 1,
  effective_at_ms: 1,
  confirmed_by: null,
  last_used_at_ms: null,
  credential_id: 'AAAA',
  transports: [],
};
const KNOWN: KnownPasskey = {
  id: PASSKEY.id,
  name: PASSKEY.name,
  origin: PASSKEY.origin,
  credentialId: 'AAAA',
  publicKey: 'AAAA',
  counter: 0,
  transports: [],
  isInForce: true,
};

/** One passkey, which nobody has. */
export function createFakePasskeys(): PasskeyApi {
  return {
    getPasskeys: () => ({ passkeys: [PASSKEY], enrolment: 'confirmed' }),
    findPasskey: (id) => (id === KNOWN.id ? KNOWN : null),
    listPasskeys: () => [KNOWN],
    requireEnrolment: () => 'confirmed',
    addPasskey: async () => PASSKEY,
    removePasskey: async (_caller, id) => (id === PASSKEY.id ? PASSKEY : null),
    recordAssertion: async ({ id }) => ({ keyId: id, name: KNOWN.name, seq: 1 }),
    reportPasskeyRefused: () => undefined,
  };
}
