/**
 * `npm run campaign -- [--seed 1] [--kills 200] [--parallel 4] [--minutes 60] [--only SCENARIO] [--fuzz 100000]
 * [--out FILE]`: the daemon's process against the exchange's process, killed under load and faults, then through scenarios
 * of failing disks, ledgers, clocks and feeds; then hostile requests. No world of kills begins after `--minutes`. Writes its
 * JSON to FILE (docs/evidence/campaign.json); ends with 1 when a promise or an expectation did not hold.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { DISK_SCENARIOS } from './disk-scenarios.ts';
import { type FuzzResult, runFuzz } from './fuzz.ts';
import { mergeVerdicts, type Verdict } from './judge.ts';
import { type KillsResult, runKills } from './kills.ts';
import { LEDGER_SCENARIOS } from './ledger-scenarios.ts';
import { playScenarios, type ScenarioResult } from './scenario.ts';
import { WORLD_SCENARIOS } from './world-scenarios.ts';

const SCENARIOS = [...LEDGER_SCENARIOS, ...DISK_SCENARIOS, ...WORLD_SCENARIOS];

interface Options {
  readonly seed: number;
  readonly kills: number;
  readonly parallel: number;
  /** No further world of kills is begun after this long. */
  readonly minutes: number;
  readonly only: string | undefined;
  /** Hostile requests; 0: none. */
  readonly fuzz: number;
  readonly out: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      kills: { type: 'string', default: '200' },
      parallel: { type: 'string', default: '4' },
      minutes: { type: 'string', default: '60' },
      only: { type: 'string' },
      fuzz: { type: 'string', default: '100000' },
      out: { type: 'string', default: join(findPackageFolder(), 'docs', 'evidence', 'campaign.json') },
    },
  });
  return {
    seed: Number(values.seed),
    kills: Number(values.kills),
    parallel: Number(values.parallel),
    minutes: Number(values.minutes),
    only: values.only,
    fuzz: Number(values.fuzz),
    out: values.out,
  };
}

function versions(): object {
  const manifest = JSON.parse(readFileSync(join(findPackageFolder(), 'package.json'), 'utf8')) as {
    version: string;
    dependencies: Record<string, string>;
  };
  const { 'better-sqlite3': sqlite, ccxt } = manifest.dependencies;
  return { holdfast: manifest.version, node: process.version, ccxt, 'better-sqlite3': sqlite };
}

function count(verdict: Verdict): Record<keyof Verdict, number> {
  return {
    duplicates: verdict.duplicates.length,
    lost_decisions: verdict.lost_decisions.length,
    cap_breaches: verdict.cap_breaches.length,
    lost_exits: verdict.lost_exits.length,
  };
}

function allOf(kills: KillsResult | null, scenarios: readonly ScenarioResult[]): Verdict {
  return mergeVerdicts([...(kills === null ? [] : [kills]), ...scenarios.map((one) => one.verdict)]);
}

function report(
  options: Options,
  kills: KillsResult | null,
  scenarios: readonly ScenarioResult[],
  fuzz: FuzzResult | null,
  isComplete: boolean,
): object {
  const verdict = allOf(kills, scenarios);
  return {
    ...count(verdict),
    details: verdict,
    seed: options.seed,
    is_complete: isComplete,
    kills_asked_for: options.kills,
    kills,
    scenarios: scenarios.map(({ verdict: own, ...rest }) => ({ ...rest, ...count(own) })),
    fuzz,
    versions: versions(),
    machine: { platform: process.platform, release: release(), cores: cpus().length, load: loadavg() },
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  let kills: KillsResult | null = null;
  let scenarios: readonly ScenarioResult[] = [];
  let fuzz: FuzzResult | null = null;
  const write = (isComplete: boolean): void =>
    writeFileSync(options.out, `${JSON.stringify(report(options, kills, scenarios, fuzz, isComplete), null, 2)}\n`);
  if (options.kills > 0)
    kills = await runKills({
      ...options,
      killsPerWorld: 5,
      acceptedPerKill: 20,
      clients: 4,
      note,
      onProgress: (result) => {
        kills = result;
        write(false);
      },
    });
  const wanted = SCENARIOS.filter(({ name }) => options.only === undefined || name.includes(options.only));
  scenarios = await playScenarios(wanted, options.seed, (results) => {
    scenarios = results;
    note(JSON.stringify(results.at(-1)));
    write(false);
  });
  if (options.fuzz > 0) {
    fuzz = await runFuzz(options.fuzz);
    note(JSON.stringify(fuzz));
  }
  write(true);
  const counts = count(allOf(kills, scenarios));
  const failed = scenarios.filter(({ failures }) => failures.length > 0).map(({ name }) => name);
  note(`${JSON.stringify(counts)}; failed: ${failed.join(', ') || 'none'}`);
  const broken = Object.values(counts).reduce((sum, one) => sum + one, 0);
  const isFuzzed = fuzz === null || fuzz.passed;
  process.exitCode = broken + failed.length + (kills?.unfinished.length ?? 0) > 0 || !isFuzzed ? 1 : 0;
}

await main();
process.exit();
