import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import type { AgentAccount } from '../../daemon/contract/types/accounts.ts';
import { DaemonWorld, until } from '../daemon/harness.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { tempFolder } from '../temp-folder.ts';
import { promtool, WITHOUT_PROMTOOL } from './promtool.ts';

const FOLDER = fileURLToPath(new URL('../../integrations/prometheus/', import.meta.url));
const RULES = join(FOLDER, 'alerts.yml');
const DASHBOARD = new URL('../../integrations/grafana/holdfast.json', import.meta.url);
/** A default daemon may not cost a Prometheus more than this, whoever asks and whatever was called. */
const MAX_SERIES = 400;
const OPEN_METRICS = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';

type Role = 'agent' | 'metrics' | 'monitor' | 'operator';
const world = suiteWorld();

async function scrape(role: Role | null, accept?: string, of = world): Promise<string> {
  const headers = {
    ...(role === null ? {} : { Authorization: `Bearer ${role === 'metrics' ? scraperOf(of) : of.token(role)}` }),
    ...(accept === undefined ? {} : { Accept: accept }),
  };
  const { status, text } = await of.ask({ method: 'GET', path: '/metrics', headers });
  assert.equal(status, 200);
  return text;
}
/** As `./holdfast token create --role metrics` makes it. */
function scraperOf(of: DaemonWorld): string {
  const token = scrapers.get(of) ?? of.daemon.ledger.tokens.createToken({ role: 'metrics', name: 'prometheus' }).secret;
  scrapers.set(of, token);
  return token;
}
const scrapers = new WeakMap<DaemonWorld, string>();
const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '' && line[0] !== '#');
const typesOf = (text: string): ReadonlyMap<string, string> =>
  new Map([...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]));
function figureOf(text: string, series: string): number {
  const line = linesOf(text).find((each) => each.startsWith(`${series} `));
  assert.ok(line !== undefined, `${series} is in the scrape`);
  return Number(line.slice(series.length));
}
/** Every route of the API with every token, so that every label that calls can make is there. */
async function callEverything(): Promise<number> {
  const described = JSON.parse((await world.ask({ method: 'GET', path: '/openapi.json', headers: {} })).text);
  const routes = Object.entries(described.paths as { [path: string]: object }).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, '1')] as const),
  );
  // Streams do not end.
  const ending = routes.filter(([, path]) => path !== '/v1/events' && path !== '/v1/stream');
  for (const [method, path] of ending)
    for (const role of ['agent', 'monitor', 'operator'] as const)
      for (const body of method === 'GET' ? [undefined] : ['{}', '{']) {
        const headers = { Authorization: `Bearer ${world.token(role)}`, 'Content-Type': 'application/json' };
        await world.ask({ method, path, headers, ...(body === undefined ? {} : { body }) });
      }
  return ending.length;
}

describe('a scrape', () => {
  it('has counters that are counters, with help, and at most 400 series on a default start', async () => {
    const open = linesOf(await scrape(null)).length;
    const all = linesOf(await scrape('metrics')).length;
    assert.ok(open > 20 && all > open + 30 && all <= MAX_SERIES, `${open} open, ${all} with a token`);
    const text = await scrape('metrics');
    const helped = new Set([...text.matchAll(/^# HELP (\S+) \S.+$/gm)].map(([, name]) => name));
    for (const [name, type] of typesOf(text)) {
      assert.match(name, /^holdfast_[a-z_]+$/);
      assert.equal(type === 'counter', name.endsWith('_total'), name);
      assert.ok(helped.has(name), name);
    }
  });

  it('has at most 400 series when every route was called in every way', async () => {
    const called = await callEverything();
    assert.ok(called > 30, `${called} routes`);
    const { length } = linesOf(await scrape('metrics'));
    assert.ok(length <= MAX_SERIES, `${length} series`);
  });

  it('shows money and agents to a scraper, a monitor or an operator only [TM-63]', async () => {
    // What is traded at the instant of the first reading counts as held before.
    await world.advance(1000);
    assert.equal((await world.place()).body.decision.decision, 'ALLOW');
    await world.refresh();
    const open = await scrape(null);
    assert.equal(typesOf(await scrape('agent')).size, typesOf(open).size, 'an agent sees what everybody sees');
    const whole = await scrape('metrics');
    for (const role of ['monitor', 'operator'] as const)
      assert.equal(typesOf(await scrape(role)).size, typesOf(whole).size);
    const secret = [...typesOf(whole).keys()].filter((name) => !typesOf(open).has(name));
    assert.ok(secret.includes('holdfast_equity_usdt') && secret.includes('holdfast_agent_decisions_total'));
    assert.doesNotMatch(open, /_usdt[ {]|drawdown|loss_ratio|budget_left|agent="|BTCUSDT/);
    const wrong = { Authorization: 'Bearer hf_metrics_wrong' };
    assert.equal((await world.ask({ method: 'GET', path: '/metrics', headers: wrong })).status, 401);
  });

  it('says what the account, the budgets and the agents are', async () => {
    const readAgent = async () =>
      (await world.operator<{ agents: AgentAccount[] }>('GET', '/v1/agents')).body.agents.find(
        (each) => each.agent === 'agent',
      );
    // A fill is booked when its trade is read.
    await until(
      'the fees are booked',
      world.refreshing(async () => ((await readAgent())?.total.result_usdt ?? 0) < 0),
    );
    const agent = await readAgent();
    const text = await scrape('metrics');
    const account = await world.account();
    assert.equal(figureOf(text, 'holdfast_equity_usdt'), account.equity_usdt);
    assert.equal(figureOf(text, 'holdfast_drawdown_ratio'), account.drawdown);
    const limits = await world.limits('BTCUSDT', world.token('operator'));
    const [symbol] = limits.symbols;
    assert.ok(symbol !== undefined && symbol.budgets.length > 8);
    for (const { base, component, limit, remaining } of symbol.budgets) {
      const labels = `{symbol="BTCUSDT",budget="${component}"}`;
      assert.equal(figureOf(text, `holdfast_budget_left_ratio${labels}`), base > 0 ? remaining / base : 0, component);
      assert.equal(figureOf(text, `holdfast_budget_cap_ratio${labels}`), base > 0 ? limit / base : 0, component);
    }
    const [position] = await world.positions();
    assert.equal(figureOf(text, 'holdfast_position_notional_usdt{symbol="BTCUSDT"}'), position?.notional_usdt);
    assert.ok(figureOf(text, 'holdfast_agent_turnover_usdt{agent="agent"}') > 200);
    assert.equal(figureOf(text, 'holdfast_agent_result_usdt{agent="agent"}'), agent?.total.result_usdt);
    assert.equal(figureOf(text, 'holdfast_agent_unrealised_usdt{agent="agent"}'), agent?.unrealised_usdt);
    assert.ok(figureOf(text, 'holdfast_agent_decisions_total{agent="agent",decision="ALLOW"}') >= 1);
    assert.equal(figureOf(text, 'holdfast_agent_active{agent="agent"}'), 1);
  });

  it('shows the trading state in force, and which layers stand', async () => {
    assert.equal(figureOf(await scrape('monitor'), 'holdfast_trading_state{state="active"}'), 1);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test', agent: 'agent' });
    const stopped = await scrape('metrics');
    assert.equal(figureOf(stopped, 'holdfast_trading_state{state="active"}'), 1);
    assert.equal(figureOf(stopped, 'holdfast_state_layers{layer="operator"}'), 1);
    assert.equal(figureOf(stopped, 'holdfast_agent_active{agent="agent"}'), 0);
    await world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'test' });
    const halted = await scrape('monitor');
    assert.equal(figureOf(halted, 'holdfast_trading_state{state="active"}'), 0);
    assert.equal(figureOf(halted, 'holdfast_trading_state{state="halted"}'), 1);
    assert.equal(figureOf(halted, 'holdfast_ready'), 1, 'a halted daemon is ready all the same');
    for (const agent of [undefined, 'agent'])
      await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test', agent });
    assert.equal(figureOf(await scrape('monitor'), 'holdfast_state_layers{layer="operator"}'), 0);
  });

  it('bounds the label of agents, however many tokens there are', async (t) => {
    const several = await DaemonWorld.of(t);
    const tokens = Array.from({ length: 40 }, (_, i) => several.createAgent(`crowd-${i}`));
    for (const token of tokens) await several.place({}, token);
    const text = await scrape('metrics', undefined, several);
    const agents = new Set([...text.matchAll(/agent="([^"]+)"/g)].map(([, name]) => name));
    assert.ok(agents.size <= 17 && agents.has('other'), `${agents.size} agents`);
    const decisions = linesOf(text).filter((line) => line.startsWith('holdfast_agent_decisions_total'));
    assert.equal(
      decisions.map((line) => Number(line.split(' ').at(-1))).reduce((a, b) => a + b),
      40,
      'none is lost',
    );
    assert.ok(linesOf(text).length <= MAX_SERIES);
  });

  it('is clean for promtool', { skip: WITHOUT_PROMTOOL }, async () => {
    for (const role of [null, 'metrics'] as const) {
      const text = await scrape(role);
      assert.deepEqual(promtool(['check', 'metrics'], text), { code: 0, said: '' });
      const gauge = text.replace(
        '# TYPE holdfast_ledger_records_total counter',
        '# TYPE holdfast_ledger_records_total gauge',
      );
      assert.notEqual(promtool(['check', 'metrics'], gauge).said, '', 'it would say so');
    }
  });

  it('is OpenMetrics for a Prometheus, which reads the same from it', { skip: WITHOUT_PROMTOOL }, async (t) => {
    const text = await scrape('metrics', OPEN_METRICS);
    assert.match(text, /\n# EOF\n$/);
    assert.match(text, /^# TYPE holdfast_ledger_records counter\n/m);
    const folder = temporary(t);
    const stamped = text.replaceAll(/^([^#\n].*)$/gm, '$1 1700000000');
    writeFileSync(join(folder, 'in.txt'), stamped);
    const read = promtool(['tsdb', 'create-blocks-from', 'openmetrics', join(folder, 'in.txt'), join(folder, 'out')]);
    assert.equal(read.code, 0, read.said);
    // What it dumps is a database, which has a log.
    mkdirSync(join(folder, 'out', 'wal'));
    const dump = promtool(['tsdb', 'dump', '--sandbox-dir-root', folder, join(folder, 'out')]);
    assert.equal(dump.code, 0, dump.said);
    assert.equal(dump.said.trim().split('\n').length, linesOf(text).length);
    assert.match(dump.said, /__name__="holdfast_ledger_records_total"/);
  });
});

function temporary(t: TestContext): string {
  return tempFolder(t, 'prometheus');
}

interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly Target[];
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}
const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
  readonly id: null;
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition: string }[] };
};
const ofPanels = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
);
const rules = (parse(readFileSync(RULES, 'utf8')).groups as { rules: { alert: string; expr: string }[] }[]).flatMap(
  (group) => group.rules,
);

describe('the dashboard and the alert rules', () => {
  it('name only metrics and labels that a scrape has', async () => {
    const text = await scrape('metrics');
    const types = typesOf(text);
    const expressions = [
      ...rules.map(({ alert, expr }) => [alert, expr] as const),
      ...ofPanels,
      ...dashboard.templating.list.map(({ name, definition }) => [name, definition] as const),
      ['the tests of the rules', readFileSync(join(FOLDER, 'alerts.test.yml'), 'utf8')] as const,
    ];
    const named = new Set<string>();
    for (const [where, expr] of expressions)
      for (const [, name = '', , matchers = ''] of expr.matchAll(/\b(holdfast_[a-z_]+)\b(\{([^}]*)\})?/g)) {
        const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
        assert.ok(types.has(family), `${where}: ${name}`);
        named.add(family);
        const samples = linesOf(text).filter((line) => line.startsWith(`${name}{`));
        const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label);
        for (const label of labels.filter((each) => each !== 'job' && each !== 'instance'))
          if (samples.length > 0)
            assert.ok(
              samples.every((line) => line.includes(`${label}="`)),
              `${where}: ${label}`,
            );
      }
    const unseen = [...types.keys()].filter((name) => !named.has(name));
    assert.deepEqual(unseen, [], 'what is measured is on the dashboard, or in a rule');
  });

  it('are a Classic dashboard that asks for its data source, with panels that do not overlap', () => {
    assert.equal(dashboard.id, null);
    assert.ok(ofPanels.length > 20);
    const ids = dashboard.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const taken = new Set<string>();
    for (const { gridPos, targets = [], title, type } of dashboard.panels) {
      assert.equal(targets.length > 0, type !== 'row', title);
      for (const { datasource } of targets) assert.equal(datasource.uid, ['$', '{DS_PROMETHEUS}'].join(''), title);
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.ok(!taken.has(`${x} ${y}`), title);
          taken.add(`${x} ${y}`);
        }
    }
  });

  it('are PromQL, and the rules fire when they should', { skip: WITHOUT_PROMTOOL }, (t) => {
    const checked = promtool(['check', 'rules', '--lint=all', '--lint-fatal', RULES]);
    assert.equal(checked.code, 0, checked.said);
    const tested = promtool(['test', 'rules', join(FOLDER, 'alerts.test.yml')]);
    assert.equal(tested.code, 0, tested.said);
    const untested = rules.filter(
      ({ alert }) => !readFileSync(join(FOLDER, 'alerts.test.yml'), 'utf8').includes(alert),
    );
    assert.deepEqual(untested, []);
    for (const [title, expr] of ofPanels) {
      const read = promtool(['--experimental', 'promql', 'format', expr.replaceAll('$__rate_interval', '1m')]);
      assert.equal(read.code, 0, `${title}: ${read.said}`);
    }
    const folder = temporary(t);
    const scraping = readFileSync(join(FOLDER, 'scrape.yml'), 'utf8');
    writeFileSync(join(folder, 'prometheus.yml'), scraping);
    writeFileSync(join(folder, 'alerts.yml'), readFileSync(RULES));
    writeFileSync(join(folder, 'metrics.token'), 'hf_metrics_x');
    const config = promtool(['check', 'config', join(folder, 'prometheus.yml')]);
    assert.equal(config.code, 0, config.said);
  });
});
