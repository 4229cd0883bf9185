import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { requestId, strategyId, symbol } from '../../daemon/contract/schema/fields.ts';
import { ERROR_STATUS } from '../../daemon/http/errors.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { PLACE_ORDER, SECRETS, startServer } from './http-kit.ts';

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');

test('docs/api.md lists exactly the error codes of the code, each with its status [AN-178]', () => {
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| .+ \|$/gm)].map((row) => [row[1], Number(row[2])]);
  assert.deepEqual(Object.fromEntries(rows), { ...ERROR_STATUS });
  assert.equal(rows.length, Object.keys(ERROR_STATUS).length);
});

test('BY-29: a failure inside the daemon answers INTERNAL and nothing else', async (t) => {
  const server = await startServer(t);
  server.gate.failure = new Error('GET https://fapi.binance.com/x?signature=abc failed with key planted-key');
  const calls = [
    server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER }),
    server.call('POST', '/v1/intercept', { body: { tool: 'x', args: {} } }),
    server.call('GET', '/v1/account'),
    server.call('PUT', '/v1/trading-state', { role: 'operator', body: { state: 'halted', reason: 'x' } }),
  ];
  for (const got of await Promise.all(calls)) {
    assert.equal(got.status, 500);
    assert.deepEqual(got.json, {
      error: { code: 'INTERNAL', message: 'Something failed inside the daemon. Its log has the details.' },
    });
  }
  assert.equal(server.log.filter((line) => line.includes('a request failed')).length, calls.length);
});

test("the gate's own refusals and a ledger that takes nothing keep their meaning", async (t) => {
  const server = await startServer(t);
  const fail = async (code: string) => {
    server.gate.failure = Object.assign(new Error('ttl_ms is above the maximum of the policy'), { code });
    const body = { kind: 'anomaly', scope: {}, severity: 1, ttl_ms: 5 };
    const got = await server.call('POST', '/v1/signals', { role: 'monitor', body });
    return [got.status, got.json.error.code];
  };
  assert.deepEqual(await fail('INVALID_INPUT'), [400, 'INVALID_INPUT']);
  assert.deepEqual(await fail('NOT_FOUND'), [404, 'NOT_FOUND']);
  assert.deepEqual(await fail('NOT_READY'), [503, 'NOT_READY']);
  for (const code of ['LEDGER_FAILED', 'LEDGER_FULL', 'LEDGER_CLOSED'])
    assert.deepEqual(await fail(code), [503, 'NOT_READY']);
  for (const code of ['LEDGER_CORRUPT', 'ENOENT', 'toString']) assert.deepEqual(await fail(code), [500, 'INTERNAL']);
});

test('what a caller sends is not echoed at length, and never its token', async (t) => {
  const server = await startServer(t);
  const got = await server.call('POST', '/v1/tools/place_order', {
    body: { ...PLACE_ORDER, symbol: 'x'.repeat(5000), ['k'.repeat(5000)]: 1 },
  });
  assert.equal(got.status, 400);
  assert.ok(got.text.length < 3000, `${got.text.length}`);
  const unknown = 'hf_planted_unknown_0123456789abcdefgh';
  const refused = await server.call('GET', '/v1/account', {
    role: null,
    headers: { authorization: `Bearer ${unknown}` },
  });
  assert.equal(refused.status, 401);
  server.gate.failure = new Error('boom');
  await server.call('GET', '/v1/account');
  const seen = [refused.text, ...server.log].join('\n');
  for (const secret of [unknown, ...Object.values(SECRETS)]) assert.ok(!seen.includes(secret));
});

test('failing tokens leave one line in the log, however many they are', async (t) => {
  const server = await startServer(t);
  for (let count = 0; count < 50; count += 1) await server.call('GET', '/v1/account', { role: null });
  assert.equal(server.log.filter((line) => !line.includes('Server listening')).length, 1);
});

test('the logger blanks secrets wherever they stand', () => {
  const lines: string[] = [];
  const secrets = ['planted"key/1', 'plantedsecret'];
  const logger = createLogger({ level: 'info', secrets, destination: { write: (line) => lines.push(line) } });
  logger.info(
    { headers: { authorization: 'Bearer abc.def' }, req: { headers: { authorization: 'x', cookie: 'y' } } },
    'headers',
  );
  logger.error(
    { err: new Error(`key planted"key/1 in https://x/y?k=${encodeURIComponent('planted"key/1')}&signature=0a1b2c`) },
    'plantedsecret',
  );
  logger.warn(`token hf_${'a'.repeat(43)} and authorization: Bearer zzz.yyy`);
  const all = lines.join('');
  assert.equal(lines.length, 3);
  for (const secret of [
    'abc.def',
    'planted"key',
    'planted\\"key',
    'planted%22key',
    'plantedsecret',
    '0a1b2c',
    `hf_${'a'.repeat(43)}`,
    'zzz.yyy',
    '"x"',
    '"y"',
  ]) {
    assert.ok(!all.includes(secret), secret);
  }
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
});

test('docs/api.md has the patterns of the contract', () => {
  const fields = { strategy_id: strategyId, request_id: requestId, symbol };
  for (const [name, schema] of Object.entries(fields)) {
    const pattern: unknown = Reflect.get(schema, 'pattern');
    assert.ok(typeof pattern === 'string', name);
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    assert.ok(row?.includes(`\`${pattern}\``), `${name}: ${row}`);
  }
});
