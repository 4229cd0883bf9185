import { signal } from '@preact/signals';
import type { PasskeyBody } from '../../contract/types/passkeys.ts';
import { ApiFault, type Ask, ask, askText, type Method, parse } from './api.ts';
import { checkContact } from './contact.ts';
import { isOfThisPage } from './place.ts';
import {
  type Claims,
  challengeOf,
  isForeignFault,
  type Key,
  keyOfSession,
  keyOfToken,
  prove,
  type Target,
  type TokenKey,
} from './proof.ts';
import { type Descriptor, type Options, signWith } from './webauthn.ts';

/** Who looks. It is in this page's memory alone, and gone when the page is. */
export interface Session {
  readonly session: string;
  readonly expires_at_ms: number;
  readonly name: string;
  /** Which daemon it is of, as that proved. */
  readonly target: Target;
  readonly key: Key;
}
type Opened = Omit<Session, 'key' | 'target'> & { readonly key: string };

export const session = signal<Session | null>(null);
/** Why the sign-in is shown again; null: at first. */
export const signedOutBecause = signal<string | null>(null);
/** Something else than the daemon of the session answers. */
export const isForeign = signal(false);

/** Nothing has broken since the daemon last proved that it is the one of the session. */
let isProven = false;
let proving: Promise<unknown> | null = null;

/** Exchanges a token for a session that looks, halts and reduces. The token is sent under its mask, and not kept. @throws ApiFault */
export async function signIn(token: string): Promise<void> {
  const [key, claims] = await proveByToken(token);
  const { challenge } = claims;
  const masked = await key.mask('holdfast session 2', challenge, location.host.toLowerCase());
  await open(await ask<Opened>('POST', '/v1/console/session', { body: { key_id: key.id, challenge, masked } }));
}

/** That what answers is the daemon of a token. @throws ApiFault */
export async function proveByToken(token: string): Promise<readonly [TokenKey, Claims]> {
  const key = await keyOfToken(token);
  try {
    return [key, await prove(key)];
  } catch (error) {
    if (isForeignFault(error)) throw new Error('What answers here is not the daemon of this token. It was not sent.');
    const isUnknown = error instanceof ApiFault && error.status === 401;
    throw isUnknown
      ? new Error('The token is unknown or revoked, or another daemon answers here. It was not sent.')
      : error;
  }
}

/** Passkeys that a session of this page has shown. A sign-in names none, and authenticators list few by themselves. */
let known: readonly Descriptor[] = [];
export const isAnyKnown = (): boolean => known.length > 0;
export function remember(passkeys: readonly PasskeyBody[]): void {
  const here = passkeys.filter(({ origin }) => isOfThisPage(origin));
  known = here.map(({ credential_id: id, transports }) => ({ type: 'public-key', id, transports }));
}

interface Challenge {
  readonly nonce: string;
  readonly text: string;
  readonly options: Options;
}
/** The same for the signature of a passkey, which is good for nothing else. @throws ApiFault, or when none answered */
export async function signInByPasskey(): Promise<void> {
  const { nonce, options, text } = await ask<Challenge>('POST', '/v1/console/challenge', {});
  await requireText(text, options);
  if ((parse(text) as { readonly act?: unknown } | null)?.act !== 'sign_in')
    throw new Error('What answers here asks for a signature of something else than a sign-in.');
  const assertion = await signWith({ ...options, allowCredentials: known });
  await open(await ask<Opened>('POST', '/v1/console/passkey', { body: { nonce, assertion } }));
}

/** That a signature is asked for of this text, and of no other. @throws Error */
export async function requireText(text: string, { challenge }: Options): Promise<void> {
  if ((await challengeOf(text)) !== challenge)
    throw new Error('What answers here asks for a signature of something else than it says.');
}

async function open(opened: Opened): Promise<void> {
  const key = await keyOfSession(opened.key);
  const { account, address, home, venue } = await prove(key);
  isProven = true;
  isForeign.value = false;
  signedOutBecause.value = null;
  session.value = { ...opened, key, target: { account, address, home, venue } };
}

export function signOut(because: string | null): void {
  signedOutBecause.value = because;
  session.value = null;
  isForeign.value = false;
}

/** From now on nothing is sent before the daemon has proved itself again. */
export function doubt(): void {
  isProven = false;
}
/** @throws ApiFault when it does not, with {@link isForeign} or the session ended as it says why */
export async function requireProven(): Promise<Session> {
  const current = session.value;
  if (current === null) throw new ApiFault(401, 'UNAUTHENTICATED', 'Nobody is signed in.');
  if (isProven) return current;
  proving ??= proveAgain(current).finally(() => {
    proving = null;
  });
  await proving;
  return current;
}
async function proveAgain(current: Session): Promise<void> {
  try {
    await prove(current.key);
    isProven = true;
    isForeign.value = false;
  } catch (error) {
    if (isForeignFault(error)) isForeign.value = true;
    checkContact(true);
    endIfOver(error, current);
    throw error;
  }
}

export const OVER = 'The session is over: its token was revoked, or the daemon was started anew. Sign in again.';
function endIfOver(error: unknown, current: Session): void {
  if (error instanceof ApiFault && error.status === 401 && session.value === current) signOut(OVER);
}

/** A call with the session; ends it when the daemon no longer knows it. @throws ApiFault */
export async function callText(method: Method, path: string, how: Omit<Ask, 'bearer'> = {}): Promise<string> {
  const current = await requireProven();
  try {
    return await askText(method, path, { ...how, bearer: current.session });
  } catch (error) {
    // No answer, or one that no daemon gives: of a proxy that finds none, for example.
    if (error instanceof ApiFault && (error.status === 0 || error.code === 'UNREADABLE')) {
      doubt();
      checkContact(true);
    }
    endIfOver(error, current);
    throw error;
  }
}
export async function call<T>(method: Method, path: string, how: Omit<Ask, 'bearer'> = {}): Promise<T> {
  return parse(await callText(method, path, how)) as T;
}
export const look = <T>(path: string): Promise<T> => call<T>('GET', path);
