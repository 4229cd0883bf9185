import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GateCore } from '../../../daemon/driver/driver.ts';
import { SlowWatch } from '../../../daemon/engine/sending/slow-watch.ts';

interface Item {
  readonly name: string;
  readonly group: string;
  filled: number;
}

describe('BY-32: what stays as it should not be', () => {
  const watch = () => {
    const reported: string[] = [];
    let now = 1_000;
    const core = { ports: { time: { monotonicMs: () => now } } } as unknown as GateCore;
    let found: readonly Item[] = [];
    const slow = new SlowWatch<Item>(core, {
      find: () => found,
      groupOf: ({ group }) => group,
      progressOf: ({ filled }) => filled,
      tell: ({ name }, seconds, others) => reported.push(`${name} ${seconds}${others}`),
    });
    const look = (items: readonly Item[], seconds: number): void => {
      found = items;
      for (let i = 0; i < 20 * seconds; i += 1) {
        now += 50;
        slow.look();
      }
    };
    return { look, reported };
  };
  const item = (name: string, group = 'BTCUSDT'): Item => ({ name, group, filled: 0 });

  it('is told of after a minute, once an hour, and as one of its group', () => {
    const { look, reported } = watch();
    const items = [item('a'), item('b'), item('c', 'ETHUSDT')];
    look(items, 60);
    assert.deepEqual(reported, []);
    look(items, 3_600);
    const first = ['a 60; 1 more of BTCUSDT likewise', 'c 60'];
    assert.deepEqual(reported, first);
    look(items, 30);
    assert.deepEqual(reported, [...first, 'a 3660; 1 more of BTCUSDT likewise', 'c 3660']);
  });
  it('is not told of while it gets on', () => {
    const { look, reported } = watch();
    const one = item('a');
    for (let i = 0; i < 10; i += 1) {
      look([one], 50);
      one.filled += 1;
    }
    assert.deepEqual(reported, []);
    look([one], 61);
    assert.deepEqual(reported, ['a 60']);
  });
  it('begins anew when it was right in between', () => {
    const { look, reported } = watch();
    const one = item('a');
    look([one], 61);
    look([], 1);
    look([one], 60);
    assert.deepEqual(reported, ['a 60']);
    look([one], 1);
    assert.deepEqual(reported, ['a 60', 'a 60']);
  });
});
