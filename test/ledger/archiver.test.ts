import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Archiver } from '../../daemon/boot/keep/archiver.ts';
import { takeCheckpoint } from '../../daemon/boot/keep/take-checkpoint.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { SqliteReader } from '../../daemon/ledger/reader.ts';
import { hasArchivedRows } from '../../daemon/ledger/remove-archived.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { Cleanups } from '../temp-folder.ts';
import { type Home, makeHome, playWorld, SEGMENT, SEGMENTS } from './archived-home.ts';
import { ledgerOptions, note } from './temp-ledger.ts';

let database: Buffer;
before(async () => {
  database = await playWorld();
});

/** A day in the ledger's time after its last record. */
const KEEP_MS = 86_400_000;

function open(t: Cleanups, home: Home) {
  const nowMs = (home.events.at(-1)?.at_ms ?? 0) + KEEP_MS + 1;
  const ledger = openLedger(ledgerOptions('', { path: home.path, now: () => nowMs }));
  t.after(() => ledger.close());
  assert.ok(ledger instanceof SqliteReader);
  const warned: unknown[] = [];
  const log = { info: () => {}, warn: (...said: unknown[]) => void warned.push(said) };
  const archiver = (more: object = {}): Archiver => {
    const made = new Archiver({
      ledger,
      checkpointFolder: home.checkpoints,
      keepMs: KEEP_MS,
      now: () => nowMs,
      time: SYSTEM_TIME,
      log,
      segmentRecords: SEGMENT,
      ...more,
    });
    t.after(() => made.close());
    return made;
  };
  return { archiver, ledger: ledger as Ledger & SqliteReader, warned };
}
function checkpoint(ledger: Ledger, { checkpoints, path }: Home): void {
  const payload = takeCheckpoint({ ledgerPath: path, folder: checkpoints });
  ledger.appendSync([{ kind: 'checkpoint', at_ms: 1, payload }]);
}
function refuse(): never {
  throw new Error('nothing is recorded now');
}
/** A process that ends as soon as the first archive is recorded. */
function endAfterFirst(ledger: Ledger, archiver: Archiver): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    ledger.onCommitted(() => {
      if (ledger.archives.lastSeq() > 0) archiver.close().then(resolve, reject);
    });
  });
  archiver.consider();
  return ended;
}
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let left = 6_000; !holds(); left -= 1) {
    assert.ok(left > 0, what);
    await delay(20);
  }
}

describe('a running daemon', () => {
  test('archives what is old enough in a thread, while it goes on recording [LE-63]', async (t) => {
    const home = makeHome(t, database);
    const { archiver, ledger, warned } = open(t, home);
    for (let n = 0; n < 2; n += 1) checkpoint(ledger, home);
    const archiving = archiver();
    archiving.consider();
    let recorded = 0;
    const isDone = (): boolean => ledger.archives.lastSeq() === SEGMENTS * SEGMENT && !hasArchivedRows(ledger);
    await until(() => {
      ledger.appendSync([note(`meanwhile ${recorded}`)]);
      recorded += 1;
      return isDone();
    }, 'all segments are archived');
    await archiving.close();
    assert.deepEqual(warned, []);
    assert.deepEqual([...ledger.iterateEvents()].slice(0, home.events.length), home.events);
    const result = verifyLedger(ledger);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal([...ledger.iterateEvents({ kind: 'note' })].length, recorded);
  });

  test('archives nothing that is younger, without two checkpoints above it, or without the setting [LE-65]', async (t) => {
    const home = makeHome(t, database);
    const { archiver, ledger, warned } = open(t, home);
    checkpoint(ledger, home);
    for (const more of [{ keepMs: null }, { keepMs: 400 * KEEP_MS }]) {
      const archiving = archiver(more);
      archiving.consider();
      await archiving.close();
      assert.equal(ledger.archives.lastSeq(), 0);
    }
    assert.deepEqual(warned, []);
    archiver().consider();
    await until(() => warned.length > 0, 'it says why');
    assert.match(
      JSON.stringify(warned, (_, value) => (value instanceof Error ? value.message : value)),
      /2 sound/,
    );
    assert.equal(ledger.archives.lastSeq(), 0);
  });

  test('that ended on the way goes on with the removal at its next start [LE-70]', async (t) => {
    const home = makeHome(t, database);
    const first = open(t, home);
    for (let n = 0; n < 2; n += 1) checkpoint(first.ledger, home);
    await endAfterFirst(first.ledger, first.archiver());
    assert.ok(hasArchivedRows(first.ledger));
    first.ledger.close();
    const second = open(t, home);
    second.archiver();
    await until(() => !hasArchivedRows(second.ledger), 'what was archived is removed');
    assert.deepEqual([...second.ledger.iterateEvents()].slice(0, home.events.length), home.events);
    assert.deepEqual(second.warned, []);
  });

  test('whose ledger refuses the record of an archive ends the thread, and removes nothing', async (t) => {
    const home = makeHome(t, database);
    const { archiver, ledger, warned } = open(t, home);
    for (let n = 0; n < 2; n += 1) checkpoint(ledger, home);
    Object.assign(ledger, { appendNow: refuse });
    const archiving = archiver();
    archiving.consider();
    await until(() => warned.length > 0, 'it says why');
    await archiving.close();
    assert.equal(ledger.archives.lastSeq(), 0);
    assert.deepEqual([...ledger.iterateLive()].slice(0, home.events.length), home.events);
  });

  test('removes nothing whose archive is gone', async (t) => {
    const home = makeHome(t, database);
    const first = open(t, home);
    for (let n = 0; n < 2; n += 1) checkpoint(first.ledger, home);
    await endAfterFirst(first.ledger, first.archiver());
    first.ledger.close();
    const second = open(t, home);
    for (const { file } of second.ledger.archives.list()) rmSync(join(home.archives, file));
    second.archiver();
    await until(() => second.warned.length > 0, 'it says what is missing');
    assert.match(
      JSON.stringify(second.warned, (_, value) => (value instanceof Error ? value.message : value)),
      /\.zst/,
    );
    const live = new Map([...second.ledger.iterateLive()].map((event) => [event.seq, event]));
    for (const event of home.events) assert.deepEqual(live.get(event.seq), event);
  });
});
