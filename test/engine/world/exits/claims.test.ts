import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { order, type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
/** A limit below the bid: it fills at once. */
const LIMIT = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 59_900 };

describe('exits are claims [DESIGN 12.2]', () => {
  const world = suiteWorld({ policy: UNPACED, answerWithinMs: 1_000 });
  let alice: string;
  before(async () => {
    alice = world.createAgent('alice');
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/tools/cancel_all', {});
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
    assert.equal([...world.daemon.gate.core.state.claims.open].length, 0, 'no claim is left');
  });

  const hold = async (usdt: number, token: string): Promise<void> => {
    await world.mustPlace('filled', { requested_notional: usdt }, token);
  };
  const close = async (args: object, token: string): Promise<ToolBody> =>
    (await world.tool('close_position', { symbol: 'BTCUSDT', ...args }, token)).body;
  const ask = async ({ decision }: ToolBody): Promise<ToolBody> => await world.decided(decision.decision_id);
  const filledBy = ({ execution }: ToolBody): number =>
    Math.round(1_000 * execution.orders.reduce((sum, { filled_quantity }) => sum + Number(filled_quantity), 0));
  const lots = async (): Promise<number> => Math.round(1_000 * (await world.position('BTCUSDT')));

  it('BY-42 two full limit exits at once close the position: neither takes the other for a take-profit', async () => {
    for (let round = 0; round < 3; round += 1) {
      await hold(600, alice);
      const held = await lots();
      const exit = order({ ...LIMIT, requested_notional: 900 });
      const answers = await Promise.all([1, 2].map(() => world.tool('place_order', exit, alice)));
      await until('flat', async () => (await lots()) === 0);
      const reported = await Promise.all(answers.map(({ body }) => ask(body)));
      assert.equal(reported.filter(({ execution }) => execution.state === 'filled').length >= 1, true);
      assert.equal(filledBy(reported[0]!) + filledBy(reported[1]!), held, 'the answers tell what the orders filled');
    }
  });

  it('BY-42 limit exits at different prices at once close the position as well', async () => {
    await hold(600, alice);
    await Promise.all(
      [59_900, 59_800, 59_850].map((limit_price) =>
        world.place({ ...LIMIT, limit_price, requested_notional: 900 }, alice),
      ),
    );
    await until('flat', async () => (await lots()) === 0);
  });

  it('two halves at once close the whole, by an order each', async () => {
    await hold(250, alice);
    const held = await lots();
    assert.ok(held >= 4 && held % 2 === 0, `${held} lots`);
    await world.fault({ kind: 'delay', ms: 150, count: 1, match: SEND });
    const answers = await Promise.all([1, 2].map(() => close({ fraction: 0.5 }, alice)));
    await until('she is out', async () => (await lots()) === 0);
    await world.refresh();
    const reported = await Promise.all(answers.map(ask));
    assert.deepEqual(reported.map(filledBy), [held / 2, held / 2], 'each tells its own');
    assert.deepEqual(
      reported.map(({ execution }) => [execution.state, execution.orders.length]),
      [
        ['filled', 1],
        ['filled', 1],
      ],
    );
  });

  it('a full close of unknown outcome goes on beside it where nobody’s lots stand beside, and so does the next', async () => {
    for (const asksAgain of [false, true]) {
      await hold(600, alice);
      await world.fault({ kind: 'reject-503-unknown', accepted: false, match: SEND });
      const first = await close({}, alice);
      assert.ok(world.daemon.gate.unknownOrderCount() > 0);
      const second = asksAgain ? await close({}, alice) : first;
      await until('flat', async () => (await lots()) === 0);
      if (asksAgain) assert.ok(['filled', 'none'].includes(second.execution.state), JSON.stringify(second.execution));
      await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
      await until('the first is known', () => world.daemon.gate.unknownOrderCount() === 0, 20_000);
    }
  });

  it('cancel_all ends what was asked for before it, and not the close that comes in the same turn [AN-253]', async () => {
    await hold(600, alice);
    const [, closed] = await Promise.all([world.tool('cancel_all', {}, alice), close({}, alice)]);
    await until('flat', async () => (await lots()) === 0);
    assert.equal((await ask(closed)).execution.state, 'filled');
  });
});

describe('an exit between two rungs', () => {
  const world = suiteWorld({ answerWithinMs: 100, policy: { ...UNPACED, 'exits.step_ms': 1_500 } });

  const ask = async ({ decision }: ToolBody): Promise<ToolBody> => await world.decided(decision.decision_id);

  it('waits exits.step_ms from one rung to the next [PK-56]', async () => {
    await world.place({ requested_notional: 600 });
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0);
    const sent = world.wire.records
      .filter(({ method, path }) => method === 'POST' && path.endsWith('/order'))
      .slice(-2);
    const tookMs = (sent[1]?.sentAtMs ?? 0) - (sent[0]?.sentAtMs ?? 0);
    assert.ok(tookMs >= 1_500 && tookMs < 2_500, `${tookMs} ms`);
  });

  it('says that it goes on, and ends once an operator has closed all: what is opened then is held [TD-2]', async () => {
    await world.place({ requested_notional: 600 });
    await world.fault({ kind: 'partial-fill', fraction: 0.3, match: SEND });
    const body = await world.must('staging', 'close_position', { symbol: 'BTCUSDT' });
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    assert.equal(await world.position('BTCUSDT'), 0);
    await until('the old exit has ended', async () => (await ask(body)).execution.state !== 'staging');
    await world.mustPlace('filled', { requested_notional: 300 });
    const held = await world.position('BTCUSDT');
    await world.sleep(2_000);
    assert.equal(await world.position('BTCUSDT'), held, 'what was opened since is held');
  });
});

describe('exits that wait for their rate', () => {
  const world = suiteWorld({
    answerWithinMs: 200,
    policy: { ...UNPACED, 'exits.rate': { max: 1, window_ms: 60_000 } },
  });

  const close = async (args: object = {}): Promise<ToolBody> =>
    (await world.tool('close_position', { symbol: 'BTCUSDT', ...args })).body;
  const ask = async ({ decision }: ToolBody): Promise<ToolBody> => await world.decided(decision.decision_id);

  it('go out one after the other, each with an order of its own', async () => {
    await world.place({ requested_notional: 900 });
    const sent = async (): Promise<readonly number[]> =>
      (await world.books()).orders.filter(({ side }) => side === 'SELL').map(({ quantity }) => Number(quantity));
    await close({ fraction: 0.1 });
    const waiting = [await close({ fraction: 0.2 }), await close({ fraction: 0.2 }), await close({ fraction: 0.3 })];
    assert.deepEqual(
      waiting.map(({ execution }) => execution.state),
      ['staging', 'staging', 'staging'],
    );
    const before = (await sent()).length;
    // The second is canceled while it waits: the others are not concerned, nor does their answer say so.
    const id = waiting[1]?.execution.orders[0]?.client_order_id ?? '';
    await world.tool('cancel_order', { client_order_id: id });
    for (const i of [0, 2] as const) {
      await world.advance(61_000);
      await until('it is through', async () => (await ask(waiting[i]!)).execution.state === 'filled');
    }
    const reported = await Promise.all(waiting.map(ask));
    assert.deepEqual(
      reported.map(({ execution }) => execution.state),
      ['filled', 'canceled', 'filled'],
    );
    const asked = [waiting[0], waiting[2]].map((one) => Number(one?.decision.effective?.quantity));
    assert.deepEqual((await sent()).slice(before), asked);
    assert.deepEqual(
      [reported[0], reported[2]].map((one) => Number(one?.execution.orders[0]?.filled_quantity)),
      asked,
    );
  });

  it('end with a halt, which their answer and an alert name', async () => {
    const waiting = await close();
    assert.equal(waiting.execution.state, 'staging');
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    await until('it has ended', async () => (await ask(waiting)).execution.state === 'canceled');
    assert.match((await ask(waiting)).execution.note ?? '', /STATE_HALTED/);
    const alerts = await world.operator<{ alerts: { code: string }[] }>('GET', '/v1/alerts');
    assert.ok(alerts.body.alerts.some(({ code }) => code === 'EXIT_ENDED'));
  });
});
