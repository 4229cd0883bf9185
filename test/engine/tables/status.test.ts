import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as status from '../../../daemon/engine/tables/status.ts';
import { blankComments } from '../../../scripts/boundaries/module-syntax.ts';

const DAEMON = fileURLToPath(new URL('../../../daemon/', import.meta.url));
/** The table itself, and pages and exchanges, whose statuses are words of their own. */
const isFree = (file: string): boolean => /^(?:engine\/tables|console|exchange-sim)\//.test(file);
const of = (...names: readonly status.OrderStatus[]) => names.map((name) => ({ status: name }));

test('an order counts until its end is proven, and is at the venue from its sending to its end', () => {
  const all = of(...status.ORDER_STATUSES);
  const ended = of('filled', 'canceled', 'expired', 'rejected', 'not_placed');
  assert.deepEqual(all.filter(status.isTerminal), ended);
  const live = all.filter((order) => !status.isTerminal(order));
  assert.deepEqual(
    live.filter((order) => !status.isAtVenue(order)),
    of('pending_send'),
  );
  assert.deepEqual(ended.filter(status.isAtVenue), []);
});

test('an execution is as unclear as the least clear of its live orders', () => {
  assert.equal(status.liveState(of('working', 'pending_send', 'in_flight', 'unknown', 'lost')), 'lost');
  assert.equal(status.liveState(of('partially_filled', 'unknown')), 'unknown');
  assert.equal(status.liveState(of('working', 'pending_send', 'in_flight')), 'submitting');
  assert.equal(status.liveState(of('working', 'pending_send')), 'staging');
  assert.equal(status.liveState(of('filled', 'partially_filled')), 'working');
  assert.equal(status.liveState(of('filled', 'rejected')), null);
});

test('no code but the table compares the status of an order', () => {
  const files = readdirSync(DAEMON, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.includes('built/') && !isFree(file),
  );
  assert.ok(files.length > 500);
  const word = `'(?:${status.ORDER_STATUSES.join('|')})'`;
  // Some of the words are also those of outcomes and ends: there the member has to be a status.
  const own = "'(?:pending_send|in_flight|not_placed)'";
  const compared = new RegExp(
    `status(?:\\(\\w*\\)|Of\\([^)]*\\))? *[!=]==? *${word}|[!=]==? *${own}|case ${own}|Set<(?:Venue)?OrderStatus>|\\[(?:${word}, )+${word}\\]`,
    'i',
  );
  const found = files.filter((file) => compared.test(blankComments(readFileSync(`${DAEMON}${file}`, 'utf8'))));
  assert.deepEqual(found, []);
});
