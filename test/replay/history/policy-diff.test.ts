import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { stringify } from 'yaml';
import { findPackageFolder } from '../../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { diffPolicy, type PolicyDiff } from '../../../daemon/engine/audit/policy-diff.ts';
import { openLedgerReader } from '../../../daemon/ledger/reader.ts';
import { hashPolicy } from '../../../daemon/policy/parse.ts';
import { holdfast, type Result } from '../../cli/run.ts';
import { DaemonWorld, order } from '../../daemon/harness.ts';
import { changed } from '../../policy/documents.ts';

const DEFAULT_FILE = join(findPackageFolder(), 'policies', 'default.yaml');
const DAY_MS = 86_400_000;
let world: DaemonWorld;
/** Seqs of what was asked, by a name. */
const asked = new Map<string, number>();

async function ask(name: string, tool: string, args: object): Promise<void> {
  const { body, status } = await world.tool(tool, args);
  assert.equal(status, 200, `${name}: ${JSON.stringify(body)}`);
  asked.set(name, body.decision.seq);
}
const seqOf = (name: string) => asked.get(name) ?? Number.NaN;
const ledgerPath = () => join(world.home, 'paper', 'ledger.db');

/** The comparison in this process, with the daemon running. */
function diffTo(changes: { readonly [path: string]: unknown }, allKinds = false, sinceMs = 0): PolicyDiff {
  const spec: IntendedPolicySpec = changed(changes);
  const reader = openLedgerReader(ledgerPath());
  try {
    return diffPolicy(reader, { candidate: { spec, hash: hashPolicy(spec) }, sinceMs, allKinds, limit: 50 });
  } finally {
    reader.close();
  }
}
function entryOf(found: PolicyDiff, name: string) {
  const entry = found.changes.find(({ seq }) => seq === seqOf(name));
  assert.ok(entry !== undefined, `${name} changes: ${JSON.stringify(found.changes.map(({ seq }) => seq))}`);
  return entry;
}
const codes = (found: PolicyDiff) => found.caveats.map(({ code }) => code);
function cli(file: string, ...args: string[]): Promise<Result> {
  return holdfast(['policy', 'diff', file, '--home', world.home, ...args]);
}
function writeCandidate(name: string, changes: { readonly [path: string]: unknown }): string {
  const file = join(world.home, `${name}.yaml`);
  writeFileSync(file, stringify(changed(changes)));
  return file;
}

describe('policy diff on the ledger of a running daemon', () => {
  before(async () => {
    world = await DaemonWorld.start({ real: true });
    await ask('small', 'place_order', order());
    await world.advance(15_000);
    await ask('five times', 'place_order', order({ requested_notional: 310, requested_leverage: 5 }));
    await ask('close', 'close_position', { symbol: 'BTCUSDT', strategy_id: 'test' });
    await world.advance(15_000);
    await ask('levered', 'place_order', order({ symbol: 'ETHUSDT', requested_notional: 400, requested_leverage: 5 }));
    await ask('foreign symbol', 'place_order', order({ symbol: 'SOLUSDT' }));
    await ask('large', 'place_order', order({ side: 'sell', requested_notional: 5000 }));
    await world.dryRun('place_order', order({ requested_notional: 320 }));
    await world.intercept('send_email', { to: 'someone' });
  });
  after(() => world.close());

  it('the same policy changes nothing, and every request was looked at', () => {
    const found = diffTo({});
    assert.equal(found.totals.requests, asked.size, 'tool calls only');
    assert.equal(found.totals.unchanged, asked.size, JSON.stringify(found.changes));
    assert.deepEqual(
      [found.first_change_seq, found.totals.other_reasons, found.totals.not_derived],
      [null, 0, 0],
      'same',
    );
    assert.deepEqual(
      codes(found),
      ['RECORDED_STATE', 'RECORDED_REQUESTS'],
      'what no comparison can show is always said',
    );
    assert.equal(found.opening_notional_usdt.recorded, found.opening_notional_usdt.candidate, 'same notional');
  });

  it('a smaller order cap cuts, with the old and the new reasons and their figures', () => {
    const found = diffTo({ 'budgets.order_notional_usdt': 200 });
    const { change, recorded, candidate } = entryOf(found, 'small');
    assert.deepEqual(
      [change, recorded.decision, candidate.decision],
      ['cut', 'ALLOW', 'LIMIT'],
      'was whole, would be cut',
    );
    assert.deepEqual(recorded.reasons, [], 'it was allowed');
    const reason = candidate.reasons.find(({ code }) => code === 'BUDGET_NOTIONAL');
    assert.deepEqual([reason?.observed, reason?.limit, reason?.unit], [242, 200, 'USDT'], 'figures of the candidate');
    assert.ok((candidate.lots ?? 0) < (recorded.lots ?? 0), 'fewer lots');
    assert.ok(found.opening_notional_usdt.candidate < found.opening_notional_usdt.recorded, 'less is opened');
    assert.ok(found.first_change_seq === seqOf('small'), 'the first change is named');
    assert.ok(!found.changes.some(({ seq }) => seq === seqOf('close')), 'an exit is the same under any cap');
  });

  it('a shorter flip interval lets through what it had refused', () => {
    const found = diffTo({ 'temporal.flip_interval_ms': 1 });
    const { change, recorded, candidate } = entryOf(found, 'large');
    assert.deepEqual(
      [change, recorded.decision, candidate.decision],
      ['let_through', 'BLOCK', 'LIMIT'],
      'refused, cut',
    );
    assert.ok(
      recorded.reasons.some(({ code, limit }) => code === 'FLIP' && limit === 60_000),
      'the old reason',
    );
    assert.equal(found.totals.let_through, 1, 'and nothing else');
  });

  it('a scope is decided again: what leaves it is blocked, what enters it meets the next rule', () => {
    const found = diffTo({ 'scope.symbols': ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'] });
    // The daemon had no market of the symbol, so the next rule refuses it: other reasons, no change.
    assert.deepEqual([found.totals.let_through, found.totals.other_reasons], [0, 1], JSON.stringify(found.totals));
    const narrow = diffTo({ 'scope.symbols': ['BTCUSDT'] });
    assert.equal(entryOf(narrow, 'levered').change, 'blocked', 'and a narrower one blocks');
    assert.equal(entryOf(narrow, 'levered').candidate.reasons[0]?.code, 'SCOPE_SYMBOL', 'with its reason');
  });

  it('a wider leverage is held to the brackets of the exchange, not to those that were recorded [AN-138]', () => {
    const found = diffTo({ 'budgets.leverage': 5 });
    const { change, recorded, candidate } = entryOf(found, 'levered');
    assert.deepEqual([change, recorded.leverage, candidate.leverage], ['widened', 3, 5], JSON.stringify(candidate));
    assert.ok(!candidate.reasons.some(({ code }) => code === 'BUDGET_BRACKET'), 'the bracket does not refuse it');
  });

  it('SAE-M other market settings are said, and the regime is found again from the recorded figures', () => {
    const found = diffTo({ 'market.volatility.absolute': { volatile: 0.0001, extreme: 0.0002 } });
    const entry = entryOf(found, 'small');
    assert.deepEqual([entry.recorded.regime, entry.candidate.regime], ['calm', 'extreme'], 'found again');
    assert.ok(codes(found).includes('REGIME_HELD'), 'held labels are those of the recorded policy');
    assert.ok(!codes(found).includes('MARKET_FEATURES'), 'the windows are the same');
    const windows = diffTo({ 'market.volatility.window_bars': 30 });
    assert.ok(codes(windows).includes('MARKET_FEATURES'), 'and said where they are not');
  });

  it('every figure that was measured under the recorded policy has a caveat', () => {
    const found = diffTo({
      'account.drawdown.window_ms': DAY_MS,
      'budgets.order_rate.window_ms': 30_000,
      'temporal.duplicate_window_ms': 1,
      'temporal.breaker.repeats': 3,
      'trader_state.window_trades': 20,
      'tools.place_order.args': { type: 'object' },
      agents: { default: { budgets: { leverage: 1 } } },
      'standing.on_breach': 'reduce',
      mode: 'shadow',
    });
    for (const code of [
      'DRAWDOWN_WINDOW',
      'RATE_WINDOW',
      'DUPLICATES',
      'BREAKER',
      'TRADER_STATE',
      'ARGUMENT_SCHEMAS',
      'AGENT_EXPOSURE',
      'GATE_ACTIONS',
      'MODE',
    ])
      assert.ok(codes(found).includes(code), code);
  });

  it('--all-kinds also decides dry runs again, and leaves out tools that are executed elsewhere [AN-136]', () => {
    const tools = diffTo({});
    const all = diffTo({}, true);
    assert.ok(all.totals.requests > tools.totals.requests, 'more is compared');
    assert.deepEqual([all.totals.foreign_tools, all.totals.not_derived], [1, 0], 'the mail is not ours to decide');
    assert.equal(all.totals.unchanged, all.totals.requests, 'under the same policy all is as it was');
  });

  it('since leaves out what is older', () => {
    const reader = openLedgerReader(ledgerPath());
    const since = reader.readEvent(seqOf('levered'))?.at_ms ?? 0;
    reader.close();
    assert.equal(diffTo({}, false, since).totals.requests, 3, 'from that request on');
  });

  it('the verb prints a table with reasons, totals and limits, and ends with 5', async () => {
    const { code, out, err } = await cli(
      writeCandidate('smaller', { 'budgets.order_notional_usdt': 200 }),
      '--since',
      '7d',
    );
    assert.equal(code, 5, err);
    assert.match(out, /cut +agent place_order BTCUSDT buy 242 USDT 1x/, 'the request');
    assert.match(
      out,
      /would be +LIMIT 0\.003 1x .*BUDGET_NOTIONAL 242 against 200 USDT/,
      'the new reason with its figures',
    );
    assert.match(out, /What this cannot show:\n- Each request is decided again as if/, 'the limits');
  });

  it('prints JSON, lists the newest changes, and ends with 0 where nothing changes', async () => {
    const file = writeCandidate('smaller', { 'budgets.order_notional_usdt': 200 });
    const { code, out } = await cli(file, '--json', '--limit', '1');
    const found = JSON.parse(out) as PolicyDiff;
    assert.deepEqual([code, found.changes.length, found.changes[0]?.seq], [5, 1, seqOf('levered')], 'the newest one');
    assert.ok(found.changes_left_off >= 1, 'the others are counted');
    assert.equal((await cli(DEFAULT_FILE, '--since', '24h')).code, 0, 'nothing changes');
  });

  it('refuses what it cannot read, and a comparison of nothing', async () => {
    const broken = join(world.home, 'broken.yaml');
    writeFileSync(broken, 'version: 2\n');
    const wrong = await cli(broken);
    assert.deepEqual([wrong.code, /broken\.yaml is not a valid policy:\n {2}\S/.test(wrong.err)], [2, true], wrong.err);
    assert.equal((await cli(join(world.home, 'none.yaml'))).code, 2, 'no such file');
    const since = await cli(DEFAULT_FILE, '--since', 'lately');
    assert.deepEqual([since.code, /Expected 7d/.test(since.err)], [2, true], since.err);
    const nothing = await cli(DEFAULT_FILE, '--since', '2030-01-01');
    assert.deepEqual([nothing.code, /Nothing was compared/.test(nothing.err)], [1, true], nothing.err);
    const nobody = await holdfast(['policy', 'diff', DEFAULT_FILE, '--home', join(world.home, 'nobody')]);
    assert.deepEqual([nobody.code, /nobody/.test(nobody.err)], [1, true], nobody.err);
  });

  it('reads the ledger of a daemon that has stopped', async () => {
    await world.daemon.close();
    try {
      assert.equal((await cli(DEFAULT_FILE)).code, 0, 'without a daemon');
    } finally {
      await world.restart();
    }
  });
});
