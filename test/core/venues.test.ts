import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { profileOf, VENUE_NAMES } from '../../daemon/core/venues.ts';
import { blankComments } from '../../scripts/boundaries/module-syntax.ts';

const DAEMON = fileURLToPath(new URL('../../daemon/', import.meta.url));
/** Whether the exchange's own language is spoken there, or the page has no rooms of the daemon. */
const isFree = (file: string): boolean => file.startsWith('venue/') || file.startsWith('console/');

test('a venue that this version does not know counts as real money', () => {
  const { isRealMoney, isSimulated, needsArming } = profileOf('nowhere');
  assert.deepEqual(
    { isRealMoney, isSimulated, needsArming },
    { isRealMoney: true, isSimulated: false, needsArming: true },
  );
  assert.deepEqual(
    VENUE_NAMES.filter((name) => profileOf(name).isRealMoney),
    ['binance-live'],
  );
});

test('no code but the adapter compares the name of a venue: the profile says how venues differ', () => {
  const files = readdirSync(DAEMON, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('built/') && !isFree(file),
  );
  assert.ok(files.length > 700);
  const compared = new RegExp(`[!=]==? '(?:${VENUE_NAMES.join('|')})'`);
  const found = files.filter((file) => compared.test(blankComments(readFileSync(`${DAEMON}${file}`, 'utf8'))));
  assert.deepEqual(found, []);
});
