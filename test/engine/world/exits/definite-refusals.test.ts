import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
/** Refusals that the exchange documents, and one of a family whose code nobody has told us of. */
const REFUSALS: readonly (readonly [code: number, msg: string])[] = [
  [-2020, 'Unable to fill.'],
  [-2024, 'Position is not sufficient.'],
  [-1112, 'No orders on book for symbol.'],
  [-2026, 'This OrderType is not supported when reduceOnly.'],
  [-4062, 'Invalid or improper reduceOnly value.'],
  [-4999, 'A filter of tomorrow.'],
];

describe('a refusal by the exchange is one, also with a code that nobody listed', () => {
  const world = suiteWorld({ wall: true, policy: UNPACED });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 120_000);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await until('nothing is left to be known', () => world.daemon.gate.unknownOrderCount() === 0, 60_000);
    await world.sleep(6_000);
  });

  const open = async (): Promise<void> => {
    await world.mustPlace('filled', { side: 'buy', requested_notional: 900 });
    await world.sleep(2_000);
  };
  const refuse = ([code, msg]: readonly [number, string], count: number): Promise<void> =>
    world.fault({ kind: 'error', code, msg, match: SEND, count });

  for (const refusal of REFUSALS) {
    it(`${refusal[0]}: an exit is tried again within seconds, and no lot is frozen`, async () => {
      await open();
      await refuse(refusal, 3);
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      await until('closed', async () => (await world.position('BTCUSDT')) === 0, 3_000);
      assert.equal(world.daemon.gate.unknownOrderCount(), 0);
    });

    it(`${refusal[0]}: an opening is over, and reserves nothing`, async () => {
      await refuse(refusal, 1);
      const body = await world.mustPlace('rejected', { side: 'buy', requested_notional: 900 });
      assert.equal(body.execution.orders[0]?.status, 'rejected');
      assert.equal(world.daemon.gate.unknownOrderCount(), 0);
      await open();
    });
  }

  it('one that goes on ends an exit after eight tries, with an alert that names it [EX-44]', async () => {
    await open();
    const fromSeq = world.daemon.ledger.lastSeq();
    await refuse([-4999, 'A filter of tomorrow.'], 1_000);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.sleep(30_000);
    const reported = world.alerts(fromSeq);
    const ended = reported.filter(({ code }) => code === 'EXIT_ENDED');
    assert.equal(ended.length, 1, JSON.stringify(reported));
    assert.match(ended[0]?.detail ?? '', /the venue refused it: A filter of tomorrow\.$/);
    const refused = world
      .records<{ readonly client_order_id: string; readonly status: string }>('order', fromSeq)
      .filter(({ status }) => status === 'rejected');
    assert.equal(new Set(refused.map(({ client_order_id: id }) => id)).size, 8);
  });

  it('a code that says that the fate is unknown, or that an earlier send lives, is none', async () => {
    for (const [code, msg] of [
      [-1006, 'An unexpected response was received from the message bus. Execution status unknown.'],
      [-1010, 'ERROR_MSG_RECEIVED.'],
      [-4115, 'clientTranId is duplicated.'],
      [-9999, 'Something else.'],
    ] as const) {
      await refuse([code, msg], 1);
      const { body } = await world.place({ side: 'buy', requested_notional: 300 });
      assert.equal(body.execution.state, 'unknown', `${code}: ${JSON.stringify(body.execution)}`);
      await until('it is known', () => world.daemon.gate.unknownOrderCount() === 0, 60_000);
    }
  });
});
