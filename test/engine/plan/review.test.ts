import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide/decide.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import {
  findBreaches,
  judgeForms,
  judgeStanding,
  restingOpenings,
  standingAsk,
  standingForms,
  standingRequest,
} from '../../../daemon/engine/plan/judge-resting.ts';
import { bareRequest } from '../../../daemon/engine/plan/orders.ts';
import { GrownOrders, StandingReview } from '../../../daemon/engine/plan/resting-review.ts';
import { describeTightness, findTightened, stillTight, type Tightness } from '../../../daemon/engine/plan/tightened.ts';
import type { LiveInputs, SymbolInputs } from '../../../daemon/engine/readings/inputs.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { basePolicy, withChange } from '../../core/decision-fixture.ts';
import {
  asListed,
  BTC_RULES,
  calmFeatures,
  decisionEvent,
  FoldedLedger,
  inLots,
  LOT_E8,
  orderEvent,
  T0,
  TICK_E8,
} from '../fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const NOW = T0 + 60_000;
const strict = compilePolicy(withChange(basePolicy, { standing: { on_breach: 'reduce' } }), 'test', 'gate');

const isTighter = (now: Tightness, before: Tightness): boolean => findTightened(now, before).length > 0;

/** Calm BTC at a mark; one lot is a thousandth of it. */
function inputsAt(mark: number, change: Partial<SymbolInputs> = {}): LiveInputs {
  const features = calmFeatures(NOW);
  const btc: SymbolInputs = {
    mark,
    markAtMs: NOW,
    bid: mark,
    ask: mark,
    quoteAtMs: NOW,
    fundingRate8h: 0.0001,
    fundingAtMs: NOW,
    features,
    heldRegime: 'calm',
    ...change,
  };
  const account = { marginBalanceUsdt: 10_000, availableUsdt: 9_000, marginRatio: 0.01, observedAtMs: NOW };
  return { nowMs: NOW, clockSkewMs: 1, account, symbols: new Map([['BTCUSDT', btc]]) };
}
function signalEvent(untilMs: number) {
  const scope = { account: null, agent: null, symbol: null };
  const payload = {
    ...scope,
    evidence_hash: null,
    expires_at_ms: untilMs,
    kind: 'injection',
    set_by: 'operator',
  } as const;
  return { kind: 'signal', at_ms: NOW, payload: { ...payload, severity: 0.9, signal_id: 's-1' } } as const;
}
function ledger(): FoldedLedger {
  const folded = new FoldedLedger();
  folded.append({ kind: 'rules', at_ms: T0, payload: { rules: { ...BTC_RULES, observedAtMs: NOW - 1_000 } } });
  return folded;
}
function holding(lots: number): FoldedLedger {
  const folded = ledger();
  folded.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1', lots: lots }] }));
  folded.append(orderEvent('o-1', T0 + 1, { status: 'filled', executed_lots: lots }));
  return folded;
}
function resting(lots: number, priceTicks: number): FoldedLedger {
  const folded = ledger();
  const order = { client_order_id: 'o-1', lots, price_ticks: priceTicks };
  const effective = { max_slippage_bps: 10 };
  folded.append(decisionEvent({ id: 'd-1', atMs: T0, effective, orders: [order] }));
  folded.append(orderEvent('o-1', T0 + 1, { status: 'working' }));
  return folded;
}

describe('rule 15 as pure functions (SAE-SAME-CODE)', () => {
  it('finds a position above the symbol cap of 2,400 USDT: one lot less, at the cap, one lot more', () => {
    for (const [lots, expected] of [
      [39, []],
      [40, []],
      [41, [{ symbol: 'BTCUSDT', quantityE8: LOT_E8, cause: 'symbol notional' }]],
    ] as const)
      assert.deepEqual(findBreaches(holding(lots).state, inputsAt(60_000), strict, PLACE), expected, `${lots} lots`);
  });

  it('sizes what it cuts by the smaller of two counts, one of which has not taken in the last fill [EX-62]', () => {
    const folded = holding(60);
    const position = folded.state.position('BTCUSDT');
    const found = (disputed: number | null): number => {
      position.disputedE8 = disputed === null ? null : disputed * LOT_E8;
      return inLots(findBreaches(folded.state, inputsAt(60_000), strict, PLACE)[0]?.quantityE8 ?? 0);
    };
    assert.deepEqual([null, 100, 50, 40, 0, -60].map(found), [20, 20, 10, 0, 0, 0]);
  });

  it('cuts to a quarter when the regime is extreme, and nothing unless the policy says reduce', () => {
    const { state } = holding(40);
    const extreme = inputsAt(60_000, { heldRegime: 'extreme' });
    assert.deepEqual(findBreaches(state, extreme, strict, PLACE), [
      { symbol: 'BTCUSDT', quantityE8: 30 * LOT_E8, cause: 'symbol notional' },
    ]);
    const lenient = compilePolicy(basePolicy, 'test', 'gate');
    assert.deepEqual(findBreaches(state, extreme, lenient, PLACE), [], 'cancel_opening leaves positions alone');
  });

  it('cuts back what a signal leaves above a cap in its scope, and nothing unless the policy says reduce [EX-63 TM-24 TM-28]', () => {
    const scope = { account: null, agent: null, symbol: null };
    for (const [of, cut] of [
      [{}, 24],
      [{ symbol: 'BTCUSDT' }, 24],
      [{ symbol: 'ETHUSDT' }, 0],
      [{ agent: 'alice' }, 0],
      [{ agent: 'alice', symbol: 'BTCUSDT' }, 0],
    ] as const) {
      const folded = holding(40);
      const { payload, ...event } = signalEvent(NOW + 60_000);
      folded.append({ ...event, payload: { ...payload, ...scope, ...of } });
      const cutBy = (policy: typeof strict): number =>
        findBreaches(folded.state, inputsAt(60_000), policy, PLACE)[0]?.quantityE8 ?? 0;
      assert.equal(cutBy(strict), cut * LOT_E8, JSON.stringify(of));
      assert.equal(cutBy(compilePolicy(basePolicy, 'test', 'gate')), 0, 'cancel_opening leaves positions alone');
    }
  });

  it('tightens by a signal about a symbol the cap of that symbol, and no cap of the account', () => {
    const folded = holding(25);
    const rules = { ...BTC_RULES, symbol: 'ETHUSDT' };
    folded.append({ kind: 'rules', at_ms: T0, payload: { rules } });
    const order = { client_order_id: 'o-2', lots: 25, symbol: 'ETHUSDT' };
    folded.append(decisionEvent({ id: 'd-2', atMs: T0, request: { symbol: 'ETHUSDT' }, orders: [order] }));
    folded.append(orderEvent('o-2', T0 + 1, { status: 'filled', executed_lots: 25 }));
    const { payload, ...event } = signalEvent(NOW + 60_000);
    folded.append({ ...event, payload: { ...payload, symbol: 'BTCUSDT' } });
    const [btc] = inputsAt(60_000).symbols.values();
    const inputs = {
      ...inputsAt(60_000),
      symbols: new Map([
        ['BTCUSDT', btc!],
        ['ETHUSDT', btc!],
      ]),
    };
    // 1,500 USDT of each: 960 of 2,400 are left of the symbol's cap, and 3,600 of the gross one.
    assert.deepEqual(findBreaches(folded.state, inputs, strict, PLACE), [
      { symbol: 'BTCUSDT', quantityE8: 9 * LOT_E8, cause: 'symbol notional' },
    ]);
  });

  it('lets a mark drift by a hundredth of the position: below, at, above', () => {
    const { state } = holding(40);
    for (const [mark, count] of [
      [60_590, 0],
      [60_606, 0],
      [60_607, 1],
    ] as const)
      assert.equal(findBreaches(state, inputsAt(mark), strict, PLACE).length, count, `mark ${mark}`);
  });

  const judge = (folded: FoldedLedger, inputs: LiveInputs): string => {
    const [order] = restingOpenings(folded.state);
    assert.ok(order !== undefined, 'an order rests');
    const policy = compilePolicy(basePolicy, 'test', order.agent ?? '');
    return judgeForms(order, (form) => {
      const request = standingRequest(PLACE, { order, form }, BTC_RULES, NOW);
      const context = buildContext({
        state: folded.state,
        inputs,
        request,
        policy,
        ask: standingAsk(PLACE, order, form, new Set()),
      });
      return judgeStanding(decide(request, context, policy), order, form, BTC_RULES);
    });
  };
  const amend = (folded: FoldedLedger, action: 'amend' | 'amended', lots: number, priceTicks: number): void => {
    const form = { quantity_e8: lots * LOT_E8, price_e8: priceTicks * TICK_E8 };
    const payload = { action, client_order_id: 'o-1', ...form, reason: 'test' } as const;
    folded.append({ kind: 'order_intent', at_ms: T0 + 2, payload });
  };

  it('leaves a resting order that fits whole: one lot less, at the order cap, one lot more', () => {
    for (const [lots, verdict] of [
      [19, 'fits'],
      [20, 'fits'],
      [21, 'gone'],
    ] as const)
      assert.equal(judge(resting(lots, 600_000), inputsAt(60_000)), verdict, `${lots} lots under 1,200 USDT`);
  });

  it('BY-31 judges an order as the larger of both forms while an amend of it is not proven', () => {
    for (const [lots, amended, verdict] of [
      [10, 20, 'fits'],
      [10, 21, 'gone'],
      [21, 10, 'gone'],
    ] as const) {
      const folded = resting(lots, 600_000);
      amend(folded, 'amend', amended, 600_000);
      assert.equal(judge(folded, inputsAt(60_000)), verdict, `${lots} lots, perhaps ${amended}, under 1,200 USDT`);
    }
  });

  it('BY-31 and at the worse price: the dearer one, and of a sell also the more aggressive one', () => {
    const priced = (side: 'buy' | 'sell', old: number, next: number): string => {
      const folded = ledger();
      const planned = { client_order_id: 'o-1', lots: 19, price_ticks: old, side };
      folded.append(decisionEvent({ id: 'd-1', atMs: T0, effective: { max_slippage_bps: 10 }, orders: [planned] }));
      folded.append(orderEvent('o-1', T0 + 1, { status: 'working' }));
      amend(folded, 'amend', 19, next);
      return judge(folded, inputsAt(60_000));
    };
    assert.equal(priced('sell', 601_000, 631_000), 'fits', '19 lots at 63,100 are 1,198.90 USDT');
    assert.equal(priced('sell', 601_000, 632_000), 'gone', '19 lots at 63,200 are 1,200.80 USDT');
    assert.equal(priced('sell', 632_000, 601_000), 'gone', 'whichever of both it is');
    assert.equal(priced('sell', 601_000, 598_000), 'gone', 'below what its bound on slippage permits');
    assert.equal(priced('buy', 599_000, 602_000), 'gone', 'above what its bound on slippage permits');
  });

  it('BY-31 asks for a review of an order alone once an amend that made it larger or dearer is settled', () => {
    const folded = resting(10, 600_000);
    const grown = new GrownOrders();
    const due = (): number => grown.find(restingOpenings(folded.state)).size;
    assert.equal(due(), 0, 'it is as it was decided');
    for (const [lots, priceTicks, expected] of [
      [9, 600_000, 0],
      [9, 600_001, 1],
      [10, 600_001, 1],
    ] as const) {
      amend(folded, 'amend', lots, priceTicks);
      assert.equal(due(), 0, 'not proven yet');
      amend(folded, 'amended', lots, priceTicks);
      assert.equal(due(), expected, `${lots} lots at ${priceTicks}`);
      assert.equal(due(), expected, 'until it was reviewed');
      grown.settle(new Set());
    }
    amend(folded, 'amend', 20, 600_001);
    amend(folded, 'amended', 20, 600_001);
    folded.append(orderEvent('o-1', T0 + 3, { status: 'canceled' }));
    assert.equal(due(), 0, 'what is gone needs none');
  });

  it('BY-32 asks for a review of an order that had ended and is open after all', () => {
    const folded = resting(10, 600_000);
    const grown = new GrownOrders();
    const due = (): number => grown.find(restingOpenings(folded.state)).size;
    const foreign = asListed(10, 600_000);
    assert.equal(due(), 0, 'it is as it was decided');
    folded.append(orderEvent('o-1', T0 + 2, { status: 'canceled' }));
    assert.equal(due(), 0, 'it has ended');
    folded.append(orderEvent('o-1', T0 + 3, { status: 'working', foreign }));
    assert.equal(due(), 1, 'it has not');
    grown.settle(new Set());
    assert.equal(due(), 0, 'it was reviewed');
  });

  it('sends away what a tightened regime cuts, and decides nothing on stale inputs alone', () => {
    const folded = resting(10, 600_000);
    assert.equal(judge(folded, inputsAt(60_000, { heldRegime: 'extreme' })), 'gone', 'a quarter of the cap is left');
    assert.equal(judge(folded, inputsAt(60_000, { quoteAtMs: NOW - 5_001 })), 'unclear', 'the quote is too old');
    assert.equal(judge(folded, inputsAt(60_000, { quoteAtMs: NOW - 5_000 })), 'fits', 'the quote is just fresh');
  });

  it('SAE-TRUST asks again with the skills that the order was asked for with', () => {
    const folded = ledger();
    const event = decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] });
    const trust = { signals: [], token_skill_sha256: 'b'.repeat(64), claimed_skill_sha256: 'a'.repeat(64) };
    folded.append({ ...event, payload: { ...event.payload, context: { ...event.payload.context, trust } } });
    folded.append(orderEvent('o-1', T0 + 1, { status: 'working' }));
    for (const state of [folded.state, folded.refold()]) {
      const [order] = restingOpenings(state);
      assert.ok(order !== undefined, 'an order rests');
      const policy = compilePolicy(basePolicy, 'test', order.agent ?? '');
      const [form] = standingForms(order);
      assert.ok(form !== undefined, 'at a price');
      const request = standingRequest(PLACE, { order, form }, BTC_RULES, NOW);
      const ask = standingAsk(PLACE, order, form, new Set());
      const context = buildContext({ state, inputs: inputsAt(60_000), request, policy, ask });
      assert.deepEqual(context.trust, trust, 'trusted as it was when it was asked for');
    }
  });

  it('reviews the worst price of a side first', () => {
    const folded = ledger();
    const orders = [590_000, 598_000, 594_000].map((price, slice) => ({
      client_order_id: `o-${slice}`,
      price_ticks: price,
    }));
    folded.append(decisionEvent({ id: 'd-1', atMs: T0, orders }));
    assert.deepEqual(
      restingOpenings(folded.state).map((order) => (order.priceE8 ?? 0) / TICK_E8),
      [598_000, 594_000, 590_000],
    );
  });

  it('asks for a review when something tightens, not for a mark nor for what loosens', () => {
    const folded = resting(10, 600_000);
    const at = (change: Partial<SymbolInputs>, nowMs = NOW, policy = strict): Tightness =>
      describeTightness(folded.state, { ...inputsAt(60_000, change), nowMs }, () => policy);
    const before = at({});
    assert.ok(!isTighter(at({ mark: 59_000 }), before), 'a mark tightens nothing');
    const spec = withChange(strict.spec, { budgets: { order_notional_usdt: 900 } });
    assert.ok(isTighter(at({}, NOW, compilePolicy(spec, 'other', 'gate')), before), 'another policy may');
    const volatile = at({ heldRegime: 'volatile' });
    const extreme = at({ heldRegime: 'extreme' });
    const unknown = describeTightness(folded.state, { ...inputsAt(60_000), symbols: new Map() }, () => strict);
    const steps = [before, volatile, extreme, unknown];
    for (const [index, tight] of steps.entries())
      for (const [other, than] of steps.entries())
        assert.equal(isTighter(tight, than), index > other, `step ${index} after ${other}`);
    const { account } = inputsAt(60_000);
    const near = { ...inputsAt(60_000), account: { ...account!, marginRatio: 0.5 } };
    const tier = describeTightness(folded.state, near, () => strict);
    assert.deepEqual([isTighter(tier, before), isTighter(before, tier)], [true, false]);
    folded.append(signalEvent(NOW + 5_000));
    const warned = at({});
    assert.deepEqual([isTighter(warned, before), isTighter(at({}, NOW + 6_000), warned)], [true, false], 'it is over');
  });

  it('asks for a review when something tightens again that had loosened, or while one is not complete', () => {
    const [calm, volatile] = [{ heldRegime: 'calm' }, { heldRegime: 'volatile' }] as const;
    const folded = resting(10, 600_000);
    const at = (change: Partial<SymbolInputs>): Tightness =>
      describeTightness(folded.state, inputsAt(60_000, change), () => strict);
    const looked = stillTight(at(volatile), at(calm));
    assert.ok(isTighter(at(volatile), looked));
    assert.ok(!isTighter(at(calm), looked));
    assert.ok(isTighter(at(volatile), stillTight(at(calm), at(volatile))), 'it was not looked at yet');
    assert.ok(!isTighter(at(volatile), stillTight(at(volatile), at(volatile))));
  });

  it('looks again as long as inputs are too old to tell, and not at all when something loosens', () => {
    const folded = resting(10, 600_000);
    let inputs = inputsAt(60_000);
    let nowMs = NOW;
    let answers: ('fits' | 'stale' | 'gone')[] = [];
    const canceled: string[] = [];
    const review = new StandingReview({
      state: folded.state,
      clock: { nowMs: () => NOW, wallMs: () => 0, scale: 1 },
      place: PLACE,
      inputs: () => inputs,
      policyFor: () => strict,
      recordState: () => assert.fail('no state follows'),
      decide: (order, request, ask, isKept) => {
        const answer = answers.shift() ?? assert.fail('nothing is to be looked at');
        const decision = decide(
          request,
          buildContext({ state: folded.state, inputs, request, policy: strict, ask }),
          strict,
        );
        const code = answer === 'stale' ? 'STALE_MARK' : 'PRICE_SLIPPAGE';
        const [reason] = [{ code, hint: '', limit: null, message: '', observed: null, unit: null } as const];
        const verdicts = [{ code, outcome: 'deny', rule: 4 } as const];
        const refused = { ...decision, decision: 'BLOCK', effective: null, reasons: [reason], verdicts } as const;
        isKept(answer === 'fits' ? decision : refused);
        assert.ok(order.clientOrderId.length > 0);
      },
      cancel: ({ clientOrderId }) => canceled.push(clientOrderId),
      endUnsent: () => assert.fail('nothing waits'),
    });
    const follow = (heldRegime: 'calm' | 'volatile' | 'extreme', ...expected: typeof answers): void => {
      inputs = { ...inputsAt(60_000, { heldRegime }), nowMs };
      answers = expected;
      review.follow();
      assert.deepEqual(answers, [], `it was to be looked at in ${heldRegime}`);
    };
    follow('volatile', 'fits');
    follow('volatile');
    follow('calm');
    follow('volatile', 'stale');
    follow('volatile', 'stale');
    follow('calm');
    follow('volatile', 'fits');
    // A review that throws has looked at nothing.
    assert.throws(() => follow('extreme'), /nothing is to be looked at/);
    follow('extreme', 'stale');
    follow('volatile');
    // A signal that nothing could be said of ends; meanwhile the regime was calmer.
    folded.append(signalEvent(NOW + 5_000));
    follow('volatile', 'stale');
    follow('calm', 'stale');
    nowMs = NOW + 6_000;
    follow('volatile', 'fits');
    assert.deepEqual(canceled, []);
    follow('extreme', 'gone');
    assert.equal(canceled.length, 1);
  });

  it('SAE-U asks for a review at the instant at which the holding time of a position ends', () => {
    const folded = holding(10);
    folded.append(decisionEvent({ id: 'd-2', atMs: T0 + 2, orders: [{ client_order_id: 'o-2', lots: 10 }] }));
    folded.append(orderEvent('o-2', T0 + 3, { status: 'working' }));
    const since = folded.state.positions.get('BTCUSDT')?.sinceMs ?? 0;
    assert.ok(since > 0, 'a position is held');
    const end = since + strict.budgets.holding_time_ms;
    const at = (nowMs: number): Tightness =>
      describeTightness(folded.state, { ...inputsAt(60_000), nowMs }, () => strict);
    assert.ok(isTighter(at(end), at(end - 1)), 'nothing more may be added from here on');
    assert.ok(!isTighter(at(end + 1), at(end)), 'and it was reviewed');
  });

  it('SAE-U asks for a review when a position comes too near to its liquidation', () => {
    const folded = holding(10);
    folded.append(decisionEvent({ id: 'd-2', atMs: T0 + 2, orders: [{ client_order_id: 'o-2', lots: 10 }] }));
    folded.append(orderEvent('o-2', T0 + 3, { status: 'working' }));
    const position = folded.state.positions.get('BTCUSDT');
    assert.ok(position !== undefined, 'a position is held');
    position.liquidationPrice = 51_000;
    const at = (mark: number): Tightness => describeTightness(folded.state, inputsAt(mark), () => strict);
    assert.ok(!isTighter(at(61_000), at(60_000)), 'a distance of 0.15 is enough');
    assert.ok(isTighter(at(59_999), at(60_000)), 'less is not');
    assert.ok(!isTighter(at(60_000), at(59_999)), 'nor is what is enough again');
  });

  it('asks in the name of the gate and of this account', () => {
    const { agent, origin, account, venue, timestamp_ms: atMs } = bareRequest(PLACE, 'BTCUSDT', NOW);
    assert.deepEqual([agent, origin, account, venue, atMs], ['gate', 'gate', 'main', 'paper', NOW]);
  });
});

describe('rule 15: an order of which nothing can be said', () => {
  const NAMES = ['a', 'b', 'c'] as const;
  type Name = (typeof NAMES)[number];
  /** Orders of alice at one price, the first named first; of those that are `stale` no review can tell whether they fit. */
  class Reviewed {
    readonly folded = ledger();
    readonly stale = new Set<Name>();
    readonly gone = new Set<Name>();
    inputs = inputsAt(60_000);
    #looked: string[] = [];
    readonly #review: StandingReview;

    constructor() {
      const orders = NAMES.map((id, at) => ({ client_order_id: id, lots: 2, price_ticks: 600_000 - at }));
      this.folded.append(
        decisionEvent({ id: 'd-1', atMs: T0, effective: { leverage: 1, max_slippage_bps: 10 }, orders }),
      );
      for (const id of NAMES) this.folded.append(orderEvent(id, T0 + 1, { status: 'working' }));
      const { state } = this.folded;
      state.position('BTCUSDT').leverage = 1;
      this.#review = new StandingReview({
        state,
        clock: { nowMs: () => NOW, wallMs: () => 0, scale: 1 },
        place: PLACE,
        inputs: () => this.inputs,
        policyFor: () => strict,
        recordState: () => assert.fail('no state follows'),
        decide: ({ clientOrderId: id }, request, ask, isKept) => {
          this.#looked.push(id);
          const decision = decide(
            request,
            buildContext({ state, inputs: this.inputs, request, policy: strict, ask }),
            strict,
          );
          const isStale = this.stale.has(id as Name);
          const code = isStale ? 'STALE_MARK' : 'PRICE_SLIPPAGE';
          const reasons = [{ code, hint: '', limit: null, message: '', observed: null, unit: null } as const];
          const verdicts = [{ code, outcome: 'deny', rule: 4 } as const];
          const isRefused = isStale || this.gone.has(id as Name);
          isKept(isRefused ? { ...decision, decision: 'BLOCK', effective: null, reasons, verdicts } : decision);
        },
        cancel: ({ clientOrderId }) => {
          const payload = { action: 'cancel', client_order_id: clientOrderId, reason: 'test' } as const;
          const form = { quantity_e8: null, price_e8: null };
          this.folded.append({ kind: 'order_intent', at_ms: NOW, payload: { ...payload, ...form } });
        },
        endUnsent: () => assert.fail('nothing waits'),
      });
    }

    looked(): string {
      this.#looked = [];
      this.#review.follow();
      return this.#looked.join('');
    }
    regime(heldRegime: 'calm' | 'volatile' | 'extreme'): void {
      this.inputs = inputsAt(60_000, { heldRegime });
    }
  }

  it('is looked at again, and no other one is', () => {
    const world = new Reviewed();
    world.stale.add('b');
    assert.equal(world.looked(), 'abc', 'nothing was looked at before');
    assert.equal(world.looked(), 'b');
    assert.equal(world.looked(), 'b');
    world.stale.clear();
    assert.equal(world.looked(), 'b');
    assert.equal(world.looked(), '');
  });

  it('is not looked at again once things are as loose as when it was judged', () => {
    const world = new Reviewed();
    world.looked();
    world.stale.add('b');
    world.regime('extreme');
    assert.equal(world.looked(), 'abc');
    world.regime('volatile');
    assert.equal(world.looked(), 'b');
    world.regime('calm');
    assert.equal(world.looked(), '');
    world.regime('volatile');
    assert.equal(world.looked(), 'abc', 'news to all');
    assert.equal(world.looked(), 'b');
  });

  it('does not have an order looked at twice for one fill of what was canceled beside it', () => {
    const world = new Reviewed();
    world.looked();
    world.gone.add('a');
    world.regime('volatile');
    assert.equal(world.looked(), 'abc');
    assert.equal(world.looked(), '', 'the first is being canceled');
    world.stale.add('b');
    world.folded.append(orderEvent('a', T0 + 2, { status: 'partially_filled', executed_lots: 1 }));
    assert.equal(world.looked(), 'bc', 'its fill came first');
    assert.equal(world.looked(), 'b');
    world.folded.append(orderEvent('a', T0 + 3, { status: 'canceled', executed_lots: 1 }));
    assert.equal(world.looked(), 'b');
    world.stale.clear();
    assert.equal(world.looked(), 'b');
    assert.equal(world.looked(), '');
  });
});

describe('rule 15: what one review cancels already counts against nothing that it looks at afterwards', () => {
  /** 18 lots of BTC at 60,000 and 360 of ETH at 3,000, of alice: 1,080 USDT each. */
  function restingInBoth(): FoldedLedger {
    const folded = ledger();
    const eth = { ...BTC_RULES, symbol: 'ETHUSDT', tickScale: 100, minNotionalUsdt: 20, observedAtMs: NOW - 1_000 };
    folded.append({ kind: 'rules', at_ms: T0, payload: { rules: eth } });
    const effective = { max_slippage_bps: 10 };
    for (const [id, symbol, lots, price_ticks] of [
      ['o-1', 'BTCUSDT', 18, 600_000],
      // Ticks of BTC: 3,000 USDT.
      ['o-2', 'ETHUSDT', 360, 30_000],
    ] as const) {
      const orders = [{ client_order_id: id, lots, price_ticks, symbol }];
      folded.append(decisionEvent({ id: `d-${id}`, atMs: T0, request: { symbol }, effective, orders }));
      folded.append(orderEvent(id, T0 + 1, { status: 'working' }));
    }
    return folded;
  }
  const symbols = new Map(inputsAt(60_000).symbols);
  for (const live of inputsAt(3_000).symbols.values()) symbols.set('ETHUSDT', live);
  const inputs: LiveInputs = { ...inputsAt(60_000), symbols };
  /** As the daemon reviews: in order, each without those that are gone. */
  const review = (policy: ReturnType<typeof compilePolicy>): readonly string[] => {
    const { state } = restingInBoth();
    const leaving = new Set<OrderState>();
    for (const order of restingOpenings(state)) {
      const rules = state.rules.get(order.symbol);
      assert.ok(rules !== undefined);
      const verdict = judgeForms(order, (form) => {
        const request = standingRequest(PLACE, { order, form }, rules, NOW);
        const context = buildContext({ state, inputs, request, policy, ask: standingAsk(PLACE, order, form, leaving) });
        return judgeStanding(decide(request, context, policy), order, form, rules);
      });
      if (verdict === 'gone') leaving.add(order);
    }
    return [...leaving].map((order) => order.symbol);
  };
  const wide = { share: 1, floor_usdt: 10_000 };

  for (const [what, change, gone] of [
    ['both fit', {}, []],
    ['the gross cap leaves room for one', { budgets: { gross_notional_usdt: 2_000 } }, ['BTCUSDT']],
    ['there is a place for one', { budgets: { concurrent_positions: 1 } }, ['BTCUSDT']],
    ['the agent may hold one', { agents: { alice: { budgets: { gross_notional_usdt: 2_000 } } } }, ['BTCUSDT']],
    ['the agent has a place for one', { agents: { alice: { budgets: { concurrent_positions: 1 } } } }, ['BTCUSDT']],
  ] as const)
    it(`BY-31 across symbols: ${what}`, () => {
      const spec = withChange(withChange(basePolicy, { account: { concentration: wide } }), change);
      assert.deepEqual(review(compilePolicy(spec, JSON.stringify(change), 'alice')), gone);
    });

  it('what leaves is no counterweight for concentration', () => {
    const { state } = restingInBoth();
    const [btc, eth] = restingOpenings(state);
    assert.ok(btc !== undefined && eth !== undefined);
    const form = { quantityE8: eth.quantityE8, priceE8: eth.priceE8 ?? 0 };
    const request = standingRequest(PLACE, { order: eth, form }, { ...BTC_RULES, tickScale: 100 }, NOW);
    const ask = standingAsk(PLACE, eth, form, new Set([btc]));
    const { exposure } = buildContext({
      state,
      inputs,
      request,
      policy: compilePolicy(basePolicy, 'test', 'alice'),
      ask,
    });
    const { gross_other_sent_usdt, gross_other_usdt, other_positions, other_regime } = exposure;
    assert.deepEqual([gross_other_sent_usdt, gross_other_usdt, other_positions, other_regime], [0, 0, 0, null]);
  });
});
