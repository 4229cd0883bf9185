import { signal } from '@preact/signals';
import { ApiFault, ask, askText, parse } from './api.ts';
import { signWith } from './webauthn.ts';

/** Who looks. It is in this page's memory alone, and gone when the page is. */
export interface Session {
  readonly session: string;
  readonly expires_at_ms: number;
  readonly name: string;
  readonly role: 'operator' | 'monitor';
}
export const session = signal<Session | null>(null);
/** Why the sign-in is shown again; null: at first. */
export const signedOutBecause = signal<string | null>(null);

/** Exchanges a token for a session that can only look. The token is not kept. @throws ApiFault */
export async function signIn(token: string): Promise<void> {
  session.value = await ask<Session>('POST', '/v1/console/session', { bearer: token });
  signedOutBecause.value = null;
}

interface Challenge {
  readonly nonce: string;
  readonly options: Readonly<Record<string, unknown>>;
}
/** The same for the signature of a passkey. @throws ApiFault, or when no passkey answered */
export async function signInByPasskey(): Promise<void> {
  const { options } = await ask<Challenge>('POST', '/v1/console/challenge', {});
  const assertion = await signWith(options);
  session.value = await ask<Session>('POST', '/v1/console/passkey', { body: { assertion } });
  signedOutBecause.value = null;
}

/** Does one thing that a passkey signs, and nothing else. @throws ApiFault, or when no passkey answered */
export async function actByPasskey<T>(method: 'POST' | 'PUT', path: string, body: unknown): Promise<T> {
  const bearer = session.value?.session ?? '';
  const { nonce, options } = await ask<Challenge>('POST', '/v1/passkeys/challenge', {
    bearer,
    body: { method, path, body },
  });
  const assertion = await signWith(options);
  // Both are ASCII: ids, and what is base64url.
  const signature = btoa(JSON.stringify({ nonce, assertion })).replaceAll('+', '-').replaceAll('/', '_');
  return ask<T>(method, path, { bearer, body, signature: signature.replace(/=+$/, '') });
}

export function signOut(because: string | null): void {
  signedOutBecause.value = because;
  session.value = null;
}

/** A read with the session; ends it when the daemon no longer knows it. @throws ApiFault */
export async function look<T>(path: string): Promise<T> {
  return parse(await lookText(path)) as T;
}
export async function lookText(path: string): Promise<string> {
  const current = session.value;
  if (current === null) throw new ApiFault(401, 'UNAUTHENTICATED', 'Nobody is signed in.');
  try {
    return await askText('GET', path, { bearer: current.session });
  } catch (error) {
    if (error instanceof ApiFault && error.status === 401 && session.value === current)
      signOut('The session is over, or its token was revoked.');
    throw error;
  }
}
