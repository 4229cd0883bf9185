import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { ownE8, unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

const UNOWNED = 8;

describe('no exit of the holder closes lots that are nobody’s (BY-36) [DESIGN 12.1]', () => {
  const world = suiteWorld({ policy: UNPACED, answerWithinMs: 300 });
  /** Ten lots of the agent, and eight that a person has bought by hand. */
  beforeEach(async () => {
    await world.mustPlace('filled', { requested_notional: 605 });
    const human = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: `0.00${UNOWNED}` };
    await world.hand('POST', '/fapi/v1/order', human);
    await until(
      'both are known',
      world.advancing(6_000, () => inLots(unownedE8(view())) === UNOWNED),
    );
    assert.equal(own(), 10);
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.setMark('BTCUSDT', 60_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
    await until(
      'the symbol is free',
      world.advancing(1_000, () => view().holder === null && world.daemon.gate.openOrderCount() === 0),
    );
  });

  const view = () => world.daemon.gate.core.state.position('BTCUSDT');
  const own = (): number => inLots(ownE8(view()));
  const lots = async (): Promise<number> => Math.round(1_000 * (await world.position('BTCUSDT')));
  const close = () => world.tool('close_position', { symbol: 'BTCUSDT' });
  const takeProfit = async (notional: number, price: number): Promise<string> => {
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: price };
    const body = await world.mustPlace('working', { ...exit, requested_notional: notional });
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  /** All take-profits fill; what the person then holds is what was bought by hand. */
  const fillAll = async (): Promise<void> => {
    await world.setMark('BTCUSDT', 60_150);
    await world.refresh();
    assert.ok((await lots()) >= UNOWNED, `${await lots()} lots are left`);
  };
  it('BY-36 take-profits grown by amends close its own at most', async () => {
    for (const id of [await takeProfit(190, 60_080), await takeProfit(191, 60_090)])
      await world.tool('modify_order', { client_order_id: id, requested_notional: 430 });
    await fillAll();
  });

  it('BY-15 an exit waits for one of unknown outcome, and goes out by itself when that was never placed', async () => {
    const send = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'reject-503-unknown', accepted: false, count: 1, match: send });
    const first = await close();
    assert.equal(first.body.execution.state, 'unknown');
    for (let i = 0; i < 3; i += 1) {
      const { body } = await close();
      assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
      assert.equal(body.execution.state, 'staging', 'it waits');
    }
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until('it is out', () => own() === 0, 20_000);
    assert.equal(await lots(), UNOWNED, 'and nothing more');
  });
});
