import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import { openEveryRoute } from './every-route.ts';
import { PLACE_ORDER, SECRETS } from './http-kit.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });

async function openServer(): Promise<{ readonly server: UnlistenedServer; readonly tokens: Set<string> }> {
  const tokens = new Set([SECRETS.agent]);
  const server = await openEveryRoute((secret) =>
    tokens.has(secret) ? { role: 'agent', agent: 'momentum', id: 'tok_agent', skillSha256: null } : null,
  );
  return { server, tokens };
}

test('without a listener the routes keep their authentication, guards and parser', async (t) => {
  const { server, tokens } = await openServer();
  t.after(() => server.close());
  const place = async (headers: Record<string, string>, body = JSON.stringify(PLACE_ORDER)): Promise<number> =>
    (await server.ask({ method: 'POST', path: '/v1/tools/place_order', headers, body })).status;
  const authorization = bearer(SECRETS.agent);
  assert.equal(server.port, null);
  assert.equal(await place({ ...JSON_TYPE, ...authorization }), 200);
  assert.equal(await place(JSON_TYPE), 401);
  assert.equal(await place({ ...JSON_TYPE, ...bearer('hf_nobody') }), 401);
  assert.equal(await place({ ...authorization, 'content-type': 'text/plain' }), 415);
  assert.equal(await place({ ...JSON_TYPE, ...authorization }, '{"symbol":"A","symbol":"B"}'), 400, 'a repeated key');
  assert.equal(await place({ ...JSON_TYPE, ...authorization, origin: 'http://evil.example' }), 403);
  const flatten = await server.ask({
    method: 'POST',
    path: '/v1/flatten',
    headers: { ...JSON_TYPE, ...authorization },
    body: '{"reason":"x"}',
  });
  assert.equal(flatten.status, 403, 'an agent may not flatten');
  tokens.clear();
  server.forgetTokens();
  assert.equal(await place({ ...JSON_TYPE, ...authorization }), 401, 'revoked');
});

test('as many may ask as like: there is no connection to hold', async (t) => {
  const { server } = await openServer();
  t.after(() => server.close());
  const ask = (): Promise<{ readonly status: number }> =>
    server.ask({ method: 'GET', path: '/v1/limits?symbol=BTCUSDT', headers: bearer(SECRETS.agent) });
  for (let i = 0; i < 400; i += 1) assert.equal((await ask()).status, 200);
});

test('once it is closed it refuses', async () => {
  const { server } = await openServer();
  await server.close();
  const asked = server.ask({ method: 'GET', path: '/healthz', headers: {} });
  const outcome = await asked.then(
    ({ status }) => String(status),
    () => 'refused',
  );
  assert.ok(outcome === '503' || outcome === 'refused', outcome);
});
