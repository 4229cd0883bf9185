import type { HoldingView } from '../../daemon/core/context.ts';
import type { Change } from './decision-fixture.ts';
import { asNumber, casesOf, LONG_TEN, type Rest, type Row, row, type Value } from './table-row.ts';

/** Whose the symbol is (DESIGN 12.1), and exits that are open there (12.2). The base ask is a buy of ten lots of alice's. */
const NOTHING_STANDS: HoldingView = {
  exit_decision: null,
  exit_until_ms: null,
  held_by: null,
  is_unowned: false,
  open_exits: 0,
  unproven_order: null,
};
export const stands = (view: Partial<HoldingView>): Change => ({
  context: { holding: { ...NOTHING_STANDS, ...view } },
});
const text = (value: Value): string | null => (value === null ? null : String(value));
const BY_OPERATOR: Change = { request: { origin: 'operator' } };
const STANDING: Change = { context: { phase: 'standing', slice_lots: 10 } };

const rule = { rule: 12, clause: 'SAE-T' } as const;
const opening = [
  {
    ...rule,
    code: 'SYMBOL_HELD',
    what: 'the holder of the symbol',
    cases: { pass: [null], deny: ['another', 'released'] },
    change: (holder) => stands({ held_by: text(holder) }),
  },
  {
    ...rule,
    code: 'SYMBOL_HELD',
    what: 'the agent for which the symbol is reserved, whoever holds it, [PK-36]',
    cases: { pass: ['alice'], deny: ['bob'] },
    change: (agent) => ({ policy: { agents: { [String(agent)]: { reserve: ['BTCUSDT'] } } } }),
  },
  {
    ...rule,
    code: 'SYMBOL_HELD',
    what: 'another symbol that is reserved for bob',
    cases: { pass: ['ETHUSDT'], deny: ['BTCUSDT'] },
    change: (symbol) => ({ policy: { agents: { bob: { reserve: [String(symbol)] } } } }),
  },
  {
    ...rule,
    code: 'SYMBOL_HELD',
    what: 'the agent for which the symbol of an order that rests is reserved now',
    setting: STANDING,
    cases: { pass: ['alice'], deny: ['bob'] },
    change: (agent) => ({ policy: { agents: { [String(agent)]: { reserve: ['BTCUSDT'] } } } }),
  },
  {
    ...rule,
    code: 'SYMBOL_HELD',
    what: "the agent that keeps the symbol from an operator's opening",
    setting: BY_OPERATOR,
    cases: { pass: [null], deny: ['alice'] },
    change: (agent) => ({ policy: { agents: agent === null ? {} : { alice: { reserve: ['BTCUSDT'] } } } }),
  },
  {
    ...rule,
    code: 'SYMBOL_UNOWNED',
    what: 'whether lots or orders of nobody stand there',
    cases: { pass: [false], deny: [true] },
    change: (isUnowned) => stands({ is_unowned: isUnowned === true }),
  },
  {
    ...rule,
    code: 'SYMBOL_UNOWNED',
    what: 'that the lots of nobody are beside what an operator opens',
    setting: BY_OPERATOR,
    cases: { pass: [false, true] },
    isNever: true,
    change: (isUnowned) => stands({ is_unowned: isUnowned === true }),
  },
  {
    ...rule,
    clause: 'BY-08',
    code: 'AGAINST_POSITION',
    what: 'the position in lots that a buy meets [TD-4 TD-26 TD-44 TF-1]',
    cases: { pass: [1, 0], deny: [-1] },
    change: (lots) => ({
      context: { exposure: { long_lots: Math.max(0, asNumber(lots)), short_lots: Math.max(0, -asNumber(lots)) } },
    }),
  },
  {
    ...rule,
    clause: 'BY-08',
    code: 'AGAINST_POSITION',
    what: 'the position in lots that an opening sale meets, its own,',
    setting: { request: { side: 'sell' } },
    cases: { pass: [-1, 0], deny: [1, 10, 20] },
    change: (lots) => ({
      context: {
        exposure: { long_lots: Math.max(0, asNumber(lots)), short_lots: Math.max(0, -asNumber(lots)) },
        agent: { share_lots: asNumber(lots) },
      },
    }),
  },
  {
    ...rule,
    clause: 'BY-08',
    code: 'AGAINST_POSITION',
    what: 'the reduce_only of a sale of nine lots against ten long [TD-4 TD-26 TD-44 TD-46 TF-1 TF-10]',
    settings: [LONG_TEN, { request: { side: 'sell', requested_notional: 540 } }],
    cases: { pass: [true], deny: [false] },
    change: (reduceOnly) => ({ request: { reduce_only: reduceOnly === true } }),
  },
  {
    ...rule,
    code: 'ORDER_UNPROVEN',
    what: 'an order there of which nobody knows what became',
    cases: { pass: [null], deny: ['hfabc0009'] },
    change: (order) => stands({ unproven_order: text(order) }),
  },
  {
    ...rule,
    code: 'EXIT_IN_PROGRESS',
    what: 'the decision of an exit that is worked there',
    cases: { pass: [null], deny: ['d-abcdef-9'] },
    change: (exit) => stands({ exit_decision: text(exit) }),
  },
] as const satisfies readonly Row[];

/** What rests already was let in: what stands there now ends it otherwise, if it does. */
const RESTING_ROWS: readonly Row[] = opening
  .filter(
    ({ what }) => what === 'the holder of the symbol' || what.startsWith('whether') || what.startsWith('an order'),
  )
  .map(({ isNever: _, ...row }: Row) => ({
    ...row,
    what: `${row.what} beside an order that rests already`,
    setting: STANDING,
    cases: { pass: casesOf(row).map(([value]) => value) },
    isNever: true,
  }));

const PART: Change = { request: { intent: 'close', side: 'sell', requested_notional: 300 } };
const PARTS = {
  rule: 6,
  clause: 'SAE-T',
  code: 'EXIT_IN_PROGRESS',
  change: (count: Value) => stands({ exit_decision: 'd-abcdef-9', open_exits: asNumber(count) }),
} as const;
const never = (what: string, ...settings: readonly Change[]): Row => ({
  ...PARTS,
  what,
  settings: [LONG_TEN, PART, ...settings],
  cases: { pass: [9, 10, 11] },
  isNever: true,
});
const tenAtMost = (what: string, ...settings: readonly Change[]): Row => ({
  ...PARTS,
  what: `the number of its exits that close a part of ten lots now, when one more would, ${what}`,
  settings: [LONG_TEN, PART, ...settings],
  cases: { pass: [9], deny: [10, 11] },
});
/** Of ten lots, where six are the least. */
export const takesRest = (request: Change['request']): Change => ({
  request: { intent: 'close', side: 'sell', requested_notional: null, ...request },
  context: { market: { rules: { min_lots: 6 } } },
});
const PART_ROWS: readonly Row[] = [
  tenAtMost('which leaves a rest'),
  tenAtMost('whose rest is taken along, by notional', takesRest({ requested_notional: 420 })),
  tenAtMost('whose rest is taken along, by quantity', takesRest({ quantity: 0.007 })),
  tenAtMost('whose rest is taken along, by fraction', takesRest({ fraction: 0.7 })),
  never('the number of its exits when all ten lots are to be closed', { request: { requested_notional: null } }),
  never('the number of its exits when all ten lots are to be closed, four being the most that the venue takes,', {
    request: { requested_notional: null },
    context: { market: { rules: { max_lots: 4, max_market_lots: 4 } } },
  }),
  never('the number of its exits when one more would rest', { request: { order_type: 'limit', limit_price: 60_100 } }),
  never('the number of its exits when an operator closes a part', BY_OPERATOR),
  never('the number of its exits when a further rung of one is sent', {
    context: { phase: 'slice', slice_lots: 5, exit_rung: 1 },
  }),
];

/** What else opens in the symbol (DESIGN 12.4). */
const beside = (own: number, all: number, venueLimit = 200): Change => ({
  context: { openings: { own, all, venue_limit: venueLimit } },
});
const resting = (rest: Rest): Row => row(12, 'SAE-M4', 'OPENINGS_RESTING', rest);
const OPENINGS_ROWS: readonly Row[] = [
  resting({
    what: 'the number of its openings there, where the policy says nothing, [PK-52]',
    cases: { pass: [19], deny: [20, 21] },
    change: (count) => beside(asNumber(count), asNumber(count)),
  }),
  resting({
    what: 'the number of its openings there, where the policy names three, and of an order that rests, [PK-50]',
    settings: [STANDING, { policy: { standing: { resting: 3 } } }],
    cases: { pass: [2], deny: [3, 4] },
    change: (count) => beside(asNumber(count), asNumber(count)),
  }),
  resting({
    what: 'the number of all openings there, of nine orders that the venue takes, [PK-51]',
    cases: { pass: [3], deny: [4, 5] },
    change: (count) => beside(1, asNumber(count), 9),
  }),
  resting({
    what: 'the number of openings there when an exit of all closes now',
    settings: [LONG_TEN, { request: { intent: 'close', side: 'sell', requested_notional: null } }],
    cases: { pass: [100, 199, 200] },
    change: (count) => beside(asNumber(count), asNumber(count)),
    isNever: true,
  }),
];

export const HOLDING_ROWS: readonly Row[] = [...opening, ...RESTING_ROWS, ...PART_ROWS, ...OPENINGS_ROWS];
