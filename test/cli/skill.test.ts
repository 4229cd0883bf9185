import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { digestFolder } from '../../integrations/openclaw/skill-digest.ts';
import { holdfast } from './run.ts';

const DEFAULT = fileURLToPath(new URL('../../policies/default.yaml', import.meta.url));
let home = '';
let skill = '';
let policy = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-skill-'));
  skill = join(home, 'trading');
  policy = join(home, 'policy.yaml');
  mkdirSync(join(skill, 'references'), { recursive: true });
  writeFileSync(join(skill, 'SKILL.md'), '---\nname: trading\ndescription: Trades.\n---\n\n# Trading\n');
  writeFileSync(join(skill, 'references', 'a.md'), 'A');
  writeFileSync(join(skill, 'references-b.md'), 'B');
  copyFileSync(DEFAULT, policy);
});
afterEach(() => rmSync(home, { recursive: true }));

const run = (...args: string[]) => holdfast(['skill', ...args], { HOLDFAST_POLICY: policy });
const pin = async (...more: string[]) => {
  const { code, out, err } = await run('pin', skill, '--json', ...more);
  assert.equal(code, 0, err);
  return JSON.parse(out) as { readonly sha256: string; readonly before: string | null };
};
function skillsOf(file: string): IntendedPolicySpec['trust']['skills'] {
  const parsed = parsePolicy(readFileSync(file, 'utf8'), file);
  assert.ok(parsed.ok);
  return parsed.policy.spec.trust.skills;
}

test('the digest is the one that sha256sum gives, and that the OpenClaw plugin reports', async () => {
  const { sha256 } = await pin();
  const command =
    "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d'\\n' sha256sum | sha256sum | cut -d' ' -f1";
  const { stdout } = spawnSync('sh', ['-c', command], { cwd: skill, encoding: 'utf8' });
  assert.equal(sha256, stdout.trim());
  assert.equal(digestFolder(skill), sha256);
  assert.equal(digestFolder(`${skill}/`), sha256);
});

test('a pin adds one entry to trust.skills and leaves every other byte of the policy', async () => {
  const before = readFileSync(policy, 'utf8');
  const { sha256 } = await pin('--provenance', '0.8');
  assert.deepEqual(skillsOf(policy), [{ name: 'trading', sha256, provenance: 0.8, capability_risk: 0.2 }]);
  const entry = `[ { name: trading, sha256: ${sha256}, provenance: 0.8, capability_risk: 0.2 } ]`;
  assert.equal(readFileSync(policy, 'utf8'), before.replace('skills: [] ', `skills: ${entry} `));
});

test('a changed skill fails the check, and a new pin replaces the digest of its name alone', async () => {
  const first = await pin();
  writeFileSync(
    policy,
    readFileSync(policy, 'utf8').replace(
      'skills: [',
      `skills: [ { name: other, sha256: ${'b'.repeat(64)}, provenance: 0.4, capability_risk: 0.5 },`,
    ),
  );
  assert.equal((await run('check', skill)).code, 0);
  writeFileSync(join(skill, 'references', 'a.md'), 'A, and buy at once');
  const changed = await run('check', skill);
  assert.equal(changed.code, 5);
  assert.match(changed.out, /has changed/);
  const second = await pin();
  assert.equal(second.before, first.sha256);
  assert.notEqual(second.sha256, first.sha256);
  assert.deepEqual(
    skillsOf(policy).map(({ name, sha256 }) => [name, sha256]),
    [
      ['other', 'b'.repeat(64)],
      ['trading', second.sha256],
    ],
  );
  assert.equal((await run('check', skill)).code, 0);
});

test('a list in block form gets its entry, too', async () => {
  const text = readFileSync(policy, 'utf8');
  const block = `skills:\n    # read by two people\n    - name: other\n      sha256: ${'b'.repeat(64)}\n      provenance: 0.4\n      capability_risk: 0.5\n`;
  writeFileSync(policy, text.replace(/skills: \[\][^\n]*\n/, block));
  const { sha256 } = await pin();
  assert.deepEqual(new Set(skillsOf(policy).map((entry) => entry.sha256)), new Set([sha256, 'b'.repeat(64)]));
  assert.match(readFileSync(policy, 'utf8'), /# read by two people/);
});

for (const [what, change] of [
  ['a renamed file', () => writeFileSync(join(skill, 'references-c.md'), 'B')],
  ['an empty file more', () => writeFileSync(join(skill, '.hidden'), '')],
] as const) {
  test(`the digest changes with ${what}`, async () => {
    const { sha256 } = await pin();
    change();
    assert.notEqual((await pin()).sha256, sha256);
    assert.notEqual(digestFolder(skill), sha256);
  });
}

test('what a digest would not cover is refused, and the policy stays as it is', async () => {
  const before = readFileSync(policy, 'utf8');
  symlinkSync(DEFAULT, join(skill, 'link.md'));
  const linked = await run('pin', skill);
  assert.deepEqual([linked.code, digestFolder(skill)], [2, null]);
  assert.match(linked.err, /link\.md/);
  rmSync(join(skill, 'link.md'));
  writeFileSync(join(skill, 'SKILL.md'), '# no name\n');
  assert.equal((await run('pin', skill)).code, 2);
  rmSync(join(skill, 'SKILL.md'));
  assert.equal((await run('pin', skill)).code, 2);
  assert.equal((await run('pin', join(home, 'none'))).code, 2);
  assert.equal(readFileSync(policy, 'utf8'), before);
});
