import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { startWatch } from '../until.ts';
import { order, type ToolBody, until } from './harness.ts';
import { spawnDaemon, startListening } from './spawned-daemon.ts';

/** An exchange that takes requests and never answers, so that a start cannot come to its end. */
async function startSilentExchange(t: TestContext): Promise<{ readonly url: string; asked(): Promise<void> }> {
  const server = createServer(() => undefined);
  const asked = once(server, 'request');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked: async () => void (await asked) };
}

async function startStuck(t: TestContext) {
  const exchange = await startSilentExchange(t);
  const daemon = spawnDaemon(t, exchange.url);
  const gone = daemon.exited.then(([code, signal]) =>
    assert.fail(`the start ended with ${code ?? signal}: ${daemon.said()}`),
  );
  await Promise.race([exchange.asked(), gone]);
  gone.catch(() => undefined);
  return daemon;
}

test('Ctrl-C ends a start that waits for its exchange within 2 s', async (t) => {
  const { child, exited, said } = await startStuck(t);
  const watch = startWatch();
  child.kill('SIGINT');
  const [code, signal] = await exited;
  const tookMs = Math.round(watch.stop());
  assert.ok(tookMs < 2_500, `took ${tookMs} ms`);
  assert.equal(signal, null, 'it ended by itself');
  assert.ok(code === 0 || code === 1, `code ${code}`);
  assert.match(said(), /press Ctrl-C again to end at once/);
});

test('a second signal ends the process at once, whatever still closes', async (t) => {
  const { child, exited, said } = await startStuck(t);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  const [code, signal] = await exited;
  assert.deepEqual([code, signal], [1, null]);
  assert.doesNotMatch(said(), /not everything stopped in time/);
});

test('Ctrl-C with an order on its way: its caller is answered, and the daemon ends in order within 2 s', async (t) => {
  const sim = await startExchangeSim({ simToken: 'a-token-of-the-tests' });
  t.after(() => sim.close());
  const fault = { kind: 'delay', ms: 600_000, match: { method: 'POST', path: '/fapi/v1/order' } };
  const injected = await fetch(`${sim.url}/sim/faults`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${sim.simToken}` },
    body: JSON.stringify(fault),
  });
  assert.equal(injected.status, 200, await injected.text());
  const { child, exited, said, token, url } = await startListening(t, sim.url);
  let isAnswered = true;
  const asked: Promise<Response>[] = [];
  // Four lots, then five, and so on.
  let notional = 242;
  const ask = async (): Promise<Response> => {
    isAnswered = false;
    const answer = await fetch(`${url}/v1/tools/place_order`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Connection: 'keep-alive' },
      body: JSON.stringify(order({ requested_notional: notional })),
    });
    isAnswered = true;
    return answer;
  };
  await until('the order is on its way', async () => {
    // A busy machine may answer before it sends anything: that its feeds are too old, or that it would be too late.
    if (isAnswered) {
      asked.push(ask());
      notional += 60.1;
    }
    const faults = await fetch(`${sim.url}/sim/faults`, { headers: { Authorization: `Bearer ${sim.simToken}` } });
    return ((await faults.json()) as { faults: { remaining: number }[] }).faults.every((one) => one.remaining === 0);
  });
  const watch = startWatch();
  child.kill('SIGINT');
  // As npm does, which passes on what the terminal has sent to the daemon as well.
  await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  const answer = await (asked.at(-1) ?? assert.fail('nothing was asked'));
  const body = (await answer.json()) as ToolBody;
  assert.deepEqual([answer.status, body.decision.decision, body.execution.state], [200, 'ALLOW', 'submitting']);
  const [code, signal] = await exited;
  const tookMs = Math.round(watch.stop());
  assert.deepEqual([code, signal], [0, null], said());
  assert.ok(tookMs < 2_500, `took ${tookMs} ms`);
});

test('a daemon whose ledger cannot record cancels its openings and ends with a code on which supervisors restart [LE-28]', async (t) => {
  const sim = await startExchangeSim({ seed: 7, enforceLimits: false });
  t.after(() => sim.close());
  const { exited, home, said, token, url } = await startListening(t, sim.url);
  const place = async (notional: number): Promise<number> => {
    const answer = await fetch(`${url}/v1/tools/place_order`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(order({ order_type: 'limit', limit_price: 50_000, requested_notional: notional })),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const resting = (): number => [...sim.engine.state.orders.values()].filter(({ status }) => status === 'NEW').length;
  await until('an opening rests', async () => (await place(300)) === 200 && resting() > 0, 30_000);
  const db = new Database(join(home, 'paper', 'ledger.db'));
  db.exec("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'a defect'); END");
  db.close();
  await place(301).catch(() => 0);
  assert.deepEqual(await exited, [1, null], said());
  assert.match(said(), /the ledger cannot record/);
  assert.equal(resting(), 0, 'nothing that opens is left');
});
