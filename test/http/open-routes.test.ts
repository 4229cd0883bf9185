import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { request } from 'undici';
import { AgentBodySchema, ReportBodySchema } from '../../daemon/contract/accounts.ts';
import { ApprovalBodySchema } from '../../daemon/contract/bodies/approvals.ts';
import { ToolAnswerSchema } from '../../daemon/contract/bodies/decisions.ts';
import { ErrorBodySchema, ReadinessBodySchema } from '../../daemon/contract/bodies/open.ts';
import { BriefAnswerSchema } from '../../daemon/contract/catalogue/brief.ts';
import { toPlainSchema } from '../../daemon/contract/catalogue/catalogue.ts';
import { RuleVerdictSchema } from '../../daemon/contract/decision.ts';
import { ExplanationBodySchema } from '../../daemon/contract/explanation.ts';
import { buildContractCheck } from '../../daemon/contract/schema/check.ts';
import { isTradingTool, TOOL_CHECKS, TOOL_SCHEMAS } from '../../daemon/contract/tools.ts';
import { READING_TOOLS, type ToolName, TRADING_TOOLS } from '../../daemon/core/request.ts';
import { openSchema } from '../../scripts/openapi/answers.ts';
import { ANSWER_EXAMPLE, ERROR_EXAMPLE, REQUEST_EXAMPLES } from '../../scripts/openapi/examples.ts';
import type { Cleanups } from '../temp-folder.ts';
import { type Json, PLACE_ORDER, SECRETS, startServer } from './http-kit.ts';

test('health, readiness and metrics need no token on this machine', async (t) => {
  const server = await startServer(t);
  const open = (path: string) => server.call('GET', path, { role: null });
  assert.deepEqual((await open('/healthz')).json, { status: 'ok' });
  assert.equal((await open('/readyz')).status, 200);
  server.gate.ready = false;
  const waiting = await open('/readyz');
  assert.equal(waiting.status, 503);
  assert.deepEqual(buildContractCheck(ReadinessBodySchema)(waiting.json), { ok: true, value: waiting.json });
  assert.equal((await open('/healthz')).status, 200);
});

test('health and readiness take HEAD: the status without a body', async (t) => {
  const server = await startServer(t);
  for (const [path, ready, status] of [
    ['/healthz', true, 200],
    ['/readyz', true, 200],
    ['/healthz', false, 200],
    ['/readyz', false, 503],
  ] as const) {
    server.gate.ready = ready;
    const got = await server.call('HEAD', path, { role: null });
    assert.deepEqual([got.status, got.text], [status, ''], path);
    assert.equal(got.headers['cache-control'], 'no-store');
  }
  for (const path of ['/metrics', '/v1/account']) assert.equal((await server.call('HEAD', path)).status, 405, path);
});

test('metrics count requests by route and status, and have the durations of what they do', async (t) => {
  const server = await startServer(t);
  await server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER });
  await server.call('POST', '/v1/tools/place_order', { body: {} });
  await server.call('POST', '/v1/tools/get_limits', { body: {} });
  await server.call('GET', '/v1/limits');
  await server.call('GET', '/no/such/route');
  const { text, headers } = await server.call('GET', '/metrics', { role: null });
  assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
  for (const [route, status] of [
    ['POST /v1/tools/place_order', 200],
    ['POST /v1/tools/place_order', 400],
    ['none', 404],
  ] as const)
    assert.ok(text.includes(`\nholdfast_http_requests_total{route="${route}",status="${status}"} 1\n`), text);
  for (const [action, times] of [
    ['place_order', 2],
    ['read', 2],
    ['open', 1],
  ] as const) {
    const label = `action="${action}"`;
    assert.match(text, new RegExp(`^holdfast_http_request_duration_seconds_count\\{${label}\\} ${times}$`, 'm'));
    const buckets = [
      ...text.matchAll(
        new RegExp(`^holdfast_http_request_duration_seconds_bucket\\{le="([^"]+)",${label}\\} (\\d+)$`, 'gm'),
      ),
    ];
    assert.equal(buckets.at(-1)?.[1], '+Inf');
    assert.equal(buckets.at(-1)?.[2], String(times));
    const counts = buckets.map((bucket) => Number(bucket[2]));
    assert.deepEqual(
      counts,
      [...counts].sort((a, b) => a - b),
    );
  }
  assert.match(text, /^holdfast_decisions_total 1$/m);
  assert.match(text, /^holdfast_http_in_flight 0$/m);
  // Prometheus text: a comment, or a name with labels and a value.
  for (const line of text.split('\n').filter((each) => each !== ''))
    assert.match(line, /^(# (HELP|TYPE) .+|[a-z_]+(\{.+\})? [0-9.e+-]+)$/);
});

test('metrics are OpenMetrics where that is asked for', async (t) => {
  const server = await startServer(t);
  const typeOf = async (accept: string) => {
    const { headers, text } = await server.call('GET', '/metrics', { role: null, headers: { accept } });
    const type = String(headers['content-type']).split(';')[0];
    assert.equal(text.endsWith('\n# EOF\n'), type === 'application/openmetrics-text', accept);
    assert.equal(/^# TYPE holdfast_http_shed_total counter$/m.test(text), type === 'text/plain', accept);
    assert.match(text, /\nholdfast_http_shed_total 0\n/);
    return type;
  };
  for (const accept of [
    'application/openmetrics-text; version=1.0.0; charset=utf-8',
    'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;q=0.3',
    'APPLICATION/openmetrics-text',
  ])
    assert.equal(await typeOf(accept), 'application/openmetrics-text', accept);
  for (const accept of [
    '*/*',
    'text/plain',
    'application/openmetrics-text;q=0',
    'application/openmetrics-text;version=2.0.0',
    'application/openmetrics-text;q=0.3,text/plain;q=0.4',
    'application/openmetrics-text;q=x',
  ])
    assert.equal(await typeOf(accept), 'text/plain', accept);
});

test('from another machine the open routes need a token, but for /healthz', async (t) => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each !== undefined && !each.internal && each.family === 'IPv4')?.address;
  if (address === undefined) {
    t.skip('this machine has no address but loopback');
    return;
  }
  const server = await startServer(t, { listen: { host: address, port: 0 } });
  const ask = async (path: string, headers: { readonly [name: string]: string } = {}) => {
    const got = await request(`http://${address}:${server.port}${path}`, { headers });
    await got.body.dump();
    return got.statusCode;
  };
  assert.equal(await ask('/healthz'), 200);
  for (const path of ['/readyz', '/metrics', '/openapi.json', '/openapi-console.json']) {
    assert.equal(await ask(path), 401, path);
    assert.equal(await ask(path, { authorization: `Bearer ${SECRETS.monitor}` }), 200, path);
    const isProbe = path === '/readyz' || path === '/metrics';
    assert.equal(await ask(path, { authorization: `Bearer ${SECRETS.metrics}` }), isProbe ? 200 : 403, path);
  }
});

/** The routes of DESIGN section 5. */
const ROUTES: readonly (readonly [string, string])[] = [
  ['get', '/v1/tools'],
  ...[...TRADING_TOOLS, ...READING_TOOLS].map((tool) => ['post', `/v1/tools/${tool}`] as const),
  ...TRADING_TOOLS.map((tool) => ['post', `/v1/dry-run/${tool}`] as const),
  ['post', '/v1/intercept'],
  ['get', '/v1/limits'],
  ['get', '/v1/decisions'],
  ['get', '/v1/decisions/{id}'],
  ['get', '/v1/decisions/{id}/explain'],
  ['get', '/v1/decisions/{id}/receipt'],
  ['get', '/v1/fills'],
  ['get', '/v1/orders'],
  ['get', '/v1/positions'],
  ['get', '/v1/account'],
  ['get', '/v1/market'],
  ['get', '/v1/candles'],
  ['get', '/v1/order-book'],
  ['get', '/v1/events'],
  ['get', '/v1/stream'],
  ['post', '/v1/signals'],
  ['get', '/v1/signals'],
  ['post', '/v1/signals/{id}/end'],
  ['post', '/v1/symbols/{symbol}/adopt'],
  ['post', '/v1/symbols/{symbol}/release'],
  ['post', '/v1/orders/{id}/end'],
  ['get', '/v1/agents'],
  ['get', '/v1/agents/{name}'],
  ['get', '/v1/report'],
  ['get', '/v1/alerts'],
  ['post', '/v1/alerts/{id}/ack'],
  ['get', '/v1/alerts/channels'],
  ['post', '/v1/alerts/test'],
  ['post', '/v1/alerts/routes/reload'],
  ['get', '/v1/approvals'],
  ['get', '/v1/approvals/{id}'],
  ['post', '/v1/approvals/{id}'],
  ['post', '/v1/arming'],
  ['get', '/v1/trading-state'],
  ['put', '/v1/trading-state'],
  ['post', '/v1/flatten'],
  ['post', '/v1/account/rebase'],
  ['get', '/v1/passkeys'],
  ['post', '/v1/passkeys/{id}/remove'],
  ['get', '/v1/policy'],
  ['post', '/v1/policy/check'],
  ['post', '/v1/policy/preview'],
  ['post', '/v1/policy/reload'],
  ['post', '/v1/proof'],
  ['get', '/healthz'],
  ['get', '/readyz'],
  ['get', '/metrics'],
  ['get', '/openapi.json'],
];

/** As a daemon serves it: with the console and passkeys. */
const startWhole = (t: Cleanups) => startServer(t, {}, true);
/** What only the console's page calls. */
const PAGE_ROUTES: readonly string[] = [
  'get /v1/account/history',
  'get /v1/approvals/{id}/challenge',
  'get /v1/settings',
  'get /v1/tokens',
  'post /v1/console/challenge',
  'post /v1/console/passkey',
  'post /v1/console/session',
  'post /v1/passkeys',
  'post /v1/passkeys/challenge',
  'post /v1/passkeys/enrolment',
  'post /v1/texts/{id}/erase',
  'post /v1/tokens',
  'post /v1/tokens/{id}/revoke',
];

const isOpen = (path: string): boolean => !path.startsWith('/v1/') || path === '/v1/proof';

test('openapi.json describes every route with its schemas, and no other', async (t) => {
  const server = await startWhole(t);
  const { json } = await server.call('GET', '/openapi.json', { role: null });
  const paths = json.paths as { [path: string]: { [method: string]: Json } };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  assert.deepEqual(described.sort(), ROUTES.map((route) => route.join(' ')).sort());
  for (const [method, path] of ROUTES) {
    const route = paths[path]?.[method];
    const place = `${method} ${path}`;
    assert.ok(route.summary, place);
    assert.ok(Object.values(resolve(json, route.responses[200]).content)[0], place);
    // Open on this machine, or with a token.
    assert.deepEqual(route.security ?? json.security, isOpen(path) ? [] : [{ bearer: [] }], place);
    if (isOpen(path)) continue;
    const hasBody = method !== 'get';
    for (const status of [400, 401, 403, 429, 500, 503, ...(hasBody ? [408, 413, 415] : [])])
      assert.ok(refusalOf(json, route, status).content['application/json'].schema, `${place} ${status}`);
    if (path.includes('{')) assert.ok(route.responses[404], place);
    if (hasBody) {
      const { schema } = resolve(json, route.requestBody).content['application/json'];
      assert.equal(resolve(json, schema).type, 'object', place);
    }
  }
  const busy = refusalOf(json, paths['/v1/tools/place_order']?.post, 429);
  assert.match(busy.description, /REFUSAL_RATE/);
  const placeOrder = json.components.schemas.PlaceOrder;
  assert.equal(placeOrder.additionalProperties, false);
  assert.deepEqual(placeOrder.if.properties.order_type, { const: 'limit' });
  assert.equal(placeOrder.else.then.properties.limit_price, false);
  assert.deepEqual(placeOrder.then.required, ['limit_price']);
  assert.deepEqual(
    paths['/v1/orders']?.get.parameters.map((each: object) => resolve(json, each).name),
    ['symbol', 'open', 'limit', 'cursor'],
  );
  for (const path of ['positions', 'account', 'market', 'decisions']) {
    const names = paths[`/v1/${path}`]?.get.parameters.map((each: object) => resolve(json, each).name);
    assert.deepEqual(names.slice(-2), ['limit', 'cursor'], path);
  }
});

test('openapi.json closes what requests hold and leaves answers open to new members', async (t) => {
  const server = await startWhole(t);
  const { json } = await server.call('GET', '/openapi.json', { role: null });
  const { responses, schemas } = json.components;
  for (const name of ['PlaceOrder', 'ModifyOrder', 'SignalRequest', 'RequestMeta'])
    assert.equal(schemas[name].additionalProperties, false, name);
  for (const name of ['Decision', 'Order', 'Approval', 'Report'])
    assert.ok(!('additionalProperties' in schemas[name]), name);
  assert.doesNotMatch(JSON.stringify(responses), /"additionalProperties":false/);
  const { post } = json.paths['/v1/account/rebase'];
  assert.equal(post.requestBody.content['application/json'].schema.additionalProperties, false);
  assert.doesNotMatch(JSON.stringify(post.responses), /additionalProperties/);
});

test('openapi.json is small, and generators find names, types and examples in it', async (t) => {
  const server = await startWhole(t);
  const { json, text } = await server.call('GET', '/openapi.json', { role: null });
  assert.ok(text.length <= 120_000, `${text.length} bytes`);
  assert.doesNotMatch(text, /x-max-bytes/);
  const operations = Object.values(json.paths as { [path: string]: { [method: string]: Json } }).flatMap(Object.values);
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-z][A-Za-z]+$/);
  assertWhole(json, text);
  assert.deepEqual(contentTypes(json, 'get', '/metrics'), ['text/plain']);
  assert.deepEqual(contentTypes(json, 'get', '/v1/events'), ['text/event-stream']);
  const check = resolve(json, json.paths['/v1/policy/check'].post.requestBody).content;
  assert.deepEqual(Object.keys(check), ['application/json', 'text/yaml']);
  assert.ok(json.paths['/v1/tools/place_order'].post.responses[409]);
  assert.equal(json.paths['/v1/dry-run/place_order'].post.responses[409], undefined, 'it has no request id to repeat');
  for (const [tool, example] of Object.entries(REQUEST_EXAMPLES)) {
    const { content } = resolve(json, json.paths[`/v1/tools/${tool}`].post.requestBody);
    assert.deepEqual(content['application/json'].example, example);
    assert.equal(TOOL_CHECKS[tool as ToolName](example).ok, true, tool);
  }
  assert.equal(buildContractCheck(BriefAnswerSchema)(ANSWER_EXAMPLE).ok, true);
  assert.equal(buildContractCheck(ErrorBodySchema)(ERROR_EXAMPLE).ok, true);
});

test('what no client of an agent calls is described apart', async (t) => {
  const server = await startWhole(t);
  const { json, text } = await server.call('GET', '/openapi-console.json', { role: null });
  const paths = json.paths as { [path: string]: { [method: string]: Json } };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, route]) => {
      assert.ok(route.summary, path);
      assert.ok(Object.values(resolve(json, route.responses[200]).content)[0], path);
      return `${method} ${path}`;
    }),
  );
  assert.deepEqual(described.sort(), PAGE_ROUTES);
  assertWhole(json, text);
});

test('what openapi.json says once is what the contract says at every place', async (t) => {
  const server = await startWhole(t);
  const { json } = await server.call('GET', '/openapi.json', { role: null });
  const seen = (message: Json) => formOf(json, resolve(json, message).content['application/json'].schema);
  const answered = (message: Json) => openSchema(seen(message));
  for (const tool of [...TRADING_TOOLS, ...READING_TOOLS]) {
    const route = json.paths[`/v1/tools/${tool}`].post;
    assert.deepEqual(seen(route.requestBody), formOf(json, toPlainSchema(TOOL_SCHEMAS[tool])), tool);
    if (!isTradingTool(tool)) continue;
    for (const path of [`/v1/tools/${tool}`, `/v1/dry-run/${tool}`]) {
      const { responses, requestBody } = json.paths[path].post;
      assert.deepEqual(seen(requestBody), seen(route.requestBody), path);
      const answers = { anyOf: [toPlainSchema(ToolAnswerSchema), toPlainSchema(BriefAnswerSchema)] };
      assert.deepEqual(answered(responses[200]), openSchema(formOf(json, answers)), path);
    }
  }
  for (const [path, method, schema] of [
    ['/v1/decisions/{id}/explain', 'get', ExplanationBodySchema],
    ['/v1/approvals/{id}', 'get', ApprovalBodySchema],
    ['/v1/agents/{name}', 'get', AgentBodySchema],
    ['/v1/report', 'get', ReportBodySchema],
    ['/readyz', 'get', ReadinessBodySchema],
  ] as const)
    assert.deepEqual(
      answered(json.paths[path][method].responses[200]),
      openSchema(formOf(json, toPlainSchema(schema))),
      path,
    );
});

test('a schema that repeats members without words leaves the same ones out', () => {
  const [rules] = ExplanationBodySchema.properties.rules.anyOf;
  assert.deepEqual(rules.items.required, [...RuleVerdictSchema.required, 'title']);
  const members = Object.keys(RuleVerdictSchema.properties);
  assert.ok(members.length > RuleVerdictSchema.required.length, 'some of them are optional');
});

/** A route's answer of this status: its own, or that of the range, which has words for each status. */
function refusalOf(json: Json, { responses }: Json, status: number): Json {
  const range = resolve(json, responses[`${String(status).charAt(0)}XX`]);
  if (responses[status] !== undefined) return resolve(json, responses[status]);
  assert.match(range.description, new RegExp(`^${status}: .+$`, 'm'));
  return range;
}

/** Every reference leads somewhere, and nothing is named that nobody refers to. */
function assertWhole(json: Json, text: string): void {
  const refs = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref));
  for (const ref of refs) assert.ok(resolve(json, { $ref: ref }), ref);
  for (const kind of ['schemas', 'parameters', 'requestBodies', 'responses', 'examples'])
    for (const name of Object.keys(json.components[kind])) assert.ok(refs.has(`#/components/${kind}/${name}`), name);
}

/** A schema in one form: references followed, without words, and what may be null or of several types in one way. */
// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
function formOf(document: any, value: any): any {
  if (Array.isArray(value)) return value.map((each) => formOf(document, each));
  if (typeof value !== 'object' || value === null) return value;
  if (value.$ref !== undefined) return formOf(document, resolve(document, value));
  const entries = Object.entries(value).map(([key, each]): [string, unknown] => {
    if (key === 'const') return ['enum', [each]];
    if (key !== 'properties') return [key, formOf(document, each)];
    return [key, Object.fromEntries(Object.entries(each as Json).map(([name, it]) => [name, formOf(document, it)]))];
  });
  const { description: _, anyOf, ...rest } = withMembers(Object.fromEntries(entries) as Json);
  const forms = Array.isArray(rest.type)
    ? rest.type.map((type: string) => (type === 'null' ? { type } : { ...rest, type }))
    : anyOf;
  if (forms === undefined) return rest;
  return { ...(anyOf === undefined ? {} : rest), anyOf: forms };
}
/** The members of what a schema extends are its own, too. Names of members stand in no order. */
function withMembers({ additionalProperties, allOf = [], ...own }: Json): Json {
  const open = additionalProperties === true || additionalProperties === undefined ? {} : { additionalProperties };
  if (own.properties === undefined) return { ...own, ...open };
  const all: readonly Json[] = [...allOf, own];
  return {
    ...own,
    ...open,
    properties: Object.assign({}, ...all.map(({ properties }) => properties)),
    ...(own.required === undefined ? {} : { required: all.flatMap(({ required }) => required ?? []).sort() }),
  };
}
// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
function resolve(document: any, value: any): any {
  if (value?.$ref === undefined) return value;
  return value.$ref
    .slice(2)
    .split('/')
    .reduce((at: Json, key: string) => at[key], document);
}
// biome-ignore lint/suspicious/noExplicitAny: JSON of every shape
function contentTypes(document: any, method: string, path: string): readonly string[] {
  return Object.keys(resolve(document, document.paths[path][method].responses[200]).content);
}
