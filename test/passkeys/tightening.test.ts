import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TradingStateBody } from '../../daemon/contract/types/operator.ts';
import { Seat } from './seat.ts';

const PATH = '/v1/trading-state';
type State = 'active' | 'reducing' | 'halted';

describe('a session alone', () => {
  let seat: Seat;
  let session: string;
  before(async () => {
    seat = await Seat.open();
    session = (await seat.signInByToken()).body.session;
  });
  after(() => seat.world.close());
  const set = (state: State, more: object = {}, headers = {}) =>
    seat.call<TradingStateBody>('PUT', PATH, { state, reason: 'by the session', ...more }, session, headers);
  const stateOf = async (scope: string) =>
    (await seat.world.tradingState()).layers.find((each) => each.layer === 'operator' && each.scope === scope)?.state;
  const refused = async (state: State, more: object = {}) => {
    const before = await seat.world.tradingState();
    const { status, body } = await set(state, more);
    assert.deepEqual([status, body.error?.code], [403, 'FORBIDDEN'], state);
    assert.match(body.error?.message ?? '', /would loosen/);
    assert.deepEqual(await seat.world.tradingState(), before, 'nothing has changed');
  };

  it('reduces and halts, under the name of who opened it [TM-81]', async () => {
    for (const [state, more, scope] of [
      ['reducing', { symbol: 'BTCUSDT' }, 'symbol'],
      ['halted', { symbol: 'BTCUSDT' }, 'symbol'],
      ['reducing', { agent: 'agent' }, 'agent'],
      ['reducing', {}, 'account'],
      ['reducing', {}, 'account'],
      ['halted', {}, 'account'],
    ] as const) {
      const { body, status } = await set(state, more);
      assert.equal(status, 200, JSON.stringify(body));
      assert.equal(await stateOf(scope), state);
    }
    const { layers } = await seat.world.tradingState();
    assert.ok(layers.every(({ set_by: by }) => by === 'operator'));
    const { body } = await seat.world.place();
    assert.equal(body.decision.decision, 'BLOCK');
  });

  it('changes nothing of a halt that stands, and records nothing more, however often it asks [TM-82]', async () => {
    const { ledger } = seat.world.daemon;
    const body = { state: 'halted', reason: 'the exchange is under attack', symbol: 'ETHUSDT' };
    assert.equal((await seat.operator('PUT', PATH, body)).status, 200);
    const [before, records] = [await seat.world.tradingState(), ledger.lastSeq()];
    for (let time = 0; time < 3; time += 1)
      assert.equal((await set('halted', { symbol: 'ETHUSDT', reason: 'nothing of importance' })).status, 200);
    assert.deepEqual(await seat.world.tradingState(), before);
    assert.equal(ledger.lastSeq(), records);
  });

  it('neither reduces over a halt nor resumes, whatever the scope [TM-82]', async () => {
    for (const more of [{}, { symbol: 'BTCUSDT' }]) {
      await refused('reducing', more);
      await refused('active', more);
    }
    await refused('active', { agent: 'agent' });
    await refused('active', { symbol: 'ETHUSDT' });
  });

  it('does nothing by a proof that is not good, and loosens by one that is [TM-82]', async () => {
    const act = { method: 'PUT', path: PATH, body: { state: 'reducing', reason: 'by the session' } };
    const good = await seat.signActByToken(session, act);
    const other = { ...act, body: { ...act.body, reason: 'another' } };
    const before = await seat.world.tradingState();
    assert.equal((await set('halted', {}, await seat.signActByToken(session, other))).status, 403);
    assert.deepEqual(await seat.world.tradingState(), before);
    assert.equal((await set('reducing', {}, good)).status, 200);
    assert.equal(await stateOf('account'), 'reducing');
  });

  it('neither closes, cancels, approves, ends nor accepts anything [TM-82]', async () => {
    const before = seat.world.daemon.ledger.lastSeq();
    for (const [path, body] of [
      ['/v1/flatten', { reason: 'x' }],
      ['/v1/approvals/dec_1', { action: 'deny', reason: 'x' }],
      ['/v1/symbols/BTCUSDT/release', { reason: 'x' }],
      ['/v1/alerts/1/ack', { reason: 'x' }],
      ['/v1/policy/reload', {}],
      ['/v1/tools/cancel_all', {}],
    ] as const)
      assert.equal((await seat.call('POST', path, body, session)).status, 403, path);
    assert.equal(seat.world.daemon.ledger.lastSeq(), before);
  });
});
