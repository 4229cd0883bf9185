import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOOL_NAMES } from '../../daemon/core/request.ts';
import { readSettings, UNASKED } from '../../integrations/openclaw/settings.ts';
import { CURL, FakeHost, folder, forgetAll, ORDER, serve, until, verdictOf } from './openclaw-host.ts';
import { proving, startProvingServer } from './proving-server.ts';

const FOLDER = fileURLToPath(new URL('../../integrations/openclaw/', import.meta.url));

beforeEach(forgetAll);

const TOKENS = (): readonly string[] => ['hf_agent_x'];

describe('the OpenClaw plugin, without a daemon', () => {
  const tokenFile = (t: TestContext): string => {
    const file = join(folder(t), 'agent.token');
    writeFileSync(file, 'hf_agent_x\n');
    return file;
  };

  it('needs nothing but Node: no import of a package', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
    assert.ok(files.length > 10);
    for (const file of files) {
      const text = readFileSync(join(FOLDER, file), 'utf8');
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

  it('fails closed with a reason of its own where no daemon answers, or none that it may speak to [TM-56]', async (t) => {
    const foreign = await serve(t, (_, response) => response.end('<html>'));
    const url = `http://127.0.0.1:${foreign}`;
    const daemon = await serve(
      t,
      proving(TOKENS, (_, response) => response.end('<html>')),
    );
    for (const [config, why] of [
      [
        { url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) },
        /no daemon of this token answers at 127\.0\.0\.1:9 \(ECONNREFUSED\)/,
      ],
      [{ url, tokenFile: '/nowhere/agent.token' }, /token file .* cannot be read \(ENOENT\)/],
      [
        { url, tokenFile: tokenFile(t) },
        /no daemon of this token answers at 127\.0\.0\.1:\d+ \(its answer is no proof\)/,
      ],
      [{ url: `http://127.0.0.1:${daemon}`, tokenFile: tokenFile(t) }, /the answer is no JSON/],
    ] as const) {
      const host = new FakeHost(config);
      for (const silent of ['hook', 'policy'] as const)
        for (const tool of ['exec', 'read', 'view_image', 'browser', 'binance_create_order', 'message', 'write'])
          assert.match((await host.call(tool, CURL, { silent })).blocked ?? '', why, `${tool} without the ${silent}`);
      for (const tool of UNASKED) assert.equal((await host.call(tool, {})).blocked, null, tool);
    }
  });

  it('waits no longer than its own time-out, and the gateway waits longer than that', async (t) => {
    const silence = (): undefined => undefined;
    for (const [answer, why] of [
      [silence, /no daemon of this token answers at .* \(no proof in time\)/],
      [proving(TOKENS, silence), /no answer within 150 ms/],
    ] as const) {
      const port = await serve(t, answer);
      const host = new FakeHost({ url: `http://127.0.0.1:${port}`, tokenFile: tokenFile(t), timeoutMs: 150 });
      // Without a time-out of its own it would wait for ever.
      assert.match((await host.call('exec', CURL)).blocked ?? '', why);
      assert.ok(host.hookTimeoutMs > 150);
    }
  });

  it('blocks what is not plainly a permission, whatever answers [TM-56]', async (t) => {
    let status = 200;
    let body: unknown = {};
    const port = await serve(
      t,
      proving(TOKENS, (_, response) => {
        response.statusCode = status;
        response.setHeader('retry-after', '7');
        response.end(JSON.stringify(body));
      }),
    );
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
    const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t), unasked: ['read'] });
    const hostile = {
      get path(): string {
        throw new Error('no path for you');
      },
    };
    assert.match((await host.call('read', hostile)).blocked ?? '', /a defect of the plugin \(no path for you\)/);
  });

  it('speaks to a daemon on a Unix socket, with the token that the file holds now', async (t) => {
    const socket = join(folder(t), 'daemon.sock');
    const file = tokenFile(t);
    const seen: unknown[] = [];
    let live = 'hf_agent_new';
    const daemon = await startProvingServer(
      socket,
      () => [live],
      ({ headers }, response) => {
        seen.push(headers.authorization);
        response.end(JSON.stringify({ decision: { decision: 'ALLOW' } }));
      },
    );
    t.after(() => daemon.close());
    const host = new FakeHost({ socket, tokenFile: file });
    const dead = (await host.call('exec', CURL)).blocked ?? '';
    assert.match(dead, /no daemon of this token answers at .*daemon\.sock \(it knows no such live token\)/);
    writeFileSync(file, 'hf_agent_new\n');
    assert.equal((await host.call('exec', CURL)).blocked, null);
    live = 'hf_agent_rotated';
    assert.match((await host.call('exec', CURL)).blocked ?? '', /UNAUTHENTICATED/, 'a connection of the old one');
    writeFileSync(file, 'hf_agent_rotated\n');
    assert.equal((await host.call('exec', CURL)).blocked, null);
    assert.deepEqual(seen, ['Bearer hf_agent_new', 'Bearer hf_agent_rotated']);
  });

  it('says in its README what it does not ask about', () => {
    const text = readFileSync(join(FOLDER, 'README.md'), 'utf8').replaceAll('\n', ' ');
    const [, list = ''] = /These tools run unasked by default: (.*?)\. They stay/.exec(text) ?? [];
    assert.deepEqual(list.replaceAll('`', '').split(', '), [...UNASKED]);
  });

  it("lets OpenClaw's own web search pass, and stops what may reach the exchange, also without a daemon", async (t) => {
    const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t) });
    const query = { query: 'funding of BTCUSDT' };
    for (const silent of ['hook', 'policy', undefined] as const)
      assert.equal((await host.call('web_search', query, silent === undefined ? {} : { silent })).blocked, null);
    const address = { url: 'https://fapi.binance.com/' };
    assert.match((await host.call('web_fetch', address)).blocked ?? '', /^Holdfast blocked web_fetch/);
  });

  it('says in one line at the start what it stops, with the tools that run unasked here', async (t) => {
    const port = await serve(t, (_, response) => response.end('{}'));
    for (const unasked of [undefined, ['web_search', 'my_notes']]) {
      const host = new FakeHost({ url: 'http://127.0.0.1:9', tokenFile: tokenFile(t), unasked });
      assert.equal(host.log.length, 0, 'a gateway loads a plugin several times');
      host.start(port, {});
      const lines = host.log.filter((line) => line.startsWith('info: Stopped unless'));
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? '', /exec, process, read, write, web_fetch, browser, message, /);
      assert.ok(lines[0]?.endsWith(`the gate's own and ${(unasked ?? UNASKED).join(', ')}.`), lines[0]);
    }
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
