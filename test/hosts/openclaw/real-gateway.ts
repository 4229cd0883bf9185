import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import { DaemonLink } from '../../../integrations/openclaw/daemon-link.ts';
import { readSettings, UNASKED } from '../../../integrations/openclaw/settings.ts';
import { DaemonWorld } from '../../daemon/harness.ts';
import { checkTypes } from './check-types.ts';
import { type FakeChatModel, startFakeChatModel } from './fake-chat-model.ts';
import { type FakeSearch, startFakeSearch } from './fake-search.ts';
import { Gateway, type Invoked } from './gateway.ts';

/** Started by scripts/hosts/openclaw.mjs, which says where OpenClaw is. */
const OPENCLAW = join(process.env.HOLDFAST_FOREIGN ?? '', 'openclaw');
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PLUGIN = fileURLToPath(new URL('../../../integrations/openclaw', import.meta.url));
const PROBE = fileURLToPath(new URL('./probe', import.meta.url));
/** Beside other tests the times mean nothing; the calls have to be answered there, too. */
const PAIRS = process.env.CI ? 20 : 200;
const ORDER = {
  symbol: 'ETHUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 5_000,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'openclaw',
} as const;

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
function verdictOf({ status, body }: Invoked): any {
  assert.equal(status, 200, JSON.stringify(body));
  return body.result.details.verdict;
}
function blockReasonOf({ status, body }: Invoked): string {
  assert.equal(status, 403, JSON.stringify(body));
  return body.error.message;
}
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
}

describe('the plugin in a real OpenClaw gateway', () => {
  let world: DaemonWorld;
  let model: FakeChatModel;
  let search: FakeSearch;
  let gateway: Gateway;
  let config: { readonly url: string; readonly tokenFile: string; readonly unasked: readonly string[] };
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  const close = async (): Promise<void> => {
    await gateway.invoke('close_position', { symbol: 'ETHUSDT' });
  };
  /** One turn in which the model calls one tool; what it was shown of the result. */
  const turn = async (tool: string, args: object, session?: string): Promise<string> => {
    model.asked.length = 0;
    model.next = { tool, args };
    const answer = await gateway.turn('go', session);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const results = model.asked.at(-1)?.messages.filter(({ role }: { role: string }) => role === 'tool');
    assert.ok(results?.length > 0, `the model was shown no result: ${gateway.log.slice(-3_000)}`);
    return String(results.at(-1).content);
  };
  const find = (id: string): DecisionEvent =>
    world.daemon.gate.core.ports.ledger.findDecision(id)?.payload as DecisionEvent;

  before(async () => {
    assert.ok(existsSync(join(OPENCLAW, 'openclaw.mjs')), 'run `npm run test:openclaw`');
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      policy: (spec) => {
        spec.temporal.duplicate_exempt = ['ETHUSDT'];
        spec.temporal.flip_interval_ms = 1;
        spec.temporal.breaker.repeats = 100;
        for (const regime of Object.values(spec.market.regimes)) regime.cooldown_ms = 0;
        spec.intercept.allow = { probe_asked: { type: 'object' }, read: { type: 'object' } };
        spec.requests = { ...spec.requests, intercepts: { max: 1_000, window_ms: 60_000 } };
      },
    });
    const tokenFile = join(world.home, 'openclaw.token');
    writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
    model = await startFakeChatModel();
    search = await startFakeSearch();
    config = { url: world.daemon.url, tokenFile, unasked: [...UNASKED, 'probe_unasked'] };
    gateway = await Gateway.start({
      openclaw: OPENCLAW,
      modelUrl: model.url,
      plugins: { holdfast: { folder: PLUGIN, config }, probe: { folder: PROBE } },
      searchUrl: search.url,
      tools: {
        profile: 'coding',
        alsoAllow: ['holdfast', 'probe', 'web_search'],
        web: { search: { enabled: true, provider: 'ollama' } },
      },
    });
  });
  after(async () => {
    await gateway?.close();
    await model?.close();
    await search?.close();
    await world?.close();
  });

  it('the plugin agrees with the published declarations', () => {
    assert.equal(checkTypes(ROOT, PLUGIN, OPENCLAW), '');
  });

  it('the canary is tried at the start: hook and trusted policy fire', async () => {
    await gateway.waitForLog(/The canary was blocked: hook and trusted policy fire/);
    assert.match(
      blockReasonOf(await gateway.invoke('holdfast_canary', { nonce: 'x' })),
      /the hook fires, the trusted policy fires/,
    );
  });

  it('an order gets LIMIT, a reading is read, an exit closes, and bad arguments are named', async () => {
    const sent = await orders();
    const limited = verdictOf(await gateway.invoke('place_order', ORDER));
    assert.deepEqual([limited.decision, limited.reasons[0].code], ['LIMIT', 'BUDGET_NOTIONAL']);
    assert.equal(await orders(), sent + 1);
    assert.ok(verdictOf(await gateway.invoke('get_limits', { symbol: 'ETHUSDT' })).symbols.length > 0);
    assert.equal(verdictOf(await gateway.invoke('close_position', { symbol: 'ETHUSDT' })).decision, 'ALLOW');
    assert.equal(verdictOf(await gateway.invoke('place_order', { ...ORDER, symbol: 7 })).error.code, 'INVALID_INPUT');
  });

  it('what the gateway does not keep apart is kept apart: one request id, one order', async () => {
    const sent = await orders();
    const same = { idempotencyKey: 'twice' };
    const args = { ...ORDER, request_id: 'openclaw-twice' };
    const both = [await gateway.invoke('place_order', args, same), await gateway.invoke('place_order', args, same)];
    assert.equal(new Set(both.map((each) => verdictOf(each).decision_id)).size, 1);
    assert.equal(await orders(), sent + 1);
    await close();
  });

  it('other tools are asked about: an encoded address of the exchange is no way round', async () => {
    for (const url of ['https://fapi.binance.com/fapi/v1/ping', 'https://fapi.bin%61nce.com/'])
      assert.match(
        blockReasonOf(await gateway.invoke('web_fetch', { url })),
        /^Holdfast blocked web_fetch: SCOPE_TOOL/,
      );
    assert.equal(verdictOf(await gateway.invoke('probe_asked', {})), 'ran', 'the policy permits it');
    assert.equal(verdictOf(await gateway.invoke('probe_unasked', {})), 'ran');
  });

  it("the gateway's own web search is not asked about, and one line says what is", async () => {
    await gateway.waitForLog(
      /Stopped unless the policy's intercept\.allow permits them: exec, .* web_search, probe_unasked\./,
    );
    const { status, body } = await gateway.invoke('web_search', { query: 'funding of BTCUSDT' });
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(JSON.stringify(body), /A page on funding/);
    assert.equal(search.queries.at(-1), 'funding of BTCUSDT');
    const found = await turn('tool_call', { id: 'web_search', args: { query: 'basis of ETHUSDT' } });
    assert.match(found, /A page on funding/);
    assert.equal(search.queries.at(-1), 'basis of ETHUSDT');
  });

  it('a turn of a model: exec with curl to the exchange is blocked, and nothing of it runs', async () => {
    const marker = join(world.home, 'ran');
    const shown = await turn('exec', { command: `touch ${marker}; curl -s https://fapi.binance.com/fapi/v1/order` });
    assert.match(shown, /Holdfast blocked exec: SCOPE_TOOL: .* Decision d-\S+\. Orders go through place_order/);
    assert.equal(existsSync(marker), false);
  });

  it('a turn of a model: an order gets LIMIT, from a tool that is before the model with its schema', async () => {
    const sent = await orders();
    const shown = JSON.parse(await turn('place_order', ORDER));
    assert.equal(shown.decision, 'LIMIT');
    assert.equal(await orders(), sent + 1);
    const { request } = find(shown.decision_id);
    assert.match(request.request_id ?? '', /^openclaw-[0-9a-f]{40}$/, 'of the run and its call');
    const offered = model.asked[0]?.tools.map((tool: { function: { name: string } }) => tool.function);
    const placing = offered.find(({ name }: { name: string }) => name === 'place_order');
    assert.match(placing.description, /Venue: paper, simulated money/);
    assert.ok(placing.parameters.properties.requested_notional !== undefined);
    await close();
  });

  it('a turn of a model: behind Tool Search the tool is asked about by its own name', async () => {
    const read = await turn('tool_call', { id: 'get_limits', args: { symbol: 'ETHUSDT' } });
    assert.match(read, /remaining_usdt/);
    const fetched = await turn('tool_call', { id: 'web_fetch', args: { url: 'https://fapi.binance.com/' } });
    assert.match(fetched, /Holdfast blocked web_fetch: SCOPE_TOOL/);
  });

  it('a turn of a model: the skill that the session read is claimed with its next order', async () => {
    const skill = join(world.home, 'skills', 'momentum');
    mkdirSync(skill, { recursive: true });
    const text = '---\nname: momentum\ndescription: Buys.\n---\nBuy.\n';
    writeFileSync(join(skill, 'SKILL.md'), text);
    assert.match(await turn('read', { path: join(skill, 'SKILL.md') }, 'skilled'), /Buy\./);
    const claimed = JSON.parse(await turn('place_order', ORDER, 'skilled'));
    const { request } = find(claimed.decision_id);
    const file = createHash('sha256').update(text).digest('hex');
    assert.equal(request.skill_sha256, createHash('sha256').update(`${file}  SKILL.md\n`).digest('hex'));
    await close();
  });

  it('what the hook adds to a call', async (t) => {
    const time = async (tool: string): Promise<number> => {
      const startMs = performance.now();
      verdictOf(await gateway.invoke(tool, {}));
      return performance.now() - startMs;
    };
    for (let warm = 0; warm < 20; warm += 1) await time(warm % 2 === 0 ? 'probe_asked' : 'probe_unasked');
    const link = new DaemonLink(readSettings(config));
    const direct: number[] = [];
    const added: number[] = [];
    const took = { probe_asked: [] as number[], probe_unasked: [] as number[] };
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const names = ['probe_asked', 'probe_unasked'] as const;
      for (const name of pair % 2 === 0 ? names : [...names].reverse()) took[name].push(await time(name));
      added.push((took.probe_asked.at(-1) ?? 0) - (took.probe_unasked.at(-1) ?? 0));
      const startMs = performance.now();
      await link.ask('POST', '/v1/intercept', { tool: 'probe_asked', args: {} }, { timeoutMs: 10_000 });
      direct.push(performance.now() - startMs);
    }
    const say = (values: readonly number[]): string =>
      [0.1, 0.5, 0.9].map((share) => `p${share * 100} ${quantile(values, share).toFixed(1)}`).join(', ');
    t.diagnostic(
      `ms, ${PAIRS} pairs: not asked about ${say(took.probe_unasked)}; asked about ${say(took.probe_asked)}`,
    );
    t.diagnostic(`ms added, paired: p50 ${quantile(added, 0.5).toFixed(1)}; the daemon asked directly ${say(direct)}`);
    link.close();
  });

  it('without the daemon nothing runs that is asked about, and the reason says so', async () => {
    await world.daemon.close();
    assert.match(
      blockReasonOf(await gateway.invoke('probe_asked', {})),
      /Holdfast blocked probe_asked: no daemon of this token answers/,
    );
    assert.match(await turn('exec', { command: 'true' }), /Holdfast blocked exec: no daemon of this token answers/);
    assert.equal(verdictOf(await gateway.invoke('probe_unasked', {})), 'ran');
    const refused = verdictOf(await gateway.invoke('place_order', ORDER)).error;
    assert.equal(refused.code, 'UNREACHABLE');
    assert.match(refused.message, /Nothing was sent/);
  });
});
