import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ToolBody, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const BTC = { symbol: 'BTCUSDT' };
const RESUME_MS = 60_000;

describe('an exit’s bound is counted from the middle of the book [DESIGN 12.5]', () => {
  const world = suiteWorld({ wall: true, policy: { ...UNPACED, 'exits.resume_ms': RESUME_MS } });
  afterEach(async () => {
    await spread(0);
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 120_000);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await until(
      'all is over',
      world.refreshing(() => world.daemon.gate.core.state.claims.open.size === 0),
    );
  });

  /** Distance of the best quotes from each other; the daemon has seen it. */
  const spread = (bps: number): Promise<void> => world.setMark('BTCUSDT', 60_000, { spread_bps: bps });
  const hold = async (): Promise<void> => {
    await world.mustPlace('filled', { requested_notional: 600 });
  };
  const close = async (change: object = {}): Promise<ToolBody> =>
    (await world.tool('close_position', { ...BTC, ...change })).body;
  const codes = ({ decision }: ToolBody): readonly string[] => decision.reasons.map(({ code }) => code);
  const isOpen = ({ decision }: ToolBody): boolean => world.daemon.gate.core.state.claims.isOpen(decision.decision_id);

  it('the first rung reaches the opposite quote, however far that is from the middle [PK-55]', async () => {
    await hold();
    await spread(80);
    const answer = await close();
    assert.deepEqual([answer.execution.state, codes(answer)], ['filled', []]);
  });

  it('a bound of the caller holds whatever the quote: it goes on within it, and closes once the quote is there [EX-41 PK-55]', async () => {
    await hold();
    await spread(80);
    const answer = await close({ max_slippage_bps: 10 });
    assert.deepEqual([answer.decision.decision, codes(answer)], ['LIMIT', ['BOUND_INSIDE_SPREAD']]);
    await world.sleep(20_000);
    assert.deepEqual([(await world.position('BTCUSDT')) > 0, isOpen(answer)], [true, true]);
    await spread(10);
    await until('it is closed', async () => (await world.position('BTCUSDT')) === 0, 20_000);
  });

  it('so does one while no fresh quote is known: for exits.resume_ms, and no ladder ends it before', async () => {
    await hold();
    await spread(80);
    for (const path of ['/fapi/v1/ticker/bookTicker', '/fapi/v1/depth'])
      await world.fault({ kind: 'status', status: 500, body: 'no', count: 100_000, match: { path } });
    await world.sleep(20_000);
    const answer = await close({ max_slippage_bps: 10 });
    assert.deepEqual([answer.decision.decision, codes(answer)], ['ALLOW', []], 'nobody knows the quote');
    await world.sleep(RESUME_MS - 10_000);
    assert.deepEqual([(await world.position('BTCUSDT')) > 0, isOpen(answer)], [true, true]);
    await world.sleep(15_000);
    assert.ok(!isOpen(answer), 'then it is over');
    await world.control('clear-faults', {});
    await until(
      'the book is read',
      world.refreshing(async () => (await world.ready()).status === 200),
    );
  });

  it('so does one whose price is out of the exchange’s band: no count of refusals ends it before [EX-44]', async () => {
    await hold();
    await world.fault({
      kind: 'error',
      code: -4131,
      msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
      match: { method: 'POST', path: '/fapi/v1/order' },
      count: 100_000,
    });
    const answer = await close({ max_slippage_bps: 10 });
    await world.sleep(RESUME_MS - 10_000);
    assert.deepEqual([(await world.position('BTCUSDT')) > 0, isOpen(answer)], [true, true]);
    await world.control('clear-faults', {});
    await until('it is closed', async () => (await world.position('BTCUSDT')) === 0, 10_000);
  });

  it('at most for exits.resume_ms: then it ends, and an alert says so [EX-42 PK-62]', async () => {
    await hold();
    await spread(80);
    const answer = await close({ max_slippage_bps: 10 });
    await world.sleep(RESUME_MS - 10_000);
    assert.ok(isOpen(answer), 'its ladder alone would have ended long ago');
    await world.sleep(15_000);
    assert.ok(!isOpen(answer));
    assert.ok((await world.position('BTCUSDT')) > 0);
    const alerts = world.alerts();
    assert.ok(alerts.some(({ code, detail }) => code === 'EXIT_ENDED' && /max_slippage_bps/.test(detail)));
  });
});
