import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkOperatorSchema, compileOperatorSchema } from '../../daemon/contract/schema/operator-schema.ts';
import { formatViolation } from '../../daemon/contract/schema/violations.ts';

function compile(schema: { readonly [key: string]: unknown }) {
  const compiled = compileOperatorSchema(schema);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.violations.map(formatViolation).join('\n'));
  return compiled.check;
}
function problems(schema: { readonly [key: string]: unknown }): string {
  return checkOperatorSchema(schema, 'tools.place_order.args').map(formatViolation).join('\n');
}

describe('operator schemas', () => {
  it('judge arguments and name the field', () => {
    const check = compile({
      type: 'object',
      properties: { order_type: { enum: ['limit'] } },
      required: ['order_type'],
    });
    assert.deepEqual(check({ order_type: 'limit', symbol: 'BTCUSDT' }), []);
    assert.deepEqual(check({ order_type: 'market' }).map(formatViolation), [
      'order_type: is not an allowed value (found "market"; allowed: "limit")',
    ]);
    assert.deepEqual(check({}).map(formatViolation), ['order_type: is missing (allowed: "limit")']);
  });

  it('may be of draft 2020-12 or of draft 7, with formats and local references', () => {
    const recent = compile({
      $defs: { n: { type: 'integer', maximum: 3 } },
      properties: { a: { $ref: '#/$defs/n' } },
      unevaluatedProperties: false,
    });
    assert.equal(recent({ a: 4 }).length, 1);
    assert.equal(recent({ b: 4 }).length, 1);
    const old = compile({
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: { a: { type: ['string', 'null'], format: 'date' } },
    });
    assert.deepEqual(old({ a: null }), []);
    assert.equal(old({ a: 'yesterday' }).length, 1);
    assert.match(problems({ $schema: 'http://json-schema.org/draft-04/schema#' }), /\$schema"\]: is not supported/);
  });

  for (const [title, schema, expected] of [
    [
      'an unknown keyword: it would be a limit that is not there',
      { properties: { a: { maximun: 3 } } },
      /unknown keyword: "maximun"/,
    ],
    ['an unknown format', { properties: { a: { format: 'dat' } } }, /unknown format "dat"/],
    [
      'a keyword with a wrong value',
      { properties: { a: { minimum: '3' } } },
      /^tools\.place_order\.args\.properties\.a\.minimum: is text, not a number/,
    ],
    ['an unknown type', { type: 'objct' }, /type/],
    [
      'a reference to elsewhere',
      { $ref: 'https://example.com/schema.json' },
      /^tools\.place_order\.args\["\$ref"\]: may only refer to a place inside/,
    ],
    ['a reference to a file', { properties: { a: { $ref: 'other.json#/a' } } }, /may only refer/],
    ['a reference to nothing', { $ref: '#/$defs/gone' }, /not a usable JSON Schema/],
    ['an identity of its own', { $id: 'https://example.com/a' }, /\$id"\]: is not supported/],
    ['a pattern that is no pattern', { properties: { a: { pattern: '(' } } }, /is not a regular expression/],
    ['a pattern that is too long', { properties: { a: { pattern: 'a'.repeat(257) } } }, /pattern that is too long/],
    ['a schema that is too large', { description: 'x'.repeat(20_000) }, /is too large/],
    [
      'a prototype member as a name',
      JSON.parse('{"properties": {"__proto__": {"type": "string"}}}'),
      /__proto__: is not supported/,
    ],
  ] as const) {
    it(`refuse ${title}`, () => assert.match(problems(schema as { readonly [key: string]: unknown }), expected));
  }

  it('refuse nesting, references and parts beyond bounds', () => {
    let deep: { readonly [key: string]: unknown } = { type: 'string' };
    for (let i = 0; i < 40; i++) deep = { items: deep };
    assert.match(problems(deep), /is nested too deeply/);
    assert.match(
      problems({ allOf: Array.from({ length: 17 }, () => ({ $ref: '#/$defs/a' })), $defs: { a: {} } }),
      /too many \$ref/,
    );
    assert.match(problems({ allOf: Array.from({ length: 1500 }, () => ({})) }), /too many parts/);
  });

  it('stop a pattern that would run for ever, and refuse the arguments', () => {
    const check = compile({ properties: { a: { pattern: '^(a+)+$' } } });
    assert.deepEqual(check({ a: 'aaaa' }), []);
    // It would take years: that this returns is the proof.
    const found = check({ a: `${'a'.repeat(60)}!` });
    assert.match(found.map(formatViolation).join(), /a pattern took too long/);
    assert.equal(check({ a: 'b' }).length, 1, 'the next call works');
  });

  it('keep the patterns of one schema apart', () => {
    const check = compile({ properties: { a: { pattern: '^a+$' }, b: { pattern: '^b+$' }, c: { pattern: '^c$' } } });
    assert.deepEqual(check({ a: 'aa', b: 'bb', c: 'c' }), []);
    assert.deepEqual(
      check({ a: 'bb', b: 'aa', c: 'a' }).map((each) => each.path),
      ['a', 'b', 'c'],
    );
  });

  it('refuse arguments on which the schema refers to itself without end', () => {
    const check = compile({
      properties: { a: { $ref: '#/$defs/loop' } },
      $defs: { loop: { allOf: [{ $ref: '#/$defs/loop' }] } },
    });
    assert.deepEqual(check({}), []);
    assert.match(check({ a: 1 }).map(formatViolation).join(), /without end/);
  });

  it('are compiled once for the same text, and apart where the order of members differs', () => {
    const schema = () => ({ properties: { a: { type: 'integer' }, b: { type: 'integer' } } });
    assert.equal(compile(schema()), compile(schema()));
    const reversed = compile({ properties: { b: { type: 'integer' }, a: { type: 'integer' } } });
    const paths = (check: typeof reversed) => check({ a: 'x', b: 'x' }).map(({ path }) => path);
    assert.deepEqual(paths(compile(schema())), ['a', 'b']);
    assert.deepEqual(paths(reversed), ['b', 'a'], 'violations come in the order of the schema');
    const distinct = Array.from({ length: 100 }, (_, most) => compile({ maximum: most }));
    for (const [most, check] of distinct.entries()) assert.equal(check(most + 1).length, 1);
    assert.equal(compile({ maximum: 7 })(8).length, 1, 'also when it has to be compiled again');
  });

  it('that cannot be compiled are refused every time, under the path of the one that asks', () => {
    for (const path of ['tools.place_order.args', 'intercept.allow.other'])
      assert.ok(checkOperatorSchema({ type: 'nothing' }, path).every((violation) => violation.path.startsWith(path)));
    assert.equal(checkOperatorSchema({ type: 'nothing' }, 'a').length > 0, true);
  });

  it('judge without changing the arguments', () => {
    const check = compile({ properties: { a: { type: 'integer', default: 3 } }, additionalProperties: false });
    const args = { b: 1 };
    assert.equal(check(args).length, 1);
    assert.deepEqual(args, { b: 1 });
    assert.equal(check({ a: '3' }).length, 1);
  });
});
