import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { ArmingBody, PolicyBody } from '../../daemon/contract/types/policy.ts';
import type { ArmingEvent } from '../../daemon/engine/records/people-events.ts';
import { type ArmingRecord, auditArmings } from '../../daemon/passkeys/arming-proofs.ts';
import { type Answer, Seat } from './seat.ts';
import type { SoftwareKey } from './software-key.ts';

const HOUR_MS = 3_600_000;
const APPROVALS = { when: [{ agents: ['nobody'] }], window_ms: 600_000, expiry_ms: 600_000, quorum: 2 };

describe('live trading under a policy with a quorum', () => {
  let seat: Seat;
  const keys: { readonly key: SoftwareKey; readonly session: string }[] = [];
  before(async () => {
    seat = await Seat.open({ policy: { approvals: APPROVALS } });
    for (const name of ['laptop', 'phone', 'tablet']) {
      const key = await seat.mustEnrol(name, keys[0]?.key ?? null);
      keys.push({ key, session: (await seat.signIn(key)).body.session });
    }
  });
  after(() => seat.world.close());

  const gate = () => seat.world.daemon.gate;
  const reported = async (): Promise<ArmingBody> =>
    (await seat.operator<PolicyBody>('GET', '/v1/policy')).body.arming ?? assert.fail('no arming is told');
  /** As `./holdfast arm` records it. */
  function arm(change: Partial<ArmingEvent> = {}): void {
    const { core } = gate();
    core.append('arming', {
      account: core.settings.account,
      effective_at_ms: core.nowMs(),
      expires_at_ms: core.nowMs() + HOUR_MS,
      policy_hash: core.policyHash,
      set_by: 'ops',
      version: core.settings.version,
      ...change,
    });
    gate().arming.begin();
  }
  async function sign(index: number, digest: string): Promise<Answer<ArmingBody>> {
    const { key, session } = keys[index] ?? assert.fail();
    const act = { method: 'POST', path: '/v1/arming', body: { digest } };
    return seat.call(act.method, act.path, act.body, session, await seat.signAct(session, key, act));
  }
  async function open(symbol = 'BTCUSDT'): Promise<string> {
    const { body } = await seat.world.place({ symbol, requested_notional: 150 });
    return body.decision.decision === 'BLOCK' ? (body.decision.reasons[0]?.code ?? '') : 'sent';
  }
  const audit = (change: (records: ArmingRecord[]) => readonly ArmingRecord[] = (same) => same) => {
    const { ledger } = seat.world.daemon;
    const kinds = ['arming', 'arming_signed', 'passkey', 'policy'] as const;
    const records = kinds.flatMap((kind) => [...ledger.iterateEvents({ kind })]).sort((a, b) => a.seq - b.seq);
    return auditArmings({
      records: change(records as unknown as ArmingRecord[]),
      venue: 'binance-live',
      ledger: ledger.genesis.genesis_id,
      readPolicy: (hash) => ledger.readPolicy(hash),
      decisionsFrom: (fromSeq) => ledger.iterateEvents({ fromSeq, kind: 'decision' }) as never,
    });
  };

  it('opens nothing until that many different passkeys have signed the arming; no token and no resume stands for one [AN-129 AN-130 AN-131 AN-132 AP-56 AP-59 AP-60 AP-61 AP-62 AP-63 TF-81]', async () => {
    arm();
    const { digest, problem, ...shown } = await reported();
    assert.match(problem ?? '', /0 of 2/);
    const { settings } = gate().core;
    assert.deepEqual(
      [shown.account, shown.policy_hash, shown.version],
      [settings.account, gate().core.policyHash, settings.version],
    );
    assert.ok((shown.expires_at_ms ?? 0) > (shown.effective_at_ms ?? 0), 'from when and until when');
    assert.equal(await open(), 'STATE_REDUCING');
    const { layers } = (await seat.operator<TradingStateBody>('GET', '/v1/trading-state')).body;
    assert.deepEqual(
      layers.map(({ layer, name, state }) => [layer, name, state]),
      [['breaker', 'arming', 'reducing']],
    );
    const byToken = await seat.operator('POST', '/v1/arming', { digest });
    assert.equal(byToken.status, 403, 'a token is no passkey');
    const resume = { state: 'active', reason: 'please' };
    assert.equal((await seat.operator('PUT', '/v1/trading-state', resume)).status, 200);
    assert.equal(await open(), 'STATE_REDUCING', 'an operator lifts it no other way');
    assert.equal((await sign(0, 'f'.repeat(64))).status, 400, 'another arming than the one that is told');
    assert.deepEqual((await sign(0, digest)).body.signed_by, ['laptop']);
    assert.deepEqual((await sign(0, digest)).body.signed_by, ['laptop'], 'twice is once');
    assert.equal(await open(), 'STATE_REDUCING');
    assert.deepEqual(await sign(1, digest).then(({ body }) => [body.signed_by, body.problem]), [
      ['laptop', 'phone'],
      null,
    ]);
    assert.equal(await open(), 'sent');
    assert.ok(seat.alerts().includes('NOT_ARMED'), 'somebody is told that it waits');
  });

  it('takes back what a removed passkey signed, in the same turn [AP-65]', async () => {
    const phone = seat.added().find(({ name }) => name === 'phone')?.id ?? '';
    assert.equal((await seat.operator('POST', `/v1/passkeys/${phone}/remove`, { reason: 'lost' })).status, 200);
    assert.equal(await open(), 'STATE_REDUCING');
    const { digest, signed_by: signedBy } = await reported();
    assert.deepEqual(signedBy, ['laptop']);
    await sign(2, digest);
    assert.equal(await open('ETHUSDT'), 'sent');
  });

  it('is signed by no passkey that is removed while its signature is on the way', async () => {
    const { passkeys } = gate();
    const operator = { role: 'operator', agent: 'ops', tokenId: 'ops', skillSha256: null } as const;
    const key = await seat.mustEnrol('watch', keys[0]?.key ?? null);
    keys.push({ key, session: (await seat.signIn(key)).body.session });
    const watch = seat.added().find(({ name }) => name === 'watch')?.id ?? '';
    const record = passkeys.recordAssertion.bind(passkeys);
    let recorded: Promise<unknown> = Promise.resolve();
    passkeys.recordAssertion = (assertion) => {
      const recording = record(assertion);
      recorded = recording;
      void passkeys.removePasskey(operator, watch, 'lost');
      return recording;
    };
    const { digest, signed_by: before } = await reported();
    const refused = await sign(3, digest);
    passkeys.recordAssertion = record;
    assert.equal(refused.status, 403);
    await assert.rejects(recorded, /was removed/);
    await assert.rejects(gate().signArming(operator, digest, watch), /was removed/);
    assert.deepEqual((await reported()).signed_by, before);
  });

  it('holds after a restart, and begins anew with another arming [AP-66]', async () => {
    await seat.world.restart();
    gate().arming.begin();
    assert.deepEqual((await reported()).signed_by, ['laptop', 'tablet']);
    const { digest: old } = await reported();
    arm({ set_by: 'someone' });
    const { digest, signed_by: signedBy } = await reported();
    assert.deepEqual(signedBy, []);
    assert.notEqual(digest, old);
    assert.equal(gate().arming.problem?.includes('0 of 2'), true);
    arm({ expires_at_ms: gate().core.nowMs() - 1 });
    assert.match(gate().arming.problem ?? '', /expired/);
    await gate().core.settled();
  });

  it('is proven from the records alone: who armed, and that nothing opened before [AP-64 AP-67 AP-68]', () => {
    const { armings, problem } = audit();
    assert.equal(problem, null);
    assert.deepEqual(
      armings.map(({ set_by: setBy, signed_by: signers }) => [setBy, signers.map(({ name }) => name)]),
      [
        ['ops', ['laptop', 'tablet']],
        ['someone', []],
        ['ops', []],
      ],
    );
    const signatures = audit((records) => records.filter((record) => record.kind !== 'passkey'));
    assert.match(signatures.problem?.detail ?? '', /no signature of pk_/);
    const other = audit((records) =>
      records.map((record) =>
        record.kind === 'arming' ? { ...record, payload: { ...record.payload, policy_hash: 'f'.repeat(64) } } : record,
      ),
    );
    assert.match(other.problem?.detail ?? '', /another arming/, 'what was signed cannot be exchanged');
    let seen = 0;
    const short = audit((records) => records.filter((record) => record.kind !== 'arming_signed' || ++seen !== 2));
    assert.match(short.problem?.detail ?? '', /opened while too few/);
    const unsigned = audit((records) => records.filter((record) => record.kind !== 'arming_signed'));
    assert.match(unsigned.problem?.detail ?? '', /opened while too few/, 'to the end of the ledger');
  });
});
