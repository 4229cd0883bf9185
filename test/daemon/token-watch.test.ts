import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { order, until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

const world = suiteWorld();

const alerts = (code: string): readonly string[] =>
  world
    .alerts()
    .filter((alert) => alert.code === code)
    .map(({ detail }) => detail);
/** The host's time of the world: what the ledger's tokens expire by. */
const hostMs = (): number => world.daemon.gate.core.ports.time.hostMs();

test('an agent is told apart from nobody once its token has expired, and an operator knew before', async () => {
  const { tokens } = world.daemon.ledger;
  const made = tokens.createToken({ role: 'agent', name: 'swing', agent: 'swing', expires_at_ms: hostMs() + 20_000 });
  const call = () => world.dryRun('place_order', order(), made.secret);
  assert.equal((await call()).status, 200);
  assert.deepEqual(alerts('TOKEN_EXPIRES'), [], 'not a tenth of its life is left');
  await until('the alert', () => alerts('TOKEN_EXPIRES').length > 0, 30_000);
  assert.match(alerts('TOKEN_EXPIRES')[0] ?? '', new RegExp(`${made.record.id} .*swing.*\\./holdfast token create`));
  assert.equal((await call()).status, 200, 'it is still valid');
  await until('it is refused', async () => (await call()).status === 401, 30_000);
  assert.ok(hostMs() >= made.record.expires_at_ms! && hostMs() < made.record.expires_at_ms! + 2_000);
  await until('the alert', () => alerts('TOKEN_EXPIRED').length > 0, 5_000);
  await world.sleep(3_000);
  assert.deepEqual([alerts('TOKEN_EXPIRES').length, alerts('TOKEN_EXPIRED').length], [1, 1], 'each once');
  const records = world.records('token');
  assert.ok(
    records.some((record) => {
      const { action, id } = record as { action: string; id: string };
      return action === 'revoked' && id === made.record.id;
    }),
    'its end is on record',
  );
});

test('a token that was replaced ends without an alert', async () => {
  const { tokens } = world.daemon.ledger;
  const [reported, ended] = [alerts('TOKEN_EXPIRES').length, alerts('TOKEN_EXPIRED').length];
  const rights = { role: 'agent', name: 'carry', agent: 'carry' } as const;
  const former = tokens.createToken(rights);
  const next = tokens.replaceTokens([former.record.id], hostMs() + 5_000);
  await until(
    'the former ends',
    async () => (await world.call('GET', '/v1/orders', undefined, former.secret)).status === 401,
    20_000,
  );
  await world.sleep(3_000);
  assert.equal((await world.call('GET', '/v1/orders', undefined, next.secret)).status, 200);
  assert.deepEqual([alerts('TOKEN_EXPIRES').length, alerts('TOKEN_EXPIRED').length], [reported, ended]);
});

test('the first tokens of a paper home have no end', () => {
  const secret = readFileSync(join(world.home, 'tokens', 'agent.token'), 'utf8').trim();
  assert.equal(world.daemon.ledger.tokens.findToken(secret)?.expires_at_ms, null);
});
