import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Load } from './load.ts';
import { type Expectations, type Scenario, scenario, skipped } from './scenario.ts';
import { LaunchError, until } from './site.ts';
import type { Trial } from './trial.ts';

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, [...args], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
const canMount = works('unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /mnt');
const canLimit = works('prlimit', '--version');
const WITHOUT_MOUNT = 'needs the right to mount (root on Linux)';
const DISK = '48m';

/** Runs the command where `$HOME_FOLDER/paper` is a small disk of its own, which nobody else sees. */
function onSmallDisk(home: string): readonly string[] {
  const script = `mount -t tmpfs -o size=${DISK},mode=700 none '${home}/paper' && exec "$@"`;
  return ['unshare', '-m', 'sh', '-c', script, 'sh'];
}

async function openings(trial: Trial): Promise<{ readonly status: number; readonly state: string | undefined }> {
  const { body, status } = await trial.daemon.call<{ execution?: { state: string } }>('POST', '/v1/tools/place_order', {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 65,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'campaign',
  });
  return { status, state: body.execution?.state };
}

/** Whatever is held is closed by the agent's or the operator's exits, though the disk takes nothing more. */
async function closesAll(trial: Trial, expectations: Expectations): Promise<void> {
  const isFlat = async (): Promise<boolean> => {
    const { positions } = await trial.exchange.books();
    for (const { quantity, symbol } of positions)
      if (Number(quantity) !== 0) await trial.daemon.operator('POST', '/v1/tools/close_position', { symbol });
    return positions.every(({ quantity }) => Number(quantity) === 0);
  };
  await until('flat', isFlat, 30_000, 500).catch((error: unknown) => {
    expectations.failures.push(`exits do not go out: ${String(error)}`);
  });
}

function fullDisk(): Scenario {
  if (!canMount) return skipped('full disk', WITHOUT_MOUNT);
  let home = '';
  const options = () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-campaign-'));
    mkdirSync(join(home, 'paper'));
    return { home, wrap: onSmallDisk(home) };
  };
  return scenario('full disk', options, async (trial, expectations) => {
    const { daemon, exchange } = trial;
    await trial.trade('before', 20);
    const inside = `/proc/${daemon.pid}/root${home}/paper`;
    const load = new Load(daemon, trial.seed, 'full');
    load.start(4);
    const filler = openSync(join(inside, 'filler'), 'w');
    const [large, small] = [Buffer.alloc(1 << 20), Buffer.alloc(4096)];
    for (const block of [large, small])
      try {
        for (;;) writeSync(filler, block);
      } catch {
        // No space is left for a block of this size.
      }
    closeSync(filler);
    await until('openings are not taken', async () => (await openings(trial)).status === 503, 30_000, 200);
    await load.stop();
    trial.keep(load);
    await closesAll(trial, expectations);
    const orders = (await exchange.books()).orders.length;
    expectations.expect((await openings(trial)).state !== 'filled', 'opens on a full disk');
    expectations.expect((await exchange.books()).orders.length === orders, 'sends an opening on a full disk');
    // SQLite resolves the way through /proc to a folder outside of that disk: it reads a copy.
    const copy = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
    for (const name of readdirSync(inside))
      if (name.startsWith('ledger.db')) copyFileSync(join(inside, name), join(copy, name));
    await trial.judgeFrom(join(copy, 'ledger.db'));
    expectations.facts.records = trial.tale.lastSeq;
    rmSync(copy, { recursive: true });
    await daemon.kill();
    rmSync(home, { recursive: true, force: true });
  });
}

function readOnlyDisk(): Scenario {
  if (!canMount) return skipped('read-only disk', WITHOUT_MOUNT);
  return scenario('read-only disk', {}, async (trial, expectations) => {
    const { daemon } = trial;
    await trial.trade('before', 20);
    await daemon.kill();
    const script = `mount --bind '${daemon.home}' '${daemon.home}' && mount -o remount,ro,bind '${daemon.home}' && exec "$@"`;
    const refused = await daemon.launch(['unshare', '-m', 'sh', '-c', script, 'sh']).then(
      () => null,
      (error: unknown) => {
        if (error instanceof LaunchError) return error.message;
        throw error;
      },
    );
    expectations.expect(refused !== null, 'a daemon starts that can record nothing');
    expectations.facts.refusal = refused?.split('\n')[0] ?? null;
    await daemon.kill();
    await daemon.start();
    await trial.trade('after', 20);
    await trial.comeToRest();
  });
}

function failingWrites(): Scenario {
  const name = 'disk that fails every write';
  if (!canLimit) return skipped(name, 'needs prlimit (Linux)');
  return scenario(name, {}, async (trial, expectations) => {
    const { daemon } = trial;
    const load = await trial.load('before', 20);
    execFileSync('prlimit', ['--pid', String(daemon.pid), '--fsize=0:unlimited']);
    const isRefused = async (): Promise<boolean> => !daemon.isRunning || (await openings(trial)).status === 503;
    await until('openings are not taken', () => isRefused().catch(() => false), 30_000, 100);
    await load.stop();
    trial.keep(load);
    const { orders } = await trial.judgeNow();
    await delay(2_000);
    expectations.expect((await trial.judgeNow()).orders.length === orders.length, 'sends what it cannot record');
    expectations.facts.ended_by_itself = !daemon.isRunning;
    await daemon.kill();
    await daemon.start();
    await trial.askAgain(load.calls);
    await trial.comeToRest();
    expectations.expect(await trial.isVerified(), 'the ledger is not whole afterwards');
  });
}

/** The disk takes nothing more. */
export const DISK_SCENARIOS: readonly Scenario[] = [fullDisk(), readOnlyDisk(), failingWrites()];
