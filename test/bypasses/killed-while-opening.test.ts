import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { order, until } from '../daemon/harness.ts';
import { codesOf, isPermitted, newOrders } from './attempts.ts';
import { exits, killed, press, prove, repeats, revive, SEND } from './killed-and-restarted.ts';
import { readLedger } from './ledger-against-books.ts';

/** Longer than a machine stands still between a look at the exchange and the kill. */
const SPACING_MS = 5_000;
/** From the first slice that is seen to the kill. */
const KILLED_WITHIN_MS = 350;
/** Longer than a restart on a busy machine takes. */
const COOLDOWN_MS = 60_000;

describe('ways around a gate: killed while it opens', { concurrency: true }, () => {
  killed('between append and submit', { seed: 11, cooldownMs: COOLDOWN_MS }, (it_) => {
    it('BY-13 places nothing for a decision that was on disk and not on its way, and still cools down [AP-36]', async () => {
      const world = it_();
      const ask = order({ request_id: 'before' }) as { request_id: string };
      const leverage = { kind: 'accept-then-timeout', match: { method: 'POST', path: '/fapi/v1/leverage' } };
      await world.killAtFault(leverage, () => world.tool('place_order', ask));
      assert.deepEqual((await revive(world)).orders, [], 'nothing was sent');
      const again = await repeats(world, 'place_order', ask);
      const limits = await world.limits('BTCUSDT');
      const since = limits.at_ms - (again.decision?.at_ms ?? 0);
      const lastsMs = limits.symbols[0]?.cooldown_remaining_ms ?? 0;
      assert.ok(Math.abs(lastsMs - (COOLDOWN_MS - since)) < 50, `${lastsMs} ms of cooldown ${since} ms later`);
      const [open] = await world.orders('?open=true');
      assert.equal(open?.status, 'unknown', 'whether it was sent is not known at first');
      const worth = Number(open.quantity) * 60_000;
      assert.ok(worth > 0 && open.reserved_notional_usdt >= worth, `${open.reserved_notional_usdt} USDT reserved`);
      assert.ok(codesOf(await press(world, 'BTCUSDT')).includes('COOLDOWN'), 'and refuses');
      assert.deepEqual((await prove(world)).orders, [], 'nothing was ever sent');
      const [id] = [...readLedger(world).planned.keys()];
      assert.equal(readLedger(world).outcome.get(id ?? '')?.status, 'not_placed', 'the ledger says that it never was');
    });
  });

  killed('between slices', { seed: 12, slices: 3, spacingMs: SPACING_MS }, (it_) => {
    const staged = (id: string, symbol = 'BTCUSDT') =>
      order({ symbol, requested_notional: 600, request_id: id }) as { request_id: string };

    it('BY-13 drops the slices that were not sent yet', async () => {
      const world = it_();
      const ask = staged('slices');
      const asked = world.tool('place_order', ask);
      const wanted = world.draws.int(1, 2);
      await until('some slices are sent', async () => (await world.books()).orders.length >= wanted, 20_000);
      await delay(world.draws.int(0, KILLED_WITHIN_MS));
      await world.kill();
      await asked.catch(() => null);
      const { orders } = await revive(world);
      assert.ok(orders.length < 3, `${orders.length} slices were sent`);
      await repeats(world, 'place_order', ask);
      await delay(2 * SPACING_MS);
      const books = await prove(world);
      assert.equal(books.orders.length, orders.length, 'no slice was sent after the restart');
      await exits(world, 'BTCUSDT');
    });
    it('BY-13 counts a slice whose answer never came [TM-43]', async () => {
      const world = it_();
      await world.begin();
      const earlier = await world.books();
      const ask = staged('answer', 'ETHUSDT');
      const answer = await world.tool('place_order', ask);
      assert.ok(isPermitted(answer), JSON.stringify(answer.body));
      await world.killAtFault({ kind: 'accept-then-timeout', match: SEND }, async () => answer);
      const sent = newOrders(await revive(world), earlier).length;
      assert.ok(sent === 2 || sent === 3, `${sent} slices were sent`);
      await repeats(world, 'place_order', ask);
      await press(world, 'ETHUSDT');
      await prove(world);
      await exits(world, 'ETHUSDT');
      await prove(world);
    });
  });

  killed('in the middle of many', { seed: 15, slices: 3, spacingMs: SPACING_MS }, (it_) => {
    it('BY-13 keeps to one decision a request id when it is killed in the middle of many', async () => {
      const world = it_();
      const asks = Array.from({ length: 16 }, (_, index) => {
        const symbol = world.draws.pick(['BTCUSDT', 'ETHUSDT']);
        const change = { symbol, requested_notional: world.draws.int(70, 260), request_id: `many-${index}` };
        return order(change) as { request_id: string };
      });
      const asked = asks.map((ask) => world.tool('place_order', ask).catch(() => null));
      await until('the first is at the exchange', async () => (await world.books()).orders.length > 0, 20_000);
      await delay(world.draws.int(0, 15));
      await world.kill();
      const answers = await Promise.all(asked);
      await revive(world);
      const repeated = await Promise.all(asks.map((ask) => world.tool('place_order', ask)));
      const { byRequest } = readLedger(world);
      for (const [index, { request_id: id }] of asks.entries()) {
        const decisions = byRequest.get(id) ?? [];
        assert.deepEqual(decisions, [repeated[index]?.body.decision?.decision_id], `decisions of ${id}`);
        const answer = answers[index];
        if (answer) assert.equal(answer.body.decision?.decision_id, decisions[0], `${id} was answered already`);
      }
      await prove(world);
    });
  });
});
