import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CanonicalJsonError,
  canonicalJson,
  isSameJson,
  MAX_CANONICAL_DEPTH,
  parseCanonicalJson,
} from '../../daemon/core/canonical-json.ts';
import { forAll } from '../for-all.ts';

const seeded = { seed: 20251010, numRuns: 500 };

/** JSON values without -0, which JSON text cannot tell from 0. */
const jsonValue = fc
  .jsonValue({ maxDepth: 5, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)));

/** Rebuilds a value with the keys of every object set in reverse order. */
function reverseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseKeys);
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const [key, member] of Object.entries(value).reverse()) copy[key] = reverseKeys(member);
  return copy;
}

test('what was written is read back as the same value', () => {
  forAll([jsonValue], seeded, (value) => assert.deepEqual(JSON.parse(canonicalJson(value)), value));
});

test('the order in which keys were set does not show in the text', () => {
  forAll([jsonValue], seeded, (value) => assert.equal(canonicalJson(reverseKeys(value)), canonicalJson(value)));
});

test('two values are the same exactly where their texts are, whatever the order of their keys', () => {
  forAll([jsonValue, jsonValue, fc.nat()], seeded, (value, other, at) => {
    assert.equal(isSameJson(value, reverseKeys(value)), true);
    assert.equal(isSameJson(value, other), canonicalJson(value) === canonicalJson(other));
    const members = Object.entries({ value, other, list: [value, other], at });
    const less = Object.fromEntries(members.filter((_, index) => index !== at % members.length));
    assert.equal(isSameJson(less, Object.fromEntries(members)), false);
    assert.equal(isSameJson([value], { 0: value }), false);
  });
});

test('a canonical text is recognised, and any other text of the same value is not', () => {
  forAll([jsonValue, fc.nat()], seeded, (value, at) => {
    const text = canonicalJson(value);
    assert.deepEqual(parseCanonicalJson(text), JSON.parse(text));
    const spaced = ` ${text}`;
    assert.equal(parseCanonicalJson(spaced), undefined);
    const cut = text.slice(0, at % text.length);
    if (parseCanonicalJson(cut) !== undefined) assert.equal(canonicalJson(JSON.parse(cut)), cut);
  });
});

test('keys stand in the order of their UTF-16 code units at every depth [LE-100]', () => {
  forAll([fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 12 })], seeded, (keys) => {
    const value = { outer: Object.fromEntries(keys.map((key) => [key, 1])) };
    const written = Array.from(canonicalJson(value).matchAll(/("(?:[^"\\]|\\.)*"):1/g), (match) =>
      JSON.parse(match[1]!),
    );
    assert.deepEqual(written, [...new Set(keys)].sort());
  });
});

test('an array of keys that look like numbers is ordered as text, not as numbers', () => {
  assert.equal(canonicalJson({ 2: 'b', 10: 'a', 1: 'c' }), '{"1":"c","10":"a","2":"b"}');
});

test('known values have the texts that RFC 8785 gives them [LE-100]', () => {
  const vectors: readonly (readonly [unknown, string])[] = [
    [null, 'null'],
    [true, 'true'],
    [-0, '0'],
    [1e21, '1e+21'],
    [333333333.3333333, '333333333.3333333'],
    [4.5, '4.5'],
    [2e-3, '0.002'],
    [1e-27, '1e-27'],
    ['', '""'],
    ['\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
    [[56, { d: true, 10: null, 1: [] }], '[56,{"1":[],"10":null,"d":true}]'],
    [{ '': 1, a: {}, A: [] }, '{"":1,"A":[],"a":{}}'],
    // Section 3.2.3: ordered by UTF-16 code units, where U+1F600 (D83D…) comes before U+FB33.
    [
      {
        '\u20ac': 'Euro',
        '\r': 'CR',
        '\ufb33': 'Dalet',
        '1': 'One',
        '\ud83d\ude00': 'Smile',
        '\u0080': 'Control',
        '\u00f6': 'o',
      },
      '{"\\r":"CR","1":"One","\u0080":"Control","ö":"o","€":"Euro","😀":"Smile","\ufb33":"Dalet"}',
    ],
  ];
  for (const [value, text] of vectors) assert.equal(canonicalJson(value), text);
});

test('a lone surrogate is written as an escape, in values and in keys, and survives', () => {
  const value = { 'a\udc00': '\ud800', b: 'ok \ud83d\ude00' };
  const text = canonicalJson(value);
  assert.equal(text, '{"a\\udc00":"\\ud800","b":"ok 😀"}');
  assert.equal(Buffer.from(text, 'utf8').toString('utf8'), text);
  assert.deepEqual(JSON.parse(text), value);
});

test('a key named __proto__ is a key like any other', () => {
  const value: unknown = JSON.parse('{"z":1,"__proto__":{"a":2}}');
  assert.equal(canonicalJson(value), '{"__proto__":{"a":2},"z":1}');
});

test('refuses what JSON would drop or change, and says where it lies', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;
  const refused: readonly (readonly [unknown, string])[] = [
    [Number.NaN, '$'],
    [{ a: Number.POSITIVE_INFINITY }, '$.a'],
    [undefined, '$'],
    [{ a: 1, b: undefined }, '$.b'],
    [[1, undefined], '$[1]'],
    [new Array(2), '$[0]'],
    [{ a: [{ b: 1n }] }, '$.a[0].b'],
    [{ f: () => 1 }, '$.f'],
    [{ s: Symbol('s') }, '$.s'],
    [{ at: new Date(0) }, '$.at'],
    [new Map([['a', 1]]), '$'],
    [Object('boxed'), '$'],
    [{ toJSON: () => 1 }, '$.toJSON'],
    [cyclic, `$${'.self'.repeat(MAX_CANONICAL_DEPTH)}`],
  ];
  for (const [value, path] of refused) {
    assert.throws(
      () => canonicalJson(value),
      (error: unknown) => error instanceof CanonicalJsonError && error.code === 'NOT_CANONICAL' && error.path === path,
    );
  }
});

test('accepts nesting up to the limit and refuses one level more', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 0 : [nested(depth - 1)]);
  assert.equal(canonicalJson(nested(MAX_CANONICAL_DEPTH)).length, 2 * MAX_CANONICAL_DEPTH + 1);
  assert.throws(() => canonicalJson(nested(MAX_CANONICAL_DEPTH + 1)), CanonicalJsonError);
});

test('texts that are not canonical are told apart', () => {
  for (const text of [
    '',
    '{',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '1.0',
    '1e3',
    '-0',
    '"\\u0041"',
    '{"a": 1}',
    '[1]\n',
  ]) {
    assert.equal(parseCanonicalJson(text), undefined, text);
  }
});
