import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findRepeatedExecution } from '../../../daemon/engine/protect/breakers.ts';
import type { StateEvent } from '../../../daemon/engine/records/people-events.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

/** Eight equal orders within a minute stop an agent for five minutes. */
const { breaker } = basePolicy.temporal;
const SPACING_MS = 1_000;

interface Executed {
  readonly agent?: string;
  readonly lots?: number;
  readonly symbol?: string;
  readonly isFilled?: boolean;
}
/** The last of these orders fills at the time given, those before it a second apart; answers the layer to set. */
function execute(ledger: FoldedLedger, executed: readonly Executed[], lastMs: number): StateEvent | null {
  let found: StateEvent | null = null;
  for (const [index, { agent = 'alice', isFilled = true, lots = 10, symbol = 'BTCUSDT' }] of executed.entries()) {
    const atMs = lastMs - (executed.length - 1 - index) * SPACING_MS;
    const id = `o-${ledger.events.length}`;
    const orders = [{ client_order_id: id, lots, symbol }];
    ledger.append(decisionEvent({ id: `d-${id}`, atMs, agent, orders }));
    const fill = { status: 'filled', executed_lots: lots, average_price: 60_000 } as const;
    ledger.append(orderEvent(id, atMs, isFilled ? fill : { status: 'canceled' }));
    const order = ledger.state.orders.all.get(id);
    assert.ok(order !== undefined);
    found = findRepeatedExecution(ledger.state, order, breaker, atMs);
  }
  return found;
}
const times = (count: number, order: Executed = {}): readonly Executed[] => Array.from({ length: count }, () => order);
const AT_MS = T0 + 600_000;

describe('the breaker of an agent that repeats itself', () => {
  it('opens at as many equal orders as the policy says, and not at one fewer [PK-27 PK-30]', () => {
    for (const [count, opens] of [
      [breaker.repeats - 1, false],
      [breaker.repeats, true],
    ] as const) {
      const found = execute(new FoldedLedger(), times(count), AT_MS);
      assert.equal(found !== null, opens, `${count} orders`);
      if (found !== null) assert.deepEqual([found.scope, found.name, found.state], ['agent', 'alice', 'reducing']);
    }
  });

  for (const [what, other] of [
    ['another size', { lots: 11 }],
    ['another symbol', { symbol: 'ETHUSDT' }],
    ['another agent', { agent: 'bob' }],
    ['an order that did not fill', { isFilled: false }],
  ] as const)
    it(`does not count ${what}`, () => {
      const orders = [other, ...times(breaker.repeats - 1)];
      assert.equal(execute(new FoldedLedger(), orders, AT_MS), null);
    });

  it('counts within its window: the first of them a millisecond longer ago, and a millisecond less [PK-28]', () => {
    for (const [agoMs, opens] of [
      [breaker.window_ms + 1, false],
      [breaker.window_ms - 1, true],
    ] as const) {
      const ledger = new FoldedLedger();
      execute(ledger, times(1), AT_MS - agoMs);
      assert.equal(execute(ledger, times(breaker.repeats - 1), AT_MS) !== null, opens, `${agoMs} ms ago`);
    }
  });

  it('stays open for its cooldown, and twice as long at each further trip [PK-29]', () => {
    const ledger = new FoldedLedger();
    let atMs = AT_MS;
    for (const factor of [1, 2, 4]) {
      const found = execute(ledger, times(breaker.repeats), atMs);
      assert.ok(found !== null, `trip for ${factor} cooldowns`);
      assert.equal(found.clears_at_ms, atMs + factor * breaker.cooldown_ms);
      ledger.append({ kind: 'state', at_ms: atMs, payload: found });
      atMs += factor * breaker.cooldown_ms + breaker.window_ms;
    }
  });
});
