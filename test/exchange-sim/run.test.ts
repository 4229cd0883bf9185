import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUN = fileURLToPath(new URL('../../daemon/exchange-sim/run.ts', import.meta.url));

describe('an exchange as a process of its own', () => {
  it('says where it listens, serves, and ends on SIGINT within a second', async () => {
    const script = `import { runExchangeSim } from ${JSON.stringify(RUN)}; await runExchangeSim({ simToken: 'token' });`;
    const args = ['--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(chunk.toString())?.[1];
      assert.ok(url !== undefined, chunk.toString());
      assert.equal((await fetch(`${url}/fapi/v1/ping`)).status, 200);
      const start = performance.now();
      child.kill('SIGINT');
      const [code] = (await once(child, 'exit')) as [number | null];
      assert.equal(code, 0);
      assert.ok(performance.now() - start < 1000);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
