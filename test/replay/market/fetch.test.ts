import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { INTERVAL_CHOICES } from '../../../daemon/cli/local/evaluation/data.ts';
import { FetchError } from '../../../daemon/evaluation/facts/out-folder.ts';
import { parseBaseUrl, venueOfOrigin } from '../../../daemon/evaluation/market/fetch/base-url.ts';
import { type ApiKeys, ExchangeClient } from '../../../daemon/evaluation/market/fetch/client.ts';
import { type FetchOptions, fetchMarket, INTERVALS } from '../../../daemon/evaluation/market/fetch/fetch-market.ts';
import { readMarketData } from '../../../daemon/evaluation/market/read.ts';
import type { Fault } from '../../../daemon/exchange-sim/faults/faults.ts';
import { type ExchangeSim, startExchangeSim } from '../../../daemon/exchange-sim/start.ts';
import { holdfast } from '../../cli/run.ts';
import { tempFolder } from '../../temp-folder.ts';

const DAY_MS = 86_400_000;
/** The exchange stands still at this instant: a quarter and a bit after midnight. */
const NOW_MS = Date.UTC(2026, 2, 1, 0, 20);
const FROM_MS = Date.UTC(2026, 1, 20);
const KEYS: ApiKeys = { apiKey: 'key-of-test', secret: 'secret-of-test' };
let sim: ExchangeSim;

before(async () => {
  const { apiKey, secret: apiSecret } = KEYS;
  sim = await startExchangeSim({ seed: 5, clock: 'manual', startMs: NOW_MS, apiKey, apiSecret, enforceLimits: false });
});
after(() => sim.close());

interface Bench {
  readonly folder: string;
  readonly client: ExchangeClient;
  readonly waits: { readonly ms: number; readonly why: string }[];
  fetch(changes?: Partial<FetchOptions>): ReturnType<typeof fetchMarket>;
}

async function withBench(
  work: (bench: Bench) => Promise<void>,
  options: { readonly keys?: ApiKeys | null; readonly origin?: string } = {},
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-fetch-'));
  const waits: { ms: number; why: string }[] = [];
  let why = '';
  const client = new ExchangeClient({
    origin: options.origin ?? sim.url,
    keys: options.keys ?? null,
    sleep: async (ms) => {
      waits.push({ ms, why });
      why = '';
    },
    onWait: (_, reason) => {
      why = reason;
    },
  });
  const job: FetchOptions = {
    symbols: ['BTCUSDT', 'ETHUSDT'],
    interval: '15m',
    fromMs: FROM_MS,
    toMs: FROM_MS + 2 * DAY_MS,
    folder,
    klinesPerPage: 500,
  };
  try {
    await work({ folder, client, waits, fetch: (changes) => fetchMarket(client, { ...job, ...changes }) });
  } finally {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function queueFault(fault: Record<string, unknown>): Promise<void> {
  const answer = await fetch(`${sim.url}/sim/faults`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sim.simToken}` },
    body: JSON.stringify(fault),
  });
  assert.equal(answer.status, 200, await answer.text());
}
async function readFaults(): Promise<readonly Fault[]> {
  const headers = { authorization: `Bearer ${sim.simToken}` };
  const answer = await fetch(`${sim.url}/sim/faults`, { headers });
  return ((await answer.json()) as { faults: Fault[] }).faults;
}

test('bars and funding of the exchange come out as the files that a replay reads', async () => {
  await withBench(async ({ folder, fetch }) => {
    const seen: string[] = [];
    const report = await fetch({ onProgress: (done, total) => seen.push(`${done}/${total}`) });
    const market = readMarketData(folder);
    assert.deepEqual([market.startMs, market.endMs], [FROM_MS, FROM_MS + 2 * DAY_MS], 'judged span');
    assert.deepEqual([report.gaps, market.notes], [[], []], 'nothing is missing');
    assert.equal(report.files.length, 8, 'bars and funding, main and warm-up, of two symbols');
    for (const { instrument, openMs, open, high, low, close, volume, funding } of market.symbols) {
      assert.equal(openMs.length, 17 * 96, 'two days and 15 days of warm-up');
      assert.equal(funding.length, 17 * 3, 'settlements');
      const source = sim.engine.sources.get(instrument.symbol)!;
      for (let i = 0; i < openMs.length; i++) {
        const bar = source.bar(source.indexAt(openMs[i]!))!;
        const { tickScale, lotScale } = instrument;
        assert.deepEqual(
          [open[i], high[i], low[i], close[i], volume[i]],
          [
            bar.open / tickScale,
            bar.high / tickScale,
            bar.low / tickScale,
            bar.close / tickScale,
            bar.volume / lotScale,
          ],
          `bar ${i} of ${instrument.symbol}`,
        );
      }
      const settled = source.fundingBetween(FROM_MS, FROM_MS + DAY_MS).map((point) => Number(point.rate) / 1e8);
      const read = funding.filter(({ atMs }) => atMs >= FROM_MS && atMs <= FROM_MS + DAY_MS).map(({ rate }) => rate);
      assert.deepEqual(read, settled, `funding of ${instrument.symbol}`);
    }
    // 1,440 bars of warm-up are three pages of 500, two days one; funding one each.
    assert.deepEqual(report.pages, { fetched: 12, cached: 0 }, 'pages');
    assert.deepEqual([seen[0], seen.at(-1), seen.length], ['0/12', '12/12', 13], 'progress');
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('BTC')),
      [
        'BTCUSDT-um-15m-20260205-20260220-warmup.csv',
        'BTCUSDT-um-15m-20260220-20260222.csv',
        'BTCUSDT-um-funding-20260205-20260220-warmup.csv',
        'BTCUSDT-um-funding-20260220-20260222.csv',
      ],
      'names',
    );
  });
});

test('a rerun fetches nothing again, a corrupted page alone, and the files come out the same', async () => {
  await withBench(async ({ folder, client, fetch }) => {
    const first = await fetch();
    const sent = client.sent;
    const second = await fetch();
    assert.equal(client.sent - sent, 1, 'only the time is asked for');
    assert.deepEqual(second.pages, { fetched: 0, cached: 12 }, 'all pages were there');
    assert.deepEqual(second.files, first.files, 'the same files');

    const cache = join(folder, '.cache');
    const names = readdirSync(cache);
    const damaged = names
      .map((name) => join(cache, name))
      .find((path) => readFileSync(path, 'utf8').includes('klines'))!;
    const text = readFileSync(damaged, 'utf8');
    writeFileSync(
      damaged,
      text.replace(/\[(\d+),"(\d)/, (_, ms, digit) => `[${ms},"${(Number(digit) + 1) % 10}`),
    );
    assert.notEqual(readFileSync(damaged, 'utf8'), text, 'one price in the cache was altered');
    const third = await fetch();
    assert.deepEqual(third.pages, { fetched: 1, cached: 11 }, 'it was fetched again');
    assert.deepEqual(third.files, first.files, 'and is right again');
    for (const cut of [0, 10, 64, 80]) {
      writeFileSync(damaged, text.slice(0, cut));
      assert.deepEqual((await fetch()).pages.fetched, 1, `a page cut off after ${cut} bytes`);
    }
  });
});

test('an interrupted run goes on where it stopped', async () => {
  await withBench(async ({ fetch }) => {
    await queueFault({ kind: 'status', status: 403, body: 'no', match: { path: '/fapi/v1/fundingRate' } });
    await assert.rejects(fetch(), /fundingRate: HTTP 403 no/, 'not an error to try again');
    const report = await fetch();
    assert.deepEqual(report.pages, { fetched: 9, cached: 3 }, 'the pages before the failure were kept');
  });
});

test('waits as long as 429 and 418 say, tries again after 503 and broken connections, and gets everything', async () => {
  await withBench(async ({ waits, fetch }) => {
    const klines = { path: '/fapi/v1/klines' };
    await queueFault({ kind: 'status', status: 429, retry_after_s: 7, match: klines });
    await queueFault({ kind: 'status', status: 418, retry_after_s: 90, match: klines });
    await queueFault({ kind: 'status', status: 429, match: { path: '/fapi/v1/time' } });
    await queueFault({ kind: 'status', status: 503, count: 2, match: { path: '/fapi/v1/fundingRate' } });
    await queueFault({ kind: 'reject-503-unknown', match: { path: '/fapi/v1/exchangeInfo' } });
    await queueFault({ kind: 'drop-before', match: { path: '/fapi/v1/exchangeInfo' } });
    await queueFault({ kind: 'drop-mid-body', match: klines });
    const report = await fetch();
    assert.deepEqual(report.pages, { fetched: 12, cached: 0 }, 'all pages');
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [60_000, 500, 1000, 7000, 90_000, 2000, 500, 1000],
      'time, exchangeInfo twice, klines three times, funding twice',
    );
    assert.ok(
      (await readFaults()).every(({ remaining }) => remaining === 0),
      'every fault happened',
    );
  });
});

test('gives up after six attempts, and does not wait for a ban of days', async () => {
  await withBench(async ({ waits, client, fetch }) => {
    await queueFault({ kind: 'status', status: 502, count: 6, match: { path: '/fapi/v1/time' } });
    await assert.rejects(fetch(), /\/fapi\/v1\/time: given up after 6 attempts, the last: HTTP 502/, 'bounded');
    assert.equal(client.sent, 6, 'requests');
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [500, 1000, 2000, 4000, 8000],
      'longer and longer',
    );
    await queueFault({ kind: 'status', status: 418, retry_after_s: 200_000, match: { path: '/fapi/v1/time' } });
    await assert.rejects(fetch(), /asks to wait 200000 s/, 'a ban');
    assert.equal(waits.length, 5, 'was not waited for');
  });
});

test('a refusal of the exchange is told in its own words', async () => {
  await withBench(async ({ fetch }) => {
    await assert.rejects(fetch({ symbols: ['XRPUSDT'] }), /lists no symbol XRPUSDT/, 'a symbol it does not list');
    await queueFault({ kind: 'error', code: -1121, msg: 'Invalid symbol.', match: { path: '/fapi/v1/klines' } });
    await assert.rejects(fetch(), /klines: HTTP 400 \{"code":-1121,"msg":"Invalid symbol\."\}/, 'an error of the API');
  });
});

test('only closed bars are taken, and the report says where they end', async () => {
  await withBench(async ({ folder, fetch }) => {
    const report = await fetch({ symbols: ['BTCUSDT'], toMs: Date.UTC(2026, 2, 5) });
    const { openMs } = readMarketData(folder).symbols[0]!;
    assert.equal(openMs.at(-1), Date.UTC(2026, 2, 1, 0, 0), 'the bar of 00:15 is still running at 00:20');
    assert.match(report.notes[0] ?? '', /bars end at 2026-03-01T00:15:00/, 'said');
    await assert.rejects(
      fetch({ fromMs: NOW_MS + DAY_MS, toMs: NOW_MS + 2 * DAY_MS }),
      /no bar .* has closed/,
      'future',
    );
  });
});

test('brackets come with a signed request when there are keys, and are left out and said so when not', async () => {
  await withBench(
    async ({ folder, fetch }) => {
      await queueFault({ kind: 'status', status: 503, match: { path: '/fapi/v1/leverageBracket' } });
      const report = await fetch({ toMs: FROM_MS + DAY_MS });
      const brackets = JSON.parse(readFileSync(join(folder, 'leverageBracket.json'), 'utf8'));
      assert.deepEqual(
        brackets.map((entry: { symbol: string; brackets: unknown[] }) => [entry.symbol, entry.brackets.length]),
        [
          ['BTCUSDT', 12],
          ['ETHUSDT', 12],
        ],
        'both tables',
      );
      assert.deepEqual(report.notes, [], 'nothing was left out');
      const cached = readdirSync(join(folder, '.cache')).map((name) =>
        readFileSync(join(folder, '.cache', name), 'utf8'),
      );
      assert.ok(
        cached.some((text) => text.includes('leverageBracket')),
        'the table is kept',
      );
      const secrets = [KEYS.apiKey, KEYS.secret, 'signature'];
      assert.ok(!cached.some((text) => secrets.some((secret) => text.includes(secret))), 'without key or signature');
    },
    { keys: KEYS },
  );
  await withBench(async ({ folder, fetch }) => {
    const report = await fetch({ toMs: FROM_MS + DAY_MS });
    assert.match(report.notes[0] ?? '', /brackets were left out/, 'said');
    assert.ok(!readdirSync(folder).includes('leverageBracket.json'), 'no file');
  });
});

test('only the asked symbols are kept of exchangeInfo; a second fetch adds its own', async () => {
  await withBench(async ({ folder, fetch }) => {
    const listed = (): string[] =>
      JSON.parse(readFileSync(join(folder, 'exchangeInfo.json'), 'utf8')).symbols.map(
        (s: { symbol: string }) => s.symbol,
      );
    await fetch({ symbols: ['ETHUSDT'] });
    assert.deepEqual(listed(), ['ETHUSDT'], 'one');
    await fetch({ symbols: ['BTCUSDT'] });
    assert.deepEqual(listed(), ['BTCUSDT', 'ETHUSDT'], 'both');
    await assert.rejects(fetch({ interval: '1h' }), /holds bars of 15m; use another one for 1h/, 'one length a folder');
  });
});

/** A server that answers every path from a table. */
async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (origin: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('above half of the weight of a minute the rest of the minute is waited for', async () => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.setHeader('X-MBX-USED-WEIGHT-1M', '1201').end('{"serverTime":1772324430000}');
  };
  await withServer(answer, (origin) =>
    withBench(
      async ({ client, waits }) => {
        await client.readServerTime();
        assert.deepEqual(waits, [], 'the first answer tells');
        await client.get('/fapi/v1/klines', {});
        assert.equal(waits.length, 1, 'then it waits');
        const { ms, why } = waits[0]!;
        assert.ok(ms > 28_000 && ms <= 30_000, `until the next minute: ${ms}`);
        assert.match(why, /1201 of the minute's request weight/, 'why');
      },
      { origin },
    ),
  );
});

test('rows that are not what was asked for are refused, and not kept', async () => {
  const info = { symbols: [{ symbol: 'BTCUSDT' }] };
  const row = (openMs: number, high = '"2"') => `[${openMs},"1",${high},"1","1.5","10",0,"0",1,"0","0","0"]`;
  const start = FROM_MS - 15 * DAY_MS;
  for (const [body, expected] of [
    ['<html>', /klines: the answer is not JSON/],
    ['{}', /klines: the answer is not a list/],
    [`[${row(start)},${row(start)}]`, /row 2 is not later than the one before/],
    [`[${row(start - 1)}]`, /row 1 lies outside the span/],
    [`[${row(start + 500 * 900_000)}]`, /row 1 lies outside the span/],
    [`[${row(start, '"NaN"')}]`, /row 1 holds something that is not a number/],
    [`[${row(start, 'null')}]`, /row 1 holds something that is not a number/],
    [`[${row(start, '"1,5"')}]`, /row 1 holds something that is not a number/],
    [`["x"]`, /row 1 is not a row/],
  ] as const) {
    const answer = ({ url = '' }: IncomingMessage, response: ServerResponse): void => {
      if (url.startsWith('/fapi/v1/time')) response.end(`{"serverTime":${NOW_MS}}`);
      else response.end(url.startsWith('/fapi/v1/exchangeInfo') ? JSON.stringify(info) : body);
    };
    await withServer(answer, (origin) =>
      withBench(
        async ({ client, fetch }) => {
          await assert.rejects(fetch({ symbols: ['BTCUSDT'] }), expected, body);
          const sent = client.sent;
          await assert.rejects(fetch({ symbols: ['BTCUSDT'] }), expected, body);
          assert.equal(client.sent - sent, 2, 'time and the refused page are asked for again, exchangeInfo is not');
        },
        { origin },
      ),
    );
  }
});

test('BY-28: the base URL is https or loopback, and a key goes only to the exchange that issued it', () => {
  for (const url of [
    'https://fapi.binance.com',
    'https://mirror.example',
    'http://127.0.0.1:8800',
    'http://[::1]:8800/',
  ]) {
    assert.equal(parseBaseUrl(url), new URL(url).origin, url);
  }
  for (const url of [
    'http://fapi.binance.com',
    'http://127.0.0.1.example.com',
    'http://user:word@127.0.0.1',
    'https://fapi.binance.com/path',
    'https://fapi.binance.com/?a=b',
    'ftp://127.0.0.1',
    'nonsense',
  ]) {
    assert.throws(() => parseBaseUrl(url), FetchError, url);
  }
  const venues = [
    'https://fapi.binance.com',
    'https://demo-fapi.binance.com',
    'http://127.0.0.1:1',
    'https://127.0.0.1',
    'https://fapi.binance.com.example',
  ];
  assert.deepEqual(venues.map(venueOfOrigin), ['binance-live', 'binance-demo', 'paper', null, null], 'whose key');
});

test('the verb fetches, prints JSON, and takes the keys of the venue that the URL is', async (t) => {
  const folder = tempFolder(t, 'fetch');
  const args = ['data', 'fetch', '--symbols', 'BTCUSDT', '--from', '2026-02-20', '--to', '2026-02-21', '--out', folder];
  const url = ['--base-url', sim.url];
  const plain = await holdfast([...args, ...url], { BINANCE_LIVE_API_KEY: 'live', BINANCE_LIVE_API_SECRET: 'hush' });
  assert.deepEqual([plain.code, plain.err], [0, ''], plain.err);
  assert.match(plain.out, /BTCUSDT-um-15m-20260220-20260221\.csv {2}96 rows {2}sha256 [0-9a-f]{16}/, 'files');
  assert.match(plain.out, /note: leverage brackets were left out/, 'a live key is not for this host');
  const keys = { HOLDFAST_PAPER_KEY: KEYS.apiKey, HOLDFAST_PAPER_SECRET: KEYS.secret };
  const json = await holdfast([...args, ...url, '--json'], keys);
  assert.equal(json.code, 0, json.err);
  const report = JSON.parse(json.out);
  assert.deepEqual([report.notes, report.pages], [[], { fetched: 0, cached: 4 }], 'with brackets, from the cache');
  assert.ok(readdirSync(folder).includes('leverageBracket.json'), 'brackets');
  const half = await holdfast([...args], { BINANCE_LIVE_API_KEY: 'live' });
  assert.equal(half.code, 2, 'half a pair of keys');
  assert.match(half.err, /BINANCE_LIVE_API_SECRET/, 'is a mistake');
  await queueFault({ kind: 'status', status: 403, body: 'no', match: { path: '/fapi/v1/time' } });
  const failed = await holdfast([...args, ...url]);
  assert.deepEqual([failed.code, failed.out], [1, ''], 'a failure');
  assert.match(failed.err, /^holdfast: http:\S+\/fapi\/v1\/time: HTTP 403 no$/m, 'says what was asked');
});

test('wrong usage of the verb ends with 2 and says what is meant', async () => {
  const sound = { symbols: 'BTCUSDT', from: '2026-02-20', to: '2026-02-21', out: '/nowhere', 'base-url': sim.url };
  for (const [changes, expected] of [
    [{ symbols: 'btc' }, /symbols such as BTCUSDT/],
    [{ symbols: '../x' }, /symbols such as BTCUSDT/],
    [{ from: '2026-02-30' }, /Expected a day such as/],
    [{ to: '2026-02-20' }, /--to must be a later day/],
    [{ interval: '7m' }, /Allowed choices are 1m/],
    [{ 'base-url': 'http://example.com' }, /must be https/],
  ] as const) {
    const args = Object.entries({ ...sound, ...changes }).flatMap(([name, value]) => [`--${name}`, value]);
    const { code, out, err } = await holdfast(['data', 'fetch', ...args]);
    assert.deepEqual([code, out], [2, ''], err);
    assert.match(err, expected);
  }
  assert.deepEqual(INTERVAL_CHOICES, INTERVALS, 'the help lists the lengths that can be fetched');
});
