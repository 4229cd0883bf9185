import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { type DaemonBeside, DaemonWorld, type DaemonWorldOptions, order, until } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import type { Rewrites } from '../daemon/rewriting-proxy.ts';
import { inLots } from '../engine/fold-fixture.ts';
import { checkAudit } from '../recorded/verdicts.ts';

/** Of the default policy, USDT. */
const GROSS_CAP = 3_000;
const SYMBOL_CAP = 2_000;

async function startWorld(t: TestContext, options: DaemonWorldOptions = {}): Promise<DaemonWorld> {
  const world = await DaemonWorld.of(t, { wall: true, ...options });
  return world;
}

/** Sum of positions at the exchange, at their marks, USDT. */
async function gross(world: DaemonWorld): Promise<number> {
  const { positions } = await world.books();
  return positions.reduce((sum, { quantity, mark_price }) => sum + Math.abs(Number(quantity)) * Number(mark_price), 0);
}
/** A comparison counts for the next start for a while. */
const LATER_MS = 31_000;
function alerts(beside: Pick<DaemonBeside, 'daemon'>, code: string): number {
  const events = [...beside.daemon.ledger.iterateEvents({ kind: 'alert' })];
  return events.filter(({ payload }) => (payload as { readonly code: string }).code === code).length;
}
const ASK = order({ requested_notional: 900 });

describe('BY-45: two daemons with different homes on one account, whose orders are never open', () => {
  it('the second one is refused while the first one has traded lately', async (t) => {
    const world = await startWorld(t);
    assert.equal((await world.tool('place_order', ASK)).body.execution.state, 'filled');
    assert.deepEqual(
      (await world.books()).orders.filter((row) => row.status === 'NEW'),
      [],
      'nothing is open',
    );
    await assert.rejects(world.startBeside('other'), { name: 'LedgerRefusedError', code: 'OTHER_DAEMON' });
    // Refused again, although its own ledger has records now.
    await assert.rejects(world.startBeside('other'), /OTHER_DAEMON: order hf[0-9a-f]{6}.*--take-over/);
    await world.mustPlace('filled', { symbol: 'ETHUSDT' });
  });

  it('both fire at once: what the venue counts beyond its own orders tells each at its first answer', async (t) => {
    const world = await startWorld(t);
    const other = await world.startBeside('other');
    t.after(() => other.close());
    const fire = async (tool: DaemonBeside['tool']): Promise<void> => {
      for (const [symbol, requested_notional] of [
        ['BTCUSDT', 950],
        ['ETHUSDT', 950],
        ['BTCUSDT', 900],
        ['ETHUSDT', 900],
      ] as const) {
        await tool('place_order', order({ symbol, requested_notional }));
        await world.sleep(200);
      }
    };
    await Promise.all([fire((tool, args) => world.tool(tool, args)), fire(other.tool)]);
    assert.ok((await gross(world)) <= GROSS_CAP, `gross ${await gross(world)}`);
    for (const daemon of [world, other]) {
      assert.equal((await daemon.tradingState()).state, 'reducing');
      assert.equal(alerts(daemon, 'OTHER_DAEMON'), 1);
    }
  });

  it('both fire everything in one turn: together they exceed a symbol’s cap by one order at most, and both stop [TM-50]', async (t) => {
    const world = await startWorld(t, { policy: UNPACED });
    const other = await world.startBeside('other');
    t.after(() => other.close());
    const notionals = [400, 460, 520, 580, 640, 700, 760];
    const fire = (tool: DaemonBeside['tool']) =>
      notionals.map((requested_notional) => tool('place_order', order({ requested_notional })));
    const answers = await Promise.all([...fire((tool, args) => world.tool(tool, args)), ...fire(other.tool)]);
    const held = await gross(world);
    assert.ok(held > 0 && held <= SYMBOL_CAP + Math.max(...notionals), `${held} USDT of ${SYMBOL_CAP}`);
    await until('both know', async () => {
      const states = await Promise.all([world.tradingState(), other.tradingState()]);
      return states.every(({ state }) => state === 'reducing');
    });
    for (const daemon of [world, other]) assert.equal(alerts(daemon, 'OTHER_DAEMON'), 1);
    const notes = answers.map(({ body }) => body.execution.note ?? '');
    assert.ok(notes.some((note) => /reducing before it was sent/.test(note)));
    // Exits go on.
    const closed = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 1 });
    assert.equal(closed.body.decision.decision === 'BLOCK', false, JSON.stringify(closed.body.decision.reasons));
  });

  it('both started before either traded: each opens nothing once the other has, with one alert [LE-92]', async (t) => {
    const world = await startWorld(t);
    const other = await world.startBeside('other');
    t.after(() => other.close());
    for (const symbol of ['BTCUSDT', 'ETHUSDT'])
      assert.equal((await world.place({ symbol, requested_notional: 900 })).body.execution.state, 'filled');
    await until('the other one knows', async () => (await other.tradingState()).state === 'reducing', 10_000);
    for (let i = 0; i < 5; i += 1) {
      const refused = await other.tool('place_order', ASK);
      assert.equal(refused.body.decision.decision, 'BLOCK');
      await world.sleep(1_000);
    }
    assert.ok((await gross(world)) < GROSS_CAP);
    assert.equal(alerts(other, 'OTHER_DAEMON'), 1);
    const { layers } = await other.tradingState();
    assert.match(layers.find(({ name }) => name === 'ledger')?.clears_when ?? '', /holdfast recover --take-over/);
    // What the first one holds counts in the caps of this one.
    const caller = { role: 'agent', agent: 'agent', tokenId: 'tok', skillSha256: null } as const;
    const [limits] = other.daemon.gate.getLimits(caller, 'BTCUSDT').symbols;
    const line = limits?.budgets.find(({ component }) => component === 'gross_notional_usdt');
    assert.ok((line?.used ?? 0) > 1_700, JSON.stringify(line));
  });
});

describe('BY-46: a ledger that was put back', () => {
  it('is refused at the start while the account shows what came after it, each time [TM-48]', async (t) => {
    const world = await startWorld(t);
    const copy = world.copyLedger();
    assert.equal((await world.tool('place_order', ASK)).body.execution.state, 'filled');
    await world.putBackLedger(copy);
    await world.sleep(LATER_MS);
    for (let start = 0; start < 2; start += 1)
      await assert.rejects(world.startAgain(), (error: Error) => {
        assert.match(error.message, /^LEDGER_BEHIND_VENUE: order hf\S+ of .* holds no record of it.*holdfast recover/);
        return true;
      });
  });

  it('is noticed soon after a start that comes at once, which goes by the comparison of before', async (t) => {
    const world = await startWorld(t);
    // A comparison that is noted later than the ledger's head counts as none: both are of the same time.
    const path = join(world.home, 'paper', 'cache', 'readings.cache');
    await until('it is noted', () => existsSync(path) && readFileSync(path, 'utf8').includes('compared'));
    const noted = readFileSync(path);
    const copy = world.copyLedger();
    assert.equal((await world.tool('place_order', ASK)).body.execution.state, 'filled');
    await world.putBackLedger(copy);
    writeFileSync(path, noted);
    await world.startAgain();
    await until('it knows', async () => (await world.tradingState()).state === 'reducing', LATER_MS);
    assert.equal(alerts(world, 'LEDGER_BEHIND_VENUE'), 1);
  });

  it('a newer copy of it that trades is noticed by the daemon that runs, which opens nothing more', async (t) => {
    const world = await startWorld(t);
    await world.must('filled', 'place_order', ASK);
    const { clientOrderId } = [...world.daemon.gate.core.state.orders.all.values()][0] ?? assert.fail();
    // As the other copy would, whose head is further on.
    const further = clientOrderId.replace(/-0-0$/, 'zz-0-0');
    const params = { symbol: 'BTCUSDT', type: 'MARKET', side: 'SELL', quantity: '0.005', newClientOrderId: further };
    await world.hand('POST', '/fapi/v1/order', params);
    await until('it knows', async () => (await world.tradingState()).state === 'reducing');
    await world.sleep(30_000);
    assert.equal(alerts(world, 'LEDGER_BEHIND_VENUE'), 1);
    assert.equal((await world.place({ symbol: 'ETHUSDT' })).body.decision.decision, 'BLOCK');
    assert.equal((await world.tool('close_position', { symbol: 'BTCUSDT' })).body.execution.state, 'filled');
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'all clear' });
    assert.equal((await world.tradingState()).state, 'reducing', 'no resume clears it');
  });

  it('a BUY whose request was lost is not filled by the fill of an older order of its id', async (t) => {
    const rewrites: Rewrites = new Map();
    const world = await startWorld(t, { rewrites });
    const copy = world.copyLedger();
    // Room for what a restart records before that seq comes again.
    for (let i = 0; i < 60; i += 1) world.daemon.gate.core.alert('NOTE', `record ${i}`);
    const first = await world.mustPlace('filled', { side: 'sell', requested_notional: 500 });
    const used = first.execution.orders[0]?.client_order_id;
    const usedSeq = first.decision.seq;
    assert.equal((await world.tool('close_position', { symbol: 'BTCUSDT' })).body.execution.state, 'filled');
    await world.putBackLedger(copy);
    // Neither list shows what came after the copy: the start cannot tell.
    for (const path of ['/fapi/v1/income', '/fapi/v1/allOrders']) rewrites.set(path, () => []);
    await world.startAgain();
    const { gate, ledger } = world.daemon;
    while (ledger.lastSeq() < usedSeq - 1) {
      gate.core.alert('NOTE', 'another record');
      await world.run(gate.core.settled());
    }
    await world.fault({
      kind: 'reject-503-unknown',
      accepted: false,
      match: { method: 'POST', path: '/fapi/v1/order' },
    });
    const lost = await world.place({ side: 'buy' });
    assert.deepEqual(lost.body.decision.reasons, []);
    const [sent] = lost.body.execution.orders;
    assert.equal(sent?.client_order_id, used, 'the same id');
    assert.deepEqual([lost.body.execution.state, Number(sent?.filled_quantity)], ['unknown', 0]);
    await world.sleep(30_000);
    const known = gate.core.state.orders.all.get(used ?? '');
    assert.deepEqual([known?.side, known?.status, inLots(known?.executedE8)], ['buy', 'not_placed', 0]);
    assert.equal((await world.tradingState()).state, 'reducing');
    assert.equal(alerts(world, 'LEDGER_BEHIND_VENUE'), 1);
  });
});

describe('BY-46: recovered', () => {
  it('a restored ledger starts halted, with ids of a new epoch, and no earlier token works', async (t) => {
    const world = await startWorld(t);
    const copy = world.copyLedger();
    const old = { agent: world.token('agent'), operator: world.token('operator') };
    assert.equal((await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'stop' })).status, 200);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'go on' });
    await world.must('filled', 'place_order', ASK);
    await world.putBackLedger(copy);
    await world.sleep(LATER_MS);
    await assert.rejects(world.startAgain(), /LEDGER_BEHIND_VENUE/);
    const { epoch, revoked_tokens } = await world.recover();
    assert.equal(revoked_tokens, 3);
    await world.startAgain();

    assert.equal((await world.tradingState()).state, 'halted');
    for (const token of [old.agent, old.operator]) {
      const refused = await world.call('GET', '/v1/positions', undefined, token);
      assert.equal(refused.status, 401, JSON.stringify(refused.body));
    }
    const [position] = await world.positions();
    assert.equal(position?.symbol, 'BTCUSDT', 'what the lost part opened is seen and counted');
    assert.equal((await world.tool('place_order', ASK)).body.decision.decision, 'BLOCK');

    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked' });
    assert.equal((await world.tradingState()).state, 'active');
    const next = await world.mustPlace('filled', { symbol: 'ETHUSDT' });
    const word = `-${epoch.toString(36)}-`;
    assert.ok(next.execution.orders[0]?.client_order_id.includes(word));
    assert.ok(next.decision.decision_id.includes(word));
    const read = await world.call<{ decision: { decision_id: string } }>(
      'GET',
      `/v1/decisions/${next.decision.decision_id}`,
    );
    assert.equal(read.body.decision.decision_id, next.decision.decision_id);
    checkAudit(world);
    await world.restart();
    assert.equal((await world.tradingState()).state, 'active', 'nothing is found again');
  });

  it('a passkey that was removed after the backup signs nothing any more', async (t) => {
    const world = await startWorld(t);
    const id = `pk_${'5'.repeat(20)}`;
    const { core } = world.daemon.gate;
    core.append('passkey', {
      action: 'added',
      aaguid: '00000000-0000-0000-0000-000000000000',
      confirmed_by: null,
      counter: 0,
      credential_id: 'c3RvbGVu',
      effective_at_ms: core.nowMs(),
      id,
      is_recovery: false,
      name: 'stolen laptop',
      origin: 'http://localhost:7433',
      public_key: 'cHVibGlj',
      set_by: 'test',
      transports: [],
    });
    await core.settled();
    const copy = world.copyLedger();
    assert.equal((await world.operator('POST', `/v1/passkeys/${id}/remove`, { reason: 'stolen' })).status, 200);
    await world.putBackLedger(copy);
    assert.equal((await world.recover()).removed_passkeys, 1);
    await world.startAgain();
    const { passkeys } = world.daemon.gate.core.state;
    assert.deepEqual(passkeys.list(), []);
    assert.ok(passkeys.needsConfirmation, 'and whoever has the operator token enrols none in its place');
  });

  it('what was being flattened when the copy was made is halted, and nothing is closed until an operator looked', async (t) => {
    const world = await startWorld(t);
    assert.equal((await world.tool('place_order', ASK)).body.execution.state, 'filled');
    const held = await world.position('BTCUSDT');
    await world.fault({ kind: 'drop-before', count: 1_000, match: { method: 'POST', path: '/fapi/v1/order' } });
    await world.operator('POST', '/v1/flatten', { symbols: ['BTCUSDT'], reason: 'drill' });
    const copy = world.copyLedger();
    await world.putBackLedger(copy);
    await world.control('clear-faults', {});
    await world.recover();
    await world.startAgain();
    assert.equal(alerts(world, 'EXIT_ENDED'), 1, 'who asked for the exit learns that it works no more');
    for (let i = 0; i < 5; i += 1) await world.sleep(1_000);
    assert.equal(await world.position('BTCUSDT'), held, 'nobody has looked yet');
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked' });
    const { layers } = await world.tradingState();
    assert.deepEqual(
      layers.map(({ name, scope, state }) => [scope, name, state]),
      [['symbol', 'BTCUSDT', 'halted']],
    );
    for (let i = 0; i < 5; i += 1) await world.sleep(1_000);
    assert.equal(await world.position('BTCUSDT'), held);
    await world.operator('POST', '/v1/flatten', { symbols: ['BTCUSDT'], reason: 'again' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0);
  });

  it('two recoveries of one copy give ids that never meet, and each finds the other', async (t) => {
    const world = await startWorld(t);
    const copy = world.copyLedger();
    await world.putBackLedger(copy);
    const first = await world.recover();
    await world.startAgain();
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked' });
    assert.equal((await world.tool('place_order', ASK)).body.execution.state, 'filled');
    await world.putBackLedger(copy);
    // Epochs are seconds.
    await world.sleep(1_000);
    const second = await world.recover();
    assert.ok(second.epoch > first.epoch);
    await world.startAgain();
    // As the first one would, which somebody let run on.
    const params = { symbol: 'BTCUSDT', type: 'MARKET', side: 'SELL', quantity: '0.005' };
    const genesis = world.daemon.ledger.genesis.genesis_id.slice(0, 6);
    const newClientOrderId = `hf${genesis}-${first.epoch.toString(36)}-5k-0-0`;
    await world.hand('POST', '/fapi/v1/order', { ...params, newClientOrderId });
    await until('it knows', () => alerts(world, 'LEDGER_BEHIND_VENUE') === 1);
  });

  it('an account is taken over from another ledger only when that is said', async (t) => {
    const world = await startWorld(t);
    const other = await world.startBeside('other');
    assert.equal((await other.tool('place_order', ASK)).body.execution.state, 'filled');
    await until('it knows', () => alerts(world, 'OTHER_DAEMON') === 1);
    await other.close();
    await world.daemon.close();
    await assert.rejects(world.startAgain(), /OTHER_DAEMON/);
    await assert.rejects(world.recover(), /recover --take-over/);
    await world.recover(true);
    await world.startAgain();
    const { layers, state } = await world.tradingState();
    assert.deepEqual([state, layers.map(({ layer }) => layer)], ['halted', ['operator']]);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked' });
    assert.equal((await world.place({ symbol: 'ETHUSDT' })).body.execution.state, 'filled');
    // It is another daemon again as soon as it goes on.
    await world.sleep(LATER_MS);
    await assert.rejects(world.startBeside('other'), /OTHER_DAEMON/);
  });
});
