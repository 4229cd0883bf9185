import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { median } from './load.ts';
import { BENCH_CONTEXT, BENCH_REQUEST } from './world.ts';

/**
 * `npm run -s bench -- peers`: one decision of Holdfast beside the same ten comparisons in general policy engines, in
 * turn, in one process. The engines are installed into a scratch folder. Prints one JSON object, microseconds.
 */
const PACKAGES = {
  casbin: '5.51.1',
  '@cedar-policy/cedar-wasm': '4.13.0',
  'json-rules-engine': '7.3.1',
} as const;
const ROUNDS = 40;

/** Whole numbers, in units small enough: Cedar knows no fractions. */
const LIMITS = {
  order_usdt: 1_000,
  symbol_usdt: 2_000,
  gross_usdt: 3_000,
  leverage: 3,
  slippage_bps: 20,
  sends: 20,
  drawdown_bps: 1_000,
  daily_loss_bps: 500,
  margin_usdt: 8_600,
  sigma_bps: 600,
} as const;
type Name = keyof typeof LIMITS;
type Facts = Record<Name, number>;
const NAMES = Object.keys(LIMITS) as Name[];
const WITHIN: Facts = {
  order_usdt: 400,
  symbol_usdt: 700,
  gross_usdt: 710,
  leverage: 1,
  slippage_bps: 10,
  sends: 3,
  drawdown_bps: 120,
  daily_loss_bps: 40,
  margin_usdt: 400,
  sigma_bps: 150,
};

/** Whether all ten hold. */
type Check = (facts: Facts) => boolean | Promise<boolean>;
interface Peer {
  readonly name: string;
  /** Decisions of one timed batch: the slow ones get fewer. */
  readonly batch: number;
  readonly check: Check;
}

function install(folder: string): void {
  const specs = Object.entries(PACKAGES).map(([name, version]) => `${name}@${version}`);
  const args = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', ...specs];
  const { status, stderr } = spawnSync('npm', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The engines could not be installed: ${stderr}`);
}

/** With the limits in the model's matcher, or as a rule in the policy, where an operator changes them. */
async function createCasbin(load: NodeJS.Require, place: 'matcher' | 'policy'): Promise<Peer> {
  const { newEnforcer, newModelFromString, StringAdapter } = load('casbin') as {
    newModelFromString: (text: string) => unknown;
    newEnforcer: (model: unknown, adapter: unknown) => Promise<{ enforceSync: (facts: Facts) => boolean }>;
    StringAdapter: new (policy: string) => unknown;
  };
  const rule = NAMES.map((name) => `r.facts.${name} <= ${LIMITS[name]}`).join(' && ');
  const model = [
    '[request_definition]',
    'r = facts',
    '[policy_definition]',
    'p = rule',
    '[policy_effect]',
    'e = some(where (p.eft == allow))',
    '[matchers]',
    `m = ${place === 'matcher' ? rule : 'eval(p.rule)'}`,
  ].join('\n');
  const policy = new StringAdapter(`p, ${place === 'matcher' ? 'any' : rule}`);
  const enforcer = await newEnforcer(newModelFromString(model), policy);
  return { name: `casbin_${place}`, batch: 500, check: (facts) => enforcer.enforceSync(facts) };
}

function createCedar(load: NodeJS.Require): Peer {
  interface Uid {
    readonly type: string;
    readonly id: string;
  }
  const cedar = load('@cedar-policy/cedar-wasm/nodejs') as {
    preparsePolicySet: (id: string, policies: { staticPolicies: string }) => { type: string };
    statefulIsAuthorized: (call: {
      principal: Uid;
      action: Uid;
      resource: Uid;
      context: Facts;
      preparsedPolicySetId: string;
      entities: readonly never[];
    }) => { type: string; response?: { decision: string } };
  };
  const conditions = NAMES.map((name) => `context.${name} <= ${LIMITS[name]}`).join(' && ');
  const policies = { staticPolicies: `permit(principal, action, resource) when { ${conditions} };` };
  if (cedar.preparsePolicySet('ten', policies).type !== 'success') throw new Error('Cedar did not take the policy.');
  const principal = { type: 'Agent', id: 'agent' };
  const action = { type: 'Action', id: 'place_order' };
  const resource = { type: 'Symbol', id: 'BTCUSDT' };
  const check = (context: Facts): boolean =>
    cedar.statefulIsAuthorized({ principal, action, resource, context, preparsedPolicySetId: 'ten', entities: [] })
      .response?.decision === 'allow';
  return { name: 'cedar', batch: 300, check };
}

function createRulesEngine(load: NodeJS.Require): Peer {
  const { Engine } = load('json-rules-engine') as {
    Engine: new (
      rules: readonly unknown[],
    ) => {
      run: (facts: Facts) => Promise<{ events: readonly { type: string }[] }>;
    };
  };
  const all = NAMES.map((fact) => ({ fact, operator: 'lessThanInclusive', value: LIMITS[fact] }));
  const engine = new Engine([{ conditions: { all }, event: { type: 'permit' } }]);
  const check = async (facts: Facts): Promise<boolean> => (await engine.run(facts)).events.length > 0;
  return { name: 'json_rules_engine', batch: 200, check };
}

function createHoldfast(): Peer {
  const path = join(findPackageFolder(), 'policies', 'default.yaml');
  const policy = compilePolicy(parse(readFileSync(path, 'utf8')) as IntendedPolicySpec, 'bench', 'agent');
  const check = (facts: Facts): boolean => {
    const request = { ...BENCH_REQUEST, requested_notional: facts.order_usdt, requested_leverage: facts.leverage };
    return decide(request, BENCH_CONTEXT, policy).decision === 'ALLOW';
  };
  return { name: 'holdfast', batch: 5_000, check };
}

/** An engine that permits everything, or nothing, would be fast: each must tell a breach of its leverage limit. */
async function prove({ name, check }: Peer): Promise<void> {
  if (!(await check(WITHIN))) throw new Error(`${name} refuses what is within the limits`);
  if (await check({ ...WITHIN, leverage: 4 })) throw new Error(`${name} permits a leverage above the limit`);
}

async function timeBatch({ check, batch }: Peer, round: number): Promise<number> {
  const facts = { ...WITHIN, order_usdt: 300 + (round % 50) };
  let permitted = 0;
  const startedAt = performance.now();
  for (let i = 0; i < batch; i += 1) {
    const answer = check(facts);
    if (typeof answer === 'boolean' ? answer : await answer) permitted += 1;
  }
  const us = ((performance.now() - startedAt) * 1_000) / batch;
  if (permitted !== batch) throw new Error('an engine changed its mind');
  return us;
}

export async function measurePeers(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-peers-'));
  try {
    install(folder);
    const load = createRequire(join(folder, 'index.js'));
    const peers = [
      createHoldfast(),
      await createCasbin(load, 'matcher'),
      await createCasbin(load, 'policy'),
      createCedar(load),
      createRulesEngine(load),
    ];
    for (const peer of peers) await prove(peer);
    const times = new Map(peers.map((peer) => [peer.name, [] as number[]]));
    for (let round = -5; round < ROUNDS; round += 1)
      for (const peer of peers) {
        const us = await timeBatch(peer, round + 5);
        if (round >= 0) times.get(peer.name)?.push(us);
      }
    return Object.fromEntries([...times].map(([name, us]) => [`${name}_us`, Math.round(median(us) * 100) / 100]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
