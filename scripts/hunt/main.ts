/**
 * `npm run hunt -- --data DIR [--seed 1] [--episodes 300] [--variant Holdfast] [--out DIR] [--json]` searches the grammar
 * of requests for executions out of scope (docs/evaluation.md, "An attacker that searches"). `--seed` and `--episodes` say
 * everything: the same two give the same search. `--out` keeps found plans, shrunk. `--replay FILE` plays one again.
 * Exits with 1 when something was executed out of scope, or a run threw.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readMarketData } from '../../daemon/evaluation/market/read.ts';
import { Random } from '../explore/random.ts';
import { EPISODE_BARS } from './draw.ts';
import type { FoundHunt } from './plan.ts';
import { Range } from './play.ts';
import { type Searched, search } from './search.ts';
import { shrink } from './shrink.ts';

/** Days of the market that one search plays in: preparing one takes as long as many episodes. */
const WINDOWS = 8;

function main(): void {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      episodes: { type: 'string', default: '300' },
      variant: { type: 'string', default: 'Holdfast' },
      out: { type: 'string' },
      replay: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.data === undefined) throw new Error('--data names a folder with recorded bars (docs/data.md)');
  const range = new Range(readMarketData(values.data));
  if (values.replay !== undefined) {
    const { plan } = JSON.parse(readFileSync(values.replay, 'utf8')) as FoundHunt;
    const { details, found, outOfScopeUsdt } = range.play(plan);
    process.stdout.write(
      `${[...details, found === '' ? 'nothing out of scope' : found, `${outOfScopeUsdt} USDT`].join('\n')}\n`,
    );
    process.exitCode = found === '' ? 0 : 1;
    return;
  }
  const seed = readCount('seed', values.seed);
  const all = range.windowsMs(EPISODE_BARS);
  const days = new Random(seed, 'windows');
  const windowsMs = Array.from({ length: WINDOWS }, () => days.pick(all));
  const drawn = { variant: values.variant, windowsMs };
  const result = search(seed, readCount('episodes', values.episodes), drawn, (plan) => range.play(plan));
  const found = result.found.map((each) => ({
    ...each,
    plan: shrink(each.plan, each.found, (plan) => range.play(plan)),
  }));
  if (values.out !== undefined) keep(values.out, found);
  const { found: _, ...figures } = result;
  process.stdout.write(
    values.json ? `${JSON.stringify({ seed, ...figures, found })}\n` : tell(seed, { ...result, found }),
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}

function keep(folder: string, found: readonly FoundHunt[]): void {
  mkdirSync(folder, { recursive: true });
  for (const each of found) {
    const name = `${each.found.replaceAll(' ', '-')}-${each.seed}-${each.episode}.json`;
    writeFileSync(join(folder, name), `${JSON.stringify(each, null, 2)}\n`);
  }
}

function tell(seed: number, searched: Searched): string {
  const { asks, crashed, episodes, found, maxLostUsdt, maxOutOfScopeUsdt, outOfScope, restarts, seen } = searched;
  return [
    `seed ${seed}: ${episodes} episodes, ${asks} requests, ${restarts} restarts, ${seen} kinds of answers`,
    `out of scope in ${outOfScope} episodes, at most ${maxOutOfScopeUsdt.toFixed(2)} USDT; ${crashed} threw`,
    `most that an episode in scope has cost: ${maxLostUsdt.toFixed(2)} USDT`,
    ...found.map((each) => `  ${each.found}: episode ${each.episode}, ${each.plan.moves.length} moves`),
    '',
  ].join('\n');
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count <= 0) throw new Error(`--${name} must be a whole number above 0, not ${text}`);
  return count;
}

main();
