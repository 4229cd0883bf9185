import assert from 'node:assert/strict';
import { test } from 'node:test';
import { T0, tradeEvent } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

test('what no order of the views explains counts in turnover and fees of the account, once [PK-14 PK-15]', () => {
  const { ledger } = new FoldedClaims();
  for (const [id, order] of [
    ['1', null],
    ['2', 'autoclose-7'],
    ['1', null],
  ] as const)
    ledger.append(tradeEvent(id, order, T0 + 1_000, { lots: 10, price: 60_000, fee_usdt: 0.3 }));
  const { account } = ledger.state.pacing;
  assert.equal(account.turnover.sum(T0 + 2_000), 2 * 600);
  assert.equal(account.fees.sum(T0 + 2_000), 2 * 0.3);
});
