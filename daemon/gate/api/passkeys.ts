/** Passkeys, as entrances see them. Signatures are checked before they come here. */
import type { Body } from '../../contract/agreement.ts';
import type * as body from '../../contract/passkeys.ts';

export type PasskeyBody = Body<typeof body.PasskeyBodySchema>;
export type PasskeysBody = Body<typeof body.PasskeysBodySchema>;

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
  readonly purpose: 'sign_in' | 'act' | 'approval' | 'enrolment';
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
export interface PasskeyApi {
  getPasskeys(): PasskeysBody;
  findPasskey(id: string): KnownPasskey | null;
  listPasskeys(): readonly KnownPasskey[];
  /** Whether a key of this origin may be enrolled now, and with whose signature. @throws when it may not */
  requireEnrolment(isRecovery: boolean, origin: string): 'unconfirmed' | 'confirmed';
  addPasskey(caller: { readonly agent: string }, key: NewPasskey, by: ProvenAssertion | null): Promise<PasskeyBody>;
  /** Null: there is none with this id. */
  removePasskey(caller: { readonly agent: string }, id: string, reason: string): Promise<PasskeyBody | null>;
  /** Records a signature: each counts once. @throws when its key does not count, or it was taken before */
  recordAssertion(assertion: ProvenAssertion): Promise<RecordedAssertion>;
  /** Someone who was let in so far showed a signature that is not good, or a wrong code. */
  reportPasskeyRefused(detail: string): void;
}
