import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdfast } from './run.ts';

const COMMANDS = [
  [],
  ['start'],
  ['status'],
  ['watch'],
  ['tools'],
  ['mcp'],
  ['mcp', 'config'],
  ['order'],
  ['close'],
  ['cancel'],
  ['cancel-all'],
  ['call'],
  ['limits'],
  ['decisions'],
  ['explain'],
  ['agents'],
  ['report'],
  ['receipt'],
  ['alerts'],
  ['approvals'],
  ['approve'],
  ['deny'],
  ['signals'],
  ['end-order'],
  ['erase-text'],
  ['release'],
  ['adopt'],
  ['halt'],
  ['reduce'],
  ['replay'],
  ['resume'],
  ['flatten'],
  ['policy'],
  ['policy', 'check'],
  ['policy', 'explain'],
  ['policy', 'test'],
  ['policy', 'reload'],
  ['policy', 'diff'],
  ['policy', 'suggest'],
  ['audit'],
  ['audit', 'verify'],
  ['audit', 'export'],
  ['audit', 'archive'],
  ['audit', 'backup'],
  ['audit', 'head'],
  ['audit', 'receipt'],
  ['audit', 'rotate-key'],
  ['token'],
  ['token', 'create'],
  ['token', 'list'],
  ['token', 'revoke'],
  ['token', 'rotate'],
  ['skill'],
  ['skill', 'pin'],
  ['skill', 'check'],
  ['doctor'],
  ['passkey'],
  ['passkey', 'enrol'],
  ['passkey', 'recover'],
  ['passkey', 'list'],
  ['passkey', 'remove'],
  ['recover'],
  ['arm'],
  ['exchange-sim'],
  ['attack'],
  ['data'],
  ['data', 'fetch'],
  ['tune'],
  ['completion'],
];
const GROUPS = new Set(['', 'policy', 'audit', 'token', 'skill', 'passkey', 'data']);

for (const command of COMMANDS) {
  const name = command.join(' ');
  test(`the help of ${name === '' ? 'holdfast' : name} has an example`, async () => {
    const { code, out, err } = await holdfast([...command, '--help']);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, new RegExp(`\nExamples?:\n  \\$ ./holdfast ${name}`));
    assert.doesNotMatch(out, /default: (?:\d{5,}|\{)/, 'a default in the form that the option takes');
    if (!GROUPS.has(name)) assert.match(out, /--json /, 'every verb can print JSON');
  });
}

test('the help lists every verb, and nothing that has no test here', async () => {
  const { out } = await holdfast('--help');
  const listed = Array.from(out.matchAll(/^ {2}([a-z-]+) .*$/gm), (match) => match[1]).filter(
    (name) => name !== 'help',
  );
  const expected = COMMANDS.filter((command) => command.length === 1).map(([name]) => name);
  assert.deepEqual(listed, expected);
});

test('a group is summed up by the verbs that it has', async () => {
  const { out } = await holdfast('--help');
  for (const group of GROUPS) {
    if (group === '') continue;
    const [, listed = ''] = new RegExp(`^  ${group} +\\S.*: (.*)$`, 'm').exec(out) ?? [];
    const help = (await holdfast([group, '--help'])).out.split('\nCommands:\n')[1] ?? '';
    const verbs = Array.from(help.matchAll(/^ {2}([a-z-]+)/gm), (match) => match[1]).filter((verb) => verb !== 'help');
    assert.deepEqual(listed.split(', '), verbs, group);
  }
});

test('wrong usage ends with 2 and says what is meant', async () => {
  for (const [args, expected] of [
    [['ordr'], /Did you mean order/],
    [['order', 'BTCUSDT', 'up', '200'], /Allowed choices are buy, sell/],
    [['order', 'BTCUSDT', 'buy', '-5'], /Expected a number above 0/],
    [['order', 'BTCUSDT', 'buy', '1e3'], /Expected a number above 0/],
    [['order', 'BTCUSDT', 'buy'], /exactly one of USDT and --quantity/],
    [['order', 'BTCUSDT', 'buy', '200', '--quantity', '0.003'], /exactly one of USDT and --quantity/],
    [['policy', 'reload', 'abc'], /64 hex digits/],
    [['decisions', '--limit', '0'], /Expected a whole number above 0/],
    [['audit', 'verify', '--head', '5'], /Expected SEQ:HASH/],
    [['token', 'create', '--agent', 'a', '--skill', 'abc'], /64 hex digits/],
    [['arm', '--policy', 'x', '--hours', '1000'], /from 1 to 168/],
    [['flatten', '--venue', 'binance-live'], /--venue belongs to --emergency/],
    [['start', '--venue', 'moon', '--port', 'x'], /HOLDFAST_VENUE is "moon"[\s\S]*HOLDFAST_PORT is "x"/],
    [['start', '--no-such-flag'], /unknown option/],
  ] as const) {
    const { code, out, err } = await holdfast(args);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, expected);
  }
});

test('an unknown verb ends with 2 also where help is asked for', async () => {
  for (const args of [
    ['explode', '--help'],
    ['medic', '-h'],
    ['--help', 'medic'],
    ['policy', 'expain', '--help'],
  ]) {
    const { code, out, err } = await holdfast(args);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, /unknown command '(?:explode|medic|expain)'/);
  }
  assert.equal((await holdfast('--help status')).code, 0, 'a verb that exists');
});

test('the command itself prints its help, its version and its exit code', () => {
  const main = fileURLToPath(new URL('../../daemon/cli/main.ts', import.meta.url));
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  const version = run('--version');
  assert.equal(version.status, 0);
  assert.match(version.stdout, /^0\.1\.0\nNode \d+\.\d+\.\d+ \(supported: \S.*; 24 recommended\)\n$/);
  const wrong = run('nothing');
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /unknown command 'nothing'/);
});
