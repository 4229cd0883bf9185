import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compareAlertRoutes } from '../../../daemon/alerts/looser.ts';
import type { AlertRoutesSpec } from '../../../daemon/contract/alerts.ts';
import type { VenueName } from '../../../daemon/core/venues.ts';
import { GateCore } from '../../../daemon/driver/driver.ts';
import { AlertRoutesControl } from '../../../daemon/engine/operator/alert-routes.ts';
import { ProofWorld } from '../proof-fixture.ts';

const desk = { slack: { url: { file: 'desk.url' } } };
const phone = { ntfy: { topic: { file: 'phone.topic' } } };
const BOTH: AlertRoutesSpec = {
  channels: { desk, phone },
  routes: [{ channels: ['desk', 'phone'], severity: 'info' }],
};
const DESK: AlertRoutesSpec = { channels: { desk }, routes: [{ channels: ['desk'], severity: 'info' }] };
const NONE: AlertRoutesSpec = { channels: {}, routes: [] };
const hashes = new Map([DESK, BOTH, NONE].map((spec, i) => [spec, String(i).repeat(64)]));
const hashOf = (spec: AlertRoutesSpec): string => hashes.get(spec) ?? '';
const read = (spec: AlertRoutesSpec) => ({ ok: true, routes: { spec, hash: hashOf(spec) } }) as const;

function open(venue: VenueName) {
  const world = new ProofWorld();
  const { core: model, time } = world;
  const policy = { spec: model.policySpec, hash: model.policyHash };
  const core = new GateCore(model.ports, { ...model.settings, venue }, policy);
  const control = new AlertRoutesControl(core, compareAlertRoutes);
  const inForce = () => core.state.outbox.routes?.hash ?? null;
  const alerts = () => core.state.alerts.readBefore(Number.MAX_SAFE_INTEGER, 10).map(({ code }) => code);
  return { alerts, control, core, inForce, time };
}

describe('alert routes in force', () => {
  it('the first ones at once; more at once; less only by its hash', async () => {
    const { alerts, control, inForce } = open('paper');
    await control.offer(read(DESK), 'start');
    assert.equal(inForce(), hashOf(DESK));
    await control.offer(read(BOTH), 'file');
    assert.equal(inForce(), hashOf(BOTH));
    await control.offer(read(DESK), 'file');
    await control.offer(read(DESK), 'file');
    assert.equal(inForce(), hashOf(BOTH));
    assert.deepEqual(alerts(), ['ALERT_ROUTES_PENDING', 'ALERT_ROUTES_CHANGED'], 'once for one file');
    assert.equal((await control.accept(null, 'ann')).status, 'pending');
    assert.equal((await control.accept(hashOf(NONE), 'ann')).status, 'refused');
    assert.equal(inForce(), hashOf(BOTH));
    assert.deepEqual(await control.accept(hashOf(DESK), 'ann'), { status: 'in_force', hash: hashOf(DESK) });
    assert.equal(inForce(), hashOf(DESK));
    assert.equal(control.pending, null);
  });

  it('a pending file that was put right again waits for nobody', async () => {
    const { control, inForce } = open('paper');
    await control.offer(read(BOTH), 'start');
    await control.offer(read(NONE), 'file');
    assert.notEqual(control.pending, null);
    await control.offer(read(BOTH), 'file');
    assert.equal(control.pending, null);
    assert.equal((await control.accept(hashOf(NONE), 'ann')).status, 'refused');
    assert.equal(inForce(), hashOf(BOTH));
  });

  it('on live less waits for loosen_delay_ms of the policy in force as well [AL-63 AN-144]', async () => {
    const { control, core, inForce, time } = open('binance-live');
    await control.offer(read(BOTH), 'start');
    await control.offer(read(NONE), 'file');
    const { loosen_delay_ms: delayMs } = core.policySpec;
    assert.equal(control.pending?.not_before_ms, core.nowMs() + delayMs);
    await time.advance(delayMs - 1);
    assert.equal((await control.accept(hashOf(NONE), 'ann')).status, 'pending');
    assert.equal(inForce(), hashOf(BOTH));
    await time.advance(1);
    assert.equal((await control.accept(hashOf(NONE), 'ann')).status, 'in_force');
    assert.equal(inForce(), hashOf(NONE));
  });

  it('a file that cannot be used changes nothing, also one that is gone [AL-62]', async () => {
    const { alerts, control, inForce } = open('paper');
    await control.offer(read(BOTH), 'start');
    await control.offer({ ok: false, problem: 'does not exist' }, 'file');
    assert.deepEqual([inForce(), control.error], [hashOf(BOTH), 'does not exist']);
    assert.deepEqual(alerts(), ['ALERT_ROUTES_REFUSED']);
    await control.offer(read(BOTH), 'file');
    assert.equal(control.error, null);
  });
});
