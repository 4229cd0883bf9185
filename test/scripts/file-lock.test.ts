import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tempFolder } from '../temp-folder.ts';

const MODULE = new URL('../../scripts/file-lock.mjs', import.meta.url).href;
const { lockPathFor, withLock } = (await import(MODULE)) as {
  lockPathFor: (root: string) => string;
  withLock: <T>(path: string, work: () => T, options: { waitMs: number; onWait: (pid: number) => void }) => Promise<T>;
};
const folder = tempFolder({ after }, 'lock');

/** Adds 1 to a counter file under the lock, with a gap in which another process could read the old number. */
const ADD_ONE = `
  import { readFileSync, writeFileSync } from 'node:fs';
  const { withLock } = await import(process.argv[1]);
  const [, , lock, file, times] = process.argv;
  for (let i = 0; i < Number(times); i += 1) {
    await withLock(lock, () => {
      const count = Number(readFileSync(file, 'utf8'));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);
      writeFileSync(file, String(count + 1));
    });
  }`;
const run = (lock: string, file: string, times: number) =>
  new Promise<number | null>((resolve) => {
    const args = ['--input-type=module', '-e', ADD_ONE, MODULE, lock, file, String(times)];
    spawn(process.execPath, args, { stdio: 'inherit' }).on('close', resolve);
  });

test('processes under one lock run one after the other', async () => {
  const lock = join(folder, 'a.lock');
  const counter = join(folder, 'counter');
  writeFileSync(counter, '0');
  const codes = await Promise.all([1, 2, 3, 4].map(() => run(lock, counter, 5)));
  assert.deepEqual(codes, [0, 0, 0, 0]);
  assert.equal(readFileSync(counter, 'utf8'), '20');
  assert.equal(existsSync(lock), false);
});

test('the lock of a process that died is taken over', async () => {
  const lock = join(folder, 'b.lock');
  const counter = join(folder, 'counter-b');
  writeFileSync(counter, '0');
  writeFileSync(lock, String(spawnSync(process.execPath, ['-e', '']).pid));
  const codes = await Promise.all([1, 2].map(() => run(lock, counter, 2)));
  assert.deepEqual(codes, [0, 0]);
  assert.equal(readFileSync(counter, 'utf8'), '4');
});

test('the lock of a living process is waited for, at most as long as stated, and stays', async () => {
  const lock = join(folder, 'c.lock');
  writeFileSync(lock, String(process.pid));
  const waitedFor: number[] = [];
  const attempt = () => withLock(lock, () => 1, { waitMs: 150, onWait: (pid) => waitedFor.push(pid) });
  await assert.rejects(attempt, new RegExp(`Process ${process.pid} has held`));
  assert.deepEqual(waitedFor, [process.pid]);
  assert.equal(readFileSync(lock, 'utf8'), String(process.pid));
});

test('the lock of a package folder lies in a folder that only its owner may enter, and no shared one decides', () => {
  const root = join(folder, 'package');
  mkdirSync(root);
  const lock = lockPathFor(root);
  assert.equal(lock, join(root, '.holdfast', 'lock', 'install'));
  assert.equal(statSync(join(lock, '..')).mode & 0o777, 0o700);
  chmodSync(join(lock, '..'), 0o777);
  assert.equal(lockPathFor(root), lock);
  assert.equal(statSync(join(lock, '..')).mode & 0o777, 0o700, 'one that others could enter is closed');
});

test('a link in the place of the folder is refused', () => {
  const root = join(folder, 'linked');
  mkdirSync(join(root, '.holdfast'), { recursive: true });
  symlinkSync(folder, join(root, '.holdfast', 'lock'));
  assert.throws(() => lockPathFor(root), /is no folder of this user/);
});

test('what another user holds or has put there is not waited for', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can act as two users');
  const root = join(folder, 'foreign');
  const foreign = join(root, '.holdfast', 'lock');
  mkdirSync(foreign, { recursive: true });
  chownSync(foreign, 65_534, 65_534);
  assert.throws(() => lockPathFor(root), /is no folder of this user/);
  // Whoever owns the package folder could replace its code; root may work there.
  chownSync(root, 65_534, 65_534);
  assert.equal(lockPathFor(root), join(foreign, 'install'));

  // A process of root, which lives, is another user's to this child.
  const lock = join(foreign, 'held');
  writeFileSync(lock, String(process.pid));
  chownSync(lock, 65_534, 65_534);
  const code = `
    const { withLock } = await import(${JSON.stringify(MODULE)});
    process.chdir(${JSON.stringify(foreign)});
    process.setuid(65534);
    await withLock('held', () => console.log('done'), { waitMs: 0 });`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' });
  assert.equal(child.stdout, 'done\n', child.stderr);
});
