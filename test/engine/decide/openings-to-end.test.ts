import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import {
  findOpeningsToEnd,
  findOpeningsToEndByAnswer,
  findOpeningsToEndByStop,
  type OpeningsToEnd,
} from '../../../daemon/engine/decide/openings-to-end.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { decisionEvent, T0 } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const POLICY = compilePolicy(basePolicy, 'test', 'alice');
const idsOf = ({ openings, slices }: OpeningsToEnd): readonly string[] =>
  [...slices, ...openings].map(({ clientOrderId }) => clientOrderId).sort();

/**
 * Alice holds ten lots. Openings of both sides rest, one is unknown, one slice waits unsent, and another one is on its way;
 * a person's opening rests beside them.
 */
function quoting(): FoldedClaims {
  const book = new FoldedClaims();
  book.hold(10);
  for (const [id, side] of [
    ['buys', 'buy'],
    ['sells', 'sell'],
  ] as const) {
    book.open(id, 5, { side, rests: true });
    book.report(id, 'working', 0);
  }
  book.open('unknown', 5, { side: 'sell', rests: true });
  book.report('unknown', 'unknown', 0);
  book.open('unsent', 5, { delayMs: 500 });
  book.list('web-1', 5);
  return book;
}
interface Close {
  readonly lots: number;
  /** Lots that were asked for, where that is not what goes out. */
  readonly asked?: number;
  readonly fraction?: number | null;
  readonly origin?: 'agent' | 'operator' | 'gate';
  readonly agent?: string;
}
/** What the record of a close at once ends, while the sender has not handed over `going`. */
function endedBy(
  book: FoldedClaims,
  { agent = 'alice', fraction = null, lots, asked = lots, origin = 'agent' }: Close,
  going: string | null = null,
): readonly string[] {
  const order = { client_order_id: 'x', lots, side: 'sell', reduce_only: true, time_in_force: 'IOC' } as const;
  const effective = { action: 'exit', side: 'sell', lots, time_in_force: 'IOC' } as const;
  const quantity = fraction === null ? asked / 1_000 : null;
  const request = { fraction, quantity, intent: 'close', origin, side: 'sell', symbol: 'BTCUSDT' } as const;
  const { payload } = decisionEvent({ id: 'd-x', atMs: T0, agent, request, effective, orders: [order] });
  const { exposure } = payload.context;
  const context = {
    ...payload.context,
    agent: { ...payload.context.agent, share_lots: 10 },
    exposure: { ...exposure, long_lots: 10, short_lots: 0, position_lots: 10 },
  };
  const isUnsent = ({ clientOrderId }: OrderState): boolean => clientOrderId === going;
  return idsOf(findOpeningsToEnd(book.state, { ...payload, context }, POLICY, isUnsent));
}
const ALL = ['buys', 'sells', 'unknown', 'unsent'];

describe('what an exit that closes now ends [DESIGN 12.1]', () => {
  test('a part: the unsent slices of its agent, and nothing that rests [EX-34]', () => {
    assert.deepEqual(endedBy(quoting(), { lots: 4 }), ['unsent']);
    assert.deepEqual(endedBy(quoting(), { lots: 10, fraction: 0.99 }), ['unsent'], 'its last lot may be all of it');
    assert.deepEqual(
      endedBy(quoting(), { lots: 10, asked: 9 }),
      ['unsent'],
      'less than the least order is taken along',
    );
  });

  test('a part: also what is decided and has not left, and nothing that is on its way [EX-34]', () => {
    const book = quoting();
    for (const id of ['gone', 'going']) book.open(id, 5);
    assert.deepEqual(endedBy(book, { lots: 4 }, 'going'), ['going', 'unsent']);
  });

  test('a full close: the resting openings of its agent as well, on both sides, and no person’s [EX-35]', () => {
    assert.deepEqual(endedBy(quoting(), { lots: 10 }), ALL);
    assert.deepEqual(endedBy(quoting(), { lots: 10, fraction: 1 }), ALL);
  });

  test('nothing of another agent, where an agent closes', () => {
    const book = quoting();
    assert.deepEqual(endedBy(book, { lots: 10, agent: 'bob' }), []);
  });

  for (const origin of ['operator', 'gate'] as const)
    test(`everybody’s, where it is of the ${origin}, a part as well [EX-35]`, () => {
      assert.deepEqual(endedBy(quoting(), { lots: 4, origin, agent: 'x' }), ALL);
    });

  test('everybody’s, where a protective stop fires [EX-35]', () => {
    const book = quoting();
    const [any] = [...book.state.orders.all.values()];
    assert.deepEqual(idsOf(findOpeningsToEndByStop(book.state, any!)), ALL);
  });

  test('a limit exit that filled at once, though it was taken for one that rests: as a part, or as a full close', () => {
    for (const [lots, expected] of [
      [4, ['unsent']],
      [10, ALL],
    ] as const) {
      const book = quoting();
      book.takeProfit('t-1', lots);
      book.report('t-1', 'filled', lots);
      assert.deepEqual(idsOf(findOpeningsToEndByAnswer(book.state, book.state.orders.all.get('t-1')!)), expected);
    }
  });
});
