import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../../daemon/http/errors.ts';
import { MAX_DEPTH, parseJsonBody } from '../../daemon/http/requests/json-body.ts';
import { forAll } from '../for-all.ts';

const parse = (text: string) => parseJsonBody(Buffer.from(text));
function refuses(text: string | Buffer, message: RegExp): void {
  assert.throws(
    () => parseJsonBody(Buffer.from(text)),
    (error) => error instanceof ApiError && error.code === 'INVALID_JSON' && message.test(error.message),
    String(text).slice(0, 80),
  );
}

test('gives back what JSON.parse does for any value that it accepts', () => {
  const number = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)));
  const key = fc
    .string({ unit: 'binary', maxLength: 8 })
    .filter((each) => !['__proto__', 'constructor', 'prototype'].includes(each));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      number,
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constant(null),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('any'), { maxLength: 4 }),
    object: fc.dictionary(key, tie('any'), { maxKeys: 4, noNullPrototype: true }),
  })).any;
  forAll([value, fc.constantFrom(undefined, 2)], { seed: 11, numRuns: 1000 }, (each, indent) => {
    const text = JSON.stringify(each, null, indent);
    // Bytes that are no character (lone surrogates are written as escapes by JSON.stringify) cannot occur here.
    assert.deepEqual(parse(text), JSON.parse(text));
  });
});

test('BY-05: refuses a key that is given twice, at any depth and however it is written', () => {
  refuses('{"a":1,"a":1}', /"a" is given twice/);
  refuses('{"x":[{"b":{"k":1,"c":2,"k":3}}]}', /"k" is given twice/);
  refuses('{"symbol":1,"\\u0073ymbol":2}', /"symbol" is given twice/);
  refuses('{"a" \n:1,"a"\t:2}', /"a" is given twice/);
  assert.deepEqual(parse('{"a":":\\"a\\":","b":{"a":1},"c":"\\\\"}'), { a: ':"a":', b: { a: 1 }, c: '\\' });
});

test('refuses a duplicate of any key in any generated object', () => {
  const object = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 6 }).filter((key) => !/^(__proto__|constructor|prototype)$/.test(key)),
    fc.jsonValue({ maxDepth: 2 }),
    { minKeys: 1, maxKeys: 5 },
  );
  const isPlain = (text: string) => !/-0|e|constructor|__proto__|prototype/i.test(text);
  forAll([object, fc.nat()], { seed: 13, numRuns: 300 }, (each, pick) => {
    const entries = Object.entries(each).map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
    const text = `{${[...entries, entries[pick % entries.length]].join(',')}}`;
    fc.pre(isPlain(text));
    refuses(text, /given twice/);
  });
});

test('BY-05: refuses keys that reach a prototype, also inside a list', () => {
  for (const key of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
    refuses(`{"args":[{"${key}":{"admin":true}}]}`, /is not allowed/);
  }
});

test('BY-04: refuses numbers that a double cannot hold', () => {
  for (const text of ['1e999', '-1e999', '-0', '-0.0', '-1e-999', '9007199254740993', '1e308']) {
    refuses(`{"requested_notional":${text}}`, /"requested_notional" is a number that cannot be held exactly/);
  }
  refuses('{"a":[1e-999]}', /too small/);
  refuses('{"a":0.0000000000000000000000000000000000000001e-300}', /too small/);
  for (const text of ['NaN', 'Infinity', '0x10', '01', '+1', '.5']) refuses(`{"a":${text}}`, /is not JSON/);
  assert.deepEqual(parse('{"a":0,"b":0.0,"c":0e5,"d":1e-12,"e":"1e-999","f":9007199254740991}'), {
    a: 0,
    b: 0,
    c: 0,
    d: 1e-12,
    e: '1e-999',
    f: 9007199254740991,
  });
});

test(`accepts ${MAX_DEPTH} levels and refuses one more`, () => {
  const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  assert.doesNotThrow(() => parse(nested(MAX_DEPTH)));
  refuses(nested(MAX_DEPTH + 1), /nested deeper/);
  refuses(nested(30_000), /nested deeper/);
  refuses(`${'{"a":'.repeat(MAX_DEPTH + 1)}1${'}'.repeat(MAX_DEPTH + 1)}`, /nested deeper/);
});

test('refuses what is not UTF-8, not JSON, or not there', () => {
  refuses(Buffer.from([0x22, 0xff, 0x22]), /not valid UTF-8/);
  refuses(Buffer.from([0x22, 0xc0, 0xaf, 0x22]), /not valid UTF-8/);
  refuses(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), /not valid UTF-8/);
  for (const text of ['{', '{"a":1,}', '{a:1}', '', '\ufeff{}', '{}{}', "{'a':1}"])
    refuses(text, /is not JSON|is empty/);
  assert.deepEqual(parse('{"text":"é😀"}'), { text: 'é😀' });
});

test('an error never repeats the body', () => {
  refuses('{"secret":"hf_planted" "x"}', /^((?!hf_planted).)*$/);
});
