import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
const TIMES = 1_000_000;
/** Longer than the tries of an exit last that the venue refuses for what it is, ms. */
const LONG_MS = 90_000;
/** The same where an agent waits for a minute between two tries, and that minute, ms. */
const LONGER_MS = 270_000;
const MINUTE_MS = 62_000;

/** Alerts that say that an exit is over, or another. */
function ends(world: DaemonWorld, fromSeq: number, wanted = 'EXIT_ENDED'): readonly string[] {
  return world
    .alerts(fromSeq)
    .filter(({ code }) => code === wanted)
    .map(({ code, detail }) => `${code}: ${detail}`);
}

describe('what the venue refuses whoever asks uses up no tries of an exit', () => {
  const world = suiteWorld({ wall: true, policy: UNPACED });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 120_000);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await until('open to all', async () => (await world.ready()).status === 200, 60_000);
  });

  const open = async (): Promise<number> => {
    await until(
      'something is held',
      async () => {
        await world.place({ side: 'buy', requested_notional: 900 });
        return (await world.position('BTCUSDT')) > 0;
      },
      60_000,
    );
    await world.sleep(2_000);
    return world.daemon.ledger.lastSeq();
  };
  const error = (code: number, msg: string, http: number): object => ({ kind: 'error', code, msg, http });

  const NAMELESS: Readonly<Record<string, object>> = {
    'a firewall (403)': { kind: 'status', status: 403 },
    'a 429 that names no time': { kind: 'status', status: 429 },
  };
  const REFUSALS: Readonly<Record<string, object>> = {
    ...NAMELESS,
    'a 429 that names a second': { kind: 'status', status: 429, retry_after_s: 1 },
    'too many requests (-1003)': error(-1003, 'Too many requests.', 400),
    'a venue that is out of service': { kind: 'status', status: 503, body: 'Service Unavailable.' },
    'a venue under load (-1008)': error(-1008, 'Server is currently overloaded with other requests.', 503),
    'a clock that is off': error(-1021, 'Timestamp for this request is outside of the recvWindow.', 400),
  };
  for (const [what, refusal] of Object.entries(REFUSALS))
    it(`${what}: it goes on, and closes once it is let through [EX-45]`, async () => {
      const seq = await open();
      await world.fault({ ...refusal, match: SEND, count: TIMES });
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      const isNameless = NAMELESS[what] !== undefined;
      await world.sleep(isNameless ? LONGER_MS : LONG_MS);
      assert.ok((await world.position('BTCUSDT')) > 0, 'it was refused all the time');
      assert.deepEqual(ends(world, seq), []);
      await world.control('clear-faults', {});
      const withinMs = isNameless ? MINUTE_MS : 15_000;
      await until('closed', async () => (await world.position('BTCUSDT')) === 0, withinMs);
      assert.deepEqual(ends(world, seq), []);
    });

  for (const status of [403, 503])
    it(`cancels alone get ${status}: it waits for the room that they make, and closes then [EX-69]`, async () => {
      const seq = await open();
      const held = { intent: 'close', side: 'sell', quantity: await world.position('BTCUSDT') };
      const rests = { ...held, order_type: 'limit', limit_price: 66_000, requested_notional: undefined };
      await world.mustPlace('working', rests);
      await world.fault({ kind: 'status', status, body: '<html></html>', match: { method: 'DELETE' }, count: TIMES });
      await world.tool('close_position', { symbol: 'BTCUSDT' });
      await world.sleep(LONG_MS);
      assert.deepEqual(ends(world, seq), []);
      await world.control('clear-faults', {});
      await until('closed', async () => (await world.position('BTCUSDT')) === 0, MINUTE_MS);
      assert.deepEqual(ends(world, seq), []);
    });

  it('no connection: it goes on, and closes once there is one', async () => {
    const seq = await open();
    await world.fault({ kind: 'disconnect', ms: LONG_MS });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.sleep(LONG_MS - 5_000);
    await until('closed', async () => (await world.position('BTCUSDT')) === 0, 25_000);
    assert.deepEqual(ends(world, seq), []);
  });

  it('a ban: it waits for its end, and closes then [EX-45]', async () => {
    const seq = await open();
    await world.fault({ kind: 'ban', ms: 45_000, factor: 1 });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.sleep(40_000);
    await until('closed', async () => (await world.position('BTCUSDT')) === 0, 15_000);
    assert.deepEqual(ends(world, seq), []);
  });

  it('a long ban that was known when it was asked for: a person is told of it once', async () => {
    const seq = await open();
    await world.fault({ kind: 'ban', ms: 90_000, factor: 1 });
    await world.sleep(5_000);
    const { body } = await world.tool('close_position', { symbol: 'BTCUSDT' });
    assert.equal(body.execution.orders[0]?.status, 'pending_send', JSON.stringify(body.execution));
    await world.sleep(80_000);
    await until('closed', async () => (await world.position('BTCUSDT')) === 0, 15_000);
    const reported = ends(world, seq, 'EXIT_STALLED');
    assert.equal(reported.length, 1, reported.join('; '));
    assert.match(reported[0] ?? '', /with 0\.000 closed; the venue has asked to be left alone$/);
  });

  it('one that is to rest: it rests once it is let through', async () => {
    const seq = await open();
    await world.fault({ kind: 'status', status: 403, match: SEND, count: TIMES });
    const { body } = await world.place({
      intent: 'close',
      side: 'sell',
      order_type: 'limit',
      limit_price: 66_000,
      requested_notional: 300,
    });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await world.sleep(LONGER_MS);
    assert.deepEqual(ends(world, seq), []);
    await world.control('clear-faults', {});
    const rests = async (): Promise<boolean> =>
      (await world.books()).orders.some(({ status, type }) => status === 'NEW' && type === 'LIMIT');
    await until('it rests', rests, MINUTE_MS);
  });

  it('a refusal of the order itself does, and its end names why', async () => {
    const seq = await open();
    await world.fault({
      kind: 'error',
      code: -4131,
      msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
      match: SEND,
      count: TIMES,
    });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.sleep(LONG_MS);
    assert.equal(ends(world, seq).length, 1, ends(world, seq).join('; '));
    assert.match(ends(world, seq)[0] ?? '', /the venue refused it: The counterparty's best price/);
  });

  it('a long outage does not fill the ledger with its tries', async () => {
    await open();
    await world.fault({ kind: 'status', status: 503, body: 'Service Unavailable.', match: SEND, count: TIMES });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.sleep(LONG_MS);
    const seq = world.daemon.ledger.lastSeq();
    await world.sleep(LONG_MS);
    const tries = [...world.daemon.ledger.iterateEvents({ fromSeq: seq, kind: 'decision' })].length;
    assert.ok(tries >= 5 && tries <= 12, `${tries} tries in ${LONG_MS} ms`);
    await world.control('clear-faults', {});
    await until('closed', async () => (await world.position('BTCUSDT')) === 0, 15_000);
  });
});
