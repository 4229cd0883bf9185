import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlattenBody, TradingStateBody } from '../../../../daemon/contract/types/operator.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

describe('emergency commands with a name that nothing goes by', () => {
  const world = suiteWorld();

  const set = (body: object) =>
    world.operator<TradingStateBody & Refusal>('PUT', '/v1/trading-state', { reason: 'test', ...body });

  for (const state of ['halted', 'reducing', 'active']) {
    it(`refuses ${state} of an unknown symbol or agent, names the known ones, and leaves no layer`, async () => {
      const symbol = await set({ state, symbol: 'FOOUSDT' });
      assert.equal(symbol.status, 400, JSON.stringify(symbol.body));
      assert.equal(symbol.body.error.code, 'INVALID_INPUT', 'the code of the contract');
      assert.match(symbol.body.error.message, /FOOUSDT is not known here; known: .*BTCUSDT/, 'the known ones');
      const agent = await set({ state, agent: 'nobody' });
      assert.equal(agent.status, 400, JSON.stringify(agent.body));
      assert.match(agent.body.error.message, /agent nobody is not known here; known: .*agent/, 'the known ones');
      assert.deepEqual((await world.tradingState()).layers, [], 'nothing is left behind');
    });
  }

  for (const [agent, why] of [
    ['default', 'the section of agents that have none'],
    ['monitor', 'the name of a token that cannot trade'],
  ] as const)
    it(`takes ${agent}, ${why}, for no agent: a halt of it would hold nobody`, async () => {
      const { status, body } = await set({ state: 'halted', agent });
      assert.equal(status, 400, JSON.stringify(body));
      assert.deepEqual((await world.tradingState()).layers, [], 'nothing is left behind');
    });

  it('refuses to flatten an unknown symbol alone, and flattens the others beside it', async () => {
    const refused = await world.operator<Refusal>('POST', '/v1/flatten', { reason: 'test', symbols: ['FOOUSDT'] });
    assert.equal(refused.status, 400, JSON.stringify(refused.body));
    assert.deepEqual((await world.tradingState()).layers, [], 'nothing is left behind');
    await world.place();
    assert.ok((await world.position('BTCUSDT')) > 0, 'something is held');
    const { status, body } = await world.operator<FlattenBody>('POST', '/v1/flatten', {
      reason: 'test',
      symbols: ['BTCUSDT', 'FOOUSDT'],
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(await world.position('BTCUSDT'), 0, 'the known one is flat');
    assert.equal(body.canceled, false, 'it is not called complete');
    assert.match(body.note, /FOOUSDT is not known here/, 'the slip is named');
    assert.equal((await set({ state: 'active', symbol: 'BTCUSDT' })).status, 200, 'what was set is cleared');
  });

  it('never refuses what exists: symbols of the policy, agents of tokens, layers, and the account', async () => {
    world.createAgent('fresh');
    for (const scope of [{ symbol: 'ETHUSDT' }, { agent: 'fresh' }, {}])
      for (const state of ['halted', 'active'])
        assert.equal((await set({ state, ...scope })).status, 200, `${state} ${JSON.stringify(scope)}`);
  });

  it('accepts every well-formed symbol while the account is not reconciled', async () => {
    world.daemon.gate.keeper.reconciliation.enterBoot('test');
    assert.equal((await set({ state: 'halted', symbol: 'FOOUSDT' })).status, 200, 'something may be held there');
    await world.untilReady();
    assert.equal((await set({ state: 'active', symbol: 'FOOUSDT' })).status, 200, 'a layer that exists can be cleared');
  });
});
