import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { SIMULATED_VENUE, VENUE_NAMES, VENUES, type VenueName } from '../core/venues.ts';
import type { Reading } from './reading.ts';
import type { KeyName, SettingName } from './settings.ts';

/** API key and secret of the configured venue. */
export interface VenueKeys {
  readonly apiKey: string;
  readonly secret: string;
}

const ARMED: SettingName = 'HOLDFAST_LIVE_ARMED';
const SETTINGS_OF_SIMULATED: readonly SettingName[] = [
  'HOLDFAST_PAPER_URL',
  'HOLDFAST_PAPER_KEY',
  'HOLDFAST_PAPER_SECRET',
  'HOLDFAST_SIM_TOKEN',
  'HOLDFAST_MARKET',
  'HOLDFAST_SEED',
  'HOLDFAST_SPEED',
];

/** Settings of one venue: with another one configured they are a mistake that could cost money (BY-28). */
function settingsOf(venue: VenueName): readonly SettingName[] {
  const { keyPrefix, needsArming } = VENUES[venue];
  if (keyPrefix === null) return SETTINGS_OF_SIMULATED;
  const keys = [`${keyPrefix}_API_KEY`, `${keyPrefix}_API_SECRET`] as const;
  return [...keys, ...keys.map((name) => `${name}_FILE` as const), ...(needsArming ? [ARMED] : [])];
}

export function refuseOtherVenues(reading: Reading, venue: VenueName): void {
  for (const other of VENUE_NAMES) {
    if (other === venue) continue;
    for (const name of settingsOf(other))
      if (reading.has(name)) reading.refuse(name, `belongs to venue ${other}, but HOLDFAST_VENUE is ${venue}`);
  }
}

/**
 * RISK: without a name `paper` is meant, and an account that was closed there says nothing about another one. So it is
 * not guessed where the keys, or a ledger in the home, speak of another venue.
 */
export function refuseGuessedVenue(reading: Reading, home: string): void {
  if (reading.has('HOLDFAST_VENUE')) return;
  for (const other of VENUE_NAMES) {
    if (other === SIMULATED_VENUE) continue;
    const key = settingsOf(other).find((name) => reading.has(name));
    const ledger = join(home, other, 'ledger.db');
    const found = key ?? (existsSync(ledger) ? ledger : null);
    if (found === null) continue;
    reading.refuse('HOLDFAST_VENUE', `is needed: ${found} is of ${other}, which may be meant; give --venue`);
    return;
  }
}

/** Keys of the venue; refused ones are returned empty, and the reading lists the problem. */
export function readVenueKeys(reading: Reading, venue: VenueName): VenueKeys {
  const prefix = VENUES[venue].keyPrefix;
  if (prefix === null) {
    return {
      apiKey: checkKey(reading, 'HOLDFAST_PAPER_KEY', reading.get('HOLDFAST_PAPER_KEY') ?? SIMULATED_VENUE),
      secret: checkKey(reading, 'HOLDFAST_PAPER_SECRET', reading.get('HOLDFAST_PAPER_SECRET') ?? 'paper-secret'),
    };
  }
  const keys = { apiKey: readKey(reading, `${prefix}_API_KEY`), secret: readKey(reading, `${prefix}_API_SECRET`) };
  if (keys.apiKey !== '' && keys.apiKey === keys.secret) {
    reading.refuse(`${prefix}_API_SECRET`, 'is the same as the API key');
  }
  return keys;
}

function readKey(reading: Reading, name: KeyName): string {
  const fileName = `${name}_FILE` as const;
  const value = reading.get(name);
  const file = reading.get(fileName);
  if (value !== null && file !== null) reading.refuse(name, `and ${fileName} are both set; keep one`);
  else if (value !== null) return checkKey(reading, name, value);
  else if (file !== null) return checkKey(reading, fileName, readKeyFile(reading, fileName, file));
  else reading.refuse(name, `(or ${fileName}) is needed for this venue`);
  return '';
}

function readKeyFile(reading: Reading, name: SettingName, path: string): string {
  try {
    const { mode } = statSync(path);
    if ((mode & 0o022) !== 0) reading.refuse(name, `names ${path}, which others can write; run: chmod go-w ${path}`);
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    reading.refuse(name, `names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    return '';
  }
}

/** A key goes into a header or a signature: printable characters without spaces. The value is never shown. */
function checkKey(reading: Reading, name: SettingName, value: string): string {
  if (value === '' && reading.problems.some((problem) => problem.startsWith(`${name} `))) return '';
  if (/^[\x21-\x7e]{1,256}$/.test(value)) return value;
  reading.refuse(name, 'is not a key: 1 to 256 printable characters without spaces are expected');
  return '';
}

/** The address that a start of the simulated exchange left in the home folder; null if there is no usable one. */
export function readPaperUrlFile(path: string): string | null {
  try {
    return toLoopbackOrigin(readFileSync(path, 'utf8').trim());
  } catch {
    return null;
  }
}

/** Origin of a plain http address on this machine; null for anything else. */
export function toLoopbackOrigin(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLoopback = url !== null && /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  const isPlain = url !== null && url.username + url.password + url.search + url.hash === '' && url.pathname === '/';
  return isLoopback && isPlain && url.protocol === 'http:' ? url.origin : null;
}
