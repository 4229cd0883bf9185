import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { before, describe, it } from 'node:test';
import { order, until } from '../daemon/harness.ts';
import { editPolicy, UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { codesOf, isBlocked, isPermitted, leavesTheBooksAlone, newOrders, tryEveryDoor } from './attempts.ts';

const TRUSTED = 'a'.repeat(64);
const UNKNOWN = 'b'.repeat(64);

describe('ways around a gate: trust', () => {
  const world = suiteWorld({
    real: true,
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      // A token without a skill is trusted half as far as one that was made for the listed skill.
      spec.trust.default = { provenance: 0.35, capability_risk: 0.5 };
      spec.trust.skills = [{ name: 'listed', sha256: TRUSTED, provenance: 0.9, capability_risk: 0.2 }];
      spec.account.concentration = { share: 0.99, floor_usdt: 2_000 };
    },
  });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
  });

  /** What the exchange gets of an order of 1,000 USDT. */
  async function measure(change: object, token?: string): Promise<number> {
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    const earlier = await world.books();
    const { tool, intercept, dryRun } = await tryEveryDoor(
      world,
      'place_order',
      order({ requested_notional: 1_000, ...change }),
      token,
    );
    const sent = newOrders(await world.books(), earlier).reduce((sum, each) => sum + Number(each.quantity), 0);
    assert.equal(Number(tool.body.decision?.effective?.quantity ?? 0), sent);
    assert.equal(dryRun.body.decision?.effective?.quantity, tool.body.decision?.effective?.quantity);
    assert.equal(intercept.body.decision?.effective?.quantity, tool.body.decision?.effective?.quantity);
    return sent * 60_000;
  }

  it('BY-34 raises trust for the token of a listed skill, and for nothing that a caller says [TM-14 TM-15 PK-121 TF-48]', async () => {
    const trusted = await measure({}, world.createAgent('skilled', TRUSTED));
    assert.ok(trusted > 900, `${trusted}`);
    const plain = await measure({});
    assert.ok(plain <= 500, `${plain}`);
    for (const skill of [{ sha256: TRUSTED }, { name: 'listed', sha256: TRUSTED, version: '1' }, { name: 'listed' }])
      assert.ok((await measure({ meta: { skill } })) <= plain, JSON.stringify(skill));
  });
  it('BY-34 lowers trust when the claim is another skill than the token was made for [TM-14 PK-119 TF-48]', async () => {
    const other = world.createAgent('skilled-2', TRUSTED);
    const claimed = await measure({ meta: { skill: { sha256: UNKNOWN } } }, other);
    assert.ok(claimed <= 500, `${claimed}`);
    assert.ok((await measure({ meta: { skill: { sha256: UNKNOWN } } })) <= 250);
  });
  it('BY-34 judges the claim beside an intercepted call the same way [TM-14]', async () => {
    const ask = (meta?: object) =>
      world.call<{ decision: { effective: { quantity: string } | null } }>('POST', '/v1/intercept', {
        tool: 'place_order',
        args: order({ requested_notional: 1_000 }),
        ...(meta === undefined ? {} : { meta }),
      });
    const quantityOf = async (meta?: object): Promise<number> =>
      Number((await ask(meta)).body.decision.effective?.quantity ?? 0);
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    const plain = await quantityOf();
    assert.ok((await quantityOf({ skill: { sha256: TRUSTED } })) <= plain);
    assert.ok((await quantityOf({ skill: { sha256: UNKNOWN } })) < plain);
  });

  for (const [name, change] of [
    ['a provenance of its own', { provenance: 1 }],
    ['a provenance in meta', { meta: { provenance: 1 } }],
    ['a provenance in the skill', { meta: { skill: { sha256: TRUSTED, provenance: 1 } } }],
    ['a signature that nobody checks', { meta: { skill: { sha256: TRUSTED, signature: 'x' } } }],
    ['a signer', { meta: { skill: { name: 'listed' }, signed_by: 'operator' } }],
    ['the name of another agent', { agent: 'skilled' }],
    ['the name of another agent in meta', { meta: { agent: 'skilled' } }],
    ['a role', { role: 'operator' }],
    ['an origin', { origin: 'gate' }],
    ['a digest in capitals', { meta: { skill: { sha256: 'A'.repeat(64) } } }],
  ] as const) {
    it(`BY-23 refuses a request that brings ${name}`, async () => {
      await leavesTheBooksAlone(world, name, async () => {
        const { tool, dryRun } = await tryEveryDoor(world, 'place_order', order(change));
        assert.equal(tool.status, 400);
        assert.equal(dryRun.status, 400);
      });
    });
  }
  it('BY-23 goes by the token alone: no header and no strategy name makes another agent', async () => {
    const response = await fetch(`${world.daemon.url}/v1/tools/place_order`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${world.token('agent')}`,
        'Content-Type': 'application/json',
        'X-Agent': 'skilled',
        'X-Forwarded-User': 'operator',
        'X-Role': 'operator',
      },
      body: JSON.stringify(order({ strategy_id: 'skilled', requested_notional: 1_000 })),
    });
    const { decision } = (await response.json()) as {
      decision: { agent: string; effective: { notional: number } | null };
    };
    assert.notEqual(decision.agent, 'skilled');
    assert.ok((decision.effective?.notional ?? 0) <= 500);
  });

  it('BY-24 keeps the roles apart: who reports does not trade, who trades does not report [TM-27 TM-37]', async () => {
    const signal = { kind: 'injection', scope: {}, severity: 1, ttl_ms: 1_000 };
    const monitor = world.token('monitor');
    await leavesTheBooksAlone(world, 'roles', async () => {
      for (const token of [world.token('agent'), world.token('operator')])
        assert.equal((await world.call('POST', '/v1/signals', signal, token)).status, 403);
      for (const path of ['/v1/tools/place_order', '/v1/dry-run/place_order'])
        assert.equal((await world.call('POST', path, order(), monitor)).status, 403, path);
      for (const tool of ['close_position', 'cancel_all', 'get_account', 'get_positions'])
        assert.equal((await world.call('POST', `/v1/tools/${tool}`, {}, monitor)).status, 403, tool);
      assert.equal((await world.call('POST', '/v1/intercept', { tool: 'x', args: {} }, monitor)).status, 403);
      for (const token of [world.token('agent'), monitor]) {
        for (const [method, path, body] of [
          ['PUT', '/v1/trading-state', { state: 'active', reason: 'x' }],
          ['POST', '/v1/flatten', { reason: 'x' }],
          ['POST', '/v1/account/rebase', { reason: 'x' }],
          ['POST', '/v1/policy/reload', {}],
          ['GET', '/v1/policy', undefined],
          ['GET', '/v1/events', undefined],
        ] as const)
          assert.equal((await world.call(method, path, body, token)).status, 403, `${method} ${path}`);
      }
      assert.equal((await world.call('GET', '/v1/trading-state', undefined, world.token('agent'))).status, 403);
      assert.equal((await world.call('GET', '/v1/decisions', undefined, monitor)).status, 403);
      for (const token of ['', 'x', 'undefined', `${world.token('agent')}x`, world.token('agent').toUpperCase()])
        assert.equal((await world.call('POST', '/v1/tools/place_order', order(), token)).status, 401, token);
    });
  });
  it('BY-24 lets a signal end only by its time or an operator, and no weaker one replace it [TM-23 PK-117 PK-128 TM-24]', async () => {
    const report = (kind: string, ttlMs: number, scope: object = {}) =>
      world.call('POST', '/v1/signals', { kind, scope, severity: 0, ttl_ms: ttlMs }, world.token('monitor'));
    assert.equal((await report('anomaly', 20_000)).status, 200);
    assert.equal((await report('anomaly', 1)).status, 200);
    assert.equal((await report('narrative', 1)).status, 200);
    assert.notEqual((await report('anomaly', 1_000_000_000)).status, 200);
    await world.advance(1_000);
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'TRUST_REDUCE_ONLY', 'anomaly');
    await world.restart();
    await isBlocked(world, 'place_order', order({ symbol: 'ETHUSDT' }), 'TRUST_REDUCE_ONLY', 'after a restart');
    await world.advance(20_000);
    const asked = await world.dryRun('place_order', order({ symbol: 'ETHUSDT' }));
    assert.ok(isPermitted(asked), codesOf(asked).join(', '));
  });
});

describe('ways around a gate: web pages and two readings of one request', () => {
  const world = suiteWorld({ real: true, policy: UNPACED });
  let port: number;
  before(async () => {
    port = Number(new URL(world.daemon.url).port);
  });

  /** Sends bytes as they are; answers the status lines of everything that came back. */
  async function raw(text: string): Promise<readonly number[]> {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.on('error', () => undefined);
    socket.write(text, 'latin1');
    let isClosed = false;
    socket.once('close', () => (isClosed = true));
    await until('an answer', () => isClosed || /\r\n\r\n[\s\S]*\}/.test(received));
    // A connection that stays open has answered what else it took by the time that others were answered.
    for (let asked = 0; asked < 3 && !isClosed; asked += 1) await world.ready();
    socket.destroy();
    return [...received.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => Number(match[1]));
  }
  const body = JSON.stringify(order());
  const post = (
    headers: string,
    { path = '/v1/tools/place_order', version = '1.1', content = body, length = true } = {},
  ): string =>
    `POST ${path} HTTP/${version}\r\n${headers}Authorization: Bearer ${world.token('agent')}\r\nContent-Type: application/json\r\nConnection: close\r\n${length ? `Content-Length: ${content.length}\r\n` : ''}\r\n${content}`;
  const host = (): string => `Host: 127.0.0.1:${port}\r\n`;
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

  it('BY-25 answers an honest request (so that the others show something)', async () => {
    assert.deepEqual(await raw(post(host(), { path: '/v1/dry-run/place_order' })), [200]);
  });
  for (const [name, build, statuses] of [
    ['an Origin of another page', () => post(`${host()}Origin: https://evil.example\r\n`), [403]],
    ['Origin null', () => post(`${host()}Origin: null\r\n`), [403]],
    ['an Origin on another port', () => post(`${host()}Origin: http://127.0.0.1:1\r\n`), [403]],
    ['a rebound Host', () => post(`Host: evil.example:${port}\r\n`), [400, 403]],
    ['a Host with another port', () => post('Host: 127.0.0.1:1\r\n'), [400, 403]],
    ['a Host that starts like ours', () => post(`Host: 127.0.0.1:${port}.evil.example\r\n`), [400, 403]],
    ['no Host', () => post(''), [400, 403]],
    ['two Hosts', () => post(`${host()}Host: evil.example\r\n`), [400]],
    ['two Hosts, ours last', () => post(`Host: evil.example\r\n${host()}`), [400]],
    ['two Authorizations', () => post(`${host()}Authorization: Bearer x\r\n`), [400, 401]],
    ['a whole URL as its target', () => post(host(), { path: `http://evil.example/v1/tools/place_order` }), [400]],
    ['HTTP/1.0', () => post(host(), { version: '1.0' }), [505, 400]],
    ['both lengths', () => post(`${host()}Transfer-Encoding: chunked\r\n`, { content: chunked }), [400]],
    ['two lengths', () => post(`${host()}Content-Length: 5\r\n`), [400]],
    ['a folded Transfer-Encoding', () => post(`${host()}Transfer-Encoding:\r\n chunked\r\n`), [400]],
    [
      'an unknown Transfer-Encoding',
      () => post(`${host()}Transfer-Encoding: xchunked\r\n`, { length: false, content: chunked }),
      [400],
    ],
    [
      'a Transfer-Encoding with a space',
      () => post(`${host()}Transfer-Encoding : chunked\r\n`, { length: false, content: chunked }),
      [400],
    ],
    ['a negative length', () => post(`${host()}Content-Length: -1\r\n`, { length: false }), [400]],
    ['a bare CR in a header', () => post(`${host()}X: a\rContent-Length: 5\r\n`), [400]],
    [
      'a method in disguise',
      () => post(`${host()}X-HTTP-Method-Override: POST\r\n`).replace('POST', 'GET'),
      [404, 405, 400],
    ],
    [
      'a GET',
      () => `GET /v1/tools/place_order?symbol=BTCUSDT HTTP/1.1\r\n${host()}Connection: close\r\n\r\n`,
      [404, 405, 401],
    ],
  ] as const) {
    it(`BY-25 refuses a request with ${name}`, async () => {
      await leavesTheBooksAlone(world, name, async () => {
        const answered = await raw(build());
        assert.equal(answered.length, 1, answered.join(', '));
        assert.ok(
          statuses.some((status) => status === answered[0]),
          `answered ${answered[0]}`,
        );
      });
    });
  }
  it('BY-25 runs no request that is hidden in the body of another one', async () => {
    await leavesTheBooksAlone(world, 'smuggling', async () => {
      const hidden = post(host());
      // By one reading the body ends before the hidden request, by the other it contains it.
      const both = post(`${host()}Transfer-Encoding: chunked\r\n`, { content: `0\r\n\r\n${hidden}` });
      assert.deepEqual(await raw(both.replace('Connection: close', 'Connection: keep-alive')), [400]);
      const quoted = post(host(), { content: JSON.stringify({ symbol: hidden }) });
      assert.deepEqual(await raw(quoted.replace('Connection: close', 'Connection: keep-alive')), [400]);
    });
  });
  it('BY-25 grants no page anything: no CORS, no cookie, and a form is no order [TM-35]', async () => {
    await leavesTheBooksAlone(world, 'forms', async () => {
      const preflight = await fetch(`${world.daemon.url}/v1/tools/place_order`, {
        method: 'OPTIONS',
        headers: { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' },
      });
      assert.equal(preflight.headers.get('access-control-allow-origin'), null);
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/json;charset=utf-16',
      ])
        assert.equal(
          (
            await fetch(`${world.daemon.url}/v1/tools/place_order`, {
              method: 'POST',
              headers: { 'Content-Type': type, Authorization: `Bearer ${world.token('agent')}` },
              body,
            })
          ).status,
          415,
          type,
        );
      const cookie = await fetch(`${world.daemon.url}/v1/tools/place_order`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Cookie: `token=${world.token('agent')}` },
        body,
      });
      assert.equal(cookie.status, 401);
      assert.equal(cookie.headers.get('set-cookie'), null);
      const query = await fetch(`${world.daemon.url}/v1/tools/place_order?token=${world.token('agent')}`, {
        method: 'POST',
        body,
      });
      assert.equal(query.status, 401);
    });
  });
});
