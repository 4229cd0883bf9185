import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { EngineCore } from '../../../daemon/engine/flow/core.ts';
import { Engine, type Flow, type Request } from '../../../daemon/engine/flow/step.ts';
import { Canceler } from '../../../daemon/engine/sending/cancels.ts';
import { ProofWorld, shown } from '../proof-fixture.ts';

const NOBODY = { onRequests: () => undefined, onUnheard: () => undefined };
const worlds: ProofWorld[] = [];
function start(): ProofWorld {
  const world = new ProofWorld();
  worlds.push(world);
  return world;
}
afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});
const SELL = { side: 'sell', reduceOnly: true } as const;

/** An opening, an exit, a stop and a change, each decided and not sent. */
const WAYS_OUT: { readonly [what: string]: (world: ProofWorld) => Promise<Flow<unknown>> } = {
  'an opening': async (world) => {
    const decided = world.decide({ id: 'd-o-1', orders: [{ client_order_id: 'o-1' }] });
    return world.sender.sendOpening(world.order('o-1'), decided);
  },
  'an exit': async (world) => {
    world.decide({ id: 'd-o-1', orders: [{ client_order_id: 'o-1', reduce_only: true, side: 'sell' }] });
    return world.sender.send(world.order('o-1'));
  },
  'a stop': async (world) => {
    const stop = { reduce_only: true, side: 'sell', protective: true, kind: 'algo', trigger_ticks: 590_000 } as const;
    world.decide({ id: 'd-o-1', orders: [{ client_order_id: 'o-1', ...stop }] });
    return world.sender.sendStop(world.order('o-1'));
  },
  'a change': async (world) => {
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
    await world.place('o-1').sent;
    const decided = world.decide({
      id: 'd-2',
      request: { client_order_id: 'o-1', intent: 'modify' },
      effective: { action: 'amend', lots: 6, price_ticks: 610_000, leverage: null },
      orders: [],
    });
    return world.sender.sendAmend(world.order('o-1'), decided);
  },
};
const SENDS = ['submit', 'submitStop', 'amend'];
const asked = (requests: readonly Request[]): readonly string[] => requests.map(({ effect }) => effect.fx);

/** The disk has answered. What is asked for then; an opening sets its leverage first, which is answered. */
function goOn(engine: Engine, diskId: number): readonly string[] {
  const sent: string[] = [];
  for (let next = engine.step({ in: 'answered', id: diskId, answer: undefined }); next.length > 0; ) {
    sent.push(...asked(next));
    const [request] = next;
    if (request?.effect.fx !== 'setLeverage') break;
    next = engine.step({ in: 'answered', id: request.id, answer: { kind: 'accepted', order: null } });
  }
  return sent;
}

describe('disk first: nothing leaves before all that was recorded is on disk', () => {
  for (const [what, begin] of Object.entries(WAYS_OUT))
    it(`${what} asks for the disk before anything else, and is sent once that has answered`, async () => {
      const world = start();
      const engine = new Engine(NOBODY);
      engine.begin(await begin(world));
      const [disk, ...others] = engine.take();
      assert.deepEqual([disk?.effect.fx, others], ['disk', []]);
      const sent = goOn(engine, disk!.id);
      assert.deepEqual(sent.filter((fx) => SENDS.includes(fx)).length, 1, sent.join(' '));
    });

  it('a cancel asks for the disk before the venue, also where its wish is on record already', async () => {
    for (const isNoted of [false, true]) {
      const world = start();
      world.script.submit = () => ({ kind: 'accepted', order: shown('o-1', SELL) });
      await world.place('o-1').sent;
      const engine = new Engine(NOBODY);
      const { core } = world;
      const begin = (flow: Flow<unknown>) => engine.begin(flow);
      const shared = { state: core.state, ports: core.ports, append: core.append.bind(core), begin };
      const canceler = new Canceler(shared as unknown as EngineCore, world.proof, { onUnknown: () => undefined });
      if (isNoted) canceler.note(world.order('o-1'), 'a test');
      canceler.cancel(world.order('o-1'), 'a test');
      const [disk, ...others] = engine.take();
      assert.deepEqual([disk?.effect.fx, others], ['disk', []]);
      assert.deepEqual(asked(engine.step({ in: 'answered', id: disk!.id, answer: undefined })), ['cancel']);
    }
  });

  it('what is canceled while the disk is waited for is not sent [BY-32]', async () => {
    const world = start();
    const engine = new Engine(NOBODY);
    engine.begin(await WAYS_OUT['an exit']!(world));
    const [disk] = engine.take();
    world.canceler.note(world.order('o-1'), 'a test');
    assert.deepEqual(engine.step({ in: 'answered', id: disk!.id, answer: undefined }), []);
    assert.deepEqual(
      [world.order('o-1').status, world.order('o-1').detail],
      ['canceled', 'canceled before it was sent'],
    );
  });

  it('a halt that comes meanwhile ends an opening, and a failing disk leaves it where it is', async () => {
    const world = start();
    const engine = new Engine(NOBODY);
    engine.begin(await WAYS_OUT['an opening']!(world));
    const [disk] = engine.take();
    world.core.append('state', {
      clears_at_ms: null,
      clears_when: 'an operator clears it',
      layer: 'operator',
      name: null,
      reason: 'a test',
      scope: 'account',
      set_by: 'op',
      state: 'halted',
    });
    assert.ok(!goOn(engine, disk!.id).some((fx) => SENDS.includes(fx)));
    const { detail, status } = world.order('o-1');
    assert.deepEqual([status, detail], ['canceled', 'halted before it was sent']);
    const other = start();
    const failing = new Engine(NOBODY);
    const started = failing.begin(await WAYS_OUT['an exit']!(other));
    failing.step({ in: 'failed', id: failing.take()[0]!.id, error: new Error('the disk') });
    assert.deepEqual([started.isOver, failing.take(), other.order('o-1').status], [true, [], 'in_flight']);
  });
});
