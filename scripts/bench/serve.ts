import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { ledgerOf } from './ledger.ts';
import type { Child } from './processes.ts';
import { ORDER_BODY, openPolicy } from './world.ts';

/** The program that plays the other processes: `--role exchange`, `baseline`, `flooder`, `readers`. */
export const SELF = fileURLToPath(new URL('main.ts', import.meta.url));

export async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    if (performance.now() > deadline) throw new Error(`not ready: ${await answer?.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** As `npm start` does, in the project of a folder. */
export function daemonArgs(project = findPackageFolder()): readonly string[] {
  return ['--max-semi-space-size=8', join(project, 'scripts', 'holdfast.mjs'), 'start'];
}
export function daemonEnv(home: string, more: Record<string, string> = {}): Record<string, string> {
  return {
    HOLDFAST_HOME: home,
    HOLDFAST_PORT: '0',
    HOLDFAST_LOG_LEVEL: 'silent',
    ...more,
  };
}
export function readToken(home: string, role: 'agent' | 'operator'): string {
  return readFileSync(join(home, 'tokens', `${role}.token`), 'utf8').trim();
}

export function readDefaultPolicy(project = findPackageFolder()): IntendedPolicySpec {
  return parse(readFileSync(join(project, 'policies', 'default.yaml'), 'utf8')) as IntendedPolicySpec;
}
/** Writes the policy under which only the cost of the gate is measured. */
export function writeOpenPolicy(folder: string): string {
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, stringify(openPolicy(readDefaultPolicy())));
  return path;
}

/** Starts a child that ends with the bench. */
export type Begin = (args: readonly string[], env: Record<string, string>) => Promise<Child>;
/** What a bench gets: a folder and children that end with it, also when it throws. */
export interface Bench {
  readonly folder: string;
  readonly begin: Begin;
  /** Ends what runs; the bench goes on. */
  readonly stop: () => Promise<void>;
}

export interface Served {
  readonly daemonUrl: string;
  readonly token: string;
  readonly home: string;
  readonly baselineUrl: string;
  readonly pids: readonly [daemon: number, baseline: number, ...exchanges: number[]];
}
/**
 * A fresh daemon and baseline, each with an exchange of its own: on one account the daemon would find positions that it
 * did not open, and open nothing more in that symbol.
 */
export async function serve(folder: string, policyPath: string, begin: Begin): Promise<Served> {
  mkdirSync(folder);
  const exchange = await begin([SELF, '--role', 'exchange'], {});
  const home = join(folder, 'home');
  const daemon = await begin(
    daemonArgs(),
    daemonEnv(home, { HOLDFAST_POLICY: policyPath, HOLDFAST_PAPER_URL: exchange.url }),
  );
  await untilReady(daemon.url);
  const token = readToken(home, 'agent');
  const { rowBytes, answerBytes } = await measureSizes(daemon.url, token, home);
  const database = join(folder, 'baseline.db');
  const sizes = [String(rowBytes), String(answerBytes)];
  const theirs = await begin([SELF, '--role', 'exchange'], {});
  const baseline = await begin([SELF, '--role', 'baseline', database, ...sizes, theirs.url], {});
  const pidOf = (child: Child): number => child.process.pid ?? 0;
  const pids = [pidOf(daemon), pidOf(baseline), pidOf(exchange), pidOf(theirs)] as const;
  return { daemonUrl: daemon.url, token, home, baselineUrl: baseline.url, pids };
}

interface Sizes {
  /** Of the record that one intercepted order leaves in the ledger, and of its answer: the baseline's are as large. */
  readonly rowBytes: number;
  readonly answerBytes: number;
}
async function measureSizes(daemonUrl: string, token: string, home: string): Promise<Sizes> {
  const answer = await fetch(`${daemonUrl}/v1/intercept`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ tool: 'place_order', args: ORDER_BODY }),
  });
  const { length: answerBytes } = await answer.text();
  const reader = openLedgerReader(ledgerOf(home));
  try {
    const rowBytes = reader.readDecisions({ limit: 1 }).events[0]?.text.length;
    if (rowBytes === undefined) throw new Error('the intercepted order is not in the ledger');
    return { rowBytes, answerBytes };
  } finally {
    reader.close();
  }
}
