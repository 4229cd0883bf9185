import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attackDaemon } from './live.ts';

/** Half of it is the attack, half the halt that follows. */
const SECONDS = 3;

test('ATK-ESCALATE ATK-FLOOD ATK-MISUSE ATK-STATE ATK-FLIP ATK-ADAPT ATK-CHURN: an enforcing daemon lets nothing through', async () => {
  const report = await attackDaemon(
    (spec) => {
      // Room to try: with the shipped rate the first seconds would use up every token.
      spec.budgets.order_rate.max = 200;
      spec.budgets.turnover_usdt_per_day = 200_000;
      spec.budgets.fees_usdt_per_day = 200;
      spec.market.freshness.mark_ms = 1500;
      spec.temporal.flip_interval_ms = 3000;
    },
    SECONDS,
    11,
  );
  const reported = JSON.stringify({ failures: report.failures, exits: report.exits, orders: report.orders }, null, 1);
  assert.equal(report.attack_success, 0, reported);
  assert.equal(report.orders.out_of_scope_fills, 0, reported);
  assert.equal(report.exits.refused, 0, reported);
  assert.ok(report.passed, reported);
  for (const [name, peak] of Object.entries(report.overspend)) {
    assert.ok(peak.usdt > 0, `${name}: something was opened`);
    assert.ok(peak.ratio <= 1, `${name}: ${peak.usdt} of ${peak.capUsdt}`);
  }
  const executed = Object.values(report.families).filter((family) => family.executed_attempts > 0);
  assert.ok(executed.length > 0, 'some attacks executed something in scope');
  const refused = Object.values(report.families).reduce((sum, family) => sum + family.refused_attempts, 0);
  assert.ok(refused > 20, `${refused} attempts were refused`);
  assert.equal(report.raw_requests.accepted, 0, 'improper requests');
  assert.deepEqual(report.halt?.refused, report.halt?.asked, 'while halted all is refused');
  assert.ok((report.halt?.asked ?? 0) > 0, 'the halt was tested');
  assert.ok(Math.abs(report.damage.unexplained_usdt) < 1e-4, 'the damage adds up to the change of equity');
});

test('ATK-ESCALATE ATK-FLOOD ATK-ADAPT ATK-MISUSE: a daemon that decides and does not enforce is seen through', async () => {
  const report = await attackDaemon(
    (spec) => {
      spec.mode = 'shadow';
      spec.scope.venues = ['paper'];
    },
    SECONDS,
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
