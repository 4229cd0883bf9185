import type { PasskeyApi } from '../../daemon/contract/types/gate-api.ts';
import type { PasskeyBody } from '../../daemon/contract/types/passkeys.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
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
export function createFakePasskeys(note: (method: keyof PasskeyApi, ...args: readonly unknown[]) => void): PasskeyApi {
  return {
    getPasskeys: () => ({ passkeys: [PASSKEY], enrolment: 'confirmed' }),
    findPasskey: (id) => (id === KNOWN.id ? KNOWN : null),
    listPasskeys: () => [KNOWN],
    requireEnrolment: () => 'confirmed',
    async addPasskey(caller, key) {
      note('addPasskey', caller as Caller, key);
      return PASSKEY;
    },
    async removePasskey(caller, id, reason) {
      note('removePasskey', caller as Caller, id, reason);
      return id === PASSKEY.id ? PASSKEY : null;
    },
    async recordAssertion(assertion) {
      note('recordAssertion', assertion);
      return { keyId: assertion.id, name: KNOWN.name, seq: 1 };
    },
    reportPasskeyRefused: (detail) => note('reportPasskeyRefused', detail),
  };
}
