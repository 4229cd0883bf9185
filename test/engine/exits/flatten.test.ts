import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Flatten } from '../../../daemon/engine/exits/flatten.ts';
import type { AccountFeed } from '../../../daemon/engine/feeds/account-feed.ts';
import type { LiveCore } from '../../../daemon/engine/flow/core.ts';
import { Engine, type Flow, Pending, type Request, resultOf } from '../../../daemon/engine/flow/step.ts';
import { Canceler } from '../../../daemon/engine/sending/cancels.ts';
import { ProofWorld, shown } from '../proof-fixture.ts';

/** The core of a world whose flows are driven by hand. */
function drivenBy(engine: Engine, { core }: ProofWorld): LiveCore {
  return new Proxy(core, {
    get(target, name) {
      if (name === 'begin') return (flow: Flow<unknown>) => engine.begin(flow);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}
const asked = (requests: readonly Request[]): readonly string[] => requests.map(({ effect }) => effect.fx);

describe('a flatten of what is known to be held, beside an opening that rests', () => {
  it('signs its exit in one turn, and its cancels and lists in a later one [EX-59 EX-60]', async (t) => {
    const world = new ProofWorld();
    t.after(() => world.stop());
    world.script.submit = () => ({ kind: 'accepted', order: shown('o-1') });
    const opening = world.decide({ id: 'd-o-1', orders: [{ client_order_id: 'o-1' }] });
    await world.core.run(world.sender.sendOpening(world.order('o-1'), opening));
    world.core.state.position('BTCUSDT').quantityE8 = 1;
    const engine = new Engine({ onRequests: () => undefined, onUnheard: (error) => assert.fail(String(error)) });
    const core = drivenBy(engine, world);
    const flatten = new Flatten({
      core,
      canceler: new Canceler(core, world.proof, { onUnknown: () => undefined }),
      account: {
        watched: () => ['BTCUSDT'],
        pollAccount: () => resultOf(new Pending<boolean>()),
        listOrders: () => resultOf(new Pending<null>()),
      } as unknown as AccountFeed,
      exit: function* () {
        world.decide({
          id: 'd-o-2',
          request: { origin: 'operator' },
          orders: [{ client_order_id: 'o-2', reduce_only: true, side: 'sell' }],
        });
        yield* world.sender.send(world.order('o-2'));
      },
      cancelClaims: () => undefined,
      isQuiet: () => false,
    });
    engine.begin(flatten.run({ agent: 'operator', tokenId: 't' }, null, 'a test'));
    const [exit, round, ...others] = engine.take();
    // The last is the limit of the answer's wait.
    assert.deepEqual([exit?.effect.fx, round?.effect.fx, asked(others)], ['disk', 'disk', ['waitFor']]);
    const onDisk = [exit!, round!].flatMap(({ id }) => engine.step({ in: 'answered', id, answer: undefined }));
    assert.deepEqual(asked(onDisk), ['submit', 'nextTurn'], 'the exit alone is signed');
    const later = engine.step({ in: 'answered', id: onDisk[1]!.id, answer: undefined });
    const disk = later.find(({ effect }) => effect.fx === 'disk');
    assert.deepEqual(asked(engine.step({ in: 'answered', id: disk!.id, answer: undefined })), ['cancel']);
  });
});
