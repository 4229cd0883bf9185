import fc from 'fast-check';
import type {
  AgentSection,
  ApprovalCondition,
  IntendedPolicySpec,
  Multiplier,
  RegimeRow,
} from '../../daemon/core/policy.ts';
import { schedules } from '../oracle/oracle-schedule.ts';
import { basePolicy, NOW } from './decision-fixture.ts';
import { mostlyUsual } from './draw.ts';

/** Valid policies whose caps and factors differ from the base policy in a few places. */
const factor = fc.constantFrom<number | string>(1, 0.5, 0.6, 0.25, '2/3', '1/3', 0.1, 0.7, 0.4, '3/7');
const multiplier: fc.Arbitrary<Multiplier> = fc.oneof(
  factor,
  fc.record({ leverage: factor, notional: factor, order_rate: factor, slippage: factor }),
);
const row = (cooldownMs: number): fc.Arbitrary<RegimeRow> =>
  fc.record({
    leverage: factor,
    notional: factor,
    order_rate: factor,
    slippage: factor,
    cooldown_ms: fc.constantFrom(0, cooldownMs),
    slices: fc.integer({ min: 1, max: 6 }),
    reduce_only: fc.constantFrom(false, false, true),
  });
const ownBudgets: fc.Arbitrary<AgentSection['budgets'] & object> = fc.record(
  {
    leverage: fc.integer({ min: 1, max: 3 }),
    order_notional_usdt: fc.constantFrom(60, 300, 600, 600.01, 1200),
    symbol_notional_usdt: fc.constantFrom(300, 1200, 2400),
    gross_notional_usdt: fc.constantFrom(600, 3600),
    order_rate: fc.constantFrom({ max: 3, window_ms: 60_000 }, { max: 20, window_ms: 60_000 }),
    slippage_bps: fc.constantFrom(5, 10, 20),
    holding_time_ms: fc.constantFrom(1000, 259_200_000),
    concurrent_positions: fc.constantFrom(1, 2),
    turnover_usdt_per_day: fc.constantFrom(1000, 20_000),
    fees_usdt_per_day: fc.constantFrom(1, 10),
  },
  { requiredKeys: [] },
);
/** Tiers on an agent's own loss; drawn losses lie around them. */
export const losses: fc.Arbitrary<AgentSection['loss'] & object> = fc.oneof(
  multiplier.map((each) => ({ day: [{ at_usdt: 25, multiplier: each }] })),
  multiplier.map((each) => ({
    day: [
      { at_usdt: 25, multiplier: each },
      { at_usdt: 50, reduce_only: true },
    ],
    week: [{ at_usdt: 80, multiplier: '2/3' }],
  })),
  fc.constant({ week: [{ at_usdt: 80, reduce_only: true }] }),
);
export const agentSections: fc.Arbitrary<AgentSection> = fc.oneof(
  ownBudgets.map((budgets) => ({ budgets })),
  schedules(NOW).map((schedule) => ({ schedule })),
  losses.map((loss) => ({ loss })),
  fc.constantFrom<AgentSection>(
    { exits: { scope: 'own' } },
    { scope: { symbols: ['ETHUSDT'] } },
    { scope: { tools: ['cancel_order'] } },
    { scope: { actions: ['close', 'cancel'] } },
  ),
);

const conditions = fc.constantFrom<ApprovalCondition>(
  {},
  { notional_above_usdt: 0 },
  { notional_above_usdt: 600 },
  { notional_above_usdt: 1200.01, agents: ['alice'] },
  { untraded_ms: 60_000 },
  { provenance_below: 0.5 },
  { provenance_below: 0.9, agents: ['alice', 'bob'] },
  { venues: ['binance-live'] },
  { venues: ['paper'], notional_above_usdt: 720 },
  { request: { order_type: { in: ['limit'] } } },
);
const approvals: fc.Arbitrary<IntendedPolicySpec['approvals'] & object> = fc
  .tuple(
    fc.array(conditions, { maxLength: 3 }),
    fc.constantFrom(undefined, 1, 2),
    fc.constantFrom(undefined, 600, 1200),
  )
  .map(([when, quorum, above]) => ({
    when,
    window_ms: 3_600_000,
    expiry_ms: 300_000,
    ...(quorum === undefined ? {} : { quorum }),
    ...(above === undefined ? {} : { quorum_above_usdt: above }),
  }));

const usual = {
  volatile: basePolicy.market.regimes.volatile,
  extreme: basePolicy.market.regimes.extreme,
  budgets: {} as Partial<IntendedPolicySpec['budgets']>,
  concentration: basePolicy.account.concentration,
  distance: 0.15,
  buffer: 10,
  tier: 0.5 as Multiplier,
  signal: 0.5 as Multiplier,
  spend: null as Multiplier | null,
  trader: 0.5 as Multiplier,
  enforceBlock: false,
  reserved: {} as { readonly [agent: string]: AgentSection },
  agent: {} as AgentSection,
  approvals: undefined as IntendedPolicySpec['approvals'],
};
export const policies: fc.Arbitrary<IntendedPolicySpec> = mostlyUsual<typeof usual>(
  usual,
  {
    volatile: row(60_000),
    extreme: row(120_000),
    budgets: fc.record(
      {
        leverage: fc.integer({ min: 1, max: 10 }),
        order_notional_usdt: fc.constantFrom(60, 600, 1200, 1000.07, 5000),
        symbol_notional_usdt: fc.constantFrom(720, 2400, 2399.99, 9000),
        gross_notional_usdt: fc.constantFrom(1200, 3600, 9000),
        slippage_bps: fc.constantFrom(1, 7, 10, 20, 33.3),
        concurrent_positions: fc.constantFrom(1, 2, 3),
        turnover_usdt_per_day: fc.constantFrom(1200, 20_000),
        fees_usdt_per_day: fc.constantFrom(0.3, 10),
      },
      { requiredKeys: [] },
    ),
    concentration: fc.record({ share: fc.constantFrom(0.3, 0.5, 0.8), floor_usdt: fc.constantFrom(0, 600, 3000) }),
    distance: fc.constantFrom(0.05, 0.1, 0.2, 0.25, 0.5),
    buffer: fc.constantFrom(0, 10),
    tier: multiplier,
    signal: multiplier,
    spend: fc.option(multiplier),
    trader: multiplier,
    enforceBlock: fc.constant(true),
    reserved: fc.constantFrom(
      { bob: { reserve: ['BTCUSDT'] } },
      { bob: { reserve: ['ETHUSDT', 'DOGEUSDT'] } },
      { alice: { reserve: ['BTCUSDT'] } },
    ),
    agent: agentSections,
    approvals: approvals,
  },
  4,
).map((drawn) => ({
  ...basePolicy,
  budgets: { ...basePolicy.budgets, ...drawn.budgets },
  market: {
    ...basePolicy.market,
    regimes: { calm: basePolicy.market.regimes.calm, volatile: drawn.volatile, extreme: drawn.extreme },
  },
  account: {
    ...basePolicy.account,
    drawdown: {
      ...basePolicy.account.drawdown,
      tiers: [
        { at: 0.05, multiplier: drawn.tier },
        { at: 0.1, reduce_only: true },
      ],
    },
    concentration: drawn.concentration,
    min_liquidation_distance: drawn.distance,
    margin_buffer_usdt: drawn.buffer,
  },
  trust: {
    ...basePolicy.trust,
    signals: {
      ...basePolicy.trust.signals,
      narrative: { multiplier: drawn.signal, max_ttl_ms: 3_600_000 },
      ...(drawn.spend === null ? {} : { spend: { multiplier: drawn.spend, max_ttl_ms: 3_600_000 } }),
    },
  },
  trader_state: { ...basePolicy.trader_state, multiplier: drawn.trader, enforce_block: drawn.enforceBlock },
  agents: { default: {}, ...drawn.reserved, alice: { ...drawn.agent, ...drawn.reserved.alice } },
  ...(drawn.approvals === undefined ? {} : { approvals: drawn.approvals }),
}));
