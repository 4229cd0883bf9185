import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../until.ts';

const RUN = fileURLToPath(new URL('../../daemon/exchange-sim/start.ts', import.meta.url));

describe('an exchange as a process of its own', () => {
  it('says where it listens, serves, and ends on SIGINT though a client stays connected', async () => {
    const script = `import { runExchangeSim } from ${JSON.stringify(RUN)}; await runExchangeSim({ simToken: 'token' });`;
    const args = ['--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(chunk.toString())?.[1];
      assert.ok(url !== undefined, chunk.toString());
      assert.equal((await fetch(`${url}/fapi/v1/ping`)).status, 200);
      // Neither side ends this one by itself within that time.
      const client = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => undefined);
      await once(client, 'connect');
      let code: number | null | undefined;
      child.once('exit', (got) => (code = got));
      child.kill('SIGINT');
      await until('it has ended', () => code !== undefined, 50_000);
      assert.equal(code, 0);
      client.destroy();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('refuses nothing for its rate when it is told so', async () => {
    const main = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));
    const statuses = async (...flags: string[]): Promise<number[]> => {
      const args = [main, 'exchange-sim', '--port', '0', '--sim-token', 'sim-token-of-16-characters', ...flags];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
        const url = /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(chunk.toString())?.[1] ?? chunk.toString();
        // Marks of every symbol weigh 10 of the 2,400 that a minute has; two minutes may share the burst.
        const burst = Array.from({ length: 490 }, () => fetch(`${url}/fapi/v1/premiumIndex`));
        const answers = await Promise.all(burst);
        for (const answer of answers) await answer.text();
        return [...new Set(answers.map(({ status }) => status))];
      } finally {
        child.kill('SIGKILL');
      }
    };
    assert.deepEqual(await statuses('--no-limits'), [200]);
    const limited = await statuses();
    assert.ok(limited.includes(429), `${limited}`);
  });
});
