import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeEach, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const PLACE = { path: '/fapi/v1/algoOrder', method: 'POST' };
const LOOK_UP = { path: '/fapi/v1/algoOrder', method: 'GET' };
const ALWAYS = 100_000;
/** A position is protected, or closed, or told of within that, ms. */
const WITHIN_MS = 45_000;

describe('a position whose stops are not refused, and never rest', () => {
  const world = suiteWorld({ policy: { ...UNPACED, protection: { required: true, stop_bps: 300 } } });

  let openedAtMs = 0;
  let openedSeq = 0;
  beforeEach(async () => {
    await world.control('clear-faults', {});
    await patiently('flat, and nothing unknown', async () => {
      const { core } = world.daemon.gate;
      return core.state.position('BTCUSDT').quantityE8 === 0 && world.daemon.gate.unknownOrderCount() === 0;
    });
  });

  const second = async (): Promise<void> => {
    await world.advance(1_000);
    await world.sleep(1_000);
  };
  const patiently = (what: string, isSo: () => Promise<boolean>): Promise<void> =>
    until(
      what,
      async () => {
        await second();
        return isSo();
      },
      120_000,
    );
  const open = async (): Promise<void> => {
    openedAtMs = world.nowMs();
    openedSeq = world.daemon.ledger.lastSeq();
    await world.mustPlace('filled', { side: 'buy', requested_notional: 600 });
  };
  const reported = (): readonly string[] =>
    world
      .alerts(openedSeq)
      .filter(({ code }) => code === 'STOP_REFUSED')
      .map(({ detail }) => detail);
  const untilClosed = async (): Promise<void> => {
    while ((await world.position('BTCUSDT')) !== 0) {
      assert.ok(world.nowMs() - openedAtMs < WITHIN_MS, 'held without a stop, and nobody closes it');
      await second();
    }
  };

  const ways: Readonly<Record<string, object>> = {
    'the exchange refuses them with a code that nobody knows': { kind: 'error', code: -9999, msg: 'Something else.' },
    'a gateway fails': { kind: 'status', status: 502 },
    'they are lost on their way': { kind: 'drop-before' },
  };
  for (const [way, fault] of Object.entries(ways))
    it(`is closed after three that are proven absent: ${way}`, async () => {
      await world.fault({ ...fault, count: ALWAYS, match: PLACE });
      await open();
      await untilClosed();
      assert.deepEqual(reported(), [
        'protective stops that were sent never rested at the venue: the position is closed',
      ]);
    });

  it('is closed where nobody answers what became of them', async () => {
    for (const match of [PLACE, LOOK_UP]) await world.fault({ kind: 'status', status: 500, count: ALWAYS, match });
    await open();
    await untilClosed();
    const cannotTell = 'whether the protective stop rests at the venue cannot be found out: the position is closed';
    assert.deepEqual(reported(), [cannotTell]);
  });

  it('stays where the third one rests, and another failure begins to count anew', async () => {
    await world.fault({ kind: 'drop-before', count: 2, match: PLACE });
    await open();
    const protects = async (): Promise<boolean> =>
      (await world.books()).algo_orders.some(({ status }) => status === 'NEW');
    await patiently('its stop', protects);
    await world.fault({ kind: 'drop-before', count: 2, match: PLACE });
    const [stop] = (await world.books()).algo_orders.filter(({ status }) => status === 'NEW');
    const clientAlgoId = String(stop?.client_algo_id);
    await world.hand('DELETE', '/fapi/v1/algoOrder', { symbol: 'BTCUSDT', clientAlgoId });
    await patiently('its next stop', protects);
    assert.notEqual(await world.position('BTCUSDT'), 0);
    assert.deepEqual(reported(), []);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });

  const NO_POSITION = {
    kind: 'error',
    code: -4509,
    msg: 'Time in Force (TIF) GTE can only be used with open positions.',
    match: PLACE,
  };
  it('stays where the exchange has not seen the position yet, and takes the third stop', async () => {
    await world.fault({ ...NO_POSITION, count: 2 });
    await open();
    await patiently('its stop', async () => (await world.books()).algo_orders.some(({ status }) => status === 'NEW'));
    assert.notEqual(await world.position('BTCUSDT'), 0);
    assert.deepEqual(reported(), []);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });

  it('is closed where the exchange goes on saying that there is none', async () => {
    await world.fault({ ...NO_POSITION, count: ALWAYS });
    await open();
    await untilClosed();
    assert.deepEqual(reported(), [`the protective stop was refused (${NO_POSITION.msg}): the position is closed`]);
  });
});

describe('a stop that is to be moved, and whose successors are not refused and never rest', () => {
  const ways: Readonly<Record<string, readonly object[]>> = {
    'they are lost on their way': [{ kind: 'drop-before', match: PLACE }],
    'nobody answers what became of them': [PLACE, LOOK_UP].map((match) => ({ kind: 'status', status: 500, match })),
  };
  for (const [way, faults] of Object.entries(ways))
    it(`stays, is told of, and is tried ever more rarely: ${way}`, async (t) => {
      const world = await DaemonWorld.of(t, {
        wall: true,
        policy: { ...UNPACED, protection: { required: true, stop_bps: 300 } },
      });
      await world.place({ side: 'buy', requested_notional: 600 });
      await world.sleep(5_000);
      for (const fault of faults) await world.fault({ ...fault, count: ALWAYS });
      const seq = world.daemon.ledger.lastSeq();
      const spec = parse(readFileSync(world.policyPath, 'utf8')) as { protection: { stop_bps: number } };
      spec.protection.stop_bps = 150;
      writeFileSync(world.policyPath, stringify(spec));
      await world.sleep(200_000);
      assert.equal(world.daemon.gate.core.policySpec.protection.stop_bps, 150);
      const reported = [...world.daemon.ledger.iterateEvents({ fromSeq: seq, kind: 'alert' })].map(
        ({ payload }) => (payload as { readonly code: string }).code,
      );
      assert.ok(reported.length > 0 && reported.every((code) => code === 'STOP_NOT_MOVED'), reported.join(', '));
      const sent = [...world.daemon.ledger.iterateEvents({ fromSeq: seq, kind: 'decision' })].length;
      assert.ok(sent >= 2 && sent <= 7, `${sent} were sent in 200 s`);
      const standing = (await world.books()).algo_orders.filter(({ status }) => status === 'NEW');
      assert.equal(standing.length, 1, 'the old one protects');
      assert.ok((await world.position('BTCUSDT')) > 0);
      await world.control('clear-faults', {});
      await patiently(world, 'it is moved', async () => {
        const [stop, ...others] = (await world.books()).algo_orders.filter(({ status }) => status === 'NEW');
        return others.length === 0 && Number(stop?.trigger_price) > 59_000;
      });
    });
});

async function patiently(world: DaemonWorld, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const isSoAfterSeconds = async (): Promise<boolean> => {
    await world.sleep(5_000);
    return isSo();
  };
  await until(what, isSoAfterSeconds, 600_000);
}
