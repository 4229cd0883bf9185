import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ended } from '../../../daemon/driver/driver.ts';
import { Pending } from '../../../daemon/engine/flow/step.ts';
import { Protection } from '../../../daemon/engine/guard/protection.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { Canceler } from '../../../daemon/engine/sending/cancels.ts';
import { ProofWorld } from '../proof-fixture.ts';

it('BY-31 a symbol whose stops cannot be planned keeps no other from its own', async () => {
  const world = new ProofWorld();
  const { core } = world;
  const canceled: string[] = [];
  const canceler = {
    cancel: (order: OrderState) => {
      canceled.push(order.clientOrderId);
      return new Pending();
    },
  } as unknown as Canceler;
  const exits = { runGateExit: () => assert.fail('no exit is due'), isGateExiting: () => false };
  // Nothing that is known of its orders can be read.
  core.state.position('AAVEUSDT');
  (core.state.orders.live as Map<string, Set<unknown>>).set('AAVEUSDT', new Set([null]));
  // The position that it protected is gone.
  core.state.position('BTCUSDT');
  world.place('s-1', { protective: true, kind: 'algo', trigger_ticks: 590_000 });
  const ticked = new Protection(core, world.sender, canceler, exits).tick();
  assert.deepEqual(canceled, ['s-1']);
  await assert.rejects(Promise.race(ticked.map(ended)), TypeError);
});
