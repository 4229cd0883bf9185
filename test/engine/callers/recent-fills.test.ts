import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_FILLS, RecentFills, type RecordedFill } from '../../../daemon/engine/callers/recent.ts';
import { T0, tradeEvent } from '../fold-fixture.ts';
import { reread, textOf } from '../text-of.ts';

const readBack = (fills: RecentFills): RecentFills => reread(textOf(fills), new RecentFills());

test('the last fills are read as they were recorded, also when they were read back [AN-90 AN-91]', () => {
  let fills = new RecentFills();
  const all: RecordedFill[] = [];
  const add = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      const seq = 10 + 3 * all.length;
      const agent = [null, 'alice', 'bob'][all.length % 3]!;
      const change = { price: 60_000 + all.length / 7, realised_pnl_usdt: all.length % 50 === 7 ? -0 : 0.1 * i };
      const { payload } = tradeEvent(`t-${seq}`, agent === null ? null : `o-${seq}`, T0 + seq, change);
      const holder = seq % 3 === 0 ? null : agent;
      const fill = {
        seq,
        agent,
        holder,
        decisionId: agent === null ? null : `d-${seq}`,
        trade: payload,
      } as RecordedFill;
      all.push(fill);
      fills.add(fill);
    }
  };
  const compare = (): void => {
    const kept = all.slice(-MAX_FILLS).reverse();
    for (const [before, limit, agent] of [
      [Number.MAX_SAFE_INTEGER, 300, null],
      [all.at(-1)!.seq, 5, 'bob'],
      [all[Math.floor(all.length / 2)]!.seq, 200, 'alice'],
      [kept.at(-40)?.seq ?? 0, 100, null],
      [0, 10, null],
      [Number.MAX_SAFE_INTEGER, 10, 'carol'],
    ] as const)
      assert.deepEqual(
        fills.readBefore(before, limit, (fill) => agent === null || fill.agent === agent),
        kept.filter((fill) => fill.seq < before && (agent === null || fill.agent === agent)).slice(0, limit),
      );
  };
  for (const count of [1, 63, 64, 500, MAX_FILLS, 2 * MAX_FILLS - 3, 100]) {
    add(count);
    compare();
    fills = readBack(fills);
    compare();
  }
});
