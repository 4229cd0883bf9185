import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_RESERVE_BYTES } from '../../daemon/ledger/disk/reserve.ts';
import type { LedgerError } from '../../daemon/ledger/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { hasCode, ledgerOptions, note, openTempLedger } from './temp-ledger.ts';

const RESERVE_BYTES = 256 * 1024;
const MAX_BYTES = 768 * 1024;
/** No disk of the test is filled by more than this. */
const MAX_APPENDS = 200;

interface FullDisk {
  readonly ledger: Ledger;
  readonly reservePath: string;
  readonly failures: LedgerError[];
  readonly counts: { reserveUsed: number };
}

function openOnSmallDisk(
  t: Parameters<typeof openTempLedger>[0],
  whenReserveIsUsed?: (ledger: Ledger) => void,
): FullDisk {
  const failures: LedgerError[] = [];
  const counts = { reserveUsed: 0 };
  const ledger = openTempLedger(t, {
    reserveBytes: RESERVE_BYTES,
    maxBytes: MAX_BYTES,
    onFailure: (error) => failures.push(error),
    onReserveUsed: () => {
      counts.reserveUsed += 1;
      whenReserveIsUsed?.(ledger);
    },
  });
  return { ledger, reservePath: join(dirname(ledger.path), 'reserve.bin'), failures, counts };
}

async function appendUntil(ledger: Ledger, isReached: () => boolean): Promise<number> {
  for (let appended = 0; appended < MAX_APPENDS; appended++) {
    if (isReached()) return appended;
    await ledger.append([note('x'.repeat(8000))]);
  }
  throw new Error('the disk did not fill up');
}

test('on a full disk the reserve is given up, the same batch is written, and recording goes on [LE-17 LE-18]', async (t) => {
  const { ledger, reservePath, failures, counts } = openOnSmallDisk(t);
  assert.equal(statSync(reservePath).size, RESERVE_BYTES);
  assert.equal(DEFAULT_RESERVE_BYTES, 16 * 2 ** 20);
  const appended = await appendUntil(ledger, () => ledger.stats.reserve_used);
  assert.equal(existsSync(reservePath), false);
  assert.equal(counts.reserveUsed, 1);
  assert.equal(ledger.isFailed, false);
  assert.equal(ledger.lastSeq(), appended + 1);
  await ledger.append([note('exit'), note('halt')]);
  assert.deepEqual(failures, []);
  assert.equal(verifyLedger(ledger).ok, true);
});

test('the halt can be recorded from within the callback that tells of the full disk', async (t) => {
  const { ledger } = openOnSmallDisk(t, (full) => full.appendSync([note('halted: disk full')]));
  await appendUntil(ledger, () => ledger.stats.reserve_used);
  assert.deepEqual(ledger.readEvent(ledger.lastSeq())?.payload, { text: 'halted: disk full' });
  assert.equal(verifyLedger(ledger).ok, true);
});

test('when the reserve is used up as well the ledger fails, and every record it acknowledged is kept [LE-24]', async (t) => {
  const { ledger, failures, counts } = openOnSmallDisk(t);
  let acknowledged = 1;
  await assert.rejects(async () => {
    for (let i = 0; i < MAX_APPENDS; i++) {
      acknowledged = (await ledger.append([note('x'.repeat(8000))]))[0]?.seq ?? 0;
    }
  }, hasCode('LEDGER_FULL'));
  assert.equal(counts.reserveUsed, 1);
  assert.deepEqual(
    failures.map((failure) => failure.code),
    ['LEDGER_FULL'],
  );
  assert.throws(() => ledger.appendNow([note('more')]), hasCode('LEDGER_FAILED'));
  assert.equal(ledger.lastSeq(), acknowledged);
  ledger.close();

  const again = openLedger(ledgerOptions('', { path: ledger.path }));
  assert.deepEqual(
    again.appendSync([note('room again')]).map((event) => event.seq),
    [acknowledged + 1],
  );
  assert.equal(verifyLedger(again).ok, true);
  assert.ok(existsSync(join(dirname(ledger.path), 'reserve.bin')));
  again.close();
});

test('a start without room for a reserve goes on with what is left of it; one without a ledger does not [LE-26 LE-27]', async (t) => {
  const { ledger, reservePath } = openOnSmallDisk(t);
  await appendUntil(ledger, () => ledger.stats.reserve_used);
  const seq = ledger.lastSeq();
  ledger.close();
  const failures: LedgerError[] = [];
  const options = { reserveBytes: RESERVE_BYTES, onFailure: (error: LedgerError) => failures.push(error) };
  const again = openLedger(ledgerOptions('', { ...options, path: ledger.path, maxBytes: MAX_BYTES }));
  assert.deepEqual([again.stats.reserve_used, existsSync(reservePath)], [true, false]);
  again.appendSync([note('an exit')]);
  assert.equal(again.lastSeq(), seq + 1);
  await assert.rejects(
    appendUntil(again, () => false),
    hasCode('LEDGER_FULL'),
  );
  assert.equal(failures.length, 1);
  again.close();

  const roomy = openLedger(ledgerOptions('', { ...options, path: ledger.path }));
  assert.deepEqual([roomy.stats.reserve_used, existsSync(reservePath)], [false, true]);
  assert.equal(verifyLedger(roomy).ok, true);
  roomy.close();

  const small = { ...options, maxBytes: RESERVE_BYTES - 1 };
  assert.throws(() => openTempLedger(t, small), hasCode('LEDGER_FULL'));
});
