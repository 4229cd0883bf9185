import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { type ClientOptions, loadBinanceusdm } from '../../daemon/venue/wire/ccxt-binance.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import {
  checkEndpoints,
  moveEndpoints,
  parsePaperOrigin,
  type VenueAccess,
  VenueMismatchError,
} from '../../daemon/venue/wire/endpoints.ts';

const build = await loadBinanceusdm();
const keys = { apiKey: 'visible-key', secret: 'visible-secret' };
const clock = new DomainClock(SYSTEM_TIME);
function client(access: VenueAccess) {
  const options: ClientOptions = { access, nowMs: () => 1, time: SYSTEM_TIME, connections: 1 };
  return build(options);
}

test('BY-28: paper accepts plain http on a loopback address and nothing else', () => {
  for (const url of ['http://127.0.0.1:80', 'http://127.9.9.9:1234/', 'http://localhost:9', 'http://[::1]:9']) {
    assert.ok(parsePaperOrigin(url).startsWith('http://'));
  }
  const refused = [
    'https://127.0.0.1:1',
    'http://fapi.binance.com',
    'https://fapi.binance.com',
    'http://127.0.0.1.evil.example:1',
    'http://10.0.0.1:1',
    'http://0.0.0.0:1',
    'http://user:secret@127.0.0.1:1',
    'http://127.0.0.1:1/fapi',
    'http://127.0.0.1:1/?a=b',
    'ftp://127.0.0.1',
    '127.0.0.1:1',
    '',
  ];
  for (const url of refused) assert.throws(() => parsePaperOrigin(url), VenueMismatchError, url);
});

test('BY-28: on paper every endpoint that ccxt knows points at the simulated exchange', async () => {
  const { ccxt, close } = client({ venue: 'paper', baseUrl: 'http://127.0.0.1:4242', ...keys });
  const urls = Object.entries(ccxt.urls.api);
  assert.ok(urls.length >= 22, String(urls.length));
  for (const [key, url] of urls) assert.ok(String(url).startsWith('http://127.0.0.1:4242/'), key);
  assert.deepEqual(ccxt.urls.test, ccxt.urls.api);
  assert.deepEqual(ccxt.urls.demo, ccxt.urls.api);
  await close(0);
});

test('BY-28: demo uses demo hosts only, live uses live hosts only', async () => {
  const demo = client({ venue: 'binance-demo', ...keys });
  assert.equal(demo.ccxt.urls.api.fapiPrivate, 'https://demo-fapi.binance.com/fapi/v1');
  const live = client({ venue: 'binance-live', ...keys });
  assert.equal(live.ccxt.urls.api.fapiPrivate, 'https://fapi.binance.com/fapi/v1');
  assert.throws(() => checkEndpoints('binance-demo', live.ccxt.urls.api, null), VenueMismatchError);
  assert.throws(() => checkEndpoints('binance-live', demo.ccxt.urls.api, null), VenueMismatchError);
  await Promise.all([demo.close(0), live.close(0)]);
});

test('BY-28: a partial override is refused, whichever endpoint stayed behind', () => {
  const { ccxt } = client({ venue: 'binance-live', ...keys });
  const origin = 'http://127.0.0.1:4242';
  const moved = moveEndpoints(ccxt.urls.api, origin);
  assert.equal([...checkEndpoints('paper', moved, origin)][0], origin);
  for (const key of Object.keys(moved)) {
    assert.throws(
      () => checkEndpoints('paper', { ...moved, [key]: ccxt.urls.api[key] }, origin),
      VenueMismatchError,
      key,
    );
    assert.throws(
      () => checkEndpoints('binance-live', { ...ccxt.urls.api, [key]: moved[key] }, null),
      VenueMismatchError,
      key,
    );
  }
  const { fapiPrivate: _missing, ...rest } = moved;
  assert.throws(() => checkEndpoints('paper', rest, origin), VenueMismatchError);
});

test('BY-28: a base URL given to a venue that has its own is refused at start', async () => {
  for (const venue of ['binance-demo', 'binance-live'] as const) {
    const access = { venue, baseUrl: 'http://127.0.0.1:4242', ...keys } as VenueAccess;
    await assert.rejects(createVenue({ access, clock, time: SYSTEM_TIME }), VenueMismatchError);
  }
  const paper = { venue: 'paper', baseUrl: 'https://fapi.binance.com', ...keys } as const;
  await assert.rejects(createVenue({ access: paper, clock, time: SYSTEM_TIME }), VenueMismatchError);
});

test('keys do not show when the exchange object is dumped', async () => {
  const { ccxt, close } = client({ venue: 'paper', baseUrl: 'http://127.0.0.1:4242', ...keys });
  for (const dump of [
    inspect(ccxt, { depth: 6 }),
    JSON.stringify(Object.entries(ccxt).filter(([, v]) => typeof v === 'string')),
  ]) {
    assert.ok(!dump.includes(keys.apiKey) && !dump.includes(keys.secret));
  }
  await close(0);
});
