import type { FastifyRequest } from 'fastify';
import { checkSigned } from '../contract/passkeys.ts';
import type { Caller } from '../gate/api.ts';
import type { Passkeys, SignedAct } from '../passkeys/ceremonies.ts';
import { ApiError, invalidInput } from './errors.ts';

/** A call of somebody who may only look, with the signature that lets it through. */
export interface SignedCall {
  readonly asker: Caller;
  /** As it was sent. */
  readonly signature: string;
}

const LONGEST_SIGNATURE = 8_192;

/**
 * Whoever signed what this very request does is its caller. RISK: method, path and body are those that the handler gets,
 * so nothing else is done than was signed. @throws what is refused
 */
export async function confirmByPasskey(
  passkeys: Passkeys | null,
  { asker, signature }: SignedCall,
  { method, url, body }: Pick<FastifyRequest, 'method' | 'url' | 'body'>,
): Promise<Caller> {
  if (passkeys === null) throw new ApiError('FORBIDDEN', 'No passkey can confirm this here.');
  const act = { method, path: url, body: body ?? null };
  const { keyId, name } = await passkeys.confirmAct(asker, act, readSignature(signature));
  return { role: 'operator', agent: name, tokenId: keyId, skillSha256: null };
}

function readSignature(text: string): SignedAct {
  if (text.length > LONGEST_SIGNATURE) throw new ApiError('INVALID_INPUT', 'The header holdfast-passkey is too long.');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw new ApiError('INVALID_INPUT', 'The header holdfast-passkey is not the base64url of JSON.');
  }
  const checked = checkSigned(value);
  if (!checked.ok) throw invalidInput(checked.violations);
  return checked.value;
}
