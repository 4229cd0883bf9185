import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EVERY_RECORDS, MAX_TIMES, MIN_AT_STOP, REST_MS } from '../../daemon/boot/keep/checkpointer.ts';
import { CHECKPOINT_WITHIN_MS } from '../../daemon/cli/local/start.ts';
import { ROW_FORMS, type RowForm } from '../../daemon/core/record-text/columns.ts';
import { SEGMENT_RECORDS } from '../../daemon/ledger/archive/archive-file.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { archiveHome, makeHome, playWorld } from './archived-home.ts';
import { decision, NOW_MS, openAsIntruder, openTempLedger, placed } from './temp-ledger.ts';

const page = readFileSync(new URL('../../docs/ledger.md', import.meta.url), 'utf8');
const script = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
const hasPython = spawnSync('python3', ['-c', 'import sqlite3']).status === 0;

test('the program in docs/ledger.md verifies a ledger in use and names a record that was changed [LE-102 LE-123]', (t) => {
  assert.notEqual(script, '');
  if (!hasPython) {
    t.skip('python3 with sqlite3 is not installed');
    return;
  }
  const verify = (path: string) => spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
  const ledger = openTempLedger(t);
  const payload = { number: 1e21, text: 'é \ud83d\ude00 \ud800 "quoted"\n' };
  const head = ledger
    .appendSync(placed(ledger, [{ kind: 'note', at_ms: NOW_MS, payload }, decision(), decision()]))
    .at(-1)?.hash;
  assert.equal(verify(ledger.path).stdout, `4 records, head ${head}\n`);
  ledger.close();

  openAsIntruder(t, ledger.path).exec('UPDATE events SET at_ms = at_ms + 1 WHERE seq = 3');
  const tampered = verify(ledger.path);
  assert.equal(tampered.stderr, 'record 3 is wrong\n');
  assert.equal(tampered.status, 1);
});

test('the program in docs/ledger.md goes through archives as well', async (t) => {
  if (!hasPython || spawnSync('zstd', ['--version']).status !== 0) {
    t.skip('python3 with sqlite3, or zstd, is not installed');
    return;
  }
  const home = makeHome(t, await playWorld());
  await archiveHome(home);
  const reader = openLedgerReader(home.path);
  const last = reader.readEvent(reader.lastSeq());
  reader.close();
  const { stdout, stderr } = spawnSync('python3', ['-c', script, home.path], { encoding: 'utf8' });
  assert.equal(stdout, `${last?.seq} records, head ${last?.hash}\n`, stderr);
});

test('checkpoints come as often as docs/ledger.md says, and segments are as long [LE-38 LE-39 LE-40 LE-64]', () => {
  const said = page.replaceAll(/<!--.*?-->/g, '').replaceAll(/\s+/g, ' ');
  const count = (records: number): string => records.toLocaleString('en');
  for (const sentence of [
    `a checkpoint every ${count(EVERY_RECORDS)} records, and at an orderly stop with at least ${count(MIN_AT_STOP)} new`,
    `it waits ${REST_MS / 1_000} seconds between two, or for ${count(MAX_TIMES * EVERY_RECORDS)} records`,
    `A segment is ${count(SEGMENT_RECORDS)} records`,
  ])
    assert.ok(said.includes(sentence), sentence);
  assert.equal(CHECKPOINT_WITHIN_MS, 1_000, 'a stop waits a second');
});

test('docs/ledger.md names the columns of every row in their order', () => {
  const block = /with its members in this order:\n\n```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const said = block
    .replaceAll(/\n {4}/g, ' ')
    .trimEnd()
    .split('\n');
  const expected = Object.entries(ROW_FORMS).flatMap(([name, form]) => [...describeRow(name, form)]);
  assert.deepEqual(said, expected);
});
function* describeRow(path: string, { columns, parts }: RowForm): Generator<string> {
  yield `${path}: ${columns.join(', ')}`;
  for (const [at, part] of parts.entries()) if (part !== null) yield* describeRow(`${path}.${columns[at]}`, part);
}
