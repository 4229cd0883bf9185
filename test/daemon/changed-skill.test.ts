import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { codesIn, order } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

const PINNED = 'a'.repeat(64);
const CHANGED = 'b'.repeat(64);
interface Signal {
  readonly agent: string | null;
  readonly kind: string;
  readonly set_by: string;
  readonly signal_id: string;
}

describe('a pinned skill that has changed', () => {
  const world = suiteWorld({
    policy: { 'trust.skills': [{ name: 'trading', sha256: PINNED, provenance: 0.9, capability_risk: 0.2 }] },
  });
  let skilled: string;
  before(async () => {
    skilled = world.createAgent('skilled', PINNED);
  });

  const claim = (name: string, sha256?: string) => ({
    meta: { skill: { name, ...(sha256 === undefined ? {} : { sha256 }) } },
  });
  const signals = async (): Promise<readonly Signal[]> =>
    (await world.operator<{ signals: readonly Signal[] }>('GET', '/v1/signals')).body.signals;
  const ask = async (change: object, token = skilled) => {
    const { status, body } = await world.call<{
      decision: { effective: { quantity: string } | null; reasons: readonly { code: string }[] };
    }>('POST', '/v1/dry-run/place_order', order({ requested_notional: 600, ...change }), token);
    assert.equal(status, 200);
    return { quantity: Number(body.decision.effective?.quantity ?? 0), codes: codesIn(body) };
  };

  it('does not mind the pinned digest, another skill, or a name without a digest', async () => {
    for (const change of [{}, claim('trading', PINNED), claim('other', CHANGED), claim('trading')]) await ask(change);
    assert.deepEqual(await signals(), []);
  });

  it('raises one injection signal for the agent, which that very call is decided under', async () => {
    const full = await ask({});
    const first = await ask(claim('trading', CHANGED));
    assert.ok(first.codes.includes('TRUST_TIGHTENED'), first.codes.join(', '));
    const [recorded] = await signals();
    await ask(claim('trading', CHANGED));
    const raised = await signals();
    assert.equal(raised[0]?.signal_id, recorded?.signal_id, 'and nothing more is recorded');
    assert.deepEqual(
      raised.map(({ agent, kind, set_by }) => ({ agent, kind, set_by })),
      [{ agent: 'skilled', kind: 'injection', set_by: 'gate' }],
      'one, however often it is claimed',
    );
    const hidden = await ask({});
    assert.ok(hidden.quantity < full.quantity, 'saying nothing afterwards does not end it');
    assert.ok((await ask({}, world.createAgent('bystander', PINNED))).quantity > hidden.quantity, 'nobody else pays');
  });

  it('holds through a restart, and an operator ends it', async () => {
    await world.restart();
    const [signal] = await signals();
    assert.ok(signal !== undefined);
    const under = await ask({});
    const ended = await world.operator('POST', `/v1/signals/${signal.signal_id}/end`, {
      reason: 'the new skill was read',
    });
    assert.equal(ended.status, 200);
    assert.ok((await ask({})).quantity > under.quantity);
  });

  it('sees it in an order and beside an intercepted call as well', async () => {
    const ordering = world.createAgent('ordering', PINNED);
    await world.call('POST', '/v1/tools/place_order', order(claim('trading', CHANGED)), ordering);
    const asking = world.createAgent('asking', PINNED);
    await world.call('POST', '/v1/intercept', { tool: 'exec', args: {}, ...claim('trading', CHANGED) }, asking);
    assert.deepEqual((await signals()).map(({ agent }) => agent).sort(), ['asking', 'ordering']);
  });
});
