import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { HomeAlerts, openHeadSigner } from '../../daemon/boot/ledger/daemon-ledger.ts';
import { EXIT } from '../../daemon/cli/exit-codes.ts';
import type { Config } from '../../daemon/config/config.ts';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { HeadEvent, KeyEvent } from '../../daemon/engine/records/house-events.ts';
import { hashEvent, ZERO_HASH } from '../../daemon/ledger/chain/hash-chain.ts';
import { buildTreeNow, MerkleFrontier } from '../../daemon/ledger/chain/merkle.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { MAX_RECORDS, signHead, type UnsignedHead } from '../../daemon/ledger/proofs/head-records.ts';
import { openSigningKey, rotateSigningKey } from '../../daemon/ledger/proofs/signing-key.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { verifyLedger } from '../../daemon/ledger/verify/verify.ts';
import { holdfast } from '../cli/run.ts';
import { ManualTime } from '../engine/manual-time.ts';
import { ledgerOptions, NOW_MS, note, openAsIntruder } from '../ledger/temp-ledger.ts';
import { keyPath, openOnDisk, signerOf } from './signed-ledger.ts';

const notes = (count: number) => Array.from({ length: count }, (_, at) => note(`${at}`));
const headsOf = (ledger: Ledger): HeadEvent[] =>
  [...ledger.iterateEvents({ kind: 'head' })].map(({ payload }) => payload as HeadEvent);
const keysOf = (ledger: Ledger): KeyEvent[] =>
  [...ledger.iterateEvents({ kind: 'key' })].map(({ payload }) => payload as KeyEvent);
/** Lets time pass until the work is done. */
async function during<T>(time: ManualTime, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  work.then(done, done);
  while (!isDone) await time.advance(1);
  return work;
}
/** Lets work that has begun go on to its end. */
async function pass(time: ManualTime): Promise<void> {
  for (let turns = 0; turns < 2_000; turns += 1) await time.advance(1);
}
const isWindows = process.platform === 'win32';

test('the tree is that of RFC 9162, whole or leaf by leaf', () => {
  const leaf = (at: number): Buffer => Buffer.from(`leaf ${at}`);
  const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
  // The definition, by the largest power of two below the size.
  const rootOf = (leaves: readonly Buffer[]): Buffer => {
    if (leaves.length === 1) return sha256(Buffer.of(0), leaves[0] as Buffer);
    let split = 1;
    while (2 * split < leaves.length) split *= 2;
    return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)));
  };
  const frontier = new MerkleFrontier();
  for (let size = 1; size <= 70; size += 1) {
    const leaves = Array.from({ length: size }, (_, at) => leaf(at));
    frontier.append(leaf(size - 1));
    const root = rootOf(leaves).toString('hex');
    assert.deepEqual([buildTreeNow(leaves).root, frontier.root()], [root, root], `${size} leaves`);
  }
});

describe('heads are signed', () => {
  test('every hour, when there is something new, and at the end', async (t) => {
    const time = new ManualTime();
    const ledger = openOnDisk(t);
    const signer = signerOf(t, ledger, time);
    ledger.appendSync(notes(3));
    await time.advance(3_599_000);
    assert.equal(headsOf(ledger).length, 0);
    await time.advance(1_000);
    await pass(time);
    assert.deepEqual(
      headsOf(ledger).map(({ first_seq, number, seq }) => [number, first_seq, seq]),
      [[1, 1, 5]],
    );
    await time.advance(3_600_000);
    await pass(time);
    assert.equal(headsOf(ledger).length, 1, 'nothing but the head itself was recorded');
    ledger.appendSync(notes(1));
    await during(time, signer.close());
    assert.deepEqual(
      headsOf(ledger).map(({ first_seq, seq }) => [first_seq, seq]),
      [
        [1, 5],
        [6, 7],
      ],
    );
    const result = verifyLedger(ledger);
    assert.deepEqual(result.ok && result.signed, { number: 2, seq: 7 });
  });

  test('after every 16,384 records, also for a ledger that had none, and a receipt waits for no hour', async (t) => {
    const time = new ManualTime();
    const ledger = openOnDisk(t);
    ledger.appendSync(notes(2 * MAX_RECORDS));
    const signer = signerOf(t, ledger, time);
    await during(time, signer.sign());
    assert.deepEqual(
      headsOf(ledger).map(({ seq }) => seq),
      [MAX_RECORDS, 2 * MAX_RECORDS, 2 * MAX_RECORDS + 2],
    );
    ledger.appendSync(notes(1));
    const { seq } = headsOf(ledger)[2] as HeadEvent;
    assert.equal(await during(time, signer.cover(ledger.lastSeq())), 0);
    assert.equal(signer.last?.seq, seq + 4, 'three heads and a note behind the last head');
    ledger.appendSync(notes(1));
    assert.ok((await during(time, signer.cover(ledger.lastSeq()))) > 0, 'not again at once');
    await time.advance(10_000);
    assert.equal(await during(time, signer.cover(ledger.lastSeq())), 0);
    const last = ledger.appendSync(notes(MAX_RECORDS)).at(-1);
    await pass(time);
    assert.equal(signer.last?.seq, last?.seq, 'without being asked');
    const result = verifyLedger(ledger);
    assert.ok(result.ok, JSON.stringify(result));
  });
});

describe('the key', () => {
  test('is created once, for its owner alone, and named in the chain [TM-76]', (t) => {
    const ledger = openOnDisk(t);
    const { publicKey, warning } = openSigningKey(keyPath(ledger), ledger);
    assert.equal(warning, null);
    if (!isWindows) assert.equal(statSync(keyPath(ledger)).mode & 0o777, 0o600);
    assert.equal(openSigningKey(keyPath(ledger), ledger).publicKey, publicKey);
    assert.deepEqual(
      keysOf(ledger).map(({ key, number, previous, signature }) => [key, number, previous, signature]),
      [[publicKey, 1, null, null]],
    );
    assert.ok(!readFileSync(ledger.path).includes(readFileSync(keyPath(ledger), 'utf8').slice(30, 80)));
  });

  test('that was lost is replaced with a warning', (t) => {
    const ledger = openOnDisk(t);
    const { publicKey } = openSigningKey(keyPath(ledger), ledger);
    rmSync(keyPath(ledger));
    const next = openSigningKey(keyPath(ledger), ledger);
    assert.match(next.warning ?? '', /was lost/);
    assert.deepEqual(
      keysOf(ledger).map(({ number, previous, signature }) => [number, previous, signature]),
      [
        [1, null, null],
        [2, publicKey, null],
      ],
    );
    assert.ok(verifyLedger(ledger).ok);
  });

  test('that cannot be created refuses no start: an alert says why, and no heads are signed', (t) => {
    const ledger = openOnDisk(t);
    // A link to a volume that is not there, and a folder that takes no file, as on a full disk.
    for (const [home, spoil] of [
      ['dangling', () => symlinkSync(join(dirname(ledger.path), 'not-mounted', 'key'), keyPath(ledger))],
      ['missing', () => undefined],
    ] as const) {
      spoil();
      const alerts: string[] = [];
      const clock = { isSynced: true, nowMs: () => NOW_MS };
      const core = {
        alert: (code: string, detail: string) => alerts.push(`${code}: ${detail}`),
        ports: { clock, log: { warn: () => undefined } },
      };
      const gate = { core } as unknown as Gate;
      const folder = home === 'missing' ? join(dirname(ledger.path), 'gone') : dirname(dirname(ledger.path));
      const config = { home: folder, venue: basename(dirname(ledger.path)) } as unknown as Config;
      const signer = openHeadSigner(config, ledger, new HomeAlerts(gate.core), new ManualTime());
      assert.equal(signer, null);
      assert.equal(alerts.length, 1);
      assert.match(alerts[0] ?? '', /^HEAD_KEY: no heads are signed: (?:The key .* cannot be used: )?E[A-Z]+/);
    }
    assert.deepEqual(keysOf(ledger), [], 'no key is named that nobody has');
  });

  test('survives a crash at each step of a rotation', async (t) => {
    const ledger = openOnDisk(t);
    const path = keyPath(ledger);
    openSigningKey(path, ledger);
    const old = readFileSync(path);
    const { key } = rotateSigningKey(path, ledger);
    // Killed before the new file took the old one's place.
    renameSync(path, `${path}.next`);
    writeFileSync(path, old, { mode: 0o600 });
    assert.deepEqual([openSigningKey(path, ledger).publicKey, existsSync(`${path}.next`)], [key, false]);
    // Killed before the record.
    writeFileSync(`${path}.next`, old, { mode: 0o600 });
    assert.deepEqual([openSigningKey(path, ledger).publicKey, existsSync(`${path}.next`)], [key, false]);
    assert.equal(keysOf(ledger).length, 2);
    await signerOf(t, ledger).sign();
    assert.ok(verifyLedger(ledger).ok);
  });

  test('is rotated by the verb while the daemon is stopped', async (t) => {
    const ledger = openOnDisk(t);
    openSigningKey(keyPath(ledger), ledger);
    const env = {
      HOLDFAST_HOME: dirname(dirname(ledger.path)),
      HOLDFAST_HEAD_FILE: join(dirname(ledger.path), 'head'),
    };
    assert.equal((await holdfast('audit rotate-key', env)).code, EXIT.FAILURE, 'the ledger is held');
    ledger.close();
    const { code, out } = await holdfast('audit rotate-key --json', env);
    assert.equal(code, EXIT.OK, out);
    const { number, signature } = JSON.parse(out) as KeyEvent;
    assert.deepEqual([number, signature?.length], [2, 128]);
    assert.equal((await holdfast('audit verify', env)).code, EXIT.OK);
  });
});

describe('audit verify', () => {
  test('refuses heads and keys that are not of this chain', async (t) => {
    const ledger = openOnDisk(t);
    const key = openSigningKey(keyPath(ledger), ledger);
    ledger.appendSync(notes(3));
    const event = ledger.readEvent(3);
    const leaves = [1, 2, 3].map((seq) => Buffer.from(ledger.readEvent(seq)?.hash ?? '', 'hex'));
    const batch_root = buildTreeNow(leaves).root;
    const good: UnsignedHead = {
      at_ms: NOW_MS,
      batch_root,
      first_seq: 1,
      genesis: ledger.genesis.hash,
      hash: event?.hash ?? '',
      key: key.publicKey,
      number: 1,
      root: buildTreeNow([Buffer.from(`1-3:${batch_root}`)]).root,
      seq: 3,
    };
    const other = '1'.repeat(64);
    const bad: readonly [string, object, RegExp][] = [
      ['hash', { hash: other }, /record 3 is not the one/],
      ['batch', { batch_root: other }, /are not those that it signs/],
      ['root', { root: other }, /not that of all batches/],
      ['number', { number: 2 }, /does not follow/],
      ['genesis', { genesis: other }, /does not follow/],
      ['range', { first_seq: 2 }, /does not follow/],
      ['key', { key: other }, /another key/],
    ];
    const finds = (payload: object): string => {
      const copy = copyWith(t, ledger, { kind: 'head', payload });
      const result = verifyLedger(copy);
      return result.ok ? 'intact' : `${result.problem}: ${result.detail}`;
    };
    assert.equal(finds(signHead(good, key.privateKey)), 'intact');
    for (const [what, change, says] of bad)
      assert.match(finds(signHead({ ...good, ...change }, key.privateKey)), says, what);
    assert.match(finds({ ...signHead(good, key.privateKey), at_ms: 1 }), /its signature is not one/);
  });

  test('finds a cut tail and a chain that was computed and signed again, by a head that was noted', async (t) => {
    const ledger = openOnDisk(t);
    const signer = signerOf(t, ledger);
    ledger.appendSync(notes(5));
    await signer.sign();
    ledger.appendSync(notes(5));
    await signer.close();
    ledger.close();
    const { path } = ledger;
    const noted = join(dirname(path), 'noted.json');
    const printed = await holdfast(['audit', 'head', '--ledger', path]);
    assert.equal(printed.code, EXIT.OK);
    writeFileSync(noted, printed.out);
    const verify = async (...head: string[]) => {
      const { code, out } = await holdfast(['audit', 'verify', '--ledger', path, '--head', ...head]);
      return { code, out };
    };
    assert.equal((await verify(noted)).code, EXIT.OK);
    const { hash, seq } = JSON.parse(printed.out) as HeadEvent;
    assert.equal((await verify(`${seq}:${hash}`)).code, EXIT.OK);
    writeFileSync(noted, JSON.stringify({ ...JSON.parse(printed.out), genesis: '2'.repeat(64) }));
    assert.match((await verify(noted)).out, /noted of another ledger/);
    writeFileSync(noted, printed.out);

    const cut = openAsIntruder(t, path);
    cut.exec(`DELETE FROM events WHERE seq > ${seq - 1}`);
    cut.close();
    const short = await verify(noted);
    assert.equal(short.code, EXIT.VERIFICATION);
    assert.match(short.out, /the chain ends before record/);
    const alone = await holdfast(['audit', 'verify', '--ledger', path]);
    assert.equal(alone.code, EXIT.OK, 'without the head nobody knows');

    // The owner of the key goes on from there with something else.
    const again = openLedger({ ...ledgerOptions(''), path });
    again.appendSync([note('another history')]);
    const signs = signerOf(t, again);
    await signs.close();
    again.close();
    const rebuilt = await holdfast(['audit', 'verify', '--ledger', path]);
    assert.equal(rebuilt.code, EXIT.OK, rebuilt.out);
    const found = await verify(noted);
    assert.equal(found.code, EXIT.VERIFICATION);
    assert.match(found.out, new RegExp(`NOT INTACT at record ${seq} \\(head\\)`));
  });
});

/** A copy of a ledger with one more record, in a chain that fits. */
function copyWith(
  t: { after(fn: () => void): void },
  ledger: Ledger,
  more: { readonly kind: string; readonly payload: object },
): Ledger {
  const copy = openOnDisk(t);
  const { path } = copy;
  copy.close();
  const db = openAsIntruder(t, path);
  db.exec('DELETE FROM events');
  let prev = ZERO_HASH;
  const insert = db.prepare(
    'INSERT INTO events (seq, at_ms, kind, payload, prev_hash, hash) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const add = (seq: number, atMs: number, kind: string, text: string): void => {
    const hash = hashEvent(prev, { seq, at_ms: atMs, kind }, text);
    insert.run(seq, atMs, kind, text, prev, hash);
    prev = hash;
  };
  for (const { at_ms, kind, seq, text } of ledger.iterateEvents()) add(seq, at_ms, kind, text);
  add(ledger.lastSeq() + 1, NOW_MS, more.kind, canonicalJson(more.payload));
  db.close();
  const opened = openLedger({ ...ledgerOptions(''), path });
  t.after(() => opened.close());
  return opened;
}
