import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  PasskeyAddedEvent,
  PasskeyAssertedEvent,
  PasskeyEvent,
} from '../../../daemon/engine/records/people-events.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { reread, textOf } from '../text-of.ts';

const HOUR = 3_600_000;
const added = (id: string, more: Partial<PasskeyAddedEvent> = {}): PasskeyAddedEvent => ({
  action: 'added',
  aaguid: '',
  confirmed_by: null,
  counter: 0,
  credential_id: `credential of ${id}`,
  effective_at_ms: 0,
  id,
  is_recovery: false,
  name: id,
  origin: 'http://localhost:1',
  public_key: 'AAAA',
  set_by: 'operator',
  transports: ['usb'],
  ...more,
});
const asserted = (id: string, challenge: string, counter = 0): PasskeyAssertedEvent => ({
  action: 'asserted',
  authenticator_data: '',
  challenge,
  client_data_json: '',
  counter,
  id,
  name: id,
  purpose: 'act',
  signature: '',
  text: null,
});
const removed = (id: string): PasskeyEvent => ({ action: 'removed', id, reason: '', set_by: 'operator' });

function fold(...steps: readonly (readonly [number, PasskeyEvent])[]): GateState {
  const state = new GateState();
  for (const [index, [atMs, payload]] of steps.entries())
    state.apply({ kind: 'passkey', seq: index + 1, at_ms: atMs, payload });
  return state;
}
const copy = (state: GateState): GateState => reread(textOf(state), new GateState());

describe('the passkeys of the gate', () => {
  test('a checkpoint gives back keys, what they signed, and that there was one', () => {
    const state = fold([1, added('a')], [2, added('b')], [3, asserted('a', 'x', 7)], [4, removed('b')]);
    for (const { passkeys } of [state, copy(state)]) {
      assert.deepEqual(
        passkeys.list().map(({ id, counter, lastUsedAtMs }) => [id, counter, lastUsedAtMs]),
        [['a', 7, 3]],
      );
      assert.deepEqual([passkeys.isUsed('a', 'x'), passkeys.isUsed('b', 'x')], [true, false]);
    }
    const again = copy(copy(fold([1, added('a')], [2, removed('a')])));
    assert.deepEqual([again.passkeys.list(), again.passkeys.needsConfirmation], [[], true]);
  });

  test('no order of enrolling and removing leads back to a first key, once one counted', () => {
    const late = { effective_at_ms: HOUR };
    for (const [what, expected, ...steps] of [
      ['none ever', false],
      ['one', true, [1, added('a')]],
      ['one that waits', true, [1, added('a', late)]],
      ['one that never counted', false, [1, added('a', late)], [2, removed('a')]],
      ['one that counted', true, [1, added('a')], [2, removed('a')]],
      [
        'one that counted, then one that waits',
        true,
        [1, added('a')],
        [2, added('b', late)],
        [3, removed('a')],
        [4, removed('b')],
      ],
      [
        'the same, in the other order',
        true,
        [1, added('a')],
        [2, added('b', late)],
        [3, removed('b')],
        [4, removed('a')],
      ],
      [
        'a recovery that was removed while it waited',
        true,
        [1, added('a')],
        [2, added('b', { ...late, is_recovery: true })],
        [3, removed('b')],
      ],
      ['one that came into force', true, [1, added('a', late)], [HOUR, removed('a')]],
      ['one a moment before', false, [1, added('a', late)], [HOUR - 1, removed('a')]],
    ] as const)
      assert.equal(
        fold(...(steps as readonly (readonly [number, PasskeyEvent])[])).passkeys.needsConfirmation,
        expected,
        what,
      );
  });

  test('a recovery voids every other key, and a removed one takes nothing along', () => {
    const { passkeys } = fold([1, added('a')], [2, added('b')], [3, added('c', { is_recovery: true })]);
    assert.deepEqual(
      passkeys.list().map(({ id }) => id),
      ['c'],
    );
  });

  test('a counter never falls, and the last thousand challenges are remembered', () => {
    const many = Array.from({ length: 1_000 }, (_, index): readonly [number, PasskeyEvent] => [
      5,
      asserted('a', `c${index}`),
    ]);
    const { passkeys } = fold([1, added('a')], [2, asserted('a', 'first', 9)], ...many);
    assert.equal(passkeys.find('a')?.counter, 9);
    assert.deepEqual([passkeys.isUsed('a', 'first'), passkeys.isUsed('a', 'c0')], [false, true]);
  });
});
