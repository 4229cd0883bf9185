import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { SHELLS } from '../../daemon/cli/completion-scripts.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

const folder = tempFolder({ after }, 'completion');

/** What bash itself offers for a command line that ends in its last word. */
async function offer(...words: readonly string[]): Promise<readonly string[]> {
  const file = join(folder, 'holdfast.bash');
  writeFileSync(file, (await holdfast('completion bash')).out);
  const line = ['holdfast', ...words].map((word) => `'${word}'`).join(' ');
  const script = `source '${file}'; COMP_WORDS=(${line}); COMP_CWORD=${words.length}; _holdfast; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion', () => {
  test('bash offers verbs, then those below them, then options and the values of arguments', async () => {
    assert.deepEqual(await offer('wat'), ['watch']);
    assert.deepEqual(await offer('policy', 's'), ['suggest']);
    assert.deepEqual(await offer('decisions', '--o'), ['--outcome']);
    assert.deepEqual(await offer('mcp', 'config', 'cl'), ['claude']);
    assert.deepEqual(await offer('order', 'BTCUSDT', 'b'), ['buy']);
    assert.deepEqual(await offer('--token-file', 'x', 'policy', '--json', 'check', '--u'), ['--url']);
    assert.deepEqual(await offer('nothing', 'zz'), []);
  });

  test('every verb and every option of the help is offered, in each shell', async () => {
    const { out } = await holdfast('completion bash --json');
    const entries = JSON.parse(out) as { path: string; words: string[] }[];
    assert.ok(entries.length > 40);
    const scripts = await Promise.all(SHELLS.map(async (shell) => (await holdfast(['completion', shell])).out));
    for (const { path, words } of entries) {
      const { out: help } = await holdfast([...path.split(' ').filter((word) => word !== ''), '--help']);
      for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)) assert.ok(words.includes(option ?? ''));
      for (const [, verb] of help.matchAll(/^ {2}([a-z-]+) .*$/gm)) {
        if (verb === 'help' || help.indexOf('\nCommands:') === -1) continue;
        if (help.indexOf(`\n  ${verb} `) > help.indexOf('\nCommands:')) assert.ok(words.includes(verb ?? ''), verb);
      }
      for (const script of scripts) assert.ok(script.includes(`"${path}"`), path);
    }
  });

  test('fish itself completes the command of a checkout and the installed one', async (t) => {
    if (spawnSync('fish', ['--version']).error !== undefined) return t.skip('no fish here');
    const file = join(folder, 'offered.fish');
    writeFileSync(file, (await holdfast('completion fish')).out);
    for (const command of ['./holdfast', 'holdfast']) {
      const script = `source '${file}'; complete -C '${command} wat'`;
      const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' });
      assert.match(stdout, /^watch\t/, stderr);
    }
  });

  for (const shell of SHELLS) {
    test(`${shell} reads its script without a complaint`, async (t) => {
      if (spawnSync(shell, ['--version']).error !== undefined) return t.skip(`no ${shell} here`);
      const file = join(folder, `check.${shell}`);
      writeFileSync(file, (await holdfast(['completion', shell])).out);
      const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    });
  }
});
