/**
 * `npm run mutants:control -- [--seed N] [--worlds N] [--only N] [--out FILE]`: takes out the mends of three defects that were found
 * from outside, one at a time, and lets the explorer find each again. It says that it can, and nothing of how soon it would
 * have found them on the code of before: what is taken out is named, and chosen by hand.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { FoundPlan } from '../explore/plan.ts';
import { tellPlan } from '../explore/tell.ts';
import { ROOT } from './draw.ts';

interface Removal {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
interface Defect {
  readonly defect: string;
  readonly with: readonly string[];
  readonly removed: readonly Removal[];
}

const DEFECTS: readonly Defect[] = [
  {
    defect: 'two daemons with different homes trade one account',
    with: ['ledgers'],
    removed: [
      {
        file: 'daemon/engine/keeper/ledger-check.ts',
        find: "      case 'other_ledger':\n",
        replace: "      case 'other_ledger':\n        return;\n",
      },
    ],
  },
  {
    defect: 'a restored ledger goes unnoticed, and client order ids are used again',
    with: ['ledgers'],
    removed: [
      {
        file: 'daemon/engine/keeper/ledger-check.ts',
        find: "      case 'own': {\n",
        replace: "      case 'own': {\n        return;\n",
      },
      {
        file: 'daemon/ledger/proofs/head-file.ts',
        find: '  const comparison = compareHead(noted, ledger);\n  if (noted === null',
        replace: '  const comparison = compareHead(noted, ledger);\n  return;\n  if (noted === null',
      },
    ],
  },
  {
    defect: 'after a restart no exit goes out until exchangeInfo has been read',
    with: [],
    removed: [
      {
        file: 'daemon/driver/gate.ts',
        find: '    this.core.ports.venue.noteRules([...this.core.state.rules.values()]);\n',
        replace: '',
      },
    ],
  },
];

const HOW =
  'Each mend was taken out by hand, as "removed" says, and the explorer was run on what was left. That it finds the defect shows that its vocabulary and promises reach it, not that it would have been found so soon on the code of before.';

function plant({ file, find, replace }: Removal): object {
  const path = join(ROOT, file);
  const source = readFileSync(path, 'utf8');
  const start = source.indexOf(find);
  if (start === -1 || source.includes(find, start + 1)) throw new Error(`${file} has not once: ${find}`);
  return { file: path, start, end: start + find.length, text: replace };
}

function readFound(folder: string): readonly object[] {
  return readdirSync(folder)
    .filter((name) => name !== 'summary.json')
    .map((name) => {
      const { breaks, story, plan } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as FoundPlan;
      return { breaks, what: story, sequence: tellPlan(plan), plan };
    });
}

function main(): void {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      worlds: { type: 'string', default: '300' },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const results: object[] = [];
  for (const [index, { defect, removed, with: extras }] of DEFECTS.entries()) {
    if (values.only !== undefined && Number(values.only) !== index + 1) continue;
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-control-'));
    const args = [
      '--import',
      join(ROOT, 'scripts', 'mutants', 'plant.ts'),
      join(ROOT, 'scripts', 'explore', 'main.ts'),
    ];
    const options = ['--seed', values.seed, '--worlds', values.worlds, '--workers', '1', '--first', '--json'];
    const ran = spawnSync(
      process.execPath,
      [...args, ...options, '--out', folder, ...extras.flatMap((extra) => ['--with', extra])],
      { env: { ...process.env, HOLDFAST_MUTANT: JSON.stringify(removed.map(plant)) }, encoding: 'utf8' },
    );
    const summary = JSON.parse(ran.stdout) as {
      worlds: number;
      found: { code: string; after: number; seed: number }[];
    };
    const found = summary.found.map(({ after, code, seed }) => ({ code, after, seed }));
    process.stdout.write(
      `${defect}: ${found.map(({ after, code }) => `${code} after ${after}`).join(', ') || 'NOT FOUND'}\n`,
    );
    results.push({ defect, removed, with: extras, worlds: summary.worlds, found, plans: readFound(folder) });
    rmSync(folder, { recursive: true });
  }
  if (values.out !== undefined)
    writeFileSync(
      resolve(values.out),
      `${JSON.stringify({ how: HOW, seed: Number(values.seed), results }, null, 2)}\n`,
    );
}

main();
