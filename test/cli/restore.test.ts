import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { findPackageFolder } from '../../daemon/config/config.ts';

const run = promisify(execFile);
const ROOT = findPackageFolder();
const START = 'npx holdfast start';

/** Lines of the shell block that follows `<!-- NAME: … -->` in docs/operating.md. */
function readSteps(name: string): readonly string[] {
  const text = readFileSync(join(ROOT, 'docs', 'operating.md'), 'utf8');
  const [, block] = new RegExp(`<!-- ${name}: [^>]*-->\\n+\`\`\`sh\\n([^\`]+)\`\`\``).exec(text) ?? [];
  assert.ok(block !== undefined, `docs/operating.md has a block ${name}`);
  return block.trim().split('\n');
}

interface Shell {
  readonly home: string;
  /** Runs lines as somebody types them in their home folder. Rejects when one of them fails. */
  type(lines: readonly string[]): Promise<string>;
  /** Starts the daemon; resolves once it is ready. Rejects with what it said when it ends. */
  start(): Promise<Running>;
}
interface Running {
  stop(): Promise<void>;
}

/** A user of their own: `~`, and an `npx` that is the checkout's. */
async function openShell(t: TestContext): Promise<Shell> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-user-'));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const main = join(ROOT, 'scripts', 'holdfast.mjs');
  writeFileSync(join(bin, 'npx'), `#!/bin/sh\nshift\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(bin, 'npx'), 0o700);
  const env = {
    HOME: home,
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    HOLDFAST_PORT: String(await findFreePort()),
    HOLDFAST_LOG_LEVEL: 'silent',
  };
  const children = new Set<ChildProcess>();
  t.after(async () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });
  return {
    home,
    type: async (lines) => (await run('bash', ['-e', '-c', lines.join('\n')], { cwd: home, env })).stdout,
    start: async () => {
      const child = spawn('bash', ['-c', `exec ${START}`], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] });
      children.add(child);
      let said = '';
      const ended = once(child, 'exit').finally(() => children.delete(child));
      await new Promise<void>((resolve, reject) => {
        child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        child.stdout.on('data', (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes('Place a paper order')) resolve();
        });
        void ended.then(() => reject(new Error(said)));
      });
      return {
        stop: async () => {
          child.kill('SIGINT');
          await ended;
        },
      };
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

interface Status {
  readonly trading_state: { readonly state: string };
}

test('BY-46: the documented steps back a ledger up while it is written, and restore it: refused, recovered, halted', async (t) => {
  const shell = await openShell(t);
  const first = await shell.start();
  await shell.type(['npx holdfast order BTCUSDT buy 200']);
  const verified = await shell.type(readSteps('backup'));
  assert.match(verified, /^intact: \d+ records/m);
  const oldToken = readFileSync(join(shell.home, '.holdfast', 'tokens', 'agent.token'), 'utf8').trim();
  // Nothing is traded after the backup: an operator halts, and takes a token away.
  const [extra] = JSON.parse(await shell.type(['npx holdfast token list --json'])).tokens;
  await shell.type(['npx holdfast halt --reason "stop"', `npx holdfast token revoke ${extra.id}`]);
  await first.stop();

  await shell.type(readSteps('restore'));
  await assert.rejects(shell.start(), /does not contain record \d+ .*npx holdfast recover/);
  await assert.rejects(shell.start(), /npx holdfast recover/);

  const recover = readSteps('recover');
  assert.equal(recover.at(-1), START);
  assert.match(await shell.type(recover.slice(0, -1)), /3 tokens are revoked[\s\S]*starts halted/);
  const second = await shell.start();
  const state = async (): Promise<string> =>
    (JSON.parse(await shell.type(['npx holdfast status --json'])) as Status).trading_state.state;
  assert.equal(await state(), 'halted');
  await assert.rejects(shell.type([`HOLDFAST_TOKEN=${oldToken} npx holdfast limits`]), { code: 6 });
  assert.notEqual(readFileSync(join(shell.home, '.holdfast', 'tokens', 'agent.token'), 'utf8').trim(), oldToken);
  await shell.type(readSteps('resume'));
  assert.equal(await state(), 'active');
  await shell.type(['npx holdfast order ETHUSDT buy 200', 'npx holdfast audit verify --deep']);
  assert.ok(existsSync(join(shell.home, '.holdfast.paper.head')));
  await second.stop();
});
