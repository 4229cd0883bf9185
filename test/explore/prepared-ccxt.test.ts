import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

type Client = Record<string, unknown> & { sign(path: string, api: string, method: string, params: object): unknown };
type ClientClass = new (config: object) => Client;

const CONFIG = { apiKey: 'key', secret: 'secret', enableRateLimit: false, options: { recvWindow: 5_000 } };

/** Every name that an instance answers to. */
function namesOf(client: object): readonly string[] {
  const names = new Set<string>();
  for (let at: object | null = client; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  names.delete('constructor');
  return [...names];
}

test('a prepared client of ccxt is what its own constructor makes', async () => {
  const address = new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href;
  const { default: Base } = (await import(address)) as { readonly default: ClientClass };
  const plain = new Base(CONFIG);
  await import('../../scripts/explore/prepared-ccxt.ts');
  const [first, second] = [new Base(CONFIG), new Base(CONFIG)];

  const names = namesOf(plain);
  assert.ok(names.length > 3_000);
  const differing = names.filter((name) => {
    if (name === 'hmac' || name === 'throttler') return false;
    const [before, after] = [plain[name], first[name]];
    return typeof before === 'function' ? typeof after !== 'function' : !isDeepStrictEqual(before, after);
  });
  assert.deepEqual(differing, []);
  for (const client of [plain, first]) client.nonce = () => 1_740_960_600_000;
  const params = { symbol: 'BTCUSDT', side: 'BUY', quantity: '0.004', newClientOrderId: 'hf-1' };
  for (const method of ['GET', 'POST', 'DELETE'])
    assert.deepEqual(
      first.sign('order', 'fapiPrivate', method, params),
      plain.sign('order', 'fapiPrivate', method, params),
    );

  // What one of them learns, another does not know.
  Object.assign(first.options as object, { learnt: true });
  assert.equal((second.options as { readonly learnt?: boolean }).learnt, undefined);
});
