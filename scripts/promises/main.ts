/**
 * `npm run promises -- [--worlds 2000] [--seed 1] [--plays 40] [--workers N] [--json] [--out FILE]`: in how many worlds of
 * the explorer each field of a tool, key of the policy, answer of the venue and fault is drawn, and in how many it changed
 * a decision or an order; the rarest twenty, and what never does. docs/explorer.md says how. Exits with 1 if there is any.
 * What FILE has of other worlds counts along, so that many are measured in parts.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { listItems, WITHOUT_EFFECT } from './items.ts';
import { type Row, Tally } from './tally.ts';
import { Threads } from './threads.ts';

interface Part {
  readonly seed: number;
  readonly worlds: number;
}
interface Kept {
  readonly parts: readonly Part[];
  readonly rows: readonly Row[];
  readonly failures: readonly string[];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      worlds: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      plays: { type: 'string', default: '40' },
      workers: { type: 'string' },
      json: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  });
  const [worlds, seed, plays] = [Number(values.worlds), Number(values.seed), Number(values.plays)];
  const seeds = Array.from({ length: worlds }, (_, index) => seed + index);
  const kept: Kept =
    values.out !== undefined && existsSync(values.out)
      ? (JSON.parse(readFileSync(values.out, 'utf8')) as Kept)
      : { parts: [], rows: [], failures: [] };
  if (kept.parts.some((part) => seed < part.seed + part.worlds && part.seed < seed + worlds))
    throw new Error(`${values.out} has worlds of these seeds already`);
  const tally = new Tally(listItems(), plays, kept);
  const threads = new Threads(values.workers === undefined ? availableParallelism() : Number(values.workers));
  await threads.run(
    () => {
      const next = seeds.shift();
      return next === undefined ? null : { seed: next, again: null };
    },
    (report) => tally.noteMeasured(report),
  );
  await threads.run(
    () => tally.nextToPlay(),
    (report) => tally.notePlayed(report),
  );
  threads.end();
  const parts = [...kept.parts, { seed, worlds }];
  const result = { parts, plays, ...tally.result(), notCounted: WITHOUT_EFFECT };
  const text = `${JSON.stringify(result, null, 2)}\n`;
  if (values.out !== undefined) writeFileSync(values.out, text);
  process.stdout.write(values.json ? text : `${tally.tell()}${tellNotCounted()}`);
  process.exitCode = result.never.length === 0 && result.failures.length === 0 ? 0 : 1;
}

/** Each reason with what it is the reason of. */
function tellNotCounted(): string {
  const items = Object.entries(WITHOUT_EFFECT);
  const lines = [...new Set(items.map(([, reason]) => reason))].map((reason) => {
    const names = items.flatMap(([name, why]) => (why === reason ? [name] : []));
    return `  ${names.join(', ')}: ${reason}`;
  });
  return `not counted, because of what they say of themselves:\n${lines.join('\n')}\n`;
}

await main();
