import { baseOrder, type Change, NOW } from './decision-fixture.ts';
import { asNumber, asText, type Row, row } from './table-row.ts';

/** Rules 1 to 6: form, scope, state, freshness, duplicates, pacing. */
const CANCEL: Change = {
  request: { tool: 'cancel_order', intent: 'cancel', client_order_id: 'hfabc0001', side: null, order_type: null },
};
const aged = (code: Row['code'], what: string, limitMs: number, at: (instant: number) => Change): Row =>
  row(4, 'SAE-CTX', code, {
    what,
    cases: { pass: [limitMs - 1, limitMs, -1000], deny: [limitMs + 1, -1001] },
    change: (age) => at(NOW - asNumber(age)),
  });
const missing = (code: Row['code'], what: string, change: Change): Row =>
  row(4, 'SAE-CTX', code, {
    what: `${what} is there`,
    cases: { pass: [true], deny: [false] },
    change: (isThere) => (isThere === true ? {} : change),
  });

const SCOPE_ROWS: readonly Row[] = [
  row(1, 'SAE-REQ', 'SCHEMA_ARGS', {
    what: "the violation of the operator's schema [PK-70]",
    cases: { pass: [null], deny: ['args.order_type'] },
    change: (violation) => ({ context: { schema_violation: violation === null ? null : asText(violation) } }),
  }),
  row(2, 'SAE-T SAE-OOS-TOOL', 'SCOPE_TOOL', {
    what: 'the only tool in scope [PK-1]',
    cases: { pass: ['place_order'], deny: ['close_position'] },
    change: (tool) => ({ policy: { scope: { tools: [tool === 'place_order' ? 'place_order' : 'close_position'] } } }),
  }),
  row(2, 'SAE-T', 'SCOPE_ACTION', {
    what: 'the only action in scope [PK-2]',
    cases: { pass: ['open'], deny: ['close'] },
    change: (action) => ({ policy: { scope: { actions: [action === 'open' ? 'open' : 'close'] } } }),
  }),
  row(2, 'SAE-T', 'SCOPE_VENUE', {
    what: 'the only venue in scope of an order for paper [PK-3]',
    cases: { pass: ['paper'], deny: ['binance-demo'] },
    change: (venue) => ({ policy: { scope: { venues: [venue === 'paper' ? 'paper' : 'binance-demo'] } } }),
  }),
  row(2, 'SAE-T SAE-NONBYPASS', 'SCOPE_VENUE', {
    what: 'the venue asked of a daemon on paper [TF-42]',
    cases: { pass: ['paper'], deny: ['binance-demo'] },
    change: (venue) => ({ request: { venue: asText(venue) } }),
  }),
  row(2, 'SAE-T', 'SCOPE_SYMBOL', {
    what: 'the symbol [PK-4]',
    cases: { pass: ['BTCUSDT', 'ETHUSDT'], deny: ['DOGEUSDT'] },
    change: (symbol) => ({ request: { symbol: asText(symbol) } }),
  }),
  row(2, 'SAE-T', 'SCOPE_ACCOUNT', {
    what: 'the account asked of a daemon for main [PK-5 TF-43]',
    cases: { pass: ['main'], deny: ['savings'] },
    change: (account) => ({ request: { account: asText(account) } }),
  }),
  row(2, 'SAE-T', 'ORDER_UNKNOWN', {
    what: 'the order to cancel',
    setting: CANCEL,
    cases: { pass: ['known'], deny: [null] },
    change: (order) => ({ context: { order: order === null ? null : baseOrder } }),
  }),
  row(2, 'SAE-T', 'ORDER_NOT_OWN', {
    what: 'the owner of the order that alice cancels',
    setting: CANCEL,
    cases: { pass: ['alice'], deny: ['bob', null] },
    change: (agent) => ({ context: { order: { ...baseOrder, agent: agent === null ? null : asText(agent) } } }),
  }),
  row(2, 'SAE-T', 'ORDER_NOT_OPEN', {
    what: 'the order to cancel being open',
    setting: CANCEL,
    cases: { pass: [true], deny: [false] },
    change: (isOpen) => ({ context: { order: { ...baseOrder, is_open: isOpen === true } } }),
  }),
  row(3, 'SAE-OOS-STATE', 'STATE_REDUCING', {
    what: 'the trading state',
    cases: { pass: ['active'], deny: ['reducing'] },
    change: (state) => ({ context: { state: { state: state === 'active' ? 'active' : 'reducing' } } }),
  }),
  row(3, 'SAE-OOS-STATE', 'STATE_HALTED', {
    what: 'the trading state',
    cases: { pass: ['active'], deny: ['halted'] },
    change: (state) => ({ context: { state: { state: state === 'active' ? 'active' : 'halted' } } }),
  }),
];

/** What a section of its own narrows for alice. */
const OWN_ROWS: readonly Row[] = [
  row(2, 'SAE-T', 'SCOPE_SYMBOL', {
    what: "the only symbol of the agent's own scope, BTCUSDT being asked for, [PK-31]",
    cases: { pass: ['BTCUSDT'], deny: ['ETHUSDT'] },
    change: (symbol) => ({ policy: { agents: { alice: { scope: { symbols: [asText(symbol)] } } } } }),
  }),
  row(6, 'SAE-M4', 'FLIP', {
    what: "the time since an opening fill on the other side, 90000 being the agent's own interval, ms [PK-33]",
    settings: [
      { context: { pacing: { last_open_fill_side: 'sell' } } },
      { policy: { agents: { alice: { temporal: { flip_interval_ms: 90_000 } } } } },
    ],
    cases: { pass: [90_001, 90_000], deny: [89_999] },
    change: (since) => ({ context: { pacing: { last_open_fill_at_ms: NOW - asNumber(since) } } }),
  }),
];

const SCHEDULE_ROWS: readonly Row[] = [
  row(3, 'SAE-T', 'AGENT_SCHEDULE', {
    // NOW is a Friday, 08:00 UTC.
    what: 'the end of a schedule, at an offset of -01:00, [PK-151 PK-153]',
    cases: { pass: ['07:01', '08:00'], deny: ['07:00'] },
    change: (to) => ({
      policy: {
        agents: {
          alice: { schedule: { utc_offset: '-01:00', hours: [{ days: ['fri'], from: '00:00', to: asText(to) }] } },
        },
      },
    }),
  }),
  row(3, 'SAE-T', 'AGENT_SCHEDULE', {
    what: 'the end of a blackout [PK-150 PK-154]',
    cases: { pass: ['2027-01-15T08:00'], deny: ['2027-01-15T08:01'] },
    change: (to) => ({
      policy: {
        agents: {
          alice: { schedule: { utc_offset: '+00:00', blackouts: [{ from: '2027-01-01T00:00', to: asText(to) }] } },
        },
      },
    }),
  }),
];
const FRESHNESS_ROWS: readonly Row[] = [
  row(4, 'SAE-CTX', 'STALE_CLOCK', {
    what: 'the clock skew in ms [PK-97]',
    cases: { pass: [999, 1000], deny: [1001] },
    change: (skew) => ({ context: { clock_skew_ms: asNumber(skew) } }),
  }),
  missing('STALE_CLOCK', 'a measured clock skew', { context: { clock_skew_ms: null } }),
  aged('STALE_REQUEST', 'the age of the request in ms [PK-98 TD-38 TF-7]', 30_000, (at) => ({
    request: { timestamp_ms: at },
  })),
  row(4, 'SAE-REQ', 'STALE_REQUEST', {
    what: 'valid_until_ms - now',
    cases: { pass: [1, 0], deny: [-1] },
    change: (left) => ({ request: { valid_until_ms: NOW + asNumber(left) } }),
  }),
  aged('STALE_MARK', 'the age of the mark in ms [PK-91]', 5000, (at) => ({ context: { market: { mark_at_ms: at } } })),
  aged('STALE_MARK', 'the age of the oldest mark that other exposure is valued at, in ms [PK-91]', 5000, (at) => ({
    context: { exposure: { other_mark_at_ms: at } },
  })),
  missing('STALE_MARK', 'a mark', { context: { market: { mark: null } } }),
  missing('STALE_MARK', 'a mark above zero', { context: { market: { mark: 0 } } }),
  aged('STALE_QUOTE', 'the age of the quote in ms [PK-92]', 5000, (at) => ({
    context: { market: { quote_at_ms: at } },
  })),
  missing('STALE_QUOTE', 'a bid', { context: { market: { bid: null } } }),
  missing('STALE_QUOTE', 'an ask', { context: { market: { ask: null } } }),
  missing('STALE_QUOTE', 'a book that is not crossed', { context: { market: { bid: 60_001 } } }),
  aged('STALE_BARS', 'the age of the last bar in ms [PK-93]', 1_800_000, (at) => ({
    context: { market: { bars_as_of_ms: at } },
  })),
  row(4, 'SAE-VOL', 'STALE_BARS', {
    what: 'the number of bars',
    cases: { pass: [61, 60], deny: [59] },
    change: (count) => ({ context: { market: { bar_count: asNumber(count) } } }),
  }),
  missing('STALE_BARS', 'sigma', { context: { market: { sigma: null } } }),
  aged('STALE_ACCOUNT', 'the age of the account in ms [PK-94]', 10_000, (at) => ({
    context: { account: { observed_at_ms: at } },
  })),
  missing('STALE_ACCOUNT', 'an account', { context: { account: null } }),
  aged('STALE_FILTERS', 'the age of the filters in ms [PK-95]', 3_600_000, (at) => ({
    context: { market: { rules: { observed_at_ms: at } } },
  })),
  missing('STALE_FILTERS', 'a set of filters', { context: { market: { rules: null } } }),
  missing('STALE_FILTERS', 'trading in the symbol', { context: { market: { rules: { trading: false } } } }),
  aged('STALE_FUNDING', 'the age of the funding rate in ms [PK-96]', 3_600_000, (at) => ({
    context: { market: { funding_at_ms: at } },
  })),
  missing('STALE_FUNDING', 'a funding rate', { context: { market: { funding_rate_8h: null } } }),
  missing('STALE_INPUT', 'a number of sends', { context: { pacing: { account_sends: Number.NaN } } }),
  missing('STALE_INPUT', 'a finite exposure', { context: { exposure: { short_units: Number.POSITIVE_INFINITY } } }),
];

const PACING_ROWS: readonly Row[] = [
  row(5, 'SAE-M4', 'DUPLICATE_INTENT', {
    what: 'the equal parent of the last window [PK-24]',
    cases: { pass: [null], deny: ['d1'] },
    change: (equal) => ({ context: { duplicate_of: equal === null ? null : asText(equal) } }),
  }),
  row(6, 'SAE-M4 SAE-U', 'COOLDOWN', {
    what: 'the time since the last opening parent in a volatile market, ms [PK-73]',
    setting: { context: { market: { held_regime: 'volatile' } } },
    cases: { pass: [60_001, 60_000], deny: [59_999] },
    change: (since) => ({ context: { pacing: { last_open_parent_at_ms: NOW - asNumber(since) } } }),
  }),
  row(6, 'SAE-R SAE-M4', 'RATE', {
    what: 'the number of sends in the window [PK-10 PK-173]',
    cases: { pass: [18, 19], deny: [20, 21] },
    change: (sends) => ({ context: { pacing: { account_sends: asNumber(sends) } } }),
  }),
  row(6, 'SAE-M4', 'RATE', {
    what: "the number of the agent's own sends, three being its cap,",
    setting: { policy: { agents: { alice: { budgets: { order_rate: { max: 3, window_ms: 60_000 } } } } } },
    cases: { pass: [1, 2], deny: [3] },
    change: (sends) => ({ context: { pacing: { agent_sends: asNumber(sends) } } }),
  }),
  row(6, 'SAE-M4', 'FLIP', {
    what: 'the time since an opening fill on the other side, ms [PK-26]',
    setting: { context: { pacing: { last_open_fill_side: 'sell' } } },
    cases: { pass: [60_001, 60_000], deny: [59_999] },
    change: (since) => ({ context: { pacing: { last_open_fill_at_ms: NOW - asNumber(since) } } }),
  }),
  row(6, 'SAE-M4', 'BREAKER', {
    what: 'the time until the breaker closes, ms [PK-30]',
    cases: { pass: [-1, 0], deny: [1] },
    change: (left) => ({ context: { pacing: { breaker_until_ms: NOW + asNumber(left) } } }),
  }),
  row(6, 'SAE-R', 'TURNOVER', {
    what: 'the turnover of the day in USDT [PK-14]',
    cases: { pass: [19_999], deny: [20_000, 20_001] },
    change: (turnover) => ({ context: { pacing: { turnover_usdt: asNumber(turnover) } } }),
  }),
  row(6, 'SAE-R', 'FEES', {
    what: 'the sum of fees of the day in USDT [PK-15]',
    cases: { pass: [9.99], deny: [10, 10.01] },
    change: (fees) => ({ context: { pacing: { fees_usdt: asNumber(fees) } } }),
  }),
  row(6, 'SAE-R', 'TURNOVER', {
    what: "the agent's own turnover of the day in USDT, 1000 being its cap,",
    setting: { policy: { agents: { alice: { budgets: { turnover_usdt_per_day: 1000 } } } } },
    cases: { pass: [999], deny: [1000, 1001] },
    change: (turnover) => ({ context: { agent: { turnover_usdt: asNumber(turnover) } } }),
  }),
];

export const ADMISSION_ROWS: readonly Row[] = [
  ...SCOPE_ROWS,
  ...SCHEDULE_ROWS,
  ...FRESHNESS_ROWS,
  ...PACING_ROWS,
  ...OWN_ROWS,
];
