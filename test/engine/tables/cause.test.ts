import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isOfAccount, rowOf } from '../../../daemon/engine/tables/cause.ts';
import { blankComments } from '../../../scripts/boundaries/module-syntax.ts';

const DAEMON = fileURLToPath(new URL('../../../daemon/', import.meta.url));
/** Where exchanges are spoken to, or played; and the one reader of records, which have no cause. */
const isFree = (file: string): boolean =>
  /^(?:venue|exchange-sim|console)\/|^evaluation\/(?:exchange|attacks)\/|^engine\/orders\/recorded-cause\.ts$/.test(
    file,
  );

test('what says nothing about the order counts towards no giving up, and a key that is refused does', () => {
  for (const cause of ['busy', 'away', 'banned', 'shut_out', 'clock_off', 'order_limit', 'off_grid'] as const)
    assert.equal(rowOf(cause).counts, false, cause);
  for (const cause of ['key_refused', 'other', 'nothing_to_reduce'] as const)
    assert.equal(rowOf(cause).counts, true, cause);
});

test('an answer that any request would get is about the account, and one about an order is not', () => {
  for (const cause of ['busy', 'banned', 'key_refused', 'restricted', 'clock_off'] as const)
    assert.ok(isOfAccount(cause));
  for (const cause of ['account_differs', 'off_grid', 'stop_exists', 'other'] as const) assert.ok(!isOfAccount(cause));
});

test('no code but the adapter compares a code or a message of an exchange', () => {
  const files = readdirSync(DAEMON, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('built/') && !isFree(file),
  );
  assert.ok(files.length > 500);
  const compared =
    /-[1245]\d{3}\b(?!\d)|httpStatus|rejection\??\.(?:code|message) *[!=]==?|\.(?:test|exec)\([\w.?]*\.detail|detail\??\.(?:match|includes|startsWith|endsWith)\(/;
  const found = files.filter((file) => compared.test(blankComments(readFileSync(`${DAEMON}${file}`, 'utf8'))));
  assert.deepEqual(found, []);
});
