import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { findPackageFolder } from '../../daemon/config/package.ts';

/** What the fuzz tests said of so many hostile requests, and a twentieth as many connections of bytes. */
export interface FuzzResult {
  readonly inputs: number;
  readonly seconds: number;
  readonly passed: boolean;
  /** The end of what was printed; empty when all passed. */
  readonly detail: string;
}

const FILES = ['routes.test.ts', 'raw-bytes.test.ts'];
const SHOWN_CHARACTERS = 4_000;

/** Runs the suite's own fuzz tests, with more inputs (test/fuzz). */
export async function runFuzz(inputs: number): Promise<FuzzResult> {
  const beganMs = performance.now();
  const folder = join(findPackageFolder(), 'test', 'fuzz');
  const child = spawn(process.execPath, ['--test', ...FILES.map((file) => join(folder, file))], {
    env: { ...process.env, HOLDFAST_FUZZ_INPUTS: String(inputs) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const printed = Buffer.concat(chunks).toString();
  // A run that found no test is none.
  const passed = code === 0 && /^ℹ pass [1-9]/m.test(printed);
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  return { inputs, seconds, passed, detail: passed ? '' : printed.slice(-SHOWN_CHARACTERS) };
}
