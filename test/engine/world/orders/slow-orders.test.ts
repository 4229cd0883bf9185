import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('an order that stays as it should not is told of (BY-32)', () => {
  const world = suiteWorld({ policy: { ...UNPACED, protection: { required: true, stop_bps: 300 } } });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await pass(5_000);
    assert.deepEqual(await resting(), []);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
  });

  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await world.advance(1_000);
      await world.sleep(1_000);
    }
  };
  const resting = async (): Promise<readonly unknown[]> => {
    const { algo_orders, orders } = await world.books();
    return [...algo_orders, ...orders].filter(({ status }) => status === 'NEW');
  };
  const reported = (fromSeq: number): readonly string[] =>
    world.alerts(fromSeq).map(({ code, detail }) => `${code}: ${detail}`);
  const rest = async (limit_price = 59_600): Promise<void> => {
    await world.mustPlace('working', { order_type: 'limit', limit_price, requested_notional: 200 });
  };
  const halt = () => world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
  const refused = { kind: 'status', status: 500, count: 100_000, match: { method: 'DELETE', path: '/fapi/v1/order' } };

  it('an opening order under a halt whose cancel never gets through, and another one: once', async () => {
    await rest();
    await rest(59_500);
    const seq = world.daemon.ledger.lastSeq();
    await world.fault(refused);
    await halt();
    await pass(150_000);
    assert.equal((await resting()).length, 2);
    assert.equal(reported(seq).length, 1, reported(seq).join('; '));
    assert.match(
      reported(seq)[0] ?? '',
      /^CANCEL_FAILED: the cancel of \S+ was asked for 6\d s ago, and it is working .* 1 more of BTCUSDT/,
    );
  });

  it('the stop of a position that is gone', async () => {
    await world.mustPlace('filled', { side: 'buy', requested_notional: 300 });
    await pass(3_000);
    const seq = world.daemon.ledger.lastSeq();
    await world.fault({ ...refused, match: { method: 'DELETE', path: '/fapi/v1/algoOrder' } });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await pass(100_000);
    assert.equal((await resting()).length, 1);
    assert.equal(reported(seq).length, 1, reported(seq).join('; '));
    assert.match(reported(seq)[0] ?? '', /^CANCEL_FAILED/);
  });

  it('an opening of which no answer tells what became of it, which its agent can close all the same', async () => {
    const seq = world.daemon.ledger.lastSeq();
    await world.fault({ kind: 'accept-then-timeout', match: { method: 'POST', path: '/fapi/v1/order' } });
    await world.fault({
      kind: 'status',
      status: 500,
      count: 100_000,
      match: { method: 'GET', path: '/fapi/v1/order' },
    });
    await world.place({ side: 'buy', requested_notional: 300 });
    await pass(100_000);
    assert.ok((await world.position('BTCUSDT')) > 0, 'it has filled');
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
    await pass(5_000);
    assert.equal(
      await world.position('BTCUSDT'),
      0,
      'a reading shows it: an exit is not refused since an answer is late',
    );
    const codes = reported(seq).filter((text) => text.startsWith('ORDER_UNKNOWN'));
    assert.equal(codes.length, 1, reported(seq).join('; '));
    assert.match(codes[0] ?? '', /^ORDER_UNKNOWN: what became of hf\S+ is not known for 6\d s/);
    await world.control('clear-faults', {});
    await pass(20_000);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await pass(5_000);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('not one that goes within the minute', async () => {
    await rest();
    const seq = world.daemon.ledger.lastSeq();
    await world.fault({ ...refused, count: 20 });
    await halt();
    await pass(90_000);
    assert.deepEqual(reported(seq), []);
  });
});
