import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const MODULE = new URL('../../scripts/file-lock.mjs', import.meta.url).href;
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'));
});
after(() => rmSync(folder, { recursive: true }));

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
  const { withLock } = (await import(MODULE)) as {
    withLock: <T>(
      path: string,
      work: () => T,
      options: { waitMs: number; onWait: (pid: number) => void },
    ) => Promise<T>;
  };
  const lock = join(folder, 'c.lock');
  writeFileSync(lock, String(process.pid));
  const waitedFor: number[] = [];
  const attempt = () => withLock(lock, () => 1, { waitMs: 150, onWait: (pid) => waitedFor.push(pid) });
  await assert.rejects(attempt, new RegExp(`Process ${process.pid} has held`));
  assert.deepEqual(waitedFor, [process.pid]);
  assert.equal(readFileSync(lock, 'utf8'), String(process.pid));
});
