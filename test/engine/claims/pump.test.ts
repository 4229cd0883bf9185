import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { closedE8, MAKES_ROOM } from '../../../daemon/engine/orders/claims.ts';
import { ownE8, unownedE8 } from '../../../daemon/engine/orders/holding.ts';
import { forAll } from '../../for-all.ts';
import { BTC_RULES, inLots, T0 } from '../fold-fixture.ts';
import { PumpModel } from './pump-model.ts';

/** Alice holds so many lots, and nobody as many more. */
function held(own: number, unowned = 0): PumpModel {
  const model = new PumpModel();
  model.hold(own);
  if (unowned > 0) model.read(own + unowned, T0 + 1);
  return model;
}
const WAITS = { delayMs: 1 } as const;
const PART = { delayMs: 1, isWhole: false } as const;

describe('each claim sends its own orders [DESIGN 12.2]', () => {
  test('none are merged, and each is sized by what those before it leave [EX-25]', () => {
    const model = held(10);
    model.exit('x-1', 4, PART);
    model.exit('x-2', 4, PART);
    model.exit('x-3', 4, PART);
    assert.deepEqual(model.pass(), ['d-x-1 4', 'd-x-2 4', 'd-x-3 2']);
    model.answer('x-1', 'filled', 4);
    model.answer('x-2', 'expired', 1);
    assert.deepEqual(model.pass(), ['d-x-2 3']);
    assert.deepEqual([inLots(closedE8(model.find('x-1'))), inLots(closedE8(model.find('x-2')))], [4, 1]);
  });

  test('who was served longest ago goes first, after operators and the gate; what closes before what rests [EX-37]', () => {
    const model = held(20);
    model.takeProfit('t-1', 2, { delayMs: 1 });
    model.exit('x-1', 1, PART);
    model.exit('cut', 1, { ...PART, origin: 'gate', cause: 'cut' });
    model.exit('ops', 1, { ...PART, origin: 'operator' });
    assert.deepEqual(model.pass(), ['d-ops 1', 'd-cut 1', 'd-x-1 1', 'd-t-1 2']);
  });

  test('a full close takes the place of its caller’s older ones, which end once nothing of them can fill [EX-29]', () => {
    const model = held(10);
    model.exit('x-1', 4, PART);
    model.exit('x-2', 3, PART);
    model.pass();
    model.answer('x-2', 'expired', 0);
    model.exit('x-3', 10, WAITS);
    assert.deepEqual(model.pass(), ['d-x-3 6'], 'beside four on their way');
    assert.equal(model.find('x-2').end?.reason, 'canceled');
    assert.equal(model.find('x-1').end, null);
    model.answer('x-1', 'expired', 1);
    model.answer('x-3', 'filled', 6);
    assert.deepEqual(model.pass(), ['d-x-3 3']);
    assert.equal(model.find('x-1').end?.reason, 'canceled');
    model.answer('x-3', 'filled', 3);
    model.pass();
    assert.deepEqual([model.find('x-3').end?.reason, inLots(model.position.quantityE8)], ['filled', 0]);
  });

  test('an opening that was asked for before a full close is closed with it, whenever it fills [EX-28]', () => {
    const model = held(10);
    model.open('o-2', 5);
    model.exit('x-1', 10, { ...WAITS, atMs: T0 + 1 });
    model.pass();
    model.answer('x-1', 'filled', 10);
    model.pass();
    assert.equal(model.find('x-1').end, null);
    model.report('o-2', 'filled', 5);
    assert.deepEqual(model.pass(), ['d-x-1 5']);
  });
});

describe('room for what closes, and for what rests [DESIGN 12.2]', () => {
  test('as few resting exits as needed are canceled, newest first, and rest again when there is room [EX-52]', () => {
    const model = held(10);
    for (let nr = 1; nr <= 5; nr += 1) model.takeProfit(`t-${nr}`, 2, { delayMs: 1 });
    model.pass();
    for (let nr = 1; nr <= 5; nr += 1) model.answer(`t-${nr}`, 'working', 0);
    model.exit('x-1', 3, PART);
    assert.deepEqual(model.pass(), [], 'they are in its way');
    assert.deepEqual(model.canceled, ['t-4', 't-5']);
    for (const id of model.canceled) model.report(id, 'canceled', 0);
    assert.deepEqual(model.pass(), ['d-x-1 3', 'd-t-4 1'], 'one lot is not needed');
    model.answer('x-1', 'expired', 1);
    model.answer('t-4', 'working', 0);
    assert.deepEqual(model.pass(), ['d-x-1 2']);
    model.askCancel('x-1');
    model.answer('x-1', 'expired', 0);
    assert.deepEqual(model.pass(), ['d-t-4 1', 'd-t-5 1'], 'nine are held: the rest of it');
    assert.deepEqual(model.alerts, []);
  });

  test('of an exit that is canceled no order makes room: both of its orders go for good', () => {
    const model = held(10);
    model.takeProfit('t-1', 6, { delayMs: 1 });
    model.takeProfit('t-2', 4, { delayMs: 1 });
    model.pass();
    for (const id of ['t-1', 't-2']) model.answer(id, 'working', 0);
    model.exit('x-1', 1, PART);
    model.pass();
    model.report('t-2', 'canceled', 0);
    assert.deepEqual(model.pass(), ['d-x-1 1', 'd-t-2 3']);
    model.answer('t-2', 'working', 0);
    model.answer('x-1', 'expired', 0);
    model.askCancel('x-1');
    assert.deepEqual(model.pass(), ['d-t-2 1'], 'all of it rests again');
    model.askCancel('t-2');
    model.pass();
    assert.deepEqual(model.reasons, [MAKES_ROOM, 'its exit is canceled', 'its exit is canceled']);
  });

  test('one more take-profit than is held cancels none, and rests once there is room [EX-55]', () => {
    const model = held(25);
    for (let nr = 1; nr <= 25; nr += 1) model.takeProfit(`t-${nr}`, 1, { delayMs: 1 });
    model.pass();
    for (let nr = 1; nr <= 25; nr += 1) model.answer(`t-${nr}`, 'working', 0);
    model.takeProfit('t-26', 1, { delayMs: 1 });
    assert.deepEqual([model.pass(), model.canceled], [[], []]);
    model.askCancel('t-3');
    model.answer('t-3', 'canceled', 0);
    assert.deepEqual(model.pass(), ['d-t-26 1']);
    assert.equal(model.live().length, 25);
  });

  test('RISK: an answer that hangs holds an exit up for a second at most, beside nobody’s lots until it comes [EX-53]', () => {
    for (const unowned of [0, 5]) {
      const model = held(10, unowned);
      model.takeProfit('t-1', 10, { delayMs: 1 });
      model.pass();
      model.answer('t-1', 'working', 0);
      model.exit('x-1', 10, WAITS);
      assert.deepEqual(model.pass(), []);
      assert.deepEqual(model.pass(), unowned === 0 ? ['d-x-1 10'] : []);
    }
  });

  test('an operator’s exit waits for no room [EX-54]', () => {
    for (const unowned of [0, 5]) {
      const model = held(10, unowned);
      model.takeProfit('t-1', 10, { delayMs: 1 });
      model.pass();
      model.answer('t-1', 'working', 0);
      model.exit('ops', 10, { ...WAITS, origin: 'operator' });
      assert.deepEqual(model.pass(), [`d-ops ${10 + unowned}`]);
    }
  });
});

describe('an exit that is refused while what makes room for it does not go', () => {
  const crowded = (origin: 'agent' | 'operator' | 'gate'): PumpModel => {
    const model = held(10);
    model.takeProfit('t-1', 10, { atMs: T0 + 1 });
    model.report('t-1', 'working', 0);
    model.exit('x-1', 10, { ...WAITS, origin });
    return model;
  };
  /** Its tries until it is over, in so many passes at most, two seconds apart. */
  const refuse = (model: PumpModel, passes: number): number => {
    let tries = 0;
    for (let nr = 0; nr < passes && model.find('x-1').end === null; nr += 1) {
      model.wait(-18_000);
      if (model.pass().length === 0) continue;
      tries += 1;
      model.refuse('x-1', 'nothing_to_reduce');
    }
    return tries;
  };

  for (const origin of ['agent', 'operator', 'gate'] as const) {
    test(`${origin}: it does not count, and the exit goes out at once when that is gone [EX-69]`, () => {
      const model = crowded(origin);
      assert.ok(refuse(model, 100) > 8, 'more than end an exit');
      assert.deepEqual([model.find('x-1').end, model.canceled], [null, ['t-1']]);
      model.passNow();
      model.report('t-1', 'canceled', 0);
      assert.deepEqual(model.passNow(), ['d-x-1 10']);
      model.answer('x-1', 'filled', 10);
      model.pass();
      assert.deepEqual([model.find('x-1').end?.reason, model.alerts], ['filled', []]);
    });

    test(`${origin}: what is open after all, of an exit that is over, is asked back after three refusals [EX-74]`, () => {
      const model = held(10);
      model.takeProfit('t-1', 10, { atMs: T0 + 1 });
      for (const status of ['working', 'canceled'] as const) model.report('t-1', status, 0);
      model.pass();
      assert.equal(model.find('t-1').end?.reason, 'canceled', 'the venue listed it no more');
      model.list('t-1', 10, { reduceOnly: true, side: 'sell' });
      model.exit('x-1', 10, { ...WAITS, origin });
      refuse(model, 20);
      assert.deepEqual([model.find('x-1').end, model.canceled], [null, ['t-1']]);
      model.passNow();
      model.report('t-1', 'canceled', 0);
      assert.deepEqual(model.passNow(), ['d-x-1 10']);
    });

    test(`${origin}: what rests for an exit that goes on is not asked back where there is room beside it [EX-74]`, () => {
      const model = held(10);
      model.takeProfit('t-1', 4, { atMs: T0 + 1 });
      model.report('t-1', 'working', 0);
      model.exit('x-1', 4, { ...WAITS, isWhole: false, origin });
      refuse(model, 40);
      assert.deepEqual([model.find('x-1').end?.reason, model.canceled], ['rejected', []]);
    });

    test(`${origin}: what never goes ends it in the end, with an alert [EX-69]`, () => {
      const model = crowded(origin);
      refuse(model, 400);
      assert.equal(model.find('x-1').end?.reason, 'rejected');
      assert.ok(model.atMs - T0 > 300_000, `after ${model.atMs - T0} ms`);
      assert.match(model.alerts.join(), /^EXIT_ENDED/);
    });
  }
});

test('an exit that is refused as off the grid waits for the filters, and is never given up [DESIGN 12.4]', () => {
  const model = held(20);
  model.exit('x-1', 4, PART);
  for (let times = 0; times < 20; times += 1) {
    assert.deepEqual(model.pass(), ['d-x-1 4']);
    model.refuse('x-1', 'off_grid');
    model.passNow();
  }
  assert.deepEqual([model.find('x-1').end, model.alerts], [null, []]);
});

test('what is left of a part below a coarser lot is closed by a lot, of the holder’s own [DESIGN 12.2]', () => {
  for (const unowned of [0, 5]) {
    const model = held(20, unowned);
    model.exit('x-1', 4, PART);
    model.takeProfit('t-1', 18, { delayMs: 1 });
    model.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: { ...BTC_RULES, lotScale: 100 } } });
    assert.deepEqual(model.pass(), unowned === 0 ? ['d-x-1 10', 'd-t-1 10'] : ['d-t-1 10']);
    if (unowned > 0) continue;
    model.answer('x-1', 'filled', 10);
    model.pass();
    assert.deepEqual([model.find('x-1').end?.reason, model.alerts], ['filled', []]);
  }
});

test('an order that covers all of less than the smallest one rests, and is not called back', () => {
  const model = held(2);
  model.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: { ...BTC_RULES, minLots: 3 } } });
  model.takeProfit('t-1', 3, { atMs: T0 + 1 });
  model.report('t-1', 'working', 0);
  assert.deepEqual([model.pass(), model.pass(), model.canceled], [[], [], []]);
  const beside = held(2);
  beside.takeProfit('t-1', 3, { atMs: T0 + 1 });
  beside.report('t-1', 'working', 0);
  beside.pass();
  assert.deepEqual(beside.canceled, ['t-1'], 'where the smallest is one lot, it is more than is held');
});

test('a full close that comes to rest with what an earlier opening has filled meanwhile is not called back', () => {
  const model = held(11);
  model.open('o-1', 2, { rests: true });
  model.report('o-1', 'working', 0);
  model.exit('x-1', 11, { atMs: T0 + 1 });
  model.report('x-1', 'filled', 11);
  model.report('o-1', 'filled', 2);
  // Its next order is a limit that does not fill any more.
  model.takeProfit('s-1', 2, { parent: 'x-1', atMs: T0 + 2 });
  model.report('s-1', 'working', 0);
  for (let times = 0; times < 3; times += 1) assert.deepEqual(model.pass(), []);
  assert.equal(model.find('x-1').wants, 'rest');
  assert.deepEqual(model.canceled, []);
});

describe('a place among the open orders that the venue takes [DESIGN 12.4]', () => {
  /** Twenty lots held, three openings and three take-profits at rest, and a part that the venue has no room for. */
  const crowded = (): PumpModel => {
    const model = held(20);
    for (let nr = 1; nr <= 3; nr += 1) model.takeProfit(`t-${nr}`, 2, { atMs: T0 + nr });
    for (let nr = 1; nr <= 3; nr += 1) model.open(`o-${nr}`, 1, { atMs: T0 + 3 + nr, rests: true });
    for (const id of ['t-1', 't-2', 't-3', 'o-1', 'o-2', 'o-3']) model.report(id, 'working', 0);
    model.exit('x-1', 4, PART);
    model.pass();
    model.refuse('x-1', 'order_limit');
    return model;
  };

  test('the newest opening that rests gives its place, then the holder’s newest exit, one at a time [EX-46]', () => {
    const model = crowded();
    for (const id of ['o-3', 'o-2', 'o-1', 't-3', 't-2', 't-1']) {
      model.passNow();
      assert.equal(model.canceled.at(-1), id);
      assert.deepEqual(model.passNow(), [], 'it is not proven yet that it is gone');
      model.report(id, 'canceled', 0);
      if (id !== 'o-3') {
        assert.deepEqual(model.passNow(), [], 'the place before did not help either: it goes out once a second');
        model.wait(1_000);
      }
      assert.deepEqual(model.passNow(), ['d-x-1 4'], 'and what gave its place takes it from nobody');
      model.refuse('x-1', 'order_limit');
    }
    assert.equal(model.canceled.length, 6);
    for (let times = 0; times < 20; times += 1) {
      assert.deepEqual(model.pass(), [], 'it waits');
      assert.deepEqual(model.pass(), ['d-x-1 4'], 'it is never given up');
      model.refuse('x-1', 'order_limit');
    }
    model.pass();
    model.answer('x-1', 'filled', 4);
    assert.deepEqual(model.pass(), ['d-t-1 2', 'd-t-2 2', 'd-t-3 2'], 'those rest again');
    assert.deepEqual([model.alerts, model.canceled.length], [[], 6]);
  });

  test('what gave its place rests again while the exit waits for longer than a second, and gives it again', () => {
    const model = held(20);
    model.takeProfit('t-1', 2);
    model.report('t-1', 'working', 0);
    model.exit('x-1', 4, { ...PART, slippageBps: 10 });
    model.pass();
    model.refuse('x-1', 'order_limit');
    model.passNow();
    model.report('t-1', 'canceled', 0);
    for (const waitMs of [200, 400, 800]) {
      assert.deepEqual(model.passNow(), ['d-x-1 4']);
      model.answer('x-1', 'expired', 0);
      assert.deepEqual(model.passNow(), [], `its next order goes out in ${waitMs} ms`);
      model.wait(waitMs);
    }
    assert.deepEqual(model.passNow(), ['d-x-1 4']);
    model.answer('x-1', 'expired', 0);
    assert.deepEqual(model.passNow(), ['d-t-1 2']);
    model.answer('t-1', 'working', 0);
    assert.deepEqual(model.pass(), ['d-x-1 4']);
    model.refuse('x-1', 'order_limit');
    model.passNow();
    assert.equal(model.canceled.length, 2);
  });

  test('one that does not go is waited for no longer than 5 s: the next gives its place', () => {
    const model = crowded();
    model.passNow();
    assert.deepEqual(model.canceled, ['o-3']);
    assert.deepEqual(model.pass(), ['d-x-1 4'], 'its cancel is not answered');
    model.refuse('x-1', 'order_limit');
    model.passNow();
    assert.deepEqual(model.canceled, ['o-3', 'o-2']);
    model.report('o-2', 'canceled', 0);
    assert.deepEqual(model.passNow(), ['d-x-1 4']);
  });

  test('one that is being canceled already gives its place, and no other goes', () => {
    const model = crowded();
    model.cancel('o-1', 'its caller wants it gone');
    model.passNow();
    model.report('o-1', 'canceled', 0);
    assert.deepEqual(model.passNow(), ['d-x-1 4']);
    assert.deepEqual(model.canceled, []);
  });

  /** Two exits want one place, and the first has it. */
  const shared = (): PumpModel => {
    const model = crowded();
    model.exit('x-2', 4, PART);
    model.passNow();
    model.refuse('x-2', 'order_limit');
    model.passNow();
    assert.deepEqual(model.canceled, ['o-3']);
    model.report('o-3', 'canceled', 0);
    assert.deepEqual(model.passNow(), ['d-x-1 4']);
    assert.deepEqual(model.passNow(), []);
    return model;
  };
  for (const status of ['filled', 'unknown'] as const)
    test(`a place that was given takes one order: the next one waits until that is ${status} [EX-70]`, () => {
      const model = shared();
      model.answer('x-1', status, status === 'filled' ? 4 : 0);
      assert.deepEqual(model.passNow(), ['d-x-2 4']);
      assert.deepEqual(model.canceled, ['o-3']);
    });

  test('a place that did not help is waited for no longer', () => {
    const model = crowded();
    model.passNow();
    model.report('o-3', 'canceled', 0);
    assert.deepEqual(model.passNow(), ['d-x-1 4']);
    model.refuse('x-1', 'account_differs');
    assert.deepEqual(model.passNow(), [], 'it is refused for something else, and waits for that');
    assert.deepEqual(model.passNow(), []);
    assert.deepEqual(model.pass(), ['d-x-1 4']);
  });

  test('never an order that is not ours, nor another agent’s exit [EX-46]', () => {
    const model = held(20);
    model.list('theirs', 3);
    model.exit('x-1', 4, PART);
    model.pass();
    model.refuse('x-1', 'order_limit');
    for (let times = 0; times < 20; times += 1) {
      assert.deepEqual(model.pass(), []);
      assert.deepEqual(model.pass(), ['d-x-1 4']);
      model.refuse('x-1', 'order_limit');
    }
    assert.deepEqual([model.canceled, model.alerts], [[], []]);
  });

  test('an exit that rests waits, and cancels nothing', () => {
    const model = held(20);
    model.open('o-1', 1, { rests: true });
    model.report('o-1', 'working', 0);
    model.takeProfit('t-1', 2, { delayMs: 1 });
    for (let times = 0; times < 20; times += 1) {
      assert.deepEqual(model.pass(), ['d-t-1 2']);
      model.refuse('t-1', 'order_limit');
      assert.deepEqual(model.pass(), []);
    }
    assert.deepEqual([model.canceled, model.alerts], [[], []]);
    assert.equal(model.find('t-1').end, null);
  });
});

describe('the end of a claim is told once nothing of it can fill any more [DESIGN 12.2]', () => {
  test('of one that no rung filled [EX-50]', () => {
    const model = held(10);
    model.exit('x-1', 10, WAITS);
    for (let rung = 0; rung < 4; rung += 1) {
      assert.deepEqual(model.pass(), ['d-x-1 10'], `rung ${rung}`);
      assert.deepEqual(model.alerts, []);
      model.answer('x-1', 'expired', 0);
    }
    model.pass();
    assert.equal(model.find('x-1').end?.reason, 'exhausted');
    assert.match(model.alerts.join(), /^EXIT_ENDED exit d-x-1 ended with 0\.000 closed/);
  });

  test('of one that rests and that somebody ended at the venue, once [EX-57]', () => {
    const model = held(10);
    model.takeProfit('t-1', 4, { delayMs: 1 });
    model.pass();
    model.answer('t-1', 'working', 1);
    model.pass();
    assert.deepEqual(model.alerts, []);
    model.answer('t-1', 'canceled', 1);
    model.pass();
    model.pass();
    assert.deepEqual([model.find('t-1').end?.reason, model.alerts.length], ['canceled', 1]);
    assert.match(model.alerts[0] ?? '', /^EXIT_ENDED the resting exit d-t-1 ended with 0\.001 closed/);
    assert.deepEqual(model.sent.length, 1, 'it does not rest again');
  });

  test('not of one that gave way, was closed otherwise, or was canceled by its caller', () => {
    for (const how of ['room', 'closed', 'caller'] as const) {
      const model = held(10);
      model.takeProfit('t-1', 4, { delayMs: 1 });
      model.pass();
      model.answer('t-1', 'working', 0);
      if (how === 'caller') model.askCancel('t-1');
      else model.cancel('t-1', MAKES_ROOM);
      model.answer('t-1', 'canceled', 0);
      if (how === 'closed') {
        model.exit('ops', 10, { origin: 'operator' });
        model.answer('ops', 'filled', 10);
      }
      model.pass();
      assert.deepEqual(model.alerts, [], how);
      assert.equal(
        model.find('t-1').end?.reason ?? null,
        { room: null, closed: 'nothing_left', caller: 'canceled' }[how],
      );
    }
  });

  test('not of one whose lots an operator’s exit has closed while its own order was lost', () => {
    const model = held(10);
    model.exit('x-1', 10, WAITS);
    model.pass();
    model.answer('x-1', 'unknown', 0);
    model.exit('ops', 10, { ...WAITS, origin: 'operator' });
    model.pass();
    model.answer('ops', 'filled', 10);
    model.pass();
    assert.equal(model.find('x-1').end, null, 'its order may fill');
    model.answer('x-1', 'not_placed', 0);
    model.pass();
    assert.deepEqual([model.find('x-1').end?.reason, model.alerts], ['nothing_left', []]);
  });
});

interface Step {
  readonly kind:
    | 'ask'
    | 'rest'
    | 'operator'
    | 'gate'
    | 'pass'
    | 'report'
    | 'open'
    | 'hand'
    | 'read'
    | 'cancel'
    | 'fill';
  readonly share: number;
  readonly lots: number;
  readonly which: number;
  readonly status: 'unknown' | 'lost' | 'expired' | 'filled' | 'rejected' | 'not_placed' | 'working';
}
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['ask', 'ask', 'rest', 'operator', 'gate', 'pass', 'pass', 'report', 'report', 'report'] as const),
    ...(['open', 'hand', 'read', 'cancel', 'rest', 'fill', 'fill'] as const),
  ),
  share: fc.constantFrom(0.1, 0.5, 1),
  lots: fc.integer({ min: 1, max: 12 }),
  which: fc.nat(20),
  status: fc.constantFrom('unknown', 'lost', 'expired', 'filled', 'rejected', 'not_placed', 'working'),
});

/** A venue that executes when an order is sent, as much as it likes, and tells of it when it likes; it never sells short. */
class Play {
  readonly model = new PumpModel();
  /** Signed lots at the venue, of the holder and of nobody. */
  own = 0;
  nobodys = 0;
  readonly #executed = new Map<string, number>();
  #count = 0;
  /** Most lots that nobody's could be short of, had exits of the holder closed them. */
  get lots(): number {
    return this.own + this.nobodys;
  }

  open(lots: number): void {
    this.#count += 1;
    const { model } = this;
    model.open(`o-${this.#count}`, lots, { atMs: model.atMs });
    model.report(`o-${this.#count}`, 'filled', lots, model.atMs);
    this.own += lots;
  }
  hand(lots: number): void {
    this.nobodys += lots;
  }
  ask(kind: 'ask' | 'rest' | 'operator' | 'gate', share: number): void {
    const { model } = this;
    const all = inLots(kind === 'operator' ? model.position.quantityE8 : ownE8(model.position));
    const lots = Math.max(1, Math.floor(all * share));
    if (all <= 0) return;
    this.#count += 1;
    const id = `x-${this.#count}`;
    const at = { atMs: model.atMs, delayMs: 1 } as const;
    if (kind === 'rest') model.takeProfit(id, lots, at);
    else model.exit(id, lots, { ...at, isWhole: lots >= all, origin: kind === 'ask' ? 'agent' : kind });
  }
  /** The venue takes what was sent: `fills` of it, where it does not rest. */
  pass(fills: number): void {
    const { model } = this;
    const from = model.sent.length;
    model.pass();
    for (const { order, claim } of model.sent.slice(from)) {
      const isRest = claim.wants === 'rest';
      this.#execute(
        order.clientOrderId,
        isRest ? 0 : Math.min(inLots(order.quantityE8), fills),
        claim.origin === 'operator',
      );
      if (isRest) model.report(order.clientOrderId, 'working', 0, model.atMs);
    }
    for (const id of model.canceled.splice(0)) this.tell(id, 'canceled');
  }
  #execute(id: string, lots: number, isOperators: boolean): void {
    const executed = Math.min(lots, Math.max(0, this.lots));
    this.#executed.set(id, (this.#executed.get(id) ?? 0) + executed);
    if (isOperators) {
      const ofNobody = Math.min(executed, this.nobodys);
      this.nobodys -= ofNobody;
      this.own -= executed - ofNobody;
    } else this.own -= executed;
    if (this.nobodys > 0) assert.ok(this.own >= 0, `${-this.own} of nobody's lots were closed`);
    if (this.own < 0) {
      this.nobodys += this.own;
      this.own = 0;
    }
  }
  /** What rests fills, and nobody tells of it. */
  #fill(which: number, lots: number): void {
    const resting = this.model.live().filter(({ timeInForce }) => timeInForce === 'GTC');
    const order = resting[which % Math.max(1, resting.length)];
    if (order === undefined) return;
    const left = inLots(order.quantityE8) - (this.#executed.get(order.clientOrderId) ?? 0);
    this.#execute(order.clientOrderId, Math.min(lots, left), false);
  }
  tell(id: string, status: Step['status'] | 'canceled'): void {
    const { model } = this;
    const order = model.state.orders.all.get(id);
    if (order === undefined) return;
    const done = this.#executed.get(id) ?? 0;
    const isOver = done === inLots(order.quantityE8);
    if (status === 'filled' || status === 'expired' || status === 'canceled')
      model.report(id, isOver ? 'filled' : status === 'canceled' ? 'canceled' : 'expired', done, model.atMs);
    else if (status === 'rejected' || status === 'not_placed') {
      if (done === 0 && order.status !== 'working')
        model.report(id, status, 0, model.atMs, { venue_order_id: null, detail: 'no' });
    } else if (status !== 'working') {
      model.report(id, status, inLots(order.executedE8), model.atMs);
    }
  }
  read(): void {
    const { model } = this;
    model.wait(2_000);
    model.read(this.lots, model.atMs);
  }

  step({ kind, lots, share, status, which }: Step): void {
    const { model } = this;
    if (kind === 'ask' || kind === 'rest' || kind === 'operator' || kind === 'gate') this.ask(kind, share);
    else if (kind === 'pass') this.pass(lots);
    else if (kind === 'open') this.#openWhereFree(lots);
    else if (kind === 'hand') this.hand(lots);
    else if (kind === 'read') this.read();
    else if (kind === 'fill') this.#fill(which, lots);
    else if (kind === 'cancel') model.askCancel(null, { atMs: model.atMs });
    else {
      const live = model.live();
      const order = live[which % Math.max(1, live.length)];
      if (order !== undefined) this.tell(order.clientOrderId, status);
    }
  }
  /** Nothing opens while an exit that closes now is worked, nor beside what is nobody's. */
  #openWhereFree(lots: number): void {
    const { claims } = this.model.state;
    const isFree = [...claims.open].every(({ wants }) => wants === 'rest');
    if (isFree && this.nobodys === 0 && unownedE8(this.model.position) === 0) this.open(lots);
  }
  settle(): void {
    const { model } = this;
    for (let round = 0; round < 80; round += 1) {
      for (const { clientOrderId, timeInForce } of model.live())
        if (timeInForce !== 'GTC') this.tell(clientOrderId, 'expired');
      this.read();
      this.pass(1_000);
      if ([...model.state.claims.open].every(({ wants }) => wants === 'rest') && round > 5) return;
    }
  }
}

test('BY-36 exits of the holder and of the gate close nobody’s lots in no order of fills, losses, readings and ends', () => {
  let sent = 0;
  forAll(
    [fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 20 }), fc.array(step, { maxLength: 40, size: 'max' })],
    { seed: 38, numRuns: 2_000 },
    (own, nobodys, steps) => {
      const play = new Play();
      play.open(own);
      if (nobodys > 0) {
        play.hand(nobodys);
        play.read();
      }
      for (const each of steps) {
        // A hand that trades past the gate is known once it is read: before that nobody can tell.
        if (each.kind === 'hand' && play.model.live().length > 0) continue;
        play.step(each);
        if (each.kind === 'hand') play.read();
      }
      sent += play.model.sent.length;
    },
  );
  assert.ok(sent > 2_000, `${sent} orders`);
});

test('BY-15 every exit that closes now ends: where the venue fills, what was asked for is closed', () => {
  forAll(
    [fc.integer({ min: 1, max: 20 }), fc.array(step, { maxLength: 25, size: 'max' })],
    { seed: 15, numRuns: 500 },
    (own, steps) => {
      const play = new Play();
      play.open(own);
      for (const each of steps) if (each.kind !== 'hand') play.step(each);
      play.settle();
      const { model } = play;
      for (const claim of model.sent.map(({ claim }) => claim)) {
        if (claim.wants === 'rest') continue;
        assert.ok(claim.end !== null, claim.decisionId);
        const done = inLots(closedE8(claim));
        assert.ok(
          claim.isWhole || done <= inLots(claim.askedE8),
          `${claim.decisionId} closed ${done} of ${inLots(claim.askedE8)}`,
        );
        if (claim.end.reason === 'filled' && !claim.isWhole)
          assert.ok(done === inLots(claim.askedE8) || play.own === 0);
      }
      const closed = model.sent.reduce((sum, { order }) => sum + inLots(order.executedE8), 0);
      const claims = new Set(model.sent.map(({ claim }) => claim));
      assert.equal(
        [...claims].reduce((sum, claim) => sum + inLots(closedE8(claim)), 0),
        closed,
        'each lot is one claim’s',
      );
    },
  );
});
