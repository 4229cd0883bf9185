import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { flattenEmergency } from '../../daemon/cli/local/emergency-flatten.ts';
import type { VenueEnv } from '../../daemon/config/config.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { until } from '../daemon/harness.ts';
import { HeldDelays } from '../exchange-sim/hand-time.ts';
import { type Client, createClient, limitOrder, marketOrder } from '../exchange-sim/signed-client.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

interface Row {
  readonly symbol: string;
  readonly status: string;
  readonly quantity: string;
}
interface Books {
  readonly orders: readonly Row[];
  readonly algo_orders: readonly Row[];
  readonly positions: readonly Row[];
}

const STOP = {
  algoType: 'CONDITIONAL',
  symbol: 'BTCUSDT',
  side: 'SELL',
  type: 'STOP_MARKET',
  triggerPrice: '50000',
  closePosition: 'true',
};

const BOUGHT = ['order', marketOrder('BUY', '0.02')] as const;
const ETH_SOLD = ['order', { ...marketOrder('SELL', '0.5'), symbol: 'ETHUSDT' }] as const;
const BID = ['order', limitOrder('BUY', '0.01', '50000')] as const;
const STOPPED = ['algoOrder', STOP] as const;
const FLAT = { is_flat: true, orders_left: [], positions_left: [] };

/** An exchange that was sent these orders, and what a flatten of it says. */
async function openExchange(
  t: TestContext,
  orders: readonly (readonly [path: string, order: Record<string, string>])[],
  time?: HeldDelays,
) {
  const sim = await startExchangeSim({ seed: 3, ...(time === undefined ? {} : { time }) });
  t.after(() => sim.close());
  const exchange = createClient(sim);
  for (const [path, order] of orders) await exchange.send('POST', `/fapi/v1/${path}`, order);
  const said: string[] = [];
  const venueKeys = { apiKey: 'paper', secret: 'paper-secret' };
  const env: VenueEnv = { home: '', venue: 'paper', paperUrl: sim.url, paperUrlFile: null, venueKeys };
  return {
    sim,
    said,
    control: exchange.control,
    send: exchange.send,
    left: () => readOpen(exchange),
    fault: (fault: object, method: string, path: string, count = 999) =>
      exchange.control('faults', { count, match: { method, path }, ...fault }),
    flatten: (
      withinMs?: number,
      symbols: readonly string[] | null = null,
      say: (line: string) => void = (line) => said.push(line),
    ) => flattenEmergency(env, { symbols, say, ...(withinMs === undefined ? {} : { withinMs }) }),
  };
}
const NOTHING = { orders: 0, algoOrders: 0, positions: [] };
const BAD_GATEWAY = { kind: 'status', status: 502 };

/** What is still open in the exchange's books. */
async function readOpen(exchange: Client): Promise<{ orders: number; algoOrders: number; positions: string[] }> {
  const books = (await exchange.books()) as unknown as Books;
  const positions = books.positions.filter((position) => Number(position.quantity) !== 0);
  return {
    orders: books.orders.filter((order) => order.status === 'NEW').length,
    algoOrders: books.algo_orders.filter((order) => order.status === 'NEW').length,
    positions: positions.map((position) => position.symbol).sort(),
  };
}

test('flatten --emergency leaves no order and no position at the exchange, without daemon and ledger', async (t) => {
  const venue = await openExchange(t, [BOUGHT, ETH_SOLD, BID, STOPPED]);
  assert.deepEqual(await venue.left(), { orders: 1, algoOrders: 1, positions: ['BTCUSDT', 'ETHUSDT'] });

  const env = { HOLDFAST_PAPER_URL: venue.sim.url, HOLDFAST_NO_SUCH_SETTING: '1' };
  const { code, out, err } = await holdfast('flatten --emergency --json', env);
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out), { venue: 'paper', is_flat: true, orders_left: [], positions_left: [] });
  assert.deepEqual(await venue.left(), NOTHING);
  assert.equal((await holdfast('flatten --emergency', env)).out, 'paper: no order and no position is left\n');
});

test('flatten --emergency of one symbol leaves the others', async (t) => {
  const venue = await openExchange(t, [BOUGHT, ETH_SOLD]);
  const { code, err } = await holdfast('flatten ETHUSDT --emergency', { HOLDFAST_PAPER_URL: venue.sim.url });
  assert.equal(code, 0, err);
  assert.match(err, /ETHUSDT: exit of 0\.5 accepted/);
  assert.deepEqual((await venue.left()).positions, ['BTCUSDT']);
});

test('flatten --emergency says what it needs', async (t) => {
  const home = tempFolder(t, 'emergency');
  const paper = await holdfast(['flatten', '--emergency', '--home', home]);
  assert.equal(paper.code, 2);
  assert.match(paper.err, /HOLDFAST_PAPER_URL is needed/);
  const live = await holdfast('flatten --emergency --venue binance-live');
  assert.equal(live.code, 2);
  assert.match(live.err, /BINANCE_LIVE_API_KEY \(or .*_FILE\) is needed[\s\S]*BINANCE_LIVE_API_SECRET/);
});

test('flatten --emergency finds the exchange of the home folder, and warns of a daemon without refusing', async (t) => {
  const home = tempFolder(t, 'emergency');
  mkdirSync(join(home, 'paper'));
  const urlFile = join(home, 'paper', 'exchange.url');
  writeFileSync(urlFile, 'http://127.0.0.1:1\n');
  const nobody = await holdfast(['flatten', '--emergency', '--home', home]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.err, /No exchange answers at http:\/\/127\.0\.0\.1:1 \(from .*exchange\.url\)/);

  const venue = await openExchange(t, []);
  writeFileSync(urlFile, `${venue.sim.url}\n`);
  await venue.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.02'));
  const alone = await holdfast('flatten --emergency', { HOLDFAST_HOME: home });
  assert.equal(alone.code, 0, alone.err);
  assert.doesNotMatch(alone.err, /warning/);
  assert.deepEqual((await venue.left()).positions, []);

  writeFileSync(join(home, 'paper', 'daemon.pid'), `${process.pid}\n`);
  const warned = await holdfast('flatten --emergency', { HOLDFAST_HOME: home });
  assert.equal(warned.code, 0, warned.err);
  assert.match(warned.err, new RegExp(`warning: a daemon \\(pid ${process.pid}\\) seems to run`));
});

test('BY-36 flatten --emergency asks again when a read fails, and exits while a cancel hangs', async (t) => {
  const time = new HeldDelays();
  const venue = await openExchange(t, [BOUGHT, BID], time);
  for (const path of ['/fapi/v1/time', '/fapi/v1/exchangeInfo', '/fapi/v1/openOrders', '/fapi/v3/account'])
    await venue.fault(BAD_GATEWAY, 'GET', path, 1);
  await venue.fault({ kind: 'delay', ms: 700 }, 'DELETE', '/fapi/v1/*', 1);
  const flat = venue.flatten();
  await until('it exits', () => venue.said.some((line) => line.includes('exit of')));
  await until('the cancel hangs', () => time.held > 0);
  time.release();
  const report = await flat;
  assert.deepEqual(report, FLAT, venue.said.join('; '));
  assert.deepEqual(await venue.left(), NOTHING);
  assert.ok(venue.said.filter((line) => line.includes('cannot be read')).length >= 3, venue.said.join('; '));
  const exitAt = venue.said.findIndex((line) => line.includes('exit of'));
  const cancelAt = venue.said.findIndex((line) => line.includes('orders canceled'));
  assert.ok(exitAt >= 0 && exitAt < cancelAt, `the exit does not wait for the cancel: ${venue.said.join('; ')}`);
});

test('BY-36 flatten --emergency exits although the orders cannot be listed, and says that more may be left', async (t) => {
  const venue = await openExchange(t, [BOUGHT]);
  await venue.fault(BAD_GATEWAY, 'GET', '/fapi/v1/openOrders');
  const report = await venue.flatten(1_000);
  assert.equal(report.is_flat, false, 'an order may be left');
  assert.deepEqual((await venue.left()).positions, [], 'the position is closed');
  assert.ok(venue.said.includes('the last lists could not be read: there may be more left'), venue.said.join('; '));
});

test('BY-15 flatten --emergency keeps the protective stop while the exit is refused, and cancels what opens', async (t) => {
  const venue = await openExchange(t, [BOUGHT, BID, STOPPED]);
  await venue.send('POST', '/fapi/v1/algoOrder', {
    ...STOP,
    side: 'BUY',
    triggerPrice: '70000',
    closePosition: '',
    quantity: '0.01',
  });
  const refused = {
    kind: 'error',
    code: -4131,
    msg: 'The counterparty best price does not meet the PERCENT_PRICE filter limit.',
  };
  await venue.fault(refused, 'POST', '/fapi/v1/order');
  const report = await venue.flatten(1_500);
  assert.equal(report.is_flat, false);
  assert.deepEqual(report.positions_left, [{ symbol: 'BTCUSDT', quantity: '0.02' }]);
  assert.deepEqual(await venue.left(), { orders: 0, algoOrders: 1, positions: ['BTCUSDT'] }, 'its stop alone');
  const again = await venue.flatten(400);
  assert.equal(again.orders_left.length, 1, 'the stop is named');

  await venue.control('clear-faults', {});
  const done = await venue.flatten();
  assert.deepEqual(done, FLAT);
  assert.deepEqual(await venue.left(), NOTHING);
});

test('BY-14 flatten --emergency takes of the reduce-only orders only what locks the exit out', async (t) => {
  const venue = await openExchange(t, [BOUGHT]);
  await venue.send('POST', '/fapi/v1/order', { ...limitOrder('SELL', '0.02', '70000'), reduceOnly: 'true' });
  await venue.send('POST', '/fapi/v1/algoOrder', STOP);
  const report = await venue.flatten();
  assert.deepEqual(report, FLAT, venue.said.join('; '));
  assert.deepEqual(await venue.left(), NOTHING);
  const said3 = ['exit refused', 'canceled what locks the exit out', 'exit of 0.02 accepted', 'flat, orders canceled'];
  assert.deepEqual(
    venue.said.map((line) => said3.findIndex((part) => line.includes(part))),
    [0, 1, 2, 3],
    venue.said.join('; '),
  );
});

test('BY-15 flatten --emergency closes one symbol while the exit of another hangs', async (t) => {
  const time = new HeldDelays();
  const venue = await openExchange(t, [BOUGHT, ETH_SOLD], time);
  const match = { method: 'POST', path: '/fapi/v1/order', symbol: 'BTCUSDT' };
  await venue.control('faults', { kind: 'delay', ms: 4_000, count: 100, match });
  const flat = venue.flatten();
  await until('the exit hangs', () => time.held > 0);
  await until('the other position is closed', async () => {
    const { positions } = await venue.left();
    assert.ok(positions.includes('BTCUSDT'), 'no exit of it arrives');
    return positions.length === 1;
  });
  await venue.control('clear-faults', {});
  time.release();
  assert.equal((await flat).is_flat, true);
});

const READS_BESIDE_POSITIONS = [
  '/fapi/v1/time',
  '/fapi/v1/leverageBracket',
  '/fapi/v1/commissionRate',
  '/fapi/v1/symbolConfig',
  '/fapi/v3/account',
  '/fapi/v1/openAlgoOrders',
];
for (const path of READS_BESIDE_POSITIONS) {
  test(`BY-36 flatten --emergency exits although ${path} cannot be read`, async (t) => {
    const venue = await openExchange(t, [BOUGHT, BID]);
    await venue.fault(BAD_GATEWAY, 'GET', path);
    const flat = await venue.flatten(3_000);
    const left = await venue.left();
    assert.deepEqual([left.positions, left.orders], [[], 0], venue.said.join('; '));
    assert.equal(flat.is_flat, path !== '/fapi/v1/openAlgoOrders', 'what could not be listed may be left');
  });
}

test('BY-36 flatten --emergency tells each row that it cannot read, and closes it and the others', async (t) => {
  const venue = await openExchange(t, [BOUGHT]);
  await venue.send('POST', '/fapi/v1/order', { ...marketOrder('BUY', '0.5'), symbol: 'ETHUSDT' });
  await venue.send('POST', '/fapi/v1/algoOrder', { ...STOP, symbol: 'ETHUSDT', triggerPrice: '1000' });
  const rows = [
    { symbol: 'NOSUCHUSDT', positionAmt: '5', positionSide: 'BOTH' },
    { symbol: 'ETHUSDT', positionAmt: 'much', positionSide: 'BOTH' },
    { symbol: 'SOLUSDT', positionAmt: '1', positionSide: 'LONG' },
    // Neither prices nor margin: they are of no use to an exit.
    { symbol: 'BTCUSDT', positionAmt: '0.02', positionSide: 'BOTH' },
  ];
  await venue.fault({ kind: 'status', status: 200, body: JSON.stringify(rows) }, 'GET', '/fapi/v3/positionRisk');
  const report = await venue.flatten(1_500);
  assert.equal(report.is_flat, false);
  assert.deepEqual(
    report.not_readable?.map((row) => `${row.what} ${row.symbol}`),
    ['position ETHUSDT', 'position SOLUSDT'],
  );
  assert.deepEqual(
    report.positions_left.map(({ symbol }) => symbol),
    ['NOSUCHUSDT', 'BTCUSDT'],
    'it lists what it was told last',
  );
  const open = await venue.left();
  assert.deepEqual(
    open.positions,
    [],
    `the unreadable one is closed, whichever side it is on: ${venue.said.join('; ')}`,
  );
  assert.equal(open.algoOrders, 1, 'an unreadable position is not a flat one: its stop stays');
  assert.equal(venue.said.filter((line) => line.includes('SOLUSDT')).length, 1, 'told once');

  const one = await venue.flatten(400, ['BTCUSDT']);
  assert.equal(one.not_readable, undefined, 'what was not asked for is not told');
});

test('BY-36 flatten --emergency cancels what opens beside an order that it cannot read', async (t) => {
  const venue = await openExchange(t, []);
  const placed = await venue.send('POST', '/fapi/v1/order', limitOrder('BUY', '0.01', '50000'));
  await venue.send('POST', '/fapi/v1/order', { ...limitOrder('BUY', '0.1', '1000'), symbol: 'ETHUSDT' });
  const rows = [{ ...(placed.body as object) }, { ...(placed.body as object), symbol: 'ETHUSDT', side: 'UP' }];
  await venue.fault({ kind: 'status', status: 200, body: JSON.stringify(rows) }, 'GET', '/fapi/v1/openOrders');
  const report = await venue.flatten(1_000);
  assert.equal(report.is_flat, false);
  assert.deepEqual(
    report.not_readable?.map((row) => `${row.what} ${row.symbol}`),
    ['order ETHUSDT'],
  );
  assert.equal((await venue.left()).orders, 0, venue.said.join('; '));
});

const CHANGED: readonly (readonly [string, string, object])[] = [
  ['coarser steps', '0.014', { lot: 0.01, tick: 0.5, min_quantity: 0.01, quantity_precision: 2 }],
  ['steps that neither divide nor are divided', '0.014', { lot: 0.004, tick: 0.3, min_quantity: 0.004 }],
  ['finer steps', '0.014', { lot: 0.0001, tick: 0.01, min_quantity: 0.0001 }],
  ['a step above all that is held', '0.004', { lot: 1, min_quantity: 1, quantity_precision: 0 }],
  ['a minimum above all that is held', '0.002', { min_quantity: 0.005 }],
  ['a step and a minimum of market orders alone', '0.014', { market_lot: 0.006, min_market_quantity: 0.012 }],
  ['a largest market order below a part', '0.014', { max_market_quantity: 0.003, min_quantity: 0.002 }],
];
for (const [what, held, rules] of CHANGED)
  test(`flatten --emergency leaves nothing under ${what}`, async (t) => {
    const stop = { ...STOP, triggerPrice: '50000.1' };
    const bid = limitOrder('BUY', '0.013', '50000.1');
    const venue = await openExchange(t, [
      ['order', marketOrder('BUY', held)],
      ['order', bid],
      ['algoOrder', stop],
    ]);
    await venue.control('set-instrument', { symbol: 'BTCUSDT', ...rules });
    assert.deepEqual(await venue.flatten(4_000), FLAT, venue.said.join('; '));
    assert.deepEqual(await venue.left(), NOTHING, venue.said.join('; '));
  });

test('flatten --emergency reads the rules again when its exit is refused as off the grid', async (t) => {
  const venue = await openExchange(t, []);
  await venue.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.014'));
  const refused = {
    kind: 'error',
    code: -1001,
    msg: 'Internal error; unable to process your request. Please try again.',
  };
  await venue.fault(refused, 'POST', '/fapi/v1/order', 1);
  const coarser = { symbol: 'BTCUSDT', lot: 0.01, min_quantity: 0.01, quantity_precision: 2 };
  // The first exit was written by the rules of before.
  const report = await venue.flatten(undefined, null, (line) => {
    if (venue.said.push(line) === 1) void venue.control('set-instrument', coarser);
  });
  assert.equal(report.is_flat, true, venue.said.join('; '));
  assert.deepEqual((await venue.left()).positions, []);
  assert.ok(
    venue.said.some((line) => line.includes('exit of 0.02 accepted')),
    venue.said.join('; '),
  );
});

test('flatten --emergency fails when nothing could be read', async (t) => {
  const venue = await openExchange(t, []);
  await venue.fault(BAD_GATEWAY, 'GET', '/fapi/*');
  const flat = venue.flatten(400);
  await assert.rejects(flat, /cannot be read/);
});
