import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LedgerError } from '../../daemon/ledger/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { hasCode, ledgerOptions, makeFolder, note, openTempLedger } from './temp-ledger.ts';

interface Appender {
  readonly child: ChildProcess;
  /** Hash by seq of every record that the process said was durable. */
  readonly acknowledged: Map<number, string>;
  /** Resolves when `count` records were acknowledged. */
  until(count: number): Promise<void>;
}

function startAppender(path: string): Appender {
  const script = fileURLToPath(new URL('./appender-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const acknowledged = new Map<number, string>();
  lines.on('line', (line) => {
    const [seq, hash] = line.split(' ');
    if (hash?.length === 64) acknowledged.set(Number(seq), hash);
  });
  const until = (count: number) =>
    new Promise<void>((resolve, reject) => {
      lines.on('line', () => acknowledged.size >= count && resolve());
      child.on('exit', () => reject(new Error('the appending process ended early')));
    });
  return { child, acknowledged, until };
}

test('every acknowledged record survives SIGKILL, and the lock goes with the process', async (t) => {
  const { path } = ledgerOptions(makeFolder(t));
  const { child, acknowledged, until } = startAppender(path);
  t.after(() => child.kill('SIGKILL'));
  await until(300);

  assert.throws(
    () => openLedger(ledgerOptions('', { path })),
    (error) =>
      error instanceof LedgerError && error.code === 'LEDGER_LOCKED' && error.message.includes(`pid ${child.pid})`),
  );
  const during = openLedgerReader(path);
  assert.ok(during.lastSeq() > 300);
  assert.equal(verifyLedger(during).ok, true);
  during.close();

  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;

  const ledger = openLedger(ledgerOptions('', { path }));
  for (const [seq, hash] of acknowledged) assert.equal(ledger.readEvent(seq)?.hash, hash);
  const result = verifyLedger(ledger);
  assert.equal(result.ok, true);
  const next = ledger.lastSeq() + 1;
  assert.deepEqual(
    ledger.appendSync([note('after the crash')]).map((event) => event.seq),
    [next],
  );
  ledger.close();
});

test('a second open in the same process is refused and does not loosen the first one’s lock', (t) => {
  const ledger = openTempLedger(t);
  for (let attempt = 0; attempt < 2; attempt++) {
    assert.throws(() => openLedger(ledgerOptions('', { path: ledger.path })), hasCode('LEDGER_LOCKED'));
  }
  ledger.appendSync([note('still writing')]);
  ledger.close();
  openLedger(ledgerOptions('', { path: ledger.path })).close();
});

test('an open that fails for another reason gives the lock back', (t) => {
  const ledger = openTempLedger(t);
  ledger.close();
  assert.throws(
    () => openLedger(ledgerOptions('', { path: ledger.path, venue: 'binance-demo' })),
    hasCode('LEDGER_WRONG_VENUE'),
  );
  openLedger(ledgerOptions('', { path: ledger.path })).close();
});
