import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type PolicyFileEvent, watchPolicyFile } from '../../daemon/policy/file.ts';
import { readPolicyFile } from '../../daemon/policy/text/read-file.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { until } from '../until.ts';
import { readText } from './documents.ts';

const TEXT = readText('policies/default.yaml');
let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-policy-'));
  file = join(folder, 'policy.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('readPolicyFile', () => {
  it('reads text and says in words what it cannot read [TF-83]', async () => {
    const problem = async (path: string) => {
      const read = await readPolicyFile(path);
      return read.ok ? read.text : read.problem;
    };
    assert.equal(await problem(file), 'does not exist');
    assert.equal(await problem(folder), 'is not a regular file');
    writeFileSync(file, Buffer.from([0x61, 0xff, 0xfe]));
    assert.equal(await problem(file), 'is not UTF-8 text');
    writeFileSync(file, 'x'.repeat(262_145));
    assert.match(await problem(file), /larger than 262144 bytes/);
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    assert.equal(await problem(pipe), 'is not a regular file');
    writeFileSync(file, TEXT);
    assert.equal(await problem(file), TEXT);
  });
});

describe('watchPolicyFile', () => {
  const abort: AbortController[] = [];
  afterEach(() => {
    for (const each of abort.splice(0)) each.abort();
  });
  function watch(loadedText?: string) {
    const controller = new AbortController();
    abort.push(controller);
    const events: PolicyFileEvent[] = [];
    const options =
      loadedText === undefined
        ? { time: SYSTEM_TIME, pollMs: 5 }
        : { time: SYSTEM_TIME, pollMs: 5, loaded: { ok: true, text: loadedText } as const };
    const ended = watchPolicyFile(file, (event) => events.push(event), controller.signal, options);
    return { events, ended, controller };
  }
  const summary = (event: PolicyFileEvent | undefined) =>
    event === undefined
      ? 'none'
      : event.kind === 'unreadable'
        ? event.problem
        : event.parsed.ok
          ? event.parsed.policy.spec.name
          : 'refused';

  it('reports nothing while the file is the one in force', async () => {
    writeFileSync(file, TEXT);
    const { events } = watch(TEXT);
    writeFileSync(file, TEXT);
    writeFileSync(file, TEXT.replace('name: default', 'name: second'));
    await until('events > 0', () => events.length > 0);
    assert.deepEqual(events.map(summary), ['second']);
  });

  it('reports a saved file, one that was replaced, one that is wrong, one that is gone, and its return', async () => {
    writeFileSync(file, TEXT);
    const { events } = watch(TEXT);
    writeFileSync(file, TEXT.replace('name: default', 'name: second'));
    await until('events === 1', () => events.length === 1);
    const other = join(folder, 'other');
    writeFileSync(other, TEXT.replace('name: default', 'name: third'));
    renameSync(other, file);
    await until('events === 2', () => events.length === 2);
    writeFileSync(file, TEXT.replace('leverage: 3', 'leverge: 3'));
    await until('events === 3', () => events.length === 3);
    rmSync(file);
    await until('events === 4', () => events.length === 4);
    writeFileSync(file, TEXT);
    await until('events === 5', () => events.length === 5);
    assert.deepEqual(events.map(summary), ['second', 'third', 'refused', 'does not exist', 'default']);
  });

  it('does not judge a file while it is being written', async () => {
    writeFileSync(file, TEXT);
    const { events } = watch(TEXT);
    const target = TEXT.replace('name: default', 'name: whole');
    // Every look at the file sees other content until the last write: no two looks agree on a part of it.
    for (let end = 1; end < 40; end++) {
      writeFileSync(file, target.slice(0, Math.floor((target.length * end) / 40)));
      await delay(1);
    }
    writeFileSync(file, target);
    await until('the whole file', () => events.some((event) => summary(event) === 'whole'));
    assert.equal(summary(events.at(-1)), 'whole');
    assert.ok(
      events.slice(0, -1).every((event) => summary(event) === 'refused'),
      'a part of the file was never accepted',
    );
  });

  it('ends with its signal', async () => {
    writeFileSync(file, TEXT);
    const { ended, controller } = watch(TEXT);
    controller.abort();
    await ended;
  });
});
