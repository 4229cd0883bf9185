import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { everyLiveOrder } from '../../../../daemon/engine/orders/orders.ts';
import { e8 } from '../../../../daemon/exchange-sim/core/fixed.ts';
import { placeOrder } from '../../../../daemon/exchange-sim/core/orders/orders.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { DaemonWorld, type DaemonWorldOptions, type Mutable, until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';

const SECOND = 1_000;
const PATH = '/fapi/v1/countdownCancelAll';
const BTC = 'BTCUSDT';

type Sim = NonNullable<DaemonWorldOptions['sim']>;

describe("the exchange's dead-man countdown", () => {
  let world: DaemonWorld;
  afterEach(() => world.close());

  const start = async (
    { sim = {}, ...options }: Omit<DaemonWorldOptions, 'policy'> & { readonly sim?: Sim } = {},
    policy: (spec: Mutable<IntendedPolicySpec>) => void = () => undefined,
  ): Promise<void> => {
    world = await DaemonWorld.start({
      wall: true,
      ...options,
      sim: { balance: 100_000, ...sim },
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        policy(spec);
      },
    });
    const mark = await midOf();
    await world.control('set-mark', { symbol: BTC, price: String(mark) });
  };
  const midOf = async (): Promise<number> => {
    const found = (await world.books()).positions.find(({ symbol }) => symbol === BTC);
    return Math.round(Number(found?.mark_price ?? 0));
  };
  /** Far enough below the mark to rest. */
  const rest = async (more: object = {}): Promise<string> => {
    const price = Math.round((await midOf()) * 0.97);
    const body = await world.mustPlace('working', { order_type: 'limit', limit_price: price, ...more });
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const calls = (): readonly (readonly [ms: number, sentAtMs: number])[] =>
    world.wire.records
      .filter(({ path, params }) => path === PATH && params.text('symbol') === BTC)
      .map(({ params, sentAtMs }) => [Number(params.text('countdownTime')), sentAtMs]);
  const last = (): number | undefined => calls().at(-1)?.[0];
  const isDue = () => world.sim.engine.state.markets.get(BTC)?.countdownAtMs ?? null;
  const restingCount = async (): Promise<number> => openOrders(await world.books(), BTC).length;

  it('is set when an opening rests, again at a third of its time, and ends with the last opening [PK-49]', async () => {
    await start();
    await rest();
    await until('it is set', () => isDue() !== null);
    assert.ok(world.monotonicMs() - (calls()[0]?.[1] ?? 0) < SECOND);
    await world.sleep(100 * SECOND);
    const spans = calls().map(([, sentAtMs], at) => sentAtMs - (calls()[at - 1]?.[1] ?? sentAtMs));
    assert.deepEqual(
      [calls().length, spans.slice(1).every((ms) => ms >= 40_000 && ms < 40_500)],
      [3, true],
      String(spans),
    );
    await world.tool('cancel_all', {});
    await until('it is ended', () => last() === 0 && isDue() === null);
    await world.sleep(130 * SECOND);
    assert.equal(calls().length, 4);
  });

  it('is never set with a deadman_ms of 0 [PK-48]', async () => {
    await start({}, (spec) => {
      spec.standing.deadman_ms = 0;
    });
    await rest();
    await world.sleep(130 * SECOND);
    assert.deepEqual([calls(), isDue(), await restingCount()], [[], null, 1]);
  });

  it('cancels what opens when the daemon falls silent, and not before [EX-68 TM-58 PK-47]', async () => {
    await start({}, (spec) => {
      spec.standing.deadman_ms = 30_000;
    });
    await rest();
    await until('it is set', () => isDue() !== null);
    await world.sleep(60 * SECOND);
    assert.equal(await restingCount(), 1, 'it is set again and again');
    // Whatever the daemon sends to set it is lost.
    await world.fault({ kind: 'drop-before', match: { path: PATH }, count: 1_000 });
    await world.sleep(31 * SECOND);
    assert.equal(await restingCount(), 0);
    const [alert] = (await world.operator<{ alerts: { code: string }[] }>('GET', '/v1/alerts')).body.alerts;
    assert.equal(alert?.code, 'COUNTDOWN_NOT_SET');
  });

  for (const countdown of ['regular', 'all'] as const)
    it(`${countdown === 'all' ? 'ends at the fill' : 'goes on beside a position'} where it cancels ${countdown} orders, and no stop waits for it [TM-62]`, async () => {
      await start({ sim: { countdown } }, (spec) => {
        spec.protection.required = true;
      });
      await rest();
      await until('it is set', () => isDue() !== null);
      const beforeMs = world.monotonicMs();
      await world.mustPlace('filled');
      await world.sleep(500);
      const stop = world.wire.records.find(({ method, path }) => method === 'POST' && path.endsWith('algoOrder'));
      assert.ok(stop !== undefined);
      const ends = calls().filter(([ms]) => ms === 0);
      assert.equal(ends.length, countdown === 'all' ? 1 : 0);
      for (const [, sentAtMs] of ends) assert.ok(sentAtMs - beforeMs < 200 && sentAtMs < stop.sentAtMs + 100);
      await world.sleep(150 * SECOND);
      assert.equal(world.sim.engine.state.markets.get(BTC)?.openAlgos.size, 1, 'the stop stays');
      assert.equal(isDue() === null, countdown === 'all');
    });

  it("ends when somebody else's order rests there", async () => {
    await start();
    await rest();
    await until('it is set', () => isDue() !== null);
    const { state } = world.sim.engine;
    const price = e8(String(Math.round((await midOf()) * 0.9)));
    const request = { symbol: BTC, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', reduceOnly: false } as const;
    placeOrder(state, { ...request, quantity: e8('0.01'), price, clientOrderId: 'by-hand', origin: 'client' });
    await until('it is ended', () => last() === 0, 10_000);
  });

  it('ends at an orderly stop, and what is left rests till its good-till-date', async () => {
    await start({ leaveOrders: true });
    const reported = await rest();
    const unreported = await rest({ requested_notional: 200 });
    await until('it is set', () => isDue() !== null);
    const found = everyLiveOrder(world.daemon.gate.core.state.orders).find(
      ({ clientOrderId }) => clientOrderId === unreported,
    );
    // As a record of before has it.
    Object.assign(found ?? {}, { lapsesAtMs: null });
    await world.daemon.close();
    assert.deepEqual([last(), isDue()], [0, null]);
    assert.deepEqual(
      openOrders(await world.books(), BTC).map(({ client_order_id: id }) => id),
      [reported],
    );
    await world.startAgain();
  });

  /** One that runs, and that a daemon leaves behind as it dies before it could end it. */
  const leaveBehind = async (): Promise<void> => {
    await start({ leaveOrders: true });
    await rest();
    await until('it is set', () => isDue() !== null);
    await world.fault({ kind: 'drop-before', match: { path: PATH }, count: 100 });
    await world.daemon.close();
    await world.control('clear-faults', {});
    assert.notEqual(isDue(), null);
  };

  it('that a daemon left behind runs on until the next one has read all, and is set anew then', async () => {
    await leaveBehind();
    const before = calls().length;
    await world.startAgain();
    await until('it is set anew', () => calls().length > before);
    assert.deepEqual(
      calls()
        .slice(before)
        .map(([ms]) => ms),
      [120_000],
    );
    const kinds = [...world.daemon.ledger.iterateEvents({ kind: 'countdown' })].map(
      ({ payload }) => (payload as { action: string }).action,
    );
    // On record none has ended: what a process sets as it dies may arrive behind the end.
    assert.deepEqual(kinds, ['asked', 'set', 'set']);
  });

  it('that a daemon left behind is ended by one that cannot read before it is due', async () => {
    await leaveBehind();
    const [before, dueAtMs] = [calls().length, isDue()];
    await world.fault({ kind: 'drop-before', match: { path: '/fapi/v3/account' }, count: 1_000 });
    await assert.rejects(world.startAgain(), /not ready/);
    await until('it is ended', () => calls().length > before, 180 * SECOND);
    const leftMs = Number(dueAtMs) - world.sim.engine.state.nowMs;
    await until('the exchange has ended it', () => isDue() === null);
    assert.equal(last(), 0);
    assert.ok(leftMs > 35 * SECOND && leftMs <= 40 * SECOND, `${leftMs} ms were left`);
    assert.equal(await restingCount(), 1, 'it has canceled nothing');
  });

  it('is ended first thing by a start that knows of a position from its ledger [TM-62]', async () => {
    await start({ leaveOrders: true, sim: { countdown: 'all' } }, (spec) => {
      spec.protection.required = true;
    });
    await rest();
    await until('it is set', () => isDue() !== null);
    // The calls that end it at the fill are lost, and then the process dies.
    await world.fault({ kind: 'drop-before', match: { path: PATH }, count: 1_000 });
    await world.mustPlace('filled');
    await until('the stop is placed', () => world.sim.engine.state.markets.get(BTC)?.openAlgos.size === 1);
    await world.daemon.close();
    await world.control('clear-faults', {});
    assert.notEqual(isDue(), null);
    await world.fault({ kind: 'drop-before', match: { path: '/fapi/v3/account' }, count: 1_000 });
    await assert.rejects(world.startAgain(), /not ready/);
    assert.equal(isDue(), null, 'none runs beside a position, also where the account cannot be read');
    await world.sleep(130 * SECOND);
    assert.equal(world.sim.engine.state.markets.get(BTC)?.openAlgos.size, 1, 'the stop stays');
  });

  it('that a daemon was setting as it died is not taken for ended while that may still arrive [TM-62]', async () => {
    await start({ leaveOrders: true, sim: { countdown: 'all' } }, (spec) => {
      spec.protection.required = true;
    });
    await rest();
    await until('it is set', () => isDue() !== null);
    const before = calls().length;
    await world.fault({ kind: 'execute-late', match: { path: PATH }, ms: 3_000 });
    await until('it is being set again', () => calls().length > before, 60_000);
    await world.fault({ kind: 'drop-before', match: { path: PATH }, count: 100 });
    await world.daemon.close();
    await world.control('clear-faults', {});
    // It fills while nobody looks.
    await world.control('set-mark', { symbol: BTC, price: String(Math.round((await midOf()) * 0.96)) });
    await world.startAgain();
    await until('the position has its stop', () => world.sim.engine.state.markets.get(BTC)?.openAlgos.size === 1);
    await world.sleep(15 * SECOND);
    assert.equal(isDue(), null, 'none runs beside the position');
    await world.sleep(130 * SECOND);
    assert.equal(world.sim.engine.state.markets.get(BTC)?.openAlgos.size, 1, 'the stop stays');
  });

  it('does not run where the policy turns it off', async () => {
    await start({}, (spec) => {
      spec.standing.deadman_ms = 0;
    });
    await rest();
    await world.sleep(10 * SECOND);
    assert.deepEqual(calls(), []);
  });
});
