import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACCOUNT_BREAKER, layerEvent, layerKey } from '../../../../daemon/engine/callers/layers.ts';
import { order, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a full disk (DESIGN section 7)', () => {
  const world = suiteWorld();

  const place = async (args: object): Promise<string> => {
    const { body } = await world.place(args);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const restingAtVenue = async (): Promise<readonly unknown[]> =>
    (await world.books()).orders.filter((entry) => entry.status === 'NEW').map((entry) => entry.client_order_id);
  const decisions = (): number => [...world.daemon.ledger.iterateEvents({ kind: 'decision' })].length;
  const rejectedInputs = (): number => [...world.daemon.ledger.iterateEvents({ kind: 'rejected_input' })].length;
  const opening = { order_type: 'limit', limit_price: 58_000, requested_notional: 240 };

  it('a ledger that fails leaves no opening order at the venue, and records nothing of it [LE-25 LE-28]', async () => {
    await place({ requested_notional: 300 });
    await place(opening);
    const takeProfit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 61_000 };
    const exit = await place({ ...takeProfit, requested_notional: 65 });
    const cancels = (): number => [...world.daemon.ledger.iterateEvents({ kind: 'order_intent' })].length;
    const before = cancels();
    assert.equal((await restingAtVenue()).length, 2);
    await world.run(world.daemon.gate.onLedgerFailure());
    assert.deepEqual(await restingAtVenue(), [exit], 'what reduces stays');
    assert.equal(cancels(), before, 'no record');
    await world.restart();
    assert.deepEqual(
      (await world.orders('?open=true')).map((open) => open.client_order_id),
      [exit],
      'as it became',
    );
  });

  it('keeps the reserve for exits, cancels and halts: nothing else is recorded, and nothing is opened [LE-18 LE-19 LE-20]', async () => {
    await world.advance(61_000);
    await place(opening);
    world.daemon.gate.onReserveUsed();
    await until(
      'the opening order is canceled',
      world.refreshing(async () => (await restingAtVenue()).length === 1),
    );
    assert.equal((await world.tradingState()).state, 'reducing');
    assert.equal((await world.ready()).status, 503);
    // An operator may clear the state; the disk stays full.
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    const before = [decisions(), rejectedInputs()];
    for (const [what, asked] of [
      ['an opening', world.place()],
      ['a refusal', world.place({ symbol: 'XRPUSDT' })],
      ['a dry run', world.dryRun('place_order', order())],
      ['an intercepted call', world.intercept('place_order', order())],
      ['a tool of somebody else', world.intercept('withdraw', {})],
      ['a close of nothing', world.tool('close_position', { symbol: 'ETHUSDT' })],
    ] as const)
      assert.equal((await asked).status, 503, what);
    assert.equal((await world.tool('place_order', { symbol: 7 })).status, 400);
    assert.deepEqual([decisions(), rejectedInputs()], before, 'nothing was recorded');

    const [exit] = await restingAtVenue();
    const canceled = await world.tool('cancel_order', { client_order_id: exit });
    assert.equal(canceled.status, 200);
    assert.deepEqual(await restingAtVenue(), [], 'a cancel goes on');
    const again = decisions();
    assert.equal((await world.tool('cancel_all', {})).status, 503, 'there is nothing to cancel');
    assert.equal(decisions(), again);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    const halted = await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    assert.equal(halted.status, 200, 'a halt goes on');
    assert.equal((await world.operator('POST', '/v1/flatten', { reason: 'test' })).status, 200);
  });

  it('an agent cannot use the reserve up, however it exits, changes and cancels; a whole exit passes [LE-21 LE-22 LE-23]', async () => {
    await world.restart();
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.advance(61_000);
    await until('trading is active', async () => (await world.tradingState()).state === 'active');
    await place({ requested_notional: 900, max_slippage_bps: 20 });
    await place({ symbol: 'ETHUSDT', requested_notional: 900, max_slippage_bps: 20 });
    const takeProfit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 61_000 };
    const resting = await place({ ...takeProfit, requested_notional: 65 });
    world.daemon.gate.onReserveUsed();
    await until('it is known', () => world.daemon.gate.readiness().waiting_for.some((what) => /disk/.test(what)));
    /** Of agents; feeds go on recording what they see. */
    const records = (): number =>
      ['decision', 'order', 'order_intent'].reduce(
        (sum, kind) => sum + [...world.daemon.ledger.iterateEvents({ kind })].length,
        0,
      );
    const loop = async (what: string, most: number, ask: (i: number) => Promise<unknown>): Promise<void> => {
      await world.run(world.daemon.gate.core.settled());
      const before = records();
      for (let i = 0; i < 40; i += 1) await ask(i);
      assert.ok(records() - before <= most, `${what}: ${records() - before} records`);
    };
    await loop('a take-profit that is canceled', 0, async (i) => {
      const { status, body } = await world.place({ ...takeProfit, requested_notional: 65 + i });
      assert.equal(status, 503, JSON.stringify(body));
    });
    await loop('a take-profit that is changed', 0, async (i) => {
      const { status } = await world.tool('modify_order', { client_order_id: resting, limit_price: 61_000 + 10 * i });
      assert.equal(status, 503);
    });
    const refused = { kind: 'error', code: -4164, msg: 'too small', count: 1_000 };
    await world.fault({ ...refused, match: { method: 'POST', path: '/fapi/v1/order' } });
    await loop('an exit that closes nothing', 20, () => world.tool('close_position', { symbol: 'BTCUSDT' }));
    await world.control('clear-faults', {});
    const held = await world.position('ETHUSDT');
    await loop('an exit of one lot', 20 * 6, () =>
      world.tool('close_position', { symbol: 'ETHUSDT', fraction: 0.000001 }),
    );
    assert.ok((await world.position('ETHUSDT')) < held, 'parts were closed, to begin with');
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    assert.equal(await world.position('ETHUSDT'), 0);
    assert.deepEqual(await restingAtVenue(), [], 'the take-profit made room for the exits');
    const flat = await world.operator('POST', '/v1/flatten', { reason: 'test' });
    assert.equal(flat.status, 200);
    assert.equal(await world.position('BTCUSDT'), 0, 'an operator is not paced');
  });

  it('starts again without room for a reserve: exits and cancels go on, and people are told [LE-26]', async () => {
    await world.restart();
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.advance(61_000);
    await until('trading is active', async () => (await world.tradingState()).state === 'active');
    await place({ requested_notional: 300 });
    const { core } = world.daemon.gate;
    const cleared = layerEvent(ACCOUNT_BREAKER, 'cleared, and waits for its delay', 'daemon', 'the delay is over');
    core.appendTightening({ ...cleared, state: 'reducing', clears_at_ms: core.nowMs() + 600_000 });
    world.freeReserve(true);
    const reported = (): number =>
      [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(
        ({ payload }) => (payload as { readonly code: string }).code === 'DISK_FULL',
      ).length;
    const before = reported();
    await world.restart();
    assert.equal(reported(), before + 1);
    assert.equal((await world.tradingState()).state, 'reducing');
    const breaker = world.daemon.gate.core.state.layers.get(layerKey(ACCOUNT_BREAKER));
    assert.equal(breaker?.clearsAtMs, null, 'no delay of before ends it');
    assert.equal((await world.place({ symbol: 'ETHUSDT' })).status, 503);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });

    world.freeReserve(false);
    await world.restart();
    assert.equal(reported(), before + 1);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await place({ symbol: 'ETHUSDT', requested_notional: 300 });
  });

  it('a cancel after an exit that closed does not hold up the next one: it is no exit that closed nothing [LE-22]', async () => {
    const takeProfit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 3_300 };
    const resting = await place({ symbol: 'ETHUSDT', ...takeProfit, requested_notional: 30 });
    world.daemon.gate.onReserveUsed();
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT', fraction: 0.5 });
    assert.equal((await world.tool('cancel_order', { client_order_id: resting })).status, 200);
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    assert.equal(await world.position('ETHUSDT'), 0);
  });
});
