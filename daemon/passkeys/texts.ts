import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';

/** A call that changes something. */
export interface Act {
  readonly method: string;
  readonly path: string;
  /** Null: it has none. */
  readonly body: unknown;
}
/** The text that an act is signed by: what will be done, and a challenge that makes it this one time. */
export function actText({ method, path, body }: Act, nonce: string): string {
  return canonicalJson({ body, method, nonce, path });
}
/** What a key in force signs to let another one in. */
export function enrolmentText(
  { id, publicKey }: { readonly id: string; readonly publicKey: string },
  name: string,
): string {
  return canonicalJson({ act: 'passkey_add', id, name, public_key: publicKey });
}
/** What an authenticator signs for a text. base64url. */
export const challengeOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
