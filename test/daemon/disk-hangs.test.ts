import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { holdfast } from '../cli/run.ts';
import { createClient, marketOrder } from '../exchange-sim/signed-client.ts';
import { order, until } from './harness.ts';
import { startListening } from './spawned-daemon.ts';

test('while a commit does not return nothing is sent and nobody is answered; then all are [LE-125]', async (t) => {
  const sim = await startExchangeSim({ seed: 7, enforceLimits: false });
  t.after(() => sim.close());
  const { home, operator, said, token, url } = await startListening(t, sim.url);
  const answered: string[] = [];
  const ask = async (what: string, bearer: string, path: string, how: RequestInit = {}): Promise<Response> => {
    const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}${path}`, { ...how, headers });
    answered.push(what);
    return answer;
  };
  const look = (): Promise<Response> =>
    ask('a reading', operator, '/v1/trading-state', { signal: AbortSignal.timeout(300) });
  await until('it is ready', async () => (await ask('ready', operator, '/readyz')).status === 200, 30_000);

  // Another writer holds the ledger, so that a commit waits as for a disk that hangs.
  const db = new Database(join(home, 'paper', 'ledger.db'));
  t.after(() => db.close());
  db.exec('BEGIN IMMEDIATE');
  const body = JSON.stringify(order());
  const placed = ask('the order', token, '/v1/tools/place_order', { method: 'POST', body });
  await until('a commit waits', () =>
    look()
      .then(() => false)
      .catch(() => true),
  );
  answered.length = 0;
  const halt = JSON.stringify({ state: 'halted', reason: 'the disk hangs' });
  const halted = ask('the halt', operator, '/v1/trading-state', { method: 'PUT', body: halt });
  const alive = ask('alive', operator, '/healthz');
  await delay(600);
  assert.deepEqual(answered, [], 'nobody is answered');
  assert.equal(sim.engine.state.orders.size, 0, 'nothing is sent');
  db.exec('ROLLBACK');

  assert.deepEqual([(await placed).status, (await halted).status, (await alive).status], [200, 200, 200], said());
  const state = (await (await ask('the state', operator, '/v1/trading-state')).json()) as { readonly state: string };
  assert.equal(state.state, 'halted');
});

test('flatten --emergency closes beside a daemon that stands still [LE-129]', async (t) => {
  const sim = await startExchangeSim({ seed: 3 });
  t.after(() => sim.close());
  const exchange = createClient(sim);
  await exchange.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.02'));
  const { child, home } = await startListening(t, sim.url);
  child.kill('SIGSTOP');
  const { code, err, out } = await holdfast('flatten --emergency --json', {
    HOLDFAST_HOME: home,
    HOLDFAST_PAPER_URL: sim.url,
  });
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out), { venue: 'paper', is_flat: true, orders_left: [], positions_left: [] });
});
