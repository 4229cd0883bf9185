import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DaemonWorld, type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';

/** Of the venue's 300 orders in 10 s, half is left to what agents open. */
const MAY = 150;

describe('SAE-M4 openings beyond what is left of the order limit of the venue', () => {
  let world: DaemonWorld;
  beforeEach(async () => {
    world = await DaemonWorld.start({ wall: true, policy: { ...UNPACED, 'market.regimes.calm.slices': 2 } });
  });
  afterEach(() => world.close());

  const use = (orders: number): void => {
    for (let i = 0; i < orders; i += 1) world.daemon.gate.core.sends.note();
  };
  const place = async (usdt: number, change: object = {}): Promise<ToolBody> =>
    (await world.place({ requested_notional: usdt, ...change })).body;
  const codes = ({ decision }: ToolBody): readonly string[] => decision.reasons.map(({ code }) => code);
  const orders = () => [...world.daemon.gate.core.state.orders.all.values()];

  it('are refused with the time to wait, also those decided in one turn, and are none of them canceled unsent', async () => {
    use(MAY - 3);
    const answers = await Promise.all([61, 62, 63, 64, 65, 66].map((usdt) => place(usdt)));
    const allowed = answers.filter(({ decision }) => decision.decision !== 'BLOCK');
    const refused = answers.filter(({ decision }) => decision.decision === 'BLOCK');
    assert.deepEqual([allowed.length, refused.length], [3, 3]);
    for (const { execution } of allowed) assert.equal(execution.state, 'filled', JSON.stringify(execution));
    for (const answer of refused) {
      const { retry_after_ms: waitMs } = answer.decision;
      assert.deepEqual(codes(answer), ['RATE']);
      assert.ok(waitMs !== null && waitMs > 0 && waitMs <= 10_000, `${waitMs}`);
    }
    assert.equal(orders().filter(({ status }) => status === 'canceled').length, 0);
    await world.sleep(Math.max(...refused.map(({ decision }) => decision.retry_after_ms ?? 0)));
    const again = await place(67);
    assert.equal(again.execution.state, 'filled', JSON.stringify([codes(again), again.execution]));
  });

  it('so are amends, and exits are not', async () => {
    const resting = await place(300, { order_type: 'limit', limit_price: 50_000 });
    const [{ client_order_id: id } = { client_order_id: '' }] = resting.execution.orders;
    const opened = await place(61);
    assert.equal(opened.execution.state, 'filled', JSON.stringify([codes(opened), opened.execution]));
    use(MAY);
    const amend = (await world.tool('modify_order', { client_order_id: id, limit_price: 49_000 })).body;
    assert.deepEqual([amend.decision.decision, codes(amend)], ['BLOCK', ['RATE']]);
    const close = (await world.tool('close_position', { symbol: 'BTCUSDT' })).body;
    assert.equal(close.execution.state, 'filled', JSON.stringify(close.execution));
  });

  it('and a slice that falls due then waits for room', async () => {
    const { execution } = await place(400);
    assert.equal(execution.orders.length, 2, JSON.stringify(execution));
    use(MAY);
    await world.sleep(4_000);
    const slice = (): string | undefined => orders().find((one) => one.slice === 1)?.status;
    assert.equal(slice(), 'pending_send');
    await until('the window has passed', () => slice() === 'filled', 9_000);
  });
});
