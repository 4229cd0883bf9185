import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { order, until } from '../daemon/harness.ts';
import { openOrders, orderOf } from './attempts.ts';
import { AMEND, CANCEL, exits, killed, LATE_MS, press, prove, repeats, revive, SEND } from './killed-and-restarted.ts';
import type { KilledDaemon } from './killed-daemon.ts';

describe('ways around a gate: killed while orders rest or a position is held', { concurrency: true }, () => {
  killed('while an order rests', { seed: 13 }, (it_) => {
    let resting = '';
    async function rest(world: KilledDaemon): Promise<void> {
      await world.begin();
      const limit = { order_type: 'limit', limit_price: 59_000 };
      const { body } = await world.tool('place_order', order(limit));
      resting = body.execution?.orders[0]?.client_order_id ?? '';
      // The answer may have come before the exchange's.
      await world.untilKnown();
      assert.equal(orderOf(await world.books(), resting).status, 'NEW', JSON.stringify(body));
    }
    const amendment = (id: string) => ({
      client_order_id: resting,
      limit_price: 59_100,
      requested_notional: 600,
      request_id: id,
    });

    for (const [what, fault] of [
      ['that the exchange took', { kind: 'accept-then-timeout', match: AMEND }],
      ['that arrives after the restart', { kind: 'delay', ms: LATE_MS, match: AMEND }],
    ] as const) {
      it(`BY-13 knows the form of an order after an amend ${what}`, async () => {
        const world = it_();
        await rest(world);
        const ask = amendment(`amend-${fault.kind}`);
        await world.killAtFault(fault, () => world.tool('modify_order', ask));
        await revive(world);
        await repeats(world, 'modify_order', ask);
        await press(world, 'BTCUSDT');
        const books = await prove(world);
        const { price } = orderOf(books, resting);
        assert.ok(
          Number(price) === 59_100 || (fault.kind === 'delay' && Number(price) === 59_000),
          `it rests at ${price}`,
        );
      });
    }
    it('BY-13 finds the one order that reaches the exchange after its daemon was killed', async () => {
      const world = it_();
      await world.begin();
      const ask = order({ symbol: 'ETHUSDT', request_id: 'late' }) as { request_id: string };
      await world.killAtFault({ kind: 'delay', ms: LATE_MS, match: SEND }, () => world.tool('place_order', ask));
      await revive(world);
      await repeats(world, 'place_order', ask);
      await press(world, 'ETHUSDT');
      const { orders } = await prove(world);
      const now = (await repeats(world, 'place_order', ask)).execution;
      const isThere = orders.some((each) => each.client_order_id === now?.orders[0]?.client_order_id);
      assert.equal(now?.state, isThere ? 'filled' : 'rejected', 'the repeated request tells which');
    });
    it('BY-13 cancels again what it was killed over', async () => {
      const world = it_();
      await rest(world);
      const ask = { client_order_id: resting, request_id: 'cancel' };
      await world.killAtFault({ kind: 'drop-before', match: CANCEL }, () => world.tool('cancel_order', ask));
      assert.equal(orderOf(await revive(world), resting).status, 'NEW', 'the cancel did not arrive');
      await repeats(world, 'cancel_order', ask);
      const isCanceled = async () => orderOf(await world.books(), resting).status === 'CANCELED';
      await until('it is canceled', isCanceled, 10_000);
      await prove(world);
    });
  });

  killed('with a position', { seed: 14 }, (it_) => {
    it('BY-13 knows a fill whose answer never came', async () => {
      const world = it_();
      await world.begin();
      const ask = order({ requested_notional: 900, request_id: 'fill' }) as { request_id: string };
      await world.killAtFault({ kind: 'stall-body', match: SEND }, () => world.tool('place_order', ask));
      assert.equal((await revive(world)).orders.length, 1, 'the exchange took it');
      await press(world, 'BTCUSDT');
      const books = await prove(world);
      assert.equal((await repeats(world, 'place_order', ask)).execution?.state, 'filled');
      assert.equal(openOrders(books).length, 0, 'nothing rests');
    });
    for (const [what, fault] of [
      ['that the exchange took', { kind: 'accept-then-timeout', match: SEND }],
      ['that arrives after the restart', { kind: 'delay', ms: LATE_MS, match: SEND }],
    ] as const) {
      it(`BY-13 sells a share once, and exits again, after an exit ${what}`, async () => {
        const world = it_();
        await world.begin();
        await world.tool('place_order', order({ requested_notional: 900 }));
        // The answer may have come before the exchange's.
        await world.untilKnown();
        const held = await world.held('BTCUSDT');
        const ask = { symbol: 'BTCUSDT', fraction: 0.4, request_id: `exit-${fault.kind}` };
        await world.killAtFault(fault, () => world.tool('close_position', ask));
        await revive(world);
        await repeats(world, 'close_position', ask);
        const { body } = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.3 });
        assert.notEqual(body.decision?.decision, 'BLOCK', JSON.stringify(body.decision?.reasons));
        await prove(world);
        const left = await world.held('BTCUSDT');
        assert.ok(left > 0 && left < held, `${left} of ${held} is left`);
        await exits(world, 'BTCUSDT');
        await prove(world);
      });
    }
  });
});
