import fc from 'fast-check';
import type { RulesView } from '../../daemon/core/arithmetic/quantities.ts';
import type {
  ApprovalView,
  ExecutionContext,
  HoldingView,
  LossesView,
  OpeningsView,
  PacingView,
} from '../../daemon/core/context.ts';
import { REGIMES, type Regime, SIGNAL_KINDS, type SignalKind } from '../../daemon/core/policy.ts';
import { baseAccount, baseContext, baseRules, NOW, withChange } from './decision-fixture.ts';
import { mostlyUsual, near, usdt } from './draw.ts';

/** Contexts at, just inside and just outside every limit, over symbols with different lots, ticks and minimums. */
interface SymbolSample {
  readonly mark: number;
  readonly rules: RulesView;
}
const symbols = fc.constantFrom<SymbolSample>(
  { mark: 60_000, rules: baseRules },
  { mark: 60_000.1, rules: baseRules },
  { mark: 60_000.15, rules: baseRules },
  { mark: 3000.01, rules: { ...baseRules, tick_scale: 100, min_notional_usdt: 20 } },
  { mark: 0.12345, rules: { ...baseRules, lot_scale: 1, tick_scale: 100_000, min_notional_usdt: 5, max_lots: 9000 } },
  { mark: 150, rules: { ...baseRules, lot_scale: 10, tick_mantissa: 5, tick_scale: 100, min_lots: 3 } },
);
const instant = (limitMs: number): fc.Arbitrary<number | null> =>
  fc.constantFrom(NOW - limitMs + 1, NOW - limitMs, NOW - limitMs - 1, NOW + 1000, NOW + 1001, null);
const digest = fc.constantFrom('a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64), null);
/** Lots of 60 USDT; other symbols take the like value. */
const lots = fc.integer({ min: 1, max: 14 });

const grants = fc.record({
  agent: fc.constantFrom('alice', 'alice', 'alice', 'bob'),
  approval_id: fc.constant('d-abcdef-1'),
  expires_at_ms: fc.constantFrom(NOW + 60_000, NOW + 1, NOW),
  leverage: fc.constantFrom(3, 2, 1),
  lots: fc.constantFrom(1_000_000, 10, 7, 1),
  policy_hash: fc.constantFrom('test', 'test', 'test', 'other'),
  price_ticks: fc.constantFrom(600_600, 600_599, 600_000, 599_999, 599_400, 10_000_000),
  quorum: fc.constantFrom(1, 1, 2),
  side: fc.constantFrom('buy', 'sell'),
  symbol: fc.constantFrom('BTCUSDT', 'BTCUSDT', 'BTCUSDT', 'ETHUSDT'),
});
const approvals: fc.Arbitrary<ApprovalView> = fc.record({
  approved_usdt: usdt,
  grant: fc.oneof(fc.constant(null), grants),
  opened_usdt: fc.oneof(fc.constant(0), usdt),
  order_price_ticks: fc.constantFrom(null, 600_000, 600_600),
  pending_count: fc.constantFrom(0, 0, 1, 3),
  pending_id: fc.constantFrom(null, 'd-abcdef-2'),
});
const FREE: HoldingView = {
  exit_decision: null,
  exit_until_ms: null,
  held_by: null,
  is_unowned: false,
  open_exits: 0,
  unproven_order: null,
};
const holdings: fc.Arbitrary<HoldingView> = fc
  .oneof(
    fc.constantFrom<Partial<HoldingView>>(
      { held_by: 'another' },
      { held_by: 'released' },
      { is_unowned: true },
      { unproven_order: 'hfabc0009' },
      { exit_decision: 'd-abcdef-9' },
      { exit_decision: 'd-abcdef-9', exit_until_ms: NOW + 90_000 },
    ),
    fc.constantFrom(9, 10, 11).map((parts) => ({ exit_decision: 'd-abcdef-9', open_exits: parts })),
  )
  .map((stands) => ({ ...FREE, ...stands }));

const usual = {
  symbol: { mark: 60_000, rules: baseRules } as SymbolSample,
  spread: 0,
  skewBps: 0,
  position: 0,
  openBuys: 0,
  openSells: 0,
  grossOther: 0,
  sentShare: 1,
  otherPositions: 0,
  otherRegime: null as Regime | null,
  heldRegime: 'calm' as Regime,
  sigma: 0.01 as number | null,
  jump: 0.5 as number | null,
  funding: 0.0001 as number | null,
  liquidity: 100 as number | null,
  history: 2880,
  barCount: 3000,
  drawdown: 0,
  dailyLoss: 0,
  marginRatio: 0.01,
  equity: 10_000,
  available: 9000,
  reserved: 0,
  signals: [] as readonly SignalKind[],
  tokenSkill: null as string | null,
  claimedSkill: null as string | null,
  pRisk: 0.1,
  markAt: (NOW - 1) as number | null,
  otherMarkAt: null as number | null,
  quoteAt: (NOW - 1) as number | null,
  accountAt: (NOW - 1) as number | null,
  fundingAt: (NOW - 1) as number | null,
  rulesAt: (NOW - 1) as number | null,
  barsAt: (NOW - 1) as number | null,
  clockSkew: 10 as number | null,
  sends: { account_sends: 0, agent_sends: 0 },
  breaker: null as number | null,
  venueFree: null as number | null,
  /** What stands against opening there; undefined: nothing. */
  holding: undefined as HoldingView | undefined,
  /** What else opens there; undefined: nothing. */
  openings: undefined as OpeningsView | undefined,
  spent: { fees_usdt: 0, pending_fees_usdt: 0, pending_turnover_usdt: 0, turnover_usdt: 0 },
  lastFill: null as number | null,
  lastParent: null as number | null,
  agent: {
    fees_usdt: 0,
    gross_other_usdt: 0,
    other_positions: 0,
    pending_fees_usdt: 0,
    pending_turnover_usdt: 0,
    resting_exits: 0,
    symbol_resting_exits: 0,
    turnover_usdt: 0,
  },
  /** Null: none is recorded. */
  losses: null as LossesView | null,
  agentLots: 0,
  shareKind: 'whole' as 'whole' | 'half' | 'none' | 'foreign',
  liquidation: null as number | null,
  since: null as number | null,
  leverageSetting: null as number | null,
  state: 'active' as ExecutionContext['state']['state'],
  schema: null as string | null,
  duplicate: null as string | null,
  phase: 'parent' as ExecutionContext['phase'],
  sliceLots: 10,
  exitRung: 0,
  parentPrice: 0,
  approval: undefined as ApprovalView | undefined,
  brackets: 0,
  /** Lowest and highest price of the venue, in ticks from the mark; null: far away. */
  priceRange: null as readonly [number, number] | null,
};
type Drawn = typeof usual;

const odd: { readonly [key in keyof Drawn]: fc.Arbitrary<Drawn[key]> } = {
  approval: approvals,
  symbol: symbols,
  spread: fc.constantFrom(1, 2, 5, 119, 120, 900),
  skewBps: fc.constantFrom(99, 100, 101, -99, -100, -101, 37),
  position: fc.integer({ min: -12, max: 12 }),
  openBuys: lots,
  openSells: lots,
  grossOther: usdt,
  sentShare: fc.constantFrom(1, 1, 0.5, 0),
  otherPositions: fc.constantFrom(1, 2, 3),
  otherRegime: fc.constantFrom(...REGIMES),
  heldRegime: fc.constantFrom('volatile', 'extreme'),
  sigma: fc.constantFrom(0.0199, 0.02, 0.0249, 0.025, 0.0399, 0.04, 0.06, null),
  jump: fc.oneof(near(6, 0.001), fc.constant(null)),
  funding: fc.constantFrom(0.0099, 0.01, -0.01, 0.0101, null),
  liquidity: fc.oneof(near(10, 1), fc.constant(null)),
  history: near(240, 1),
  barCount: near(60, 1),
  drawdown: fc.constantFrom(0.0499, 0.05, 0.0999, 0.1),
  dailyLoss: fc.constantFrom(0.0299, 0.03, 0.0499, 0.05),
  marginRatio: fc.constantFrom(0.4999, 0.5, 0.7999, 0.8),
  equity: fc.constantFrom(600, 599.99, 400, 200, 0, -50),
  available: fc.constantFrom(620, 310, 300.5, 210, 100, 9.99),
  reserved: fc.constantFrom(50, 290, 8700, 8800),
  signals: fc.subarray([...SIGNAL_KINDS], { minLength: 1, maxLength: 2 }),
  tokenSkill: digest,
  claimedSkill: digest,
  pRisk: fc.constantFrom(0.4999, 0.5, 0.6999, 0.7),
  markAt: instant(5000),
  otherMarkAt: instant(5000),
  quoteAt: instant(5000),
  accountAt: instant(10_000),
  fundingAt: instant(3_600_000),
  rulesAt: instant(3_600_000),
  barsAt: instant(1_800_000),
  clockSkew: fc.constantFrom(1000, 1001, null),
  sends: fc.record({ account_sends: fc.constantFrom(7, 8, 9, 10, 18, 19, 20), agent_sends: fc.constantFrom(1, 2, 3) }),
  breaker: near(NOW, 1),
  venueFree: near(NOW, 1),
  holding: holdings,
  openings: fc.constantFrom<OpeningsView>(
    { own: 19, all: 19, venue_limit: 200 },
    { own: 20, all: 20, venue_limit: 200 },
    { own: 1, all: 3, venue_limit: 9 },
    { own: 1, all: 4, venue_limit: 9 },
    { own: 0, all: 1, venue_limit: 1 },
  ),
  spent: fc.record({
    fees_usdt: fc.constantFrom(0, 0, 0.29, 9.5, 9.99, 10),
    pending_fees_usdt: fc.constantFrom(0, 0, 0.03, 0.25),
    pending_turnover_usdt: fc.constantFrom(0, 0, 60, 500.5),
    turnover_usdt: fc.constantFrom(0, 0, 700, 1199.99, 19_400, 19_999.99, 20_000),
  }),
  lastFill: near(NOW - 60_000, 1),
  lastParent: fc.oneof(near(NOW - 60_000, 1), near(NOW - 120_000, 1)),
  agent: fc.record({
    fees_usdt: fc.constantFrom(0, 0.99, 1),
    gross_other_usdt: fc.constantFrom(0, 300, 540),
    other_positions: fc.constantFrom(0, 1),
    pending_fees_usdt: fc.constantFrom(0, 0, 0.03, 0.25),
    pending_turnover_usdt: fc.constantFrom(0, 0, 60, 500.5),
    resting_exits: fc.constantFrom(0, 49, 50, 51),
    symbol_resting_exits: fc.constantFrom(0, 99, 100, 101),
    turnover_usdt: fc.constantFrom(0, 999.99, 1000),
  }),
  losses: fc.record({
    day_usdt: fc.constantFrom(-5, 24.99, 25, 49.99, 50, null),
    week_usdt: fc.constantFrom(0, 79.99, 80),
  }),
  agentLots: lots,
  shareKind: fc.constantFrom('half', 'none', 'foreign'),
  liquidation: fc.constantFrom(0.1499, 0.15, 0.5),
  since: fc.oneof(near(NOW - 259_200_000, 1), near(NOW - 1000, 1)),
  leverageSetting: fc.integer({ min: 1, max: 11 }),
  state: fc.constantFrom('reducing', 'halted'),
  schema: fc.constant('args.order_type: must be equal to one of the allowed values'),
  duplicate: fc.constant('d1'),
  phase: fc.constantFrom('slice', 'standing'),
  sliceLots: lots,
  exitRung: fc.constantFrom(1, 3, 4),
  parentPrice: fc.constantFrom(-20, -5, 5, 20),
  brackets: fc.constantFrom(1, 2, 3),
  priceRange: fc.constantFrom([-1, 1], [-7, 25], [0, 1e6], [13, 1e6], [-1e6, 0], [-1e6, -13]),
};

function priceRange(d: Drawn, tick: number): Pick<RulesView, 'max_price_ticks' | 'min_price_ticks'> {
  const markTicks = Math.round(d.symbol.mark / tick);
  const [low, high] = d.priceRange ?? [-1e9, 1e9];
  return { max_price_ticks: markTicks + high, min_price_ticks: Math.max(1, markTicks + low) };
}

function describeMarket(d: Drawn, middle: number, tick: number): ExecutionContext['market'] {
  const quote = (ticks: number): number | null =>
    d.quoteAt === null ? null : Number(((middle + ticks) * tick).toFixed(5));
  const { mark, rules } = d.symbol;
  const caps = [
    [1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6, 1e6],
    [6000, 3000, 660, 600, 0, 0, 0, 0, 0, 0],
    [9000, 1200, 300, 0, 0, 0, 0, 0, 0, 0],
    [700, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ][d.brackets];
  return {
    ...baseContext.market,
    ask: quote(d.spread),
    bar_count: d.barCount,
    bars_as_of_ms: d.barsAt,
    bid: quote(-d.spread),
    funding_at_ms: d.fundingAt,
    funding_rate_8h: d.funding,
    held_regime: d.heldRegime,
    history_count: d.history,
    jump_ratio: d.jump,
    leverage_locked: d.leverageSetting !== null,
    leverage_setting: d.leverageSetting,
    liquidity: d.liquidity,
    mark: d.markAt === null ? null : mark,
    mark_at_ms: d.markAt,
    quote_at_ms: d.quoteAt,
    rules:
      d.rulesAt === null
        ? null
        : { ...rules, ...priceRange(d, tick), bracket_caps: caps ?? [], observed_at_ms: d.rulesAt },
    sigma: d.sigma,
  };
}

function describePacing(d: Drawn, side: 'buy' | 'sell'): PacingView {
  return {
    ...baseContext.pacing,
    ...d.sends,
    ...d.spent,
    breaker_until_ms: d.breaker,
    last_open_fill_at_ms: d.lastFill,
    last_open_fill_side: d.lastFill === null ? null : side,
    last_open_parent_at_ms: d.lastParent,
    ...(d.venueFree === null ? {} : { venue_sends_free_at_ms: d.venueFree }),
  };
}

function describeContext(d: Drawn, fillSide: 'buy' | 'sell'): ExecutionContext {
  const { mark, rules } = d.symbol;
  const tick = rules.tick_mantissa / rules.tick_scale;
  const markTicks = Math.ceil(mark / tick - 1e-6);
  const scale = Math.max(1, Math.round(60 / ((mark * rules.lot_mantissa) / rules.lot_scale)));
  const long = Math.max(0, d.position) * scale;
  const short = Math.max(0, -d.position) * scale;
  const middle = Math.round((mark * (1 + d.skewBps / 1e4)) / tick);
  const owned = { whole: 1, half: 0.5, none: 0, foreign: 0 }[d.shareKind];
  const isForeign = d.shareKind === 'foreign' && d.position !== 0;
  const holding = isForeign ? { ...FREE, ...d.holding, held_by: 'another' } : d.holding;
  return {
    ...baseContext,
    ...(d.approval === undefined ? {} : { approval: d.approval }),
    account:
      d.accountAt === null
        ? null
        : withChange(baseAccount, {
            available_usdt: d.available,
            daily_loss: d.dailyLoss,
            drawdown: d.drawdown,
            equity_usdt: d.equity,
            margin_ratio: d.marginRatio,
            observed_at_ms: d.accountAt,
            reserved_margin_usdt: d.reserved,
          }),
    agent: {
      ...d.agent,
      ...(d.losses === null ? {} : { losses: d.losses }),
      long_units: d.agentLots * scale * markTicks,
      p_risk: d.pRisk,
      share_lots: Math.trunc((long - short) * owned),
      short_units: d.agentLots * scale * markTicks,
    },
    clock_skew_ms: d.clockSkew,
    duplicate_of: d.duplicate,
    exposure: {
      gross_other_sent_usdt: d.grossOther * d.sentShare,
      gross_other_usdt: d.grossOther,
      liquidation_distance: d.liquidation,
      long_lots: long,
      long_units: (long + d.openBuys * scale) * markTicks,
      opposed_by_long: null,
      opposed_by_short: null,
      other_mark_at_ms: d.otherMarkAt,
      other_marks: [],
      other_positions: d.otherPositions,
      other_regime: d.otherRegime,
      position_lots: Math.trunc((long - short) * owned),
      position_since_ms: d.since,
      recorded_price: d.markAt === null && long + short > 0 ? d.symbol.mark * 0.99 : null,
      short_lots: short,
      short_units: (short + d.openSells * scale) * markTicks,
    },
    ...(holding === undefined ? {} : { holding }),
    ...(d.openings === undefined ? {} : { openings: d.openings }),
    exit_rung: d.exitRung,
    market: describeMarket(d, middle, tick),
    pacing: describePacing(d, fillSide),
    phase: d.phase,
    parent_price_ticks: d.phase === 'slice' ? middle + d.parentPrice : null,
    slice_lots: d.phase === 'parent' ? null : d.sliceLots * scale,
    schema_violation: d.schema,
    state: { ...baseContext.state, state: d.state },
    trust: { claimed_skill_sha256: d.claimedSkill, signals: d.signals, token_skill_sha256: d.tokenSkill },
  };
}

export const contexts: fc.Arbitrary<ExecutionContext> = fc
  .tuple(mostlyUsual<Drawn>(usual, odd, 7), fc.constantFrom('buy', 'sell'))
  .map(([drawn, side]) => describeContext(drawn, side));
