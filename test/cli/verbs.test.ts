import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT } from '../../daemon/cli/exit-codes.ts';
import { toExplanation } from '../../daemon/contract/explanation.ts';
import type { DecisionBody, ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import { ANSWER, APPROVAL, createFakeGate, decisionBody } from '../http/fake-gate.ts';
import { tempFolder } from '../temp-folder.ts';
import { type FakeDaemon, type Reply, replyJson, startFakeDaemon } from './fake-daemon.ts';
import { type CommandLine, holdfast, type Result, toWords } from './run.ts';

const home = tempFolder({ after }, 'cli');
before(() => {
  mkdirSync(join(home, 'tokens'));
  for (const role of ['agent', 'operator']) writeFileSync(join(home, 'tokens', `${role}.token`), `hf_${role}\n`);
});

async function runAgainst(
  replies: Readonly<Record<string, Reply>>,
  line: CommandLine,
  env: Readonly<Record<string, string>> = {},
): Promise<{ result: Result; daemon: FakeDaemon }> {
  const daemon = await startFakeDaemon(replies);
  try {
    const result = await holdfast([...toWords(line), '--url', daemon.url], { HOLDFAST_HOME: home, ...env });
    return { result, daemon };
  } finally {
    await daemon.close();
  }
}

const BLOCKED: ToolAnswer = {
  decision: decisionBody({
    decision: 'BLOCK',
    effective: null,
    retry_after_ms: 1500,
    reasons: [
      {
        code: 'COOLDOWN',
        message: 'The symbol cools down.\u001b[2J',
        observed: 500,
        limit: 2000,
        unit: 'ms',
        hint: 'Ask again later.',
      },
    ],
  }),
  execution: { state: 'none', orders: [], note: null, retryable: false, slices_dropped: 0 },
};
const REJECTED: ToolAnswer = { ...ANSWER, execution: { ...ANSWER.execution, state: 'rejected', note: 'margin' } };

test('order sends what an agent would send, with the agent token of the home folder', async () => {
  const args = ['order', 'BTCUSDT', 'buy', '200', '--limit', '61000.5', '--leverage', '2', '--request-id', 'r-1'];
  const { result, daemon } = await runAgainst({ 'POST /v1/tools/place_order': replyJson(ANSWER) }, args);
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, new RegExp(`decision +${ANSWER.decision.decision}\n`));
  assert.deepEqual(
    daemon.seen.map(({ authorization, body }) => ({ authorization, body })),
    [
      {
        authorization: 'Bearer hf_agent',
        body: {
          symbol: 'BTCUSDT',
          side: 'buy',
          intent: 'open',
          requested_notional: 200,
          requested_leverage: 2,
          max_slippage_bps: 10,
          strategy_id: 'manual',
          order_type: 'limit',
          limit_price: 61000.5,
          request_id: 'r-1',
        },
      },
    ],
  );
});

test('a refusal ends with 3, shows the reason and what to do, and cannot steer the terminal', async () => {
  const replies = {
    'POST /v1/dry-run/place_order': replyJson(BLOCKED),
    'POST /v1/tools/close_position': replyJson(REJECTED),
  };
  const blocked = await runAgainst(replies, 'order BTCUSDT buy 200 --dry-run');
  assert.equal(blocked.result.code, 3);
  assert.match(
    blocked.result.out,
    /COOLDOWN: The symbol cools down. \[2J \(500 against 2000 ms\)\n {2}Ask again later\./,
  );
  assert.match(blocked.result.out, /retry after +1\.5 s\n/);
  const rejected = await runAgainst(replies, 'close BTCUSDT --fraction 0.5');
  assert.equal(rejected.result.code, 3);
  assert.deepEqual(rejected.daemon.seen[0]?.body, { symbol: 'BTCUSDT', fraction: 0.5 });
  const missed = { ...ANSWER, execution: { ...ANSWER.execution, state: 'expired', note: 'nothing was filled' } };
  const expired = await runAgainst({ 'POST /v1/tools/place_order': replyJson(missed) }, 'order BTCUSDT buy 200');
  assert.equal(expired.result.code, 3);
  assert.match(expired.result.out, /note +nothing was filled\n/);
});

test('explain shows the line, every budget and every rule, and order shows the line', async () => {
  const decision = decisionBody({
    decision: 'LIMIT',
    bound_by: 'BUDGET_NOTIONAL',
    arithmetic: { line: 'order cap 1,000 -> 0.016 BTC', rows: ANSWER.decision.arithmetic.rows },
  });
  const replies = {
    'GET /v1/decisions/dec_7/explain': replyJson(
      toExplanation(decision as unknown as Parameters<typeof toExplanation>[0]),
    ),
    'POST /v1/tools/place_order': replyJson({ ...ANSWER, decision }),
  };
  const { result, daemon } = await runAgainst(replies, 'explain dec_7');
  assert.equal(result.code, 0, result.err);
  assert.match(result.out, /bound by +BUDGET_NOTIONAL\narithmetic +order cap 1,000 -> 0\.016 BTC\n/);
  assert.match(result.out, /order cap +BUDGET_NOTIONAL +1000 +1 x 1 x 1 x 1 x 1 +1000 +0 +0 +1000 +USDT +16\n/);
  assert.match(result.out, /3 +trading state +STATE +pass +active/);
  assert.equal(daemon.seen[0]?.authorization, 'Bearer hf_operator', 'as decisions, which lists those of every agent');
  const placed = await runAgainst(replies, 'order BTCUSDT buy 5000');
  assert.match(placed.result.out, /arithmetic +order cap 1,000 -> 0\.016 BTC\n/);
});

test('--json prints the whole answer of the daemon', async () => {
  const { result } = await runAgainst(
    { 'POST /v1/tools/place_order': replyJson(BLOCKED) },
    'order BTCUSDT buy 1 --json',
  );
  assert.deepEqual([result.code, JSON.parse(result.out)], [3, BLOCKED]);
});

const STATE = {
  state: 'halted',
  layers: [
    {
      layer: 'operator',
      scope: 'account',
      name: null,
      state: 'halted',
      reason: 'by hand',
      since_ms: 0,
      set_by: 'operator',
      clears_when: 'an operator sets it',
    },
  ],
};
for (const [verb, state] of [
  ['halt', 'halted'],
  ['reduce', 'reducing'],
  ['resume', 'active'],
] as const) {
  test(`${verb} sets the operator layer to ${state} with the operator token`, async () => {
    const args = [verb, '--reason', 'why not', '--symbol', 'ETHUSDT'];
    const { result, daemon } = await runAgainst({ 'PUT /v1/trading-state': replyJson(STATE) }, args);
    assert.equal(result.code, 0, result.err);
    assert.deepEqual(daemon.seen[0]?.body, { state, reason: 'why not', symbol: 'ETHUSDT' });
    assert.equal(daemon.seen[0]?.authorization, 'Bearer hf_operator');
    assert.match(result.out, /operator \(account\) +halted: by hand/);
  });
}

const READY = {
  ready: false,
  waiting_for: ['the first mark of BTCUSDT'],
  venue: 'paper',
  trading_state: 'reducing',
  symbols_reducing: [],
  pending_policy: null,
  policy_error: null,
  arming_error: null,
  alerts: 0,
  alert_channels_silent: [],
  alert_routes_error: null,
  pending_alert_routes: null,
};
const ACCOUNT = {
  account: 'main',
  venue: 'paper',
  equity_usdt: 10000,
  wallet_usdt: 10000,
  available_usdt: null,
  margin_ratio: 0,
  drawdown: 0.0123,
  daily_loss: 0,
  turnover_24h_usdt: 0,
  fees_24h_usdt: 0,
  observed_at_ms: 1,
};
const FLAT = {
  symbol: 'ETHUSDT',
  quantity: '0.000',
  notional_usdt: 998.2144400000001,
  entry_price: '1',
  mark_price: '1',
  unrealised_pnl_usdt: 0,
  liquidation_price: null,
};
const RESTING = {
  client_order_id: 'o-1',
  agent: 'momentum',
  symbol: 'BTCUSDT',
  side: 'buy',
  order_type: 'limit',
  limit_price: '50000.0',
  quantity: '0.010',
  filled_quantity: '0.000',
  reduce_only: false,
  status: 'working',
  foreign: false,
};
test('status tells what a daemon waits for, and ends with 7 until it is ready', async () => {
  const replies = (status: number) => ({
    'GET /readyz': replyJson({ ...READY, ready: status === 200 }, status),
    'GET /v1/trading-state': replyJson(STATE),
    'GET /v1/account': replyJson(ACCOUNT),
    'GET /v1/positions': replyJson({
      positions: [
        FLAT,
        { ...FLAT, symbol: 'BTCUSDT', quantity: '-0.020', holder: 'momentum', agent_share: { momentum: '-0.020' } },
        { ...FLAT, symbol: 'SOLUSDT', quantity: '3', holder: null },
        { ...FLAT, symbol: 'BNBUSDT', quantity: '0.70', holder: 'momentum', agent_share: { momentum: '0.20' } },
        { ...FLAT, symbol: 'XRPUSDT', quantity: '9', holder: 'momentum', agent_share: { momentum: '0' } },
      ],
    }),
    'GET /v1/orders?open=true&limit=5000': replyJson({ orders: [RESTING], next: null }),
  });
  const waiting = await runAgainst(replies(503), 'status');
  assert.equal(waiting.result.code, 7, waiting.result.err);
  assert.match(waiting.result.out, /ready +no, waiting for: the first mark of BTCUSDT/);
  assert.match(waiting.result.out, /available +- USDT\ndrawdown +1.23 %/);
  assert.match(waiting.result.out, /operator +account +halted +1970-01-01 00:00:00 +operator +by hand/);
  assert.match(waiting.result.out, /BTCUSDT +-0\.020 +momentum +998\.21 /);
  assert.match(waiting.result.out, /SOLUSDT +3 +nobody +998\.21 /);
  assert.match(waiting.result.out, /BNBUSDT +0\.70 +momentum 0\.20, nobody the rest +998\.21 /);
  assert.match(waiting.result.out, /XRPUSDT +9 +nobody +998\.21 /);
  assert.doesNotMatch(waiting.result.out, /ETHUSDT/, 'a flat symbol is left out');
  assert.match(waiting.result.out, /o-1 +momentum +BTCUSDT +buy limit 0\.010 at 50000\.0 +0\.000 +working/);
  const json = await runAgainst(replies(200), 'status --json');
  assert.equal(json.result.code, 0);
  assert.match(json.result.out, /998\.2144400000001/, 'JSON is not rounded');
});

test('status says what a daemon waits for before the venue has answered at all', async () => {
  const unread = replyJson({ error: { code: 'NOT_READY', message: 'The account is not known yet.' } }, 503);
  const waits = { ...READY, waiting_for: ["the venue's time", 'the account'] };
  const replies = {
    'GET /readyz': replyJson(waits, 503),
    'GET /v1/trading-state': replyJson(STATE),
    'GET /v1/account': unread,
    'GET /v1/positions': unread,
    'GET /v1/orders': replyJson({ orders: [], next: null }),
  };
  const { result } = await runAgainst(replies, 'status');
  assert.equal(result.code, 7, result.err);
  assert.match(result.out, /ready +no, waiting for: the venue's time; the account/);
  assert.match(result.out, /equity +not known yet/);
  assert.match(result.out, /positions: not known yet/);
  const { result: json } = await runAgainst(replies, 'status --json');
  assert.equal(json.code, 7);
  const { account, positions, readiness } = JSON.parse(json.out);
  assert.deepEqual([account, positions, readiness.waiting_for], [null, null, waits.waiting_for]);
});

const HASH = 'ab'.repeat(32);
test('a pending policy is shown with the command that accepts it', async () => {
  const pending = { hash: HASH, looser: ['budgets.leverage: 3 -> 5'], not_before_ms: 0, file_differs: false };
  const replies = {
    'GET /readyz': replyJson({ ...READY, ready: true, pending_policy: pending }),
    'GET /v1/trading-state': replyJson(STATE),
    'GET /v1/account': replyJson(ACCOUNT),
    'GET /v1/positions': replyJson({ positions: [], observed_at_ms: 1 }),
    'GET /v1/orders': replyJson({ orders: [], next: null }),
  };
  const { result } = await runAgainst(replies, 'status');
  assert.equal(result.code, 0, result.err);
  const command = `./holdfast policy reload ${HASH} (not before 1970-01-01 00:00:00 UTC)`;
  assert.ok(result.out.includes(command), result.out);
});

test('policy reload accepts by hash, and ends with 3 when it is not in force then', async () => {
  const looser = ['budgets.leverage: 3 -> 5'];
  for (const [args, answer, code, expected] of [
    [[HASH], { status: 'in_force', hash: HASH }, 0, /is in force/],
    [
      [HASH],
      { status: 'pending', hash: HASH, looser, not_before_ms: 0, file_differs: false },
      3,
      /not before 1970-01-01 00:00:00 UTC/,
    ],
    [
      [],
      { status: 'pending', hash: HASH, looser, not_before_ms: null, file_differs: false },
      0,
      /looser: budgets.leverage: 3 -> 5\naccept it/,
    ],
    [
      [],
      { status: 'pending', hash: HASH, looser, not_before_ms: null, file_differs: true },
      0,
      /3 -> 5\nthe policy file holds something else by now: [^\n]+\n$/,
    ],
  ] as const) {
    const replies = { 'POST /v1/policy/reload': replyJson(answer) };
    const { result, daemon } = await runAgainst(replies, ['policy', 'reload', ...args]);
    assert.equal(result.code, code, result.err);
    assert.match(result.out, expected);
    assert.deepEqual(daemon.seen[0]?.body, args.length === 0 ? {} : { hash: HASH });
    assert.equal(daemon.seen[0]?.authorization, 'Bearer hf_operator');
  }
});

test('policy reload of another policy than the pending one ends with 3 and names that one', async () => {
  const message = `the pending policy is ${'b'.repeat(64)}, not ${HASH}`;
  const error = { code: 'POLICY_NOT_PENDING', message, details: { pending_hash: 'b'.repeat(64) } };
  const replies = { 'POST /v1/policy/reload': replyJson({ error }, 409) };
  const { result } = await runAgainst(replies, ['policy', 'reload', HASH]);
  assert.deepEqual([result.code, result.out], [3, '']);
  assert.ok(result.err.includes(message), result.err);
});

test('release and adopt say whose a symbol is, with the operator token', async () => {
  const held = { symbol: 'BTCUSDT', holder: 'momentum', quantity: '0.002', openings_left: 1 };
  const released = await runAgainst({ 'POST /v1/symbols/BTCUSDT/release': replyJson(held) }, [
    ...['release', 'BTCUSDT', '--for', '60', '--reason', 'it squats'],
  ]);
  assert.equal(released.result.code, 0, released.result.err);
  assert.match(
    released.result.out,
    /held by +momentum\n.*openings left +1\n.*until the symbol is free, and 60 min after/s,
  );
  assert.deepEqual(
    released.daemon.seen.map(({ authorization, body }) => [authorization, body]),
    [['Bearer hf_operator', { reason: 'it squats', for_ms: 3_600_000 }]],
  );
  const adopt = { 'POST /v1/symbols/BTCUSDT/adopt': replyJson({ ...held, holder: 'carry' }) };
  const adopted = await runAgainst(adopt, 'adopt BTCUSDT --agent carry');
  assert.match(adopted.result.out, /held by +carry\nquantity +0\.002\n/);
  assert.deepEqual(adopted.daemon.seen[0]?.body, { agent: 'carry', reason: 'by hand' });
  assert.equal((await runAgainst(adopt, 'adopt BTCUSDT')).result.code, 2, 'it names an agent');
  const message = 'an exit is worked in BTCUSDT (decision d-1): ask again once that is over';
  const refused = await runAgainst(
    { 'POST /v1/symbols/BTCUSDT/adopt': replyJson({ error: { code: 'INVALID_INPUT', message } }, 400) },
    'adopt BTCUSDT --agent carry',
  );
  assert.ok(refused.result.code !== 0 && refused.result.err.includes(message), refused.result.err);
});

test('limits say whose the symbol is', async () => {
  const fake = createFakeGate();
  const caller = { role: 'agent', agent: 'momentum', tokenId: 't', skillSha256: null } as const;
  const limits = fake.getLimits(caller, 'BTCUSDT');
  for (const [held, says] of [
    ['yours', /held by +you\n/],
    ['another', /held by +another agent, or kept from you\n/],
    ['nobody', /held by +nobody: an operator says whose it is\n/],
    ['free', /held by +nobody: it is free\n/],
  ] as const) {
    const body = { ...limits, symbols: limits.symbols.map((each) => ({ ...each, held })) };
    const { result } = await runAgainst({ 'GET /v1/limits?symbol=BTCUSDT': replyJson(body) }, 'limits BTCUSDT');
    assert.match(result.out, says);
  }
});

test('flatten is a failure as long as something is left', async () => {
  const left = (positions: readonly object[]) =>
    replyJson({ state: 'halted', canceled: true, positions_left: positions, note: 'done' });
  const symbol = { symbol: 'BTCUSDT', quantity: '0.1' };
  const open = await runAgainst({ 'POST /v1/flatten': left([symbol]) }, 'flatten BTCUSDT');
  assert.equal(open.result.code, 1);
  assert.match(open.result.out, /BTCUSDT +0.1/);
  assert.deepEqual(open.daemon.seen[0]?.body, { reason: 'by hand', symbols: ['BTCUSDT'] });
  assert.equal((await runAgainst({ 'POST /v1/flatten': left([]) }, 'flatten')).result.code, 0);
});

test('agents and report show profit by agent, as a table, for a spreadsheet and as a page', async () => {
  const sums = { realised_usdt: 12.5, fees_usdt: 0.75, funding_usdt: -0.25, other_usdt: 0, result_usdt: 11.5 };
  const more = { turnover_usdt: 1500, slippage_usdt: 0.3, slippage_bps: 2, fills: 4, requests: 9, cuts: 2, blocks: 3 };
  const all = { ...sums, ...more };
  const money = { unrealised_usdt: 1.5, today: all, seven_days: all, total: all };
  const account = { agent: 'momentum', holds: ['ETHUSDT'], positions: [], ...money };
  const agents = { agents: [account], others: { ...account, agent: null, holds: [] }, as_of_ms: 0, since_ms: 0 };
  const listed = await runAgainst({ 'GET /v1/agents': replyJson(agents) }, 'agents');
  assert.match(
    listed.result.out,
    /momentum +ETHUSDT \(flat\) +11.5 +11.5 +1.5 +13 +12.5 +0.75 +-0.25 +0 +1500 +2 +9 +2 +3\n/,
  );
  assert.match(listed.result.out, /\(nobody here\)/);
  const days = [{ day: '2026-11-26', sums: all }];
  const one = { account, symbols: [{ symbol: 'BTCUSDT', sums: all }], days, as_of_ms: 0, since_ms: 0 };
  const shown = await runAgainst({ 'GET /v1/agents/momentum': replyJson(one) }, 'agents momentum');
  assert.match(shown.result.out, /2026-11-26 +11.5 +12.5/);

  const profit = { ...all, unrealised_before_usdt: 0, unrealised_usdt: 1.5, profit_usdt: 13 };
  const hostile = '<script>x</script>';
  const report = {
    ...{ period: 'day', name: '2026-11-26', from_ms: 0, to_ms: 1, is_over: false, as_of_ms: 0, since_ms: 0 },
    ...{ venue: 'paper', account: 'main', total: profit },
    agents: [{ agent: hostile, requests: 9, cuts: 2, blocks: 3, sums: profit }],
    rows: [{ agent: null, symbol: 'BTCUSDT', sums: profit }],
    books: {
      ...{ realised_usdt: 12.5, commission_usdt: -0.75, funding_usdt: -0.25, other_usdt: 0, transfers_usdt: 0 },
      ...{ read_to_ms: 0, booked_usdt: 12, accounted_usdt: 11.5, entry_difference_usdt: 0 },
      ...{ unconfirmed_usdt: 0, unexplained_usdt: 0.5 },
    },
  };
  const replies = { 'GET /v1/report': replyJson(report) };
  const table = await runAgainst(replies, 'report --day yesterday');
  assert.equal(table.daemon.seen[0]?.url, '/v1/report?day=yesterday');
  assert.match(table.result.out, /UNEXPLAINED +0.5/);
  const page = await runAgainst(replies, 'report --week --html');
  assert.equal(page.daemon.seen[0]?.url, '/v1/report?week=this');
  assert.match(page.result.out, /^<!doctype html>/);
  assert.ok(page.result.out.includes('&lt;script&gt;') && !page.result.out.includes('<script'));
  assert.match(page.result.out, /<td class="differs">0.50</);
  const csv: Reply = (_call, response) => response.end('period,agent\r\n');
  const sheet = await runAgainst({ 'GET /v1/report': csv }, 'report --csv');
  assert.equal(sheet.daemon.seen[0]?.url, '/v1/report?day=today&format=csv');
  assert.equal(sheet.result.out, 'period,agent\r\n');
  assert.equal((await runAgainst(replies, 'report --day today --week last')).result.code, 2);
});

test('status names silent alert channels, what alert routes wait for, and why live trading is not armed', async () => {
  const hash = 'b'.repeat(64);
  const readiness = {
    ...READY,
    ready: true,
    alert_channels_silent: ['desk'],
    alert_routes_error: 'channels.desk: is in no route',
    arming_error: 'the arming has expired: arm again',
    pending_alert_routes: { hash, looser: ['channels.phone is gone'], not_before_ms: 60_000, file_differs: false },
  };
  const { result } = await runAgainst(
    {
      'GET /readyz': replyJson(readiness),
      'GET /v1/trading-state': replyJson({ state: 'active', layers: [] }),
      'GET /v1/account': replyJson(ACCOUNT),
      'GET /v1/positions': replyJson({ positions: [] }),
      'GET /v1/orders': replyJson({ orders: [] }),
    },
    'status',
  );
  assert.match(result.out, /SILENT alert channels +desk/);
  assert.match(result.out, /NOT ARMED +the arming has expired/);
  assert.match(result.out, /REFUSED: channels\.desk: is in no route/);
  assert.match(result.out, /looser: channels\.phone is gone/);
  assert.ok(result.out.includes(`./holdfast alerts reload ${hash} (not before 1970-01-01 00:01:00 UTC)`));
});

test('alerts test, channels, reload and check say what came of them, and end with it [AL-7 AL-8 AL-71]', async (t) => {
  const channel = {
    name: 'desk',
    type: 'webhook',
    waiting: 2,
    sending: 'alert-ab-7',
    delivered: 5,
    dropped: 1,
    last_delivered_ms: 0,
    failing_since_ms: 60_000,
    last_failure: 'HTTP 500',
    is_silent: true,
  };
  const letter = {
    message_id: 'alert-ab-3',
    channel: 'desk',
    at_ms: 0,
    attempts: 3,
    reason: 'HTTP 422',
    alerts: ['X x 1'],
  };
  const hash = 'c'.repeat(64);
  const results = [{ channel: 'desk', delivered: false, detail: 'HTTP 500', took_ms: 12 }];
  const replies = {
    'POST /v1/alerts/test': replyJson({ results }),
    'GET /v1/alerts/channels': replyJson({
      hash,
      pending: null,
      error: null,
      channels: [channel],
      dead_letters: [letter],
    }),
    'POST /v1/alerts/routes/reload': replyJson({
      ...{ status: 'pending', hash, looser: ['x is gone'], not_before_ms: null, file_differs: true },
    }),
  };
  const tested = await runAgainst(replies, 'alerts test desk');
  assert.match(tested.result.out, /desk +FAILED +HTTP 500 +12 ms/);
  assert.deepEqual([tested.result.code, tested.daemon.seen[0]?.body], [EXIT.FAILURE, { channel: 'desk' }]);
  const listed = await runAgainst(replies, 'alerts channels');
  assert.match(listed.result.out, /desk +webhook +SILENT +3 +5 +1 +1970-01-01 00:00:00 +HTTP 500/);
  assert.match(listed.result.out, /alert-ab-3 +X x 1 +HTTP 422/);
  const asJson = await runAgainst(replies, 'alerts test --json');
  assert.deepEqual(JSON.parse(asJson.result.out), { results });
  const reloaded = await runAgainst(replies, ['alerts', 'reload', hash]);
  assert.match(reloaded.result.out, /x is gone\nthe file of alert routes cannot be used by now/);
  assert.equal(reloaded.result.code, EXIT.REFUSED);
  assert.match(reloaded.result.out, /looser: x is gone/);
  assert.equal((await holdfast('alerts reload abc')).code, EXIT.USAGE);

  const folder = tempFolder(t, 'routes');
  const file = join(folder, 'alerts.yaml');
  writeFileSync(file, 'channels: { desk: { slack: { url: { file: url } } } }\nroutes: []\n');
  const bad = await holdfast(['alerts', 'check', file]);
  assert.deepEqual([bad.code, bad.out], [EXIT.VERIFICATION, 'channels.desk: is in no route\n']);
  writeFileSync(file, 'channels: {}\nroutes: []\n');
  assert.match((await holdfast(['alerts', 'check', file])).out, /is valid: hash [0-9a-f]{64}/);
});

test('alerts check finds what would keep a message from leaving: secrets, addresses and programs [AL-4 AL-5]', async (t) => {
  const folder = tempFolder(t, 'routes');
  const file = join(folder, 'alerts.yaml');
  const check = async (channel: object, env: Readonly<Record<string, string>> = {}): Promise<readonly unknown[]> => {
    writeFileSync(
      file,
      JSON.stringify({ channels: { desk: channel }, routes: [{ channels: ['desk'], severity: 'info' }] }),
    );
    const { code, out } = await holdfast(['alerts', 'check', file], { HOLDFAST_ALERTS_EXEC: '1', ...env });
    return [code, out.trim()];
  };
  const refused = (problem: string) => [EXIT.VERIFICATION, `channels.desk: ${problem}`];
  const secret = join(folder, 'secret');
  const webhook = { url: 'https://ops.example.com/x', secret: { file: 'secret' } };
  assert.deepEqual(await check({ webhook }), refused('secret cannot be read (ENOENT)'));
  writeFileSync(secret, 'not one\n', { mode: 0o600 });
  assert.deepEqual(await check({ webhook }), refused('secret does not hold one line without spaces'));
  writeFileSync(secret, `whsec_${Buffer.alloc(24, 7).toString('base64')}\n`);
  chmodSync(secret, 0o644);
  assert.deepEqual(await check({ webhook }), refused('secret can be read by others: chmod 600'));
  chmodSync(secret, 0o600);
  assert.equal((await check({ webhook }))[0], EXIT.OK);
  const near = { ...webhook, url: 'https://10.0.0.7/x' };
  assert.deepEqual(await check({ webhook: near }), refused('the address is of a private network'));
  assert.equal((await check({ webhook: near, private_network: true }))[0], EXIT.OK);
  const slack = { url: { env: 'HOLDFAST_ALERTS_SECRET_SLACK' } };
  const set = (HOLDFAST_ALERTS_SECRET_SLACK: string) => check({ slack }, { HOLDFAST_ALERTS_SECRET_SLACK });
  assert.deepEqual(await check({ slack }), refused('the variable HOLDFAST_ALERTS_SECRET_SLACK is not set'));
  assert.deepEqual(await set('http://hooks.example.com'), refused('the URL is plain http; that is for loopback only'));
  assert.equal((await set('https://hooks.example.com/x'))[0], EXIT.OK);
  const exec = { command: [join(folder, 'tell')] };
  assert.deepEqual(await check({ exec }), refused('the program cannot be run (ENOENT)'));
  writeFileSync(exec.command[0] ?? '', '#!/bin/sh\n', { mode: 0o700 });
  assert.equal((await check({ exec }))[0], EXIT.OK);
  assert.match(
    String((await check({ exec }, { HOLDFAST_ALERTS_EXEC: '0' }))[1]),
    /needs a daemon that was started with/,
  );
  assert.equal((await holdfast(['alerts', 'check', '--alerts-exec', file])).code, EXIT.OK);
});

test('alerts, signals, end-order and erase-text show what waits for a person, and end it', async () => {
  const alert = { seq: 7, at_ms: 0, code: 'ORDER_LOST', detail: 'order hf1 is lost', symbol: 'BTCUSDT' };
  const alerts = await runAgainst({ 'GET /v1/alerts': replyJson({ alerts: [alert], next: null }) }, 'alerts --limit 5');
  assert.match(alerts.result.out, /1970-01-01 00:00:00 +ORDER_LOST +BTCUSDT +order hf1 is lost/);
  assert.equal(alerts.daemon.seen[0]?.url, '/v1/alerts?limit=5');
  const signal = { signal_id: 's-2f', kind: 'anomaly', account: null, agent: null, symbol: 'ETHUSDT', severity: 1 };
  const whole = { ...signal, set_by: 'monitor', expires_at_ms: 60_000 };
  const replies = {
    'GET /v1/signals': replyJson({ signals: [whole] }),
    'POST /v1/signals/s-2f/end': replyJson(whole),
    'POST /v1/orders/hf1-0-0/end': replyJson({ client_order_id: 'hf1-0-0', status: 'canceled' }),
    'POST /v1/texts/d-abc-1/erase': replyJson({ erased: ['ab12'] }),
  };
  const listed = await runAgainst(replies, 'signals');
  assert.match(listed.result.out, /s-2f +anomaly +ETHUSDT +1 +monitor +1970-01-01 00:01:00/);
  const ended = await runAgainst(replies, 'signals --end s-2f --reason "a false alarm"');
  assert.deepEqual([ended.result.code, ended.daemon.seen[0]?.body], [0, { reason: 'a false alarm' }]);
  const order = await runAgainst(replies, 'end-order hf1-0-0 --reason "never placed"');
  assert.match(order.result.out, /hf1-0-0 +canceled/);
  assert.deepEqual(order.daemon.seen[0]?.body, { reason: 'never placed' });
  assert.equal(order.daemon.seen[0]?.authorization, 'Bearer hf_operator');
  const erased = await runAgainst(replies, 'erase-text d-abc-1 --reason "a name"');
  assert.deepEqual(
    [erased.result.out, erased.daemon.seen[0]?.body],
    ['erased: the text with the digest ab12\n', { reason: 'a name' }],
  );
});

test('approvals, approve and deny: what is approved is shown first, and its four words approve it', async () => {
  const replies = {
    'GET /v1/approvals': replyJson({ approvals: [APPROVAL, { ...APPROVAL, approval_id: 'old', status: 'denied' }] }),
    'GET /v1/approvals/hf000000-2a': replyJson(APPROVAL),
    'POST /v1/approvals/hf000000-2a': replyJson({
      approval: { ...APPROVAL, detail: 'denied by operator: no' },
      answer: { decision: { decision: 'ALLOW', decision_id: 'd-9', reasons: [] }, execution: { state: 'filled' } },
    }),
  };
  const listed = await runAgainst(replies, 'approvals');
  assert.match(
    listed.result.out,
    /hf000000-2a +momentum +buy 0\.002 BTCUSDT +60060\.0 +0 of 1 .* lusab-babad-gutih-tugad/,
  );
  assert.doesNotMatch(listed.result.out, /old/, 'only those that wait');
  const shown = await runAgainst(replies, 'approve hf000000-2a');
  assert.match(shown.result.out, /at most +buy 0\.002 BTCUSDT, 120\.00 USDT/);
  assert.match(shown.result.out, /agent says +"because" \(s; not checked by anybody\)/);
  assert.match(shown.result.out, /--words lusab-babad-gutih-tugad/);
  assert.equal(shown.daemon.seen.length, 1, 'nothing was approved');
  const wrong = await runAgainst(replies, 'approve hf000000-2a --words lusab-babad-gutih-other');
  assert.equal(wrong.result.code, 2);
  assert.equal(wrong.daemon.seen.length, 1, 'nothing was approved');
  const approved = await runAgainst(replies, ['approve', 'hf000000-2a', '--words', APPROVAL.words]);
  assert.match(approved.result.out, /decision +ALLOW d-9\nexecution +filled/);
  assert.deepEqual(approved.daemon.seen[1]?.body, { action: 'approve', digest: APPROVAL.digest });
  assert.equal(approved.daemon.seen[1]?.authorization, 'Bearer hf_operator');
  const denied = await runAgainst(replies, 'deny hf000000-2a --reason no');
  assert.match(denied.result.out, /denied by operator: no/);
  assert.deepEqual(denied.daemon.seen[0]?.body, { action: 'deny', reason: 'no' });
});

test('tools prints a table, or the catalogue in the form of a model API', async () => {
  const replies = {
    'GET /v1/tools': replyJson({ tools: [{ name: 'place_order', description: 'Asks for 1.5 lots. Then more.' }] }),
    'GET /v1/tools?format=openai': replyJson({ tools: [{ type: 'function' }] }),
  };
  assert.match((await runAgainst(replies, 'tools')).result.out, /place_order {2}Asks for 1\.5 lots\.\n/);
  assert.deepEqual(JSON.parse((await runAgainst(replies, 'tools --format openai')).result.out), [{ type: 'function' }]);
});

test('decisions lists the last ones', async () => {
  const decision = decisionBody({ seq: 7, tool: 'place_order' });
  const replies = { 'GET /v1/decisions?limit=2': replyJson({ decisions: [decision], next: null }) };
  const { result } = await runAgainst(replies, 'decisions --limit 2');
  assert.match(result.out, new RegExp(`^\\d\\d-\\d\\d [\\d:]{8}  ${decision.decision_id} .*place_order`));
});

test('decisions --follow goes on after the last one shown, and after a break where it was', async () => {
  const decisions = [1, 2, 3].map((seq) => decisionBody({ seq, decision_id: `d-${seq}` }));
  const event = (decision: DecisionBody) =>
    `id: ${decision.seq}\nevent: decision\ndata: ${JSON.stringify({ payload: { decision } })}\n\n`;
  let streams = 0;
  const replies: Record<string, Reply> = {
    'GET /v1/decisions?limit=1': replyJson({ decisions: decisions.slice(0, 1), next: null }),
    'GET /v1/events': (_seen, response) => {
      streams += 1;
      // The first stream breaks off in the middle of an event, the third is refused for good.
      if (streams === 3) return replyJson({ error: { code: 'FORBIDDEN', message: 'No more.' } }, 403)(_seen, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const text = event(decisions[streams] as DecisionBody);
      if (streams === 2) return response.end(text);
      response.write(`${text}id: 3\nevent: deci`, () => response.destroy());
    },
  };
  const { result, daemon } = await runAgainst(replies, 'decisions --limit 1 --follow --json');
  assert.equal(result.code, 6, result.err);
  const shown = result.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as DecisionBody & { error?: { code: string } });
  assert.deepEqual(
    shown.map(({ decision_id, error }) => decision_id ?? error?.code),
    ['d-1', 'd-2', 'd-3', 'FORBIDDEN'],
  );
  assert.deepEqual(
    daemon.seen.slice(1).map((call) => call.lastEventId),
    ['1', '2', '3'],
  );
});

test('errors of the daemon name each field once with what was found and is allowed, and the exit code says whose fault it is', async () => {
  const error = (code: string, details?: object) => ({ error: { code, message: `${code} it is.`, details } });
  const violations = {
    violations: [
      { path: 'symbol', message: 'is not a symbol', value: 'btc\u001b', allowed: 'text matching ^[A-Z]+$' },
      { path: '', message: 'is text' },
    ],
  };
  for (const [status, body, code] of [
    [400, error('INVALID_INPUT', violations), 2],
    [401, error('UNAUTHENTICATED'), 6],
    [403, error('FORBIDDEN'), 6],
    [409, error('REQUEST_ID_REUSED'), 2],
    [500, error('INTERNAL'), 1],
    [503, error('NOT_READY'), 7],
  ] as const) {
    const replies = { 'POST /v1/tools/place_order': replyJson(body, status) };
    const { result } = await runAgainst(replies, 'order BTCUSDT buy 1');
    assert.deepEqual([result.code, result.out], [code, ''], String(status));
    if (status !== 400) assert.equal(result.err, `holdfast: ${body.error.code}: ${body.error.code} it is.\n`);
    else
      assert.equal(
        result.err,
        'holdfast: INVALID_INPUT: the daemon refused the request:\n  symbol: is not a symbol (found "btc\\u001b"; allowed: text matching ^[A-Z]+$)\n  (document): is text\n',
      );
  }
});

test('no daemon is code 4 and says how to start one, also when there is no token yet', async () => {
  const env = { HOLDFAST_HOME: join(home, 'nobody'), HOLDFAST_PORT: '1' };
  for (const [verb, what] of [
    ['status', /No daemon runs on .*nobody\. Start one with `\.\/holdfast start`.* --tcp .* --url/],
    ['status --tcp', /The daemon is not running at http:\/\/127.0.0.1:1; start it with `.\/holdfast start`/],
    ['limits', /The daemon is not running at http:\/\/127.0.0.1:1; start it with `.\/holdfast start`/],
  ] as const) {
    const result = await holdfast(verb.split(' '), env);
    assert.equal(result.code, 4, verb);
    assert.match(result.err, what, verb);
  }
});

test('an order whose answer was lost is not sent again, and says so', async () => {
  const replies: Record<string, Reply> = { 'POST /v1/tools/place_order': (_seen, response) => response.destroy() };
  const { result, daemon } = await runAgainst(replies, 'order BTCUSDT buy 1');
  assert.equal(result.code, 4);
  assert.match(result.err, /may have taken effect: check `\.\/holdfast decisions` before you repeat it/);
  assert.equal(daemon.seen.length, 1);
});

test('a missing token is code 6, whatever the venue', async () => {
  const replies = { 'GET /healthz': replyJson({ status: 'ok' }) };
  const { result } = await runAgainst(replies, 'halt', { HOLDFAST_HOME: join(home, 'nobody') });
  assert.equal(result.code, 6);
  assert.match(result.err, /needs a token of role operator.*--token-file or HOLDFAST_TOKEN/);
});

test('a token comes from --token-file before HOLDFAST_TOKEN before the home folder, and is never shown', async () => {
  const replies = { 'PUT /v1/trading-state': replyJson(STATE) };
  const file = join(home, 'other.token');
  writeFileSync(file, 'hf_from_file\n');
  const both = await runAgainst(replies, ['halt', '--token-file', file], { HOLDFAST_TOKEN: 'hf_from_env' });
  assert.equal(both.daemon.seen[0]?.authorization, 'Bearer hf_from_file');
  const env = await runAgainst(replies, 'halt', { HOLDFAST_TOKEN: 'hf_from_env' });
  assert.equal(env.daemon.seen[0]?.authorization, 'Bearer hf_from_env');
  const broken = await runAgainst(replies, 'halt', { HOLDFAST_TOKEN: 'planted\r\nX-Evil: 1' });
  assert.deepEqual([broken.result.code, broken.daemon.seen.length], [2, 0]);
  assert.doesNotMatch(broken.result.err, /planted/);
});

/** Where something was done, beside the answer. */
const AT = 'holdfast: at paper, account main, http://127.0.0.1:7433\n';

test('verbs reach a daemon behind a unix socket', async () => {
  const socket = join(home, 'daemon.sock');
  const daemon = await startFakeDaemon({ 'PUT /v1/trading-state': replyJson(STATE) }, socket);
  const { code, err } = await holdfast('halt', { HOLDFAST_HOME: home, HOLDFAST_SOCKET: socket });
  await daemon.close();
  assert.deepEqual([code, err], [0, AT]);
});

test('with --url no other setting of an address stands between an operator and halt', async () => {
  const env = { HOLDFAST_SOCKET: join(home, 'other.sock'), HOLDFAST_PORT: 'x' };
  const { result } = await runAgainst({ 'PUT /v1/trading-state': replyJson(STATE) }, 'halt', env);
  assert.deepEqual([result.code, result.err], [0, AT]);
});

describe('policy check with a running daemon', () => {
  const LOW = 'lies below the smallest order of BTCUSDT at the venue: nothing could be opened';
  const write = (name: string, orderCap: number): string => {
    const file = join(home, name);
    const text = readFileSync(new URL('../../policies/default.yaml', import.meta.url), 'utf8');
    writeFileSync(file, text.replace('order_notional_usdt: 1000', `order_notional_usdt: ${orderCap}`));
    return file;
  };
  const accepted = {
    ok: true,
    hash: 'a'.repeat(64),
    name: 'mine',
    looser: ['budgets.leverage: 2 -> 3'],
    warnings: ['mode: odd'],
  };

  test('what only the daemon finds is a violation like any other', async () => {
    const file = write('low.yaml', 40);
    const violations = [{ path: 'budgets.order_notional_usdt', message: LOW, value: 40, allowed: 'at least 50' }];
    const replies = { 'POST /v1/policy/check': replyJson({ ok: false, violations }) };
    const { result, daemon } = await runAgainst(replies, ['policy', 'check', file]);
    assert.equal(result.code, 5, result.err);
    assert.equal(result.out, `budgets.order_notional_usdt: ${LOW} (found 40; allowed: at least 50)\n`);
    const [asked] = daemon.seen;
    assert.deepEqual(
      [asked?.authorization, asked?.body],
      ['Bearer hf_operator', { text: readFileSync(file, 'utf8') }],
      'asked as an operator, with the file as it is',
    );
    const json = await runAgainst(replies, ['policy', 'check', file, '--json']);
    assert.deepEqual(JSON.parse(json.result.out), { ok: false, file, violations, warnings: [], daemon_asked: true });
  });

  test('its warnings and what is looser are said, and the guess about smallest orders is not', async () => {
    const file = write('fine.yaml', 90);
    const { result } = await runAgainst({ 'POST /v1/policy/check': replyJson(accepted) }, ['policy', 'check', file]);
    assert.equal(result.code, 0, result.err);
    assert.match(
      result.out,
      /^warning: mode: odd\nlooser than the policy in force: budgets\.leverage: 2 -> 3\n.* is valid: .*the running daemon agrees\n$/,
    );
  });

  test('what the file itself has wrong is said once', async () => {
    const file = write('broken.yaml', -1);
    const alone = await holdfast(['policy', 'check', file, '--json'], { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' });
    const { violations } = JSON.parse(alone.out) as { violations: readonly object[] };
    const replies = { 'POST /v1/policy/check': replyJson({ ok: false, violations }) };
    const { result } = await runAgainst(replies, ['policy', 'check', file, '--json']);
    assert.deepEqual((JSON.parse(result.out) as { violations: unknown }).violations, violations);
  });

  test('without a daemon the file is checked by itself, with a warning about small caps', async () => {
    const file = write('low.yaml', 40);
    const { code, out, err } = await holdfast(['policy', 'check', file], { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' });
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^warning: budgets\.order_notional_usdt: may lie below the venue's smallest order/);
  });

  test('a daemon that cannot be asked is told of, and is an error where the command line names it', async () => {
    const file = write('low.yaml', 40);
    const refused = { error: { code: 'UNAUTHENTICATED', message: 'This token is not known.' } };
    const other = join(home, 'checked');
    mkdirSync(join(other, 'tokens'), { recursive: true });
    mkdirSync(join(other, 'paper'));
    writeFileSync(join(other, 'paper', 'daemon.pid'), `${process.pid}\n`);
    const socket = join(other, 'paper', 'operator.sock');
    const daemon = await startFakeDaemon({ 'POST /v1/policy/check': replyJson(refused, 401) }, socket);
    const env = { HOLDFAST_HOME: other };
    try {
      const without = await holdfast(['policy', 'check', file], env);
      assert.deepEqual([without.code, /needs a token of role operator/.test(without.err)], [0, true]);
      writeFileSync(join(other, 'tokens', 'operator.token'), 'hf_operator\n');
      const found = await holdfast(['policy', 'check', file], env);
      assert.equal(found.code, 0);
      assert.match(found.err, /was not asked: UNAUTHENTICATED: This token is not known\./);
      assert.equal((await holdfast(['policy', 'check', file, '--socket', socket], env)).code, 6);
    } finally {
      await daemon.close();
    }
    assert.equal((await holdfast(['policy', 'check', file, '--socket', socket], env)).code, 4);
  });
});

describe('a failure under --json', () => {
  const read = (out: string) =>
    JSON.parse(out) as { error: { code: string; message: string; details?: unknown }; exit_code: number };

  test('is a line of JSON with the code and details of the daemon', async () => {
    const violations = [{ path: 'symbol', message: 'is missing' }];
    const refused = { error: { code: 'INVALID_INPUT', message: 'symbol: is missing', details: { violations } } };
    const { result } = await runAgainst({ 'GET /v1/limits': replyJson(refused, 400) }, 'limits --json');
    assert.equal(result.code, 2);
    const { error, exit_code } = read(result.out);
    assert.deepEqual([error.code, error.details, exit_code], ['INVALID_INPUT', { violations }, 2]);
    assert.match(result.err, /^holdfast: INVALID_INPUT/, 'a person reads the same');
  });

  test('also where no daemon answers, there is no token, or the command line is wrong', async () => {
    const nowhere = { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' };
    for (const [args, code, exit] of [
      [['status', '--json'], 'UNREACHABLE', 4],
      [['policy', 'explain', join(home, 'none.yaml'), '--json'], 'USAGE', 2],
      [['decisions', '--since', 'never', '--json'], 'USAGE', 2],
      [['decisions', '--json', '--no-such-flag'], 'USAGE', 2],
    ] as const) {
      const { code: exitCode, out } = await holdfast(args, nowhere);
      const { error, exit_code } = read(out);
      assert.deepEqual([exitCode, error.code, exit_code], [exit, code, exit], args.join(' '));
      assert.ok(error.message.length > 10 && !error.message.startsWith('error:'), error.message);
    }
  });

  test('and without --json nothing is written to the output', async () => {
    const { code, out } = await holdfast('status', { HOLDFAST_HOME: home, HOLDFAST_PORT: '1' });
    assert.deepEqual([code, out], [4, '']);
  });
});

describe('decisions with filters', () => {
  test('asks for what is meant, and reads on until there are enough', async () => {
    const first = { decisions: [decisionBody({ seq: 9, decision_id: 'd-9' })], next: '5' };
    const second = { decisions: [decisionBody({ seq: 4, decision_id: 'd-4' })], next: null };
    const replies: Record<string, Reply> = {
      'GET /v1/decisions': (seen, response) =>
        replyJson(seen.url.includes('cursor=5') ? second : first)(seen, response),
    };
    const args = ['decisions', '--symbol', 'BTCUSDT', '--outcome', 'LIMIT', '--agent', 'momentum', '--since', '24h'];
    const { result, daemon } = await runAgainst(replies, [...args, '--json']);
    assert.equal(result.code, 0, result.err);
    const { decisions } = JSON.parse(result.out) as { decisions: { decision_id: string }[] };
    assert.deepEqual(
      decisions.map((each) => each.decision_id),
      ['d-9', 'd-4'],
    );
    assert.deepEqual(
      daemon.seen.map(({ url }) => url),
      [
        '/v1/decisions?agent=momentum&symbol=BTCUSDT&outcome=LIMIT&since=24h&limit=20',
        '/v1/decisions?agent=momentum&symbol=BTCUSDT&outcome=LIMIT&since=24h&limit=19&cursor=5',
      ],
    );
  });

  test('a page says id, size and the figures that bound it, within the terminal', async () => {
    const decision = {
      ...decisionBody({ decision: 'LIMIT', decision_id: 'd-77' }),
      bound_by: 'BUDGET_NOTIONAL',
      arithmetic: { line: 'order cap 1,000 x 0.6 (volatile) = 600 -> 0.01 BTC at 60,000', rows: [] },
      reasons: [
        { code: 'BUDGET_NOTIONAL', message: 'm', observed: 5000, limit: 600, unit: 'USDT', hint: 'h' },
        { code: 'BUDGET_GROSS', message: 'm', observed: 1, limit: 2, unit: 'USDT', hint: 'h' },
      ],
    };
    const replies = { 'GET /v1/decisions': replyJson({ decisions: [decision], next: null }) };
    const { result } = await runAgainst(replies, 'decisions');
    assert.match(result.out, /d-77 .* LIMIT \S+, [\d.]+ USDT at [\d.]+\n/);
    assert.match(result.out, /\n +BUDGET_NOTIONAL: order cap 1,000 x 0\.6 \(volatile\) = 600.*\(and 1 more\)\n/);
    const daemon = await startFakeDaemon(replies);
    let out = '';
    const { runCli } = await import('../../daemon/cli/run.ts');
    const env = { HOLDFAST_HOME: home };
    const terminal = { size: () => ({ columns: 80, rows: 24 }), hasColours: false, open: () => () => {} };
    await runCli(['decisions', '--url', daemon.url], { env, terminal, out: (text) => (out += text), err: () => {} });
    await daemon.close();
    assert.ok(Math.max(...out.split('\n').map((line) => line.length)) <= 80, out);
  });
});

test('what only an operator may do names --operator, and nothing else does', async () => {
  const refusal = (code: string): ToolAnswer => ({
    ...BLOCKED,
    decision: decisionBody({
      decision: 'BLOCK',
      effective: null,
      reasons: [{ code: code as 'COOLDOWN', message: 'm', observed: null, limit: null, unit: null, hint: 'h' }],
    }),
  });
  for (const [tool, args, code, expected] of [
    ['close_position', ['close', 'BTCUSDT'], 'EXIT_SCOPE', './holdfast close BTCUSDT --operator\n'],
    ['cancel_order', ['cancel', 'o-1'], 'ORDER_NOT_OWN', './holdfast cancel o-1 --operator\n'],
    ['cancel_all', ['cancel-all'], 'STATE_HALTED', './holdfast cancel-all --operator\n'],
    ['close_position', ['close', 'BTCUSDT'], 'NOT_REDUCING', null],
    ['close_position', ['close', 'BTCUSDT', '--operator'], 'EXIT_SCOPE', null],
  ] as const) {
    const { result } = await runAgainst({ [`POST /v1/tools/${tool}`]: replyJson(refusal(code)) }, args);
    assert.equal(result.code, 3, result.err);
    assert.equal(result.out.includes('--operator'), expected !== null, `${args.join(' ')} ${code}`);
    if (expected !== null) assert.ok(result.out.endsWith(`As the operator: ${expected}`), result.out);
  }
});
