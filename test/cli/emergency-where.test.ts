import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { flattenEmergency } from '../../daemon/cli/local/emergency-flatten.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { type Client, createClient, marketOrder } from '../exchange-sim/signed-client.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

interface Held {
  readonly sim: ExchangeSim;
  readonly exchange: Client;
  readonly positions: () => Promise<readonly string[]>;
}

/** An exchange with a position in BTCUSDT and in ETHUSDT. */
async function holdTwo(t: TestContext): Promise<Held> {
  const sim = await startExchangeSim({ seed: 3 });
  t.after(() => sim.close());
  const exchange = createClient(sim);
  await exchange.send('POST', '/fapi/v1/order', marketOrder('BUY', '0.02'));
  await exchange.send('POST', '/fapi/v1/order', { ...marketOrder('SELL', '0.5'), symbol: 'ETHUSDT' });
  const positions = async (): Promise<readonly string[]> => {
    const books = (await exchange.books()) as unknown as {
      readonly positions: readonly { readonly symbol: string; readonly quantity: string }[];
    };
    return books.positions.filter(({ quantity }) => Number(quantity) !== 0).map(({ symbol }) => symbol);
  };
  return { sim, exchange, positions };
}

function makeHome(t: TestContext): string {
  return tempFolder(t, 'where');
}

test('flatten --emergency guesses no venue: it is named where the keys or the home of another one are there', async (t) => {
  const { sim, positions } = await holdTwo(t);
  const home = makeHome(t);
  const paper = { HOLDFAST_PAPER_URL: sim.url, HOLDFAST_HOME: home };
  const live = { ...paper, BINANCE_LIVE_API_KEY_FILE: '/nowhere' };
  const byKeys = await holdfast('flatten --emergency', live);
  assert.equal(byKeys.code, 2, byKeys.out);
  assert.match(byKeys.err, /HOLDFAST_VENUE is needed: .*binance-live.*--venue/);
  mkdirSync(join(home, 'binance-demo'));
  writeFileSync(join(home, 'binance-demo', 'ledger.db'), '');
  const byHome = await holdfast('flatten --emergency', paper);
  assert.equal(byHome.code, 2, byHome.out);
  assert.match(byHome.err, /HOLDFAST_VENUE is needed: .*binance-demo.*--venue/);
  assert.equal((await positions()).length, 2, 'nothing is sent to a venue that nobody named');

  const named = await holdfast('flatten --emergency --venue paper --json', live);
  assert.equal(named.code, 0, named.err);
  assert.deepEqual(JSON.parse(named.out), { venue: 'paper', is_flat: true, orders_left: [], positions_left: [] });
  assert.deepEqual(await positions(), []);
});

test('flatten --emergency says of which venue it speaks', async (t) => {
  const { sim } = await holdTwo(t);
  const { code, out, err } = await holdfast('flatten --emergency', { HOLDFAST_PAPER_URL: sim.url });
  assert.equal(code, 0, err);
  assert.equal(out, 'paper: no order and no position is left\n');
});

test('flatten --emergency tells a mistyped symbol at once, and closes the others', async (t) => {
  const { sim, positions } = await holdTwo(t);
  const env = { HOLDFAST_PAPER_URL: sim.url };
  const both = await holdfast('flatten ETHUSDT btcusdt BTCUSD --emergency --json', env);
  assert.equal(both.code, 1, both.out);
  const { is_flat, not_listed } = JSON.parse(both.out);
  assert.deepEqual([is_flat, not_listed], [false, ['btcusdt', 'BTCUSD']]);
  assert.match(both.err, /btcusdt: the venue lists no such symbol.*BTCUSDT/);
  assert.deepEqual(await positions(), ['BTCUSDT'], 'what is known is closed');

  const none = await holdfast('flatten BTCUSD --emergency', env);
  assert.equal(none.code, 1);
  assert.match(none.out, /BTCUSD +no such symbol/);
  const venueKeys = { apiKey: 'paper', secret: 'paper-secret' };
  const where = { home: '', venue: 'paper', paperUrl: sim.url, paperUrlFile: null, venueKeys } as const;
  const never = { symbols: ['BTCUSD'], say: () => undefined, withinMs: Number.POSITIVE_INFINITY };
  assert.equal((await flattenEmergency(where, never)).is_flat, false, 'it waits for nothing');
});

test('flatten --emergency warns of a daemon once more when it is done', async (t) => {
  const { sim } = await holdTwo(t);
  const home = makeHome(t);
  mkdirSync(join(home, 'paper'));
  const pid = join(home, 'paper', 'daemon.pid');
  // It starts while the account is closed.
  const start = (text: string): void => {
    if (text.includes('exit of')) writeFileSync(pid, `${process.pid}\n`);
  };
  const env = { HOLDFAST_PAPER_URL: sim.url, HOLDFAST_HOME: home };
  const { code, err } = await holdfast('flatten --emergency', env, () => undefined, start);
  assert.equal(code, 0, err);
  assert.match(err, /exit of[\s\S]*warning: a daemon .* may open again/);
});
