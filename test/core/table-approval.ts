import type { ApprovalGrant, ApprovalView } from '../../daemon/core/context.ts';
import type { ApprovalCondition } from '../../daemon/core/policy.ts';
import { type Change, NOW } from './decision-fixture.ts';
import { asNumber, asText, type Rest, type Row, row } from './table-row.ts';

/** Rule 16. The base ask is ten lots of 60.06 USDT at most, one of alice's. */
export const NO_APPROVAL: ApprovalView = {
  approved_usdt: 0,
  grant: null,
  opened_usdt: 0,
  order_price_ticks: null,
  pending_count: 0,
  pending_id: null,
};
const when = (...conditions: ApprovalCondition[]): Change => ({
  policy: { approvals: { when: conditions, window_ms: 3_600_000, expiry_ms: 300_000 } },
  context: { approval: NO_APPROVAL },
});
export const GRANT: ApprovalGrant = {
  agent: 'alice',
  approval_id: 'd-abcdef-1',
  expires_at_ms: NOW + 60_000,
  leverage: 3,
  lots: 10,
  policy_hash: 'test',
  price_ticks: 600_600,
  quorum: 1,
  side: 'buy',
  symbol: 'BTCUSDT',
};
const granted = (change: Partial<ApprovalGrant>): Change => ({
  ...when({}),
  context: { approval: { ...NO_APPROVAL, grant: { ...GRANT, ...change } } },
});
const view = (change: Partial<ApprovalView>): Change => ({ context: { approval: { ...NO_APPROVAL, ...change } } });

const required = (rest: Rest): Row => row(16, 'SAE-DEC', 'APPROVAL_REQUIRED', rest);
const stale = (rest: Rest): Row => row(16, 'SAE-DEC', 'APPROVAL_STALE', rest);
const ceiling = (rest: Rest): Row => row(16, 'SAE-DEC', 'APPROVAL_CEILING', rest);

export const APPROVAL_ROWS: readonly Row[] = [
  required({
    what: 'what was opened without an approval before ten lots of 60.06, 1000 being the threshold, [PK-133]',
    setting: when({ notional_above_usdt: 1000 }),
    cases: { pass: [399.39, 399.4], deny: [399.41] },
    change: (opened) => view({ opened_usdt: asNumber(opened) }),
  }),
  required({
    what: 'what was opened with an approval, which does not count against the threshold, [PK-133]',
    isNever: true,
    setting: when({ notional_above_usdt: 1000 }),
    cases: { pass: [99_999, 100_000, 100_001] },
    change: (opened) => view({ approved_usdt: asNumber(opened) }),
  }),
  required({
    what: 'the age of the last fill of the symbol, an hour being long, [PK-134]',
    setting: when({ untraded_ms: 3_600_000 }),
    cases: { pass: [3_599_999], deny: [3_600_000, 3_600_001] },
    change: (age) => ({
      context: { pacing: { last_open_fill_at_ms: NOW - asNumber(age), last_open_fill_side: 'buy' } },
    }),
  }),
  required({
    what: 'the threshold of provenance, 0.5 being that of the token, [PK-135]',
    setting: when(),
    cases: { pass: [0.49, 0.5], deny: [0.51] },
    change: (below) => when({ provenance_below: asNumber(below) }),
  }),
  required({
    what: 'the threshold of capability risk, 0.5 being that of the token, [PK-136]',
    setting: when(),
    cases: { deny: [0.49], pass: [0.5, 0.51] },
    change: (above) => when({ capability_risk_above: asNumber(above) }),
  }),
  required({
    what: 'the venue of the condition [PK-137]',
    cases: { pass: ['binance-live'], deny: ['paper'] },
    change: (venue) => when({ venues: [venue === 'paper' ? 'paper' : 'binance-live'] }),
  }),
  required({
    what: 'the agent of the condition, alice asking, [PK-138]',
    cases: { pass: ['bob'], deny: ['alice'] },
    change: (agent) => when({ agents: [asText(agent)] }),
  }),
  required({
    what: 'the leverage above which the request is looked at, two being asked for, [PK-130]',
    cases: { deny: [1], pass: [2, 3] },
    change: (above) => when({ request: { requested_leverage: { above: asNumber(above) } } }),
  }),
  required({
    what: 'the leverage below which the request is looked at, two being asked for, [PK-131]',
    cases: { pass: [1, 2], deny: [3] },
    change: (below) => when({ request: { requested_leverage: { below: asNumber(below) } } }),
  }),
  required({
    what: 'the leverage above which, and below three, the request is looked at, two being asked for, [PK-132]',
    cases: { deny: [1], pass: [2, 2.5] },
    change: (above) => when({ request: { requested_leverage: { above: asNumber(above), below: 3 } } }),
  }),
  required({
    what: 'whether there is any condition [PK-142]',
    cases: { pass: [false], deny: [true] },
    change: (isAny) => ({
      policy: { approvals: { when: isAny === true ? [{}] : [], window_ms: 3_600_000, expiry_ms: 300_000 } },
    }),
  }),
  required({
    what: 'the kind of order of the condition, a market order being asked for, [PK-129 PK-139]',
    cases: { pass: ['limit'], deny: ['market'] },
    change: (type) => when({ request: { order_type: { in: [asText(type)] } } }),
  }),
  required({
    what: 'the threshold of a condition of which the other part does not hold [PK-140]',
    isNever: true,
    cases: { pass: [1, 2, 3] },
    change: (usdt) => when({ notional_above_usdt: asNumber(usdt), agents: ['bob'] }),
  }),
  stale({
    what: 'the end of the approval, in ms from now, [PK-144]',
    cases: { pass: [1], deny: [0, -1] },
    change: (ms) => granted({ expires_at_ms: NOW + asNumber(ms) }),
  }),
  stale({
    what: 'the policy of the approval',
    cases: { pass: ['test'], deny: ['another'] },
    change: (hash) => granted({ policy_hash: asText(hash) }),
  }),
  stale({
    what: 'the agent of the approval',
    cases: { pass: ['alice'], deny: ['bob'] },
    change: (agent) => granted({ agent: asText(agent) }),
  }),
  stale({
    what: 'the symbol of the approval',
    cases: { pass: ['BTCUSDT'], deny: ['ETHUSDT'] },
    change: (symbol) => granted({ symbol: asText(symbol) }),
  }),
  stale({
    what: 'the side of the approval',
    cases: { pass: ['buy'], deny: ['sell'] },
    change: (side) =>
      granted({ side: side === 'buy' ? 'buy' : 'sell', price_ticks: side === 'buy' ? 600_600 : 599_400 }),
  }),
  stale({
    what: 'the leverage that the venue keeps, two being approved',
    cases: { pass: [1, 2], deny: [3] },
    change: (setting) => ({
      ...granted({ leverage: 2 }),
      context: {
        approval: { ...NO_APPROVAL, grant: { ...GRANT, leverage: 2 } },
        market: { leverage_locked: true, leverage_setting: asNumber(setting) },
      },
    }),
  }),
  stale({
    what: 'the ask in ticks above the worst price that was approved',
    cases: { pass: [-1, 0], deny: [1] },
    change: (ticks) => ({
      ...granted({ price_ticks: 600_000 }),
      context: {
        approval: { ...NO_APPROVAL, grant: { ...GRANT, price_ticks: 600_000 } },
        market: { ask: 60_000 + asNumber(ticks) / 10 },
      },
    }),
  }),
  stale({
    what: 'what was opened before an order that one person approved, two being needed above 1000, [PK-147]',
    setting: {
      policy: {
        approvals: { when: [{}], window_ms: 3_600_000, expiry_ms: 300_000, quorum: 2, quorum_above_usdt: 1000 },
      },
    },
    cases: { pass: [399.39, 399.4], deny: [399.41] },
    // Half of it with an approval, half without one.
    change: (opened) => view({ approved_usdt: 200, opened_usdt: asNumber(opened) - 200, grant: GRANT }),
  }),
  stale({
    what: 'how many people approved it, two being needed, [PK-145 PK-147]',
    setting: { policy: { approvals: { when: [{}], window_ms: 3_600_000, expiry_ms: 300_000, quorum: 2 } } },
    cases: { pass: [3, 2], deny: [1] },
    change: (quorum) => ({ context: { approval: { ...NO_APPROVAL, grant: { ...GRANT, quorum: asNumber(quorum) } } } }),
  }),
  ceiling({
    what: 'the approved lots, ten being asked for,',
    cases: { pass: [11, 10], tighten: [9] },
    change: (lots) => granted({ lots: asNumber(lots) }),
  }),
  ceiling({
    what: 'the approved price in ticks, 600600 being the bound of now,',
    cases: { pass: [600_601, 600_600], tighten: [600_599] },
    change: (ticks) => granted({ price_ticks: asNumber(ticks) }),
  }),
  ceiling({
    what: 'the approved leverage, two being asked for,',
    cases: { pass: [3, 2], tighten: [1] },
    change: (leverage) => granted({ leverage: asNumber(leverage) }),
  }),
];
