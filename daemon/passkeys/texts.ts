import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';
import { isLocalOrigin } from '../core/signed/console-origin.ts';

/** A call that changes something. */
export interface Act {
  readonly method: string;
  readonly path: string;
  /** Null: it has none. */
  readonly body: unknown;
}
/** The daemon that a text is meant for: no other one takes it. */
export interface Target {
  readonly venue: string;
  readonly account: string;
  readonly home: string;
  readonly address: string;
}
/** The text that an act is signed by: what will be done and where, and a challenge that makes it this one time. */
export function actText({ method, path, body }: Act, nonce: string, target: Target): string {
  const { account, address, home, venue } = target;
  return canonicalJson({ account, address, body, home, method, nonce, path, venue });
}
/** The text of a sign-in: a signature of it stands for nothing else. Whoever asks for it has shown nothing yet. */
export function signInText(nonce: string, { account, address, venue }: Target): string {
  return canonicalJson({ account, act: 'sign_in', address, nonce, venue });
}
/** What a key in force signs to let another one in. One of a remote console names its origin. */
export function enrolmentText(
  { id, origin, publicKey }: { readonly id: string; readonly origin: string; readonly publicKey: string },
  name: string,
): string {
  const where = isLocalOrigin(origin) ? {} : { origin };
  return canonicalJson({ act: 'passkey_add', id, name, ...where, public_key: publicKey });
}
/** What an authenticator signs for a text. base64url. */
export const challengeOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
