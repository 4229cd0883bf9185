import type { FastifyRequest } from 'fastify';
import { checkSigned, checkTokenAct } from '../../contract/passkeys.ts';
import type { Checked } from '../../contract/schema/ajv.ts';
import type { Caller } from '../../engine/records/callers.ts';
import type { Passkeys } from '../../passkeys/ceremonies.ts';
import { isMaskedToken } from '../../proof/proof.ts';
import { ApiError, codeOf, invalidInput } from '../errors.ts';
import type { Prover } from './prover.ts';

const PASSKEY = 'holdfast-passkey';
const TOKEN = 'holdfast-token';

/** A call of a session, which may only look, with what lets it through. */
export interface SignedCall {
  readonly asker: Caller;
  /** Id of the session. */
  readonly session: string;
  readonly by: 'passkey' | 'token';
  /** As it was sent. */
  readonly signature: string;
}
/** Which of them a route takes. */
export interface Signers {
  readonly passkey: boolean;
  readonly token: boolean;
}

export const isSigned = ({ raw }: Pick<FastifyRequest, 'raw'>): boolean =>
  raw.headers[PASSKEY] !== undefined || raw.headers[TOKEN] !== undefined;

/** What comes with a session that shall act. Whether it is good is seen when the body has come. @throws ApiError */
export function findSignature(
  { raw }: Pick<FastifyRequest, 'raw'>,
  from: Pick<SignedCall, 'asker' | 'session'>,
  takes: Signers,
): SignedCall {
  const { [PASSKEY]: byPasskey, [TOKEN]: byToken } = raw.headers;
  if (takes.passkey && typeof byPasskey === 'string' && byToken === undefined)
    return { ...from, by: 'passkey', signature: byPasskey };
  if (takes.token && typeof byToken === 'string' && byPasskey === undefined)
    return { ...from, by: 'token', signature: byToken };
  throw new ApiError(
    'FORBIDDEN',
    'A session of the console can only look, halt and reduce; for other acts show an operator token or a passkey.',
  );
}

/**
 * Whoever signed what this very request does is its caller. RISK: method, path and body are those that the handler gets,
 * so nothing else is done than was signed. @throws what is refused
 */
export async function confirmSigned(
  { passkeys, prover }: { readonly passkeys: Passkeys | null; readonly prover: Prover },
  { by, session, signature }: SignedCall,
  { method, url, body }: Pick<FastifyRequest, 'method' | 'url' | 'body'>,
): Promise<Caller> {
  if (passkeys === null) throw new ApiError('FORBIDDEN', 'Nothing can confirm this here.');
  const act = { method, path: url, body: body ?? null };
  if (by === 'passkey') {
    const { keyId, name } = await passkeys.confirmAct(session, act, read(PASSKEY, signature, checkSigned));
    return { role: 'operator', agent: name, tokenId: keyId, skillSha256: null };
  }
  const { key_id: keyId, masked, nonce } = read(TOKEN, signature, checkTokenAct);
  const { key, token } = findKey(prover, keyId);
  passkeys.confirmActByToken(session, act, nonce, (text) => isMaskedToken(masked, key, { act: text }));
  if (token?.role !== 'operator')
    throw new ApiError('FORBIDDEN', `A token of role ${token?.role ?? 'none'} may not call this route.`);
  return { role: 'operator', agent: token.agent, tokenId: token.id, skillSha256: null };
}

/** A 401 would say that the session is over. */
function findKey(prover: Prover, keyId: string): ReturnType<Prover['findKey']> {
  try {
    return prover.findKey(keyId);
  } catch (error) {
    if (codeOf(error) !== 'UNAUTHENTICATED') throw error;
    throw new ApiError('FORBIDDEN', 'The token is unknown or revoked.');
  }
}

const LONGEST_SIGNATURE = 8_192;

function read<T>(header: string, text: string, check: (value: unknown) => Checked<T>): T {
  if (text.length > LONGEST_SIGNATURE) throw new ApiError('INVALID_INPUT', `The header ${header} is too long.`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    throw new ApiError('INVALID_INPUT', `The header ${header} is not the base64url of JSON.`);
  }
  const checked = check(value);
  if (!checked.ok) throw invalidInput(checked.violations);
  return checked.value;
}
