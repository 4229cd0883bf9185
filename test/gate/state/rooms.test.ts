import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decisionEvent, T0 } from '../fold-fixture.ts';
import { FoldedExits } from './folded-exits.ts';

interface Fill {
  readonly agent: string;
  readonly side: 'buy' | 'sell';
  readonly lots: number;
}

const EVERY_MS = 10;
const READ_AT_MS = T0 + 5_000;
const ASKED_AT_MS = T0 + 6_000;

/** Fills of others at the exchange; `known` of them are proven when an exit of all is asked for, the rest afterwards. */
class Told {
  readonly exits = new FoldedExits();
  readonly #fills: readonly Fill[];

  constructor(fills: readonly Fill[], known: number, shown: number) {
    this.#fills = fills;
    fills.forEach(({ agent, lots, side }, index) => {
      const order = {
        client_order_id: `f${index}`,
        side,
        lots,
        time_in_force: 'IOC',
        reduce_only: side === 'sell',
      } as const;
      this.exits.ledger.append(decisionEvent({ id: `d-f${index}`, atMs: T0, agent, orders: [order] }));
    });
    for (let index = 0; index < known; index += 1) this.prove(index, READ_AT_MS - 10);
    const lots = sumOf(fills.slice(0, shown));
    this.exits.read(lots, READ_AT_MS, T0 + EVERY_MS * shown);
  }

  prove(index: number, atMs: number): void {
    const filledAtMs = T0 + EVERY_MS * (index + 1);
    this.exits.report(`f${index}`, 'filled', this.#fills[index]?.lots ?? 0, atMs, { venue_at_ms: filledAtMs });
  }

  get heldLots(): number {
    const { disputedLots, lots } = this.exits.ledger.state.position('BTCUSDT');
    return Math.max(lots, disputedLots ?? 0);
  }

  /** Exits of an agent that holds nothing itself: of all, of a half, and of all at a price of their own. */
  ask(): void {
    const lots = this.heldLots;
    this.exits.exit('x', lots, { atMs: ASKED_AT_MS, delayMs: 1_000 });
    this.exits.exit('h', Math.ceil(lots / 2), { atMs: ASKED_AT_MS, delayMs: 1_000, isWhole: false });
    this.exits.takeProfit('t', lots, { atMs: ASKED_AT_MS, delayMs: 1_000 });
  }

  /** Lots that each may close, and what is left to close. */
  get rooms(): readonly (readonly [room: number, left: number])[] {
    const { ledger } = this.exits;
    return [ledger.state, ledger.refold()].flatMap(({ displaced, targets }) => {
      const [whole, half] = [targets.find('d-x'), targets.find('d-h')];
      assert.ok(whole !== null && half !== null);
      assert.deepEqual([half.roomLots, displaced.bounds.find('d-t')?.roomLots], [whole.roomLots, whole.roomLots]);
      return [whole, half].map(({ leftLots, roomLots }) => [roomLots, leftLots] as const);
    });
  }
}

function sumOf(fills: readonly Fill[]): number {
  return fills.reduce((sum, { lots, side }) => sum + (side === 'buy' ? lots : -lots), 0);
}

test('what an exit may close is the same in whatever order the fills of before become known', () => {
  const fill = fc.record({
    agent: fc.constantFrom('bob', 'carol'),
    side: fc.constantFrom('buy', 'buy', 'sell'),
    lots: fc.integer({ min: 1, max: 60 }),
  } as const);
  const cases = fc.array(fill, { minLength: 2, maxLength: 8 }).chain((fills) =>
    fc.nat(fills.length - 1).chain((known) =>
      fc.record({
        fills: fc.constant(fills),
        known: fc.constant(known),
        shown: fc.integer({ min: 1, max: fills.length }),
        order: fc.shuffledSubarray([...fills.keys()].slice(known), { minLength: fills.length - known }),
      }),
    ),
  );
  fc.assert(
    fc.property(cases, ({ fills, known, order, shown }) => {
      for (let index = 1; index <= fills.length; index += 1) fc.pre(sumOf(fills.slice(0, index)) > 0);
      const inTurn = new Told(fills, known, shown);
      const late = new Told(fills, known, shown);
      for (const told of [inTurn, late]) told.ask();
      const half = Math.ceil(inTurn.heldLots / 2);
      const held = sumOf(fills);
      const isAllShown = shown === fills.length;
      for (const index of [...order].sort((a, b) => a - b)) inTurn.prove(index, ASKED_AT_MS + 100);
      for (const index of order) {
        late.prove(index, ASKED_AT_MS + 100);
        if (isAllShown) for (const [room] of late.rooms) assert.ok(room >= held, `${room} of ${held}`);
      }
      const [whole, part] = [late.rooms[0], late.rooms[1]];
      assert.deepEqual([whole, part?.[0]], [inTurn.rooms[0], inTurn.rooms[1]?.[0]]);
      if (!isAllShown) return;
      assert.deepEqual(late.rooms.slice(0, 2), late.rooms.slice(2), 'after a restart');
      assert.deepEqual(
        [whole, part],
        [
          [held, held],
          [held, Math.min(half, held)],
        ],
      );
    }),
    { seed: 41, numRuns: 1_000 },
  );
});

test('a reading that lags behind does not settle what an earlier one showed beyond what is proven', () => {
  const book = new FoldedExits();
  book.open('o-1', 10);
  book.report('o-1', 'filled', 10, T0 + 5, { venue_at_ms: T0 });
  // An order that rests may explain what somebody has bought by hand.
  const resting = { client_order_id: 'r-1', lots: 5, price_ticks: 590_000 } as const;
  book.ledger.append(decisionEvent({ id: 'd-r-1', atMs: T0 + 6, orders: [resting] }));
  book.report('r-1', 'working', 0, T0 + 7);
  book.read(15, T0 + 10, T0 + 8);
  book.exit('x', 15, { atMs: T0 + 20, delayMs: 1_000 });
  book.open('o-2', 5, T0 + 30);
  book.report('o-2', 'filled', 5, T0 + 31);
  book.read(10, T0 + 40, T0 + 1);
  const room = (): number => book.find('x').roomLots;
  assert.equal(room(), 15, 'what was bought by hand is still held');
  book.read(20, T0 + 50, T0 + 31);
  assert.equal(room(), 15);
});
