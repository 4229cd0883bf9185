import assert from 'node:assert/strict';
import { test } from 'node:test';
import { causeOf, rankOf } from '../../../daemon/engine/tables/rank.ts';

test('operators go first, then stops, then cuts, then agents', () => {
  const causes = (['agent', 'cut', 'operator', 'stop'] as const).map((cause) => ({ cause }));
  assert.deepEqual(
    causes.sort((a, b) => rankOf(a) - rankOf(b)).map(({ cause }) => cause),
    ['operator', 'stop', 'cut', 'agent'],
  );
});

test('an exit of the gate stands in for a stop where nothing else is said', () => {
  assert.deepEqual(
    (['operator', 'gate', 'agent'] as const).map((origin) => causeOf({ origin })),
    ['operator', 'stop', 'agent'],
  );
});
