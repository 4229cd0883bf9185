import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { KeyEvent } from '../../engine/records/house-events.ts';
import { ensurePrivateFile } from '../disk/private-files.ts';
import { codeOf, LedgerError, messageOf } from '../errors.ts';
import type { Ledger, LedgerReader } from '../types.ts';
import { exportPublicKey, KEY_KIND, readPrivateKey, signKey } from './head-records.ts';

/** The key that signs the heads of one ledger. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  /** Hex. */
  readonly publicKey: string;
}
export interface OpenedKey extends SigningKey {
  /** What a person should know of it; null: nothing. */
  readonly warning: string | null;
}

/**
 * A new key is written here first and takes its place once the chain names it: no crash leaves a chain that names a key
 * nobody has, nor a key that no record names.
 */
const nextFile = (path: string): string => `${path}.next`;

/**
 * The key in a file (0600), which is created if there is none. The chain names it from then on.
 *
 * @throws LedgerError LEDGER_PERMISSIONS when the file cannot be used
 */
export function openSigningKey(path: string, ledger: Ledger): OpenedKey {
  const known = readLastKey(ledger);
  finishRotation(path, known);
  const held = readKeyFile(path);
  if (held !== null && held.publicKey === known?.key) return { ...held, warning: null };
  const key = held ?? createKeyFile(nextFile(path));
  const payload: KeyEvent = {
    genesis: ledger.genesis.hash,
    key: key.publicKey,
    number: (known?.number ?? 0) + 1,
    previous: known?.key ?? null,
    signature: null,
  };
  ledger.appendSync([{ kind: KEY_KIND, at_ms: lastInstant(ledger), payload }]);
  if (held === null) renameSync(nextFile(path), path);
  return { ...key, warning: describeChange(path, held, known) };
}

function describeChange(path: string, held: SigningKey | null, known: KeyEvent | null): string | null {
  if (known !== null)
    return `heads are signed by another key than before, which the one before has not signed: ${path} was lost, replaced or belongs to a newer copy of this ledger`;
  if (held === null) return null;
  return `the ledger did not name the key in ${path}: it was computed again, or the key belongs to another ledger; ./holdfast audit verify compares`;
}

/**
 * Replaces the key by a new one, which the old one signs. The ledger has no other writer meanwhile.
 *
 * @throws LedgerError when the file is missing, or does not hold the last key of the chain
 */
export function rotateSigningKey(path: string, ledger: Ledger): KeyEvent {
  const known = readLastKey(ledger);
  finishRotation(path, known);
  const old = readKeyFile(path);
  if (old === null || known === null || old.publicKey !== known.key) {
    throw new LedgerError(
      'LEDGER_ARGUMENT',
      `${path} does not hold the key that signs this ledger's heads, so it cannot sign the next one. A start creates or names one.`,
    );
  }
  const next = createKeyFile(nextFile(path));
  const { genesis, number } = known;
  const payload = signKey(
    { genesis, key: next.publicKey, number: number + 1, previous: old.publicKey },
    old.privateKey,
  );
  ledger.appendSync([{ kind: KEY_KIND, at_ms: lastInstant(ledger), payload }]);
  renameSync(nextFile(path), path);
  return payload;
}

/** What a crash in the middle of a rotation left: the chain says which key is the one. */
function finishRotation(path: string, known: KeyEvent | null): void {
  const next = readKeyFile(nextFile(path));
  if (next === null) return;
  if (next.publicKey === known?.key) renameSync(nextFile(path), path);
  else rmSync(nextFile(path));
}

export function readLastKey(ledger: LedgerReader): KeyEvent | null {
  const [last] = ledger.readNewest(KEY_KIND, 1);
  return last === undefined ? null : (last.payload as KeyEvent);
}
/** Venue time of the last record: a start does not know a later one yet. */
function lastInstant(ledger: LedgerReader): number {
  return ledger.readHead()?.at_ms ?? 0;
}

function readKeyFile(path: string): SigningKey | null {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
    ensurePrivateFile(path);
    return describeKey(readPrivateKey(pem));
  } catch (error) {
    // A link to a volume that is not mounted is no absent key.
    if (codeOf(error) === 'ENOENT' && lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
    throw new LedgerError('LEDGER_PERMISSIONS', `The key ${path} cannot be used: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function createKeyFile(path: string): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    fsyncSync(file);
  } catch (error) {
    // A part of a key would be taken for a damaged one.
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return describeKey(privateKey);
}

function describeKey(privateKey: KeyObject): SigningKey {
  return { privateKey, publicKey: exportPublicKey(privateKey) };
}
