import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { order, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('an agent whose last token is gone', () => {
  const world = suiteWorld({
    leaveOrders: true,
    policy: { ...UNPACED, 'account.concentration': { share: 0.99, floor_usdt: 3_000 } },
  });
  let count = 0;
  /** Its name, its token, and that token's id. */
  let name = '';
  let token = '';

  beforeEach(async () => {
    await world.tool('cancel_all', {});
    revokeAll();
    await pass();
    count += 1;
    name = `gone-${count}`;
    token = world.createAgent(name);
  });

  const tokens = () => world.daemon.ledger.tokens;
  const revokeAll = (): void => {
    for (const { agent, id, revoked_at_ms } of tokens().listTokens())
      if (agent === name && revoked_at_ms === null) tokens().revokeToken(id);
  };
  const rest = async (by?: string): Promise<void> => {
    const where = by === undefined ? { symbol: 'ETHUSDT', limit_price: 2_800 } : { limit_price: 58_000 };
    const args = order({ order_type: 'limit', ...where, requested_notional: 180 + count });
    await world.must('working', 'place_order', args, by);
  };
  const resting = async (): Promise<number> => openOrders(await world.books()).length;
  const pass = async (): Promise<void> => {
    for (let i = 0; i < 4; i += 1) await world.advance(500);
  };
  const alerts = (): number =>
    [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].filter(
      ({ payload }) => (payload as { code: string }).code === 'AGENT_WITHOUT_TOKEN',
    ).length;
  const layers = async (): Promise<readonly unknown[]> =>
    (await world.tradingState()).layers
      .filter((layer) => layer.name === name)
      .map(({ layer, scope, state }) => [layer, scope, state]);

  it('loses its resting openings, and nobody else does; a new token ends it [TM-19]', async () => {
    const before = alerts();
    await rest(token);
    await rest();
    revokeAll();
    await pass();
    assert.equal(await resting(), 1, 'that of the other agent is left');
    assert.equal(alerts(), before + 1, 'one alert says so');
    assert.deepEqual(await layers(), [], 'nothing of it is left');
    await world.restart();
    await pass();
    assert.equal(alerts(), before + 1);
    token = world.createAgent(name);
    await rest(token);
    await pass();
    assert.equal(await resting(), 2);
  });

  it('loses with each token what that one asked for', async () => {
    const second = world.createAgent(name);
    await rest(second);
    const [first] = tokens()
      .listTokens()
      .filter(({ agent }) => agent === name);
    await rest(token);
    const before = alerts();
    tokens().revokeToken(first?.id ?? '');
    await pass();
    assert.equal(await resting(), 1, 'only what the other one asked for');
    assert.equal(alerts(), before, 'it has a token');
    revokeAll();
    await pass();
    assert.equal(await resting(), 0);
    assert.deepEqual(await layers(), [], 'it is held back by no state');
  });

  it('keeps its position, and the exit that rests for it', async () => {
    await world.place({ requested_notional: 300 }, token);
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    await world.mustPlace(
      'working',
      { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 63_000 },
      token,
    );
    revokeAll();
    await pass();
    assert.equal(await world.position('BTCUSDT'), held);
    assert.equal(await resting(), 1);
    assert.deepEqual(await layers(), [], 'it opens nothing');
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    const { state } = world.daemon.gate.core;
    await until(
      'the symbol is free again',
      world.advancing(1_000, () => state.position('BTCUSDT').holder === null),
    );
  });

  it('has them asked back, also through a restart, where cancels do not arrive', async () => {
    const before = [await resting(), alerts()] as const;
    await rest(token);
    await world.fault({ kind: 'drop-before', count: 1_000, match: { method: 'DELETE' } });
    revokeAll();
    await pass();
    await world.restart();
    await pass();
    assert.deepEqual([await resting(), alerts()], [before[0] + 1, before[1] + 1], 'it is told once');
    await world.control('clear-faults', {});
    await until('it is gone', async () => (await resting()) === before[0]);
  });
});
