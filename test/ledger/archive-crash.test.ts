import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { foldLedger } from '../../daemon/boot/keep/fold.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { KEPT_KINDS } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { textOf } from '../engine/text-of.ts';
import type { Cleanups } from '../temp-folder.ts';
import { archiveHome, type Home, makeHome, playWorld, SEGMENT } from './archived-home.ts';
import { countedDisk } from './counted-disk.ts';
import { ledgerOptions, makeFolder, note } from './temp-ledger.ts';

/** Processes that are killed, spread over all writes; `HOLDFAST_ARCHIVE_KILLS=1000` kills one at each. */
const KILLS = Number(process.env.HOLDFAST_ARCHIVE_KILLS ?? 4);

let home: Home;
/** What all records fold to, before anything is archived. */
let folded = '';
const cleanups: (() => void)[] = [];
before(async () => {
  home = makeHome({ after: (cleanup) => void cleanups.push(cleanup) }, await playWorld());
  const ledger = openLedger(ledgerOptions('', { path: home.path }));
  folded = textOf(foldLedger(ledger, { folder: null }).state);
  ledger.close();
});
after(() => {
  for (const cleanup of cleanups) cleanup();
});

function copyHome(t: Cleanups): Home {
  const folder = makeFolder(t);
  cpSync(dirname(home.path), join(folder, 'paper'), { recursive: true });
  const path = join(folder, 'paper', 'ledger.db');
  return {
    ...home,
    path,
    archives: join(folder, 'paper', 'archives'),
    checkpoints: join(folder, 'paper', 'checkpoints'),
  };
}

/** Files under the names of archives: whole ones, whenever one looks. */
function archivesOf({ archives }: Home): readonly string[] {
  return existsSync(archives) ? readdirSync(archives).filter((name) => name.endsWith('.zst')) : [];
}

/** How many writes one run makes: of files, of the database, in the order in which they happen. */
async function countWrites(t: Cleanups): Promise<number> {
  let writes = 0;
  const hooks = countedDisk(() => {
    writes += 1;
  });
  await archiveHome(copyHome(t), hooks);
  return writes;
}

/** What a user counts on after a crash: the ledger opens, holds every record, verifies, folds the same, and goes on. */
function assertNothingLost({ checkpoints, events, path }: Home, where: string): void {
  const ledger = openLedger(ledgerOptions('', { path }));
  try {
    assert.equal(textOf(foldLedger(ledger, { folder: checkpoints }).state), folded, where);
    ledger.appendSync([note('goes on')]);
    assert.deepEqual([...ledger.iterateEvents()].slice(0, events.length), events, where);
    const result = verifyLedger(ledger);
    assert.ok(result.ok, `${where}: ${JSON.stringify(result)}`);
  } finally {
    ledger.close();
  }
}
async function assertFinishes(one: Home, where: string): Promise<void> {
  await archiveHome(one);
  assert.equal(readdirSync(one.archives).length, 2, `${where}: nothing unfinished is left`);
  const ledger = openLedger(ledgerOptions('', { path: one.path }));
  try {
    const left = [...ledger.iterateLive()].filter(({ kind, seq }) => seq <= 2 * SEGMENT && !KEPT_KINDS.has(kind));
    assert.deepEqual([ledger.archives.lastSeq(), left.length], [2 * SEGMENT, 0], where);
  } finally {
    ledger.close();
  }
}

describe('an archive run that is interrupted', () => {
  test('by a failure at any of its writes loses nothing, and the next run finishes it [LE-67 LE-68 LE-69 LE-70 LE-71 LE-93 LE-94]', async (t) => {
    const writes = await countWrites(t);
    assert.ok(writes >= 30, `${writes} writes`);
    const whole = copyHome(t);
    await archiveHome(whole);
    const sizes = new Map(archivesOf(whole).map((name) => [name, statSync(join(whole.archives, name)).size]));
    for (let at = 1; at <= writes; at += 1) {
      const one = copyHome(t);
      let done = 0;
      const hooks = countedDisk(() => {
        done += 1;
        if (done === at) throw new Error('the disk fails');
      });
      await assert.rejects(archiveHome(one, hooks), /the disk fails/, `write ${at}`);
      assertNothingLost(one, `write ${at}`);
      for (const name of archivesOf(one)) assert.equal(statSync(join(one.archives, name)).size, sizes.get(name));
      await assertFinishes(one, `write ${at}`);
    }
  });

  test('by SIGKILL loses nothing either, and the next run finishes it [LE-69]', async (t) => {
    const writes = await countWrites(t);
    const script = fileURLToPath(new URL('./archive-process.ts', import.meta.url));
    const step = Math.ceil(writes / KILLS);
    for (let at = 2; at <= writes; at += step) {
      const one = copyHome(t);
      const cutoff = String((one.events[2 * SEGMENT - 1]?.at_ms ?? 0) + 1);
      const child = spawn(process.execPath, [script, one.path, cutoff, String(SEGMENT), String(at)], {
        stdio: 'inherit',
      });
      const [, signal] = await once(child, 'exit');
      assert.equal(signal, 'SIGKILL', `write ${at}`);
      assertNothingLost(one, `killed at write ${at}`);
      await assertFinishes(one, `killed at write ${at}`);
    }
  });
});
