import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';

const folder = tempFolder({ after }, 'attack-verb');

test('attack --self-contained prints its report as JSON, writes it, and ends with 0', async () => {
  const file = join(folder, 'report.json');
  const args = ['attack', '--self-contained', '--seconds', '2', '--seed', '5', '--json', '--out', file];
  const { code, out, err } = await holdfast(args, { HOME: folder });
  assert.equal(err, '', 'nothing but JSON');
  const report = JSON.parse(out) as { passed: boolean; failures: string[]; inputs: object; families: object };
  assert.deepEqual([code, report.failures], [0, []], out.slice(0, 2000));
  assert.equal(Object.keys(report.families).length, 7, 'all families are reported');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), report, 'the file holds the same');
  assert.equal(existsSync(join(folder, '.holdfast')), false, 'the own home was left alone');
});

test('attack says what is missing, with its exit code', async () => {
  const token = join(folder, 'a.token');
  writeFileSync(token, 'hf_agent\n');
  const known = ['attack', '--agent-token-file', token, '--sim-token-file', token, '--home', folder];
  const exchange = ['--exchange-url', 'http://127.0.0.1:9'];
  for (const [args, expected, message] of [
    [['attack', '--home', join(folder, 'none')], 6, /agent\.token cannot be read/],
    [known, 2, /--exchange-url/],
    [[...known, '--exchange-url', 'http://exchange.example'], 1, /not on this machine/],
    [[...known, ...exchange, '--url', 'http://127.0.0.1:9'], 2, /--policy FILE or an operator token/],
    [['attack', '--seconds', '100000'], 2, /At most 600/],
    [['attack', '--rate', '0'], 2, /Expected a whole number above 0/],
  ] as const) {
    const { code, out, err } = await holdfast(args, { HOME: folder });
    assert.deepEqual([code, out], [expected, ''], `${args.join(' ')}: ${err}`);
    assert.match(err, message);
  }
});
