import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide/decide.ts';
import type { Origin, Side } from '../../../daemon/core/request.ts';
import { findMisplaced } from '../../../daemon/engine/guard/holdings.ts';
import { unownedE8 } from '../../../daemon/engine/orders/holding.ts';
import { bareAsk } from '../../../daemon/engine/plan/judge-resting.ts';
import { bareRequest } from '../../../daemon/engine/plan/orders.ts';
import type { LiveInputs } from '../../../daemon/engine/readings/inputs.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import type { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { codesIn } from '../../daemon/harness.ts';
import { inLots, T0 } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const PLACE = { account: 'main', venue: 'paper' };
const INPUTS: LiveInputs = { nowMs: T0 + 100, clockSkewMs: 1, account: null, symbols: new Map() };
/** Reasons by whose the symbol is, and by what is under way there. */
const HOLDING = new Set(['SYMBOL_HELD', 'SYMBOL_UNOWNED', 'AGAINST_POSITION', 'ORDER_UNPROVEN', 'EXIT_IN_PROGRESS']);

interface Ask {
  readonly agent?: string;
  readonly side?: Side;
  readonly origin?: Origin;
  readonly inputs?: LiveInputs;
  readonly phase?: 'parent' | 'slice' | 'standing';
  readonly reserve?: Readonly<Record<string, readonly string[]>>;
}
function decideOpening(state: GateState, ask: Ask) {
  const { agent = 'alice', inputs = INPUTS, origin = 'agent', phase = 'parent', reserve = {}, side = 'buy' } = ask;
  const agents = Object.fromEntries(
    Object.entries(reserve).map(([name, symbols]) => [name, { reserve: [...symbols] }]),
  );
  const policy = compilePolicy({ ...basePolicy, agents: { default: {}, ...agents } }, 'test', agent);
  const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent, origin, side, requested_notional: 300 };
  const context = buildContext({ state, inputs, request, policy, ask: { ...bareAsk(PLACE), phase } });
  return { context, decision: decide(request, context, policy) };
}
/** Why nothing may be opened, as far as that is about the holding. */
function refusals(book: FoldedClaims, ask: Ask = {}): readonly string[] {
  const both = [book.state, book.ledger.refold()].map((state) =>
    codesIn(decideOpening(state, ask)).filter((code) => HOLDING.has(code)),
  );
  assert.deepEqual(both[0], both[1], 'a restart decides the same');
  return both[0] ?? [];
}
const reason = (book: FoldedClaims, code: string, ask: Ask = {}) =>
  decideOpening(book.state, ask).decision.reasons.find((one) => one.code === code);
const misplaced = (book: FoldedClaims, nowMs = T0 + 100): readonly string[] =>
  findMisplaced(book.state, nowMs).map(({ order, why }) => `${order.clientOrderId}: ${why}`);
const openings = (book: FoldedClaims): readonly string[] => misplaced(book).map((text) => text.split(':')[0] ?? '');

/** Alice holds so many lots, and nobody as many more. */
function held(own: number, unowned = 0): FoldedClaims {
  const book = new FoldedClaims();
  book.hold(own);
  if (unowned > 0) book.read(own + unowned, T0 + 1);
  return book;
}
/** A resting opening. */
function rests(book: FoldedClaims, id: string, side: Side, agent = 'alice'): void {
  book.open(id, 5, { agent, side, rests: true });
  book.report(id, 'working', 0);
}

describe('SYMBOL_HELD: another agent’s symbol [DESIGN 12.1]', () => {
  it('tells an agent that it is another’s, and an operator whose', () => {
    const book = held(10);
    assert.equal(reason(book, 'SYMBOL_HELD', { agent: 'bob' })?.observed, 'another');
    assert.equal(reason(book, 'SYMBOL_HELD', { agent: 'ops', origin: 'operator' })?.observed, 'alice');
    const { context } = decideOpening(book.state, { agent: 'bob' });
    assert.ok(!JSON.stringify(context).includes('alice'), 'nor does the record of its decision say it');
  });

  it('is a symbol that an operator has released, for its holder, until it is free and that long after [EX-6 TM-17]', () => {
    const book = held(10);
    book.release(60_000, T0 + 10);
    assert.equal(reason(book, 'SYMBOL_HELD')?.observed, 'released');
    assert.deepEqual(refusals(book), ['SYMBOL_HELD']);
    book.exit('x-1', 10, { atMs: T0 + 20 });
    book.report('x-1', 'filled', 10, T0 + 30);
    book.end('x-1', 'filled', T0 + 30);
    for (const [afterMs, expected] of [
      [59_999, ['SYMBOL_HELD']],
      [60_000, []],
    ] as const)
      assert.deepEqual(refusals(book, { inputs: { ...INPUTS, nowMs: T0 + 30 + afterMs } }), expected, `${afterMs}`);
    assert.deepEqual(refusals(book, { agent: 'bob' }), [], 'others may');
  });

  it('does not concern what rests already', () => {
    const book = held(10);
    for (const agent of ['alice', 'bob'])
      assert.deepEqual(refusals(book, { agent, phase: 'standing', side: 'sell' }), []);
    const reserve = { bob: ['BTCUSDT'] };
    assert.deepEqual(refusals(book, { phase: 'standing', reserve }), ['SYMBOL_HELD'], 'unless it is kept for another');
    assert.deepEqual(refusals(book, { agent: 'bob', phase: 'slice' }), ['SYMBOL_HELD']);
  });
});

describe('SYMBOL_UNOWNED: beside what is nobody’s [DESIGN 12.1]', () => {
  it('refuses beside an opening of a person where nothing was ever held', () => {
    const book = new FoldedClaims();
    book.list('web-1', 5);
    assert.deepEqual(refusals(book), ['SYMBOL_UNOWNED']);
  });

  it('refuses beside an opening of a person, and not beside a take-profit of one', () => {
    const book = held(10);
    book.list('web-1', 5, { reduceOnly: true, side: 'sell' });
    assert.deepEqual(refusals(book), []);
    book.list('web-2', 5);
    assert.deepEqual(refusals(book), ['SYMBOL_UNOWNED']);
  });

  it('refuses everybody where several agents held it by records of before', () => {
    const book = held(10);
    book.open('o-2', 3, { agent: 'bob' });
    book.report('o-2', 'filled', 3);
    for (const agent of ['alice', 'bob', 'carol']) assert.deepEqual(refusals(book, { agent }), ['SYMBOL_UNOWNED']);
  });

  it('has the holder’s resting openings and its unsent slices canceled when it appears', () => {
    const book = held(10);
    rests(book, 'o-2', 'buy');
    book.open('o-3', 5, { delayMs: 500 });
    assert.deepEqual(openings(book), []);
    book.read(15, T0 + 50, T0 + 40);
    for (const second of [1, 30, 61]) book.read(15, T0 + second * 1_000, T0 + 40);
    assert.equal(inLots(unownedE8(book.position)), 5);
    assert.deepEqual(openings(book), ['o-2', 'o-3']);
    assert.match(misplaced(book)[0] ?? '', /nobody/);
    book.cancel('o-2', 'asked for');
    assert.deepEqual(openings(book), ['o-3'], 'once');
  });

  it('leaves exits, stops and what is nobody’s alone', () => {
    const book = held(10, 5);
    book.takeProfit('t-1', 4);
    book.report('t-1', 'working', 0);
    book.list('web-1', 5);
    assert.deepEqual(misplaced(book), []);
  });
});

describe('AGAINST_POSITION: an opening of the other side [DESIGN 12.1]', () => {
  it('is refused, and not turned into an exit', () => {
    for (const [side, against] of [
      ['buy', 'sell'],
      ['sell', 'buy'],
    ] as const) {
      const book = new FoldedClaims();
      book.hold(10, 'alice', side);
      assert.deepEqual(refusals(book, { side: against }), ['AGAINST_POSITION']);
      assert.deepEqual(refusals(book, { side }), []);
      assert.equal(decideOpening(book.state, { side: against }).decision.effective, null);
      assert.match(reason(book, 'AGAINST_POSITION', { side: against })?.hint ?? '', /close_position/);
    }
  });

  it('counts what only a reading shows', () => {
    const book = new FoldedClaims();
    book.open('o-1', 4);
    book.read(4, T0 + 10);
    assert.deepEqual(refusals(book, { side: 'sell' }), ['AGAINST_POSITION']);
  });

  it('both sides may be quoted while it is flat, and the first fill has the opposite ones canceled', () => {
    const book = new FoldedClaims();
    rests(book, 'b-1', 'buy');
    assert.deepEqual(refusals(book, { side: 'sell' }), []);
    rests(book, 's-1', 'sell');
    rests(book, 's-2', 'sell');
    assert.deepEqual(misplaced(book), []);
    book.report('b-1', 'partially_filled', 1);
    assert.deepEqual(openings(book), ['s-1', 's-2']);
    assert.match(misplaced(book)[0] ?? '', /other side/);
  });
});

describe('a release [DESIGN 12.1]', () => {
  it('has its holder’s openings canceled, and those of nobody else later', () => {
    const book = held(10);
    rests(book, 'o-2', 'buy');
    assert.deepEqual(misplaced(book), []);
    book.release(60_000, T0 + 10);
    assert.deepEqual(openings(book), ['o-2']);
    book.report('o-2', 'canceled', 0, T0 + 20);
    book.exit('x-1', 10, { atMs: T0 + 20 });
    book.report('x-1', 'filled', 10, T0 + 30);
    rests(book, 'o-3', 'buy', 'bob');
    assert.deepEqual(misplaced(book), []);
  });
});

describe('ORDER_UNPROVEN: while nobody knows what became of an order [DESIGN 12.1]', () => {
  for (const status of ['unknown', 'lost'] as const)
    it(`refuses beside an opening, and beside an exit, that is ${status}`, () => {
      const book = held(10);
      book.open('o-2', 5);
      assert.deepEqual(refusals(book), [], 'merely in flight');
      book.report('o-2', status, 0);
      assert.deepEqual(refusals(book), ['ORDER_UNPROVEN']);
      assert.equal(reason(book, 'ORDER_UNPROVEN')?.observed, 'o-2');
      book.report('o-2', 'canceled', 0);
      book.takeProfit('t-1', 5);
      book.report('t-1', status, 0);
      assert.deepEqual(refusals(book), ['ORDER_UNPROVEN']);
    });

  it('refuses an operator as well', () => {
    const book = new FoldedClaims();
    book.open('o-1', 5, { agent: 'ops', origin: 'operator' });
    book.report('o-1', 'unknown', 0);
    assert.deepEqual(refusals(book, { agent: 'ops', origin: 'operator' }), ['ORDER_UNPROVEN']);
  });
});

describe('the ten parts that an agent may have open', () => {
  it('are counted beside the one that is amended: that stays one [EX-30]', () => {
    const book = held(10);
    for (const id of ['x-1', 'x-2']) book.exit(id, 2, { isWhole: false, delayMs: 1 });
    const openExits = (amended: string | null): number | undefined => {
      const own = amended === null ? null : (book.state.orders.all.get(amended) ?? null);
      const intent = amended === null ? 'close' : 'modify';
      const request = { ...bareRequest(PLACE, 'BTCUSDT', T0), agent: 'alice', intent, side: 'sell' } as const;
      const ask = { ...bareAsk(PLACE), own, phase: 'parent' } as const;
      const policy = compilePolicy(basePolicy, 'test', 'alice');
      return buildContext({ state: book.state, inputs: INPUTS, request, policy, ask }).holding?.open_exits;
    };
    assert.deepEqual([openExits(null), openExits('x-1')], [2, 1]);
  });
});

describe('EXIT_IN_PROGRESS: while an exit that closes now is worked [DESIGN 12.1]', () => {
  it('refuses whoever asks, names the decision, and says when to ask again', () => {
    for (const how of [{}, { origin: 'operator' }, { origin: 'gate' }] as const) {
      const book = held(10);
      book.exit('x-1', 4, { isWhole: false, delayMs: 1, ...how });
      assert.deepEqual(refusals(book), ['EXIT_IN_PROGRESS']);
      assert.equal(reason(book, 'EXIT_IN_PROGRESS')?.observed, 'd-x-1');
      assert.ok((decideOpening(book.state, {}).decision.retry_after_ms ?? 0) > 0);
      assert.deepEqual(refusals(book, { agent: 'ops', origin: 'operator' }), ['SYMBOL_HELD', 'EXIT_IN_PROGRESS']);
      book.end('x-1', 'canceled');
      assert.deepEqual(refusals(book), []);
    }
  });

  it('says that a ban is over first, where one holds the exit up', () => {
    const book = held(10);
    book.exit('x-1', 10, { delayMs: 1 });
    const inputs = { ...INPUTS, exitsWaitUntilMs: INPUTS.nowMs + 900_000 };
    assert.equal(decideOpening(book.state, { inputs }).decision.retry_after_ms, 900_000);
  });

  it('lets everybody open beside an exit that rests', () => {
    const book = held(10);
    book.takeProfit('t-1', 4);
    book.report('t-1', 'working', 0);
    assert.deepEqual(refusals(book), []);
  });

  it('lasts while an exit that rested may still fill after the position was closed [EX-19]', () => {
    const book = held(10);
    book.takeProfit('t-1', 4);
    book.report('t-1', 'working', 0);
    book.exit('x-1', 10, { origin: 'operator' });
    book.report('x-1', 'filled', 10);
    book.end('x-1', 'filled');
    assert.deepEqual(refusals(book), ['EXIT_IN_PROGRESS']);
    book.report('t-1', 'canceled', 0);
    assert.deepEqual(refusals(book), []);
  });
});
