import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { inLots } from '../../fold-fixture.ts';

/** Whatever throws in one place must not end what somebody else was permitted. */
describe('a defect beside an exit', () => {
  let world: DaemonWorld;
  afterEach(() => world.close());
  const open = async (symbol: string, token: string): Promise<void> => {
    await world.mustPlace('filled', { symbol }, token);
  };
  const alerts = (code: string): number =>
    world.daemon.gate.core.state.alerts.readBefore(Infinity, 100).filter((one) => one.code === code).length;

  it('in the exit of one agent holds up no exit of another', async () => {
    world = await DaemonWorld.start({
      wall: true,
      answerWithinMs: 300,
      policy: { ...UNPACED, 'exits.rate': { max: 1, window_ms: 10_000 } },
    });
    const agents = ['alice', 'bob'].map((name) => world.createAgent(name)) as [string, string];
    const symbols = ['BTCUSDT', 'ETHUSDT'] as const;
    for (const [i, token] of agents.entries()) {
      await open(symbols[i]!, token);
      await world.tool('close_position', { symbol: symbols[i], fraction: 0.5 }, token);
      await world.must('staging', 'close_position', { symbol: symbols[i] }, token);
    }
    const { core } = world.daemon.gate;
    const policyFor = core.policyFor.bind(core);
    core.policyFor = (agent) => {
      if (agent === 'alice') throw new Error('a defect');
      return policyFor(agent);
    };
    const lots = (symbol: string): number => inLots(core.state.position(symbol).quantityE8);
    await until('bob is out', () => lots('ETHUSDT') === 0, 30_000);
    assert.ok(lots('BTCUSDT') > 0);
    core.policyFor = policyFor;
    await until('so is alice once it is mended', () => lots('BTCUSDT') === 0, 30_000);
  });

  it('while room is made for it does not leave it on its way for ever', async () => {
    world = await DaemonWorld.start({ wall: true, answerWithinMs: 300, policy: UNPACED });
    const token = world.token('agent');
    await open('BTCUSDT', token);
    const profit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 63_000 };
    await world.mustPlace('working', profit, token);
    const { venue } = world.daemon.gate.core.ports;
    const mutable = venue as { cancel: typeof venue.cancel };
    const cancel = venue.cancel.bind(venue);
    let left = 1;
    mutable.cancel = (...args) => {
      left -= 1;
      return left < 0 ? cancel(...args) : Promise.reject(new Error('a defect'));
    };
    await world.tool('close_position', { symbol: 'BTCUSDT' }, token);
    await until('the position is closed all the same', async () => (await world.position('BTCUSDT')) === 0, 30_000);
    assert.equal(alerts('CANCEL_FAILED'), 1);
  });
});
