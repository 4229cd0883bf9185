import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KEY_PREFIXES, profileOf, VENUE_NAMES, VENUES } from '../../daemon/core/venues.ts';
import { blankComments } from '../../scripts/boundaries/module-syntax.ts';
import { readLiterals } from '../../scripts/sentences/read-literals.ts';

const DAEMON = fileURLToPath(new URL('../../daemon/', import.meta.url));
/** Beside the adapter and the table itself. A second exchange changes none of them. */
const NAMES_A_VENUE: readonly string[] = [
  // Where market data comes from, whatever is traded on.
  'cli/local/evaluation/data.ts',
  // The simulated exchange's own key.
  'cli/local/evaluation/exchange-sim.ts',
  // What attackers ask for, and what the judge permits them.
  'evaluation/attacks/families.ts',
  'evaluation/attacks/tricks.ts',
  'evaluation/conformance/wire/tricks.ts',
  'evaluation/intents/requests.ts',
  'exchange-sim/open.ts',
  'exchange-sim/rest/routes/render-account.ts',
];
/** Help and effects that name a venue to people, and Binance's own files of bars. */
const SPEAKS_OF_A_VENUE: readonly string[] = [
  'cli/local/arm.ts',
  'cli/local/doctor.ts',
  'cli/local/doctor/doors.ts',
  'cli/local/evaluation/replay.ts',
  'cli/local/ledger/audit-proofs.ts',
  'cli/local/ledger/recover.ts',
  'cli/local/ledger/token.ts',
  'cli/local/start.ts',
  'cli/verbs/operator/flatten.ts',
  'cli/verbs/operator/states.ts',
  'cli/verbs/read/signals.ts',
  'config/config.ts',
  'config/settings.ts',
  'console/acts/acts.ts',
  'console/acts/holder-acts.ts',
  'console/session/enrol.tsx',
  'contract/bodies/open.ts',
  'contract/bodies/policies.ts',
  'http/routes/operator-routes.ts',
  'http/routes/token-routes.ts',
];

const SOURCES = readdirSync(DAEMON, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !/(?:^|\/)built\/|^venue\/|^core\/venues\.ts$/.test(file))
  .map((file) => ({ file, source: readFileSync(`${DAEMON}${file}`, 'utf8') }));
const filesWhere = (holds: (source: string) => boolean): readonly string[] =>
  SOURCES.filter(({ source }) => holds(source)).map(({ file }) => file);

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

test('the name of a venue, its keys and its address stand in the table of venues and the adapter, and nowhere else', () => {
  assert.ok(SOURCES.length > 700);
  const origins = VENUE_NAMES.flatMap((name) => VENUES[name].origin ?? []);
  const isNamed = (text: string): boolean =>
    VENUE_NAMES.some((name) => name === text) || [...KEY_PREFIXES, ...origins].some((each) => text.includes(each));
  const found = filesWhere((source) => readLiterals(source).some(({ text }) => isNamed(text)));
  assert.deepEqual(found.toSorted(), NAMES_A_VENUE);
});

test('no text beyond these speaks of one exchange', () => {
  const found = filesWhere((source) => /binance/i.test(blankComments(source)));
  assert.deepEqual(found.filter((file) => !NAMES_A_VENUE.includes(file)).toSorted(), SPEAKS_OF_A_VENUE);
});
