/**
 * CPU time of a test process with the children that it waited for, written to a file when it ends: one line of JSON
 * each. Preloaded by `npm test -- --cpu` as `count-cpu.ts?out=FILE`; does nothing without.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const NOTED: unique symbol = Symbol.for('holdfast.noted-cpu');
const out = new URL(import.meta.url).searchParams.get('out');

export interface FileCpu {
  readonly file: string;
  readonly cpuMs: number;
}
/** A process: the module that it ran, and the files of which it can tell. */
export interface CpuRow {
  readonly entry: string;
  readonly cpuMs: number;
  readonly files: readonly FileCpu[];
}

/** Of this process and, where the system tells, of the children that have ended. */
export function readCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + readChildrenMs();
}

/** Fields 16 and 17 of /proc/self/stat, in hundredths of a second on every Linux that node runs on. */
function readChildrenMs(): number {
  if (process.platform !== 'linux') return 0;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** The preloaded instance of this module and the imported one have one list. */
function noted(): FileCpu[] {
  const shared = globalThis as { [NOTED]?: FileCpu[] };
  shared[NOTED] ??= [];
  return shared[NOTED];
}

/** Says what one file of a process took. */
export function noteFile(file: string, cpuMs: number): void {
  noted().push({ file, cpuMs });
}

if (out !== null && isMainThread && process.env.NODE_TEST_CONTEXT === 'child-v8') {
  const [, entry = ''] = process.argv;
  process.on('exit', () => {
    const row: CpuRow = { entry, cpuMs: readCpuMs(), files: noted() };
    appendFileSync(out, `${JSON.stringify(row)}\n`);
  });
}
