import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { PasskeysBody } from '../../daemon/contract/types/passkeys.ts';
import { codeFileOf } from '../../daemon/passkeys/codes.ts';
import { Seat } from '../passkeys/seat.ts';
import { SoftwareKey } from '../passkeys/software-key.ts';
import { holdfast } from './run.ts';

let seat: Seat;
before(async () => {
  seat = await Seat.open();
});
after(() => seat.world.close());
const run = (...args: string[]) =>
  holdfast(args, { HOLDFAST_HOME: seat.world.home, HOLDFAST_PORT: new URL(seat.origin).port });

test('passkey enrol prints a code that enrols once, under the given name [AN-244]', async () => {
  const { code: exit, out, err } = await run('passkey', 'enrol', 'laptop');
  assert.equal(exit, 0, err);
  assert.match(out, /^[0-9A-Z]{5}-[0-9A-Z]{5}\n$/);
  assert.ok(err.includes(`${seat.origin}/`), err);
  assert.equal(statSync(codeFileOf(seat.world.home, 'paper')).mode & 0o777, 0o600);
  const key = new SoftwareKey();
  const { body } = await seat.enrol(key, out.trim());
  assert.equal(body.passkey?.name, 'laptop');
  assert.equal((await seat.enrol(new SoftwareKey(), out.trim(), key)).status, 403);
});

test('passkey enrol for a phone says where the key is made and where it is enrolled, and takes no other origin', async () => {
  const origin = 'https://desk.example.ts.net';
  const { code: exit, out, err } = await run('passkey', 'enrol', 'phone', '--origin', origin);
  assert.equal(exit, 0, err);
  assert.match(out, /^[0-9A-Z]{5}-[0-9A-Z]{5}\n$/);
  assert.ok(err.includes(`on the phone open ${origin}/`) && err.includes(`${seat.origin}/`), err);
  for (const other of ['http://desk.example.ts.net', 'https://localhost', `${origin}/console`]) {
    const refused = await run('passkey', 'enrol', 'phone', '--origin', other);
    assert.deepEqual([refused.code, refused.out], [2, ''], other);
  }
});

test('passkey list and remove', async () => {
  const listed = await run('passkey', 'list');
  assert.match(listed.out, /laptop[\s\S]*signature of one that is in force/);
  const { passkeys } = JSON.parse((await run('passkey', 'list', '--json')).out) as PasskeysBody;
  const id = passkeys[0]?.id ?? '';
  const removed = await run('passkey', 'remove', id, '--reason', 'lost');
  assert.deepEqual([removed.code, removed.out], [0, `${id} (laptop) is removed\n`]);
  assert.match((await run('passkey', 'list')).out, /no passkeys[\s\S]*passkey recover NAME/);
  assert.notEqual((await run('passkey', 'remove', id)).code, 0);
});

test('passkey recover halts the account, and its code replaces every key', async () => {
  const { code: exit, out, err } = await run('passkey', 'recover', 'again');
  assert.equal(exit, 0, err);
  assert.match(err, /account is halted/);
  assert.equal((await seat.world.tradingState()).state, 'halted');
  const { body } = await seat.enrol(new SoftwareKey(), out.trim());
  assert.equal(body.passkey?.name, 'again', JSON.stringify(body));
});

test('a name that is none, and a home without a daemon', async () => {
  assert.equal((await run('passkey', 'enrol', 'my laptop')).code, 2);
  const { code, err } = await holdfast('passkey enrol laptop', { HOLDFAST_HOME: `${seat.world.home}/none` });
  assert.equal(code, 2);
  assert.match(err, /start the daemon once first/);
});
