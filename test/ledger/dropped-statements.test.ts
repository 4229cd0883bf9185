import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import Database from 'better-sqlite3';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { ledgerOptions, makeFolder, note } from './temp-ledger.ts';

const STATEMENTS = 1_000;
const BATCH = 50;

/** better-sqlite3 up to 12 on Node 24.19 and later aborted here: a statement was freed after its environment's hooks. */
test(`${STATEMENTS} prepared statements are dropped and collected while commits go on`, async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const options = ledgerOptions(makeFolder(t));
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  const database = new Database(options.path, { readonly: true });
  t.after(() => database.close());
  let collected = 0;
  const registry = new FinalizationRegistry<number>(() => {
    collected += 1;
  });
  for (let prepared = 0; prepared < STATEMENTS; prepared += BATCH) {
    for (let index = 0; index < BATCH; index += 1) {
      const statement = database.prepare(`SELECT seq + ${prepared + index} AS shifted FROM events LIMIT 1`);
      assert.ok(statement.get() !== undefined);
      registry.register(statement, prepared + index);
    }
    const committed = ledger.append([note(`after ${prepared}`)]);
    collect();
    await committed;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(collected > STATEMENTS / 2, `only ${collected} statements were collected`);
  assert.equal(ledger.lastSeq(), 1 + STATEMENTS / BATCH);
});
