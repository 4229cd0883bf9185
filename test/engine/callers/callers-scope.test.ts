import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LayerMap, SignalBook, stateInForce } from '../../../daemon/engine/callers/layers.ts';
import type { LiveCore } from '../../../daemon/engine/flow/core.ts';
import { describePositions } from '../../../daemon/reads/bodies.ts';
import { forAll } from '../../for-all.ts';
import { BTC_RULES, FoldedLedger, LOT_E8, T0 } from '../fold-fixture.ts';

const name = <T extends string>(...names: readonly T[]) => fc.option(fc.constantFrom(...names));

test('a signal is of each account, agent and symbol, where it names none [AN-158 AN-159 AN-160 TF-66]', () => {
  const scope = { account: name('main', 'other'), agent: name('alice', 'bob'), symbol: name('BTCUSDT', 'ETHUSDT') };
  forAll([fc.record(scope), fc.record(scope)], { seed: 3, numRuns: 400 }, (of, at) => {
    const book = new SignalBook();
    const rest = { evidence_hash: null, expires_at_ms: T0 + 10, severity: 1, signal_id: 's', set_by: 'm' };
    book.apply({ ...of, ...rest, kind: 'injection' }, T0, T0);
    const { account, agent, symbol } = { account: at.account ?? 'main', agent: at.agent ?? 'alice', symbol: at.symbol };
    const isMeant =
      [account, null].includes(of.account) && [agent, null].includes(of.agent) && [symbol, null].includes(of.symbol);
    assert.deepEqual(book.activeKinds(T0, account, agent, symbol), isMeant ? ['injection'] : []);
  });
});

test('of the layers that apply the strictest state is in force [AN-165 AN-235]', () => {
  const STATES = ['active', 'reducing', 'halted'] as const;
  const layer = fc.record({
    clearsAtMs: fc.constantFrom(null, T0 - 1, T0 + 1),
    layer: fc.constantFrom('operator', 'breaker', 'boot', 'condition'),
    of: fc.constantFrom(
      { scope: 'account', name: null },
      { scope: 'symbol', name: 'BTCUSDT' },
      { scope: 'symbol', name: 'ETHUSDT' },
      { scope: 'agent', name: 'alice' },
    ),
    state: fc.constantFrom('reducing', 'halted'),
  });
  forAll([fc.array(layer, { maxLength: 6 })], { seed: 4, numRuns: 400 }, (drawn) => {
    const layers = new Map(drawn.map(({ of, ...rest }, i) => [String(i), { ...rest, ...of }])) as unknown as LayerMap;
    const applies = drawn.filter(({ clearsAtMs, of }) => clearsAtMs !== T0 - 1 && of.name !== 'ETHUSDT');
    const strictest = Math.max(0, ...applies.map(({ state }) => STATES.indexOf(state as 'halted')));
    assert.equal(stateInForce(layers, T0, 'BTCUSDT', 'alice').state, STATES[strictest]);
  });
});

test('a position is worth its quantity at the mark, whatever its side, and 0 without a mark [AN-93]', () => {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  ledger.state.position('BTCUSDT').quantityE8 = -3 * LOT_E8;
  const worth = (mark: number | null): number | undefined => {
    const market = { symbol: () => (mark === null ? null : { mark }) };
    const core = { market, state: ledger.state } as unknown as LiveCore;
    const operator = { role: 'operator', agent: 'operator', tokenId: 'o', skillSha256: null } as const;
    return describePositions(core, operator)[0]?.notional_usdt;
  };
  assert.deepEqual([worth(60_000), worth(null)], [180, 0]);
});
