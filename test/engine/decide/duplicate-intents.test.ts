import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import type { ExecutionContext } from '../../../daemon/core/context.ts';
import { decide } from '../../../daemon/core/decide/decide.ts';
import type { ExecutionRequest } from '../../../daemon/core/request.ts';
import { parentAsk } from '../../../daemon/engine/plan/orders.ts';
import type { Evidence, EvidenceKind, OrderEvent } from '../../../daemon/engine/records/decisions.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import type { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { buildCase } from '../../core/decision-fixture.ts';
import { forAll } from '../../for-all.ts';
import {
  asListed,
  BTC_RULES,
  decisionEvent,
  FoldedLedger,
  inLots,
  LOT_E8,
  orderEvent,
  T0,
  tradeEvent,
} from '../fold-fixture.ts';

const WINDOW_MS = 10_000;
const FIXTURE = buildCase({ request: { agent: 'alice' } });
const POLICY = compilePolicy(FIXTURE.policy, '0', 'alice');
const ASK = parentAsk({ account: 'main', venue: 'paper' });

interface Written {
  readonly ledger: FoldedLedger;
  readonly id: string;
  readonly atMs: number;
}
/** What is recorded of an order after it was decided, and whether that proves that nothing of it filled or can fill. */
interface Fate {
  readonly isProvenUnfilled: boolean;
  readonly write: (written: Written) => void;
}
const word = (kind: EvidenceKind, written: Written): Evidence => ({ asked_seq: written.ledger.events.length, kind });
function says(kind: EvidenceKind, change: Partial<OrderEvent>): Fate['write'] {
  return (written) => {
    const evidence = word(kind, written);
    const { ledger, id, atMs } = written;
    const known = kind === 'answer' || kind === 'unsent' ? { venue_order_id: null } : {};
    const { executed_e8: executedE8 = 0, ...others } = change;
    ledger.append(orderEvent(id, atMs, { evidence, ...known, ...others, executed_lots: inLots(executedE8) }));
  };
}
function allOf(...steps: readonly Fate['write'][]): Fate['write'] {
  return (written) => {
    for (const step of steps) step(written);
  };
}
const AS_LISTED = asListed(10, 600_000);
const refused = says('answer', { status: 'rejected', detail: 'margin is insufficient' });
const unknown = says('answer', { status: 'unknown' });
const lost = says('absent', { status: 'lost', venue_order_id: null });
const FATES = {
  'refused by the venue': { isProvenUnfilled: true, write: refused },
  'expired, as the venue shows': { isProvenUnfilled: true, write: says('shown', { status: 'expired' }) },
  'canceled, as the venue shows': { isProvenUnfilled: true, write: says('shown', { status: 'canceled' }) },
  'rested, then canceled': {
    isProvenUnfilled: true,
    write: allOf(says('shown', { status: 'working' }), says('shown', { status: 'canceled' })),
  },
  'never sent': { isProvenUnfilled: true, write: says('unsent', { status: 'canceled' }) },
  'proven never to have been placed': {
    isProvenUnfilled: true,
    write: allOf(unknown, says('absent', { status: 'not_placed', venue_order_id: null })),
  },
  'on its way': { isProvenUnfilled: false, write: () => {} },
  unknown: { isProvenUnfilled: false, write: unknown },
  lost: { isProvenUnfilled: false, write: allOf(unknown, lost) },
  'lost, and ended by an operator': {
    isProvenUnfilled: false,
    write: allOf(unknown, lost, says('operator', { status: 'canceled', venue_order_id: null })),
  },
  'still at rest': { isProvenUnfilled: false, write: says('shown', { status: 'working' }) },
  'rested, then gone from the lists': {
    isProvenUnfilled: false,
    write: allOf(says('shown', { status: 'working' }), says('absent', { status: 'canceled' })),
  },
  filled: { isProvenUnfilled: false, write: says('shown', { status: 'filled', executed_e8: 10 * LOT_E8 }) },
  'expired after a part': {
    isProvenUnfilled: false,
    write: says('shown', { status: 'expired', executed_e8: 1 * LOT_E8 }),
  },
  'canceled, and a trade came late': {
    isProvenUnfilled: false,
    write: allOf(says('shown', { status: 'canceled' }), ({ ledger, id, atMs }) => {
      ledger.append(tradeEvent(`t-${id}`, id, atMs, { lots: 1 }));
    }),
  },
  'refused, and then in an open list': {
    isProvenUnfilled: false,
    write: allOf(refused, (written) => {
      const change = { evidence: word('shown', written), status: 'working', foreign: AS_LISTED } as const;
      written.ledger.append(orderEvent(written.id, written.atMs, change));
    }),
  },
  'ended in a record that does not say how it is known': {
    isProvenUnfilled: false,
    write: ({ ledger, id, atMs }) => void ledger.append(orderEvent(id, atMs, { status: 'canceled' })),
  },
} as const satisfies { readonly [name: string]: Fate };
type FateName = keyof typeof FATES;
const NAMES = Object.keys(FATES) as FateName[];

interface Parent {
  readonly afterMs: number;
  readonly fates: readonly FateName[];
}
const parents = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 6_000 }),
    fates: fc.oneof(
      fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...NAMES.filter((name) => FATES[name].isProvenUnfilled)), {
        minLength: 1,
        maxLength: 3,
      }),
    ),
  }),
  { minLength: 1, maxLength: 5 },
);

function play(history: readonly Parent[]): { readonly ledger: FoldedLedger; readonly times: readonly number[] } {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  let atMs = T0;
  const times = history.map(({ afterMs, fates }, nr) => {
    atMs += afterMs;
    const orders = fates.map((_, slice) => ({ client_order_id: `o-${nr}-${slice}` }));
    ledger.append(decisionEvent({ id: `d-${nr}`, atMs, orders }));
    fates.forEach((name, slice) => {
      FATES[name].write({ ledger, id: `o-${nr}-${slice}`, atMs });
    });
    return atMs;
  });
  return { ledger, times };
}
function contextOf(
  state: GateState,
  nowMs: number,
  change: Partial<ExecutionRequest> = {},
  policy = POLICY,
): ExecutionContext {
  const inputs = { nowMs, clockSkewMs: 0, account: null, symbols: new Map() };
  const request = { ...FIXTURE.request, request_id: null, ...change };
  return buildContext({ state, inputs, request, policy, ask: ASK });
}

for (const [name, { isProvenUnfilled }] of Object.entries(FATES))
  test(`rule 5: the intent whose order is ${name} ${isProvenUnfilled ? 'may be asked for again' : 'is a duplicate'} [AN-258]`, () => {
    const { ledger } = play([{ afterMs: 0, fates: [name as FateName] }]);
    assert.equal(contextOf(ledger.state, T0 + 1).duplicate_of, isProvenUnfilled ? null : 'd-0');
  });

test('SAE-M4: an intent is a duplicate of the newest equal one in the window of which anything filled or may fill [PK-24 TF-11]', () => {
  forAll(
    [parents, fc.integer({ min: 0, max: 12_000 }), fc.nat()],
    { seed: 31, numRuns: 400 },
    (history, waitMs, pick) => {
      const { ledger, times } = play(history);
      const nowMs = (times.at(-1) ?? T0) + waitMs;
      const counts = history.map(({ fates }, nr) => {
        const isOver = nowMs - (times[nr] ?? 0) > WINDOW_MS;
        return !isOver && !fates.every((fate) => FATES[fate].isProvenUnfilled);
      });
      const newest = counts.lastIndexOf(true);
      for (const state of [ledger.state, ledger.refold()]) {
        const context = contextOf(state, nowMs);
        assert.equal(context.duplicate_of, newest < 0 ? null : `d-${newest}`);
        if (newest < 0) assert.equal('duplicate_until_ms' in context, false);
        else {
          const untilMs = context.duplicate_until_ms ?? 0;
          assert.ok(untilMs > nowMs);
          assert.equal(contextOf(state, untilMs - 1).duplicate_of, `d-${newest}`, 'until then');
          assert.notEqual(contextOf(state, untilMs).duplicate_of, `d-${newest}`, 'and no longer');
        }
        for (const change of [
          { agent: 'bob' },
          { side: 'sell' },
          { order_type: 'limit' },
          { symbol: 'ETHUSDT' },
        ] as const)
          assert.equal(contextOf(state, nowMs, change).duplicate_of, null);
        // To name a parent frees only what is at or before it, and only once nothing of it works any more.
        const named = pick % history.length;
        const freed = contextOf(state, nowMs, { after_decision_id: `d-${named}` }).duplicate_of;
        if (named < newest) assert.equal(freed, `d-${newest}`);
      }
    },
  );
});

test('of each agent the last 1000 openings are known, however many others open [PK-24]', () => {
  const { ledger } = play([{ afterMs: 0, fates: ['filled'] }]);
  const open = (agent: string, nr: number): void =>
    void ledger.append(
      decisionEvent({
        id: `${agent}-${nr}`,
        agent,
        atMs: T0 + 1,
        orders: [],
        request: { requested_notional: 1_000 + nr },
      }),
    );
  for (let nr = 0; nr < 1_200; nr += 1) open('bob', nr);
  for (let nr = 0; nr < 999; nr += 1) open('alice', nr);
  for (const state of [ledger.state, ledger.refold()]) assert.equal(contextOf(state, T0 + 2).duplicate_of, 'd-0');
});

test('in a symbol of duplicate_exempt an equal intent is no duplicate, and in any other it is [PK-25]', () => {
  const { ledger } = play([{ afterMs: 0, fates: ['filled'] }]);
  for (const [symbols, expected] of [
    [['ETHUSDT'], 'd-0'],
    [['BTCUSDT'], null],
  ] as const) {
    const policy = { ...FIXTURE.policy, temporal: { ...FIXTURE.policy.temporal, duplicate_exempt: symbols } };
    const { duplicate_of: found } = contextOf(ledger.state, T0 + 1, {}, compilePolicy(policy, '0', 'alice'));
    assert.equal(found, expected, `${symbols} exempt`);
  }
});

test('a duplicate is told how long to wait, and passes rule 5 after exactly that', () => {
  const denied = decide(
    FIXTURE.request,
    { ...FIXTURE.context, duplicate_of: 'd-0', duplicate_until_ms: FIXTURE.context.now_ms + 4_321 },
    POLICY,
  );
  assert.deepEqual([denied.decision, denied.retry_after_ms], ['BLOCK', 4_321]);
  assert.deepEqual(
    denied.reasons.map(({ code }) => code),
    ['DUPLICATE_INTENT'],
  );
  // As older records have it.
  const older = decide(FIXTURE.request, { ...FIXTURE.context, duplicate_of: 'd-0' }, POLICY);
  assert.deepEqual([older.decision, older.retry_after_ms], ['BLOCK', null]);
});
