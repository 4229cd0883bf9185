import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApprovalBody, ApprovedBody } from '../../daemon/engine/records/approvals.ts';
import type { ApprovalEvent } from '../../daemon/engine/records/people-events.ts';
import { auditApprovalProofs } from '../../daemon/passkeys/approval-proofs.ts';
import { holdfast } from '../cli/run.ts';
import { type Options, Seat } from './seat.ts';

test('a passkey approves what it signed, and nothing else [AN-74 AN-77 AP-23 AP-24]', async (t) => {
  const seat = await Seat.open({
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  const { world } = seat;
  t.after(() => world.close());
  const key = await seat.mustEnrol('laptop');
  const asked = await world.mustPlace('awaiting_approval', { requested_notional: 600 });
  const path = `/v1/approvals/${asked.decision.decision_id}`;
  const { digest, quantity } = (await seat.operator<ApprovalBody>('GET', path)).body;
  const { options } = (await seat.operator<{ options: Options }>('GET', `${path}/challenge`)).body;
  assert.equal(Buffer.from(options.challenge, 'base64url').toString('hex'), digest, 'the digest is what is signed');
  const send = (assertion: unknown) =>
    seat.operator<ApprovedBody>('POST', path, { action: 'approve', digest, assertion });
  const records = () => world.records<ApprovalEvent>('approval');

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

test('a passkey that was removed has approved nothing that is still to be granted [AP-25]', async (t) => {
  const seat = await Seat.open({
    policy: { approvals: { when: [{}], window_ms: 600_000, expiry_ms: 600_000, quorum: 2, quorum_above_usdt: 100 } },
  });
  const { world } = seat;
  t.after(() => world.close());
  const lost = await seat.mustEnrol('lost');
  const laptop = await seat.mustEnrol('laptop', lost);
  const phone = await seat.mustEnrol('phone', laptop);
  const asked = await world.place({ requested_notional: 600 });
  const path = `/v1/approvals/${asked.body.decision.decision_id}`;
  const { digest, quantity, quorum } = (await seat.operator<ApprovalBody>('GET', path)).body;
  assert.equal(quorum, 2);
  const challenge = Buffer.from(digest, 'hex').toString('base64url');
  const approve = (key: typeof lost) =>
    seat.operator<ApprovedBody>('POST', path, {
      action: 'approve',
      digest,
      assertion: key.sign({ challenge, origin: seat.origin }),
    });
  assert.equal((await approve(lost)).body.answer, null, 'another one is needed');
  const id = seat.added().find(({ name }) => name === 'lost')?.id;
  assert.equal((await seat.operator('POST', `/v1/passkeys/${id}/remove`, { reason: 'lost' })).status, 200);
  const second = await approve(laptop);
  assert.equal(second.body.answer, null, 'one person with a key has approved it');
  assert.deepEqual(
    second.body.approval.signatures.map(({ by }) => by),
    ['laptop'],
  );
  assert.equal(await world.position('BTCUSDT'), 0, 'nothing was sent');
  // With a session, and the signature of the whole call.
  const { session } = (await seat.signIn(phone)).body;
  const act = { method: 'POST', path, body: { action: 'approve', digest } };
  const header = await seat.signAct(session, phone, act);
  assert.equal((await seat.call('POST', path, act.body, session)).status, 403, 'a session alone approves nothing');
  const { body } = await seat.call<ApprovedBody>('POST', path, act.body, session, header);
  assert.equal(body.answer?.execution.state, 'filled', JSON.stringify(body));
  assert.equal(await world.position('BTCUSDT'), Number(quantity));

  const approvals = [...world.daemon.ledger.iterateEvents({ kind: 'approval' })].map(({ seq, payload }) => ({
    seq,
    payload: payload as ApprovalEvent,
  }));
  const audit = (change: (payload: ApprovalEvent) => ApprovalEvent = (same) => same, venue = 'paper') =>
    auditApprovalProofs(
      approvals.map(({ seq, payload }) => ({ seq, payload: change(payload) })),
      seat.records(),
      venue,
    );
  assert.deepEqual(audit(undefined, 'binance-live'), { signatures: 3, problem: null });
  const forge = (more: object) => (event: ApprovalEvent) =>
    event.action === 'signed' && event.proof.kind === 'passkey' && event.proof.name === 'phone'
      ? ({ ...event, ...more } as ApprovalEvent)
      : event;
  const laptopId = seat.added().find(({ name }) => name === 'laptop')?.id;
  const by = { kind: 'passkey', key_id: 'pk_0', name: 'nobody', assertion: {} } as const;
  for (const [what, more] of [
    ['a key that signed nothing', { proof: by }],
    ['another digest', { digest: 'f'.repeat(64) }],
    ['the call of another approval', { approval_id: 'd-other' }],
    ['a key that signed only something else', { proof: { ...by, key_id: laptopId }, digest: 'f'.repeat(64) }],
  ] as const)
    assert.match(audit(forge(more)).problem?.detail ?? 'good', /no signature of/, what);
  const token = { proof: { kind: 'operator_token', by: 'operator' } };
  assert.match(audit(forge(token), 'binance-live').problem?.detail ?? 'good', /token/);
  assert.equal(audit(forge(token)).problem, null, 'on paper it may');

  await world.daemon.close();
  const { code, out } = await holdfast('audit verify --deep --json', {
    HOLDFAST_HOME: world.home,
    HOLDFAST_HEAD_FILE: `${world.home}/head`,
  });
  assert.equal(code, 0, out);
});
