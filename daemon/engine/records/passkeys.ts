/** Passkeys, and what they sign: signatures are checked before they come here. */

import type { PasskeyPurpose } from './people-events.ts';

/** What a signature is checked with. */
export interface KnownPasskey {
  readonly id: string;
  readonly name: string;
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  /** Of the page that it was made on. */
  readonly origin: string;
  readonly transports: readonly string[];
  readonly isInForce: boolean;
}
/** A signature that was found good. Binary members are base64url. */
export interface ProvenAssertion {
  readonly id: string;
  readonly purpose: PasskeyPurpose;
  readonly challenge: string;
  readonly text: string | null;
  readonly authenticatorData: string;
  readonly clientDataJson: string;
  readonly signature: string;
  readonly counter: number;
}
/** Who signed, and the record that says so. */
export interface RecordedAssertion {
  readonly keyId: string;
  readonly name: string;
  readonly seq: number;
}
export interface NewPasskey {
  readonly id: string;
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly aaguid: string;
  readonly origin: string;
  readonly transports: readonly string[];
  readonly name: string;
  readonly isRecovery: boolean;
}
