import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { OutFolderError, openOutFolder } from '../../daemon/evaluation/facts/out-folder.ts';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';

const home = tempFolder({ after }, 'out');
const file = join(home, 'a-file');
writeFileSync(file, '');

describe('a folder for results', () => {
  it('is made with its parents, and may be there already', () => {
    const folder = join(home, 'a', 'b', 'c');
    openOutFolder(folder);
    openOutFolder(folder);
    assert.ok(existsSync(folder));
  });

  it('is refused where it is a file, lies in one, or cannot be made', { skip: process.platform !== 'linux' }, () => {
    for (const bad of [file, join(file, 'below'), '/proc/nowhere', '/proc/nowhere/below'])
      assert.throws(() => openOutFolder(bad), OutFolderError, bad);
  });

  // More bars and seeds than a test has time for: it answers at once, or not at all.
  const endless = ['--bars', '40000', '--seeds', '1000'];
  const verbs: Readonly<Record<string, readonly string[]>> = {
    replay: ['replay', ...endless],
    tune: ['tune', '--bars', '5760'],
    'data fetch': ['data', 'fetch', '--symbols', 'BTCUSDT', '--from', '2025-09-01', '--to', '2025-09-02'],
  };
  for (const [verb, args] of Object.entries(verbs)) {
    it(`that cannot be written is told by ${verb} before anything is computed or fetched`, async () => {
      const { code, err } = await holdfast([...args, '--out', file]);
      assert.notEqual(code, 0);
      assert.match(err, /a-file: results cannot be written there: it is no folder/);
      assert.doesNotMatch(err, /EEXIST|ENOTDIR|\n {4}at /);
    });
  }
});

describe('accounts to replay', () => {
  const folder = join(home, 'never');
  mkdirSync(folder);
  for (const [agents, expected] of [
    ['', /no account is named; there are momentum/],
    ['shared,shared', /shared is named twice/],
    ['nobody', /no account is called nobody/],
  ] as const) {
    it(`are refused as "${agents}"`, async () => {
      const { code, err } = await holdfast(['replay', '--bars', '100', '--agents', agents, '--out', folder]);
      assert.equal(code, 2);
      assert.match(err, expected);
    });
  }
});

describe('replay', () => {
  it('refuses to compare nothing', async () => {
    const { code, err } = await holdfast(['replay', '--bars', '100', '--variants', '', '--out', join(home, 'never')]);
    assert.equal(code, 2);
    assert.match(err, /neither a variant nor a policy is named; there are NoSAE/);
  });

  for (const [name, value] of [
    ['--seeds', '10001'],
    ['--seeds', '4000000000'],
    ['--threads', '65'],
  ] as const) {
    it(`refuses ${name} ${value} before anything is computed`, async () => {
      const { code, err } = await holdfast(['replay', '--bars', '100', name, value, '--out', join(home, 'never')]);
      assert.equal(code, 2);
      assert.match(err, /At most (10000|64)\./);
    });
  }
});
