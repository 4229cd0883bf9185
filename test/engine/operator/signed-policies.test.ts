import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LiveCore } from '../../../daemon/engine/flow/core.ts';
import { Pending } from '../../../daemon/engine/flow/step.ts';
import { PolicyControl, type PolicyPort } from '../../../daemon/engine/operator/policy-control.ts';
import { basePolicy } from '../../core/decision-fixture.ts';

const document = (name: string) => ({ spec: { ...basePolicy, name }, hash: name.repeat(64) });
const looser = { path: 'budgets.leverage', from: 3, to: 4, why: 'larger allows more' };
const port: Pick<PolicyPort, 'compare'> = { compare: () => ({ action: 'pending', looser: [looser] }) };

/** A live account of which two people accept a policy. `isTaken`: whether the ledger takes a record. */
function liveCore(isTaken: () => boolean): LiveCore {
  const inForce = document('0');
  const core = {
    settings: { venue: 'binance-live' },
    policySpec: { ...inForce.spec, approvals: { quorum: 2 } },
    policyHash: inForce.hash,
    state: { passkeys: { find: (id: string) => ({ id }) }, time: { venueMsOf: (tMs: number | null) => tMs } },
    ports: { ledger: { putPolicy() {} }, log: { info() {} } },
    nowMs: () => 0,
    passedMs: () => 0,
    alert() {},
    append() {
      if (!isTaken()) throw new Error('the record cannot be taken');
    },
    begin: () => Pending.done(),
    usePolicy() {},
  };
  return core as unknown as LiveCore;
}

it('who has accepted one policy has not accepted the next, though the record of that one was not taken', () => {
  let isTaken = true;
  const control = new PolicyControl(
    liveCore(() => isTaken),
    port as PolicyPort,
  );
  const offer = (name: string): void =>
    control.offerInBackground({ ok: true, policy: document(name), warnings: [] }, 'file');
  offer('a');
  assert.equal(control.accept('a'.repeat(64), 'ann', 'pk_ann').status, 'pending');
  isTaken = false;
  offer('b');
  isTaken = true;
  assert.deepEqual([control.pending?.hash, control.pending?.accepted_by], ['b'.repeat(64), []]);
  assert.equal(control.accept('b'.repeat(64), 'bob', 'pk_bob').status, 'pending', 'one of two');
  assert.equal(control.accept('b'.repeat(64), 'ann', 'pk_ann').status, 'in_force');
});
