import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SignalsBody } from '../../daemon/contract/types/operator.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { holdfast } from '../cli/run.ts';
import { suiteWorld } from './suite-world.ts';

const WHY = 'because my customer Jane Roe asked for it';

describe('the free texts of a decision', () => {
  const world = suiteWorld({ real: true, isAudited: false });

  const erase = (id: string, token = world.token('operator')) =>
    world.call<{ erased: readonly string[] }>('POST', `/v1/texts/${id}/erase`, { reason: 'it names a person' }, token);
  const textsOf = (id: string): DecisionEvent['texts'] => {
    const event = world.daemon.ledger.findDecision(id);
    assert.ok(event !== null);
    return (event.payload as DecisionEvent).texts;
  };
  const audit = async () => holdfast('audit verify', { HOLDFAST_HOME: world.home });

  it('are erased on an operator’s word, and the audit says so and passes [AN-164 LE-32 LE-34 LE-35]', async () => {
    const { body } = await world.place({ rationale: WHY });
    const id = body.decision.decision_id;
    const { ledger } = world.daemon;
    const [hash = ''] = Object.values(textsOf(id));
    assert.equal(ledger.readText(hash), WHY);
    assert.equal((await erase(id, world.token('agent'))).status, 403);
    assert.deepEqual((await erase(id)).body.erased, [hash]);
    assert.equal(ledger.readText(hash), null);
    const { code, out } = await audit();
    assert.match(out, /^intact: [\s\S]*\n1 free texts were erased, which is on record/);
    assert.equal(code, 0);
    const [record] = ledger.readNewest('text_erased', 1);
    assert.deepEqual(record?.payload, { hashes: [hash], of: id, reason: 'it names a person', set_by: 'operator' });
    assert.equal((await erase(id)).status, 404, 'nothing is left to erase');
  });

  it('are those of a signal, too, with the evidence of every report of it', async () => {
    const report = (evidence: string) =>
      world.call(
        'POST',
        '/v1/signals',
        { kind: 'narrative', scope: {}, severity: 0.5, ttl_ms: 60_000, evidence },
        world.token('monitor'),
      );
    await report('a post of Jane Roe');
    await report('another post of Jane Roe');
    const listed = await world.operator<SignalsBody>('GET', '/v1/signals');
    const { body } = await erase(listed.body.signals[0]?.signal_id ?? '');
    assert.equal(body.erased.length, 2);
    const { code, err, out } = await audit();
    assert.equal(code, 0, out + err);
  });

  it('that are gone without a record are a difference [LE-35]', async () => {
    const { body } = await world.place({ symbol: 'ETHUSDT', rationale: 'another' });
    const { ledger } = world.daemon;
    ledger.eraseText(textsOf(body.decision.decision_id).rationale ?? '');
    const { code, out } = await audit();
    assert.match(out, /^NOT INTACT at record \d+ \(text\): its text [0-9a-f]{64} is gone, and no record says/);
    assert.equal(code, 5);
  });
});
