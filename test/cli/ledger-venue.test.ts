import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { VenueName } from '../../daemon/core/venues.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { TokenRecord } from '../../daemon/ledger/types.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

/** A home in which two venues have a ledger, each with a token of the same agent. */
function makeHome(t: TestContext, venues: readonly VenueName[]): string {
  const home = tempFolder(t, 'venues');
  for (const venue of venues) {
    const path = join(home, venue, 'ledger.db');
    const ledger = openLedger({ path, venue, account: 'main', now: Date.now, time: SYSTEM_TIME, reserveBytes: 65_536 });
    ledger.tokens.createToken({ role: 'agent', name: 'momentum', agent: 'momentum' });
    ledger.flush();
    ledger.close();
  }
  return home;
}
async function liveTokens(home: string, venue: VenueName): Promise<readonly string[]> {
  const { err, out } = await holdfast(['token', 'list', '--json', '--home', home, '--venue', venue]);
  assert.notEqual(out, '', err);
  const { tokens } = JSON.parse(out) as { readonly tokens: readonly TokenRecord[] };
  return tokens.filter(({ revoked_at_ms }) => revoked_at_ms === null).map(({ id }) => id);
}

test('a verb on a ledger guesses no venue where the home has the ledger of another one', async (t) => {
  const home = makeHome(t, ['paper', 'binance-live']);
  const before = await liveTokens(home, 'paper');
  for (const verb of [
    ['token', 'rotate', 'momentum', '--overlap', '0s'],
    ['token', 'create', '--agent', 'other'],
    ['token', 'list'],
    ['audit', 'verify'],
    ['audit', 'backup', join(home, 'copy.db')],
    ['audit', 'archive', '--before', '30d'],
    ['passkey', 'enrol', 'laptop'],
    ['recover'],
  ]) {
    const { code, err } = await holdfast([...verb, '--home', home]);
    assert.equal(code, 2, `${verb.join(' ')}: ${err}`);
    assert.match(err, /HOLDFAST_VENUE is needed: .*binance-live.*--venue/, verb.join(' '));
  }
  assert.deepEqual(await liveTokens(home, 'paper'), before, 'nothing was done to the ledger that nobody named');

  const named = await holdfast(['token', 'rotate', 'momentum', '--overlap', '0s', '--home', home], {
    HOLDFAST_VENUE: 'binance-live',
  });
  assert.equal(named.code, 0, named.err);
  assert.equal((await liveTokens(home, 'binance-live')).length, 1);
  assert.deepEqual(await liveTokens(home, 'paper'), before);
});

test('a home of paper alone needs no venue, and a ledger that is named by its file needs none either', async (t) => {
  const home = makeHome(t, ['paper']);
  const alone = await holdfast(['token', 'list', '--home', home]);
  assert.equal(alone.code, 0, alone.err);
  const both = makeHome(t, ['paper', 'binance-demo']);
  const path = join(both, 'binance-demo', 'ledger.db');
  const named = await holdfast(['audit', 'verify', '--ledger', path], { HOLDFAST_HOME: both });
  assert.equal(named.code, 0, named.err);
});
