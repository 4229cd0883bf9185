import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { HolderBody } from '../../daemon/contract/types/operator.ts';
import type { HolderEvent } from '../../daemon/engine/records/people-events.ts';
import { type Answer, Seat } from './seat.ts';

describe('who gives a symbol to an agent on binance-live', () => {
  let seat: Seat;
  const act = { method: 'POST', path: '/v1/symbols/BTCUSDT/adopt', body: { agent: 'momentum', reason: 'test' } };
  const byToken = (): Promise<Answer<HolderBody>> => seat.operator<HolderBody>(act.method, act.path, act.body);
  const records = (): readonly HolderEvent[] =>
    [...seat.world.daemon.ledger.iterateEvents({ kind: 'holder' })].map(({ payload }) => payload as HolderEvent);
  before(async () => {
    seat = await Seat.open();
    seat.world.createAgent('momentum');
    const { body } = await seat.world.place();
    assert.equal(body.execution.state, 'filled', JSON.stringify(body.decision.reasons));
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'binance-live' });
  });
  after(() => seat.world.close());

  it('a token does, while no passkey is enrolled', async () => {
    const { status, body } = await byToken();
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.holder, 'momentum');
    const [adopted] = records();
    assert.equal(adopted?.action === 'adopted' ? adopted.passkey_id : undefined, null);
  });

  it('once one is enrolled, a passkey that signs this very call, whose signature is on record', async () => {
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'paper' });
    const key = await seat.mustEnrol('laptop');
    Object.assign(seat.world.daemon.gate.core.settings, { venue: 'binance-live' });
    const refused = await byToken();
    assert.deepEqual([refused.status, refused.body.error?.code], [403, 'FORBIDDEN']);
    assert.match(refused.body.error?.message ?? '', /a passkey has to sign an adoption: use the console/);
    assert.equal(records().length, 1, 'nothing was done');
    const { session } = (await seat.signIn(key)).body;
    const other = { ...act, body: { ...act.body, agent: 'somebody' } };
    const stolen = await seat.call(act.method, act.path, act.body, session, await seat.signAct(session, key, other));
    assert.equal(stolen.status, 403, 'a signature of another agent’s name');
    const signed = await seat.signAct(session, key, act);
    const { status, body } = await seat.call<HolderBody>(act.method, act.path, act.body, session, signed);
    assert.equal(status, 200, JSON.stringify(body));
    const adopted = records().at(-1);
    assert.ok(adopted?.action === 'adopted' && adopted.passkey_id !== null);
    assert.equal(adopted.set_by, 'laptop');
    const acts = seat.asserted().filter(({ purpose }) => purpose === 'act');
    assert.ok(acts.some(({ id, text }) => id === adopted.passkey_id && text?.includes(act.path)));
  });

  it('a release needs none: it only takes away', async () => {
    const { status } = await seat.operator('POST', '/v1/symbols/BTCUSDT/release', { reason: 'test' });
    assert.equal(status, 200);
  });
});
