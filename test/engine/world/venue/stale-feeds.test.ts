import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { AlertEvent } from '../../../../daemon/engine/records/house-events.ts';
import { codesIn, DaemonWorld, order, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a venue that goes silent while the daemon runs', () => {
  const world = suiteWorld({ wall: true, policy: { 'temporal.duplicate_exempt': ['BTCUSDT'] } });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
  });

  const reported = (): readonly string[] =>
    world
      .alerts()
      .filter(({ code }) => code === 'FEEDS_STALE')
      .map(({ detail }) => detail);
  const open = async (): Promise<string> => {
    await world.sleep(1_000);
    const { body } = await world.place({ requested_notional: 120 });
    return body.decision.decision === 'BLOCK' ? String(body.decision.reasons[0]?.code) : body.execution.state;
  };
  const fails = (path: string): Promise<void> =>
    world.fault({ kind: 'status', status: 500, count: 1_000_000, match: { path } });
  const opens = (): Promise<void> => until('it opens', async () => (await open()) === 'filled', 120_000);

  it('is no alert within a minute', async () => {
    await fails('/fapi/*');
    await world.sleep(50_000);
    await world.control('clear-faults', {});
    await opens();
    assert.deepEqual(reported(), []);
  });

  it('opens nothing without lists of orders, and says so', async () => {
    await fails('/fapi/v1/openOrders');
    await until('it is told', () => reported().length > 0, 70_000);
    assert.match(reported()[0] ?? '', /^the open orders could not be read for 6\d s$/);
    assert.equal(await open(), 'STATE_REDUCING');
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    assert.equal((await world.ready()).body.ready, false);
    await world.control('clear-faults', {});
    await opens();
  });

  it('is told once an hour of each feed', async () => {
    const before = reported().length;
    const below = order({ order_type: 'limit', limit_price: 58_000, requested_notional: 120 });
    assert.equal((await world.tool('place_order', below)).body.execution.state, 'working');
    const fromSeq = world.daemon.ledger.lastSeq();
    await fails('/fapi/*');
    await world.sleep(600_000);
    assert.deepEqual(
      reported()
        .slice(before)
        .map((detail) => detail.replace(/ could not.*/, ''))
        .sort(),
      ['the account (positions, balances)', 'the open orders', 'the prices'],
    );
    await world.control('clear-faults', {});
    await opens();
    const resting = (await world.books()).orders.filter(({ status }) => status === 'NEW');
    assert.equal(resting.length, 1, 'what rested before an outage of all rests after it');
    await world.sleep(60_000);
    const held = [...world.daemon.ledger.iterateEvents({ fromSeq, kind: 'state' })]
      .map(({ payload }) => (payload as { readonly reason: string }).reason)
      .filter((reason) => reason.endsWith('cannot be read'));
    assert.deepEqual(held, [], 'the rest comes a moment later');
  });
});

describe('lists of orders that stop coming, and nothing else does', () => {
  for (const [how, fault] of Object.entries({
    fail: { kind: 'status', status: 500 },
    hang: { kind: 'stall-body', ms: 60_000 },
  }))
    it(`nothing opens after a minute in which they ${how}, also as the first trouble after a start`, async (t) => {
      const world = await DaemonWorld.of(t, { wall: true });
      await world.sleep(2_000);
      await world.fault({ ...fault, count: 1_000_000, match: { method: 'GET', path: '/fapi/v1/openOrders' } });
      await world.sleep(75_000);
      const { body } = await world.place({ requested_notional: 120 });
      assert.deepEqual(codesIn(body), ['STATE_REDUCING']);
      await world.control('clear-faults', {});
      await until('it is read again', async () => (await world.ready()).body.ready, 120_000);
    });
});

describe('lists of orders that stop coming, while the account comes now and then', () => {
  it('nothing opens after a minute, whatever is read between', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true });
    const fails = (path: string): Promise<void> =>
      world.fault({ kind: 'status', status: 500, count: 1_000_000, match: { method: 'GET', path } });
    await world.sleep(2_000);
    const codes: string[] = [];
    for (let ms = 0; ms < 120_000; ms += 13_000) {
      await world.control('clear-faults', {});
      await fails('/fapi/v1/openOrders');
      await world.sleep(2_000);
      const { body } = await world.place({ requested_notional: 120 + ms / 1_000 });
      if (ms > 90_000) codes.push(String(body.decision.reasons[0]?.code));
      await fails('/fapi/v3/*');
      await world.sleep(11_000);
    }
    assert.deepEqual([...new Set(codes)], ['STATE_REDUCING']);
    const resting = (await world.books()).orders.filter(({ status }) => status === 'NEW');
    assert.deepEqual(resting, []);
  });
});

describe("an account's mode that cannot be read", () => {
  it('is told of, and nothing opens until it is', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true });
    const reported = (): readonly string[] =>
      [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].map(({ payload }) => (payload as AlertEvent).detail);
    await world.sleep(100_000);
    assert.deepEqual(reported(), []);
    const match = { method: 'GET', path: '/fapi/v1/accountConfig' };
    await world.fault({ kind: 'status', status: 500, count: 1_000_000, match });
    await world.sleep(100_000);
    assert.equal((await world.place({ requested_notional: 120 })).body.execution.state, 'filled');
    await world.sleep(120_000);
    assert.equal(reported().length, 1, reported().join('; '));
    assert.match(reported()[0] ?? '', /^the account's mode could not be read for 1[5-9]\d s$/);
    const { body } = await world.place({ requested_notional: 130 });
    assert.equal(body.decision.reasons[0]?.code, 'STATE_REDUCING');
    assert.equal((await world.tool('close_position', { symbol: 'BTCUSDT' })).body.execution.state, 'filled');
    await world.control('clear-faults', {});
    await until('it is read again', async () => (await world.ready()).body.ready, 120_000);
  });

  it('is told of where a start never reads it', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true });
    await world.sleep(60_000);
    const match = { method: 'GET', path: '/fapi/v1/accountConfig' };
    await world.fault({ kind: 'status', status: 500, count: 1_000_000, match });
    await world.daemon.close();
    await world.sleep(100_000);
    await assert.rejects(world.restart(), /not ready: the account mode/);
    await world.sleep(170_000);
    const reported = [...world.daemon.ledger.iterateEvents({ kind: 'alert' })].map(
      ({ payload }) => (payload as AlertEvent).detail,
    );
    assert.match(reported.at(-1) ?? '', /^the account's mode could not be read for 1\d\d s$/);
  });
});

describe('lists of orders that never come', () => {
  it('are told of after a minute of a start, and nothing opens', async (t) => {
    const world = await DaemonWorld.of(t, { wall: true });
    const match = { method: 'GET', path: '/fapi/v1/openOrders' };
    await world.fault({ kind: 'status', status: 500, count: 1_000_000, match });
    await assert.rejects(world.restart(), /not ready: .*the open orders/);
    await world.sleep(75_000);
    const reported = world.alerts();
    assert.match(
      reported.find(({ code }) => code === 'FEEDS_STALE')?.detail ?? '',
      /^the open orders could not be read/,
    );
    const { body } = await world.place({ requested_notional: 120 });
    assert.equal(body.decision.decision, 'BLOCK');
  });
});

describe('prices of one symbol that stop coming', () => {
  const reported = (world: DaemonWorld): readonly string[] =>
    world
      .alerts()
      .filter(({ code }) => code === 'FEEDS_STALE')
      .map(({ detail }) => detail.replace(/ could not.*/, ''));

  it('are told of, whether they fail or are repeated, once each time', async (t) => {
    const seen = new Map<string, unknown>();
    let isFrozen = false;
    const freeze = (body: unknown): unknown => {
      const { symbol } = body as { readonly symbol: string };
      if (!isFrozen || symbol !== 'ETHUSDT') seen.set(symbol, body);
      return seen.get(symbol);
    };
    const world = await DaemonWorld.of(t, { wall: true, rewrites: new Map([['/fapi/v1/premiumIndex', freeze]]) });
    const match = { path: '/fapi/v1/premiumIndex', symbol: 'BTCUSDT' };
    await world.fault({ kind: 'status', status: 500, count: 1_000_000, match });
    await world.sleep(150_000);
    assert.deepEqual(reported(world), ['the prices of BTCUSDT']);
    await world.control('clear-faults', {});
    await world.sleep(5_000);
    isFrozen = true;
    await world.sleep(150_000);
    assert.deepEqual(reported(world), ['the prices of BTCUSDT', 'the prices of ETHUSDT']);
  });
});
