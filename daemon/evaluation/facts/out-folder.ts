import { accessSync, constants, existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Tuning cannot start or go on. The message is for a human and says what to do about it. */
export class TuneError extends Error {
  override readonly name = 'TuneError';
}

/** Market data could not be fetched. The message is for a human and says what was asked of whom. */
export class FetchError extends Error {
  override readonly name = 'FetchError';
}

/**
 * Market data cannot be used as they are. The message is for a human and names the file, and the line where there is
 * one.
 */
export class MarketDataError extends Error {
  override readonly name = 'MarketDataError';
}

/** The folder cannot take results; the message says which and why. */
export class OutFolderError extends Error {
  override readonly name = 'OutFolderError';
}

/**
 * Makes a folder for results where there is none. To be called before anything is computed for it.
 *
 * @throws OutFolderError, or what is given for it, when it cannot be made, is no folder, or cannot be written into
 */
export function openOutFolder(
  folder: string,
  Failure: new (message: string, options: ErrorOptions) => Error = OutFolderError,
): void {
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code = 'unknown', message } = cause as NodeJS.ErrnoException;
    const isNoFolder = cause instanceof OutFolderError;
    throw new Failure(isNoFolder ? message : `${folder}: results cannot be written there (${code})`, { cause });
  }
}

/** Level by level: Node's recursive mkdir never returns where a parent takes no folders, such as /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (statSync(path).isDirectory()) return;
    throw new OutFolderError(`${path}: results cannot be written there: it is no folder`);
  }
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** Writes a file whole or not at all: a reader sees the old one or the new one, never a part. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}
