import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const BAR_HEADER = 'open_time_ms,open,high,low,close,volume';
export const FUNDING_HEADER = 'funding_time_ms,funding_rate';
export const START_MS = 1_756_684_800_000;
export const QUARTER_MS = 900_000;

/** Rows of steady bars: open 100, high 101, low 99, close 100.5, volume 10.25 from bar `from` to bar `to` - 1. */
export function steadyRows(from: number, to: number, barMs = QUARTER_MS): string[] {
  return Array.from({ length: to - from }, (_, i) => `${START_MS + (from + i) * barMs},100,101,99,100.5,10.25`);
}

/** Runs `work` on a folder of files (name -> lines), which is gone afterwards. */
export function withFolder<T>(files: Readonly<Record<string, readonly string[]>>, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-market-'));
  try {
    for (const [name, lines] of Object.entries(files)) writeFileSync(join(folder, name), `${lines.join('\n')}\n`);
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
