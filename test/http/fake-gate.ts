import type { Receipt } from '../../daemon/contract/bodies/receipt.ts';
import type { ReportBody } from '../../daemon/contract/types/accounts.ts';
import type { GateApi, PasskeyApi, TokenApi } from '../../daemon/contract/types/gate-api.ts';
import type { StateChange, TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { PolicyPreview } from '../../daemon/contract/types/policy.ts';
import type { FillBody, OrderBody } from '../../daemon/contract/types/reads.ts';
import type { Caller } from '../../daemon/engine/records/callers.ts';
import type {
  ExecutionBody,
  ExplainedDecision,
  ToolAnswer,
  ToolOutcome,
} from '../../daemon/engine/records/decisions.ts';
import { createFakePasskeys } from './fake-passkeys.ts';
import { createFakeTokens } from './fake-tokens.ts';

const SIGNAL_ENTRY = {
  signal_id: 'sig_1',
  kind: 'anomaly',
  account: null,
  agent: 'momentum',
  symbol: null,
  severity: 1,
  set_by: 'monitor',
  expires_at_ms: 5,
} as const;
const ALERT = { seq: 9, at_ms: 1, code: 'ORDER_LOST', detail: 'it is lost', symbol: null } as const;
const ZERO = { leverage: 1, notional: 1, order_rate: 1, slippage: 1 };
const HASH = 'a'.repeat(64);
export const APPROVAL = {
  agent: 'momentum',
  approval_id: 'hf000000-2a',
  card: '/#/approvals/hf000000-2a',
  decision_id: null,
  detail: null,
  digest: 'd'.repeat(64),
  ended_at_ms: null,
  expires_at_ms: 600_000,
  opens_until_ms: 900_000,
  intent: 'open',
  leverage: 1,
  lots: 2,
  notional_usdt: 120,
  order_type: 'market',
  policy_hash: HASH,
  price_ticks: 600_600,
  quantity: '0.002',
  quorum: 1,
  requested_at_ms: 1,
  side: 'buy',
  signatures: [],
  status: 'pending',
  symbol: 'BTCUSDT',
  text: '{}',
  untrusted: { rationale: 'because', strategy_id: 's' },
  words: 'lusab-babad-gutih-tugad',
  worst_price: '60060.0',
} as const;

const SUMS = {
  realised_usdt: 12.5,
  fees_usdt: 0.75,
  funding_usdt: -0.25,
  other_usdt: 0,
  result_usdt: 11.5,
  turnover_usdt: 1_500,
  slippage_usdt: 0.3,
  slippage_bps: 2,
  fills: 4,
  requests: 9,
  cuts: 2,
  blocks: 3,
};
const ACCOUNT = {
  agent: 'momentum',
  holds: ['BTCUSDT', 'ETHUSDT'],
  positions: [{ symbol: 'BTCUSDT', quantity: '0.002', entry_price: '60000', unrealised_usdt: 1.5 }],
  unrealised_usdt: 1.5,
  today: SUMS,
  seven_days: SUMS,
  total: SUMS,
};
/** A report as the gate answers it, with every field. */
export function reportBody(kind: 'day' | 'week' = 'day'): ReportBody {
  const { requests, cuts, blocks, ...sums } = SUMS;
  const profits = { unrealised_before_usdt: 0, unrealised_usdt: 1.5, profit_usdt: 13 };
  return {
    period: kind,
    name: kind === 'day' ? '2026-11-26' : '2026-W48',
    from_ms: 1_795_651_200_000,
    to_ms: 1_795_737_600_000,
    is_over: false,
    as_of_ms: 1_795_700_000_000,
    since_ms: 1,
    venue: 'paper',
    account: 'main',
    agents: [{ agent: 'momentum', requests, cuts, blocks, sums: { ...sums, ...profits } }],
    rows: [
      { agent: 'momentum', symbol: 'BTCUSDT', sums: { ...sums, ...profits } },
      { agent: null, symbol: '', sums: { ...sums, ...profits, slippage_bps: null } },
    ],
    total: { ...sums, ...profits },
    books: {
      realised_usdt: 12.5,
      commission_usdt: -0.75,
      funding_usdt: -0.25,
      other_usdt: 0,
      transfers_usdt: 0,
      read_to_ms: 1_795_699_990_000,
      booked_usdt: 11.5,
      accounted_usdt: 11.5,
      entry_difference_usdt: 0,
      unconfirmed_usdt: 0,
      unexplained_usdt: 0,
    },
  };
}

const ORDER_CAP = {
  base: 1000,
  cap: 1000,
  code: 'BUDGET_NOTIONAL',
  factors: { account: 1, loss: 1, market: 1, trader: 1, trust: 1 },
  label: 'order cap',
  left: 1000,
  lots: 16,
  price: 60_060,
  reserved: 0,
  unit: 'USDT',
  used: 0,
} as const;

/** A decision as the gate answers it, with every field. */
export function decisionBody(more: Partial<ExplainedDecision> = {}): ExplainedDecision {
  return {
    asked: { notional: 60.06, quantity: '0.001' },
    decision: 'ALLOW',
    decision_id: 'dec_7',
    request_id: null,
    seq: 7,
    at_ms: 1_760_054_400_000,
    kind: 'tool',
    agent: 'momentum',
    tool: 'place_order',
    symbol: 'BTCUSDT',
    binding: true,
    enforced: true,
    effective: {
      action: 'open',
      leverage: 2,
      limit_price: '60060',
      lots: 1,
      max_slippage_bps: 10,
      notional: 60.06,
      order_type: 'market',
      price_ticks: 600_600,
      quantity: '0.001',
      reduce_only: false,
      requested_quantity: '0.001',
      side: 'buy',
      time_in_force: 'IOC',
    },
    constraints: {
      cooldown_ms: 0,
      leverage_cap: 3,
      notional_cap: 1000,
      order_rate_cap: 20,
      slippage_cap_bps: 20,
      staging_plan: [{ slice: 0, quantity: '0.001', delay_ms: 0 }],
    },
    budget: {
      account: ZERO,
      market: ZERO,
      trust: ZERO,
      trader: ZERO,
      regime: 'calm',
      budget: {
        leverage: 3,
        order_notional_usdt: 1000,
        symbol_notional_usdt: 2000,
        gross_notional_usdt: 3000,
        order_rate: 20,
        slippage_bps: 20,
      },
    },
    condition_reducing: false,
    reasons: [],
    verdicts: [{ rule: 3, code: 'STATE', outcome: 'pass', observed: 'active', limit: null, unit: null }],
    retry_after_ms: null,
    policy_hash: HASH,
    context_hash: HASH,
    core_version: 1,
    arithmetic: { line: null, rows: [ORDER_CAP] },
    bound_by: null,
    ...more,
  };
}
export const EXECUTION: ExecutionBody = {
  state: 'filled',
  orders: [
    {
      client_order_id: 'hfabcdef1-0-0',
      venue_order_id: '42',
      slice: 0,
      status: 'filled',
      quantity: '0.001',
      filled_quantity: '0.001',
      average_price: null,
      fee_usdt: 0.03,
      realised_pnl_usdt: 0,
    },
  ],
  note: null,
  retryable: false,
  slices_dropped: 0,
};
export const ANSWER: ToolAnswer = { decision: decisionBody(), execution: EXECUTION };
/** With a space, so that a test sees whether the text is sent as it is. */
export const ANSWER_TEXT = `${JSON.stringify(ANSWER)} `;
export const FILL: FillBody = {
  seq: 9,
  at_ms: 1_760_054_400_000,
  trade_id: '7',
  symbol: 'BTCUSDT',
  side: 'buy',
  quantity: '0.001',
  price: '60010.5',
  fee_usdt: 0.03,
  realised_pnl_usdt: 0,
  is_maker: false,
  client_order_id: 'hfabcdef1-0-0',
  decision_id: 'dec_7',
  agent: 'momentum',
  holder: 'momentum',
};
export const ORDER: OrderBody = {
  client_order_id: 'hfabcdef1-0-0',
  venue_order_id: '42',
  decision_id: 'dec_7',
  agent: 'momentum',
  symbol: 'BTCUSDT',
  side: 'buy',
  order_type: 'limit',
  limit_price: '60000',
  quantity: '0.001',
  filled_quantity: '0',
  average_price: null,
  reduce_only: false,
  status: 'working',
  slice: 0,
  reserved_notional_usdt: 60,
  foreign: false,
  updated_at_ms: 1_760_054_400_000,
};

export interface Call {
  readonly method: keyof GateApi | keyof PasskeyApi | keyof TokenApi;
  readonly args: readonly unknown[];
}
/** A gate that answers constants and remembers what it was asked: the port, filled by the test. */
export interface FakeGate extends GateApi {
  readonly calls: Call[];
  /** How many decisions there are behind every cursor. */
  decisionCount: number;
  /** What runTool, dryRun and intercept answer. */
  outcome: () => Promise<ToolOutcome>;
  ready: boolean;
  /** Of positions and markets, in order. */
  symbols: readonly string[];
  unreadable: readonly string[];
  failure: Error | null;
}

const RECORD = { seq: 1, at_ms: 1, kind: 'genesis', payload: '{}', prev_hash: HASH };
const SIGNED = { genesis: HASH, hash: HASH, batch_root: HASH, root: HASH, key: HASH, signature: '' };
const RECEIPT: Receipt = {
  format: 1,
  decision_id: ANSWER.decision.decision_id,
  request: {},
  context: {},
  policy: '{}',
  decision: {},
  orders: [],
  end: null,
  is_complete: true,
  genesis: RECORD,
  records: [],
  batches: [],
  head: { ...SIGNED, at_ms: 1, first_seq: 1, number: 5, seq: 9 },
  keys: [],
};

/** What no test counts: of the daemon, or beside every request. */
const UNNOTED: ReadonlySet<string> = new Set([
  ...['noteCall', 'settled', 'mayRead', 'getSymbols', 'getEquityHistory', 'getSignals', 'getApprovals', 'getApproval'],
  ...['getTradingState', 'getPolicy', 'readiness', 'metrics'],
  ...['getPasskeys', 'findPasskey', 'listPasskeys', 'requireEnrolment'],
]);

export function createFakeGate(): FakeGate {
  const calls: Call[] = [];
  const fake: FakeGate = {
    calls,
    outcome: async () => ({ kind: 'decided', text: ANSWER_TEXT }),
    ready: true,
    decisionCount: 1,
    symbols: ['BTCUSDT'],
    unreadable: [],
    failure: null,
    ...noted(answersOf(() => fake)),
    passkeys: noted(createFakePasskeys()),
    tokens: noted(createFakeTokens()),
  };
  /** The same, each call noted that is not refused at once. */
  function noted<T extends object>(api: T): T {
    const note = ([method, answer]: [string, (...args: unknown[]) => unknown]) => {
      if (UNNOTED.has(method)) return [method, answer] as const;
      const noting = (...args: unknown[]): unknown => {
        if (fake.failure !== null) throw fake.failure;
        const given = answer(...args);
        calls.push({ method: method as Call['method'], args });
        return given;
      };
      return [method, noting] as const;
    };
    return Object.fromEntries(Object.entries(api).map(note)) as T;
  }
  return fake;
}

const LINE = { component: 'leverage', code: 'BUDGET_LEVERAGE', base: 3, limit: 3 } as const;
const UNUSED = { used: 0, reserved: 0, remaining: 3 };
const OPENING = { remaining_usdt: 250, bound_by: 'BUDGET_NOTIONAL', blocked_by: [] } as const;
const LIMITS = {
  held: 'free',
  in_scope: true,
  opening: { buy: OPENING, sell: OPENING },
  regime: 'calm',
  factors: { market: ZERO, account: ZERO, trust: ZERO, trader: ZERO, loss: ZERO },
  budgets: [
    { ...LINE, ...UNUSED, unit: 'x' },
    { ...LINE, ...UNUSED, component: 'slippage_bps', code: 'PRICE_SLIPPAGE', limit: 20.000000000000004, unit: 'bps' },
    { ...LINE, component: 'order_rate', code: 'RATE', limit: 20, used: 1, reserved: 0, remaining: 19, unit: 'orders' },
  ],
  leverage_cap: 3,
  cooldown_remaining_ms: 0,
  trading_state: 'active',
} as const;
const POSITION = {
  ...{ quantity: '-0.001', notional_usdt: 60, entry_price: '60000', mark_price: '60000', leverage: 2 },
  ...{ unrealised_pnl_usdt: 0, liquidation_price: null, agent_share: { momentum: '-0.001' }, holder: 'momentum' },
};
const MARKET = {
  ...({ held: 'another', regime: 'calm', regime_cause: 'volatility' } as const),
  ...{ mark_price: 60_000, bid: 59_999, ask: 60_001, funding_rate_8h: 0.0001 },
  ...{ sigma: 0.01, sigma_baseline: 0.02, jump_ratio: 0, liquidity: 5, liquidity_floor: 1 },
  ...{ tick_size: '0.1', lot_size: '0.001', min_notional_usdt: 50, smallest_order_usdt: 60.1 },
  ...{ mark_at_ms: 1, quote_at_ms: 1, bars_as_of_ms: 1 },
};
const CANDLE = { open: 60_000, high: 60_100, low: 59_900, close: 60_050, volume: 12.5 };
const NONE = { ALLOW: 0, LIMIT: 0, BLOCK: 0 };
const PREVIEW: PolicyPreview = {
  ...{ hash: HASH, since_ms: 1, until_ms: 2, left_off_before_ms: null, requests: 0, not_compared: 0 },
  ...{ recorded: NONE, candidate: NONE, opening_notional_usdt: { recorded: 0, candidate: 0 } },
  changes: { blocked: 0, let_through: 0, cut: 0, widened: 0, restaged: 0, unchanged: 0 },
  ...{ examples: [], caveats: [] },
};
const UNREADABLE = { ok: false, violations: [{ path: 'version', message: 'is missing' }] } as const;
const POLICY = {
  tools: { place_order: { args: { type: 'object', properties: { order_type: { enum: ['limit'] } } } } },
};

function answersOf(the: () => FakeGate): Omit<GateApi, 'passkeys' | 'tokens'> {
  return {
    runTool: () => the().outcome(),
    dryRun: () => the().outcome(),
    intercept: () => the().outcome(),
    noteCall: () => undefined,
    recordRejectedInput: () => undefined,
    settled: async () => undefined,
    mayRead: (_caller, tool) => !the().unreadable.includes(tool),
    getSymbols: () => the().symbols,
    getLimits: ({ agent }, symbol) => {
      return { agent, at_ms: 1, policy_hash: HASH, symbols: [{ symbol: symbol ?? 'BTCUSDT', ...LIMITS }] };
    },
    getDecisions: (_caller, limit) => {
      return { items: Array.from({ length: Math.min(limit, the().decisionCount) }, () => decisionBody()), next: '6' };
    },
    getDecision: (_caller, id) => (id === ANSWER.decision.decision_id ? ANSWER : null),
    async getReceipt(_caller, id, head) {
      if (id !== ANSWER.decision.decision_id) return { kind: 'unknown' };
      if (head === 7) return { kind: 'uncovered', coveredTo: 1, seq: 2, retryAfterMs: 0 };
      if (head === 8) return { kind: 'uncovered', coveredTo: 1, seq: 2, retryAfterMs: 9_001 };
      if (head === 5) return { kind: 'receipt', receipt: RECEIPT };
      return head === null ? { kind: 'unsigned' } : { kind: 'no_head', last: 3 };
    },
    getFills: () => ({ fills: [FILL], next: null }),
    getOrders(_caller, _filter, _limit, cursor) {
      if (cursor === 'forged') throw Object.assign(new Error('not issued'), { code: 'LEDGER_ARGUMENT' });
      return { items: [ORDER], next: null };
    },
    getPositions: () => {
      return { positions: the().symbols.map((symbol) => ({ symbol, ...POSITION })), observed_at_ms: 1 };
    },
    getAccount: () => ({
      ...{ account: 'main', venue: 'paper', equity_usdt: 10_000, wallet_usdt: 10_000, available_usdt: 9000 },
      ...{ margin_ratio: 0.01, drawdown: 0, daily_loss: 0, turnover_24h_usdt: 0, fees_24h_usdt: 0, observed_at_ms: 1 },
    }),
    getAgents: () => ({ agents: [ACCOUNT], others: { ...ACCOUNT, agent: null }, as_of_ms: 2, since_ms: 1 }),
    getAgent: (_caller, name) => {
      if (name !== ACCOUNT.agent) return null;
      const { requests: _r, cuts: _c, blocks: _b, ...sums } = SUMS;
      const symbols = [{ symbol: 'BTCUSDT', sums }];
      return { account: ACCOUNT, symbols, days: [{ day: '2026-11-26', sums: SUMS }], as_of_ms: 2, since_ms: 1 };
    },
    getReport: (_caller, { kind, name }) => (name === 'yesterday' ? null : reportBody(kind)),
    getEquityHistory: () => ({ points: [{ at_ms: 1, equity_usdt: 10_000 }] }),
    getMarket: (_caller, symbol) => {
      return { markets: (symbol === null ? the().symbols : [symbol]).map((each) => ({ symbol: each, ...MARKET })) };
    },
    getCandles: (symbol, limit) => {
      const candles = [0, 900_000].map((open_at_ms) => ({ open_at_ms, ...CANDLE })).slice(-limit);
      return { symbol, interval: '15m', candles, bars_as_of_ms: 1_800_000 };
    },
    getOrderBook: (symbol) => {
      const [bids, asks] = [[{ price: 59_999, quantity: 1.5 }], [{ price: 60_001, quantity: 1.5 }]];
      return { symbol, bids, asks, mid: 60_000, spread_bps: 0.3333, quote_at_ms: 1 };
    },
    addSignal: async () => ({ signal_id: 'sig_1', expires_at_ms: 5 }),
    getSignals: () => ({ signals: [SIGNAL_ENTRY] }),
    endSignal: async (_caller, id) => (id === SIGNAL_ENTRY.signal_id ? SIGNAL_ENTRY : null),
    releaseSymbol: async (_caller, symbol) => ({ symbol, holder: 'momentum', quantity: '0.002', openings_left: 1 }),
    adoptSymbol: async (_caller, { agent, symbol }) => {
      return { symbol, holder: agent, quantity: '0.002', openings_left: 0 };
    },
    endOrder: async (_caller, id) => (id === ORDER.client_order_id ? ORDER : null),
    eraseTexts: async (_caller, id) => (id === 'd-abcdef-1' ? { erased: [HASH] } : null),
    getAlertChannels: () => ({ hash: HASH, pending: null, error: null, channels: [], dead_letters: [] }),
    testAlerts: async (_caller, channel) => {
      return { results: [{ channel: channel ?? 'desk', delivered: true, detail: 'HTTP 200', took_ms: 3 }] };
    },
    async reloadAlertRoutes(_caller, hash) {
      if (hash === null || hash === HASH) return { status: 'in_force', hash: HASH };
      return { status: 'refused', message: 'no alert routes are pending', pending_hash: null };
    },
    getAlerts: () => ({ alerts: [{ ...ALERT, acknowledged: null }], next: '9' }),
    acknowledgeAlert: async ({ agent }, _seq, reason) => {
      return { ...ALERT, acknowledged: { at_ms: 2, by: agent, reason } };
    },
    getApprovals: () => ({ approvals: [APPROVAL] }),
    getApproval: (id) => (id === APPROVAL.approval_id ? APPROVAL : null),
    approve: async (_caller, id) => (id === APPROVAL.approval_id ? { approval: APPROVAL, answer: null } : null),
    denyApproval: async (_caller, id) => (id === APPROVAL.approval_id ? { ...APPROVAL, status: 'denied' } : null),
    refuseApproval: async (_caller, _id, reason) => Object.assign(new Error(reason), { code: 'APPROVAL_REFUSED' }),
    getTradingState: () => ({ state: 'active', layers: [] }),
    tightenTradingState(caller, change) {
      if (change.state === 'active') throw Object.assign(new Error('this would loosen'), { code: 'FORBIDDEN' });
      return Promise.resolve(stateAfter(caller, change));
    },
    setTradingState: async (caller, change) => stateAfter(caller, change),
    flatten: async (_caller, symbols) => {
      const scope = symbols === null ? 'account' : 'symbols';
      return { state: 'halted', scope, symbols, canceled: true, positions_left: [], note: 'flat' };
    },
    rebase: async () => ({ equity_usdt: 10_000 }),
    getPolicy: () => ({ hash: HASH, name: 'default', policy: POLICY, pending: null }),
    checkPolicy: (text) => {
      return text === 'bad' ? UNREADABLE : { ok: true, hash: HASH, name: 'default', looser: [], warnings: [] };
    },
    signArming: async ({ agent }, digest) => ({
      ...{ account: 'main', digest, effective_at_ms: 1, expires_at_ms: 2, policy_hash: HASH, problem: null },
      ...{ quorum: 2, set_by: 'ops', signed_by: [agent], version: '1' },
    }),
    previewPolicy: async (text) => (text === 'bad' ? UNREADABLE : { ok: true, preview: PREVIEW }),
    async reloadPolicy(_caller, hash) {
      if (hash === null || hash === HASH) return { status: 'in_force', hash: HASH };
      return { status: 'refused', message: `the pending policy is ${HASH}`, pending_hash: HASH };
    },
    readiness: () => ({
      ready: the().ready,
      waiting_for: the().ready ? [] : ['mark price of BTCUSDT'],
      ...{ venue: 'paper', trading_state: 'active', symbols_reducing: [], requests_summed: 0, alerts: 0 },
      ...{ pending_policy: null, policy_error: null, arming_error: null },
      ...{ alert_channels_silent: [], alert_routes_error: null, pending_alert_routes: null },
    }),
    metrics: async () => '# HELP holdfast_decisions_total Decisions.\nholdfast_decisions_total 1\n',
  };
}

function stateAfter({ tokenId }: Caller, { reason, state }: StateChange): TradingStateBody {
  const layer = { layer: 'operator', scope: 'account', name: null, state, reason } as const;
  return { state, layers: [{ ...layer, since_ms: 1, set_by: tokenId, clears_when: 'an operator' }] };
}
