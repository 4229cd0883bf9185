import assert from 'node:assert/strict';
import { it } from 'node:test';
import { compareAlertRoutes } from '../../../daemon/alerts/looser.ts';
import type { AlertRoutesSpec } from '../../../daemon/contract/alerts.ts';
import { AlertRoutesControl } from '../../../daemon/engine/operator/alert-routes.ts';
import { ProofWorld } from '../proof-fixture.ts';

const ONE: AlertRoutesSpec = {
  channels: { desk: { slack: { url: { file: 'desk.url' } } } },
  routes: [{ channels: ['desk'], severity: 'info' }],
};
const NONE: AlertRoutesSpec = { channels: {}, routes: [] };
const held = (spec: AlertRoutesSpec) =>
  ({ ok: true, routes: { spec, hash: (spec === ONE ? '1' : '0').repeat(64) } }) as const;

it('pending alert routes are accepted only while their file holds them, as a pending policy is', () => {
  const { core } = new ProofWorld();
  const control = new AlertRoutesControl(core, compareAlertRoutes);
  control.offer(held(ONE), 'start');
  control.offer(held(NONE), 'file');
  const { hash } = held(NONE).routes;
  control.offer({ ok: false, problem: 'does not exist' }, 'file');
  const refused = control.accept(hash, 'ann');
  assert.deepEqual([refused.status, control.pending?.hash], ['refused', hash], 'it still waits');
  assert.match(refused.status === 'refused' ? refused.message : '', /the file of alert routes holds it no more/);
  assert.equal(core.state.outbox.routes?.hash, held(ONE).routes.hash);
  control.offer(held(NONE), 'file');
  assert.equal(control.accept(hash, 'ann').status, 'in_force');
});
