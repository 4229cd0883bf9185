import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECRETS, startServer, type TestServer } from './http-kit.ts';

const TIMES = 50;
async function askOften(server: TestServer, path: string, headers: Readonly<Record<string, string>> = {}) {
  const texts = new Set<string>();
  for (let time = 0; time < TIMES; time += 1) texts.add((await server.call('GET', path, { role: null, headers })).text);
  return texts;
}

test('no document is written again because somebody without a token asks for it', async (t) => {
  const server = await startServer(t, {}, true);
  let written = 0;
  const { stringify } = JSON;
  t.mock.method(JSON, 'stringify', (...args: Parameters<typeof stringify>) => {
    const text = stringify(...args) as string | undefined;
    written += text?.length ?? 0;
    return text;
  });
  for (const path of [
    '/openapi.json',
    '/openapi-console.json',
    '/docs/json',
    '/docs/yaml',
    '/',
    '/assets/console.js',
  ]) {
    written = 0;
    assert.equal((await askOften(server, path)).size, 1, path);
    assert.ok(written < TIMES * 500, `${path}: ${written} characters of JSON`);
  }
});

test('who has a description already is answered 304 without it', async (t) => {
  const server = await startServer(t);
  for (const path of ['/openapi.json', '/openapi-console.json']) {
    const whole = await server.call('GET', path, { role: null });
    assert.match(String(whole.headers['content-type']), /^application\/json/);
    const tag = String(whole.headers.etag);
    for (const known of [tag, `"another", W/${tag}`]) {
      const again = await server.call('GET', path, { role: null, headers: { 'if-none-match': known } });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', tag], known);
    }
    const other = await server.call('GET', path, { role: null, headers: { 'if-none-match': '"another"' } });
    assert.deepEqual([other.status, other.text], [200, whole.text]);
  }
});

test('metrics are written once a second for everybody without a token, and for a token at each scrape', async (t) => {
  let nowMs = 5_000;
  const server = await startServer(t, {}, false, { monotonicMs: () => nowMs });
  const written: boolean[] = [];
  server.gate.metrics = async (withAccount) => {
    written.push(withAccount);
    return `holdfast_scrapes ${written.length}\n`;
  };
  const openMetrics = { accept: 'application/openmetrics-text' };
  assert.equal((await askOften(server, '/metrics')).size, 1);
  assert.equal((await askOften(server, '/metrics', openMetrics)).size, 1);
  assert.deepEqual(written, [false]);
  for (let time = 0; time < 3; time += 1) await server.call('GET', '/metrics', { role: 'monitor' });
  assert.deepEqual(written, [false, true, true, true], SECRETS.monitor);
  nowMs += 999;
  await askOften(server, '/metrics');
  assert.equal(written.length, 4);
  nowMs += 1;
  assert.match([...(await askOften(server, '/metrics'))].join(), /holdfast_scrapes 5/);
});

test('what is sent without a token may have 8 KiB and no byte more', async (t) => {
  const server = await startServer(t, {}, true);
  for (const path of ['/v1/proof', '/v1/console/passkey']) {
    const send = async (bytes: number) => {
      const text = `{"unknown":"${'x'.repeat(bytes - 14)}"}`;
      assert.equal(text.length, bytes);
      return (await server.call('POST', path, { role: null, text })).json.error.code;
    };
    assert.equal(await send(8_192), 'INVALID_INPUT', path);
    assert.equal(await send(8_193), 'BODY_TOO_LARGE', path);
  }
});
