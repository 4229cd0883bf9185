import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StartCache } from '../../daemon/boot/start-cache.ts';
import { tempFolder } from '../temp-folder.ts';
import { DaemonWorld } from './harness.ts';

const VALUE = { seq: 7, marks: { mode: { at_ms: 5, symbols: ['BTCUSDT'] } } };

function makeFolder(t: TestContext): string {
  const folder = tempFolder(t, 'cache');
  return join(folder, 'cache');
}

test('what was written is read, by the same ledger and under the same name alone', (t) => {
  const folder = makeFolder(t);
  const cache = new StartCache(folder, 'genesis');
  assert.equal(cache.read('readings'), undefined, 'nothing is there yet');
  cache.write('readings', VALUE);
  assert.deepEqual(cache.read('readings'), VALUE);
  assert.equal(statSync(join(folder, 'readings.cache')).mode & 0o077, 0, 'nobody else reads it');
  assert.equal(new StartCache(folder, 'another').read('readings'), undefined);
  writeFileSync(join(folder, 'bars-BTCUSDT.cache'), readFileSync(join(folder, 'readings.cache')));
  assert.equal(cache.read('bars-BTCUSDT'), undefined, 'a copy under another name');
  cache.write('../../out', VALUE);
  assert.deepEqual(readdirSync(folder).sort(), ['______out.cache', 'bars-BTCUSDT.cache', 'readings.cache']);
});

test('a file with any byte changed, cut or added is absent', (t) => {
  const folder = makeFolder(t);
  const cache = new StartCache(folder, 'genesis');
  cache.write('readings', VALUE);
  const file = join(folder, 'readings.cache');
  const bytes = readFileSync(file);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(file, changed);
    assert.equal(cache.read('readings'), undefined, `byte ${at}`);
    writeFileSync(file, bytes.subarray(0, at));
    assert.equal(cache.read('readings'), undefined, `cut at ${at}`);
  }
  writeFileSync(file, Buffer.concat([bytes, Buffer.from(' ')]));
  assert.equal(cache.read('readings'), undefined);
});

test('a folder that cannot be written is no copy, and no failure', (t) => {
  const folder = makeFolder(t);
  writeFileSync(folder, 'a file stands where the folder should be');
  const cache = new StartCache(folder, 'genesis');
  cache.write('readings', VALUE);
  assert.equal(cache.read('readings'), undefined);
});

/** Rewrites nothing, and notes which paths were answered. */
class Asked extends Map<string, (body: unknown) => unknown> {
  readonly paths = new Set<string>();
  override get(path: string): ((body: unknown) => unknown) | undefined {
    this.paths.add(path);
    return super.get(path);
  }
}
/** What a restart asks for, with the copies as `change` leaves them. */
async function restartAfter(
  world: DaemonWorld,
  asked: Asked,
  change: (folder: string) => void,
): Promise<ReadonlySet<string>> {
  await world.daemon.close();
  change(join(world.home, 'paper', 'cache'));
  asked.paths.clear();
  await world.restart();
  return new Set(asked.paths);
}

test('a start goes by copies that are whole, and asks anew for those that are not', async () => {
  const asked = new Asked();
  const world = await DaemonWorld.start({ wall: true, rewrites: asked });
  const spared = ['/fapi/v1/klines', '/fapi/v1/income', '/fapi/v1/accountConfig', '/fapi/v1/exchangeInfo'];
  try {
    await world.place();
    await world.sleep(3_000);
    const whole = await restartAfter(world, asked, () => undefined);
    assert.deepEqual(
      spared.filter((path) => whole.has(path)),
      [],
      'nothing of it is asked for again',
    );
    const inForce = world.daemon.gate.core.market.symbol('BTCUSDT')?.features;
    assert.ok(inForce !== undefined && inForce !== null, 'the features of the bars are those of the copy');
    const damaged = await restartAfter(world, asked, (folder) => {
      for (const name of readdirSync(folder)) {
        const text = readFileSync(join(folder, name), 'utf8');
        writeFileSync(
          join(folder, name),
          text.replace(/\d(?=[^\d]*$)/, (digit) => String((Number(digit) + 1) % 10)),
        );
      }
    });
    for (const path of spared.slice(0, 3)) assert.ok(damaged.has(path), path);
    const again = world.daemon.gate.core.market.symbol('BTCUSDT')?.features;
    // The bar that is not over yet raises the other three as the mark moves.
    const live = { sigma: 0, jump_ratio: 0, liquidity: 0 };
    assert.deepEqual({ ...again, ...live }, { ...inForce, ...live }, 'and the bars are the same');
    const gone = await restartAfter(world, asked, (folder) => rmSync(folder, { recursive: true }));
    for (const path of spared.slice(0, 3)) assert.ok(gone.has(path), path);
  } finally {
    await world.close();
  }
});
