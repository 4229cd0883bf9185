import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { POLICY_PATHS } from '../../daemon/core/keys/policy-keys.ts';
import { describeLooser } from '../../daemon/engine/operator/policy-control.ts';
import { comparePolicies } from '../../daemon/policy/compare.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { decideReload } from '../../daemon/policy/reload.ts';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';
import { changed, DEFAULT_POLICY, loadSpec } from './documents.ts';

const folder = tempFolder({ after }, 'compare');
function write(name: string, changes: { readonly [path: string]: unknown }): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(changed(changes)));
  return file;
}

test('each key is looser, tighter or equal, and the way back turns looser and tighter', () => {
  const to = changed({
    name: 'mine',
    'budgets.leverage': DEFAULT_POLICY.budgets.leverage + 1,
    'budgets.order_notional_usdt': DEFAULT_POLICY.budgets.order_notional_usdt / 2,
    agents: { swing: { budgets: { leverage: 1 } } },
  });
  const found = comparePolicies(DEFAULT_POLICY, to);
  assert.deepEqual(found.looser, [
    {
      path: 'budgets.leverage',
      from: DEFAULT_POLICY.budgets.leverage,
      to: DEFAULT_POLICY.budgets.leverage + 1,
      why: 'larger allows more',
    },
  ]);
  assert.deepEqual(
    found.tighter.map(({ path }) => path),
    ['budgets.order_notional_usdt', 'agents.swing.budgets.leverage'],
  );
  assert.deepEqual(found.tighter[0], {
    path: 'budgets.order_notional_usdt',
    from: DEFAULT_POLICY.budgets.order_notional_usdt,
    to: DEFAULT_POLICY.budgets.order_notional_usdt / 2,
  });
  assert.equal(found.equal.length, POLICY_PATHS.length - 3);
  const back = comparePolicies(to, DEFAULT_POLICY);
  assert.deepEqual(
    back.looser.map(({ path }) => path),
    found.tighter.map(({ path }) => path),
  );
  assert.deepEqual(
    back.tighter.map(({ path }) => path),
    ['budgets.leverage'],
  );
});

test('a key without a safe direction is looser both ways', () => {
  const to = changed({ 'market.bar_ms': DEFAULT_POLICY.market.bar_ms * 2 });
  for (const [one, other] of [
    [DEFAULT_POLICY, to],
    [to, DEFAULT_POLICY],
  ] as const) {
    const { looser, tighter } = comparePolicies(one, other);
    assert.deepEqual([looser.map(({ path }) => path), tighter], [['market.bar_ms'], []]);
  }
});

test('policy diff A B says key by key what a reload would say, and ends with 5', async () => {
  const strict = loadSpec('policies/strict.yaml');
  const [from, to] = ['policies/default.yaml', 'policies/strict.yaml'];
  const { code, out, err } = await holdfast(['policy', 'diff', from, to]);
  assert.deepEqual([code, err], [5, '']);
  const parsed = [DEFAULT_POLICY, strict].map((spec) => parsePolicy(stringify(spec), 'p.yaml'));
  assert.ok(parsed[0]?.ok && parsed[1]?.ok);
  const reload = decideReload(parsed[1].policy, parsed[0].policy, 'paper', 0);
  const looser = reload.action === 'pending' ? reload.looser.map(describeLooser) : [];
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^from +policies\/default\.yaml: policy \S+, hash [0-9a-f]{64}$/);
  assert.match(lines[1] ?? '', /^to +policies\/strict\.yaml: policy \S+, hash [0-9a-f]{64}$/);
  const found = comparePolicies(DEFAULT_POLICY, strict);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('looser: ')),
    looser.map((line) => `looser: ${line}`),
  );
  assert.ok(found.tighter.length > 5);
  assert.equal(lines.filter((line) => line.startsWith('tighter: ')).length, found.tighter.length);
  assert.equal(lines.at(-1), `equal: ${found.equal.length} keys`);
  const asJson = await holdfast(['policy', 'diff', from, to, '--json']);
  const { from: before, to: after, ...rest } = JSON.parse(asJson.out);
  assert.deepEqual(rest, found);
  assert.deepEqual([before.file, after.file, after.hash], [from, to, lines[1]?.slice(-64)]);
});

test('policy diff of a file with itself ends with 0, and what is no comparison of two files with 2', async () => {
  const file = write('same', {});
  const same = await holdfast(['policy', 'diff', file, write('label', { name: 'other' })]);
  assert.deepEqual([same.code, same.err], [0, '']);
  assert.match(same.out, /\nequal: \d+ keys\n$/);
  for (const [args, expected] of [
    [[file, write('broken', { 'budgets.leverage': -1 })], /is not a valid policy:\n {2}budgets\.leverage/],
    [[file, join(folder, 'none.yaml')], /none\.yaml/],
    [[file, file, '--since', '7d'], /--since is of a comparison with the ledger/],
    [[file, file, '--home', folder], /--home is of a comparison with the ledger/],
    [[file, file, '--limit', '3'], /--limit is of a comparison with the ledger/],
  ] as const) {
    const { code, err } = await holdfast(['policy', 'diff', ...args]);
    assert.equal(code, 2, err);
    assert.match(err, expected);
  }
});
