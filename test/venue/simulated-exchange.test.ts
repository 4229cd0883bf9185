import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import type { FetchOutcome, MarketQuote, SubmitOutcome, VenueOrder } from '../../daemon/engine/records/venue.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { HeldDelays } from '../exchange-sim/hand-time.ts';
import { PATIENCE_MS, until } from '../until.ts';
import { order, SEND_WITHIN_MS, stop } from './fake-exchange.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const BAR_MS = 900_000;
/** BTCUSDT: lots of 0.001, ticks of 0.1. */
const LOT_E8 = 100_000;
const TICK_E8 = 10_000_000;
/** Connections for reads. */
const AT_ONCE = 8;
let sim: ExchangeSim;
/** Delays of the exchange's faults last until they are released. */
const delays = new HeldDelays();
let venue: VenuePort;
/** One whose deadlines are over when they are released. */
let hasty: VenuePort;
const deadlines = new HeldDelays();
let clock: DomainClock;
/** Another one, which was asked to be left alone by nobody yet. */
let open: () => Promise<VenuePort>;
let nextId = 0;

function value<T>(outcome: FetchOutcome<T>): T {
  return outcome.kind === 'ok' ? outcome.value : assert.fail(outcome.detail);
}
function accepted(outcome: SubmitOutcome): VenueOrder {
  assert.equal(outcome.kind, 'accepted', JSON.stringify(outcome));
  return (outcome.kind === 'accepted' ? outcome.order : null) ?? assert.fail('no order');
}
async function control(path: string, body: object): Promise<void> {
  const headers = { authorization: `Bearer ${sim.simToken}` };
  const answer = await fetch(`${sim.url}/sim/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.text());
}
/** How often the fault of a stalled answer was met. */
async function met(): Promise<number> {
  const answer = await fetch(`${sim.url}/sim/faults`, { headers: { authorization: `Bearer ${sim.simToken}` } });
  const { faults } = (await answer.json()) as { faults: { kind: string; hits: number }[] };
  return faults.find(({ kind }) => kind === 'stall-body')?.hits ?? 0;
}
function fault(kind: string, path: string, more: object = {}): Promise<void> {
  return control('faults', { kind, match: { path }, ...more });
}
function id(): string {
  nextId += 1;
  return `hfsimtest${nextId}`;
}
/** A price the market takes at once, and one far from it, in units of 1e-8. */
async function prices(): Promise<{ quote: MarketQuote; taking: number; resting: number }> {
  const quote = value(await venue.fetchQuote('BTCUSDT'));
  const askE8 = Math.round(quote.ask * 10) * TICK_E8;
  return { quote, taking: askE8 + 500 * TICK_E8, resting: askE8 - 6000 * TICK_E8 };
}

before(async () => {
  sim = await startExchangeSim({ enforceLimits: false, startMs: 1_740_960_000_000, time: delays });
  clock = new DomainClock(SYSTEM_TIME);
  const access = { venue: 'paper', baseUrl: sim.url, apiKey: 'paper', secret: 'paper-secret' } as const;
  const patient = { access, clock, readWeightPerMinute: null, answerWithinMs: PATIENCE_MS };
  venue = await createVenue({ ...patient, time: SYSTEM_TIME });
  hasty = await createVenue({ ...patient, time: deadlines });
  clock.setScale(await venue.fetchTimeScale());
  assert.equal((await venue.fetchAccount([])).kind, 'failed', 'no signature before the clock is set');
  const startedMs = performance.now();
  assert.equal(clock.sync(await venue.fetchServerTime(), performance.now() - startedMs).kind, 'synced');
  for (const each of [venue, hasty]) value(await each.fetchRules(SYMBOLS));
  open = async () => {
    const another = await createVenue({ ...patient, time: SYSTEM_TIME });
    value(await another.fetchRules(SYMBOLS));
    return another;
  };
});
afterEach(async () => {
  await control('clear-faults', {});
  value(await venue.cancelAll('BTCUSDT'));
});
after(async () => {
  await venue.close();
  await hasty.close();
  await sim.close();
});

test('rules arrive as integers, exactly as the exchange publishes them', async () => {
  const { rules, unread } = value(await venue.fetchRules([...SYMBOLS, 'NOSUCHUSDT']));
  assert.deepEqual(unread, []);
  assert.deepEqual(
    rules.map((rule) => rule.symbol),
    SYMBOLS,
    'an unlisted symbol has no rules',
  );
  const { brackets, observedAtMs, ...btc } = rules[0] ?? assert.fail();
  assert.ok(Math.abs(observedAtMs - clock.nowMs()) < 60_000);
  assert.deepEqual(btc, {
    symbol: 'BTCUSDT',
    trading: true,
    tickMantissa: 1,
    tickScale: 10,
    lotMantissa: 1,
    lotScale: 1000,
    minLots: 1,
    maxLots: 1_000_000,
    maxMarketLots: 120_000,
    minPriceTicks: 5_568,
    maxPriceTicks: 45_297_640,
    minNotionalUsdt: 50,
    multiplierUp: 1.05,
    multiplierDown: 0.95,
    maxOrders: 200,
    takerFee: 0.0005,
    makerFee: 0.0002,
  });
  assert.ok(brackets.length > 3);
  assert.ok(brackets.every((bracket, index) => bracket.notionalFloor === (brackets[index - 1]?.notionalCap ?? 0)));
});

test('the account is put into one-way and isolated mode and read back', async () => {
  const mode = value(await venue.prepareAccount(SYMBOLS, null));
  assert.deepEqual(mode, {
    oneWay: true,
    singleAsset: true,
    isolated: { BTCUSDT: true, ETHUSDT: true },
    canWithdraw: null,
    canTrade: true,
  });
  assert.deepEqual(value(await venue.prepareAccount(SYMBOLS, null)), mode, 'a second time changes nothing');
});

test('a quote has mark and book with their own instants, bars are in order and reach beyond one page', async () => {
  const { quote } = await prices();
  assert.ok(quote.bid < quote.ask && Math.abs(quote.mark / quote.bid - 1) < 0.01);
  for (const atMs of [quote.markAtMs, quote.quoteAtMs]) assert.ok(Math.abs(atMs - clock.nowMs()) < 60_000);
  assert.equal(quote.fundingIntervalMs, 28_800_000);
  assert.ok(quote.nextFundingAtMs > clock.nowMs());
  const sinceMs = clock.nowMs() - 2500 * BAR_MS;
  const bars = value(await venue.fetchBars('BTCUSDT', BAR_MS, sinceMs, 2400));
  assert.equal(bars.length, 2400);
  assert.ok(bars.every((bar, index) => index === 0 || bar.openTimeMs - (bars[index - 1]?.openTimeMs ?? 0) === BAR_MS));
  assert.ok((bars[0]?.openTimeMs ?? 0) >= sinceMs);
  assert.equal((await venue.fetchBars('BTCUSDT', 12_345, sinceMs, 10)).kind, 'failed');
  assert.equal((await venue.fetchQuote('NOSUCHUSDT')).kind, 'failed');
});

test('an order, its fill, the position it makes and the exit agree in quantities and prices', async () => {
  const { taking } = await prices();
  assert.deepEqual(await venue.setLeverage('BTCUSDT', 3), { kind: 'accepted', order: null });
  const entry = order({ clientOrderId: id(), quantityE8: 3 * LOT_E8, priceE8: taking });
  const filled = accepted(await venue.submit(entry, SEND_WITHIN_MS));
  assert.deepEqual([filled.status, filled.executedE8, filled.averagePrice], ['filled', 3 * LOT_E8, null]);
  const found = await venue.lookupOrder('BTCUSDT', entry.clientOrderId, 'regular');
  assert.ok(found.kind === 'found' && (found.order.averagePrice ?? 0) > 0, 'a query knows the average price');
  const trades = value(await venue.fetchTrades('BTCUSDT', null, clock.nowMs() - 20 * 86_400_000)).rows;
  const own = trades.filter((trade) => trade.venueOrderId === filled.venueOrderId);
  assert.equal(
    own.reduce((sum, trade) => sum + trade.quantityE8, 0),
    3 * LOT_E8,
  );
  assert.ok(own.every((trade) => trade.feeUsdt > 0 && !trade.isMaker && trade.side === 'buy'));
  const again = value(await venue.fetchTrades('BTCUSDT', trades.at(-1)?.tradeId ?? null, 0)).rows;
  assert.deepEqual(again, trades.slice(-1), 'fromTradeId is included');
  const account = value(await venue.fetchAccount(SYMBOLS));
  assert.ok(account.requestedAtMs <= account.observedAtMs);
  assert.equal(account.leverage.BTCUSDT, 3);
  const position = account.positions[0] ?? assert.fail('no position');
  assert.deepEqual([position.symbol, position.quantityE8, position.leverage], ['BTCUSDT', 3 * LOT_E8, 3]);
  assert.ok((position.liquidationPrice ?? 0) > 0 && (position.isolatedMarginUsdt ?? 0) > 0);
  assert.equal(account.positions.length, 1);
  const exit = { side: 'sell', orderType: 'market', priceE8: null, timeInForce: null, reduceOnly: true } as const;
  assert.equal(
    accepted(await venue.submit(order({ clientOrderId: id(), quantityE8: 3 * LOT_E8, ...exit }), SEND_WITHIN_MS))
      .status,
    'filled',
  );
  const flat = await venue.submit(order({ clientOrderId: id(), quantityE8: 3 * LOT_E8, ...exit }), SEND_WITHIN_MS);
  assert.equal(flat.kind === 'rejected' && flat.rejection.code, '-2022');
  assert.deepEqual(value(await venue.fetchAccount(SYMBOLS)).positions, []);
});

test('an odd setting of a symbol is a missing one, and hides no position', async () => {
  const { taking } = await prices();
  accepted(await venue.submit(order({ clientOrderId: id(), quantityE8: LOT_E8, priceE8: taking }), SEND_WITHIN_MS));
  const match = { path: '/fapi/v1/symbolConfig', symbol: 'BTCUSDT' };
  await control('faults', { kind: 'odd-row', match, ms: 600_000, patch: { leverage: 'much' } });
  const { leverage, positions, unreadable } = value(await venue.fetchAccount(SYMBOLS));
  assert.deepEqual([positions.map(({ quantityE8 }) => quantityE8), unreadable], [[LOT_E8], []]);
  assert.deepEqual(Object.keys(leverage), ['ETHUSDT']);
  await control('clear-faults', {});
  const exit = { side: 'sell', orderType: 'market', priceE8: null, timeInForce: null, reduceOnly: true } as const;
  accepted(await venue.submit(order({ clientOrderId: id(), quantityE8: LOT_E8, ...exit }), SEND_WITHIN_MS));
});

test('resting and conditional orders are listed together, amended in place and canceled each at its service', async () => {
  const { resting } = await prices();
  const limit = order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' });
  assert.equal(accepted(await venue.submit(limit, SEND_WITHIN_MS)).status, 'working');
  const amended = { ...limit, quantityE8: 4 * LOT_E8, priceE8: resting - TICK_E8 };
  const changed = accepted(await venue.amend(amended as typeof limit, SEND_WITHIN_MS));
  assert.deepEqual([changed.quantityE8, changed.priceE8], [4 * LOT_E8, resting - TICK_E8]);
  const guard = stop({ clientOrderId: id(), triggerE8: resting - 20_000 * TICK_E8 });
  const placed = accepted(await venue.submitStop(guard));
  assert.deepEqual(
    [placed.kind, placed.type, placed.closePosition, placed.triggerE8],
    ['algo', 'STOP_MARKET', true, resting - 20_000 * TICK_E8],
  );
  const open = value(await venue.fetchOpenOrders(SYMBOLS)).rows;
  assert.deepEqual(open.map(({ kind, clientOrderId }) => `${kind} ${clientOrderId}`).sort(), [
    `algo ${guard.clientOrderId}`,
    `regular ${limit.clientOrderId}`,
  ]);
  assert.equal((await venue.lookupOrder('BTCUSDT', guard.clientOrderId, 'algo')).kind, 'found');
  assert.equal((await venue.lookupOrder('BTCUSDT', guard.clientOrderId, 'regular')).kind, 'not_found');
  const canceled = await venue.cancel('BTCUSDT', limit.clientOrderId, 'regular');
  assert.equal(canceled.kind === 'canceled' && canceled.order?.status, 'canceled');
  assert.deepEqual(await venue.cancel('BTCUSDT', guard.clientOrderId, 'algo'), { kind: 'canceled', order: null });
  const gone = await venue.cancel('BTCUSDT', limit.clientOrderId, 'regular');
  assert.equal(gone.kind, 'unknown', '-2011 says nothing about what became of it');
});

test('a countdown that ran out cancels regular orders, and 0 ends one', async () => {
  const { resting } = await prices();
  const guard = stop({ clientOrderId: id(), triggerE8: resting - 20_000 * TICK_E8 });
  accepted(await venue.submit(order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' }), SEND_WITHIN_MS));
  accepted(await venue.submitStop(guard));
  const asked = await open();
  assert.equal(asked.countdown, 'unknown', 'nobody has asked it');
  await asked.fetchTimeScale();
  assert.equal(asked.countdown, 'regular');
  await asked.close();
  value(await venue.setCountdown('BTCUSDT', 30_000));
  value(await venue.setCountdown('BTCUSDT', 0));
  assert.equal(value(await venue.fetchOpenOrders(SYMBOLS)).rows.length, 2);
  value(await venue.setCountdown('BTCUSDT', 1));
  await until('one order is left', async () => value(await venue.fetchOpenOrders(SYMBOLS)).rows.length === 1);
  assert.deepEqual(
    value(await venue.fetchOpenOrders(SYMBOLS)).rows.map(({ clientOrderId }) => clientOrderId),
    [guard.clientOrderId],
  );
});

test('cancelAll empties both services', async () => {
  const { resting } = await prices();
  accepted(await venue.submit(order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' }), SEND_WITHIN_MS));
  accepted(await venue.submitStop(stop({ clientOrderId: id(), triggerE8: resting - 20_000 * TICK_E8 })));
  value(await venue.cancelAll('BTCUSDT'));
  assert.deepEqual(value(await venue.fetchOpenOrders(SYMBOLS)).rows, []);
});

test('a second order with the id of an open one is accepted without an order: an earlier send is live', async () => {
  const { resting } = await prices();
  const limit = order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' });
  accepted(await venue.submit(limit, SEND_WITHIN_MS));
  assert.deepEqual(await venue.submit(limit, SEND_WITHIN_MS), { kind: 'accepted', order: null });
});

test('BY-12: an order that was taken while the answer was lost is unknown, and a lookup finds it', async () => {
  const { resting } = await prices();
  for (const [kind, more] of [
    ['accept-then-timeout', {}],
    ['reject-503-unknown', { accepted: true }],
    ['drop-mid-body', {}],
    ['stall-body', {}],
  ] as const) {
    await fault(kind, '/fapi/v1/order', { ...more, match: { path: '/fapi/v1/order', method: 'POST' } });
    const limit = order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' });
    const submitted = hasty.submit(limit, SEND_WITHIN_MS);
    const find = async () => (await venue.lookupOrder('BTCUSDT', limit.clientOrderId, 'regular')).kind;
    await until('the exchange has it', async () => (await find()) === 'found');
    deadlines.release();
    assert.equal((await submitted).kind, 'unknown', kind);
    assert.equal(await find(), 'found', kind);
    value(await venue.cancelAll('BTCUSDT'));
  }
});

test('an order that was not taken is unknown too while nothing proves it', async () => {
  const { resting } = await prices();
  for (const kind of ['drop-before', 'reject-503-unknown']) {
    await fault(kind, '/fapi/v1/order', { match: { path: '/fapi/v1/order', method: 'POST' } });
    const limit = order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' });
    assert.equal((await venue.submit(limit, SEND_WITHIN_MS)).kind, 'unknown', kind);
    assert.equal((await venue.lookupOrder('BTCUSDT', limit.clientOrderId, 'regular')).kind, 'not_found', kind);
  }
});

test('refusals with a status or a code carry their cause', async () => {
  const { resting } = await prices();
  for (const [body, cause] of [
    [{ kind: 'status', status: 429, retry_after_s: 2 }, 'busy'],
    [{ kind: 'status', status: 418, retry_after_s: 120 }, 'banned'],
    [{ kind: 'error', code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }, 'clock_off'],
    [{ kind: 'error', code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, 'key_refused'],
  ] as const) {
    await control('faults', { ...body, match: { path: '/fapi/v1/order', method: 'POST' } });
    const another = await open();
    const outcome = await another.submit(order({ clientOrderId: id(), priceE8: resting }), SEND_WITHIN_MS);
    assert.equal(outcome.kind === 'rejected' && outcome.rejection.cause, cause);
    await another.close();
  }
});

test('reads fail with their cause and never invent a value', async () => {
  await fault('status', '/fapi/v3/account', { status: 418, retry_after_s: 60 });
  const another = await open();
  const banned = await another.fetchAccount(SYMBOLS);
  assert.deepEqual(banned.kind === 'failed' && [banned.cause, banned.retryAfterMs], ['banned', 60_000]);
  await another.close();
  await fault('drop-mid-body', '/fapi/v3/positionRisk');
  assert.equal((await venue.fetchAccount(SYMBOLS)).kind, 'failed');
  await fault('stall-body', '/fapi/v1/openAlgoOrders');
  const stalled = hasty.fetchOpenOrders(SYMBOLS);
  await until('the list stalls', async () => (await met()) > 0);
  deadlines.release();
  assert.equal((await stalled).kind, 'failed');
  await fault('status', '/fapi/v1/order', { status: 500 });
  assert.equal((await venue.lookupOrder('BTCUSDT', 'hfnone', 'regular')).kind, 'failed');
  await fault('drop-before', '/fapi/v1/ticker/bookTicker');
  assert.equal((await venue.fetchQuote('BTCUSDT')).kind, 'failed');
  value(await venue.fetchAccount(SYMBOLS));
});

test('a lookup that is hidden right after the acceptance answers not_found, then found', async () => {
  const { resting } = await prices();
  await fault('not-found-after-accept', '/fapi/v1/order', { queries: 2 });
  const limit = order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' });
  accepted(await venue.submit(limit, SEND_WITHIN_MS));
  const kinds = [];
  for (let query = 0; query < 3; query += 1) {
    kinds.push((await venue.lookupOrder('BTCUSDT', limit.clientOrderId, 'regular')).kind);
  }
  assert.deepEqual(kinds, ['not_found', 'not_found', 'found']);
});

test('transfers are listed once each, with their sign, apart from other income', async () => {
  const sinceMs = sim.engine.state.nowMs;
  await control('transfer', { amount: '250.5' });
  await control('transfer', { amount: '-50' });
  const transfers = value(await venue.fetchTransfers(sinceMs));
  assert.deepEqual(
    transfers.map(({ amountUsdt }) => amountUsdt),
    [250.5, -50],
  );
  assert.equal(new Set(transfers.map(({ transferId }) => transferId)).size, 2);
  assert.deepEqual(value(await venue.fetchTransfers(clock.nowMs() + 10_000)), []);
});

test('executions of the whole account and orders that never rested are listed, whoever placed them', async () => {
  // The exchange's own clock: what is known of it elsewhere may run ahead by what an answer took.
  const sinceMs = sim.engine.state.nowMs;
  const { taking } = await prices();
  const ioc = order({ clientOrderId: id(), priceE8: taking, timeInForce: 'IOC' });
  accepted(await venue.submit(ioc, SEND_WITHIN_MS));
  const { executions, isWhole } = value(await venue.fetchExecutions(sinceMs));
  assert.equal(isWhole, true);
  const trades = value(await venue.fetchTrades('BTCUSDT', null, sinceMs)).rows;
  assert.deepEqual(
    executions.map(({ symbol, tradeId }) => [symbol, tradeId]),
    trades.map(({ tradeId }) => ['BTCUSDT', tradeId]),
  );
  const placed = value(await venue.fetchPlacedOrders('BTCUSDT', sinceMs)).rows;
  const mine = placed.find(({ clientOrderId }) => clientOrderId === ioc.clientOrderId);
  assert.equal(mine?.side, ioc.side);
  assert.ok((mine?.placedAtMs ?? 0) >= sinceMs);
  const shown = await venue.lookupOrder('BTCUSDT', ioc.clientOrderId, 'regular');
  assert.equal(shown.kind === 'found' && shown.order.placedAtMs, mine?.placedAtMs);
  assert.deepEqual(value(await venue.fetchPlacedOrders('ETHUSDT', clock.nowMs() + 10_000)).rows, []);
  assert.deepEqual(value(await venue.fetchPlacedOrders('NOTLISTEDUSDT', sinceMs)).rows, [], 'no symbol, no orders');
});

test('a wrong secret is an authentication failure that closes the venue', async () => {
  const access = { venue: 'paper', baseUrl: sim.url, apiKey: 'paper', secret: 'wrong' } as const;
  const stranger = await createVenue({ access, clock, time: SYSTEM_TIME, readWeightPerMinute: null });
  const outcome = await stranger.fetchAccount(SYMBOLS);
  assert.equal(outcome.kind === 'failed' && outcome.cause, 'key_refused');
  await stranger.close();
});

test('the acceptance horizon follows the scale of the venue', async () => {
  assert.equal(venue.acceptanceHorizonMs, 6000);
  const fast = new DomainClock(SYSTEM_TIME, 60);
  const access = { venue: 'paper', baseUrl: sim.url, apiKey: 'paper', secret: 'paper-secret' } as const;
  const scaled = await createVenue({ access, clock: fast, time: SYSTEM_TIME });
  assert.equal(scaled.acceptanceHorizonMs, 360_000);
  await scaled.close();
});

test('a full queue of reads delays no order', async () => {
  const { resting } = await prices();
  await fault('delay', '/fapi/v1/klines', { ms: 300, count: 100 });
  const reads = Array.from({ length: 60 }, () => venue.fetchBars('BTCUSDT', BAR_MS, clock.nowMs() - 5 * BAR_MS, 3));
  let read = 0;
  for (const each of reads) void each.then(() => (read += 1));
  await until('as many as may hang', () => delays.held === AT_ONCE);
  accepted(await venue.submit(order({ clientOrderId: id(), priceE8: resting, timeInForce: 'GTC' }), SEND_WITHIN_MS));
  assert.deepEqual([read, delays.held], [0, AT_ONCE]);
  await control('clear-faults', {});
  delays.release();
  await Promise.all(reads);
});
