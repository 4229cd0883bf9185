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

  it('refuses nothing for its rate when it is told so', async () => {
    const main = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));
    const statusAfter = async (...flags: string[]): Promise<number> => {
      const args = [main, 'exchange-sim', '--port', '0', '--sim-token', 'sim-token-of-16-characters', ...flags];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
        const url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(chunk.toString())?.[1] ?? chunk.toString();
        // Marks of every symbol weigh 10 of the 2,400 that a minute has; two minutes may share the burst.
        const burst = Array.from({ length: 490 }, () => fetch(`${url}/fapi/v1/premiumIndex`));
        for (const answer of await Promise.all(burst)) await answer.text();
        const answer = await fetch(`${url}/fapi/v1/premiumIndex`);
        await answer.text();
        return answer.status;
      } finally {
        child.kill('SIGKILL');
      }
    };
    assert.equal(await statusAfter('--no-limits'), 200);
    assert.equal(await statusAfter(), 429);
  });
});
