import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { EXIT } from '../../daemon/cli/exit-codes.ts';
import type { HeadEvent } from '../../daemon/engine/records/house-events.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { writeHead } from '../../daemon/ledger/proofs/head-file.ts';
import { HeadSigner } from '../../daemon/ledger/proofs/head-signer.ts';
import { openSigningKey, rotateSigningKey } from '../../daemon/ledger/proofs/signing-key.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { holdfast } from '../cli/run.ts';
import { keyPath, openOnDisk, signerOf } from '../receipts/signed-ledger.ts';
import type { Cleanups } from '../temp-folder.ts';
import { ledgerOptions, NOW_MS, note, openAsIntruder } from './temp-ledger.ts';

/** A home whose daemon has stopped: signed heads, `head.key`, and a head file outside. */
async function openHome(t: Cleanups) {
  const ledger = openOnDisk(t);
  const home = dirname(dirname(ledger.path));
  const headFile = join(home, 'head');
  const signer = signerOf(t, ledger);
  ledger.appendSync([note('one'), note('two')]);
  await signer.close();
  writeHead(headFile, ledger);
  const env = { HOLDFAST_HOME: home, HOLDFAST_HEAD_FILE: headFile };
  const verify = async (...more: string[]) => {
    const { code, err, out } = await holdfast(['audit', 'verify', ...more], env);
    return { code, out: out + err };
  };
  const last = ledger.lastSeq();
  const printed = await holdfast('audit head', env);
  const head = JSON.parse(printed.out) as HeadEvent;
  ledger.close();
  return { env, head, headFile, home, key: head.key, last, path: ledger.path, verify };
}

async function signWith(ledger: Ledger, keyFile: string): Promise<void> {
  const key = openSigningKey(keyFile, ledger);
  const onProblem = (error: unknown) => assert.fail(String(error));
  await new HeadSigner({ ledger, key, now: () => NOW_MS, time: SYSTEM_TIME, onProblem }).close();
}

/** Somebody with the file computes every record after the genesis again, and signs heads with a key of their own. */
async function rewrite(t: Cleanups, path: string, signs = true): Promise<string> {
  const db = openAsIntruder(t, path);
  db.exec('DELETE FROM events WHERE seq > 1');
  db.close();
  const ledger = openLedger({ ...ledgerOptions(''), path });
  const foreign = join(dirname(path), '..', 'foreign.key');
  ledger.appendSync([note('another history'), note('of the same length')]);
  if (signs) {
    await signWith(ledger, foreign);
  }
  ledger.appendSync(Array.from({ length: 20 }, () => note('and on')));
  ledger.close();
  return foreign;
}

describe('audit verify compares the chain with its anchors', () => {
  test('an honest one is intact, and every anchor that was used is named [LE-2 LE-3 LE-4 LE-11 TM-47]', async (t) => {
    const { headFile, last, verify } = await openHome(t);
    const { code, out } = await verify();
    assert.equal(code, EXIT.OK, out);
    assert.match(out, new RegExp(`anchors: head\\.key, .*head \\(record ${last}\\)`));
    const report = JSON.parse((await verify('--json')).out);
    assert.deepEqual(report.anchors, [
      { name: 'head.key', to_seq: null },
      { name: headFile, to_seq: last },
    ]);
    assert.equal(report.anchored_to_seq, last);
  });

  test('one that was rewritten wholly and signed by another key is refused by each anchor alone [LE-3 LE-5 LE-6 LE-7 LE-8 TM-47 TM-54]', async (t) => {
    const { head, headFile, home, last, path, verify } = await openHome(t);
    const noted = join(home, 'noted.json');
    writeFileSync(noted, JSON.stringify(head));
    const file = readFileSync(headFile);
    const foreign = await rewrite(t, path);

    const both = await verify();
    assert.equal(both.code, EXIT.VERIFICATION, both.out);
    assert.match(
      both.out,
      /^NOT INTACT at record \d+ \(key\): head\.key contradicts the chain: .*; .*head contradicts/,
    );

    rmSync(headFile);
    const byKey = await verify();
    assert.equal(byKey.code, EXIT.VERIFICATION, byKey.out);
    assert.match(byKey.out, /^NOT INTACT at record 4 \(key\): head\.key contradicts the chain/);

    // The key of the forger stands where the other one lay.
    copyFileSync(foreign, join(dirname(path), 'head.key'));
    const none = await verify();
    assert.equal(none.code, EXIT.OK, none.out);
    writeFileSync(headFile, file);
    const byFile = JSON.parse((await verify('--json')).out);
    assert.deepEqual([byFile.ok, byFile.seq, byFile.problem], [false, last, 'head']);
    assert.ok(byFile.detail.startsWith(`${headFile} contradicts the chain`), byFile.detail);
    rmSync(headFile);
    const byNote = await verify('--head', noted);
    assert.match(byNote.out, new RegExp(`^NOT INTACT at record ${head.seq} \\(head\\): --head contradicts`));
    const byNotedKey = await verify('--key', head.key);
    assert.match(byNotedKey.out, /^NOT INTACT at record 4 \(key\): --key [0-9a-f]{16} contradicts/);
    mkdirSync(join(dirname(path), 'heads'));
    copyFileSync(noted, join(dirname(path), 'heads', 'head-1.json'));
    assert.match((await verify()).out, /heads\/head-1\.json contradicts the chain/);
  });

  test('one that was rewritten and names no key any more contradicts head.key', async (t) => {
    const { headFile, path, verify } = await openHome(t);
    await rewrite(t, path, false);
    rmSync(headFile);
    const { code, out } = await verify();
    assert.equal(code, EXIT.VERIFICATION);
    assert.match(out, /^NOT INTACT \(key\): head\.key contradicts the chain: .* and the chain names none/);
  });

  test('heads of a key that follows unsigned in the place of the one that is known are refused [LE-10]', async (t) => {
    const { headFile, path, verify } = await openHome(t);
    const db = openAsIntruder(t, path);
    db.exec("DELETE FROM events WHERE seq > (SELECT min(seq) FROM events WHERE kind = 'key')");
    db.close();
    const ledger = openLedger({ ...ledgerOptions(''), path });
    await signWith(ledger, join(dirname(path), '..', 'foreign.key'));
    ledger.close();
    rmSync(headFile);
    const { code, out } = await verify();
    assert.equal(code, EXIT.VERIFICATION, out);
    assert.match(out, /^NOT INTACT at record 4 \(key\): head 1 is signed by the key [0-9a-f]{16}, for which nobody/);
  });

  test('a key that was rotated, and one that was lost, are vouched for [LE-10]', async (t) => {
    const { env, key, path, verify } = await openHome(t);
    const ledger = openLedger({ ...ledgerOptions(''), path });
    rotateSigningKey(keyPath(ledger), ledger);
    await signerOf(t, ledger).close();
    writeHead(env.HOLDFAST_HEAD_FILE, ledger);
    ledger.close();
    const rotated = await verify('--key', key);
    assert.equal(rotated.code, EXIT.OK, rotated.out);
    rmSync(join(dirname(path), 'head.key'));
    const again = openLedger({ ...ledgerOptions(''), path });
    await signerOf(t, again).close();
    again.close();
    const lost = await verify();
    assert.equal(lost.code, EXIT.OK, lost.out);
  });

  test('without any anchor it says so, and who vouches for the heads [LE-11 LE-12 LE-13]', async (t) => {
    const { head, home, path, verify } = await openHome(t);
    const copy = join(home, 'copy', 'ledger.db');
    mkdirSync(dirname(copy));
    copyFileSync(path, copy);
    const alone = await verify('--ledger', copy);
    assert.equal(alone.code, EXIT.OK, alone.out);
    assert.match(alone.out, /^anchors: none; /m);
    assert.match(alone.out, /1 signed heads cover the records up to 4, by keys for which nobody vouches/);
    assert.deepEqual(JSON.parse((await verify('--ledger', copy, '--json')).out).anchors, []);
    const known = await verify('--ledger', copy, '--key', head.key);
    assert.match(known.out, /the anchors reach up to record 4; the records after it are only chained/);
    assert.equal((await verify('--ledger', copy, '--key', 'abc')).code, EXIT.USAGE);
  });

  test('an anchor that cannot be read is no agreement [LE-9]', async (t) => {
    const { headFile, verify } = await openHome(t);
    writeFileSync(headFile, '{"seq":');
    const { code, out } = await verify();
    assert.equal(code, EXIT.VERIFICATION, out);
    assert.match(out, /NOT INTACT \(head\): .*head cannot be read, so nobody knows whether it contradicts/);
  });

  test('no head and no receipt of a contradicted chain is printed [LE-14]', async (t) => {
    const { env, path } = await openHome(t);
    await rewrite(t, path);
    for (const verb of [['head'], ['receipt', 'd-000000-1']]) {
      const { code, err, out } = await holdfast(['audit', ...verb], env);
      assert.deepEqual([code, out], [EXIT.VERIFICATION, ''], err);
      assert.match(err, /head\.key contradicts the chain/);
    }
  });
});

describe('head.key', () => {
  test('holds a key only after the chain names it', (t) => {
    const ledger = openOnDisk(t);
    const whole = ledger.appendSync;
    ledger.appendSync = () => {
      throw new Error('killed before the record');
    };
    assert.throws(() => openSigningKey(keyPath(ledger), ledger), /killed/);
    assert.throws(() => readFileSync(keyPath(ledger)), /ENOENT/);
    ledger.appendSync = whole;
    openSigningKey(keyPath(ledger), ledger);
    assert.ok(readFileSync(keyPath(ledger)).length > 0);
  });

  test('beside a ledger that names no key warns at a start [LE-15]', (t) => {
    const first = openOnDisk(t);
    openSigningKey(keyPath(first), first);
    const second = openOnDisk(t);
    copyFileSync(keyPath(first), keyPath(second));
    assert.match(openSigningKey(keyPath(second), second).warning ?? '', /did not name the key .* audit verify/);
  });
});
