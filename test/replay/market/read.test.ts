import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MarketDataError, readMarketData } from '../../../daemon/evaluation/market/read.ts';
import { MARKET_FOLDER, WARMUP_BARS, WINDOW_BARS, WINDOW_END_MS, WINDOW_START_MS } from '../../fixtures/recorded.ts';
import { BAR_HEADER, FUNDING_HEADER, QUARTER_MS, START_MS, steadyRows, withFolder } from './market-folder.ts';

const bars = (from: number, to: number): string[] => [BAR_HEADER, ...steadyRows(from, to)];

function refusal(files: Readonly<Record<string, readonly string[]>>, symbols?: readonly string[]): string {
  return withFolder(files, (folder) => {
    try {
      readMarketData(folder, symbols === undefined ? {} : { symbols });
    } catch (error) {
      assert.ok(error instanceof MarketDataError, `${String(error)} is not an error of market data`);
      return error.message.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER');
    }
    return assert.fail('the data were taken');
  });
}

test('reads the recorded market: bars, funding, start after the warm-up, checksums by name', () => {
  const market = readMarketData(MARKET_FOLDER);
  assert.deepEqual(
    market.symbols.map(({ instrument, openMs, funding, gaps }) => [
      instrument.symbol,
      openMs.length,
      funding.length,
      gaps.length,
    ]),
    [
      ['BTCUSDT', WARMUP_BARS + WINDOW_BARS, 75, 0],
      ['ETHUSDT', WARMUP_BARS + WINDOW_BARS, 75, 0],
    ],
    'symbols, bars, settlements, gaps',
  );
  assert.equal(market.barMs, QUARTER_MS, 'bar length');
  assert.deepEqual([market.startMs, market.endMs], [WINDOW_START_MS, WINDOW_END_MS], 'judged span');
  const names = market.inputs.map(({ name }) => name);
  assert.deepEqual(names, [...names].sort(), 'inputs are ordered by name');
  assert.ok(names.length === 8 && !names.some((name) => name.includes('markprice')), 'mark price files are left alone');
  for (const { name, sha256 } of market.inputs) {
    const expected = createHash('sha256')
      .update(readFileSync(join(MARKET_FOLDER, name)))
      .digest('hex');
    assert.equal(sha256, expected, `checksum of ${name}`);
  }
  const btc = market.symbols[0]!;
  const crash = btc.openMs.indexOf(Date.UTC(2025, 9, 10, 21, 15));
  assert.equal(btc.low[crash], 101_516.5, 'the low of the crash');
  assert.ok(
    btc.funding.every(({ atMs, intervalMs }) => atMs % 1000 === 0 && intervalMs === 28_800_000),
    'SAE-FUND: stamps to the second, 8 hours apart',
  );
});

test('instruments of the simulated exchange carry its filters, fees and brackets', () => {
  const [btc, eth] = withFolder({ 'BTCUSDT-15m.csv': bars(0, 4), 'ETHUSDT-15m.csv': bars(0, 4) }, (folder) =>
    readMarketData(folder).symbols.map(({ instrument }) => instrument),
  );
  const { brackets, ...figures } = btc!;
  assert.deepEqual(
    figures,
    {
      symbol: 'BTCUSDT',
      tickMantissa: 1,
      tickScale: 10,
      lotMantissa: 1,
      lotScale: 1000,
      minLots: 1,
      maxLots: 120_000,
      minNotionalUsdt: 50,
      takerFee: 0.0005,
      makerFee: 0.0002,
    },
    'filters and fees of BTCUSDT',
  );
  assert.deepEqual(
    brackets[2],
    { initialLeverage: 75, notionalFloor: 800_000, notionalCap: 3_000_000, maintenanceRate: 0.0065, cum: 1500 },
    'third bracket',
  );
  assert.equal(eth!.tickScale, 100, 'tick of ETHUSDT');
});

test('another symbol is read from exchangeInfo and brackets beside the bars, else inferred and said so', () => {
  const files = { 'SOLUSDT_1h.csv': [BAR_HEADER, ...steadyRows(0, 6, 3_600_000)] };
  const inferred = withFolder(files, (folder) => readMarketData(folder));
  assert.equal(inferred.barMs, 3_600_000, 'bar length from the name');
  const guess = inferred.symbols[0]!.instrument;
  assert.deepEqual([guess.tickScale, guess.lotScale, guess.minNotionalUsdt], [10, 100, 5], 'finest decimals');
  assert.equal(guess.maxLots, 1025, 'no order larger than the busiest bar');
  assert.deepEqual(
    inferred.notes.map((note) => note.slice(0, 30)),
    ['SOLUSDT: no brackets in levera', 'SOLUSDT: no filters in exchang', 'SOLUSDT: no funding file; its '],
    'every assumption is said',
  );
  const info = {
    symbols: [
      {
        symbol: 'SOLUSDT',
        filters: [
          { filterType: 'PRICE_FILTER', tickSize: '0.0500' },
          { filterType: 'LOT_SIZE', stepSize: '1', minQty: '1', maxQty: '1000' },
          { filterType: 'MIN_NOTIONAL', notional: '5' },
        ],
      },
    ],
  };
  const tier = { bracket: 1, initialLeverage: 50, notionalCap: 5000, notionalFloor: 0, maintMarginRatio: 0.01, cum: 0 };
  const exact = withFolder(
    {
      ...files,
      'exchangeInfo.json': [JSON.stringify(info)],
      'leverageBracket.json': [JSON.stringify([{ symbol: 'SOLUSDT', brackets: [tier] }])],
    },
    (folder) => readMarketData(folder),
  );
  const instrument = exact.symbols[0]!.instrument;
  assert.deepEqual([instrument.tickMantissa, instrument.tickScale], [5, 100], 'a tick of 0.05');
  assert.deepEqual([instrument.lotMantissa, instrument.lotScale, instrument.maxLots], [1, 1, 1000], 'lots of 1');
  assert.deepEqual(
    instrument.brackets,
    [{ initialLeverage: 50, notionalFloor: 0, notionalCap: 5000, maintenanceRate: 0.01, cum: 0 }],
    'its bracket',
  );
  assert.deepEqual(
    exact.inputs.map(({ name }) => name),
    ['SOLUSDT_1h.csv', 'exchangeInfo.json', 'leverageBracket.json'],
    'the JSON files are inputs too',
  );
});

test('gaps are reported and stay gaps; without a warm-up file half of a short history is warm-up', () => {
  const rows = [BAR_HEADER, ...steadyRows(0, 4), ...steadyRows(7, 9)];
  const market = withFolder({ 'BTCUSDT-15m.csv': rows }, (folder) => readMarketData(folder));
  const { openMs, gaps } = market.symbols[0]!;
  assert.equal(openMs.length, 6, 'nothing is filled in');
  assert.deepEqual(gaps, [{ symbol: 'BTCUSDT', afterOpenMs: START_MS + 3 * QUARTER_MS, missingBars: 3 }], 'the gap');
  assert.deepEqual([market.startMs, market.endMs], [START_MS + 3 * QUARTER_MS, START_MS + 9 * QUARTER_MS], 'span');
});

test('the first 3,000 bars are warm-up where there are more than 6,000', () => {
  const market = withFolder({ 'BTCUSDT-15m.csv': bars(0, 6100) }, (folder) => readMarketData(folder));
  assert.equal(market.startMs, START_MS + 3000 * QUARTER_MS, 'start');
});

test('warm-up and main files join; an overlap of equal bars is one bar', () => {
  const files = { 'BTCUSDT-15m-warmup.csv': bars(0, 10), 'BTCUSDT-15m-main.csv': bars(8, 20) };
  const market = withFolder(files, (folder) => readMarketData(folder));
  assert.equal(market.symbols[0]!.openMs.length, 20, 'bars');
  assert.equal(market.startMs, START_MS + 10 * QUARTER_MS, 'judged from the end of the warm-up');
  const odd = bars(8, 20).map((row) => row.replace('100.5', '100.6'));
  assert.match(
    refusal({ ...files, 'BTCUSDT-15m-main.csv': odd }),
    /^BTCUSDT-15m-main\.csv:2: another file of the symbol has a different bar at this time$/,
  );
});

test('SAE-FUND: the interval is the spacing of the stamps, 8 hours where that says nothing', () => {
  const at = (hours: number, late = 0): number => START_MS + hours * 3_600_000 + late;
  const rows = [0, 4, 8, 20, 28].map((hours, i) => `${at(hours, i)},0.000${i + 1}`);
  const files = {
    'BTCUSDT-15m.csv': bars(0, 40),
    'BTCUSDT-funding.csv': [FUNDING_HEADER, ...rows, `${at(29, 15)},-5e-05`],
  };
  const { funding } = withFolder(files, (folder) => readMarketData(folder)).symbols[0]!;
  assert.deepEqual(
    funding.map(({ atMs, rate, intervalMs }) => [(atMs - START_MS) / 3_600_000, rate, intervalMs / 3_600_000]),
    [
      [0, 0.0001, 4],
      [4, 0.0002, 4],
      [8, 0.0003, 4],
      [20, 0.0004, 8],
      [28, 0.0005, 8],
      [29, -0.00005, 1],
    ],
    'hours, rates, intervals',
  );
});

const time = (bar: number): number => START_MS + bar * QUARTER_MS;
const withRow = (row: string): readonly string[] => [BAR_HEADER, ...steadyRows(0, 2), row, ...steadyRows(3, 5)];
const refused: readonly (readonly [string, Readonly<Record<string, readonly string[]>>, RegExp])[] = [
  ['an empty folder', {}, /^FOLDER: no CSV file of bars/],
  ['no bars', { 'BTCUSDT-funding.csv': [FUNDING_HEADER] }, /^FOLDER: no bars/],
  ['a missing column', { 'BTCUSDT-15m.csv': ['open_time_ms,open,high,low,close'] }, /:1: column volume is missing/],
  [
    'a missing column of rows that have it',
    { 'BTCUSDT-15m.csv': ['open_time_ms,open,high,low,close', ...steadyRows(0, 3)] },
    /^BTCUSDT-15m.csv:1: column volume is missing/,
  ],
  ['an empty file', { 'BTCUSDT-15m.csv': [] }, /:1: column open_time_ms, open/],
  ['no rows', { 'BTCUSDT-15m.csv': [BAR_HEADER] }, /at least two bars of BTCUSDT/],
  ['a ragged line', { 'BTCUSDT-15m.csv': withRow(`${time(2)},1,2`) }, /^BTCUSDT-15m.csv: .*on line 4/],
  ['a duplicate time', { 'BTCUSDT-15m.csv': withRow(steadyRows(1, 2)[0]!) }, /:4: time \d+ appears twice/],
  ['unsorted times', { 'BTCUSDT-15m.csv': withRow(steadyRows(0, 1)[0]!) }, /:4: time \d+ comes after/],
  ['NaN', { 'BTCUSDT-15m.csv': withRow(`${time(2)},NaN,101,99,100,1`) }, /:4: open is "NaN", which is not a number/],
  ['a blank', { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,101,99,,1`) }, /:4: close is "", which is not a number/],
  ['infinity', { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,1e999,99,100,1`) }, /:4: high is "1e999"/],
  ['a price of 0', { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,101,0,100,1`) }, /:4: a price is not above 0/],
  [
    'high below low',
    { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,99,101,100,1`) },
    /:4: not a bar: low 101 and high 99/,
  ],
  ['a low above the close', { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,101,99,98,1`) }, /:4: not a bar/],
  ['an absurd price', { 'BTCUSDT-15m.csv': withRow(`${time(2)},1e30,1e31,1e29,1e30,1`) }, /:4: .*too large/],
  ['a negative volume', { 'BTCUSDT-15m.csv': withRow(`${time(2)},100,101,99,100,-1`) }, /:4: volume -1 is negative/],
  ['seconds', { 'BTCUSDT-15m.csv': [BAR_HEADER, '1756684800,1,1,1,1,1'] }, /:2: "1756684800" is not a time in UTC/],
  [
    'a bar off the grid',
    { 'BTCUSDT-15m.csv': withRow(`${time(2) + 1},100,101,99,100,1`) },
    /not a whole number of 15m/,
  ],
  ['another length than named', { 'BTCUSDT-5m.csv': bars(0, 5) }, /named 5m, but no two lie closer than 15m/],
  [
    'mixed bar lengths',
    { 'BTCUSDT-15m.csv': bars(0, 5), 'ETHUSDT-1h.csv': bars(0, 5) },
    /bars of different lengths \(BTCUSDT-15m.csv, ETHUSDT-1h.csv\)/,
  ],
  [
    'misaligned symbols',
    {
      'BTCUSDT-15m.csv': bars(0, 5),
      'ETHUSDT-15m.csv': bars(0, 5).map((row) => row.replace(/^\d+/, (ms) => String(Number(ms) + 60_000))),
    },
    /do not open at the same instants/,
  ],
  ['nothing but warm-up', { 'BTCUSDT-15m-warmup.csv': bars(0, 5) }, /every bar is warm-up/],
  [
    'a funding rate that is none',
    { 'BTCUSDT-15m.csv': bars(0, 5), 'BTCUSDT-funding.csv': [FUNDING_HEADER, `${START_MS},abc`] },
    /^BTCUSDT-funding.csv:2: funding_rate is "abc", which is not a number/,
  ],
  [
    'a funding rate in percent',
    { 'BTCUSDT-15m.csv': bars(0, 5), 'BTCUSDT-funding.csv': [FUNDING_HEADER, `${START_MS},1.5`] },
    /funding_rate 1.5 cannot be/,
  ],
  [
    'two settlements in one second',
    {
      'BTCUSDT-15m.csv': bars(0, 5),
      'BTCUSDT-funding.csv': [FUNDING_HEADER, `${START_MS},0.1`, `${START_MS + 16},0.1`],
    },
    /:3: time \d+ appears twice/,
  ],
  [
    'exchangeInfo that is not JSON',
    { 'SOLUSDT-15m.csv': bars(0, 5), 'exchangeInfo.json': ['{'] },
    /^exchangeInfo.json: not JSON/,
  ],
  [
    'brackets with a hole',
    {
      'SOLUSDT-15m.csv': bars(0, 5),
      'leverageBracket.json': [
        '{"symbol":"SOLUSDT","brackets":[{"initialLeverage":5,"notionalFloor":10,"notionalCap":20,"maintMarginRatio":0.1,"cum":0}]}',
      ],
    },
    /do not follow one another from 0/,
  ],
];
for (const [what, files, expected] of refused) {
  test(`refuses ${what}, naming the place`, () => assert.match(refusal(files), expected, what));
}

test('refuses a folder that is not there, and a symbol without bars', () => {
  assert.throws(() => readMarketData('/nowhere/at/all'), /cannot be read \(ENOENT\)/, 'no folder');
  assert.match(refusal({ 'BTCUSDT-15m.csv': bars(0, 5) }, ['XRPUSDT']), /no bars of XRPUSDT/, 'no such symbol');
});

test('only the symbols asked for are read, the others may be anything', () => {
  const files = { 'BTCUSDT-15m.csv': bars(0, 5), 'ETHUSDT-1h.csv': ['nonsense'], 'notes.csv': ['x'] };
  const market = withFolder(files, (folder) => readMarketData(folder, { symbols: ['BTCUSDT'] }));
  assert.deepEqual(
    market.inputs.map(({ name }) => name),
    ['BTCUSDT-15m.csv'],
    'inputs',
  );
  assert.match(market.notes[0] ?? '', /^notes\.csv: left alone/, 'what was left alone is said');
});
