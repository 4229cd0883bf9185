import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWhole } from '../../facts/out-folder.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Answers of the exchange that can no longer change, one file each: a line with the checksum of the rest, a line with
 * what was asked, and the body. A page whose checksum does not fit counts as not there.
 */
export class PageCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** `asked`: origin, path and query without a signature. */
  read(asked: string): string | null {
    let text: string;
    try {
      text = readFileSync(this.#path(asked), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
    const end = text.indexOf('\n');
    const rest = text.slice(end + 1);
    const isSound = end !== -1 && sha256(rest) === text.slice(0, end) && rest.startsWith(`${asked}\n`);
    return isSound ? rest.slice(asked.length + 1) : null;
  }

  write(asked: string, body: string): void {
    const rest = `${asked}\n${body}`;
    writeWhole(this.#path(asked), `${sha256(rest)}\n${rest}`);
  }

  #path(asked: string): string {
    return join(this.#folder, `${sha256(asked).slice(0, 32)}.page`);
  }
}
