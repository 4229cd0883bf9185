import assert from 'node:assert/strict';
import { createNonce, keyIdOf, keyOf, maskToken } from '../../daemon/proof/proof.ts';

/** Calls the daemon as the console's page does. */
export type PageCall = (
  path: string,
  body: unknown,
) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;

/** What a page signs in with: the challenge of a proof, and the token under the mask that goes with it. `dialled`: the Host header. */
export async function signChallenge(
  call: PageCall,
  token: string,
  dialled: string,
): Promise<{ readonly key_id: string; readonly challenge: string; readonly masked: string }> {
  const key = keyOf(token);
  const { status, body } = await call('/v1/proof', { key_id: keyIdOf(key), nonce: createNonce() });
  assert.equal(status, 200, JSON.stringify(body));
  const { challenge } = JSON.parse(String(body.claims));
  return { key_id: keyIdOf(key), challenge, masked: maskToken(token, { challenge, dialled }) };
}

/** The header by which a token confirms a call. */
export function tokenHeader(token: string, nonce: string, text: string): Readonly<Record<string, string>> {
  const key = keyOf(token);
  const shown = { nonce, key_id: keyIdOf(key), masked: maskToken(token, { act: text }) };
  return { 'holdfast-token': Buffer.from(JSON.stringify(shown)).toString('base64url') };
}
