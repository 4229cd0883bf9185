import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { COUNTED_BUDGETS } from '../../../daemon/core/keys/budgets.ts';
import { isAtMost } from '../../../daemon/core/looser/is-at-most.ts';
import { type PolicySuggestion, suggestPolicy } from '../../../daemon/engine/audit/policy-suggest.ts';
import { openLedgerReader } from '../../../daemon/ledger/reader.ts';
import { parsePolicy } from '../../../daemon/policy/parse.ts';
import { holdfast } from '../../cli/run.ts';
import { DaemonWorld } from '../../daemon/harness.ts';
import { changed, DEFAULT_POLICY } from '../../policy/documents.ts';

describe('policy suggest', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ real: true });
    for (const [symbol, notional] of [
      ['BTCUSDT', 200],
      ['BTCUSDT', 310],
      ['ETHUSDT', 420],
      ['BTCUSDT', 9000],
    ] as const) {
      const { status } = await world.place({ symbol, requested_notional: notional });
      assert.equal(status, 200);
      await world.refresh();
    }
  });
  after(() => world.close());

  const ledger = (): string => join(world.home, 'paper', 'ledger.db');
  function suggest(spec: typeof DEFAULT_POLICY, headroom: number, mayLoosen = false): PolicySuggestion {
    const reader = openLedgerReader(ledger());
    try {
      const found = suggestPolicy(reader, { policy: { spec, hash: 'base' }, sinceMs: 0, headroom, mayLoosen });
      assert.ok(found !== null);
      return found;
    } finally {
      reader.close();
    }
  }
  const of = (found: PolicySuggestion, key: string) => {
    const row = found.suggestions.find((each) => each.key === key);
    assert.ok(row !== undefined, key);
    return row;
  };

  it('exactly what was needed cuts nothing of what was permitted, and a little less cuts something', () => {
    const found = suggest(DEFAULT_POLICY, 1);
    assert.equal(found.openings, 4);
    assert.deepEqual([found.would_cut, found.would_block], [0, 0]);
    // The books: 3 + 5 + 14 lots, and what the concentration cap left of the last order.
    assert.ok(of(found, 'symbol_notional_usdt').needed > 480 && of(found, 'gross_notional_usdt').needed > 900);
    for (const key of ['symbol_notional_usdt', 'gross_notional_usdt', 'turnover_usdt_per_day'] as const) {
      const tight = changed({ [`budgets.${key}`]: Math.floor(of(found, key).needed) - 70 }) as typeof DEFAULT_POLICY;
      const { would_cut: cut, would_block: blocked } = suggest(tight, 1);
      assert.ok(cut + blocked > 0, key);
    }
  });

  it('counts a sale at the mark, where the price that it is sent with is lower', async () => {
    const sales = await DaemonWorld.start({ real: true });
    try {
      const { status } = await sales.place({ side: 'sell' });
      assert.equal(status, 200);
      const reader = openLedgerReader(join(sales.home, 'paper', 'ledger.db'));
      const policy = { spec: DEFAULT_POLICY, hash: 'base' };
      const found = suggestPolicy(reader, { policy, sinceMs: 0, headroom: 1, mayLoosen: false });
      reader.close();
      assert.ok(found !== null);
      // Four lots at the mark of 60,000.
      assert.ok(of(found, 'order_notional_usdt').needed >= 240, String(of(found, 'order_notional_usdt').needed));
    } finally {
      await sales.close();
    }
  });

  it('is never looser than today, unless it is asked for, and then says so', () => {
    const tight = changed({
      'budgets.order_notional_usdt': 100,
      'budgets.slippage_bps': 5,
      'budgets.concurrent_positions': 1,
    }) as typeof DEFAULT_POLICY;
    for (const spec of [DEFAULT_POLICY, tight]) {
      const found = suggest(spec, 3);
      assert.deepEqual(isAtMost(found.spec, spec), []);
      assert.ok(found.suggestions.every((each) => !each.looser && each.suggested <= each.today));
    }
    const loose = suggest(tight, 1.25, true);
    for (const key of ['order_notional_usdt', 'slippage_bps', 'concurrent_positions']) {
      assert.equal(of(loose, key).looser, true, key);
    }
    assert.ok(isAtMost(loose.spec, tight).length > 0);
  });

  it('what it writes is a valid policy, with agents held to it', async () => {
    const spec = changed({ 'agents.bob': { budgets: { gross_notional_usdt: 2999 } } }) as typeof DEFAULT_POLICY;
    const { spec: suggested } = suggest(spec, 1);
    assert.ok((suggested.agents.bob?.budgets?.gross_notional_usdt ?? 0) <= suggested.budgets.gross_notional_usdt);
    assert.ok(parsePolicy(`${JSON.stringify(suggested)}\n`, 'p.json').ok);
    const file = join(world.home, 'suggested.yaml');
    const args = ['policy', 'suggest', '--ledger', ledger(), '--out', file];
    const { code, out, err } = await holdfast(args);
    assert.equal(code, 0, err);
    assert.match(err, /^reading: recorded openings\n/, 'a line of progress');
    assert.match(out, /Nothing here is looser than today\.\n/);
    assert.match(out, /order_notional_usdt cut 1 requests as it is/);
    const parsed = parsePolicy(readFileSync(file, 'utf8'), file);
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const again = await holdfast(args);
    assert.deepEqual(
      [again.code, /exists: a suggestion needs a new file/.test(again.err)],
      [2, true],
      'never replaces a file',
    );
  });

  it('says what each key would have cut, and names every budget it looks at', async () => {
    const { out } = await holdfast(['policy', 'suggest', '--ledger', ledger(), '--json']);
    const found = JSON.parse(out) as PolicySuggestion;
    assert.deepEqual(
      found.suggestions.map(({ key }) => key),
      COUNTED_BUDGETS,
    );
    assert.equal(found.requests, 4);
  });

  it('without an opening there is nothing to suggest from', async () => {
    const { code, err } = await holdfast(['policy', 'suggest', '--ledger', ledger(), '--since', '2099-01-01']);
    assert.equal(code, 1);
    assert.match(err, /has no permitted opening in that time/);
  });
});
