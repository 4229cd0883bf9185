import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT } from '../../daemon/cli/exit-codes.ts';
import { stampHead } from '../../daemon/cli/local/ledger/stamp-head.ts';
import { buildStampRequest, readStamp } from '../../daemon/cli/local/ledger/time-stamp.ts';
import type { SignedHead } from '../../daemon/contract/signed-heads.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import { holdfast, type Result } from '../cli/run.ts';
import { makeFolder, note } from '../ledger/temp-ledger.ts';
import type { Cleanups } from '../temp-folder.ts';
import { answer, makeAuthority, OPENSSL, openssl, type Reply, serve } from './authority.ts';
import { openOnDisk, signerOf } from './signed-ledger.ts';

let folder = '';
before(() => {
  if (OPENSSL !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'holdfast-stamps-'));
  makeAuthority(folder);
});
after(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
});

const HEAD = { number: 3, seq: 9 } as SignedHead;
const TEXT = 'a head\n';
const honest: Reply = (query, response) => void response.end(answer(folder, query));
const io = { env: {}, out: () => {}, err: () => {}, exit: () => {} };

/** What a person is told of a time-stamp by this authority, and that nothing was kept. */
async function refusalOf(t: Cleanups, reply: Reply, withinMs = 60_000): Promise<string> {
  const { url } = await serve(t, reply);
  const kept = join(makeFolder(t), 'heads');
  const error = await stampHead(io, HEAD, TEXT, { url: new URL(url), folder: kept, withinMs }).then(
    () => null,
    (caught: Error & { exitCode: number }) => caught,
  );
  assert.ok(error !== null, 'it was accepted');
  assert.equal(existsSync(kept), false, 'nothing is kept');
  return `${error.exitCode}: ${error.message.replaceAll(new URL(url).origin, 'IT')}`;
}

/** A running ledger with one signed head. */
async function signedLedger(t: Cleanups): Promise<Ledger> {
  const ledger = openOnDisk(t);
  ledger.appendSync([note('one')]);
  await signerOf(t, ledger).sign();
  return ledger;
}

describe('audit head --timestamp', { skip: OPENSSL }, () => {
  const stamp = (ledger: Ledger, url: string, ...more: string[]): Promise<Result> =>
    holdfast(['audit', 'head', '--ledger', ledger.path, '--timestamp', url, ...more]);

  test('keeps the head and its time-stamp, which openssl verifies as the page says [LE-5 LE-16]', async (t) => {
    const ledger = await signedLedger(t);
    const { asked, url } = await serve(t, honest);
    const plain = await holdfast(['audit', 'head', '--ledger', ledger.path]);
    assert.equal(asked(), 0, 'nothing is asked by default');
    const { code, err, out } = await stamp(ledger, url);
    assert.deepEqual([code, out], [EXIT.OK, plain.out], err);
    const kept = join(dirname(ledger.path), 'heads');
    assert.deepEqual(readdirSync(kept).sort(), ['head-1.json', 'head-1.tsr']);
    assert.equal(readFileSync(join(kept, 'head-1.json'), 'utf8'), out);
    if (process.platform !== 'win32')
      for (const [path, mode] of [
        [kept, 0o700],
        [join(kept, 'head-1.tsr'), 0o600],
      ] as const)
        assert.equal(statSync(path).mode & 0o777, mode, path);
    const page = readFileSync(new URL('../../docs/receipts.md', import.meta.url), 'utf8');
    const line = /^openssl (ts -verify .*)$/m.exec(page)?.[1]?.split(/\s+#/)[0]?.trim();
    assert.ok(line !== undefined, 'the page has the command');
    const args = line.replaceAll('head-12.', 'head-1.').replace('authority.pem', join(folder, 'root.pem')).split(' ');
    openssl(kept, ...args);
    const verified = await holdfast(['audit', 'verify', '--ledger', ledger.path, '--head', join(kept, 'head-1.json')]);
    assert.equal(verified.code, EXIT.OK, verified.out);
    writeFileSync(join(kept, 'head-1.json'), out.replace('"seq"', '"Seq"'));
    assert.throws(() => openssl(kept, ...args), 'of a changed head it is none');
  });

  test('asks once for a head: the earlier time is kept, unless the file is of another head', async (t) => {
    const ledger = await signedLedger(t);
    const { asked, url } = await serve(t, honest);
    const elsewhere = join(makeFolder(t), 'elsewhere');
    await stamp(ledger, url, '--folder', elsewhere);
    const first = readFileSync(join(elsewhere, 'head-1.tsr'));
    const again = await stamp(ledger, url, '--folder', elsewhere);
    assert.deepEqual([again.code, asked()], [EXIT.OK, 1], again.err);
    assert.match(again.err, /head 1 was time-stamped at \d{4}-/);
    assert.deepEqual(readFileSync(join(elsewhere, 'head-1.tsr')), first);
    const other = openOnDisk(t);
    other.appendSync([note('another ledger')]);
    await signerOf(t, other).sign();
    const { code, err } = await stamp(other, url, '--folder', elsewhere);
    assert.deepEqual([code, asked()], [EXIT.VERIFICATION, 1], err);
    assert.match(err, /head-1\.tsr is no time-stamp of head 1: it stamps another digest\. Move it away/);
    assert.equal(existsSync(join(dirname(ledger.path), 'heads')), false);
  });

  test('says what is wrong with the command', async (t) => {
    const ledger = await signedLedger(t);
    for (const url of ['ftp://127.0.0.1/', 'tsa.example', 'https://me:secret@tsa.example/'])
      assert.equal((await stamp(ledger, url)).code, EXIT.USAGE, url);
    assert.equal((await holdfast(['audit', 'head', '--ledger', ledger.path, '--folder', 'x'])).code, EXIT.USAGE);
  });
});

describe('a time-stamp is not accepted', { skip: OPENSSL }, () => {
  const other = buildStampRequest(Buffer.from('something else\n'));

  test('when the authority refuses, fails, hangs, or cannot be reached', async (t) => {
    const refused: Reply = (query, response) => void response.end(answer(folder, query, 'other_digests'));
    assert.equal(
      await refusalOf(t, refused),
      '1: IT refuses the time-stamp: rejection (badAlg: Message digest algorithm is not supported.).',
    );
    const of =
      (status: number, headers = {}): Reply =>
      (query, response) => {
        response.writeHead(status, headers).end(answer(folder, query));
      };
    assert.equal(await refusalOf(t, of(500)), '1: There is no time-stamp: IT answered HTTP 500. Nothing is kept.');
    assert.equal(
      await refusalOf(t, of(302, { location: '/elsewhere' })),
      '1: There is no time-stamp: IT answered HTTP 302. Nothing is kept.',
    );
    const late = '1: There is no time-stamp: IT did not answer within 0.2 s. Nothing is kept.';
    assert.equal(await refusalOf(t, () => {}, 200), late);
    assert.equal(await refusalOf(t, (_, response) => void response.writeHead(200).write('0'), 200), late);
    assert.equal(
      await refusalOf(t, (_, response) => void response.destroy()),
      '1: There is no time-stamp: IT cannot be asked (UND_ERR_SOCKET). Nothing is kept.',
    );
    assert.equal(
      await refusalOf(t, (_, response) => void response.end(Buffer.alloc(70_000))),
      '1: There is no time-stamp: IT answered more than 65536 bytes. Nothing is kept.',
    );
  });

  test('when it answers something else', async (t) => {
    const wrong = (why: string): string => `5: The answer of IT is not accepted: ${why}. Nothing is kept.`;
    const digest: Reply = (_, response) => void response.end(answer(folder, other.body));
    assert.equal(await refusalOf(t, digest), wrong('it stamps another digest'));
    const nonce: Reply = (_, response) => void response.end(answer(folder, buildStampRequest(Buffer.from(TEXT)).body));
    assert.equal(await refusalOf(t, nonce), wrong('its nonce is not that of the request: it answers another one'));
    const none: Reply = (_, response) => {
      writeFileSync(join(folder, 'data'), TEXT);
      openssl(folder, 'ts', '-query', '-data', 'data', '-sha256', '-cert', '-no_nonce', '-out', 'no-nonce.tsq');
      response.end(answer(folder, readFileSync(join(folder, 'no-nonce.tsq'))));
    };
    assert.equal(await refusalOf(t, none), wrong('its nonce is not that of the request: it answers another one'));
    for (const content of ['', '<html>', '30030201'])
      assert.equal(
        await refusalOf(t, (_, response) => void response.end(Buffer.from(content, 'hex'))),
        wrong('it is no answer of RFC 3161'),
        content,
      );
    assert.equal(
      await refusalOf(t, (_, response) => void response.end(Buffer.from('30053003020100', 'hex'))),
      wrong('it holds no time-stamp'),
    );
    const bare: Reply = (query, response) => {
      const asked = Buffer.from(query);
      // Without `certReq`, the last member: its certificate does not come along.
      asked[asked.length - 1] = 0;
      response.end(answer(folder, asked));
    };
    assert.equal(await refusalOf(t, bare), wrong('the certificate of its signature is not in it'));
  });

  test('when the time, what is signed with it, or the signature was changed', () => {
    const content = Buffer.from(TEXT);
    const { body, nonce } = buildStampRequest(content);
    const good = answer(folder, body);
    const read = (at: number, flip = 0x01): string => {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ flip;
      const reading = readStamp(changed, content, nonce);
      return reading.kind === 'stamp' ? 'accepted' : reading.detail;
    };
    const time = good.indexOf('Z') - 14;
    assert.match(good.subarray(time, time + 15).toString(), /^\d{14}Z$/);
    assert.equal(read(time + 13), 'its signature is of another content');
    assert.equal(read(good.length - 5), 'its signature is not one of its certificate');
    const digest = good.lastIndexOf(Buffer.from('06092a864886f70d010904', 'hex'));
    assert.equal(read(digest + 20), 'its signature is of another content');
    const signingTime = good.lastIndexOf(Buffer.from('06092a864886f70d010905', 'hex'));
    assert.equal(read(signingTime + 20), 'its signature is not one of its certificate');
    const kind = good.lastIndexOf(Buffer.from('060b2a864886f70d0109100104', 'hex'));
    assert.equal(read(kind + 12), 'its signature is of another kind of content');
    // emailProtection ends in 4 where timeStamping ends in 8.
    const purpose = good.indexOf(Buffer.from('06082b06010505070308', 'hex'));
    assert.equal(read(purpose + 9, 0x08 ^ 0x04), 'its certificate is not one for time-stamping');
  });
});

for (const key of ['rsa', 'ec'] as const)
  test(`a time-stamp signed by ${key} is read, with its time`, { skip: OPENSSL }, (t) => {
    const place = makeFolder(t);
    makeAuthority(place, key);
    const content = Buffer.from(TEXT);
    const { body, nonce } = buildStampRequest(content);
    const beforeMs = Math.floor(Date.now() / 1_000) * 1_000;
    const read = readStamp(answer(place, body), content, nonce);
    assert.ok(read.kind === 'stamp' && read.atMs >= beforeMs && read.atMs <= Date.now(), JSON.stringify(read));
    assert.deepEqual(readStamp(answer(place, body), Buffer.from('a Head\n'), nonce), {
      kind: 'wrong',
      detail: 'it stamps another digest',
    });
  });
