import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StartCache as StartCopies } from '../engine/flow/core.ts';

/** Another one is absent. */
const FORMAT = 1;
/** No copy is this large: such a file was not written here. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Copies in files of one of the home's folders, one per name. A file names its ledger and contains a digest
 * of its text, so that a damaged, truncated or foreign file counts as absent.
 */
export class StartCache implements StartCopies {
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
      // Without a copy the next start reads again, nothing more.
      this.#remove(unfinished);
    }
  }
  #remove(file: string): void {
    try {
      rmSync(file, { force: true });
    } catch {
      // A half-written copy has another name and so counts as absent.
    }
  }

  #seal(name: string, body: string): string {
    const reported = `holdfast start cache ${FORMAT} ${this.#genesisId} ${name}`;
    return `${reported} ${createHash('sha256').update(`${reported}\n${body}`).digest('hex')}`;
  }
  #file(name: string): string {
    return join(this.#folder, `${name.replaceAll(/[^A-Za-z0-9_-]/g, '_')}.cache`);
  }
}
