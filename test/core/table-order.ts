import { baseOrder, type Change } from './decision-fixture.ts';
import { asNumber, LONG_TEN, type Row, row, SHORT_TEN } from './table-row.ts';

/** Rules 11 and 12, exits and modify. The base ask is ten lots of 60 USDT; caps are varied around its 600 USDT. */
const own = (budgets: object): Change => ({ policy: { agents: { alice: { budgets } } } });
export const PRICE_ROWS: readonly Row[] = [
  ...(['sell', 'buy'] as const).map(
    (side): Row =>
      row(11, 'SAE-M5', 'BOUND_INSIDE_SPREAD', {
        what: `max_slippage_bps of an exit (${side}), each quote 10 bps from the middle,`,
        settings: [
          side === 'sell' ? LONG_TEN : SHORT_TEN,
          { request: { intent: 'close', side, requested_notional: null } },
          { context: { market: { bid: 59_940, ask: 60_060 } } },
        ],
        cases: { tighten: [9.9], pass: [10, 10.1] },
        change: (bps) => ({ request: { max_slippage_bps: asNumber(bps) } }),
      }),
  ),
  row(11, 'SAE-M5', 'PRICE_DISLOCATED', {
    what: 'the middle of the book, the mark being 60000, [PK-100]',
    cases: { pass: [59_406, 59_400, 60_594, 60_600], deny: [59_394, 60_606] },
    change: (middle) => ({ context: { market: { bid: asNumber(middle), ask: asNumber(middle) } } }),
  }),
  row(11, 'SAE-M5', 'PRICE_OUT_OF_RANGE', {
    what: 'the limit of a buy, 556.80 being the venue’s lowest price,',
    cases: { pass: [556.9, 556.8], deny: [556.7] },
    change: (price) => ({ request: { order_type: 'limit', limit_price: asNumber(price) } }),
  }),
  row(11, 'SAE-M5', 'PRICE_OUT_OF_RANGE', {
    what: 'the limit of a sale, 4529764 being the venue’s highest price,',
    setting: { request: { side: 'sell' } },
    cases: { pass: [4_529_763.9, 4_529_764], deny: [4_529_764.1] },
    change: (price) => ({ request: { order_type: 'limit', limit_price: asNumber(price) } }),
  }),
  row(11, 'SAE-M5', 'PRICE_SLIPPAGE', {
    what: 'max_slippage_bps [PK-11 TF-36]',
    cases: { pass: [19, 20], tighten: [21] },
    change: (bps) => ({ request: { max_slippage_bps: asNumber(bps) } }),
  }),
  row(11, 'SAE-M5', 'PRICE_SLIPPAGE', {
    what: "max_slippage_bps, 5 being the agent's cap,",
    setting: own({ slippage_bps: 5 }),
    cases: { pass: [4, 5], tighten: [6] },
    change: (bps) => ({ request: { max_slippage_bps: asNumber(bps) } }),
  }),
];

/** A limit order at the mark: a lot is worth 60 USDT, ten lots exactly 600. */
const AT_MARK: Change = { request: { order_type: 'limit', limit_price: 60_000 } };

/** Bounds on the notional of the base ask: one step above 600 USDT, exactly that, one below. */
const bound = (
  code: Row['code'],
  what: string,
  values: readonly [number, number, number],
  change: Row['change'],
  setting?: Change,
): Row =>
  row(12, 'SAE-PROJ SAE-R', code, {
    what,
    cases: { pass: [values[0], values[1]], tighten: [values[2]] },
    change,
    settings: setting === undefined ? [AT_MARK] : [AT_MARK, setting],
  });
const FLOORLESS: Change = { policy: { account: { concentration: { share: 0.5, floor_usdt: 0 } } } };
const units = (usdt: number): number => Math.round(usdt * 10_000);

const BUDGET_ROWS: readonly Row[] = [
  row(12, 'SAE-R', 'LEVERAGE_LOCKED', {
    what: 'the locked leverage setting',
    setting: { context: { market: { leverage_locked: true } } },
    cases: { pass: [2, 3], deny: [4] },
    change: (setting) => ({ context: { market: { leverage_setting: asNumber(setting) } } }),
  }),
  // The one that a position is liquidated by: at 5x a long is 0.19679 away, at 4x 0.24699.
  row(12, 'SAE-R', 'LEVERAGE_LOCKED', {
    what: 'the locked leverage setting when 0.2 must be kept from liquidation',
    setting: {
      context: {
        market: { leverage_locked: true, rules: { bracket_caps: Array.from({ length: 10 }, () => 1_000_000) } },
      },
      policy: { budgets: { leverage: 10 }, account: { min_liquidation_distance: 0.2 } },
    },
    cases: { pass: [3, 4], deny: [5] },
    change: (setting) => ({ context: { market: { leverage_setting: asNumber(setting) } } }),
  }),
  // What the agent is permitted now: its own cap, and what the regime leaves of the account's.
  ...(
    [
      ["when 2 is the agent's cap", own({ leverage: 2 })],
      ['when the regime leaves two thirds of 3', { context: { market: { held_regime: 'volatile' } } }],
    ] as const
  ).map(
    ([when, setting]): Row =>
      row(12, 'SAE-R', 'LEVERAGE_LOCKED', {
        what: `the locked leverage setting ${when}`,
        settings: [{ context: { market: { leverage_locked: true } } }, setting],
        cases: { pass: [1, 2], deny: [3] },
        change: (leverage) => ({ context: { market: { leverage_setting: asNumber(leverage) } } }),
      }),
  ),
  bound('BUDGET_LEVERAGE', 'the requested leverage [PK-6]', [2, 3, 4], (leverage) => ({
    request: { requested_leverage: asNumber(leverage) },
  })),
  bound(
    'BUDGET_LEVERAGE',
    "the requested leverage, 2 being the agent's cap,",
    [1, 2, 3],
    (leverage) => ({ request: { requested_leverage: asNumber(leverage) } }),
    own({ leverage: 2 }),
  ),
  // At 5x a long is 1 - 0.8/0.996 = 0.19679 from liquidation, at 4x 0.24699.
  bound(
    'BUDGET_LEVERAGE',
    'the requested leverage when 0.2 must be kept from liquidation [PK-113]',
    [3, 4, 5],
    (leverage) => ({ request: { requested_leverage: asNumber(leverage) } }),
    {
      context: { market: { rules: { bracket_caps: Array.from({ length: 10 }, () => 1_000_000) } } },
      policy: { budgets: { leverage: 10 }, account: { min_liquidation_distance: 0.2 } },
    },
  ),
  bound('BUDGET_NOTIONAL', 'the order cap in USDT [PK-7]', [601, 600, 599], (cap) => ({
    policy: { budgets: { order_notional_usdt: asNumber(cap) } },
  })),
  bound('BUDGET_SYMBOL', 'the exposure of the symbol in USDT', [1799, 1800, 1801], (usdt) => ({
    context: { exposure: { long_units: units(asNumber(usdt)) } },
  })),
  bound('BUDGET_SYMBOL', 'the symbol cap in USDT [PK-8]', [601, 600, 599], (cap) => ({
    policy: { budgets: { symbol_notional_usdt: asNumber(cap) } },
  })),
  bound('BUDGET_GROSS', 'the exposure of the other symbols in USDT [PK-9]', [2999, 3000, 3001], (usdt) => ({
    context: { exposure: { gross_other_usdt: asNumber(usdt) } },
  })),
  bound('BUDGET_ACCOUNT_LEVERAGE', 'equity in USDT [PK-6]', [201, 200, 199], (equity) => ({
    context: { account: { equity_usdt: asNumber(equity) } },
  })),
  bound(
    'BUDGET_CONCENTRATION',
    'the exposure of the other symbols in USDT, half being the largest share, [PK-111]',
    [601, 600, 599],
    (usdt) => ({ context: { exposure: { gross_other_sent_usdt: asNumber(usdt), gross_other_usdt: asNumber(usdt) } } }),
    FLOORLESS,
  ),
  bound('BUDGET_CONCENTRATION', 'the concentration floor in USDT [PK-112]', [601, 600, 599], (floor) => ({
    policy: { account: { concentration: { floor_usdt: asNumber(floor) } } },
  })),
  bound('BUDGET_BRACKET', 'the bracket at 2x in USDT', [601, 600, 599], (cap) => ({
    context: { market: { rules: { bracket_caps: [1e6, asNumber(cap), 0] } } },
  })),
  // 600 (1/2 + 2 * 0.0005 + 0.001) + 10 = 311.2
  bound('BUDGET_MARGIN', 'the available balance in USDT [PK-114]', [312.2, 311.2, 310.2], (available) => ({
    context: { account: { available_usdt: asNumber(available) } },
  })),
  bound('BUDGET_MARGIN', 'the margin of reservations in USDT', [8688.7, 8688.8, 8688.9], (reserved) => ({
    context: { account: { reserved_margin_usdt: asNumber(reserved) } },
  })),
  // Locked at 1x the venue takes the whole notional as margin: 600 (1 + 0.002) + 10 = 611.2
  bound(
    'BUDGET_MARGIN',
    'the available balance in USDT with the setting locked at 1x',
    [612.2, 611.2, 610.2],
    (available) => ({ context: { account: { available_usdt: asNumber(available) } } }),
    { context: { market: { leverage_locked: true, leverage_setting: 1 } } },
  ),
  bound('BUDGET_TURNOVER', 'the turnover of the day in USDT', [19_399, 19_400, 19_401], (turnover) => ({
    context: { pacing: { turnover_usdt: asNumber(turnover) } },
  })),
  bound('BUDGET_TURNOVER', 'the turnover still to come in USDT', [19_399, 19_400, 19_401], (pending) => ({
    context: { pacing: { pending_turnover_usdt: asNumber(pending) } },
  })),
  // (10 - 9.7) / 0.0005 = 600
  bound('BUDGET_FEES', 'the sum of fees of the day in USDT', [9.69, 9.7, 9.71], (fees) => ({
    context: { pacing: { fees_usdt: asNumber(fees) } },
  })),
  bound('BUDGET_AGENT', "the agent's order cap in USDT [PK-32]", [601, 600, 599], (cap) =>
    own({ order_notional_usdt: asNumber(cap) }),
  ),
  bound(
    'BUDGET_AGENT',
    "the agent's exposure of the symbol in USDT, 1000 being its cap, [PK-32]",
    [399, 400, 401],
    (usdt) => ({ context: { agent: { long_units: units(asNumber(usdt)) } } }),
    own({ symbol_notional_usdt: 1000 }),
  ),
  bound(
    'BUDGET_AGENT',
    "the agent's exposure of other symbols in USDT, 1000 being its gross cap, [PK-32]",
    [399, 400, 401],
    (usdt) => ({ context: { agent: { gross_other_usdt: asNumber(usdt) } } }),
    own({ gross_notional_usdt: 1000 }),
  ),
  bound(
    'BUDGET_AGENT',
    "the agent's turnover still to come in USDT, 300 having been traded of 1000 for the day,",
    [99, 100, 101],
    (usdt) => ({ context: { agent: { turnover_usdt: 300, pending_turnover_usdt: asNumber(usdt) } } }),
    own({ turnover_usdt_per_day: 1000 }),
  ),
  // (1 - 0.5 - 0.2) / 0.0005 = 600
  bound(
    'BUDGET_AGENT',
    "the fees on the agent's turnover still to come in USDT, 0.5 having been paid of 1 for the day,",
    [0.19, 0.2, 0.21],
    (usdt) => ({ context: { agent: { fees_usdt: 0.5, pending_fees_usdt: asNumber(usdt) } } }),
    own({ fees_usdt_per_day: 1 }),
  ),
  row(12, 'SAE-PROJ', 'BELOW_MINIMUM', {
    what: "the venue's least notional for an order of one lot at 60000, sent at 60060,",
    setting: { request: { requested_notional: 61 } },
    cases: { pass: [60.05, 60.06], deny: [60.07] },
    change: (least) => ({ context: { market: { rules: { min_notional_usdt: asNumber(least) } } } }),
  }),
  row(12, 'SAE-PROJ', 'BELOW_MINIMUM', {
    what: "the venue's least quantity in lots",
    cases: { pass: [8, 9], deny: [10] },
    // At 60060 a lot is 60.06 USDT: 600 USDT are nine lots.
    change: (least) => ({
      request: { requested_notional: 600 },
      context: { market: { rules: { min_lots: asNumber(least) } } },
    }),
  }),
  bound('ABOVE_MAXIMUM', "the venue's largest order in lots", [11, 10, 9], (most) => ({
    context: { market: { rules: { max_lots: asNumber(most) } } },
  })),
  row(13, 'SAE-PROJ', 'LOT_ROUNDING', {
    what: 'what is asked for, USDT, ten lots being 600.60,',
    cases: { pass: [600.6, 606.66, 660.66], tighten: [606.67, 660.6] },
    change: (usdt) => ({ request: { requested_notional: asNumber(usdt) } }),
  }),
];

const sell = (lots: number): Change => ({ request: { side: 'sell', intent: 'close', requested_notional: lots * 60 } });
/** An amend of a resting buy of ten lots at 59900. */
const MODIFY: Change = {
  request: {
    tool: 'modify_order',
    intent: 'modify',
    client_order_id: 'hfabc0001',
    side: null,
    order_type: null,
    requested_leverage: null,
    max_slippage_bps: null,
  },
  context: { order: baseOrder },
};
const EXIT_ROWS: readonly Row[] = [
  row(11, 'BY-14', 'PRICE_OUT_OF_RANGE', {
    what: 'the limit of a take-profit, 4529764 being the venue’s highest price,',
    setting: { ...LONG_TEN, ...sell(10) },
    cases: { pass: [4_529_763.9, 4_529_764], tighten: [4_529_764.1, 9_999_999] },
    change: (price) => ({
      request: { order_type: 'limit', limit_price: asNumber(price), side: 'sell', intent: 'close' },
    }),
  }),
  bound(
    'EXIT_CLIPPED',
    'a closing sale in lots against ten long',
    [9, 10, 11],
    (lots) => sell(asNumber(lots)),
    LONG_TEN,
  ),
  bound(
    'EXIT_CLIPPED',
    "a closing sale in lots against the agent's own share of four",
    [3, 4, 5],
    (lots) => sell(asNumber(lots)),
    { context: { exposure: { long_lots: 10, long_units: 6_000_000 }, agent: { share_lots: 4 } } },
  ),
  row(12, 'SAE-OOS-STATE', 'NOT_REDUCING', {
    what: 'the position in lots that a closing sale meets',
    setting: sell(5),
    cases: { pass: [1], deny: [0, -1] },
    change: (lots) => ({
      context: {
        exposure: { long_lots: Math.max(0, asNumber(lots)), short_lots: Math.max(0, -asNumber(lots)) },
        agent: { share_lots: asNumber(lots) },
      },
    }),
  }),
  row(6, 'SAE-M4', 'EXITS_RESTING', {
    what: "the number of the agent's exits that rest, three being the most, when one more would [PK-60]",
    setting: {
      ...LONG_TEN,
      request: { side: 'sell', intent: 'close', requested_notional: 300, order_type: 'limit', limit_price: 60_100 },
      policy: { exits: { resting: 3 } },
    },
    cases: { pass: [2], deny: [3, 4] },
    change: (count) => ({ context: { agent: { resting_exits: asNumber(count) } } }),
  }),
  row(6, 'SAE-M4', 'EXITS_RESTING', {
    what: "the number of the agent's exits that rest, where the policy says nothing, [PK-61]",
    setting: {
      ...LONG_TEN,
      request: { side: 'sell', intent: 'close', requested_notional: 300, order_type: 'limit', limit_price: 60_100 },
    },
    cases: { pass: [49], deny: [50, 51] },
    change: (count) => ({ context: { agent: { resting_exits: asNumber(count) } } }),
  }),
  row(6, 'SAE-M4', 'EXITS_RESTING', {
    what: "the number of all agents' exits that rest in the symbol, half of what the venue takes being the most,",
    setting: {
      ...LONG_TEN,
      request: { side: 'sell', intent: 'close', requested_notional: 300, order_type: 'limit', limit_price: 60_100 },
    },
    cases: { pass: [99], deny: [100, 101] },
    change: (count) => ({ context: { agent: { symbol_resting_exits: asNumber(count) } } }),
  }),
  row(6, 'SAE-OOS-STATE', 'EXITS_RESTING', {
    isNever: true,
    what: 'the number of exits that rest, when one that closes at once is asked for,',
    setting: {
      ...LONG_TEN,
      request: { side: 'sell', intent: 'close', requested_notional: 300, order_type: 'limit', limit_price: 59_900 },
    },
    cases: { pass: [49, 50, 51] },
    change: (count) => ({ context: { agent: { resting_exits: asNumber(count) } } }),
  }),
  row(12, 'SAE-T', 'EXIT_SCOPE', {
    what: "the agent's own share of ten lots",
    setting: { ...LONG_TEN, ...sell(5) },
    cases: { pass: [1], deny: [0, -1] },
    change: (share) => ({ context: { agent: { share_lots: asNumber(share) } } }),
  }),
  row(12, 'SAE-R', 'MODIFY_NOT_ALLOWED', {
    what: 'the new total of a resting buy in lots, twenty being the order cap,',
    setting: MODIFY,
    cases: { pass: [19, 20], deny: [21] },
    change: (lots) => ({ request: { requested_notional: asNumber(lots) * 60 } }),
  }),
  row(12, 'BY-07', 'ORDER_UNCHANGED', {
    what: 'the new price of a resting buy at 59900',
    setting: MODIFY,
    cases: { pass: [59_899.9, 59_900.1], deny: [59_900] },
    change: (price) => ({ request: { limit_price: asNumber(price), requested_notional: 600 } }),
  }),
  row(12, 'BY-07', 'BELOW_MINIMUM', {
    what: 'the new price of ten resting lots, 50 USDT being the venue’s minimum,',
    setting: MODIFY,
    cases: { pass: [5_000.1, 5_000], deny: [4_999.9] },
    change: (price) => ({ request: { limit_price: asNumber(price), requested_notional: null } }),
  }),
  row(11, 'BY-07', 'PRICE_OUT_OF_RANGE', {
    what: 'the new price of a resting buy, 556.80 being the venue’s lowest,',
    setting: MODIFY,
    cases: { pass: [556.9, 556.8], deny: [556.7] },
    change: (price) => ({
      request: { limit_price: asNumber(price), requested_notional: 6_000 },
      context: { order: { ...baseOrder, lots: 100 } },
    }),
  }),
];

export const ORDER_ROWS: readonly Row[] = [...BUDGET_ROWS, ...EXIT_ROWS];
