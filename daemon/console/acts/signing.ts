import { digestOf, type TokenKey, toBase64url } from '../session/proof.ts';
import { call, requireProven, requireText } from '../session/session.ts';
import { type Options, signWith } from '../session/webauthn.ts';

export interface ActRequest {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: unknown;
  /** The text whose sha256 the body names as `digest`, where it does and the text is known. */
  readonly digested?: string;
}
/** An act with the text that confirms it. */
export interface SignableAct {
  readonly request: ActRequest;
  readonly nonce: string;
  /** What is signed, byte for byte. */
  readonly text: string;
  /** Null: it is too long for a passkey. */
  readonly options: Options | null;
}

/**
 * Asks for the text that confirms an act. It is what this page would write for this act at the daemon of its session, and
 * the challenge is of it. @throws Error when something else is asked for
 */
export async function askToSign(request: ActRequest): Promise<SignableAct> {
  const { body, digested, method, path } = request;
  if (digested !== undefined && (await digestOf(digested)) !== (body as { readonly digest?: unknown }).digest)
    throw new Error('What is shown is not what this act names by its digest.');
  const { target } = await requireProven();
  const { nonce, options, text } = await call<Omit<SignableAct, 'request'>>('POST', '/v1/passkeys/challenge', {
    body: { method, path, body },
  });
  if (text !== canonical({ ...target, body, method, nonce, path }))
    throw new Error('What answers here asks for a signature of something else than this act.');
  if (options !== null) await requireText(text, options);
  return { request, nonce, text, options };
}

/** Does what a passkey signs, and nothing else. @throws ApiFault, or when no passkey answered */
export async function actByPasskey<T>({ nonce, options, request }: SignableAct): Promise<T> {
  if (options === null) throw new Error('This act is too long for a passkey; use the token.');
  const { body, method, path } = request;
  const assertion = await signWith(options);
  return call<T>(method, path, { body, headers: { 'holdfast-passkey': pack({ nonce, assertion }) } });
}

/** The same with a token, which is sent under its mask. @throws ApiFault */
export async function actByToken<T>({ nonce, request, text }: SignableAct, { id, mask }: TokenKey): Promise<T> {
  const { body, method, path } = request;
  const masked = await mask('holdfast act 2', text);
  return call<T>(method, path, { body, headers: { 'holdfast-token': pack({ nonce, key_id: id, masked }) } });
}

/** All of it is ASCII: ids, and what is base64url. */
const pack = (value: object): string =>
  toBase64url(Uint8Array.from(JSON.stringify(value), (character) => character.charCodeAt(0)));

/** As RFC 8785 writes what a form sends. */
const canonical = (value: unknown): string => JSON.stringify(value, sorted);
function sorted(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
