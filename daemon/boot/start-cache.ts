import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StartCachePort } from '../gate/ports.ts';

/** Another one is absent. */
const FORMAT = 1;
/** A copy is never this large: whoever put such a file there did not get it from here. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Copies in files of a folder of the home, one for each name. A file says which ledger it belongs to and carries a digest
 * of its text, so that one that is damaged, cut short or of another home counts as absent.
 */
export class StartCache implements StartCachePort {
  readonly #folder: string;
  readonly #genesisId: string;

  constructor(folder: string, genesisId: string) {
    this.#folder = folder;
    this.#genesisId = genesisId;
  }

  read(name: string): unknown {
    try {
      const text = readFileSync(this.#file(name), 'utf8');
      const end = text.indexOf('\n');
      if (text.length > MAX_BYTES || end === -1) return undefined;
      const body = text.slice(end + 1);
      return text.slice(0, end) === this.#seal(name, body) ? JSON.parse(body) : undefined;
    } catch {
      return undefined;
    }
  }

  write(name: string, value: unknown): void {
    const file = this.#file(name);
    const unfinished = `${file}.new`;
    try {
      const body = JSON.stringify(value);
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(unfinished, `${this.#seal(name, body)}\n${body}`, { mode: 0o600 });
      renameSync(unfinished, file);
    } catch {
      // A copy that cannot be kept spares the next start nothing.
      this.#remove(unfinished);
    }
  }
  #remove(file: string): void {
    try {
      rmSync(file, { force: true });
    } catch {
      // Half of one is none: it is under another name.
    }
  }

  #seal(name: string, body: string): string {
    const told = `holdfast start cache ${FORMAT} ${this.#genesisId} ${name}`;
    return `${told} ${createHash('sha256').update(`${told}\n${body}`).digest('hex')}`;
  }
  #file(name: string): string {
    return join(this.#folder, `${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}.cache`);
  }
}
