import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { stringify } from 'yaml';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../daemon/evaluation/market/synthetic.ts';
import { PLAIN } from '../../daemon/evaluation/setup/scenarios.ts';
import { loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../daemon/evaluation/setup/workbench.ts';
import { holdfast } from '../cli/run.ts';
import { changed, loadSpec } from '../policy/documents.ts';
import { tempFolder } from '../temp-folder.ts';

const folder = tempFolder({ after }, 'own');

const BASE: IntendedPolicySpec = loadSpec('policies/evaluation/static-oms.yaml');
function write(name: string, changes: { readonly [path: string]: unknown }): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify(changed({ name, ...changes }, BASE)));
  return file;
}

describe('the policy that --policy names', () => {
  const AGENT = 'momentum/over-asking';
  async function replay(file: string, symbols: string) {
    const ask = ['--bars', '700', '--seeds', '1', '--attack', 'light', '--threads', '1', '--agents', AGENT];
    const out = join(folder, 'report');
    const args = ['replay', ...ask, '--variants', 'StaticOMS', '--symbols', symbols, '--policy', file, '--out', out];
    const printed = await holdfast(args);
    assert.equal(printed.code, 0, printed.err);
    const report = JSON.parse((await holdfast([...args, '--json'])).out);
    const grossOf = (name: string): number => report.variants[name].scenarios['light/random/x1'].gross.mean;
    return { grossOf, report, text: printed.out };
  }
  const hashOf = async (file: string): Promise<string> =>
    JSON.parse((await holdfast(['policy', 'check', file, '--json'], { HOLDFAST_HOME: folder })).out).hash;

  it('opens nothing in a symbol that it does not name, and has the hash of its file', async () => {
    const file = write('one', { 'scope.symbols': ['BTCUSDT'], 'temporal.duplicate_exempt': ['BTCUSDT'] });
    const { grossOf, report, text } = await replay(file, 'ETHUSDT');
    assert.ok(grossOf('StaticOMS') > 0, 'a variant takes the symbols of the market');
    assert.equal(grossOf('one'), 0);
    const hash = await hashOf(file);
    assert.equal(report.inputs.policy_hashes.one, hash);
    assert.ok(text.includes(`policy one, hash ${hash}\n`), text);
    assert.match(text, /note: one: ETHUSDT is not in scope\.symbols: nothing is opened there under this policy/);
  });
});

describe('what a policy forbids', () => {
  const market = buildSyntheticMarket({
    seed: 3,
    bars: 700,
    barMs: 900_000,
    warmupBars: 400,
    symbols: ['BTCUSDT', 'ETHUSDT'],
  });
  const bench = new Workbench(market, readScope());
  /** Openings that were executed, as `SYMBOL side`. */
  function opened(name: string, changes: { readonly [path: string]: unknown }): readonly string[] {
    const variant = loadVariant(write(name, changes));
    const run = bench.run({ variant, scenario: PLAIN, seed: 1, agent: 'momentum/over-asking', legitRequests: 100 });
    const on = Object.entries(run.run().legit.openExecutedUsdtOn).filter(([, usdt]) => usdt > 0);
    return [...new Set(on.map(([key]) => key.split(/[ /]/).slice(1).join(' ')))].sort();
  }

  it('is not opened in a replay: symbols, sides, and all of it in a regime that only reduces', () => {
    assert.deepEqual(opened('all', {}), ['BTCUSDT buy', 'BTCUSDT sell', 'ETHUSDT buy', 'ETHUSDT sell']);
    const symbols = { 'scope.symbols': ['ETHUSDT'], 'temporal.duplicate_exempt': ['ETHUSDT'] };
    assert.deepEqual(opened('symbol', symbols), ['ETHUSDT buy', 'ETHUSDT sell']);
    const buys = { type: 'object', properties: { side: { enum: ['buy'] } } };
    assert.deepEqual(opened('side', { tools: { place_order: { args: buys } } }), ['BTCUSDT buy', 'ETHUSDT buy']);
    const halted = Object.fromEntries(
      ['calm', 'volatile', 'extreme'].map((regime) => [`market.regimes.${regime}.reduce_only`, true]),
    );
    assert.deepEqual(opened('halted', halted), []);
  });
});
