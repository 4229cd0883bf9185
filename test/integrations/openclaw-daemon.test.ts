import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { findSharedState } from '../../integrations/openclaw/shared-state.ts';
import { DaemonWorld } from '../daemon/harness.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { CURL, FakeHost, folder, forgetAll, ORDER, until, verdictOf } from './openclaw-host.ts';

const OPENS = ['place_order', 'modify_order'];

beforeEach(forgetAll);

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
      isPatient: true,
      policy: (spec) => {
        spec.temporal.duplicate_exempt = ['BTCUSDT', 'ETHUSDT'];
        spec.temporal.flip_interval_ms = 1;
        spec.temporal.breaker.repeats = 100;
        for (const regime of Object.values(spec.market.regimes)) regime.cooldown_ms = 0;
        const url = { type: 'string', pattern: '^https://docs\\.example/' };
        const path = { type: 'string', pattern: '/SKILL\\.md$' };
        spec.intercept.allow = {
          web_fetch: { type: 'object', required: ['url'], properties: { url } },
          read: { type: 'object', required: ['path'], properties: { path } },
        };
      },
    });
    // What a lot is worth stays the same, however long a busy machine takes.
    await world.setMark('BTCUSDT', 60_000);
    proxy = await startCuttingProxy(world.daemon.url, [world.token('agent')]);
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
    const close = { ...ORDER, intent: 'close', side: 'sell', requested_notional: 60.5 };
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
    const { stamps } = findSharedState();
    const stamp = { runId: null, skill: null };
    const opened = async (ageMs: number): Promise<unknown> => {
      stamps.set('place_order\naged', [{ stamp, atMs: performance.now() - ageMs }]);
      const options = { toolCallId: 'aged', silent: 'hook' } as const;
      return verdictOf(await host.call('place_order', ORDER, options)).error?.code;
    };
    assert.deepEqual([await opened(14 * 60_000), await opened(16 * 60_000)], [undefined, 'HOOK_SILENT']);
    for (let count = 0; count < 2_100; count += 1) stamps.set(`old ${count}`, []);
    await host.call('get_limits', {});
    assert.ok(stamps.size <= 2_000);
    await host.call('close_position', { symbol: 'BTCUSDT' });
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
    const { permitted } = findSharedState();
    await host.call('web_fetch', { url: 'https://docs.example/a' }, { toolCallId: 'late', silent: 'hook' });
    for (const [key, atMs] of permitted) permitted.set(key, atMs - 5_001);
    await host.call('web_fetch', { url: 'https://docs.example/a' }, { toolCallId: 'late', silent: 'policy' });
    assert.equal(await asked(), 5, 'an approval of another plugin lay between');
    for (let count = 0; count < 300; count += 1) permitted.set(`old ${count}`, 0);
    await host.call('web_fetch', { url: 'https://docs.example/a' }, { silent: 'hook' });
    assert.equal(permitted.size, 256);
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
    assert.equal(verdictOf(await behind.call('place_order', { ...ORDER, request_id: null })).decision, 'ALLOW');
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
      const file = createHash('sha256').update(text).digest('hex');
      return createHash('sha256').update(`${file}  SKILL.md\n`).digest('hex');
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
    const blocked = { path: join(skills, 'one', 'skill.md') };
    assert.match((await host.call('read', blocked, { sessionKey: 'e', silent: 'policy' })).blocked ?? '', /SCOPE_TOOL/);
    assert.equal(await claimed('e'), null, 'a file that the policy did not let it read');
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
