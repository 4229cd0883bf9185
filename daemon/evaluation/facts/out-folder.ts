import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
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
 * @throws OutFolderError when it cannot be made, is no folder, or cannot be written into
 */
export function openOutFolder(folder: string): void {
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof OutFolderError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new OutFolderError(`${folder}: results cannot be written there (${code})`, { cause });
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
