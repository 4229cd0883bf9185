import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { sha256Hex } from '../../daemon/ledger/chain/hash-chain.ts';
import { openTokenStore } from '../../daemon/ledger/tokens.ts';
import type { NewToken } from '../../daemon/ledger/types.ts';
import { hasCode, NOW_MS, note, openTempLedger } from './temp-ledger.ts';

/** All bytes that the database has on disk. */
function bytesOnDisk(path: string): string {
  const files = [path, `${path}-wal`].filter((file) => existsSync(file));
  return files.map((file) => readFileSync(file, 'latin1')).join('');
}

test('a text is stored with the commit of its turn, under the hash that its record carries [LE-30 LE-31 LE-109]', async (t) => {
  const ledger = openTempLedger(t);
  const rationale = ledger.putText('momentum turned');
  assert.equal(rationale, sha256Hex('momentum turned'));
  assert.equal(ledger.readText(rationale), null);
  await ledger.append([{ kind: 'note', at_ms: NOW_MS, payload: { rationale } }]);
  assert.equal(ledger.readText(rationale), 'momentum turned');
  assert.equal(ledger.stats.commits, 1);
});

test('the same text is stored once [LE-33]', (t) => {
  const ledger = openTempLedger(t);
  assert.equal(ledger.putText('twice'), ledger.putText('twice'));
  ledger.appendSync([note('a')]);
  ledger.putText('twice');
  ledger.appendSync([note('b')]);
  assert.equal(ledger.readText(sha256Hex('twice')), 'twice');
});

test('an erased text is gone from the disk too, and only once [LE-32]', (t) => {
  const ledger = openTempLedger(t);
  const secretive = `personal detail ${'q'.repeat(1500)}`;
  const hash = ledger.putText(secretive);
  ledger.putText('stays');
  ledger.appendSync(Array.from({ length: 20 }, (_, i) => note(`n${i}`)));
  assert.ok(bytesOnDisk(ledger.path).includes(secretive));
  assert.equal(ledger.eraseText(hash), true);
  assert.equal(ledger.readText(hash), null);
  assert.equal(bytesOnDisk(ledger.path).includes(secretive.slice(0, 200)), false);
  assert.equal(ledger.eraseText(hash), false);
  assert.equal(ledger.readText(sha256Hex('stays')), 'stays');
});

test('a text that is still waiting for its commit can be erased', (t) => {
  const ledger = openTempLedger(t);
  const hash = ledger.putText('hasty');
  assert.equal(ledger.eraseText(hash), true);
  assert.equal(ledger.readText(hash), null);
});

test('a policy is stored whole under the hash of its canonical JSON [LE-110]', (t) => {
  const ledger = openTempLedger(t);
  const policy = { version: 1, budgets: { leverage: 3 } };
  const hash = ledger.putPolicy(policy);
  ledger.appendSync([note('policy in force')]);
  assert.equal(hash, sha256Hex('{"budgets":{"leverage":3},"version":1}'));
  assert.equal(ledger.putPolicy({ budgets: { leverage: 3 }, version: 1 }), hash);
  assert.equal(ledger.readPolicy(hash), canonicalJson(policy));
  assert.equal(ledger.readPolicy(sha256Hex('other')), null);
});

test('a token is found by its secret until it is revoked, and the secret is nowhere on disk [TM-21 TM-79 LE-111]', (t) => {
  const ledger = openTempLedger(t);
  const skill_sha256 = 'a'.repeat(64);
  const { record, secret } = ledger.tokens.createToken({
    role: 'agent',
    name: 'laptop',
    agent: 'momentum',
    skill_sha256,
  });
  assert.match(secret, /^hf_[A-Za-z0-9_-]{43}$/);
  assert.deepEqual(ledger.tokens.findToken(secret), record);
  assert.equal(record.created_at_ms, NOW_MS);
  assert.equal(ledger.tokens.findToken(`${secret}x`), null);
  assert.equal(bytesOnDisk(ledger.path).includes(secret), false);
  assert.equal(ledger.tokens.revokeToken(record.id), true);
  assert.equal(ledger.tokens.revokeToken(record.id), false);
  assert.equal(ledger.tokens.findToken(secret), null);
  assert.deepEqual(ledger.tokens.listTokens(), [{ ...record, revoked_at_ms: NOW_MS }]);
});

test('a token that another process created or revoked counts from the next look-up', (t) => {
  const ledger = openTempLedger(t);
  const outside = openTokenStore(ledger.path, () => NOW_MS);
  t.after(() => outside.close());
  const { record, secret } = outside.createToken({ role: 'operator', name: 'phone' });
  assert.deepEqual(ledger.tokens.findToken(secret), record);
  ledger.appendSync([note('the daemon writes on')]);
  outside.revokeToken(record.id);
  assert.equal(ledger.tokens.findToken(secret), null);
});

test('a token that would mean nothing is refused', (t) => {
  const { tokens } = openTempLedger(t);
  const refused: readonly NewToken[] = [
    { role: 'agent', name: 'no agent' },
    { role: 'agent', name: '', agent: 'a' },
    { role: 'agent', name: 'n', agent: '' },
    { role: 'agent', name: 'n', agent: 'my agent' },
    { role: 'operator', name: 'n', agent: '.a' },
    { role: 'agent', name: 'n', agent: 'a'.repeat(65) },
    { role: 'agent', name: 'n'.repeat(65), agent: 'a' },
    { role: 'agent', name: 'n', agent: 'a', skill_sha256: 'A'.repeat(64) },
    { role: 'agent', name: 'n', agent: 'a', skill_sha256: 'abc' },
  ];
  for (const token of refused) assert.throws(() => tokens.createToken(token), hasCode('LEDGER_ARGUMENT'));
  assert.deepEqual(tokens.listTokens(), []);
});
