import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from 'typebox';
import * as account from '../../daemon/contract/accounts.ts';
import * as alertBody from '../../daemon/contract/bodies/alerts.ts';
import * as decisionBody from '../../daemon/contract/bodies/decisions.ts';
import * as limitBody from '../../daemon/contract/bodies/limits.ts';
import * as openBody from '../../daemon/contract/bodies/open.ts';
import * as operatorBody from '../../daemon/contract/bodies/operator.ts';
import * as policyBody from '../../daemon/contract/bodies/policies.ts';
import * as readBody from '../../daemon/contract/bodies/reads.ts';
import { ReceiptBodySchema } from '../../daemon/contract/bodies/receipt.ts';
import { ExplanationBodySchema } from '../../daemon/contract/explanation.ts';
import { buildContractCheck } from '../../daemon/contract/schema/check.ts';
import { TokenBodySchema, TokenCreatedSchema, TokensBodySchema } from '../../daemon/contract/tokens.ts';
import { TOOL_SCHEMAS } from '../../daemon/contract/tools.ts';
import { READING_TOOLS, TRADING_TOOLS } from '../../daemon/core/request.ts';
import type { Role } from '../../daemon/engine/records/callers.ts';
import { ANSWER_TEXT } from './fake-gate.ts';
import { TOKEN } from './fake-tokens.ts';
import { PLACE_ORDER, SECRETS, startServer } from './http-kit.ts';

type RouteCase = readonly [
  method: string,
  path: string,
  roles: readonly Role[],
  answer: TSchema | null,
  body?: unknown,
];
const AGENTS = ['agent', 'operator'] as const;
const EVERYBODY = ['agent', 'monitor', 'operator'] as const;
const WATCHERS = ['monitor', 'operator'] as const;
const TOOL_ARGS: { readonly [tool: string]: unknown } = {
  place_order: PLACE_ORDER,
  close_position: { symbol: 'BTCUSDT' },
  modify_order: { client_order_id: 'hf1', limit_price: 60_000 },
  cancel_order: { client_order_id: 'hf1' },
  cancel_all: {},
  get_candles: { symbol: 'BTCUSDT' },
  get_order_book: { symbol: 'BTCUSDT' },
  get_decision: { decision_id: 'dec_7' },
};
const SIGNAL = { kind: 'injection', scope: { agent: 'momentum' }, severity: 0.9, ttl_ms: 60_000, evidence: 'seen' };
const OPERATOR = ['operator'] as const;
const CASES: readonly RouteCase[] = [
  ...TRADING_TOOLS.flatMap((tool): RouteCase[] => [
    ['POST', `/v1/tools/${tool}`, AGENTS, decisionBody.ToolAnswerSchema, TOOL_ARGS[tool]],
    ['POST', `/v1/dry-run/${tool}`, AGENTS, decisionBody.ToolAnswerSchema, TOOL_ARGS[tool]],
  ]),
  ...READING_TOOLS.map((tool): RouteCase => ['POST', `/v1/tools/${tool}`, AGENTS, null, TOOL_ARGS[tool] ?? {}]),
  ['POST', '/v1/intercept', AGENTS, decisionBody.InterceptAnswerSchema, { tool: 'place_order', args: PLACE_ORDER }],
  ['GET', '/v1/tools', AGENTS, openBody.ToolsBodySchema],
  ['GET', '/v1/limits?symbol=BTCUSDT', EVERYBODY, limitBody.LimitsBodySchema],
  ['GET', '/v1/decisions?limit=1&cursor=7', AGENTS, decisionBody.DecisionsBodySchema],
  ['GET', '/v1/decisions/dec_7', AGENTS, decisionBody.ToolAnswerSchema],
  ['GET', '/v1/decisions/dec_7/explain', AGENTS, ExplanationBodySchema],
  ['GET', '/v1/decisions/dec_7/receipt?head=5', AGENTS, ReceiptBodySchema],
  ['GET', '/v1/orders?open=true&symbol=BTCUSDT', EVERYBODY, readBody.OrdersBodySchema],
  ['GET', '/v1/fills?limit=1&cursor=7', EVERYBODY, readBody.FillsBodySchema],
  ['GET', '/v1/positions', EVERYBODY, readBody.PositionsBodySchema],
  ['GET', '/v1/account', EVERYBODY, readBody.AccountBodySchema],
  ['GET', '/v1/market', EVERYBODY, readBody.MarketsBodySchema],
  ['GET', '/v1/candles?symbol=BTCUSDT&interval=15m&limit=1', EVERYBODY, readBody.CandlesBodySchema],
  ['GET', '/v1/order-book?symbol=BTCUSDT', EVERYBODY, readBody.OrderBookBodySchema],
  ['GET', '/v1/agents', EVERYBODY, account.AgentsBodySchema],
  ['GET', '/v1/agents/momentum', EVERYBODY, account.AgentBodySchema],
  ['GET', '/v1/report?day=2026-11-26', EVERYBODY, account.ReportBodySchema],
  ['GET', '/v1/report?week=this', EVERYBODY, account.ReportBodySchema],
  ['POST', '/v1/signals', ['monitor'], operatorBody.SignalAnswerSchema, SIGNAL],
  ['GET', '/v1/signals', WATCHERS, operatorBody.SignalsBodySchema],
  ['POST', '/v1/signals/sig_1/end', OPERATOR, operatorBody.SignalEntrySchema, { reason: 'a false alarm' }],
  ['GET', '/v1/alerts/channels', OPERATOR, alertBody.AlertChannelsBodySchema],
  ['POST', '/v1/alerts/test', OPERATOR, alertBody.AlertTestBodySchema, { channel: 'desk' }],
  ['POST', '/v1/alerts/routes/reload', OPERATOR, policyBody.ReloadBodySchema, {}],
  ['GET', '/v1/alerts?limit=1&cursor=12', WATCHERS, alertBody.AlertsBodySchema],
  ['POST', '/v1/alerts/12/ack', OPERATOR, alertBody.AlertBodySchema, { reason: 'looked at' }],
  ['GET', '/v1/account/history?span=month', WATCHERS, readBody.EquityHistorySchema],
  ['GET', '/v1/settings', OPERATOR, operatorBody.SettingsBodySchema],
  ['POST', '/v1/orders/hfabcdef1-0-0/end', OPERATOR, readBody.OrderBodySchema, { reason: 'never placed' }],
  ['POST', '/v1/texts/d-abcdef-1/erase', OPERATOR, operatorBody.TextsErasedBodySchema, { reason: 'it names a person' }],
  [
    'POST',
    '/v1/symbols/BTCUSDT/release',
    OPERATOR,
    operatorBody.HolderBodySchema,
    { for_ms: 60_000, reason: 'it squats' },
  ],
  [
    'POST',
    '/v1/symbols/BTCUSDT/adopt',
    OPERATOR,
    operatorBody.HolderBodySchema,
    { agent: 'momentum', reason: 'it was its' },
  ],
  ['GET', '/v1/trading-state', WATCHERS, operatorBody.TradingStateBodySchema],
  ['PUT', '/v1/trading-state', OPERATOR, operatorBody.TradingStateBodySchema, { state: 'halted', reason: 'drill' }],
  ['POST', '/v1/flatten', OPERATOR, operatorBody.FlattenBodySchema, { reason: 'drill', symbols: ['BTCUSDT'] }],
  ['POST', '/v1/account/rebase', OPERATOR, operatorBody.RebaseBodySchema, { reason: 'deposit' }],
  ['GET', '/v1/policy', OPERATOR, policyBody.PolicyBodySchema],
  ['POST', '/v1/policy/check', OPERATOR, policyBody.PolicyCheckBodySchema, { text: 'version: 1' }],
  ['POST', '/v1/policy/preview', OPERATOR, policyBody.PolicyPreviewBodySchema, { text: 'version: 1' }],
  ['POST', '/v1/arming', OPERATOR, policyBody.ArmingBodySchema, { digest: 'a'.repeat(64) }],
  ['POST', '/v1/policy/reload', OPERATOR, policyBody.ReloadBodySchema, { hash: 'a'.repeat(64) }],
  ['GET', '/v1/tokens', OPERATOR, TokensBodySchema],
  ['POST', '/v1/tokens', OPERATOR, TokenCreatedSchema, { role: 'agent', name: 'momentum' }],
  ['POST', `/v1/tokens/${TOKEN.id}/revoke`, OPERATOR, TokenBodySchema, { reason: 'it leaked' }],
];

/** Whose daemon an operator's act was done at. */
const TARGET = { venue: 'paper', account: 'main', home: '/home/holdfast' };

test('every route answers its roles with a body of the contract, and nobody else', async (t) => {
  const server = await startServer(t);
  for (const [method, path, roles, answer, sent] of CASES) {
    const place = `${method} ${path}`;
    for (const role of Object.keys(SECRETS) as readonly Role[]) {
      const before = server.gate.calls.length;
      const got = await server.call(method, path, { role, body: sent });
      if (roles.includes(role)) {
        assert.equal(got.status, 200, `${place} as ${role}: ${got.text}`);
        assert.match(String(got.headers['content-type']), /^application\/json/);
        const { target, ...reported } = got.json;
        const isAct =
          method !== 'GET' && roles.every((each) => each === 'operator') && !/policy\/(?:check|preview)$/.test(path);
        assert.deepEqual(target, isAct ? { ...TARGET, address: server.http.address } : undefined, place);
        if (answer !== null)
          assert.deepEqual(buildContractCheck(answer)(reported), { ok: true, value: reported }, place);
      } else {
        assert.equal(got.status, 403, `${place} as ${role}`);
        assert.equal(got.json.error.code, 'FORBIDDEN');
        assert.equal(server.gate.calls.length, before, `${place} as ${role} reached the gate`);
      }
    }
    for (const headers of [
      {},
      { authorization: 'Bearer hf_unknown' },
      { authorization: `Basic ${SECRETS.operator}` },
      { authorization: SECRETS.operator },
    ]) {
      const got = await server.call(method, path, { role: null, body: sent, headers });
      assert.equal(got.status, 401, `${place} with ${JSON.stringify(headers)}`);
      assert.equal(got.json.error.code, 'UNAUTHENTICATED');
      assert.equal(got.headers['www-authenticate'], 'Bearer');
    }
  }
});

test('BY-24: an agent posts no signal and a monitor runs no tool, and neither reaches the gate', async (t) => {
  const server = await startServer(t);
  assert.equal((await server.call('POST', '/v1/signals', { role: 'agent', body: SIGNAL })).status, 403);
  for (const tool of TRADING_TOOLS) {
    assert.equal(
      (await server.call('POST', `/v1/tools/${tool}`, { role: 'monitor', body: TOOL_ARGS[tool] })).status,
      403,
    );
  }
  assert.deepEqual(server.gate.calls, []);
});

test('the gate gets the caller of the token, the checked call, and its text is sent verbatim', async (t) => {
  const server = await startServer(t);
  const got = await server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER });
  assert.equal(got.text, ANSWER_TEXT);
  const caller = { role: 'agent', agent: 'momentum', tokenId: 'tok_agent', skillSha256: null };
  assert.deepEqual(server.gate.calls, [
    { method: 'runTool', args: [caller, { tool: 'place_order', args: PLACE_ORDER }] },
  ]);
});

test('an answer arrives byte for byte, in whatever script its words are', async (t) => {
  const server = await startServer(t);
  const words = ['plain', 'caf\u00e9', '\u20ac \u{1f600}', 'x'.repeat(100_000), `${'x'.repeat(20_000)}\u00fc`];
  for (const word of words) {
    const text = JSON.stringify({ decision: { words: word } });
    server.gate.outcome = async () => ({ kind: 'decided', text });
    const response = await fetch(`http://${server.host}/v1/tools/place_order`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS.agent}`, 'content-type': 'application/json' },
      body: JSON.stringify(PLACE_ORDER),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    assert.ok(bytes.equals(Buffer.from(text, 'utf8')), word.slice(0, 20));
    assert.equal(response.headers.get('content-length'), String(bytes.length));
  }
});

test('a reading tool answers the body of the matching GET', async (t) => {
  const server = await startServer(t);
  const paths = {
    get_account: 'account',
    get_positions: 'positions',
    get_orders: 'orders',
    get_market: 'market',
    get_candles: 'candles?symbol=BTCUSDT',
    get_order_book: 'order-book?symbol=BTCUSDT',
    get_limits: 'limits',
    get_decision: 'decisions/dec_7',
  };
  for (const tool of READING_TOOLS) {
    const posted = await server.call('POST', `/v1/tools/${tool}`, { body: TOOL_ARGS[tool] ?? {} });
    const got = await server.call('GET', `/v1/${paths[tool]}`);
    assert.deepEqual(posted.json, { result: got.json }, tool);
  }
});

test('a reading tool outside the policy scope is refused through both doors', async (t) => {
  const server = await startServer(t);
  server.gate.unreadable = ['get_orders', 'get_decision'];
  const calls = [
    server.call('POST', '/v1/tools/get_orders', { body: {} }),
    server.call('GET', '/v1/orders'),
    server.call('GET', '/v1/decisions'),
    server.call('GET', '/v1/decisions/dec_7'),
  ];
  for (const got of await Promise.all(calls)) {
    assert.equal(got.status, 403);
    assert.equal(got.json.error.code, 'TOOL_NOT_IN_SCOPE');
  }
  const { json } = await server.call('GET', '/v1/tools');
  const names = (json.tools as { name: string }[]).map((tool) => tool.name);
  assert.equal(names.includes('get_orders'), false);
  assert.equal(names.length, Object.keys(TOOL_SCHEMAS).length - 2);
});

test("GET /v1/tools gives each format, with the operator's narrower arguments [AN-177 TF-90]", async (t) => {
  const server = await startServer(t);
  const [plain, openai, anthropic, mcp] = await Promise.all(
    ['', '?format=openai', '?format=anthropic', '?format=mcp'].map((query) => server.call('GET', `/v1/tools${query}`)),
  );
  assert.equal(plain?.json.tools[0].name, 'place_order');
  assert.equal(openai?.json.tools[0].function.parameters.type, 'object');
  assert.equal(anthropic?.json.tools[0].input_schema.type, 'object');
  assert.deepEqual(mcp?.json.tools[0].inputSchema.allOf, [
    { type: 'object', properties: { order_type: { enum: ['limit'] } } },
  ]);
  assert.equal((await server.call('GET', '/v1/tools?format=xml')).status, 400);
});

test('intercept hands over what it got: the checked call, or null when tool or arguments are not ours', async (t) => {
  const server = await startServer(t);
  const skill = { name: 'trend', sha256: 'c'.repeat(64) };
  const bodies = [
    { tool: 'place_order', args: PLACE_ORDER, meta: { skill } },
    { tool: 'place_order', args: { symbol: 'BTCUSDT' } },
    { tool: 'send_email', args: { to: 'a@b.c' } },
  ];
  for (const sent of bodies) assert.equal((await server.call('POST', '/v1/intercept', { body: sent })).status, 200);
  const rest = server.gate.calls.map((call) => call.args.slice(1));
  assert.deepEqual(rest, [
    [
      { name: 'place_order', args: PLACE_ORDER, skill },
      { tool: 'place_order', args: PLACE_ORDER },
    ],
    [{ name: 'place_order', args: { symbol: 'BTCUSDT' }, skill: null }, null],
    [{ name: 'send_email', args: { to: 'a@b.c' }, skill: null }, null],
  ]);
  for (const bad of [
    { tool: 'x' },
    { tool: 'x', args: [] },
    { tool: '', args: {} },
    { tool: 'x', args: {}, extra: 1 },
  ]) {
    assert.equal((await server.call('POST', '/v1/intercept', { body: bad })).status, 400, JSON.stringify(bad));
  }
});

test('a refused input is a 400 that names each field, and the gate learns the paths without the values', async (t) => {
  const server = await startServer(t);
  const sent = { ...PLACE_ORDER, symbol: 'btcusdt', max_slipage_bps: 5 };
  for (const path of ['/v1/tools/place_order', '/v1/dry-run/place_order']) {
    const got = await server.call('POST', path, { body: sent });
    assert.equal(got.status, 400);
    assert.equal(got.json.error.code, 'INVALID_INPUT');
    const fields = (got.json.error.details.violations as { path: string }[]).map((each) => each.path).sort();
    assert.deepEqual(fields, ['max_slipage_bps', 'symbol']);
  }
  assert.equal(
    (await server.call('POST', '/v1/tools/place_order', { text: '{"a":1' })).json.error.code,
    'INVALID_JSON',
  );
  assert.deepEqual(
    server.gate.calls.map(({ method, args }) => [method, args[1], [...(args[2] as string[])].sort()]),
    [
      ['recordRejectedInput', 'place_order', ['max_slipage_bps', 'symbol']],
      ['recordRejectedInput', 'place_order', ['max_slipage_bps', 'symbol']],
      ['recordRejectedInput', 'place_order', ['']],
    ],
  );
});

test('the outcomes conflict, over budget and unavailable are 409, 429 and 503 [AN-179 AN-182]', async (t) => {
  const server = await startServer(t);
  server.gate.outcome = async () => ({ kind: 'conflict', message: 'used before', decisionId: 'dec_3' });
  const conflict = await server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER });
  assert.equal(conflict.status, 409);
  assert.deepEqual(conflict.json.error, {
    code: 'REQUEST_ID_REUSED',
    message: 'used before',
    details: { decision_id: 'dec_3' },
  });
  server.gate.outcome = async () => ({
    kind: 'over_budget',
    budget: 'dry_runs',
    limit: { max: 2, window_ms: 5_000 },
    retryAfterMs: 1_500,
    message: 'two were recorded',
    decided: null,
  });
  const above = await server.call('POST', '/v1/dry-run/place_order', { body: PLACE_ORDER });
  assert.deepEqual([above.status, above.headers['retry-after']], [429, '2']);
  assert.deepEqual(above.json.error, {
    code: 'REFUSAL_RATE',
    message: 'two were recorded',
    details: { budget: 'dry_runs', max: 2, window_ms: 5_000 },
  });
  server.gate.outcome = async () => ({ kind: 'unavailable', message: 'starting' });
  const unavailable = await server.call('POST', '/v1/tools/place_order', { body: PLACE_ORDER });
  assert.equal(unavailable.status, 503);
  assert.equal(unavailable.json.error.code, 'NOT_READY');
  assert.equal(unavailable.headers['retry-after'], '1');
});

test('a receipt that cannot be given says why, and when to ask again', async (t) => {
  const server = await startServer(t);
  const ask = async (query: string, id = 'dec_7') => {
    const { headers, json, status } = await server.call('GET', `/v1/decisions/${id}/receipt${query}`);
    return [status, (json.error as { code: string }).code, headers['retry-after']];
  };
  assert.deepEqual(await ask(''), [404, 'NOT_FOUND', undefined]);
  assert.deepEqual(await ask('?head=5', 'dec_8'), [404, 'NOT_FOUND', undefined]);
  assert.deepEqual(await ask('?head=6'), [404, 'NOT_FOUND', undefined]);
  assert.deepEqual(await ask('?head=7'), [404, 'NOT_FOUND', undefined]);
  assert.deepEqual(await ask('?head=8'), [503, 'NOT_READY', '10']);
  for (const query of ['?head=0', '?head=1.5', '?head=x', '?heads=1'])
    assert.deepEqual(await ask(query), [400, 'INVALID_INPUT', undefined], query);
});

test('paging is 1 to 5000 with a cursor that was issued, in queries and in bodies [AN-180]', async (t) => {
  const server = await startServer(t);
  for (const query of ['limit=1', 'limit=5000', '', 'cursor=12', 'open=false']) {
    assert.equal((await server.call('GET', `/v1/orders?${query}`)).status, 200, query);
  }
  const bad = [
    'limit=0',
    'limit=5001',
    'limit=1e3',
    'limit=+5',
    'limit=05',
    'limit=',
    'limit=1&limit=2',
    'limit=abc',
    'limit=-1',
    'open=1',
    'open=TRUE',
    'cursor=',
    'cursor=%00',
    'cursor=forged',
    `cursor=${'9'.repeat(300)}`,
    'page=2',
    'symbol=btcusdt',
    '__proto__=1',
  ];
  for (const query of bad) {
    const got = await server.call('GET', `/v1/orders?${query}`);
    assert.equal(got.status, 400, query);
    assert.equal(got.json.error.code, 'INVALID_INPUT', query);
  }
  for (const sent of [{ limit: '5' }, { limit: 0 }, { cursor: 7 }, { open: 'true' }]) {
    assert.equal((await server.call('POST', '/v1/tools/get_orders', { body: sent })).status, 400);
  }
  for (const path of ['/v1/positions?page=5', '/v1/policy?x=1', '/v1/decisions/dec_7?full=1']) {
    assert.equal(
      (await server.call('GET', path, { role: path.includes('policy') ? 'operator' : 'agent' })).status,
      400,
    );
  }
});

test('a limit that is refused says what is wrong with it', async (t) => {
  const server = await startServer(t);
  for (const path of ['orders', 'decisions', 'positions', 'account', 'market']) {
    for (const [limit, message] of [
      ['-1', 'must be at least 1'],
      ['0', 'must be at least 1'],
      ['1.5', 'is not a whole number'],
      ['5001', 'must be at most 5000'],
      ['99999999999999999999', 'must be at most 5000'],
      ['abc', 'is text'],
    ] as const) {
      const { status, json } = await server.call('GET', `/v1/${path}?limit=${limit}`);
      assert.deepEqual([status, json.error.message], [400, `limit: ${message}`], `${path} ${limit}`);
    }
  }
});

test('positions and markets come in pages of symbols, or whole where they fit', async (t) => {
  const server = await startServer(t);
  server.gate.symbols = ['ADAUSDT', 'BTCUSDT', 'ETHUSDT'];
  const read = async (path: string, query: string) => {
    const { status, json } = await server.call('GET', `/v1/${path}${query}`);
    assert.equal(status, 200, `${path}${query}`);
    const entries = json[path === 'market' ? 'markets' : path] as { symbol: string }[];
    return { symbols: entries.map(({ symbol }) => symbol), next: json.next as string | null };
  };
  for (const path of ['positions', 'market']) {
    for (const query of ['', '?limit=3', '?limit=5000'])
      assert.deepEqual(await read(path, query), { symbols: server.gate.symbols, next: null });
    const first = await read(path, '?limit=2');
    assert.deepEqual(first.symbols, ['ADAUSDT', 'BTCUSDT']);
    const second = await read(path, `?limit=2&cursor=${first.next}`);
    assert.deepEqual(second, { symbols: ['ETHUSDT'], next: null });
    // A symbol that came meanwhile moves none between the pages.
    server.gate.symbols = ['AAVEUSDT', 'ADAUSDT', 'BTCUSDT', 'ETHUSDT'];
    assert.deepEqual(await read(path, `?cursor=${first.next}`), second);
    server.gate.symbols = ['ADAUSDT', 'BTCUSDT', 'ETHUSDT'];
  }
  assert.deepEqual(await read('market', '?symbol=ETHUSDT&limit=1'), { symbols: ['ETHUSDT'], next: null });
});

test('a cursor that was not issued is 400 in every list, also for the account, which has one entry', async (t) => {
  const server = await startServer(t);
  assert.equal((await server.call('GET', '/v1/account?limit=10')).status, 200);
  for (const path of ['positions', 'market', 'account']) {
    for (const cursor of ['zzz', '12', 'after:', 'after:btc']) {
      const { status, json } = await server.call('GET', `/v1/${path}?cursor=${cursor}`);
      assert.equal(status, 400, `${path} ${cursor}`);
      assert.deepEqual(json.error.details.violations, [{ path: 'cursor', message: 'was not issued by this daemon' }]);
    }
  }
});

test('a reload of another policy than the pending one is 409 with the hash of that one [AN-181]', async (t) => {
  const server = await startServer(t);
  const { status, json } = await server.call('POST', '/v1/policy/reload', {
    role: 'operator',
    body: { hash: 'b'.repeat(64) },
  });
  const { code, details } = json.error;
  assert.deepEqual([status, code, details], [409, 'POLICY_NOT_PENDING', { pending_hash: 'a'.repeat(64) }]);
});

test('unknown routes are 404, unknown tools say so, other methods are 405 with Allow', async (t) => {
  const server = await startServer(t);
  const unknown = await server.call('POST', '/v1/orders/batch', { body: {} });
  assert.deepEqual([unknown.status, unknown.json.error.code], [404, 'NOT_FOUND']);
  for (const path of [
    '/v1/tools/set_leverage',
    '/v1/dry-run/get_orders',
    '/v1/tools/__proto__',
    '/v1/tools/PLACE_ORDER',
  ]) {
    const got = await server.call('POST', path, { body: {} });
    assert.deepEqual([got.status, got.json.error.code], [404, 'TOOL_UNKNOWN'], path);
    const isDryRun = path.startsWith('/v1/dry-run/');
    const says = isDryRun ? /^Dry runs exist for place_order, .*cancel_all/ : /GET \/v1\/tools lists them/;
    assert.match(got.json.error.message, says, 'the message fits the door');
  }
  const got = await server.call('PATCH', '/v1/trading-state', { role: 'operator', body: {} });
  assert.deepEqual([got.status, got.json.error.code, got.headers.allow], [405, 'METHOD_NOT_ALLOWED', 'GET, PUT']);
  assert.equal((await server.call('DELETE', '/v1/decisions/dec_7')).status, 405);
  assert.equal((await server.call('GET', '/v1/decisions/dec_8')).json.error.code, 'NOT_FOUND');
  assert.equal((await server.call('GET', '/v1/decisions/a%2Fb')).status, 400);
  const overridden = await server.call('GET', '/v1/trading-state', {
    role: 'operator',
    headers: { 'x-http-method-override': 'PUT' },
  });
  assert.equal(overridden.status, 200);
  assert.deepEqual(
    server.gate.calls.filter((call) => call.method === 'setTradingState'),
    [],
  );
});

test('operator commands reach the gate as they were meant', async (t) => {
  const server = await startServer(t);
  const post = (path: string, more: object) => server.call('POST', path, { role: 'operator', ...more });
  await server.call('PUT', '/v1/trading-state', {
    role: 'operator',
    body: { state: 'reducing', reason: 'news', symbol: 'BTCUSDT', agent: 'momentum' },
  });
  await post('/v1/flatten', { body: { reason: 'drill' } });
  await post('/v1/symbols/BTCUSDT/release', { body: { reason: 'it squats' } });
  await post('/v1/symbols/BTCUSDT/release', { body: { for_ms: 60_000, reason: 'it squats' } });
  await post('/v1/symbols/BTCUSDT/adopt', { body: { agent: 'momentum', reason: 'its own' } });
  await post('/v1/account/rebase', {});
  await post('/v1/policy/reload', {});
  await post('/v1/policy/check', { text: 'name: é', headers: { 'content-type': 'text/yaml' } });
  await post('/v1/policy/check', { body: { text: 'bad' } });
  assert.deepEqual(
    server.gate.calls.map(({ method, args }) => [
      method,
      ...args.filter((arg) => typeof arg !== 'object' || arg === null || !('tokenId' in arg)),
    ]),
    [
      ['setTradingState', { state: 'reducing', reason: 'news', symbol: 'BTCUSDT', agent: 'momentum' }],
      ['flatten', null, 'drill'],
      ['releaseSymbol', 'BTCUSDT', 0, 'it squats'],
      ['releaseSymbol', 'BTCUSDT', 60_000, 'it squats'],
      ['adoptSymbol', { agent: 'momentum', symbol: 'BTCUSDT' }, 'its own', null],
      ['rebase', ''],
      ['reloadPolicy', null, null],
      ['checkPolicy', 'name: é'],
      ['checkPolicy', 'bad'],
    ],
  );
  const bad = [
    ['PUT', '/v1/trading-state', { state: 'paused', reason: 'x' }],
    ['PUT', '/v1/trading-state', { state: 'halted' }],
    ['PUT', '/v1/trading-state', { state: 'halted', reason: '' }],
    ['POST', '/v1/flatten', { symbols: [], reason: 'x' }],
    ['POST', '/v1/flatten', { symbols: ['btc'], reason: 'x' }],
    ['POST', '/v1/policy/reload', { hash: 'abc' }],
    ['POST', '/v1/symbols/BTCUSDT/release', {}],
    ['POST', '/v1/symbols/BTCUSDT/release', { for_ms: -1, reason: 'x' }],
    ['POST', '/v1/symbols/btc/release', { reason: 'x' }],
    ['POST', '/v1/symbols/BTCUSDT/adopt', { reason: 'x' }],
    ['POST', '/v1/symbols/BTCUSDT/adopt', { agent: 'a b', reason: 'x' }],
    ['POST', '/v1/signals/sig_1/end', {}],
    ['POST', '/v1/signals/sig_1/end', { reason: '' }],
    ['POST', '/v1/orders/a%20b/end', { reason: 'x' }],
    ['POST', '/v1/texts/hfabcdef1/erase', { reason: 'x' }],
    ['POST', '/v1/texts/d-abcdef-1/erase', {}],
  ] as const;
  for (const [method, path, body] of bad)
    assert.equal((await server.call(method, path, { role: 'operator', body })).status, 400, path);
  for (const path of ['/v1/signals/sig_2/end', '/v1/orders/hfx/end', '/v1/texts/s-9/erase']) {
    const got = await server.call('POST', path, { role: 'operator', body: { reason: 'x' } });
    assert.deepEqual([got.status, got.json.error.code], [404, 'NOT_FOUND'], path);
  }
});

test('rebase and reload work without a body, and with an empty one under a JSON content type [TF-85]', async (t) => {
  const server = await startServer(t);
  const headers = { 'content-type': 'application/json' };
  for (const path of ['/v1/account/rebase', '/v1/policy/reload']) {
    for (const more of [{}, { text: '', headers }, { body: {} }])
      assert.equal((await server.call('POST', path, { role: 'operator', ...more })).status, 200, path);
    for (const text of [' ', 'null', '[]', '{']) {
      const refused = await server.call('POST', path, { role: 'operator', text, headers });
      assert.equal(refused.status, 400, `${path} ${text}`);
    }
  }
  assert.equal((await server.call('POST', '/v1/flatten', { role: 'operator', text: '', headers })).status, 400);
  assert.equal(server.gate.calls.length, 6);
});

test('signals are bounded', async (t) => {
  const server = await startServer(t);
  const bad = [
    { severity: 1.1 },
    { severity: -0.1 },
    { kind: 'rumour' },
    { ttl_ms: 0 },
    { ttl_ms: 1.5 },
    { scope: { venue: 'x' } },
    { evidence: '€'.repeat(683) },
    { extra: 1 },
  ];
  for (const more of bad) {
    const got = await server.call('POST', '/v1/signals', { role: 'monitor', body: { ...SIGNAL, ...more } });
    assert.equal(got.status, 400, JSON.stringify(more).slice(0, 60));
  }
  assert.deepEqual(server.gate.calls, []);
});

test('a revoked token is refused within 250 ms, at once when the server is told [TM-18]', async (t) => {
  let nowMs = 0;
  const server = await startServer(t, {}, false, { monotonicMs: () => nowMs });
  assert.equal((await server.call('GET', '/v1/account')).status, 200);
  server.tokens.delete(SECRETS.agent);
  server.http.forgetTokens();
  assert.equal((await server.call('GET', '/v1/account')).status, 401);

  assert.equal((await server.call('GET', '/v1/account', { role: 'operator' })).status, 200);
  server.tokens.delete(SECRETS.operator);
  nowMs += 250;
  assert.equal((await server.call('GET', '/v1/account', { role: 'operator' })).status, 401);
});

test('a symbol that the policy does not name has no market, candles, book or limits: the answer lists those there are', async (t) => {
  const server = await startServer(t);
  server.gate.symbols = ['BTCUSDT', 'ETHUSDT'];
  const ask = [
    () => server.call('GET', '/v1/market?symbol=DOGEUSDT'),
    () => server.call('GET', '/v1/limits?symbol=DOGEUSDT'),
    () => server.call('GET', '/v1/candles?symbol=DOGEUSDT'),
    () => server.call('GET', '/v1/order-book?symbol=DOGEUSDT'),
    () => server.call('POST', '/v1/tools/get_market', { body: { symbol: 'DOGEUSDT' } }),
    () => server.call('POST', '/v1/tools/get_limits?view=brief', { body: { symbol: 'DOGEUSDT' } }),
    () => server.call('POST', '/v1/tools/get_candles?view=brief', { body: { symbol: 'DOGEUSDT' } }),
    () => server.call('POST', '/v1/tools/get_order_book', { body: { symbol: 'DOGEUSDT' } }),
  ];
  for (const call of ask) {
    const { status, json } = await call();
    assert.deepEqual([status, json.error.code], [400, 'INVALID_INPUT']);
    assert.equal(json.error.message, 'symbol: is not traded here; there is BTCUSDT, ETHUSDT');
  }
  assert.equal((await server.call('GET', '/v1/limits?symbol=ETHUSDT')).status, 200);
});

test('limits in brief say what may open and what bounds it, and no more [TD-29]', async (t) => {
  const server = await startServer(t);
  const { json } = await server.call('POST', '/v1/tools/get_limits?view=brief', { body: {} });
  const side = { remaining_usdt: 250, bound_by: 'BUDGET_NOTIONAL', blocked_by: [] };
  const rest = { leverage_cap: 3, max_slippage_bps: 20, orders_left: 19 };
  assert.deepEqual(json.result, {
    symbols: [{ symbol: 'BTCUSDT', held: 'free', regime: 'calm', buy: side, sell: side, ...rest }],
  });
});

test('candles and the book in brief are rows of figures whose columns are named once [TD-64 TD-65]', async (t) => {
  const server = await startServer(t);
  const read = async (tool: string, args: object) =>
    (await server.call('POST', `/v1/tools/${tool}?view=brief`, { body: { symbol: 'BTCUSDT', ...args } })).json.result;
  assert.deepEqual(await read('get_candles', { limit: 1 }), {
    symbol: 'BTCUSDT',
    interval: '15m',
    columns: ['open_at_ms', 'open', 'high', 'low', 'close', 'volume'],
    candles: [[900_000, 60_000, 60_100, 59_900, 60_050, 12.5]],
    bars_as_of_ms: 1_800_000,
  });
  assert.deepEqual(await read('get_order_book', {}), {
    symbol: 'BTCUSDT',
    columns: ['price', 'quantity'],
    bids: [[59_999, 1.5]],
    asks: [[60_001, 1.5]],
    mid: 60_000,
    spread_bps: 0.3333,
    quote_at_ms: 1,
  });
});

test('candles of a length that is not kept are refused with the one that is [TF-61 TD-66]', async (t) => {
  const server = await startServer(t);
  const read = (args: object) => server.call('POST', '/v1/tools/get_candles', { body: { symbol: 'BTCUSDT', ...args } });
  assert.deepEqual((await read({ interval: '15m' })).json, (await read({})).json);
  const refused = await read({ interval: '1h' });
  assert.deepEqual([refused.status, refused.json.error.message], [400, 'interval: is not kept; there is 15m']);
  for (const args of [{ interval: '15 minutes' }, { limit: 0 }, { limit: 501 }, { limit: '5' }, { depth: 5 }])
    assert.equal((await read(args)).status, 400, JSON.stringify(args));
});

test('?view=brief answers in brief, anything else there is refused before the order is looked at [TF-91 TF-92]', async (t) => {
  const server = await startServer(t);
  const body = PLACE_ORDER;
  const full = await server.call('POST', '/v1/tools/place_order', { body });
  const brief = await server.call('POST', '/v1/tools/place_order?view=brief', { body });
  assert.deepEqual([brief.status, brief.json.decision], [200, full.json.decision.decision]);
  assert.ok(brief.text.length * 3 < full.text.length, `${brief.text.length} of ${full.text.length} bytes`);
  assert.deepEqual((await server.call('POST', '/v1/tools/place_order?view=full', { body })).json, full.json);
  const before = server.gate.calls.length;
  for (const query of ['view=short', 'view=', 'view=brief&view=full', 'other=1'])
    assert.equal((await server.call('POST', `/v1/tools/place_order?${query}`, { body })).status, 400, query);
  const reached = server.gate.calls.slice(before).filter(({ method }) => method === 'runTool');
  assert.deepEqual(reached, []);
  const read = await server.call('POST', '/v1/tools/get_decision?view=brief', { body: { decision_id: 'dec_7' } });
  assert.equal(read.json.result.decision_id, 'dec_7');
});
