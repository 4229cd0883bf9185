import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { GraphReader, writeGraph } from '../../../daemon/gate/state/graph-text.ts';
import { IntColumn } from '../../../daemon/gate/state/int-column.ts';
import { packNumbers, packTexts, unpackNumbers, unpackTexts } from '../../../daemon/gate/state/packed-text.ts';
import { MAX_FILLS, RecentFills, type RecordedFill } from '../../../daemon/gate/state/recent-fills.ts';
import { BLOCK_ROWS, TextRows } from '../../../daemon/gate/state/text-rows.ts';
import { T0, tradeEvent } from '../fold-fixture.ts';

function readBack<T extends object>(view: T): T {
  const reader = new GraphReader();
  for (const line of writeGraph(view)) reader.take(line);
  return reader.root as T;
}

const word = fc.oneof(
  fc.constantFrom('0', '00', '007', '9', '10', '99', '100', 'null', 'a', 'z9', '999999999999999', '1000000000000000'),
  fc.nat().map(String),
  fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String),
  fc.stringMatching(/^[0-9a-z]{0,40}$/),
);
/** Of few shapes, so that most have one before them that they are written by. */
const alike = fc
  .tuple(fc.constantFrom('#,#', '["d-#",#.#,-#]', '#', '"#" \\ #', 'É#€#'), word, word, word, word)
  .map(([shape, ...words]) => {
    let at = 0;
    return shape.replaceAll('#', () => words[at++] ?? '');
  });
const anyTexts = fc.array(fc.oneof({ weight: 4, arbitrary: alike }, fc.string(), fc.string({ unit: 'binary' })), {
  maxLength: 40,
  size: 'max',
});

describe('texts that are packed', () => {
  test('come back the same, whatever they are', () => {
    fc.assert(
      fc.property(anyTexts, (texts) => {
        assert.deepEqual(unpackTexts(packTexts(texts)), texts);
        assert.deepEqual(unpackTexts(JSON.parse(JSON.stringify(packTexts(texts)))), texts);
      }),
      { seed: 8, numRuns: 2_000 },
    );
  });

  test('come back the same where two shapes have one hash', () => {
    const texts = ['1A_2', '1B@2', '7A_2', '9B@30'];
    assert.deepEqual(unpackTexts(packTexts(texts)), texts);
  });

  test('take a quarter of the room where they resemble each other, one byte a character, none of them escaped', () => {
    const rows = Array.from({ length: BLOCK_ROWS }, (_, i) => {
      const [id, atMs, price] = [(174_099 + 7 * i).toString(36), 1_795_423_298_678 + 1_517 * i, 59_971.1 + i / 10];
      const figures = [
        0,
        1,
        atMs,
        20,
        price,
        2,
        600_910,
        `${2_560_000_000 + i}`,
        price,
        8,
        2 * price,
        0.0599716,
        -0.002,
      ];
      return JSON.stringify([`d-471448-${id}`, [`hf471448${id}-0-0`, ...figures], null]).replaceAll('"', "'");
    });
    const packed = packTexts(rows);
    const plain = rows.join('').length;
    assert.ok(packed.length < plain / 4, `${packed.length} of ${plain}`);
    for (let i = 0; i < packed.length; i += 1) assert.ok(packed.charCodeAt(i) < 0x100);
    assert.equal(JSON.stringify(packed).length, packed.length + 2);
  });

  test('that were cut short are refused, or give fewer texts', () => {
    const texts = ['["d-1",10]', '["d-2",300]', '["d-20",9]', 'other', '["d-200",99999]'];
    const packed = packTexts(texts);
    let refused = 0;
    for (let length = 0; length < packed.length; length += 1) {
      try {
        const fewer = unpackTexts(packed.slice(0, length));
        assert.ok(fewer.length < texts.length);
        assert.deepEqual(fewer, texts.slice(0, fewer.length));
      } catch (error) {
        assert.match((error as Error).message, /ends within|more words|no shape/);
        refused += 1;
      }
    }
    assert.ok(refused > packed.length / 2);
  });
});

test('numbers that are packed come back the same, or are not taken', () => {
  const whole = fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 });
  fc.assert(
    fc.property(fc.array(whole), (numbers) => {
      const plain = numbers.map((number) => (number === 0 ? 0 : number));
      assert.deepEqual(unpackNumbers(packNumbers(plain) ?? ''), plain);
    }),
    { seed: 9, numRuns: 500 },
  );
  for (const odd of [-0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 10 ** 15, -(10 ** 15)])
    assert.equal(packNumbers([1, odd]), null, `${odd}`);
});

describe('rows of texts', () => {
  test('are an array that loses its front by blocks, also when they were read back', () => {
    const act = fc.oneof(
      { weight: 8, arbitrary: fc.record({ push: fc.array(alike, { maxLength: 90, size: 'max' }) }) },
      fc.record({ drop: fc.double({ min: 0, max: 1.1, noNaN: true }) }),
      fc.constant({ back: true }),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 12, size: 'max' }), (acts) => {
        let rows = new TextRows();
        const all: string[] = [];
        for (const one of acts) {
          if ('push' in one) for (const text of one.push) assert.equal(rows.push(text), all.push(text) - 1);
          else if ('drop' in one) {
            const before = Math.floor(one.drop * all.length);
            const { from } = rows;
            assert.equal(rows.dropBefore(before), rows.from - from);
            assert.ok(rows.from <= Math.max(before, from) && rows.from % BLOCK_ROWS === 0);
            assert.ok(before - rows.from < 2 * BLOCK_ROWS);
          } else rows = readBack(rows);
          assert.equal(rows.end, all.length);
          for (let i = -1; i <= all.length; i += 7)
            assert.equal(rows.get(i), i < rows.from ? null : (all[i] ?? null), `${i} of ${all.length}`);
        }
      }),
      { seed: 4, numRuns: 150 },
    );
  });
});

test('rows that are not packed are the same array, and lose nothing', () => {
  let rows = new TextRows(false);
  const all: string[] = [];
  for (let i = 0; i < 5 * BLOCK_ROWS; i += 1) {
    assert.equal(rows.push(`t-${i}`), all.push(`t-${i}`) - 1);
    if (i % 100 === 70) rows = readBack(rows);
    if (i % 90 === 80) assert.equal(rows.dropBefore(i), 0);
    for (let at = -1; at <= all.length; at += 13) assert.equal(rows.get(at), all[at] ?? null, `${at} of ${all.length}`);
  }
  assert.deepEqual([rows.from, rows.end], [0, all.length]);
});

test('a column of whole numbers is an array that loses its front, also when it was read back', () => {
  const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  const act = fc.oneof(
    { weight: 4, arbitrary: fc.record({ push: fc.array(int, { maxLength: 60, size: 'max' }) }) },
    fc.record({ set: fc.nat(200), to: int }),
    fc.record({ drop: fc.nat(40) }),
    fc.constant({ back: true }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 25, size: 'max' }), (acts) => {
      let column = new IntColumn();
      let plain: number[] = [];
      for (const one of acts) {
        if ('push' in one) {
          for (const number of one.push) column.push(number);
          plain = [...plain, ...one.push];
        } else if ('set' in one) {
          column.set(one.set, one.to);
          if (one.set < plain.length) plain[one.set] = one.to;
        } else if ('drop' in one) {
          column.dropFirst(one.drop);
          plain = plain.slice(one.drop);
        } else column = readBack(column);
        assert.equal(column.length, plain.length);
        for (let i = -1; i <= plain.length; i += 1) assert.equal(column.at(i), plain[i] ?? 0, `${i}`);
      }
    }),
    { seed: 6, numRuns: 200 },
  );
});

for (const packs of [true, false])
  test(`the last fills are read as they were recorded, ${packs ? '' : 'not '}packed, also when they were read back`, () =>
    compareFills(new RecentFills(packs)));

function compareFills(empty: RecentFills): void {
  let fills = empty;
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
        fills.readBefore(before, limit, agent),
        kept.filter((fill) => fill.seq < before && (agent === null || fill.agent === agent)).slice(0, limit),
      );
  };
  for (const count of [1, 63, 64, 500, MAX_FILLS, 2 * MAX_FILLS - 3, 100]) {
    add(count);
    compare();
    fills = readBack(fills);
    compare();
  }
}
