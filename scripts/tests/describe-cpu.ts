/** `npm test -- --cpu`: where the CPU time of a run went. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CpuRow } from './count-cpu.ts';

interface Spent {
  readonly name: string;
  readonly cpuMs: number;
}

const LISTED = Number(process.env.LISTED ?? 10);

/** The dearest of what {@link ./count-cpu.ts} wrote into `path`, as lines of text. */
export function describeCpu(path: string): string {
  const rows = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as CpuRow);
  const processes = rows.map(({ cpuMs, entry }) => ({ name: basename(entry, '.mjs'), cpuMs }));
  const files = rows.flatMap((row) => row.files.map(({ cpuMs, file }) => ({ name: file, cpuMs })));
  const sum = processes.reduce((total, { cpuMs }) => total + cpuMs, 0);
  return [
    `\n${inSeconds(sum)} s of CPU in ${processes.length} processes, of which the dearest:`,
    ...listDearest(processes),
    `of ${files.length} files that share one, without its start:`,
    ...listDearest(files),
    '',
  ].join('\n');
}

function listDearest(rows: readonly Spent[]): string[] {
  const dearest = [...rows].sort((a, b) => b.cpuMs - a.cpuMs).slice(0, LISTED);
  return dearest.map(({ cpuMs, name }) => `${inSeconds(cpuMs).padStart(8)}  ${name}`);
}

const inSeconds = (ms: number): string => (ms / 1000).toFixed(1);
