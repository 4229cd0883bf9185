import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { readEnv } from '../../daemon/config/config.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { startDaemon } from '../../daemon/main.ts';
import type { ToolBody } from './harness.ts';

const run = promisify(execFile);
const SEEDS = 50;

/** A daemon as `npm start` makes it: in-process exchange on the seed, all as shipped but for a longer patience. */
async function placeFirstOrder(seed: number): Promise<ToolBody> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-first-'));
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_SEED: String(seed),
    HOLDFAST_LOG_LEVEL: 'silent',
    HOLDFAST_ANSWER_WITHIN_MS: '30000',
  });
  const daemon = await startDaemon(config, secrets, {
    log: createLogger({ level: 'silent', secrets: [] }),
    signal: new AbortController().signal,
    sendDeadlineMs: 30_000,
  });
  try {
    assert.ok(daemon.curlLine !== null);
    assert.equal(statSync(join(home, 'tokens', 'agent.token')).mode & 0o777, 0o600);
    assert.equal(statSync(join(home, 'paper', 'ledger.db')).mode & 0o777, 0o600);
    const { stdout } = await run('bash', ['-c', daemon.curlLine]);
    return JSON.parse(stdout) as ToolBody;
  } finally {
    await daemon.close();
    rmSync(home, { recursive: true, force: true });
  }
}

describe('the curl line that a first start prints', () => {
  it(`places and fills a paper order when pasted at once, on ${SEEDS} market seeds`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const body = await placeFirstOrder(seed);
      assert.equal(body.decision?.decision, 'ALLOW', `seed ${seed}: ${JSON.stringify(body.decision?.reasons ?? body)}`);
      assert.equal(body.execution.state, 'filled', `seed ${seed}: ${JSON.stringify(body.execution)}`);
    }
  });
});
