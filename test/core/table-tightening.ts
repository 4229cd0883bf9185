import { type Change, NOW } from './decision-fixture.ts';
import { ASKS_TOO_MUCH, asNumber, asText, LONG_TEN, type Row, row } from './table-row.ts';

/** Rules 7 to 10: what the market, the account, trust and the agent's own record do to the budgets. */
const MARKET_ROWS: readonly Row[] = [
  row(7, 'SAE-M SAE-VOL', 'REGIME_TIGHTENED', {
    what: 'sigma, its baseline being 0.02,',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [0.0199], tighten: [0.02, 0.0201] },
    change: (sigma) => ({ context: { market: { sigma: asNumber(sigma) } } }),
  }),
  row(7, 'SAE-M SAE-VOL', 'REGIME_TIGHTENED', {
    what: 'sigma in a market whose baseline is high',
    setting: { ...ASKS_TOO_MUCH, context: { market: { sigma_baseline: 1 } } },
    cases: { pass: [0.0249], tighten: [0.025, 0.0251] },
    change: (sigma) => ({ context: { market: { sigma: asNumber(sigma) } } }),
  }),
  row(7, 'SAE-M SAE-LIQ', 'REGIME_TIGHTENED', {
    what: 'liquidity, its floor being 10,',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [11, 10], tighten: [9] },
    change: (liquidity) => ({ context: { market: { liquidity: asNumber(liquidity) } } }),
  }),
  row(7, 'SAE-M', 'REGIME_TIGHTENED', {
    what: 'the number of values in the baseline',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [241, 240], tighten: [239] },
    change: (count) => ({ context: { market: { history_count: asNumber(count) } } }),
  }),
  ...(
    [
      ['sigma', 'SAE-VOL', [0.0399, 0.04, 0.0401], (sigma) => ({ sigma })],
      ['the funding rate', 'SAE-FUND', [0.0099, 0.01, 0.0101], (rate) => ({ funding_rate_8h: rate })],
      ['the funding rate against longs', 'SAE-FUND', [-0.0099, -0.01, -0.0101], (rate) => ({ funding_rate_8h: rate })],
      ['the jump ratio', 'SAE-VOL', [5.99, 6, 6.01], (ratio) => ({ jump_ratio: ratio })],
    ] as const satisfies readonly (readonly [string, string, readonly number[], (value: number) => object])[]
  ).map(
    ([what, clause, [below, limit, above], market]): Row =>
      row(7, `SAE-M ${clause}`, 'REGIME_REDUCE_ONLY', {
        what: `${what}, extreme being reduce-only, [PK-75 PK-169]`,
        setting: { policy: { market: { regimes: { extreme: { reduce_only: true } } } } },
        cases: { pass: [below], deny: [limit, above] },
        change: (value) => ({ context: { market: market(asNumber(value)) } }),
      }),
  ),
];

type Figure = 'drawdown' | 'daily_loss' | 'margin_ratio';
const tierRows = (code: Row['code'], clause: string, figure: Figure, tightens: number, denies: number): Row[] =>
  (
    [
      [tightens, 'tighten'],
      [denies, 'deny'],
    ] as const
  ).map(([limit, raised]) =>
    row(8, clause, code, {
      what: `${figure} of the account [PK-102 PK-103 PK-104]`,
      setting: ASKS_TOO_MUCH,
      cases:
        raised === 'deny'
          ? { tighten: [limit - 0.0001], deny: [limit, limit + 0.0001] }
          : { pass: [limit - 0.0001], tighten: [limit, limit + 0.0001] },
      change: (value) => ({ context: { account: { [figure]: asNumber(value) } } }),
    }),
  );

const ACCOUNT_ROWS: readonly Row[] = [
  row(8, 'SAE-U', 'ACCOUNT_DRAWDOWN', {
    what: 'the drawdown where there are no tiers [PK-106]',
    isNever: true,
    setting: { ...ASKS_TOO_MUCH, policy: { account: { drawdown: { tiers: [] } } } },
    cases: { pass: [0, 0.5, 1] },
    change: (drawdown) => ({ context: { account: { drawdown: asNumber(drawdown) } } }),
  }),
  ...tierRows('ACCOUNT_DRAWDOWN', 'SAE-U SAE-DD', 'drawdown', 0.05, 0.1),
  ...tierRows('ACCOUNT_DAILY_LOSS', 'SAE-U SAE-DD', 'daily_loss', 0.03, 0.05),
  ...tierRows('ACCOUNT_MARGIN_RATIO', 'SAE-U', 'margin_ratio', 0.5, 0.8),
  row(8, 'SAE-U', 'ACCOUNT_LIQUIDATION_DISTANCE', {
    what: 'the distance of the liquidation price [PK-113]',
    setting: LONG_TEN,
    cases: { pass: [0.1501, 0.15], deny: [0.1499] },
    change: (distance) => ({ context: { exposure: { liquidation_distance: asNumber(distance) } } }),
  }),
  row(8, 'SAE-R', 'ACCOUNT_POSITIONS', {
    what: 'the number of other symbols with exposure [PK-13]',
    cases: { pass: [1], deny: [2, 3] },
    change: (count) => ({ context: { exposure: { other_positions: asNumber(count) } } }),
  }),
  row(8, 'SAE-R', 'ACCOUNT_POSITIONS', {
    what: 'the number of other symbols while this one has exposure already [PK-13]',
    setting: LONG_TEN,
    cases: { pass: [2, 3, 4] },
    change: (count) => ({ context: { exposure: { other_positions: asNumber(count) } } }),
    isNever: true,
  }),
  row(8, 'SAE-R', 'ACCOUNT_POSITIONS', {
    what: "the number of the agent's own other symbols, one being its cap,",
    setting: { policy: { agents: { alice: { budgets: { concurrent_positions: 1 } } } } },
    cases: { pass: [0], deny: [1, 2] },
    change: (count) => ({ context: { agent: { other_positions: asNumber(count) } } }),
  }),
  row(8, 'SAE-R', 'ACCOUNT_HOLDING_TIME', {
    what: 'the age of the position in ms [PK-12]',
    setting: LONG_TEN,
    cases: { pass: [259_199_999], deny: [259_200_000, 259_200_001] },
    change: (age) => ({ context: { exposure: { position_since_ms: NOW - asNumber(age) } } }),
  }),
  row(8, 'SAE-R', 'ACCOUNT_HOLDING_TIME', {
    what: "the age of the position in ms, 1000 being the agent's cap,",
    setting: { ...LONG_TEN, policy: { agents: { alice: { budgets: { holding_time_ms: 1000 } } } } },
    cases: { pass: [999], deny: [1000, 1001] },
    change: (age) => ({ context: { exposure: { position_since_ms: NOW - asNumber(age) } } }),
  }),
];

const anomaly = (kind: string): Change['context'] & object =>
  kind === 'none'
    ? {}
    : { trust: { signals: [kind === 'injection' ? 'injection' : kind === 'narrative' ? 'narrative' : 'anomaly'] } };
const TRUST_ROWS: readonly Row[] = [
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'provenance [PK-118 PK-122 PK-126]',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [0.4001, 0.4], tighten: [0.3999] },
    change: (provenance) => ({ policy: { trust: { default: { provenance: asNumber(provenance) } } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_REDUCE_ONLY', {
    what: 'provenance, the tier being reduce-only, [PK-125]',
    setting: { policy: { trust: { tiers: [{ provenance_below: 0.4, reduce_only: true }] } } },
    cases: { pass: [0.4001, 0.4], deny: [0.3999] },
    change: (provenance) => ({ policy: { trust: { default: { provenance: asNumber(provenance) } } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'provenance where there are no tiers [PK-127]',
    isNever: true,
    setting: { ...ASKS_TOO_MUCH, policy: { trust: { tiers: [] } } },
    cases: { pass: [1, 0.1, 0] },
    change: (provenance) => ({ policy: { trust: { default: { provenance: asNumber(provenance) } } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'capability risk [PK-118 PK-123 PK-126]',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [0.6999, 0.7], tighten: [0.7001] },
    change: (risk) => ({ policy: { trust: { default: { capability_risk: asNumber(risk) } } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'the digest that the caller claims [PK-119]',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [null, 'a'.repeat(64)], tighten: ['b'.repeat(64), 'c'.repeat(64)] },
    change: (digest) => ({ context: { trust: { claimed_skill_sha256: digest === null ? null : asText(digest) } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'the good skill that a token of low trust claims',
    setting: { ...ASKS_TOO_MUCH, policy: { trust: { default: { provenance: 0.3, capability_risk: 0.8 } } } },
    cases: { tighten: [null, 'a'.repeat(64)] },
    change: (digest) => ({ context: { trust: { claimed_skill_sha256: digest === null ? null : asText(digest) } } }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_TIGHTENED', {
    what: 'the active signal of an agent that asks for too much [PK-115]',
    setting: ASKS_TOO_MUCH,
    cases: { pass: ['none'], tighten: ['injection', 'narrative'] },
    change: (kind) => ({ context: anomaly(asText(kind)) }),
  }),
  row(9, 'SAE-TRUST SAE-M2', 'TRUST_REDUCE_ONLY', {
    what: 'the active signal [PK-116]',
    cases: { pass: ['none', 'injection'], deny: ['anomaly'] },
    change: (kind) => ({ context: anomaly(asText(kind)) }),
  }),
  row(10, 'SAE-U', 'TRADER_STATE_TIGHTENED', {
    what: 'p_t [PK-19 PK-21]',
    setting: ASKS_TOO_MUCH,
    cases: { pass: [0.4999], tighten: [0.5, 0.5001] },
    change: (p) => ({ context: { agent: { p_risk: asNumber(p) } } }),
  }),
  row(10, 'SAE-U', 'TRADER_STATE_BLOCKED', {
    what: 'p_t with enforce_block [PK-20 PK-22]',
    setting: { policy: { trader_state: { enforce_block: true } } },
    cases: { pass: [0.6999], deny: [0.7, 0.7001] },
    change: (p) => ({ context: { agent: { p_risk: asNumber(p) } } }),
  }),
  row(10, 'SAE-U', 'TRADER_STATE_BLOCKED', {
    what: "p_t with the agent's own block_at and enforce_block [PK-34]",
    setting: { policy: { agents: { alice: { trader_state: { block_at: 0.6, enforce_block: true } } } } },
    cases: { pass: [0.5999], deny: [0.6, 0.6001] },
    change: (p) => ({ context: { agent: { p_risk: asNumber(p) } } }),
  }),
  row(10, 'SAE-U', 'TRADER_STATE_BLOCKED', {
    what: 'p_t without enforce_block [PK-23]',
    isNever: true,
    cases: { pass: [0.7, 0.9, 1] },
    change: (p) => ({ context: { agent: { p_risk: asNumber(p) } } }),
  }),
  row(10, 'SAE-U', 'AGENT_LOSS', {
    what: "the agent's own loss of the day in USDT [PK-158 PK-159 PK-160]",
    setting: {
      policy: {
        agents: {
          alice: {
            loss: {
              day: [
                { at_usdt: 25, multiplier: 0.5 },
                { at_usdt: 50, reduce_only: true },
              ],
            },
          },
        },
      },
      ...ASKS_TOO_MUCH,
    },
    cases: { pass: [-80, 24.99], tighten: [25, 49.99], deny: [50, null] },
    change: (usdt) => ({
      context: { agent: { losses: { day_usdt: usdt === null ? null : asNumber(usdt), week_usdt: 0 } } },
    }),
  }),
  row(10, 'SAE-U', 'AGENT_LOSS', {
    what: "the agent's own loss of seven days in USDT [PK-158]",
    setting: { policy: { agents: { alice: { loss: { week: [{ at_usdt: 80, reduce_only: true }] } } } } },
    cases: { pass: [79.99], deny: [80, 80.01] },
    change: (usdt) => ({ context: { agent: { losses: { day_usdt: 500, week_usdt: asNumber(usdt) } } } }),
  }),
];

export const TIGHTENING_ROWS: readonly Row[] = [...MARKET_ROWS, ...ACCOUNT_ROWS, ...TRUST_ROWS];
