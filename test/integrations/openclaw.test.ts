import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOOL_NAMES } from '../../daemon/core/policy.ts';
import { readSettings, UNASKED } from '../../integrations/openclaw/settings.ts';
import { findSharedState } from '../../integrations/openclaw/shared-state.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { FakeHost, verdictOf } from './openclaw-host.ts';

const FOLDER = fileURLToPath(new URL('../../integrations/openclaw/', import.meta.url));
const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 200,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'openclaw',
} as const;
const CURL = { command: 'curl -s https://fapi.binance.com/fapi/v1/order -d symbol=BTCUSDT' };
const OPENS = ['place_order', 'modify_order'];

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'holdfast-openclaw-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}
async function serve(t: TestContext, answer: RequestListener): Promise<number> {
  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
async function until(isDone: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!isDone() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(isDone());
}

beforeEach(() => {
  const state = findSharedState();
  for (const map of [state.stamps, state.skills, state.permitted, state.catalogues]) map.clear();
  state.canary.isSilent = false;
});

describe('the OpenClaw plugin, without a daemon', () => {
  const tokenFile = (t: TestContext): string => {
    const file = join(folder(t), 'agent.token');
    writeFileSync(file, 'hf_agent_x\n');
    return file;
  };

  it('needs nothing but Node: no import of a package', () => {
    const files = ['index', 'canary', 'daemon-link', 'hook-proof', 'host', 'intercept', 'settings', 'shared-state'];
    for (const file of [...files, 'skills-in-play', 'trading-tools']) {
      const text = readFileSync(join(FOLDER, `${file}.ts`), 'utf8');
      for (const [, from] of text.matchAll(/from '([^']+)'/g)) assert.match(from ?? '', /^(node:|\.\/)/, file);
    }
    const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'));
    assert.equal(dependencies, undefined);
  });

  it('registers what its manifest declares; what trades stays before the model, out of Tool Search', (t) => {
    const host = new FakeHost({ tokenFile: tokenFile(t), url: 'http://127.0.0.1:9' });
    const manifest = JSON.parse(readFileSync(join(FOLDER, 'openclaw.plugin.json'), 'utf8'));
    assert.deepEqual([...host.tools.keys()], manifest.contracts.tools);
    assert.deepEqual([...host.tools.keys()], [...TOOL_NAMES, 'holdfast_canary']);
    assert.deepEqual(host.policies, manifest.contracts.trustedToolPolicies);
    const direct = TOOL_NAMES.filter((name) => host.tools.get(name)?.().catalogMode === 'direct-only');
    assert.deepEqual(direct, Object.keys(manifest.toolMetadata));
    assert.deepEqual(direct, ['place_order', 'close_position', 'modify_order', 'cancel_order', 'cancel_all']);
    assert.match(host.tools.get('place_order')?.().description ?? '', /not known yet; take the money for REAL/);
  });

  it('fails closed with a reason of its own where no daemon answers, or none that it may speak to', async (t) => {
    const port = await serve(t, (_, response) => response.end('<html>'));
    const url = `http://127.0.0.1:${port}`;
    for (const [config, why] of [
      [{ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) }, /no daemon answers \(ECONNREFUSED\)/],
      [{ url, tokenFile: '/nowhere/agent.token' }, /token file .* cannot be read \(ENOENT\)/],
      [{ url, tokenFile: tokenFile(t) }, /is no Holdfast daemon/],
    ] as const) {
      const host = new FakeHost(config);
      for (const silent of ['hook', 'policy'] as const)
        for (const tool of ['exec', 'web_fetch', 'browser', 'binance_create_order', 'message', 'write'])
          assert.match((await host.call(tool, CURL, { silent })).blocked ?? '', why, `${tool} without the ${silent}`);
      for (const tool of UNASKED) assert.equal((await host.call(tool, {})).blocked, null, tool);
    }
  });

  it('waits no longer than its own time-out, and the gateway waits longer than that', async (t) => {
    const port = await serve(t, () => undefined);
    const host = new FakeHost({ url: `http://127.0.0.1:${port}`, tokenFile: tokenFile(t), timeoutMs: 150 });
    const startMs = performance.now();
    const { blocked } = await host.call('exec', CURL);
    assert.match(blocked ?? '', /Holdfast blocked exec: no answer within 150 ms/);
    assert.ok(performance.now() - startMs < 2_000);
    assert.ok(host.hookTimeoutMs > 150);
  });

  it('blocks what is not plainly a permission, whatever answers', async (t) => {
    let status = 200;
    let body: unknown = {};
    const port = await serve(t, (_, response) => {
      response.statusCode = status;
      response.setHeader('retry-after', '7');
      response.end(JSON.stringify(body));
    });
    const host = new FakeHost({ url: `http://127.0.0.1:${port}`, tokenFile: tokenFile(t) });
    for (const answer of [null, {}, [], 'ALLOW', { decision: 'ALLOW' }, { decision: null }, { decision: {} }]) {
      body = answer;
      assert.match((await host.call('exec', CURL)).blocked ?? '', /^Holdfast blocked exec/, JSON.stringify(answer));
    }
    for (const decision of ['LIMIT', 'BLOCK', 'allow', true]) {
      body = { decision: { decision } };
      assert.match((await host.call('exec', CURL)).blocked ?? '', /^Holdfast blocked exec/, String(decision));
    }
    body = { decision: { decision: 'ALLOW' } };
    assert.equal((await host.call('exec', CURL)).blocked, null);
    for (status of [201, 204, 302, 400, 401, 403, 413, 429, 500, 503])
      assert.match((await host.call('exec', CURL)).blocked ?? '', /^Holdfast blocked exec/, String(status));
    status = 429;
    assert.match((await host.call('exec', CURL)).blocked ?? '', /Wait 7 s/);
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    status = 200;
    assert.match((await host.call('exec', circular)).blocked ?? '', /^Holdfast blocked exec/);
  });

  it('blocks where the plugin itself fails', async (t) => {
    const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) });
    const hostile = {
      get path(): string {
        throw new Error('no path for you');
      },
    };
    assert.match((await host.call('read', hostile)).blocked ?? '', /a defect of the plugin \(no path for you\)/);
  });

  it('with a wrong configuration trades nothing and lets nothing run unasked', async () => {
    const host = new FakeHost({ url: 'http://10.0.0.1:7433' });
    assert.match(host.log.join(), /config\.url: plain http is for this machine alone/);
    assert.equal(host.tools.size, 0);
    for (const silent of ['hook', 'policy'] as const) {
      assert.match((await host.call('exec', CURL, { silent })).blocked ?? '', /configuration is wrong/);
      assert.equal((await host.call('session_status', {}, { silent })).blocked, null);
    }
  });

  it('reads its settings strictly', () => {
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [[], /config: is not an object/],
      [{ tokenfile: '/x' }, /config\.tokenfile: there is no such setting/],
      [{ url: 'ftp://127.0.0.1' }, /is not an http URL/],
      [{ url: 'http://localhost.evil.example' }, /this machine alone/],
      [{ url: 'http://127.0.0.1', socket: '/x' }, /url or socket/],
      [{ tokenFile: 'agent.token' }, /not an absolute path/],
      [{ unasked: 'exec' }, /not a list of names/],
      [{ timeoutMs: 10_001 }, /from 100 to 10000/],
      [{ timeoutMs: 99 }, /from 100 to 10000/],
      [{ timeoutMs: '500' }, /from 100 to 10000/],
    ];
    for (const [config, why] of wrong) assert.throws(() => readSettings(config), why, JSON.stringify(config));
    assert.equal(readSettings(undefined).url.origin, 'http://127.0.0.1:7433');
    assert.equal(readSettings({ url: 'https://gate.example' }).url.origin, 'https://gate.example');
    assert.equal(readSettings({ timeoutMs: 10_000 }).timeoutMs, 10_000);
  });

  it('the canary: blocked proves the hook, run proves its silence, and then nothing is opened', async (t) => {
    const secrets: unknown[] = [];
    let host: FakeHost | null = null;
    let silent: 'hook' | 'policy' | undefined;
    const port = await serve(t, async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      secrets.push(request.headers.authorization);
      const { tool, args } = JSON.parse(text);
      const outcome = await host?.call(tool, args, silent === undefined ? {} : { silent });
      response.statusCode = outcome?.blocked == null ? 200 : 403;
      response.end(JSON.stringify({ error: { message: outcome?.blocked } }));
    });
    const run = async (): Promise<FakeHost> => {
      host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) });
      const lines = host.log;
      host.start(port, { gateway: { auth: { token: 'gateway-secret' } } });
      await until(() => lines.some((line) => /anary|hook/.test(line)));
      return host;
    };
    assert.match((await run()).log.join('\n'), /info: The canary was blocked: hook and trusted policy fire/);
    assert.deepEqual(secrets, ['Bearer gateway-secret']);
    silent = 'policy';
    assert.match((await run()).log.join('\n'), /error: .* the trusted policy does not fire/);
    silent = 'hook';
    const deaf = await run();
    assert.match(deaf.log.join('\n'), /error: the before_tool_call hook .* does not fire/);
    assert.equal(deaf.health.length, 1);
    assert.equal(verdictOf(await deaf.call('place_order', ORDER)).error.code, 'HOOK_SILENT');
    silent = undefined;
    const mended = await run();
    assert.equal(verdictOf(await mended.call('place_order', ORDER)).error.code, 'UNREACHABLE');
  });

  it('a canary that something else answered for is one that ran', async (t) => {
    const port = await serve(t, (_, response) => response.end('{"ok":true}'));
    const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) });
    host.start(port, {});
    await until(() => host.log.some((line) => /error: the canary was not blocked/.test(line)));
    assert.equal(verdictOf(await host.call('place_order', ORDER)).error.code, 'HOOK_SILENT');
  });

  it('a canary that cannot be called proves nothing, and says so', async (t) => {
    const port = await serve(t, (_, response) => {
      response.statusCode = 404;
      response.end('{}');
    });
    const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) });
    host.start(port, {});
    await until(() => host.log.some((line) => /warn: The canary could not be run \(HTTP 404/.test(line)));
    assert.equal(verdictOf(await host.call('place_order', ORDER)).error.code, 'UNREACHABLE');
  });
});

describe('the OpenClaw plugin, against a daemon on paper', () => {
  let world: DaemonWorld;
  let proxy: CuttingProxy;
  let config: { readonly url: string; readonly tokenFile: string };
  let host: FakeHost;
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  const decisions = async (tool: string): Promise<readonly { readonly decision: string }[]> => {
    const headers = { authorization: `Bearer ${world.token('operator')}` };
    const answer = await fetch(`${world.daemon.url}/v1/decisions?limit=100`, { headers });
    const { decisions: all } = (await answer.json()) as { decisions: { decision: string; tool: string }[] };
    return all.filter((each) => each.tool === tool);
  };
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      policy: (spec) => {
        spec.temporal.duplicate_exempt = ['BTCUSDT', 'ETHUSDT'];
        spec.temporal.flip_interval_ms = 1;
        spec.temporal.breaker.repeats = 100;
        for (const regime of Object.values(spec.market.regimes)) regime.cooldown_ms = 0;
        const url = { type: 'string', pattern: '^https://docs\\.example/' };
        spec.intercept.allow = { web_fetch: { type: 'object', required: ['url'], properties: { url } } };
      },
    });
    proxy = await startCuttingProxy(world.daemon.url);
    const tokenFile = join(world.home, 'openclaw.token');
    writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
    config = { url: world.daemon.url, tokenFile };
  });
  beforeEach(() => {
    host = new FakeHost(config);
  });
  after(async () => {
    await proxy?.close();
    await world?.close();
  });

  it('an order is cut by the gate, a reading is read, an exit closes; each in brief', async () => {
    const limited = await host.call('place_order', { ...ORDER, requested_notional: 5_000 });
    const verdict = verdictOf(limited);
    assert.equal(verdict.decision, 'LIMIT');
    assert.equal(verdict.verdicts, undefined, 'brief');
    assert.equal(limited.result?.content[0]?.text, JSON.stringify(verdict), 'the model sees what is in details');
    assert.equal(limited.result?.details.status, undefined, 'a refusal is no failed call');
    assert.ok(verdictOf(await host.call('get_limits', { symbol: 'BTCUSDT' })).symbols.length > 0);
    assert.equal(verdictOf(await host.call('close_position', { symbol: 'BTCUSDT' })).decision, 'ALLOW');
    const wrong = await host.call('place_order', { ...ORDER, side: 'up' });
    assert.equal(verdictOf(wrong).error.code, 'INVALID_INPUT');
    assert.equal(wrong.result?.details.status, 'error');
    for (const params of [undefined, null, [], 'BTCUSDT', 7])
      assert.match(verdictOf(await host.call('place_order', params)).error.code, /INVALID/, JSON.stringify(params));
  });

  it('tools say venue and money as soon as the daemon has', async () => {
    host.tools.get('place_order')?.();
    await until(() => /Venue: paper, simulated money/.test(host.tools.get('place_order')?.().description ?? ''));
    assert.match(host.tools.get('close_position')?.().description ?? '', /Venue: paper, simulated money/);
    const { catalogues } = findSharedState();
    const [[name, known] = ['', null]] = [...catalogues];
    assert.ok(known !== null);
    catalogues.set(name, { ...known, atMs: performance.now() - 61_000 });
    const stale = host.tools.get('place_order')?.().description ?? '';
    assert.match(stale, /not known yet; take the money for REAL/, 'another daemon may have come since');
    await until(() => /Venue: paper/.test(host.tools.get('place_order')?.().description ?? ''));
    host.stop();
  });

  it('a call that the hook did not see opens nothing; exits, cancels and readings pass', async () => {
    assert.equal(verdictOf(await host.call('place_order', ORDER)).decision, 'ALLOW');
    const sent = await orders();
    for (const silent of ['hook', 'both'] as const) {
      for (const tool of OPENS)
        assert.equal(verdictOf(await host.call(tool, ORDER, { silent })).error.code, 'HOOK_SILENT', tool);
      const { intent: _, ...unsaid } = ORDER;
      assert.equal(verdictOf(await host.call('place_order', unsaid, { silent })).error.code, 'HOOK_SILENT');
    }
    assert.equal(await orders(), sent);
    const close = { ...ORDER, intent: 'close', side: 'sell', requested_notional: 100 };
    assert.equal(verdictOf(await host.call('place_order', close, { silent: 'both' })).decision, 'ALLOW');
    const only = { ...close, intent: 'open', reduce_only: true };
    const reducing = verdictOf(await host.call('place_order', only, { silent: 'both' }));
    assert.notEqual(reducing.decision, undefined, 'the gate decides what only reduces');
    assert.equal(
      verdictOf(await host.call('close_position', { symbol: 'BTCUSDT' }, { silent: 'both' })).decision,
      'ALLOW',
    );
    assert.notEqual(verdictOf(await host.call('cancel_all', {}, { silent: 'both' })).decision, undefined);
    assert.ok(verdictOf(await host.call('get_account', {}, { silent: 'both' })).equity_usdt > 0);
    await host.call('place_order', ORDER, { toolCallId: 'once' });
    const again = await host.call('place_order', ORDER, { toolCallId: 'once', silent: 'hook' });
    assert.equal(verdictOf(again).error.code, 'HOOK_SILENT', 'a stamp counts once');
  });

  it('the hook of one copy of the plugin vouches for the tool of another', async () => {
    const first = new FakeHost(config);
    const ofOther = new FakeHost(config).tools.get('place_order');
    assert.ok(ofOther !== undefined);
    first.tools.set('place_order', ofOther);
    assert.equal(verdictOf(await first.call('place_order', ORDER)).decision, 'ALLOW');
  });

  it('exec, browser and foreign order tools are blocked and recorded, by the policy and by the hook alone', async () => {
    for (const tool of ['exec', 'process', 'browser', 'binance__create_order'])
      for (const silent of [undefined, 'hook', 'policy'] as const) {
        const { blocked } = await host.call(tool, CURL, silent === undefined ? {} : { silent });
        assert.match(blocked ?? '', new RegExp(`^Holdfast blocked ${tool}: SCOPE_TOOL: .* Decision d-`));
      }
    assert.equal((await decisions('exec')).length, 3);
    const encoded = await host.call('web_fetch', { url: 'https://fapi.bin%61nce.com/' });
    assert.match(encoded.blocked ?? '', /do not fit the schema|not in the policy scope/);
  });

  it('what the policy permits is asked about once for both, and again when a plugin changed its arguments', async () => {
    const before = (await decisions('web_fetch')).length;
    const asked = async (): Promise<number> => (await decisions('web_fetch')).length - before;
    assert.equal((await host.call('web_fetch', { url: 'https://docs.example/a' })).blocked, null);
    assert.equal(await asked(), 1);
    for (const silent of ['hook', 'policy'] as const)
      assert.equal((await host.call('web_fetch', { url: 'https://docs.example/a' }, { silent })).blocked, null);
    assert.equal(await asked(), 3);
    await host.call('web_fetch', { url: 'https://docs.example/a' }, { toolCallId: 'w', silent: 'hook' });
    const changed = { toolCallId: 'w', silent: 'policy' } as const;
    assert.match(
      (await host.call('web_fetch', { url: 'https://fapi.binance.com/' }, changed)).blocked ?? '',
      /SCOPE_TOOL/,
    );
  });

  it('an order that a run repeats under its call is sent once; another run, and every exit, asks anew', async () => {
    const same = { toolCallId: 'call_1', runId: 'run-1' };
    const first = verdictOf(await host.call('place_order', ORDER, same));
    const sent = await orders();
    assert.equal(verdictOf(await host.call('place_order', ORDER, same)).decision_id, first.decision_id);
    assert.equal(await orders(), sent);
    const other = verdictOf(await host.call('place_order', ORDER, { ...same, runId: 'run-2' }));
    assert.notEqual(other.decision_id, first.decision_id);
    const changed = verdictOf(await host.call('place_order', { ...ORDER, requested_notional: 210 }, same));
    assert.ok(changed.decision_id !== undefined && changed.decision_id !== first.decision_id, JSON.stringify(changed));
    const half = { symbol: 'BTCUSDT', fraction: 0.5 };
    const exits = [await host.call('close_position', half, same), await host.call('close_position', half, same)];
    assert.equal(new Set(exits.map((exit) => verdictOf(exit).decision_id)).size, 2);
    const own = { ...ORDER, request_id: `mine-${Date.now()}` };
    const mine = verdictOf(await host.call('place_order', own));
    assert.equal(verdictOf(await host.call('place_order', own)).decision_id, mine.decision_id);
    await host.call('close_position', { symbol: 'BTCUSDT' });
  });

  it('answers that are lost are asked for again, and nothing is sent twice', async () => {
    const behind = new FakeHost({ ...config, url: proxy.url });
    const sent = await orders();
    proxy.loseAnswers(3);
    assert.equal(verdictOf(await behind.call('place_order', ORDER)).decision, 'ALLOW');
    assert.equal(await orders(), sent + 1);
    proxy.loseAnswers(9);
    const lost = verdictOf(await behind.call('close_position', { symbol: 'BTCUSDT' }));
    assert.equal(lost.error.code, 'UNREACHABLE');
    assert.match(lost.error.message, /may have been done/);
    proxy.loseAnswers(0);
    const args = { symbol: 'BTCUSDT', request_id: lost.error.request_id };
    assert.equal(verdictOf(await behind.call('close_position', args)).decision, 'ALLOW');
    assert.equal(await orders(), sent + 2, 'one order, one exit');
    const nowhere = new FakeHost({ ...config, url: 'http://127.0.0.1:9' });
    assert.match(verdictOf(await nowhere.call('place_order', ORDER)).error.message, /Nothing was sent/);
    const stop = new AbortController();
    stop.abort();
    const canceled = verdictOf(await behind.call('place_order', ORDER, { signal: stop.signal }));
    assert.match(canceled.error.message, /canceled before it was sent/);
    assert.equal(await orders(), sent + 2);
  });

  it('the skill that a session reads lowers its trust, and no other lends it trust', async (t) => {
    const skills = folder(t);
    const digests = ['one', 'two'].map((name) => {
      mkdirSync(join(skills, name));
      const text = `---\nname: ${name}\n---\n`;
      writeFileSync(join(skills, name, 'SKILL.md'), text);
      return createHash('sha256').update(text).digest('hex');
    });
    const claimed = async (sessionKey: string, args: object = ORDER): Promise<unknown> => {
      const { decision_id: id } = verdictOf(await host.call('place_order', args, { sessionKey }));
      const headers = { authorization: `Bearer ${world.token('operator')}` };
      const events = await fetch(`${world.daemon.url}/v1/decisions/${id}`, { headers });
      assert.equal(events.status, 200);
      const payload = world.daemon.gate.core.ports.ledger.findDecision(id)?.payload as {
        readonly request: { readonly skill_sha256: string | null };
      };
      await host.call('close_position', { symbol: 'BTCUSDT' });
      return payload.request.skill_sha256;
    };
    const reading = (path: string, sessionKey: string) => host.call('read', { path }, { sessionKey });
    assert.equal(await claimed('a'), null);
    await reading(join(skills, 'one', 'SKILL.md'), 'a');
    assert.equal(await claimed('a'), digests[0]);
    assert.equal(await claimed('b'), null, 'another session');
    const lie = { ...ORDER, meta: { skill: { sha256: digests[1] } } };
    assert.equal(await claimed('a', lie), digests[0], 'what was read counts, not what the model says');
    await reading(join(skills, 'two', 'SKILL.md'), 'a');
    assert.ok(![...digests, null, 'none'].includes((await claimed('a')) as string), 'two are neither');
    await reading('skills/relative/SKILL.md', 'c');
    assert.equal(await claimed('c'), 'none', 'content that is not known');
    await reading(join(skills, 'gone', 'SKILL.md'), 'd');
    assert.equal(await claimed('d'), 'none', 'a file that is not there');
    const limited = verdictOf(
      await host.call('place_order', { ...ORDER, requested_notional: 900 }, { sessionKey: 'a' }),
    );
    const codes = limited.reasons.map(({ code }: { readonly code: string }) => code);
    assert.ok(codes.includes('TRUST_TIGHTENED'), 'an unknown skill has less than no skill');
    const before = await decisions('exec');
    assert.ok((await host.call('exec', CURL, { sessionKey: 'a' })).blocked !== null);
    assert.equal((await decisions('exec')).length, before.length + 1, 'a claim beside a question breaks nothing');
  });

  it('beyond the recorded questions of a minute everything asked is blocked, and orders go on', async () => {
    let blocked = '';
    for (let count = 0; count < 80 && !blocked.includes('REFUSAL_RATE'); count += 1)
      blocked = (await host.call('web_fetch', { url: 'https://docs.example/a' })).blocked ?? '';
    assert.match(blocked, /REFUSAL_RATE: too many calls were asked about\. Wait \d+ s/);
    assert.equal(verdictOf(await host.call('close_position', { symbol: 'BTCUSDT' })).error, undefined);
  });
});
