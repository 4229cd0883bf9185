import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AlertBody, AlertsBody, EquityHistoryBody } from '../../../../daemon/contract/types/reads.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('what a console shows of the past', () => {
  const world = suiteWorld();
  const list = async () => (await world.operator<AlertsBody>('GET', '/v1/alerts')).body.alerts;

  it('an acknowledgement is recorded once, with who and why, and survives a restart [AN-146 AN-147 TF-70]', async () => {
    world.daemon.gate.core.alert('TEST', 'one');
    world.daemon.gate.core.alert('TEST', 'two');
    const [two, one] = await list();
    assert.deepEqual([one?.acknowledged, two?.acknowledged], [null, null]);
    const path = `/v1/alerts/${one?.seq}/ack`;
    for (const role of ['agent', 'monitor'] as const)
      assert.equal((await world.call('POST', path, { reason: 'x' }, world.token(role))).status, 403, role);
    assert.equal((await world.operator('POST', path, { reason: '' })).status, 400);
    const first = (await world.operator<AlertBody>('POST', path, { reason: 'looked at' })).body;
    assert.deepEqual([first.acknowledged?.by, first.acknowledged?.reason], ['operator', 'looked at']);
    const again = (await world.operator<AlertBody>('POST', path, { reason: 'once more' })).body;
    assert.deepEqual(again, first, 'the first one counts');
    const recorded = world.records('alert_ack');
    assert.deepEqual(recorded, [{ alert_seq: one?.seq, reason: 'looked at', set_by: 'operator' }]);
    for (const id of [String((one?.seq ?? 0) + 100_000), String((one?.seq ?? 0) - 1)])
      assert.equal((await world.operator('POST', `/v1/alerts/${id}/ack`, { reason: 'x' })).status, 404, id);
    assert.equal((await world.operator('POST', '/v1/alerts/x/ack', { reason: 'x' })).status, 400);
    await world.restart();
    const kept = await list();
    assert.deepEqual(kept.find(({ seq }) => seq === one?.seq)?.acknowledged, first.acknowledged);
    assert.equal(kept.find(({ seq }) => seq === two?.seq)?.acknowledged, null);
  });

  it('equity of a span is thinned to 720 points, oldest first, and ends with the last reading [AN-101 AN-102 TF-94]', async () => {
    const { equity } = world.daemon.gate.core.state;
    const startMs = world.nowMs();
    for (let minute = 1; minute <= 4_000; minute += 1) equity.add(startMs + minute * 60_000, 10_000 + minute);
    const read = async (span: string) =>
      (await world.operator<EquityHistoryBody>('GET', `/v1/account/history?span=${span}`)).body.points;
    const points = await read('all');
    assert.deepEqual((await world.operator<EquityHistoryBody>('GET', '/v1/account/history')).body.points, points);
    assert.ok(points.length <= 720 && points.length > 600, `${points.length}`);
    assert.ok(points.every((point, index) => index === 0 || point.at_ms > (points[index - 1]?.at_ms ?? 0)));
    assert.deepEqual(points.at(-1), { at_ms: startMs + 4_000 * 60_000, equity_usdt: 14_000 });
    assert.ok((points[0]?.at_ms ?? 0) <= startMs + 60_000, 'since the first reading');
    for (const [span, minutes] of [
      ['hour', 60],
      ['day', 1_440],
    ] as const) {
      const [first] = await read(span);
      const agoMs = startMs + 4_000 * 60_000 - (first?.at_ms ?? 0);
      assert.ok(agoMs <= minutes * 60_000 && agoMs > (minutes - 5) * 60_000, `${span}: ${agoMs}`);
    }
    assert.equal((await world.operator('GET', '/v1/account/history?span=week')).status, 400);
    assert.equal((await world.call('GET', '/v1/account/history')).status, 403);
  });
});
