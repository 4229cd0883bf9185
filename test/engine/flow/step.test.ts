import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ask,
  type End,
  Engine,
  type EngineListener,
  type Flow,
  joined,
  onDisk,
  Pending,
  type Request,
  resultOf,
  type Started,
} from '../../../daemon/engine/flow/step.ts';

/** Nobody hears of what goes on outside a step. */
const NOBODY: EngineListener = { onRequests: () => undefined, onUnheard: () => undefined };
const wait = (ms: number): Flow<undefined> => ask<'wait'>({ fx: 'wait', ms });
const msOf = (requests: readonly Request[]): readonly (readonly [number, number])[] =>
  requests.map(({ effect, id }) => [id, effect.fx === 'wait' ? effect.ms : -1]);
function endOf<R>(started: Started<R>): End<R> | null {
  let end: End<R> | null = null;
  started.onEnd((told) => {
    end = told;
  });
  return end;
}

describe('step(input) -> effects', () => {
  it('runs a flow up to its first question, and on to the next with each answer', () => {
    const engine = new Engine(NOBODY);
    const said: string[] = [];
    const started = engine.begin(
      (function* (): Flow<string> {
        said.push('begun');
        yield* wait(1);
        said.push('goes on');
        const { kind } = yield* ask<'cancel'>({
          fx: 'cancel',
          key: { symbol: 'BTCUSDT', clientOrderId: 'o-1', kind: 'regular' },
        });
        return kind;
      })(),
    );
    assert.deepEqual([said, msOf(engine.take()), engine.take()], [['begun'], [[1, 1]], []]);
    const [canceling] = engine.step({ in: 'answered', id: 1, answer: undefined });
    assert.deepEqual([said, canceling?.id, canceling?.effect.fx], [['begun', 'goes on'], 2, 'cancel']);
    assert.equal(started.isOver, false);
    assert.deepEqual(engine.step({ in: 'answered', id: 2, answer: { kind: 'canceled', order: null } }), []);
    assert.deepEqual(endOf(started), { kind: 'done', result: 'canceled' });
  });

  it('answers each request once: a second answer, and one that nobody asked for, is none', () => {
    const engine = new Engine(NOBODY);
    let times = 0;
    engine.begin(
      (function* (): Flow<void> {
        yield* wait(1);
        times += 1;
        yield* wait(2);
      })(),
    );
    engine.take();
    assert.equal(engine.step({ in: 'answered', id: 1, answer: undefined }).length, 1);
    assert.deepEqual(engine.step({ in: 'answered', id: 1, answer: undefined }), []);
    assert.deepEqual(engine.step({ in: 'answered', id: 7, answer: undefined }), []);
    assert.equal(times, 1);
  });

  it('returns what all flows have asked for in that turn, in its order, those begun on the way as well', () => {
    const engine = new Engine(NOBODY);
    engine.begin(
      (function* (): Flow<void> {
        yield* onDisk();
        engine.begin(wait(10));
        engine.begin(wait(20));
        yield* wait(30);
      })(),
    );
    engine.take();
    assert.deepEqual(msOf(engine.step({ in: 'answered', id: 1, answer: undefined })), [
      [2, 10],
      [3, 20],
      [4, 30],
    ]);
  });

  it('a request that failed is thrown where it was asked, and ends the flow only where nobody catches it', () => {
    const engine = new Engine(NOBODY);
    const caught: unknown[] = [];
    const careful = engine.begin(
      (function* (): Flow<string> {
        try {
          yield* wait(1);
        } catch (error) {
          caught.push(error);
        }
        return 'went on';
      })(),
    );
    const careless = engine.begin(wait(2));
    engine.take();
    const error = new Error('a defect');
    engine.step({ in: 'failed', id: 1, error });
    engine.step({ in: 'failed', id: 2, error });
    assert.deepEqual([caught, endOf(careful)], [[error], { kind: 'done', result: 'went on' }]);
    assert.deepEqual(endOf(careless), { kind: 'failed', error });
  });

  it('whoever joins flows goes on when the last has ended, at once where they are over, with what one has thrown', () => {
    const engine = new Engine(NOBODY);
    const [one, other] = [engine.begin(wait(1)), engine.begin(wait(2))];
    const both = engine.begin(joined([one, other]));
    engine.take();
    engine.step({ in: 'answered', id: 2, answer: undefined });
    assert.equal(both.isOver, false);
    engine.step({ in: 'answered', id: 1, answer: undefined });
    assert.equal(both.isOver, true);
    assert.equal(engine.begin(joined([one, other])).isOver, true);
    const error = new Error('a defect');
    assert.deepEqual(endOf(engine.begin(joined([one, Pending.failed(error)]))), { kind: 'failed', error });
  });

  it('whoever joins flows hears of each that fails, whichever comes first', () => {
    const unheard: unknown[] = [];
    const engine = new Engine({ onRequests: () => undefined, onUnheard: (error) => unheard.push(error) });
    const both = engine.begin(joined([engine.begin(wait(1)), engine.begin(wait(2))])).onEnd(() => undefined);
    engine.take();
    const error = new Error('a defect');
    engine.step({ in: 'failed', id: 2, error });
    engine.step({ in: 'answered', id: 1, answer: undefined });
    engine.step({ in: 'answered', id: 1, answer: undefined });
    assert.deepEqual([unheard, endOf(both)], [[], { kind: 'failed', error }]);
  });

  it('a result that several wait for is told to each', () => {
    const engine = new Engine(NOBODY);
    const pending = new Pending<number>();
    const flows = [1, 2].map(() => engine.begin(resultOf(pending)));
    assert.deepEqual(
      flows.map(({ isOver }) => isOver),
      [false, false],
    );
    pending.close({ kind: 'done', result: 5 });
    assert.deepEqual(
      flows.map(endOf),
      [1, 2].map(() => ({ kind: 'done', result: 5 })),
    );
  });

  it('lets flows that joined one go on in their order, when the one that ended it has asked for something', () => {
    const engine = new Engine(NOBODY);
    const turns: Pending<void>[] = [];
    const said: string[] = [];
    function* inTurn(name: string): Flow<void> {
      const before = turns.at(-1);
      const mine = new Pending<void>();
      turns.push(mine);
      if (before !== undefined) yield* joined([before]);
      else yield* wait(1);
      mine.close({ kind: 'done', result: undefined });
      said.push(name);
      yield* wait(2);
    }
    for (const name of ['a', 'b', 'c']) engine.begin(inTurn(name));
    engine.take();
    assert.equal(engine.step({ in: 'answered', id: 1, answer: undefined }).length, 3);
    assert.deepEqual(said, ['a', 'b', 'c']);
  });

  it('tells its driver of what is asked for where a part lets a flow go on outside of a step', () => {
    let told = 0;
    const engine = new Engine({ ...NOBODY, onRequests: () => (told += 1) });
    const pending = new Pending<void>();
    engine.begin(
      (function* (): Flow<void> {
        yield* joined([pending]);
        yield* wait(5);
      })(),
    );
    assert.deepEqual([engine.take(), told], [[], 0]);
    pending.close({ kind: 'done', result: undefined });
    assert.deepEqual([msOf(engine.take()), told], [[[1, 5]], 1]);
  });

  it('tells of a flow that has failed with nobody waiting for it, at the next step, and of no other', () => {
    const unheard: unknown[] = [];
    const engine = new Engine({ ...NOBODY, onUnheard: (error) => unheard.push(error) });
    const [alone, awaited] = [new Error('alone'), new Error('awaited')];
    engine.begin(wait(1));
    engine.begin(wait(2)).onEnd(() => undefined);
    engine.begin(wait(3));
    engine.take();
    engine.step({ in: 'failed', id: 1, error: alone });
    engine.step({ in: 'failed', id: 2, error: awaited });
    engine.step({ in: 'answered', id: 3, answer: undefined });
    assert.deepEqual(unheard, [alone]);
  });

  it('is the same for the same inputs', () => {
    const play = (): readonly unknown[] => {
      const engine = new Engine(NOBODY);
      const seen: unknown[] = [];
      function* race(name: string, ms: number): Flow<void> {
        for (let round = 0; round < 3; round += 1) {
          yield* wait(ms + round);
          seen.push(name);
        }
      }
      for (const [name, ms] of [
        ['a', 1],
        ['b', 10],
      ] as const)
        engine.begin(race(name, ms));
      let open = [...engine.take()];
      while (open.length > 0) {
        const [next, ...rest] = open;
        seen.push(next);
        open = [...rest, ...engine.step({ in: 'answered', id: next!.id, answer: undefined })];
      }
      return seen;
    };
    assert.deepEqual(play(), play());
  });
});
