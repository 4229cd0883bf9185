import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { withoutPacing } from '../../bypasses/attempts.ts';
import { DaemonWorld, order, until } from '../../daemon/harness.ts';
import { createClient } from '../../exchange-sim/signed-client.ts';
import { checkAudit } from '../../recorded/verdicts.ts';

const PLACE = { path: '/fapi/v1/algoOrder', method: 'POST' };
const LOOK_UP = { path: '/fapi/v1/algoOrder', method: 'GET' };
const ALWAYS = 100_000;
/** A position is protected, or closed, or told of within that, ms. */
const WITHIN_MS = 45_000;

describe('a position whose stops are not refused, and never rest', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({
      policy: (spec) => {
        withoutPacing(spec);
        spec.protection = { required: true, stop_bps: 300 };
      },
    });
  });
  after(() => world.close());

  let openedAtMs = 0;
  let openedSeq = 0;
  beforeEach(async () => {
    await world.control('clear-faults', {});
    await patiently('flat, and nothing unknown', async () => {
      const { core } = world.daemon.gate;
      return core.state.position('BTCUSDT').lots === 0 && world.daemon.gate.unknownOrderCount() === 0;
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
    const { body } = await world.tool('place_order', order({ side: 'buy', requested_notional: 600 }));
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
  };
  const told = (): readonly string[] =>
    [...world.daemon.ledger.iterateEvents({ fromSeq: openedSeq, kind: 'alert' })]
      .map(({ payload }) => payload as { readonly code: string; readonly detail: string })
      .filter(({ code }) => code === 'STOP_REFUSED')
      .map(({ detail }) => detail);
  const untilClosed = async (): Promise<void> => {
    while ((await world.position('BTCUSDT')) !== 0) {
      assert.ok(world.nowMs() - openedAtMs < WITHIN_MS, 'held without a stop, and nobody closes it');
      await second();
    }
  };

  const ways: Readonly<Record<string, object>> = {
    'the exchange refuses them with a code that nobody knows': {
      kind: 'error',
      code: -4509,
      msg: 'Time in Force (TIF) GTE can only be used with open positions.',
    },
    'a gateway fails': { kind: 'status', status: 502 },
    'they are lost on their way': { kind: 'drop-before' },
  };
  for (const [way, fault] of Object.entries(ways))
    it(`is closed after three that are proven absent: ${way}`, async () => {
      await world.fault({ ...fault, count: ALWAYS, match: PLACE });
      await open();
      await untilClosed();
      assert.deepEqual(told(), ['protective stops that were sent never rested at the venue: the position is closed']);
      assert.ok(checkAudit(world) > 0);
    });

  it('is closed where nobody answers what became of them', async () => {
    for (const match of [PLACE, LOOK_UP]) await world.fault({ kind: 'status', status: 500, count: ALWAYS, match });
    await open();
    await untilClosed();
    const cannotTell = 'whether the protective stop rests at the venue cannot be found out: the position is closed';
    assert.deepEqual(told(), [cannotTell]);
    assert.ok(checkAudit(world) > 0);
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
    await createClient(world.sim).send('DELETE', '/fapi/v1/algoOrder', { symbol: 'BTCUSDT', clientAlgoId });
    await patiently('its next stop', protects);
    assert.notEqual(await world.position('BTCUSDT'), 0);
    assert.deepEqual(told(), []);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });
});
