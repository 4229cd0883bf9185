import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../daemon/cli/main.ts', import.meta.url));

/** An exchange that takes requests and never answers, so that a start cannot come to its end. */
async function startSilentExchange(t: TestContext): Promise<{ readonly url: string; asked(): Promise<void> }> {
  const server = createServer(() => undefined);
  const asked = once(server, 'request');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked: async () => void (await asked) };
}

async function startStuck(t: TestContext) {
  const exchange = await startSilentExchange(t);
  const home = mkdtempSync(join(tmpdir(), 'holdfast-signals-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const child = spawn(process.execPath, ['--import', 'tsx', CLI, 'start'], {
    env: {
      ...process.env,
      HOLDFAST_HOME: home,
      HOLDFAST_PORT: '0',
      HOLDFAST_PAPER_URL: exchange.url,
      HOLDFAST_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>;
  await exchange.asked();
  return { child, exited, said: () => said };
}

test('Ctrl-C ends a start that waits for its exchange within 2 s', async (t) => {
  const { child, exited, said } = await startStuck(t);
  const startedAt = performance.now();
  child.kill('SIGINT');
  const [code, signal] = await exited;
  assert.ok(performance.now() - startedAt < 2_500, `took ${Math.round(performance.now() - startedAt)} ms`);
  assert.equal(signal, null, 'it ended by itself');
  assert.ok(code === 0 || code === 1, `code ${code}`);
  assert.match(said(), /press Ctrl-C again to end at once/);
});

test('a second signal ends the process at once, whatever still closes', async (t) => {
  const { child, exited, said } = await startStuck(t);
  child.kill('SIGINT');
  child.kill('SIGTERM');
  const [code, signal] = await exited;
  assert.deepEqual([code, signal], [1, null]);
  assert.doesNotMatch(said(), /not everything closed in time/);
});
