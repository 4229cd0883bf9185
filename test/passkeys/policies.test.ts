import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import type { ReloadBody } from '../../daemon/contract/types/policy.ts';
import type { PolicyEvent } from '../../daemon/engine/records/people-events.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { type Answer, Seat } from './seat.ts';
import type { SoftwareKey } from './software-key.ts';

const APPROVALS = { when: [{ notional_above_usdt: 5_000 }], window_ms: 600_000, expiry_ms: 600_000, quorum: 2 };

describe('a looser policy on binance-live, where the policy in force has a quorum', () => {
  let seat: Seat;
  const keys: { key: SoftwareKey; session: string }[] = [];
  let hash = '';
  before(async () => {
    seat = await Seat.open({ policy: { approvals: APPROVALS } });
    for (const name of ['laptop', 'phone', 'tablet']) {
      const key = await seat.mustEnrol(name, keys[0]?.key ?? null);
      keys.push({ key, session: (await seat.signIn(key)).body.session });
    }
  });
  after(() => seat.world.close());

  const records = () =>
    [...seat.world.daemon.ledger.iterateEvents({ kind: 'policy' })].map(({ payload }) => payload as PolicyEvent);
  const inForce = () => seat.world.daemon.gate.core.policyHash;
  /** Offers a policy with other leverage, and gives the hash of what waits. */
  async function offer(
    leverage: number,
    quorum = 2,
    of = readFileSync(seat.world.policyPath, 'utf8'),
  ): Promise<string> {
    const spec = parse(of);
    spec.budgets.leverage = leverage;
    spec.approvals.quorum = quorum;
    const parsed = parsePolicy(JSON.stringify(spec), 'p.yaml');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    await seat.world.daemon.gate.policies.offer(parsed, 'file');
    const waits = (await seat.world.ready()).body.pending_policy;
    assert.equal(waits?.hash, parsed.policy.hash);
    return parsed.policy.hash;
  }
  async function accept(index: number): Promise<Answer<ReloadBody>> {
    const act = { method: 'POST', path: '/v1/policy/reload', body: { hash } };
    const { key, session } = keys[index] ?? assert.fail();
    return seat.call(act.method, act.path, act.body, session, await seat.signAct(session, key, act));
  }
  const acceptedBy = ({ body }: Answer<ReloadBody>) => (body.status === 'pending' ? body.accepted_by : body.status);

  it('waits for that many different passkeys, and a token is none of them [AN-125 AP-50 AP-51 AP-53 TM-53]', async () => {
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'binance-live' });
    const old = inForce();
    hash = await offer(4);
    const byToken = await seat.operator<ReloadBody>('POST', '/v1/policy/reload', { hash });
    assert.equal(byToken.status, 409);
    assert.match(byToken.body.error?.message ?? '', /2 different passkeys/);
    assert.deepEqual(acceptedBy(await accept(0)), ['laptop']);
    assert.deepEqual(acceptedBy(await accept(0)), ['laptop'], 'twice is once');
    assert.equal(inForce(), old);
    assert.deepEqual((await seat.world.ready()).body.pending_policy?.accepted_by, ['laptop']);
    assert.equal((await accept(1)).body.status, 'in_force');
    assert.equal(inForce(), hash);
    const signed = records().filter((each) => each.action === 'signed');
    assert.deepEqual(
      signed.map((each) => [each.set_by, each.hash, each.detail?.slice(0, 3)]),
      [
        ['laptop', hash, 'pk_'],
        ['phone', hash, 'pk_'],
      ],
      'who accepted what is on record',
    );
    const acts = seat.asserted().filter((each) => each.purpose === 'act');
    assert.ok(
      signed.every(({ detail }) => acts.some(({ id, text }) => id === detail && text?.includes(hash))),
      'with the signature over this very hash',
    );
  });

  it('a lower quorum is looser too; a key removed meanwhile and another text do not count [AP-52 AP-54 AP-55]', async () => {
    const old = inForce();
    hash = await offer(4, 1);
    assert.deepEqual(acceptedBy(await accept(2)), ['tablet']);
    const tablet = seat.added().find(({ name }) => name === 'tablet')?.id ?? '';
    const removal = { method: 'POST', path: `/v1/passkeys/${tablet}/remove`, body: { reason: 'lost' } };
    assert.equal((await seat.operator(removal.method, removal.path, removal.body)).status, 200);
    assert.deepEqual(acceptedBy(await accept(0)), ['laptop']);
    hash = await offer(5);
    assert.deepEqual(acceptedBy(await accept(1)), ['phone'], 'another policy begins anew');
    assert.equal(inForce(), old);
  });

  it('a start begins anew: what was accepted before it counts no more [AP-54]', async () => {
    const text = readFileSync(seat.world.policyPath, 'utf8');
    hash = await offer(6);
    assert.deepEqual(acceptedBy(await accept(0)), ['laptop']);
    await seat.world.restart();
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'binance-live' });
    assert.equal(await offer(6, 2, text), hash);
    assert.deepEqual((await seat.world.ready()).body.pending_policy?.accepted_by, []);
    assert.notEqual(inForce(), hash);
  });
});
