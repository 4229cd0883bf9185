import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startCheckpoint } from '../../daemon/boot/keep/checkpoint-child.ts';
import { Checkpointer } from '../../daemon/boot/keep/checkpointer.ts';
import type { CheckpointEvent } from '../../daemon/engine/records/house-events.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { Cleanups } from '../temp-folder.ts';
import { until } from '../until.ts';
import { NOW_MS, note, openTempLedger } from './temp-ledger.ts';

const DAEMON = fileURLToPath(new URL('./checkpoint-daemon.ts', import.meta.url));
const CHILD = new URL('../../daemon/boot/keep/checkpoint-child.ts', import.meta.url).href;
const TRIES = 20;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SIGHUP_BIT = 0x1n;

function openHome(t: Cleanups): { readonly ledger: Ledger; readonly folder: string } {
  const ledger = openTempLedger(t);
  ledger.appendSync(Array.from({ length: 1_000 }, (_, n) => note(`${n}`)));
  return { ledger, folder: join(dirname(ledger.path), 'checkpoints') };
}
const filesOf = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder) : []);

/** Fields of /proc/PID/status; null: it has ended. */
function statusOf(pid: number): ReadonlyMap<string, string> | null {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
    const fields = new Map(lines.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]));
    return fields.get('State')?.startsWith('Z') === true ? null : fields;
  } catch {
    return null;
  }
}
function childrenOf(pid: number): readonly number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((one) => statusOf(one)?.get('PPid') === String(pid));
}
/** Null: it was done before it was seen, which a busy machine may bring about. */
async function findChild(pid: number, isDone: () => boolean = () => false): Promise<number | null> {
  let found: number | undefined;
  await until('it has a child, or had one', () => {
    [found] = childrenOf(pid);
    return found !== undefined || isDone();
  });
  return found ?? null;
}
async function seeChild(): Promise<number> {
  const pid = await findChild(process.pid);
  assert.ok(pid !== null);
  return pid;
}
function hasOpen(pid: number, path: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === path;
    } catch {
      return false;
    }
  });
}

describe('the process that writes a checkpoint', { skip: !existsSync('/proc/self/environ') }, () => {
  for (const [what, mayGiveWay, nice] of [
    ['gives way while nobody waits for it', true, 10],
    ['does not give way to others at a stop', false, getPriority()],
  ] as const)
    test(`is told no key and no setting, and ${what} [LE-41 LE-45 LE-46]`, async (t) => {
      process.env.BINANCE_LIVE_API_SECRET = 'a-key-of-the-daemon';
      t.after(() => delete process.env.BINANCE_LIVE_API_SECRET);
      const { folder, ledger } = openHome(t);
      const { kill, written } = startCheckpoint({ ledgerPath: ledger.path, folder }, mayGiveWay);
      t.after(kill);
      const pid = await seeChild();
      process.kill(pid, 'SIGSTOP');
      const names = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
      assert.deepEqual(
        names.filter((pair) => !pair.startsWith('NODE_COMPILE_CACHE=')),
        [],
      );
      assert.equal(getPriority(pid), nice);
      process.kill(pid, 'SIGCONT');
      assert.equal((await written).seq, ledger.lastSeq());
    });

  test('goes on when signals for the daemon reach it too [LE-47]', async (t) => {
    const { folder, ledger } = openHome(t);
    for (let left = TRIES; ; left -= 1) {
      assert.ok(left > 0, 'it was met while it worked');
      const { written } = startCheckpoint({ ledgerPath: ledger.path, folder }, true);
      const pid = await seeChild();
      await until('it is set up, or has ended', () => {
        const caught = BigInt(`0x${statusOf(pid)?.get('SigCgt') ?? 'ffff'}`);
        return (caught & SIGHUP_BIT) !== 0n;
      });
      const isMet = statusOf(pid) !== null;
      if (isMet) for (const signal of SIGNALS) process.kill(pid, signal);
      const { seq } = await written;
      assert.deepEqual(filesOf(folder), [`checkpoint-${seq}.jsonl.gz`]);
      if (isMet) return;
    }
  });

  test('ends without a checkpoint when the daemon was killed [LE-47]', async (t) => {
    for (let left = TRIES; ; left -= 1) {
      assert.ok(left > 0, 'it was stopped before it had begun');
      const { folder, ledger } = openHome(t);
      ledger.close();
      const daemon = spawn(process.execPath, [DAEMON, ledger.path, folder], { stdio: ['ignore', 'ignore', 'inherit'] });
      t.after(() => daemon.kill('SIGKILL'));
      const ended = once(daemon, 'exit');
      const pid = await findChild(daemon.pid ?? 0, () => filesOf(folder).length > 0);
      if (pid === null) continue;
      process.kill(pid, 'SIGSTOP');
      const isEarly = !hasOpen(pid, ledger.path);
      daemon.kill('SIGKILL');
      await ended;
      process.kill(pid, 'SIGCONT');
      await until('it has ended', () => statusOf(pid) === null);
      if (!isEarly) continue;
      assert.deepEqual(filesOf(folder), []);
      const reader = openLedgerReader(ledger.path);
      t.after(() => reader.close());
      assert.deepEqual(reader.readNewest('checkpoint', 1), []);
      return;
    }
  });

  test('that cannot be started, for lack of files, fails alone', () => {
    const program = `
      import { openSync, closeSync } from 'node:fs';
      import { startCheckpoint } from '${CHILD}';
      const fds = [];
      try { for (;;) fds.push(openSync('/dev/null')); } catch {}
      const failed = (error) => { for (const fd of fds) closeSync(fd); console.log(error.code); };
      try { startCheckpoint({ ledgerPath: '/nowhere', folder: '/nowhere' }, true).written.catch(failed); } catch (error) { failed(error); }
    `;
    const args = ['-c', 'ulimit -n 80; exec "$0" --input-type=module -e "$1"', process.execPath, program];
    const { status, stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [0, 'EMFILE\n'], stderr);
  });

  test('that was killed costs one attempt: a stop makes another', async (t) => {
    for (let left = TRIES; ; left -= 1) {
      assert.ok(left > 0, 'it was killed while it worked');
      const { folder, ledger } = openHome(t);
      const warned: unknown[] = [];
      let isWritten = false;
      const log = { info: () => {}, warn: (...said: unknown[]) => void warned.push(said.at(-1)) };
      const sizes = { fromSeq: ledger.lastSeq(), everyRecords: 1, minAtStop: 1 };
      const onWritten = (): void => {
        isWritten = true;
      };
      const checkpoints = new Checkpointer({ ledger, folder, log, now: () => NOW_MS, onWritten, ...sizes });
      ledger.appendSync([note('one is due')]);
      const pid = await findChild(process.pid, () => isWritten);
      if (pid !== null) process.kill(pid, 'SIGKILL');
      await until('it is told, or had been written', () => warned.length > 0 || isWritten);
      const lastSeq = ledger.lastSeq();
      await checkpoints.close();
      if (warned.length === 0) continue;
      assert.deepEqual(warned, ['no checkpoint was written; the next start folds more']);
      const [recorded] = ledger.readNewest('checkpoint', 1);
      assert.equal((recorded?.payload as CheckpointEvent | undefined)?.seq, lastSeq);
      return;
    }
  });
});
