import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { holdfast } from '../cli/run.ts';
import { order } from './harness.ts';
import { UNPACED } from './policy-edits.ts';
import { suiteWorld } from './suite-world.ts';

describe('what the command line lists', () => {
  const world = suiteWorld({ real: true, policy: UNPACED });
  before(async () => {
    const another = world.createAgent('another');
    await world.place({});
    await world.place({ symbol: 'ETHUSDT' }, another);
    await world.place({ requested_notional: 1e6 });
    await world.intercept('bash', { command: 'ls' });
    await world.call('POST', '/v1/dry-run/place_order', order({}));
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'ETHUSDT' });
    await world.operator('POST', '/v1/flatten', { reason: 'over' });
    await world.daemon.gate.core.settled();
  });

  it('is explained, whoever asked and whatever it was', async () => {
    const run = (...args: string[]) => holdfast([...args, '--json'], { HOLDFAST_HOME: world.home });
    const listed = await run('decisions', '--limit', '100');
    assert.equal(listed.code, 0, listed.err);
    const { decisions } = JSON.parse(listed.out) as {
      readonly decisions: readonly { readonly decision_id: string; readonly agent: string; readonly tool: string }[];
    };
    const agents = new Set(decisions.map(({ agent }) => agent));
    assert.ok(agents.has('another') && agents.size >= 3, [...agents].join());
    assert.ok(decisions.some(({ tool }) => tool === 'bash'));
    for (const { decision_id: id } of decisions) {
      const { code, out, err } = await run('explain', id);
      assert.equal(code, 0, err);
      assert.equal(JSON.parse(out).decision_id, id);
      assert.equal((await run('receipt', id)).code, 0);
    }
  });
});
