import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { buildPolicyJsonSchema, POLICY_TYPES_AGREE } from '../../daemon/contract/policy/policy.ts';
import { checkPolicyShape } from '../../daemon/contract/policy/policy-shape.ts';
import { changed, DEFAULT_POLICY, type Json, readText, valueAt } from '../policy/documents.ts';

const schema = buildPolicyJsonSchema() as Json;
function isLegal(path: string, value: unknown): boolean {
  return checkPolicyShape(changed({ [path]: value })).ok;
}

describe('policy schema', () => {
  it('describes the same documents as the core type (checked by the compiler)', () => {
    assert.deepEqual(POLICY_TYPES_AGREE, [true]);
  });

  it('is written to policies/policy.schema.json as it is (npm run generate)', () => {
    assert.equal(readText('policies/policy.schema.json'), `${JSON.stringify(schema, null, 2)}\n`);
  });

  it('can be used by any strict validator', () => {
    const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
    assert.equal(validate(DEFAULT_POLICY), true);
    assert.equal(validate(changed({ 'budgets.leverage': 0 })), false);
  });

  it('closes every object, bounds every number and list, and describes every key', () => {
    let visited = 0;
    walk(schema, '', (node, path) => {
      visited++;
      if (node.type === 'object' && (node.properties ?? node.patternProperties) !== undefined) {
        assert.equal(node.additionalProperties, false, `${path} is closed`);
      }
      if (node.type === 'integer' || (node.type === 'number' && node.const === undefined)) {
        assert.equal(typeof node.minimum, 'number', `${path} has a minimum`);
        assert.equal(typeof node.maximum, 'number', `${path} has a maximum`);
      }
      if (node.type === 'array') assert.equal(typeof node.maxItems, 'number', `${path} has a longest length`);
      if (node.type === 'string' && node.enum === undefined) {
        assert.ok(node.pattern !== undefined || node.maxLength !== undefined, `${path} is bounded`);
      }
      for (const [key, child] of Object.entries((node.properties ?? {}) as { [key: string]: Json })) {
        assert.match(String(child.description), /\.$/, `${path}.${key} is described in sentences`);
      }
    });
    assert.ok(visited > 150);
  });

  it('takes every key as required', () => {
    const isOptional = /^(tools|agents)\.|reduce_only$|^trust\.signals\.(spend$|.*\.multiplier$)/;
    let removed = 0;
    walkDocument(DEFAULT_POLICY, '', (path) => {
      if (isOptional.test(path)) return;
      removed++;
      assert.equal(checkPolicyShape(changed({ [path]: undefined })).ok, false, path);
    });
    assert.ok(removed > 100);
  });

  it('refuses 0, null, text, NaN and infinities for every number that is a limit (BY-27)', () => {
    const zeroIsLegal =
      /cooldown_ms$|margin_buffer_usdt|floor_usdt|provenance$|capability_risk$|base_rate|limit_at|block_at|below_quantile/;
    let checked = 0;
    walkDocument(DEFAULT_POLICY, '', (path, value) => {
      if (typeof value !== 'number') return;
      checked++;
      for (const bad of [null, String(value), '1e9', Number.NaN, Number.POSITIVE_INFINITY, -1, [value], 1e18, true]) {
        assert.equal(isLegal(path, bad), false, `${path}: ${String(bad)}`);
      }
      const isBreakerCooldown = path === 'temporal.breaker.cooldown_ms';
      assert.equal(isLegal(path, 0), zeroIsLegal.test(path) && !isBreakerCooldown, `${path}: 0`);
    });
    assert.ok(checked > 80);
  });

  for (const [path, legal, illegal] of [
    ['budgets.leverage', [1, 125], [0, 126, 1.5]],
    ['budgets.order_rate.max', [1, 1_000_000], [0, 1_000_001, 1.5]],
    ['budgets.order_rate.window_ms', [1], [0, 0.5]],
    ['budgets.turnover_usdt_per_day', [0.01, 1e12], [0, 1.1e12]],
    ['budgets.fees_usdt_per_day', [0.01, 1e9], [0, 1.1e9]],
    ['temporal.breaker.repeats', [1, 1_000_000], [0, 1_000_001]],
    ['temporal.flip_interval_ms', [1], [0]],
    ['temporal.duplicate_window_ms', [1], [0]],
    ['exits.step_ms', [1, 60_000], [0, 60_001]],
    ['market.regimes.calm.cooldown_ms', [0, 1], [-1]],
    [
      'market.regimes.extreme.notional',
      [1, 0.0001, '1/1', '2/3'],
      [0, 1.01, '0/3', '02/3', '2/03', '2/ 3', '2', '0.5', '-1/2', '1/0'],
    ],
    [
      'trust.signals.anomaly.multiplier',
      [0.5, '1/2', { leverage: 1, notional: '1/2', order_rate: 1, slippage: 1 }],
      [0, {}, { leverage: 1 }],
    ],
    [
      'scope.symbols',
      [['BTCUSDT'], ['1000PEPEUSDT']],
      [[], ['btcusdt'], ['BTC/USDT'], ['BTCUSDT', 'BTCUSDT'], ['А1'], ['B'], 'BTCUSDT'],
    ],
    [
      'trust.skills',
      [[], [{ name: 'a', sha256: '0123456789abcdef'.repeat(4), provenance: 1, capability_risk: 0 }]],
      ['A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65)].map((sha256) => [
        { name: 'a', sha256, provenance: 1, capability_risk: 0 },
      ]),
    ],
    ['scope.venues', [['binance-live']], [['binance'], ['paper', 'paper']]],
    ['mode', ['enforce', 'shadow'], ['off', true]],
    ['version', [1], [2, '1']],
  ] as const) {
    it(`holds ${path} to its range [PK-120 PK-163 PK-164 PK-175]`, () => {
      for (const value of legal) assert.equal(isLegal(path, value), true, `${path}: ${JSON.stringify(value)}`);
      for (const value of illegal) assert.equal(isLegal(path, value), false, `${path}: ${JSON.stringify(value)}`);
    });
  }

  it('refuses unknown keys at every level', () => {
    walkDocument(DEFAULT_POLICY, '', (path, value) => {
      if (
        typeof value !== 'object' ||
        value === null ||
        Array.isArray(value) ||
        path.startsWith('tools.place_order.args')
      )
        return;
      if (path === 'agents' || path === 'intercept.allow') return;
      const found = checkPolicyShape(changed({ [`${path}.bypass`]: true }));
      assert.equal(found.ok, false, path);
    });
    assert.equal(checkPolicyShape(changed({ bypass: true })).ok, false);
  });

  it('states the figures of the design in the default policy', () => {
    assert.deepEqual(
      [
        'budgets.leverage',
        'market.regimes.calm.leverage',
        'market.regimes.volatile.leverage',
        'market.regimes.extreme.leverage',
      ].map((path) => valueAt(DEFAULT_POLICY, path)),
      [3, 1, '2/3', '1/3'],
    );
  });
});

function walk(node: Json, path: string, visit: (node: Json, path: string) => void): void {
  visit(node, path);
  for (const key of ['properties', 'patternProperties']) {
    for (const [name, child] of Object.entries((node[key] ?? {}) as { [key: string]: Json }))
      walk(child, `${path}.${name}`, visit);
  }
  if (node.items !== undefined) walk(node.items as Json, `${path}[]`, visit);
  for (const branch of (node.anyOf ?? []) as Json[]) walk(branch, path, visit);
}

function walkDocument(value: unknown, path: string, visit: (path: string, value: unknown) => void): void {
  if (path !== '') visit(path, value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  for (const [key, member] of Object.entries(value)) walkDocument(member, path === '' ? key : `${path}.${key}`, visit);
}
