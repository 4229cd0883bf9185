import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { DaemonWorld, until } from './harness.ts';

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

/** A collector on loopback, which keeps what it is sent. */
async function startCollector(t: TestContext, status = 200) {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    bodies.push(text);
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const spans = (): SentSpan[] =>
    bodies.flatMap((text) =>
      JSON.parse(text).resourceSpans.flatMap((of: { scopeSpans: { spans: SentSpan[] }[] }) =>
        of.scopeSpans.flatMap((scope) => scope.spans),
      ),
    );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, spans };
}
const attributeOf = (span: SentSpan | undefined, key: string): unknown =>
  Object.values(span?.attributes.find((each) => each.key === key)?.value ?? {})[0];

async function traceOne(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const collector = await startCollector(t);
  const world = await DaemonWorld.of(t, { real: true, env: { HOLDFAST_TRACES_URL: collector.url, ...env } });
  const body = await world.mustPlace('filled', { rationale: 'a secret plan' });
  const blocked = await world.place({ symbol: 'ETHUSDT', requested_leverage: 50, requested_notional: 1 });
  assert.equal(blocked.body.decision.decision, 'BLOCK');
  const id = body.decision.decision_id;
  const rootOf = (decisionId: string) =>
    collector.spans().find((span) => attributeOf(span, 'holdfast.decision_id') === decisionId);
  await until('both are collected', () => {
    const ids = [id, blocked.body.decision.decision_id];
    return ids.every((each) => rootOf(each) !== undefined);
  });
  const childrenOf = (root: SentSpan | undefined) =>
    collector.spans().filter(({ parentSpanId }) => parentSpanId !== undefined && parentSpanId === root?.spanId);
  return { world, collector, root: rootOf(id), blocked: rootOf(blocked.body.decision.decision_id), childrenOf, body };
}

test('an execution is one trace, from the call to what became of the order; a refused one ends on disk', async (t) => {
  const { blocked, body, childrenOf, collector, root } = await traceOne(t);
  assert.equal(root?.name, 'execute place_order');
  assert.deepEqual(
    [attributeOf(root, 'holdfast.verdict'), attributeOf(root, 'holdfast.tool')],
    [body.decision.decision, 'place_order'],
  );
  const spans = childrenOf(root);
  const stages = ['intake', 'snapshot', 'decide', 'plan', 'append', 'send', 'outcome'];
  await until('every stage is collected', () => childrenOf(root).length >= stages.length);
  const byName = new Map(childrenOf(root).map((span) => [span.name, span]));
  assert.deepEqual(
    stages.filter((stage) => !byName.has(stage)),
    [],
    spans.map(({ name }) => name).join(),
  );
  let last = 0n;
  for (const stage of stages) {
    const { endTimeUnixNano, startTimeUnixNano, traceId } = byName.get(stage) ?? assert.fail();
    assert.equal(traceId, root?.traceId);
    // Instants of the host are whole milliseconds, and its clock may be read a moment apart.
    assert.ok(BigInt(startTimeUnixNano) + 5_000_000n >= last, `${stage} begins after the stage before`);
    assert.ok(BigInt(endTimeUnixNano) >= BigInt(startTimeUnixNano), stage);
    last = BigInt(startTimeUnixNano);
  }
  assert.equal(attributeOf(byName.get('send'), 'holdfast.outcome'), 'accepted');
  assert.deepEqual(
    childrenOf(blocked)
      .map(({ name }) => name)
      .sort(),
    ['append', 'decide', 'intake', 'plan', 'snapshot'],
    'nothing was sent',
  );
  const text = collector.bodies.join('');
  for (const secret of ['a secret plan', 'paper-secret', 'BTCUSDT', 'notional', 'hf_', 'authorization'])
    assert.ok(!text.includes(secret), `${secret} left the daemon`);
});

test('symbols and sizes are in a trace where they were asked for', async (t) => {
  const { root } = await traceOne(t, { HOLDFAST_TRACES_SIZES: '1' });
  assert.equal(attributeOf(root, 'holdfast.symbol'), 'BTCUSDT');
  assert.ok(Number(attributeOf(root, 'holdfast.notional_usdt')) > 200);
});

test('a collector that is not there, or refuses, holds up nothing', async (t) => {
  const collector = await startCollector(t, 503);
  for (const url of ['http://127.0.0.1:9', collector.url]) {
    const world = await DaemonWorld.start({ real: true, env: { HOLDFAST_TRACES_URL: url } });
    await world.mustPlace('filled');
    await world.close();
  }
});

test('a daemon without traces loads nothing of OpenTelemetry but what prom-client has', {
  timeout: 120_000,
}, async () => {
  const main = new URL('../../daemon/main.ts', import.meta.url).href;
  const config = new URL('../../daemon/config/config.ts', import.meta.url).href;
  const program = (url: string): string => `
    import { registerHooks } from 'node:module';
    import { mkdtempSync, rmSync } from 'node:fs';
    const loaded = [];
    registerHooks({ resolve(name, context, next) { if (/opentelemetry\\/(sdk|exporter|resources)/.test(name)) loaded.push(name); return next(name, context); } });
    const { startDaemon } = await import('${main}');
    const { readEnv } = await import('${config}');
    const home = mkdtempSync('/tmp/holdfast-traces-');
    const { config, secrets } = readEnv({ HOLDFAST_HOME: home, HOLDFAST_HEAD_FILE: home + '/head', HOLDFAST_PORT: '0', ${url} });
    const quiet = { info() {}, warn() {}, error() {}, debug() {}, fatal() {}, trace() {}, child() { return quiet; }, level: 'silent' };
    const stop = new AbortController();
    const daemon = await startDaemon(config, secrets, { log: quiet, signal: stop.signal });
    await daemon.close();
    rmSync(home, { recursive: true, force: true });
    console.log(JSON.stringify(loaded));
    process.exit(0);`;
  const run = async (url: string): Promise<readonly string[]> => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(url)]);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  };
  assert.deepEqual(await run(''), []);
  assert.ok(
    (await run("HOLDFAST_TRACES_URL: 'http://127.0.0.1:9'")).length >= 3,
    'the same check sees them where they are on',
  );
});
