import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { SecretRef } from '../contract/alerts.ts';

const MAX_BYTES = 4_096;
const OTHERS = 0o077;

export class SecretError extends Error {
  readonly code = 'SECRET';
}
/** Reads what a reference leads to; anew for each message, so that a secret can be replaced while the daemon runs. */
export type ReadSecret = (ref: SecretRef) => Promise<string>;

/**
 * @param folder relative files are in it
 * @param variables those whose names begin with HOLDFAST_ALERTS_SECRET_
 */
export function createSecretReader(folder: string, variables: Readonly<Record<string, string>>): ReadSecret {
  return async ({ env, file }) => {
    if (env !== undefined) {
      const value = variables[env];
      if (value === undefined) throw new SecretError(`the variable ${env} is not set`);
      return requirePlain(value, env);
    }
    if (file === undefined) throw new SecretError('a secret has neither file nor env');
    return requirePlain(await readSecretFile(resolve(folder, file), file), file);
  };
}

/** RISK: only a file of one printable line, which nobody else can read, is taken for a secret. */
async function readSecretFile(path: string, name: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    throw new SecretError(`${name} cannot be read (${error.code ?? 'unknown'})`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new SecretError(`${name} is not a small file`);
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0)
      throw new SecretError(`${name} can be read by others: chmod 600`);
    return (await handle.readFile('utf8')).replace(/\r?\n$/, '');
  } finally {
    await handle.close();
  }
}

function requirePlain(text: string, name: string): string {
  if (/^[\x21-\x7e]{1,4096}$/.test(text)) return text;
  throw new SecretError(`${name} does not hold one line without spaces`);
}
