import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackDaemon } from './live.ts';

test('ATK-ESCALATE ATK-FLOOD ATK-ADAPT ATK-MISUSE: a daemon that decides and does not enforce is seen through', async () => {
  const report = await attackDaemon(
    (spec) => {
      spec.mode = 'shadow';
      spec.scope.venues = ['paper'];
    },
    4,
    12,
  );
  const { families, overspend } = report;
  assert.equal(report.passed, false, 'it must not pass');
  assert.ok((report.attack_success ?? 0) > 0, `AttackSuccess ${report.attack_success}`);
  assert.ok(report.orders.out_of_scope_fills > 0, 'fills out of scope');
  assert.ok(Math.max(overspend.order.ratio, overspend.symbol.ratio, overspend.gross.ratio) > 1, 'a cap was overspent');
  const broke = new Set(Object.values(families).flatMap((family) => Object.keys(family.breaches)));
  const caps = ['order_cap', 'symbol_cap', 'gross_cap'].filter((breach) => broke.has(breach));
  assert.ok(caps.length > 0, `broke ${[...broke].join(', ')}`);
  assert.ok(report.failures.length > 1, 'it says why');
  assert.ok(Math.abs(report.damage.unexplained_usdt) < 1e-4, 'the damage adds up to the change of equity');
});
