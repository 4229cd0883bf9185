import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCheckpointAudit } from '../../daemon/boot/keep/checkpoint-audit.ts';
import { checkpointPath, describeState, writeCheckpoint } from '../../daemon/boot/keep/checkpoint-file.ts';
import { Checkpointer, type CheckpointerOptions } from '../../daemon/boot/keep/checkpointer.ts';
import { foldLedger } from '../../daemon/boot/keep/fold.ts';
import { takeCheckpoint } from '../../daemon/boot/keep/take-checkpoint.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import type { CheckpointEvent } from '../../daemon/engine/records/house-events.ts';
import { GateState } from '../../daemon/engine/state/gate-state.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { openLedgerReader, SqliteReader } from '../../daemon/ledger/reader.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { generatePlan } from '../../scripts/explore/generate.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';
import { textOf } from '../engine/text-of.ts';
import type { Cleanups } from '../temp-folder.ts';
import { ledgerOptions, makeFolder, NOW_MS } from './temp-ledger.ts';

let database: Buffer;
before(async () => {
  const plan = generatePlan(13);
  const world = new World(plan.seed, plan.setup);
  await playPlan(world, plan);
  const { ledger } = world;
  assert.ok(ledger instanceof SqliteReader);
  database = ledger.db.serialize();
  world.close();
});
after(() => {
  database = Buffer.alloc(0);
});

interface Home {
  readonly ledger: Ledger;
  readonly folder: string;
}
/** The ledger of a world, on disk. */
function openHome(t: Cleanups): Home {
  const options = ledgerOptions(makeFolder(t));
  mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
  writeFileSync(options.path, database, { mode: 0o600 });
  const ledger = openLedger(options);
  t.after(() => ledger.close());
  return { ledger, folder: join(dirname(options.path), 'checkpoints') };
}

function foldAll(ledger: Ledger): GateState {
  const state = new GateState();
  for (const event of ledger.iterateEvents()) if (event.kind !== 'genesis') state.apply(event as unknown as GateEvent);
  return state;
}

const LOG = { info: () => {}, warn: (...said: unknown[]) => assert.fail(`warned: ${JSON.stringify(said)}`) };
const checkpointer = (home: Home, more: Partial<CheckpointerOptions> = {}): Checkpointer =>
  new Checkpointer({ ...home, fromSeq: 0, now: () => NOW_MS, log: LOG, minAtStop: 1, ...more });

const signal = (n: number): LedgerRecord => ({
  kind: 'alert',
  at_ms: NOW_MS + n,
  payload: { code: 'TEST', detail: `${n}`, severity: 'info' },
});
/** Writes a checkpoint as the process does, and records it. */
function take(
  { folder, ledger }: Home,
  change: (event: CheckpointEvent) => CheckpointEvent = (event) => event,
): number {
  const state = foldAll(ledger);
  const checkpoint = writeCheckpoint(folder, describeState(ledger, state, ledger.lastSeq()), state);
  ledger.appendSync([{ kind: 'checkpoint', at_ms: NOW_MS, payload: change(checkpoint) }]);
  ledger.appendSync([signal(checkpoint.seq)]);
  return checkpoint.seq;
}
function foldAndTell({ folder, ledger }: Home) {
  const skipped: { readonly seq: number; readonly reason: string }[] = [];
  const folded = foldLedger(ledger, { folder, onSkipped: (seq, reason) => skipped.push({ seq, reason }) });
  assert.equal(textOf(folded.state), textOf(foldAll(ledger)));
  return { fromSeq: folded.fromSeq, skipped };
}
function verifyDeep(ledger: Ledger) {
  const audit = createCheckpointAudit(ledger);
  const state = new GateState();
  const result = verifyLedger(ledger, {
    fold: (event) => {
      if (event.kind !== 'genesis') state.apply(event as unknown as GateEvent);
      return audit.check(event.seq, state);
    },
  });
  return { result, compared: audit.compared, elsewhere: audit.elsewhere };
}

describe('a checkpoint', () => {
  test('is written by a process at an orderly stop and recorded; the next start folds only what came after [LE-36]', async (t) => {
    const home = openHome(t);
    const { ledger } = home;
    const before = ledger.lastSeq();
    await checkpointer(home).close();
    const recorded = ledger
      .readNewest('checkpoint', 9)
      .map(({ payload, seq }) => [seq, (payload as CheckpointEvent).seq]);
    assert.deepEqual(recorded, [[before + 1, before]]);
    ledger.appendSync([signal(1)]);
    assert.deepEqual(foldAndTell(home), { fromSeq: before, skipped: [] });
    const { compared, result } = verifyDeep(ledger);
    assert.ok(result.ok, JSON.stringify(result));
    assert.equal(compared, 1);
  });

  test('is written after so many records while others are recorded, and two files are kept [LE-38 LE-41 LE-43]', async (t) => {
    const home = openHome(t);
    const { folder, ledger } = home;
    const options = { fromSeq: ledger.lastSeq(), everyRecords: 20, minAtStop: 1_000_000, restMs: 0 };
    const writing = checkpointer(home, options);
    let n = 0;
    while (ledger.readNewest('checkpoint', 5).length < 4) {
      assert.ok(n < 100_000, 'checkpoints are written');
      await ledger.append([signal(n)]);
      n += 1;
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await writing.close();
    const recorded = ledger.readNewest('checkpoint', 2).map(({ payload }) => (payload as CheckpointEvent).seq);
    assert.deepEqual(readdirSync(folder).sort(), recorded.map((seq) => `checkpoint-${seq}.jsonl.gz`).sort());
    for (const seq of recorded) assert.equal(statSync(checkpointPath(folder, seq)).mode & 0o777, 0o600);
    assert.deepEqual(foldAndTell(home), { fromSeq: recorded[0], skipped: [] });
    const { compared, result } = verifyDeep(ledger);
    assert.ok(result.ok, JSON.stringify(result));
    assert.ok(compared >= 4);
  });

  test('waits when records come fast, but not for more than ten times as many [LE-39]', async (t) => {
    const home = openHome(t);
    const { ledger } = home;
    const never = { restMs: Number.POSITIVE_INFINITY, minAtStop: 1_000_000 };
    const writing = checkpointer(home, { fromSeq: ledger.lastSeq(), everyRecords: 20, ...never });
    const record = async (count: number): Promise<number> => {
      for (let n = 0; n < count; n += 1) await ledger.append([signal(n)]);
      return ledger.readNewest('checkpoint', 5).length;
    };
    await record(20);
    while (ledger.readNewest('checkpoint', 5).length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    const [{ payload } = { payload: null }] = ledger.readNewest('checkpoint', 1);
    const taken = (payload as CheckpointEvent | null)?.seq ?? 0;
    assert.equal(await record(taken + 199 - ledger.lastSeq()), 1);
    await record(1);
    await writing.close();
    assert.equal(ledger.readNewest('checkpoint', 5).length, 2);
  });

  test('that takes too long at a stop is given up, and the ledger is closed all the same [LE-40]', async (t) => {
    const home = openHome(t);
    const { ledger } = home;
    const warned: unknown[] = [];
    const log = { info: () => {}, warn: (...said: unknown[]) => void warned.push(said.at(-1)) };
    await checkpointer(home, { stopWithinMs: 0, log }).close();
    assert.deepEqual(warned, ['no checkpoint was written; the next start folds more']);
    assert.deepEqual(ledger.readNewest('checkpoint', 9), []);
    assert.ok(!ledger.isFailed);
    assert.deepEqual(foldAndTell(home).skipped, []);
  });

  test('that is damaged, cut short or gone is named, and the one before it taken; without any all is folded [LE-37 LE-53 LE-56 LE-57]', (t) => {
    const home = openHome(t);
    const { folder } = home;
    const first = take(home);
    const second = take(home);
    assert.deepEqual(foldAndTell(home), { fromSeq: second, skipped: [] });
    const path = checkpointPath(folder, second);
    const bytes = readFileSync(path);
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bytes.length / 2);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    for (const spoil of [
      () => writeFileSync(path, flipped),
      () => truncateSync(path, bytes.length - 1),
      () => writeFileSync(path, ''),
      () => writeFileSync(path, readFileSync(checkpointPath(folder, first))),
      () => rmSync(path),
    ]) {
      spoil();
      const { fromSeq, skipped } = foldAndTell(home);
      assert.equal(fromSeq, first);
      assert.deepEqual(
        skipped.map(({ seq }) => seq),
        [second],
      );
    }
    rmSync(checkpointPath(folder, first));
    const { fromSeq, skipped } = foldAndTell(home);
    assert.equal(fromSeq, 0);
    assert.equal(skipped.length, 2);
  });

  const OTHERS: readonly (readonly [string, (event: CheckpointEvent) => CheckpointEvent, RegExp])[] = [
    ['of other code of the fold', (event) => ({ ...event, fold_sha256: 'a'.repeat(64) }), /other code/],
    ['of another ledger', (event) => ({ ...event, genesis: 'a'.repeat(64) }), /another ledger/],
    ['of another venue', (event) => ({ ...event, venue: 'binance-live' }), /another ledger/],
    ['of another account', (event) => ({ ...event, account: 'other' }), /another ledger/],
    ['of another schema', (event) => ({ ...event, schema: event.schema + 1 }), /schema/],
    ['of another format', (event) => ({ ...event, format: event.format + 1 }), /format/],
    ['of another chain', (event) => ({ ...event, hash: 'a'.repeat(64) }), /another one/],
    ['whose record says another policy', (event) => ({ ...event, policy_hash: 'a'.repeat(64) }), /another record/],
    ['with another digest', (event) => ({ ...event, sha256: 'a'.repeat(64) }), /damaged/],
  ];
  for (const [what, change, reason] of OTHERS)
    test(`${what} is named and passed over [LE-48 LE-49 LE-50 LE-51 LE-52 LE-57]`, (t) => {
      const home = openHome(t);
      const seq = take(home, change);
      const { fromSeq, skipped } = foldAndTell(home);
      assert.equal(fromSeq, 0);
      assert.equal(skipped[0]?.seq, seq);
      assert.match(skipped[0]?.reason ?? '', reason);
    });

  test('that holds other views than the records give fails the deep audit, whether or not its file is there [LE-58]', (t) => {
    const home = openHome(t);
    const { folder, ledger } = home;
    const state = foldAll(ledger);
    state.equity.addTransfer(1e-9, NOW_MS, NOW_MS);
    const seq = ledger.lastSeq();
    const checkpoint = writeCheckpoint(folder, describeState(ledger, state, seq), state);
    ledger.appendSync([{ kind: 'checkpoint', at_ms: NOW_MS, payload: checkpoint }]);
    for (let round = 0; round < 2; round += 1) {
      const { result } = verifyDeep(ledger);
      assert.ok(!result.ok);
      assert.equal(result.seq, seq);
      assert.match(result.detail, /checkpoint/);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('of a crash before its record was written is not taken, and is removed by the next [LE-42]', async (t) => {
    const home = openHome(t);
    const { folder, ledger } = home;
    const state = foldAll(ledger);
    const seq = ledger.lastSeq();
    writeCheckpoint(folder, describeState(ledger, state, seq), state);
    writeFileSync(join(folder, 'checkpoint-7.jsonl.gz.new'), 'half of on');
    writeFileSync(join(folder, 'checkpoint-5.jsonl'), 'of an earlier version');
    ledger.appendSync([signal(1)]);
    assert.deepEqual(foldAndTell(home), { fromSeq: 0, skipped: [] });
    await checkpointer(home).close();
    assert.deepEqual(readdirSync(folder), [`checkpoint-${seq + 1}.jsonl.gz`]);
    assert.ok(existsSync(checkpointPath(folder, seq + 1)));
  });

  test('is not written where the disk has too little room [LE-44]', { skip: !existsSync('/proc/self') }, (t) => {
    const { ledger } = openHome(t);
    // A file system on which nothing is free.
    assert.throws(() => takeCheckpoint({ ledgerPath: ledger.path, folder: '/proc' }), /too little of the disk is free/);
  });

  test('that cannot be written leaves the ledger as it is', async (t) => {
    const home = openHome(t);
    const { folder, ledger } = home;
    writeFileSync(folder, 'a file where the folder would be');
    const warned: unknown[] = [];
    const before = ledger.lastSeq();
    await checkpointer(home, { log: { info: () => {}, warn: (...said: unknown[]) => void warned.push(said) } }).close();
    assert.equal(warned.length, 1);
    assert.equal(ledger.lastSeq(), before);
    assert.equal(ledger.isFailed, false);
  });
});

test('a start looks up rare kinds in their index, whatever the age of the ledger', (t) => {
  const { ledger } = openHome(t);
  const reader = openLedgerReader(ledger.path);
  t.after(() => reader.close());
  assert.ok(reader instanceof SqliteReader);
  for (const kind of ['arming', 'checkpoint', 'policy', 'recovery', 'rules'])
    for (const query of [
      `kind = '${kind}' AND seq >= ? ORDER BY seq LIMIT ?`,
      `kind = '${kind}' ORDER BY seq DESC LIMIT ?`,
    ]) {
      const sql = `EXPLAIN QUERY PLAN SELECT e.payload FROM events e WHERE ${query}`;
      const parameters = query.includes('>=') ? [1, 1] : [1];
      const plan = reader.db.prepare(sql).all(...parameters) as { detail: string }[];
      assert.match(plan.map(({ detail }) => detail).join(), /USING INDEX events_of_rare_kinds/, kind);
    }
});
