import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatDuration, renderTable, wrapText } from '../../daemon/cli/render/tables.ts';
import { screen } from '../../daemon/cli/terminal.ts';

test('durations are told in words, never shorter than they are', () => {
  for (const [ms, text] of [
    [0, '0 s'],
    [1500, '1.5 s'],
    [1401, '1.5 s'],
    [41_188, '41.2 s'],
    [59_990, '60 s'],
    [60_000, '1 min'],
    [120_000, '2 min'],
    [3_600_001, '1 h 1 s'],
    [7_500_000, '2 h 5 min'],
  ] as const)
    assert.equal(formatDuration(ms), text);
});

describe('a table on a terminal', () => {
  const head = ['order', 'code', 'what happened'];
  const rows = [
    ['o-1', 'ORDER_LOST', 'twelve answers of the venue do not contain it'],
    ['o-2', 'STOP_REFUSED', 'short'],
  ];
  const at = (columns: number, spare: readonly string[] = []) => {
    screen.columns = columns;
    try {
      return renderTable(head, rows, 'none', spare);
    } finally {
      screen.columns = Number.POSITIVE_INFINITY;
    }
  };
  const widest = (text: string) => Math.max(...text.split('\n').map((line) => line.length));

  test('is whole where there is room, or no terminal', () => {
    const whole = at(Number.POSITIVE_INFINITY);
    assert.equal(whole.trim().split('\n').length, 3);
    assert.equal(at(widest(whole)), whole);
  });

  test('wraps texts between words, leaves spare columns out, and becomes a list at last', () => {
    const wrapped = at(40);
    assert.ok(widest(wrapped) <= 40, wrapped);
    for (const word of ['ORDER_LOST', 'STOP_REFUSED', 'twelve', 'contain']) assert.ok(wrapped.includes(word), word);
    const spared = at(20, ['code']);
    assert.ok(widest(spared) <= 20 && !spared.includes('ORDER_LOST'), spared);
    const list = at(20);
    assert.match(list, /^order +o-1\ncode +ORDER_LOST\nwhat happened +twelve/);
  });

  test('no width loses a word, and none is exceeded but by the longest word', () => {
    for (let columns = 10; columns <= 80; columns += 1) {
      const text = at(columns);
      for (const cell of rows.flat()) for (const word of cell.split(' ')) assert.ok(text.includes(word), `${columns}`);
      if (columns >= 35) assert.ok(widest(text) <= columns, `${columns}: ${text}`);
    }
  });

  test('an empty one is a sentence, and one without data has only its head', () => {
    assert.equal(renderTable(head, [], 'no orders'), 'no orders\n');
    assert.deepEqual(wrapText('aaaa bb c', 4), ['aaaa', 'bb c']);
    assert.deepEqual(wrapText('aaaaaaaaa b', 4), ['aaaa', 'aaaa', 'a b']);
  });
});
