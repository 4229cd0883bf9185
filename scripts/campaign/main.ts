import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findPackageFolder } from '../../daemon/config.ts';
import { DISK_SCENARIOS } from './disk-scenarios.ts';
import { mergeVerdicts, type Verdict } from './judge.ts';
import { type KillsResult, runKills } from './kills.ts';
import { LEDGER_SCENARIOS } from './ledger-scenarios.ts';
import { playScenarios, type ScenarioResult } from './scenario.ts';
import { WORLD_SCENARIOS } from './world-scenarios.ts';

/**
 * `npm run campaign`: the daemon's process against the exchange's process, killed under load and faults, then through
 * scenarios of failing disks, ledgers, clocks and feeds. Writes its JSON; ends with 1 when a promise or an expectation
 * did not hold.
 */
const SCENARIOS = [...LEDGER_SCENARIOS, ...DISK_SCENARIOS, ...WORLD_SCENARIOS];

interface Options {
  readonly seed: number;
  readonly kills: number;
  readonly parallel: number;
  /** No further world of kills is begun after this long. */
  readonly minutes: number;
  readonly only: string | undefined;
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
      out: { type: 'string', default: join(findPackageFolder(), 'docs', 'evidence', 'campaign.json') },
    },
  });
  return {
    seed: Number(values.seed),
    kills: Number(values.kills),
    parallel: Number(values.parallel),
    minutes: Number(values.minutes),
    only: values.only,
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

function report(options: Options, kills: KillsResult | null, scenarios: readonly ScenarioResult[]): object {
  const verdict = mergeVerdicts([...(kills === null ? [] : [kills]), ...scenarios.map((one) => one.verdict)]);
  return {
    ...count(verdict),
    details: verdict,
    seed: options.seed,
    kills,
    scenarios: scenarios.map(({ verdict: own, ...rest }) => ({ ...rest, ...count(own) })),
    versions: versions(),
    machine: { platform: process.platform, release: release(), cores: cpus().length, load: loadavg() },
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const plan = { ...options, killsPerWorld: 10, acceptedPerKill: 20, clients: 4, note };
  const kills = options.kills === 0 ? null : await runKills(plan);
  const wanted = SCENARIOS.filter(({ name }) => options.only === undefined || name.includes(options.only));
  const scenarios = await playScenarios(wanted, options.seed, note);
  const result = report(options, kills, scenarios);
  writeFileSync(options.out, `${JSON.stringify(result, null, 2)}\n`);
  const verdict = mergeVerdicts([...(kills === null ? [] : [kills]), ...scenarios.map((one) => one.verdict)]);
  const broken = Object.values(count(verdict)).reduce((sum, one) => sum + one, 0);
  const failed = scenarios.filter(({ failures }) => failures.length > 0).map(({ name }) => name);
  const open = scenarios.flatMap((one) => one.open.map((what) => `${one.name}: ${what}`));
  note(`${JSON.stringify(count(verdict))}; failed: ${failed.join(', ') || 'none'}; open: ${open.join('; ') || 'none'}`);
  process.exitCode = broken > 0 || failed.length > 0 ? 1 : 0;
}

await main();
process.exit();
