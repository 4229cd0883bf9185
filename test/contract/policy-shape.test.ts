import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PolicySchema } from '../../daemon/contract/policy/policy.ts';
import { checkPolicyShape } from '../../daemon/contract/policy/policy-shape.ts';
import { buildChecker } from '../../daemon/contract/schema/ajv.ts';
import { forAll } from '../for-all.ts';
import { changed } from '../policy/documents.ts';

const checkBySchema = buildChecker<unknown>(PolicySchema);

/** Paths of every key of a document, dotted. */
function pathsOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, member]) => {
    const here = path === '' ? key : `${path}.${key}`;
    return [here, ...pathsOf(member, here)];
  });
}

const oddities = fc.oneof(
  fc.constantFrom(undefined, null, '', '2/3', '0', -1, 0, 1e15, 0.5, 1.5, true, [], {}, ['open', 'open'], { a: 1 }),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.record({ leverage: fc.constantFrom(1, 0, '1/2', 'x'), notional: fc.constantFrom(1, 2, null) }),
);

test('a policy is judged as ajv judges it by the schema, violation by violation', () => {
  const paths = pathsOf(changed({}));
  assert.ok(paths.length > 100);
  let refused = 0;
  const path = fc.oneof(
    fc.constantFrom(...paths),
    fc.constantFrom(...paths).map((each) => `${each}.extra`),
  );
  const isBelow = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}.`);
  const changes = fc
    .array(fc.tuple(path, oddities), { minLength: 1, maxLength: 4 })
    .filter((list) => list.every(([a], i) => list.every(([b], j) => i === j || !(isBelow(a, b) || isBelow(b, a)))));
  forAll([changes], { seed: 41, numRuns: 1500, includeErrorInReport: true }, (list) => {
    let document: unknown;
    try {
      document = changed(Object.fromEntries(list));
    } catch {
      // A key below what is no object.
      return;
    }
    const expected = checkBySchema(document);
    if (!expected.ok) refused += 1;
    assert.deepEqual(checkPolicyShape(document), expected);
  });
  assert.ok(refused > 500, `${refused} documents were refused`);
});

test('what is no object at all is refused in the same words', () => {
  for (const document of [undefined, null, 1, 'text', [], {}])
    assert.deepEqual(checkPolicyShape(document), checkBySchema(document));
});
