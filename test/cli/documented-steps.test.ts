import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { openShell, type Shell, START } from './shell.ts';

const ROOT = findPackageFolder();

/** Lines of the shell block that follows `<!-- NAME: … -->` in docs/operating.md. */
function readSteps(name: string): readonly string[] {
  const text = readFileSync(join(ROOT, 'docs', 'operating.md'), 'utf8');
  const [, block] = new RegExp(`<!-- ${name}: [^>]*-->\\n+\`\`\`sh\\n([^\`]+)\`\`\``).exec(text) ?? [];
  assert.ok(block !== undefined, `docs/operating.md has a block ${name}`);
  return block.trim().split('\n');
}

interface Status {
  readonly trading_state: { readonly state: string };
}

/** On a machine that stands still an order is dropped at its deadline, and whoever wants it asks again. */
async function buy(shell: Shell, symbol: string): Promise<void> {
  for (;;) {
    try {
      await shell.type([`./holdfast order ${symbol} buy 200`]);
      return;
    } catch (error) {
      const { stdout = '' } = error as { readonly stdout?: string };
      if (!/note +SEND_DEADLINE/.test(stdout)) throw error;
    }
  }
}

test('BY-46: the documented steps back a ledger up while it is written, and restore it: refused, recovered, halted [TM-48]', async (t) => {
  const shell = await openShell(t);
  const first = await shell.start();
  await buy(shell, 'BTCUSDT');
  const verified = await shell.type(readSteps('backup'));
  assert.match(verified, /^intact: \d+ records/m);
  const oldToken = readFileSync(join(shell.home, '.holdfast', 'tokens', 'agent.token'), 'utf8').trim();
  // Nothing is traded after the backup: an operator halts, and takes a token away.
  const [extra] = JSON.parse(await shell.type(['./holdfast token list --json'])).tokens;
  await shell.type(['./holdfast halt --reason "stop"', `./holdfast token revoke ${extra.id}`]);
  await first.stop();

  await shell.type(readSteps('restore'));
  await assert.rejects(shell.start(), /does not contain record \d+ .*\.\/holdfast recover/);
  await assert.rejects(shell.start(), /\.\/holdfast recover/);

  const recover = readSteps('recover');
  assert.equal(recover.at(-1), START);
  assert.match(await shell.type(recover.slice(0, -1)), /3 tokens are revoked[\s\S]*starts halted/);
  const second = await shell.start();
  const state = async (): Promise<string> =>
    (JSON.parse(await shell.type(['./holdfast status --json'])) as Status).trading_state.state;
  assert.equal(await state(), 'halted');
  await assert.rejects(shell.type([`HOLDFAST_TOKEN=${oldToken} ./holdfast limits`]), { code: 6 });
  assert.notEqual(readFileSync(join(shell.home, '.holdfast', 'tokens', 'agent.token'), 'utf8').trim(), oldToken);
  await shell.type(readSteps('resume'));
  assert.equal(await state(), 'active');
  await buy(shell, 'ETHUSDT');
  await shell.type(['./holdfast audit verify --deep']);
  assert.ok(existsSync(join(shell.home, '.holdfast.paper.head')));
  await second.stop();
});

test('the documented steps of day one run as they are written, and end active and flat', async (t) => {
  const shell = await openShell(t);
  const daemon = await shell.start();
  assert.match(await shell.type(readSteps('look')), /filled[\s\S]*BTCUSDT/);
  assert.match(
    await shell.type(readSteps('stop')),
    /halted[\s\S]*flat: trading stays halted[\s\S]*no positions[\s\S]*active/,
  );
  await daemon.stop();
});
