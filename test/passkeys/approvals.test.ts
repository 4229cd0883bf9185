import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalBody, ApprovedBody } from '../../daemon/gate/api/approvals.ts';
import type { ApprovalEvent } from '../../daemon/gate/events.ts';
import { order } from '../daemon/harness.ts';
import { type Options, Seat } from './seat.ts';

test('a passkey approves what it signed, and nothing else', async (t) => {
  const seat = await Seat.open({
    policy: (spec) => {
      spec.approvals = { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 };
    },
  });
  const { world } = seat;
  t.after(() => world.close());
  const key = await seat.mustEnrol('laptop');
  const asked = await world.tool('place_order', order({ requested_notional: 600 }));
  assert.equal(asked.body.execution.state, 'awaiting_approval', JSON.stringify(asked.body.decision.reasons));
  const path = `/v1/approvals/${asked.body.decision.decision_id}`;
  const { digest, quantity } = (await seat.operator<ApprovalBody>('GET', path)).body;
  const { options } = (await seat.operator<{ options: Options }>('GET', `${path}/challenge`)).body;
  assert.equal(Buffer.from(options.challenge, 'base64url').toString('hex'), digest, 'the digest is what is signed');
  const send = (assertion: unknown) =>
    seat.operator<ApprovedBody>('POST', path, { action: 'approve', digest, assertion });
  const records = () =>
    [...world.daemon.ledger.iterateEvents({ kind: 'approval' })].map(({ payload }) => payload as ApprovalEvent);

  const larger = Buffer.from('f'.repeat(64), 'hex').toString('base64url');
  const wrong = [
    key.sign({ challenge: larger, origin: seat.origin }),
    key.sign({ challenge: options.challenge, origin: 'http://localhost:1' }),
  ];
  for (const assertion of wrong) {
    assert.equal((await send(assertion)).status, 409, 'another text, or another page');
    assert.equal(records().at(-1)?.action, 'refused', 'it is on record');
  }
  assert.equal(await world.position('BTCUSDT'), 0, 'nothing was sent');

  const good = key.sign({ challenge: options.challenge, origin: seat.origin });
  const { status, body } = await send(good);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(await world.position('BTCUSDT'), Number(quantity));
  assert.deepEqual(
    body.approval.signatures.map(({ by, kind }) => [by, kind]),
    [['laptop', 'passkey']],
  );
  const signed = records().find(({ action }) => action === 'signed');
  assert.ok(signed?.action === 'signed' && signed.proof.kind === 'passkey');
  assert.deepEqual(signed.proof.assertion, good, 'the record keeps the signature');
  assert.equal((await send(key.sign({ challenge: options.challenge, origin: seat.origin }))).status, 409, 'once');
  assert.equal(await world.position('BTCUSDT'), Number(quantity));
});
