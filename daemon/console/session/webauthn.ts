import { isRemote } from './place.ts';

/** What the browser's authenticators are asked for. The daemon makes the options and judges the answers. */

export type Options = Readonly<Record<string, unknown>>;
/** Names a key to a browser. */
export interface Descriptor {
  readonly type: 'public-key';
  readonly id: string;
  readonly transports: readonly string[];
}

/** On 127.0.0.1 browsers have no passkeys. */
export const hasPasskeys =
  typeof PublicKeyCredential !== 'undefined' && (isRemote() || location.hostname === 'localhost');

/** What an authenticator with this user signed. @throws when nobody did */
export async function signWith(options: Options): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  );
  return said(() => navigator.credentials.get({ publicKey }));
}

/** A key that an authenticator made. @throws when none did */
export async function createKey(options: Options): Promise<unknown> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  );
  return said(() => navigator.credentials.create({ publicKey }));
}

async function said(work: () => Promise<Credential | null>): Promise<unknown> {
  let credential: Credential | null;
  try {
    credential = await work();
  } catch (error) {
    const { name } = error as { readonly name?: string };
    throw new Error(
      name === 'InvalidStateError'
        ? 'This authenticator has a passkey of this daemon already.'
        : 'No passkey answered: it was refused, took too long, or none is here.',
    );
  }
  if (credential === null) throw new Error('No passkey answered.');
  return (credential as PublicKeyCredential).toJSON();
}
