import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, type ToolBody, until } from '../../daemon/harness.ts';
import { createClient } from '../../exchange-sim/signed-client.ts';
import { checkAudit } from '../../recorded/verdicts.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
/** Whatever could tell of an order. */
const TELLING = ['/fapi/v1/order', '/fapi/v1/userTrades', '/fapi/v1/allOrders', '/fapi/v1/openOrders'];
const LOT = 0.001;

describe('an opening of which only the account tells', () => {
  let world: DaemonWorld;
  let agent: string;
  let other: string;
  beforeEach(async () => {
    world = await DaemonWorld.start({
      wall: true,
      policy: (spec) => {
        withoutPacing(spec);
        Object.assign(spec.budgets, {
          order_notional_usdt: 2_000,
          symbol_notional_usdt: 4_000,
          gross_notional_usdt: 5_000,
        });
        spec.account.concentration.floor_usdt = 4_000;
      },
    });
    agent = world.token('agent');
    other = world.createAgent('other');
    await world.setMark('BTCUSDT', 60_000);
  });
  afterEach(() => world.close());

  const blind = async (): Promise<void> => {
    for (const path of TELLING)
      await world.fault({ kind: 'status', status: 500, match: { method: 'GET', path }, count: 100_000 });
  };
  const open = async (token: string, lots: number): Promise<ToolBody> =>
    (await world.tool('place_order', order({ side: 'buy', requested_notional: 60_400 * LOT * lots }), token)).body;
  /** The venue says that nobody knows whether it took effect. */
  const isUnknown = (accepted: boolean): Promise<void> =>
    world.fault({ kind: 'reject-503-unknown', accepted, match: SEND, count: 1 });
  const openUnknown = async (token: string, lots: number, accepted: boolean): Promise<void> => {
    await isUnknown(accepted);
    const { decision, execution } = await open(token, lots);
    assert.equal(execution.state, 'unknown', JSON.stringify([decision.reasons, execution]));
  };
  const lots = async (): Promise<number> => Math.round((await world.position('BTCUSDT')) / LOT);
  const close = async (token: string, args: object = {}): Promise<ToolBody> =>
    (await world.tool('close_position', { symbol: 'BTCUSDT', ...args }, token)).body;
  const shareOf = (name: string): number => world.daemon.gate.core.state.position('BTCUSDT').shares.get(name) ?? 0;
  const untilKnown = async (): Promise<void> => {
    await world.control('clear-faults', {});
    await until('all is known', () => world.daemon.gate.unknownOrderCount() === 0, 60_000);
    await until(
      'the view is the book',
      async () => world.daemon.gate.core.state.position('BTCUSDT').lots === (await lots()),
      90_000,
    );
    assert.ok(checkAudit(world) > 0);
  };

  it('is closed by its agent, who owns nothing and owes nothing once all is known', async () => {
    await blind();
    await openUnknown(agent, 14, true);
    await world.sleep(5_000);
    const { decision, execution } = await close(agent);
    assert.equal(decision.decision, 'ALLOW', JSON.stringify(decision.reasons));
    assert.equal(execution.orders[0]?.filled_quantity, '0.014', JSON.stringify(execution));
    assert.equal(await lots(), 0);
    const again = await close(agent);
    assert.equal(again.decision.decision, 'BLOCK', 'nothing is left');
    await untilKnown();
    assert.equal(shareOf('agent'), 0);
  });

  it('is closed in parts', async () => {
    await blind();
    await openUnknown(agent, 14, true);
    await world.sleep(5_000);
    await close(agent, { fraction: 0.5 });
    await until('half of it is closed', async () => (await lots()) === 7, 5_000);
    await close(agent);
    await until('all of it is closed', async () => (await lots()) === 0, 5_000);
    await untilKnown();
    assert.equal(shareOf('agent'), 0);
  });

  it('gets a take-profit that rests, and fills', async () => {
    await blind();
    await openUnknown(agent, 14, true);
    await world.sleep(5_000);
    const limit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 60_600, requested_notional: 840 };
    const { body } = await world.tool('place_order', order(limit), agent);
    assert.equal(body.execution.state, 'working', JSON.stringify([body.decision.reasons, body.execution]));
    await world.setMark('BTCUSDT', 60_700);
    await until('its profit is taken', async () => (await lots()) === 0, 5_000);
    await untilKnown();
    assert.equal(shareOf('agent'), 0);
  });

  it('is closed without the lots of another agent', async () => {
    await open(other, 10);
    await world.sleep(3_000);
    await blind();
    await openUnknown(agent, 14, true);
    await world.sleep(5_000);
    assert.equal(await lots(), 24);
    const { decision } = await close(agent);
    assert.equal(decision.effective?.quantity, '0.014', JSON.stringify(decision.reasons));
    await until('its own are closed', async () => (await lots()) === 10, 5_000);
    await world.sleep(5_000);
    assert.equal(await lots(), 10);
    assert.equal((await close(agent)).decision.decision, 'BLOCK', 'the rest is of the other');
    await untilKnown();
    assert.deepEqual([shareOf('agent'), shareOf('other')], [0, 10]);
  });

  it('is closed in parts beside the lots of another agent, who can close them meanwhile', async () => {
    await open(other, 10);
    await world.sleep(3_000);
    await blind();
    await openUnknown(agent, 14, true);
    await world.sleep(5_000);
    // A part is one of what is proven.
    await close(agent, { fraction: 0.5 });
    await until('a part of its own is closed', async () => (await lots()) === 19, 5_000);
    const { decision } = await close(agent);
    assert.equal(decision.effective?.quantity, '0.009', JSON.stringify(decision.reasons));
    await until('its own are closed', async () => (await lots()) === 10, 5_000);
    await close(other);
    await until("the other's are closed", async () => (await lots()) === 0, 5_000);
    await untilKnown();
    assert.deepEqual([shareOf('agent'), shareOf('other')], [0, 0]);
  });

  it("is nobody's for certain as far as another's may be what the account shows", async () => {
    await blind();
    await isUnknown(true);
    await isUnknown(false);
    const [first, second] = await Promise.all([open(agent, 14), open(other, 10)]);
    assert.deepEqual([first.execution.state, second.execution.state], ['unknown', 'unknown']);
    await world.sleep(5_000);
    assert.equal(await lots(), 14);
    const { decision } = await close(agent);
    assert.equal(decision.effective?.quantity, '0.004', JSON.stringify(decision.reasons));
    await untilKnown();
  });

  it('that was lost, beside what a person bought before it, closes nothing of theirs', async () => {
    const client = createClient(world.sim);
    await client.send('POST', '/fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '1' });
    await client.send('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.014' });
    await world.fault({ kind: 'stale-positions', ms: 1_200 });
    await world.sleep(1_300);
    await blind();
    await openUnknown(agent, 14, false);
    for (let i = 0; i < 5; i += 1) {
      await world.sleep(2_000);
      const { decision } = await close(agent);
      assert.equal(decision.decision, 'BLOCK', JSON.stringify(decision.effective));
    }
    assert.equal(await lots(), 14);
  });
});
