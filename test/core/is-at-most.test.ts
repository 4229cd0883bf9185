import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PolicySchema } from '../../daemon/contract/policy/policy.ts';
import { AGENT_KEYS, POLICY_KEYS, POLICY_PATHS } from '../../daemon/core/keys/policy-keys.ts';
import { findLooserAgents, isAtMost } from '../../daemon/core/looser/is-at-most.ts';
import { type IntendedPolicySpec, REQUEST_CEILING } from '../../daemon/core/policy.ts';
import { forAll } from '../for-all.ts';
import { changed, DEFAULT_POLICY, type Json, loadSpec, schemaLeaves, valueAt } from '../policy/documents.ts';
import { isLooserMove, SCALARS, tightening } from '../policy/tightenings.ts';

const CEILINGS = { refusals: REQUEST_CEILING, dry_runs: REQUEST_CEILING, intercepts: REQUEST_CEILING };
const paths = (looser: readonly { readonly path: string }[]) => looser.map((each) => each.path);
function looserPaths(
  changes: { readonly [path: string]: unknown },
  base: { readonly [path: string]: unknown } = {},
): string[] {
  return paths(isAtMost(changed(changes), changed(base)));
}

describe('isAtMost', () => {
  it('has a direction for every key of the schema, entries of lists and maps included', () => {
    const leaves = schemaLeaves(JSON.parse(JSON.stringify(PolicySchema)) as Json);
    assert.ok(leaves.length > 100, 'the schema was walked');
    const parts = Object.entries(AGENT_KEYS).filter(([, { direction }]) => direction !== 'key_by_key');
    const own = parts.map(([part]) => `agents.*.${part}`);
    const uncovered = leaves.filter(
      (leaf) => !own.some((part) => `${leaf}.`.startsWith(`${part}.`)) && !isCovered(leaf.replace(/^agents\.\*\./, '')),
    );
    assert.deepEqual(uncovered, []);
    for (const leaf of leaves.filter((each) => each.startsWith('agents.*.'))) {
      assert.ok(
        Object.keys(AGENT_KEYS).some((part) => `${leaf}.`.startsWith(`agents.*.${part}.`)),
        leaf,
      );
    }
  });

  it('has no direction for a key that the schema does not have', () => {
    const leaves = schemaLeaves(JSON.parse(JSON.stringify(PolicySchema)) as Json);
    const unknown = POLICY_PATHS.filter(
      (path) =>
        !leaves.some(
          (leaf) => leaf === path || (/^(\[\])?\.|^\[\]/.test(leaf.slice(path.length)) && leaf.startsWith(path)),
        ),
    );
    assert.deepEqual(unknown, []);
  });

  it("has a row for every key of an agent's section, and for no other", () => {
    const leaves = schemaLeaves(JSON.parse(JSON.stringify(PolicySchema)) as Json);
    const keys = leaves.flatMap((leaf) => /^agents\.\*\.(\w+)/.exec(leaf)?.[1] ?? []);
    assert.deepEqual(Object.keys(AGENT_KEYS).toSorted(), [...new Set(keys)].toSorted());
  });

  it('finds nothing looser in the same policy', () => {
    assert.deepEqual(isAtMost(DEFAULT_POLICY, DEFAULT_POLICY), []);
    assert.deepEqual(looserPaths({ name: 'renamed' }), []);
  });

  it('names path, both values and the reason', () => {
    assert.deepEqual(isAtMost(changed({ 'budgets.leverage': 5 }), DEFAULT_POLICY), [
      { path: 'budgets.leverage', from: 3, to: 5, why: 'larger allows more' },
    ]);
  });

  it('lists every looser key of a file, though other keys are tighter', () => {
    const found = looserPaths({ 'budgets.leverage': 2, 'budgets.slippage_bps': 21, 'temporal.flip_interval_ms': 1 });
    assert.deepEqual(found, ['budgets.slippage_bps', 'temporal.flip_interval_ms']);
  });

  it('takes a dead-man countdown that is off for the longest one, and an absent one for 120 s', () => {
    const path = 'standing.deadman_ms';
    assert.deepEqual(looserPaths({ [path]: 120_000 }), []);
    assert.deepEqual(looserPaths({ [path]: 119_999 }), []);
    assert.deepEqual(looserPaths({ [path]: 120_001 }), [path]);
    assert.deepEqual(looserPaths({ [path]: 0 }, { [path]: 600_000 }), [path]);
    assert.deepEqual(looserPaths({ [path]: 600_000 }, { [path]: 0 }), []);
    assert.deepEqual(looserPaths({}, { [path]: 60_000 }), [path]);
  });

  it('takes an absent number of openings that rest for 20', () => {
    const path = 'standing.resting';
    assert.deepEqual(looserPaths({ [path]: 20 }), []);
    assert.deepEqual(looserPaths({ [path]: 21 }), [path]);
    assert.deepEqual(looserPaths({}, { [path]: 19 }), [path]);
    assert.deepEqual(looserPaths({}, { [path]: 21 }), []);
  });

  it('compares factors by value', () => {
    const path = 'market.regimes.volatile.leverage';
    assert.deepEqual(looserPaths({ [path]: 0.6666 }, { [path]: '2/3' }), []);
    assert.deepEqual(looserPaths({ [path]: '2/3' }, { [path]: 0.6666 }), [path]);
    assert.deepEqual(looserPaths({ [path]: '4/6' }, { [path]: '2/3' }), []);
    assert.deepEqual(looserPaths({ [path]: 2 / 3 }, { [path]: '2/3' }), []);
    const signal = 'trust.signals.injection.multiplier';
    const byComponent = { leverage: 0.4, notional: 0.4, order_rate: 0.4, slippage: '2/5' };
    assert.deepEqual(looserPaths({ [signal]: byComponent }), []);
    assert.deepEqual(looserPaths({ [signal]: { ...byComponent, slippage: '1/2' } }), [signal]);
    assert.deepEqual(looserPaths({ [signal]: undefined }), [signal]);
    const none = { 'trust.signals.spend': undefined };
    assert.deepEqual(looserPaths(none), ['trust.signals.spend.multiplier'], 'without it its signals do nothing');
    assert.deepEqual(looserPaths({}, none), []);
  });

  for (const [title, changes, expected] of CASES()) {
    it(title, () => assert.deepEqual(looserPaths(changes), expected));
  }

  it('compares tiers as step functions', () => {
    const path = 'account.drawdown.tiers';
    const half = { at: 0.05, multiplier: 0.5 };
    const stop = { at: 0.1, reduce_only: true };
    const compare = (tiers: readonly unknown[]) => looserPaths({ [path]: tiers });
    assert.deepEqual(compare([half, { at: 0.07, multiplier: 0.9 }, stop]), [], 'one more tier');
    assert.deepEqual(compare([{ at: 0.01, multiplier: 0.5 }, stop]), [], 'an earlier tier');
    assert.deepEqual(compare([{ at: 0.05, reduce_only: true, multiplier: 0.5 }]), [], 'an earlier stop');
    assert.deepEqual(compare([{ at: 0.05, multiplier: '1/2' }, stop]), [], 'the same by value');
    assert.deepEqual(
      compare([{ at: 0.04, multiplier: 0.8 }, { at: 0.05, multiplier: 0.6 }, stop]),
      [],
      '0.8 * 0.6 is less than 0.5',
    );
    assert.deepEqual(compare([{ at: 0.06, multiplier: 0.5 }, stop]), [path], 'a later tier');
    assert.deepEqual(compare([half, { at: 0.11, reduce_only: true }]), [path], 'a later stop');
    assert.deepEqual(compare([half]), [path], 'no stop');
    assert.deepEqual(compare([]), [path], 'no tiers');
    const [finding] = isAtMost(changed({ [path]: [{ at: 0.05, multiplier: 0.6 }, stop] }), DEFAULT_POLICY);
    assert.equal(finding?.why, 'at 0.05, leverage goes from 0.5 to 0.6');
  });

  it('compares trust tiers over the whole plane of provenance and capability risk', () => {
    const path = 'trust.tiers';
    const compare = (tiers: readonly unknown[]) => looserPaths({ [path]: tiers });
    const low = { provenance_below: 0.4, multiplier: 0.5 };
    const risky = { capability_risk_above: 0.7, multiplier: 0.5 };
    assert.deepEqual(compare([risky, low]), []);
    assert.deepEqual(compare([low, risky, { provenance_below: 0.1, reduce_only: true }]), []);
    assert.deepEqual(compare([{ provenance_below: 0.4, capability_risk_above: 0.7, multiplier: 0.25 }]), []);
    assert.deepEqual(
      compare([{ provenance_below: 0.4, capability_risk_above: 0.7, multiplier: 0.5 }]),
      [path],
      'both together were a quarter',
    );
    assert.deepEqual(compare([{ ...low, provenance_below: 0.39 }, risky]), [path]);
    assert.deepEqual(compare([low, { ...risky, capability_risk_above: 0.71 }]), [path]);
    assert.deepEqual(compare([low]), [path]);
  });

  it('compares skills by what each digest is worth, listed or not', () => {
    const skill = (digit: string, provenance: number, capability_risk: number) => ({
      name: digit,
      sha256: digit.repeat(64),
      provenance,
      capability_risk,
    });
    const compare = (to: readonly unknown[], from: readonly unknown[]) =>
      looserPaths({ 'trust.skills': to }, { 'trust.skills': from });
    assert.deepEqual(compare([skill('a', 0.9, 0.2)], []), ['trust.skills'], 'a new trusted skill');
    assert.deepEqual(compare([skill('a', 0.2, 0.9)], []), [], 'a new distrusted skill');
    assert.deepEqual(compare([], [skill('a', 0.9, 0.2)]), [], 'a trusted skill is gone');
    assert.deepEqual(compare([], [skill('a', 0.2, 0.9)]), ['trust.skills'], 'a distrusted skill is only unknown now');
    assert.deepEqual(compare([skill('a', 0.9, 0.1)], [skill('a', 0.9, 0.2)]), ['trust.skills'], 'less risk');
    const renamed = { ...skill('a', 0.9, 0.2), name: 'other' };
    assert.deepEqual(compare([renamed], [skill('a', 0.9, 0.2)]), ['trust.skills'], 'no other content is noticed');
  });

  it('takes an order rate as looser when more orders fit into the former window', () => {
    const compare = (max: number, window_ms: number) => looserPaths({ 'budgets.order_rate': { max, window_ms } });
    assert.deepEqual(compare(20, 60_000), []);
    assert.deepEqual(compare(20, 90_000), []);
    assert.deepEqual(compare(3, 10_000), [], 'six windows of 3 are 18');
    assert.deepEqual(compare(4, 10_000), ['budgets.order_rate'], 'six windows of 4 are 24');
    assert.deepEqual(compare(20, 59_999), ['budgets.order_rate']);
    assert.deepEqual(compare(21, 86_400_000), ['budgets.order_rate']);
  });

  it('takes every change of a regime threshold as looser where a higher regime is not tighter', () => {
    const odd = { 'market.regimes.extreme.notional': 1 };
    const lower = { 'market.volatility.extreme': 1.5 };
    assert.deepEqual(looserPaths(lower), []);
    assert.deepEqual(looserPaths({ ...odd, ...lower }, odd), ['market.volatility.extreme']);
  });

  it('takes an agent that loses its section, or falls under another, as looser', () => {
    const capped = { budgets: { leverage: 1 } };
    assert.deepEqual(looserPaths({ 'agents.bob': capped }), []);
    assert.deepEqual(looserPaths({ agents: { default: {} } }, { agents: { default: {}, bob: capped } }), [
      'agents.bob.budgets.leverage',
    ]);
    assert.deepEqual(looserPaths({ agents: {} }, { agents: { bob: capped } }), ['agents.bob.budgets.leverage']);
    assert.deepEqual(looserPaths({ agents: { default: capped, bob: {} } }, { agents: { default: capped } }), [
      'agents.bob.budgets.leverage',
    ]);
    assert.deepEqual(looserPaths({ agents: {} }, { agents: { default: capped } }), ['agents.default.budgets.leverage']);
    assert.deepEqual(looserPaths({ agents: { bob: { budgets: { leverage: 2 } } } }, { agents: { bob: capped } }), [
      'agents.bob.budgets.leverage',
    ]);
    assert.deepEqual(
      looserPaths(
        { agents: { bob: { temporal: { duplicate_exempt: [] } } } },
        { 'temporal.duplicate_exempt': ['BTCUSDT'] },
      ),
      [],
    );
  });

  it('takes a later or missing heartbeat of an agent as looser', () => {
    const compare = (to: object, from: object) => looserPaths({ 'agents.bob': to }, { 'agents.bob': from });
    const path = ['agents.bob.heartbeat_ms'];
    assert.deepEqual(compare({ heartbeat_ms: 60_000 }, {}), []);
    assert.deepEqual(compare({ heartbeat_ms: 60_000 }, { heartbeat_ms: 60_000 }), []);
    assert.deepEqual(compare({ heartbeat_ms: 60_001 }, { heartbeat_ms: 60_000 }), path);
    assert.deepEqual(compare({}, { heartbeat_ms: 60_000 }), path);
    assert.deepEqual(
      looserPaths({ agents: { default: {}, bob: {} } }, { agents: { default: { heartbeat_ms: 60_000 } } }),
      ['agents.bob.heartbeat_ms', 'agents.default.heartbeat_ms'].sort((a, b) => (a < b ? 1 : -1)),
    );
  });

  it('takes a symbol that is kept for an agent no longer as looser, and one more as tighter', () => {
    const compare = (to: object, from: object) => looserPaths({ 'agents.bob': to }, { 'agents.bob': from });
    const [one, both] = [{ reserve: ['BTCUSDT'] }, { reserve: ['ETHUSDT', 'BTCUSDT'] }];
    const path = ['agents.bob.reserve'];
    assert.deepEqual(compare(one, one), []);
    assert.deepEqual(compare(both, one), []);
    assert.deepEqual(compare(one, {}), []);
    assert.deepEqual(compare(one, both), path);
    assert.deepEqual(compare({}, one), path);
    assert.deepEqual(looserPaths({ agents: { alice: one } }, { agents: { bob: one } }), path, 'given to another agent');
    assert.deepEqual(looserPaths({ agents: {} }, { agents: { bob: one } }), path, 'without its section');
    const [looser] = isAtMost(changed({ 'agents.bob': one }), changed({ 'agents.bob': both }));
    assert.equal(looser?.why, 'ETHUSDT is open to other agents');
  });

  it("compares tiers on an agent's own loss as step functions [PK-161]", () => {
    const half = { at_usdt: 25, multiplier: 0.5 };
    const stop = { at_usdt: 50, reduce_only: true };
    const compare = (to: object, from: object) =>
      looserPaths({ 'agents.bob': { loss: to } }, { 'agents.bob': { loss: from } });
    const path = ['agents.bob.loss'];
    assert.deepEqual(compare({ day: [half, stop] }, { day: [half] }), []);
    assert.deepEqual(compare({ day: [half] }, { day: [half, stop] }), path);
    assert.deepEqual(compare({ day: [{ ...half, at_usdt: 26 }] }, { day: [half] }), path);
    assert.deepEqual(compare({ day: [half] }, { day: [half], week: [stop] }), path);
    assert.deepEqual(looserPaths({ 'agents.bob': {} }, { 'agents.bob': { loss: { day: [half] } } }), path);
    assert.deepEqual(looserPaths({ 'agents.bob': { loss: { day: [half] } } }, { 'agents.bob': {} }), []);
  });

  it('holds between the shipped policies: strict is nowhere looser than default', () => {
    assert.deepEqual(isAtMost(loadSpec('policies/strict.yaml'), DEFAULT_POLICY), []);
    assert.notDeepEqual(isAtMost(DEFAULT_POLICY, loadSpec('policies/strict.yaml')), []);
  });
});

describe('findLooserAgents', () => {
  it('accepts sections that tighten and names keys that do not [PK-33 PK-34 PK-37]', () => {
    assert.deepEqual(
      findLooserAgents(
        changed({ 'agents.bob': { budgets: { leverage: 3, fees_usdt_per_day: 1 }, scope: { symbols: ['BTCUSDT'] } } }),
      ),
      [],
    );
    const looser = findLooserAgents(
      changed({
        'agents.bob': { budgets: { leverage: 4 }, temporal: { flip_interval_ms: 10 }, scope: { symbols: ['SOLUSDT'] } },
      }),
    );
    assert.deepEqual(paths(looser), [
      'agents.bob.scope.symbols',
      'agents.bob.budgets.leverage',
      'agents.bob.temporal.flip_interval_ms',
    ]);
  });
});

describe('isAtMost, as properties', () => {
  it('detects every single key that moves in its looser direction, and no move in the other', () => {
    const scale = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    forAll([fc.constantFrom(...SCALARS), scale, fc.boolean()], { seed: 11, numRuns: 800 }, (path, by, up) => {
      const current = valueAt(DEFAULT_POLICY, path) as number;
      const moved = up ? current / by + (current === 0 ? by : 0) : current * by;
      if (moved === current) return;
      const found = looserPaths({ [path]: moved });
      assert.deepEqual(
        found,
        isLooserMove(POLICY_KEYS[path].direction, up) ? [path] : [],
        `${path}: ${current} -> ${moved}`,
      );
    });
  });

  it('is transitive on random tightenings, and every step back is detected', () => {
    forAll([fc.array(tightening(), { minLength: 2, maxLength: 12 })], { seed: 12, numRuns: 40 }, (steps) => {
      const chain: IntendedPolicySpec[] = [DEFAULT_POLICY];
      for (const step of steps) chain.push(step(chain.at(-1) as IntendedPolicySpec));
      for (let i = 0; i < chain.length; i++) {
        for (let j = i; j < chain.length; j++) {
          const [earlier, later] = [chain[i] as IntendedPolicySpec, chain[j] as IntendedPolicySpec];
          assert.deepEqual(isAtMost(later, earlier), []);
          if (JSON.stringify(later) !== JSON.stringify(earlier)) assert.notDeepEqual(isAtMost(earlier, later), []);
        }
      }
    });
  });
});

function CASES(): readonly (readonly [string, { readonly [path: string]: unknown }, readonly string[]])[] {
  return [
    ['takes shadow instead of enforce as looser', { mode: 'shadow' }, ['mode']],
    ['takes another symbol as looser', { 'scope.symbols': ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'] }, ['scope.symbols']],
    ['takes a symbol less as tighter', { 'scope.symbols': ['ETHUSDT'] }, []],
    ['takes a reordered list as the same', { 'scope.symbols': ['ETHUSDT', 'BTCUSDT'] }, []],
    ['takes another venue as looser', { 'scope.venues': ['paper', 'binance-live'] }, ['scope.venues']],
    ['takes another bar length as looser', { 'market.bar_ms': 300_000 }, ['market.bar_ms']],
    ['takes reduce_only in a regime as tighter', { 'market.regimes.extreme.reduce_only': true }, []],
    ['takes fewer slices as looser', { 'market.regimes.extreme.slices': 4 }, ['market.regimes.extreme.slices']],
    ['takes a shorter drawdown window as looser', { 'account.drawdown.window_ms': 1 }, ['account.drawdown.window_ms']],
    [
      'takes an ended reduce_only of a signal as looser',
      { 'trust.signals.anomaly': { multiplier: 0.1, reduce_only: false, max_ttl_ms: 3_600_000 } },
      ['trust.signals.anomaly.reduce_only'],
    ],
    [
      'takes a shorter longest ttl as looser',
      { 'trust.signals.injection.max_ttl_ms': 1 },
      ['trust.signals.injection.max_ttl_ms'],
    ],
    ['takes enforce_block as tighter', { 'trader_state.enforce_block': true }, []],
    [
      'takes another duplicate exemption as looser',
      { 'temporal.duplicate_exempt': ['BTCUSDT'] },
      ['temporal.duplicate_exempt'],
    ],
    ['takes on_breach hold as looser', { 'standing.on_breach': 'hold' }, ['standing.on_breach']],
    ['takes on_breach reduce as tighter', { 'standing.on_breach': 'reduce' }, []],
    ['takes exits.scope, which has no effect, as the same', { 'exits.scope': 'account' }, []],
    ['takes any change of the exit ladder as looser', { 'exits.ladder_bps': [20, 60, 150] }, ['exits.ladder_bps']],
    ['takes any change of the exit rate as looser', { 'exits.rate': { max: 29, window_ms: 60_000 } }, ['exits.rate']],
    [
      'takes more recorded refusals than the built-in ceiling as looser',
      { 'requests.refusals': { max: 61, window_ms: 60_000 } },
      ['requests.refusals'],
    ],
    ['takes the built-in ceilings, written out, as the same', { requests: CEILINGS }, []],
    ['takes fewer recorded dry runs as tighter', { 'requests.dry_runs': { max: 5, window_ms: 60_000 } }, []],
    [
      'takes as many intercepts in a shorter window as looser',
      { 'requests.intercepts': { max: 60, window_ms: 30_000 } },
      ['requests.intercepts'],
    ],
    ['takes a required stop as tighter', { 'protection.required': true }, []],
    [
      'takes an allowed foreign tool as looser',
      { 'intercept.allow': { web_search: { type: 'object' } } },
      ['intercept.allow'],
    ],
    ['takes a dropped schema of a tool as looser', { tools: {} }, ['tools']],
    ['takes another schema of a tool as looser', { 'tools.place_order.args': { type: 'object' } }, ['tools']],
    ['takes a schema for another tool as tighter', { 'tools.cancel_all': { args: { type: 'object' } } }, []],
    ['takes a shorter loosening delay as looser', { loosen_delay_ms: 1 }, ['loosen_delay_ms']],
  ];
}

/** The keys inside the entries of a list or map that its direction reads. */
const ENTRY_KEYS: { readonly [path: string]: readonly string[] } = {
  'budgets.order_rate': ['max', 'window_ms'],
  'exits.rate': ['max', 'window_ms'],
  'requests.refusals': ['max', 'window_ms'],
  'requests.dry_runs': ['max', 'window_ms'],
  'requests.intercepts': ['max', 'window_ms'],
  'account.drawdown.tiers': ['at', 'multiplier', 'reduce_only'],
  'account.daily_loss.tiers': ['at', 'multiplier', 'reduce_only'],
  'account.margin_ratio.tiers': ['at', 'multiplier', 'reduce_only'],
  'trust.tiers': ['provenance_below', 'capability_risk_above', 'multiplier', 'reduce_only'],
  'trust.skills': ['name', 'sha256', 'provenance', 'capability_risk'],
  'approvals.when': [
    'notional_above_usdt',
    'untraded_ms',
    'provenance_below',
    'capability_risk_above',
    'venues',
    'agents',
    'request',
  ],
  tools: ['args'],
  agents: Object.keys(AGENT_KEYS),
};

function isCovered(leaf: string): boolean {
  if (Object.hasOwn(POLICY_KEYS, leaf)) return true;
  // Inside a list, a map or a rate limit: the entry's direction must read this key.
  const path = POLICY_PATHS.find((each) => new RegExp(`^${each.replaceAll('.', '\\.')}(\\[\\]|\\.)`).test(leaf));
  if (path === undefined) return false;
  const key =
    leaf
      .slice(path.length)
      .replace(/^(\[\])?\.?(\*\.?)?/, '')
      .split('.')[0] ?? '';
  if (path === 'intercept.allow') return key === '';
  return ENTRY_KEYS[path]?.includes(key) ?? false;
}
