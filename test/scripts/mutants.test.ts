import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listMutants, type Mutant } from '../../scripts/mutants/candidates.ts';
import { draw, ROOT } from '../../scripts/mutants/draw.ts';
import { Net } from '../../scripts/mutants/net.ts';
import { addProbes } from '../../scripts/mutants/probes.ts';
import { Reach } from '../../scripts/mutants/reach.ts';
import { numberOf } from '../../scripts/mutants/table.ts';
import { tempFolder } from '../temp-folder.ts';

const PLANT = fileURLToPath(new URL('../../scripts/mutants/plant.ts', import.meta.url));
const SOURCE = `const outside: number = 1 + 1;
export function judge(a: number, b: number): string {
  if (a < b && outside === 2) return 'less';
  note(a);
  return a > b ? 'more' : 'equal';
}
function note(value: unknown): void {
  console.log(\`noted \${value as string}\`);
}
`;
const mutants = listMutants('judge.ts', SOURCE);
const apply = ({ start, end, text }: (typeof mutants)[number]) => SOURCE.slice(0, start) + text + SOURCE.slice(end);
const find = (what: RegExp) => {
  const found = mutants.filter((mutant) => what.test(mutant.what));
  assert.equal(found.length, 1, `${what}: ${found.length} of ${mutants.map((mutant) => mutant.what).join('; ')}`);
  return apply(found[0] as (typeof mutants)[number]);
};

test('statements are left out, conditions never or always hold, operators are swapped, at the offsets of the source', () => {
  assert.match(find(/^left out: if/), /\): string \{\n {2};\n {2}note\(a\)/);
  assert.match(find(/^left out: note\(a\)/), /'less';\n {2};\n {2}return/);
  assert.match(find(/^never: a < b &&/), /if \(\(false\)\) return 'less'/);
  assert.match(find(/^always: a > b/), /return \(true\) \? 'more'/);
  assert.match(find(/^< becomes <=/), /a <= b && outside/);
  assert.match(find(/^&& becomes \|\|/), /a < b \|\| outside === 2/);
  assert.match(find(/^> becomes >=/), /a >= b \? 'more'/);
});

test('nothing is planted outside of functions, and every mistake has its line', () => {
  for (const { line, start } of mutants) {
    assert.ok(line > 1, 'the first line runs once and shows at once');
    assert.equal(SOURCE.slice(0, start).split('\n').length, line);
  }
});

test('a process that preloads the plant runs the mistake, and no other file has one', (t) => {
  const folder = tempFolder(t, 'mutant');
  const file = join(folder, 'judge.ts');
  writeFileSync(file, SOURCE);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const code = `console.log((await import(${JSON.stringify(file)})).judge(1, 1))`;
  const run = (mutant: object | null) =>
    spawnSync(process.execPath, ['--import', PLANT, '--input-type=module', '-e', code], {
      env: { ...process.env, HOLDFAST_MUTANT: JSON.stringify(mutant) },
      encoding: 'utf8',
    }).stdout.trim();
  assert.equal(run(null), 'noted 1\nequal');
  const swapped = mutants.find((mutant) => mutant.what.startsWith('< becomes'));
  assert.equal(run({ ...swapped, file }), 'less');
  assert.equal(run({ ...swapped, file: join(folder, 'other.ts') }), 'noted 1\nequal');
});

test('probes tell which mistakes would have made a difference, and change nothing', () => {
  const probed = addProbes(
    SOURCE,
    mutants.map((mutant, number) => ({ number, mutant })),
  );
  const infectedBy = (a: number, b: number): readonly string[] => {
    const code = `
      const { PROBES, infected } = await import(${JSON.stringify(new URL('../../scripts/mutants/probes.ts', import.meta.url).href)});
      globalThis.holdfastProbe = PROBES;
      ${probed.replaceAll('export ', '')}
      const answer = judge(${a}, ${b});
      console.log(JSON.stringify([answer, [...infected]]));`;
    const ran = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', code], { encoding: 'utf8' });
    const [answer, infected] = JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '') as [string, number[]];
    assert.equal(answer, a < b ? 'less' : a > b ? 'more' : 'equal');
    return infected.map((number) => mutants[number]?.what.split(':')[0] ?? '').sort();
  };
  assert.ok(infectedBy(1, 1).includes('< becomes <='));
  assert.ok(infectedBy(1, 1).includes('> becomes >='));
  assert.ok(!infectedBy(2, 1).includes('< becomes <='));
  assert.ok(!infectedBy(2, 1).includes('> becomes >='));
  assert.ok(infectedBy(2, 1).includes('left out'));
});

test('the hash of a commit draws the same mistakes each time, and another hash others', () => {
  const name = ({ file, start, what }: Mutant) => `${file} ${start} ${what}`;
  const drawn = (seed: string) => draw(numberOf(seed), 44).mutants.map(name);
  const [one, other] = ['0f', 'a7'].map((start) => start.padEnd(40, '3')) as [string, string];
  const first = drawn(one);
  assert.deepEqual(drawn(one), first);
  assert.equal(new Set(first).size, 44);
  assert.notDeepEqual(drawn(other), first);
  assert.throws(() => numberOf('HEAD'), /neither/);
});

test('tests that load a file are asked in order: of its room first, the nearest first', () => {
  const tests = new Reach().listTests('daemon/core/features/order-statistic.ts');
  assert.match(tests[0]?.test ?? '', /^test\/core\/features\//);
  const firstOfOthers = tests.findIndex(({ inRoom }) => !inRoom);
  assert.ok(firstOfOthers > 1);
  assert.ok(tests.slice(firstOfOthers).every(({ inRoom, test: path }) => !inRoom && !path.startsWith('test/core/')));
});

test('a test of its room catches a mistake, which it is asked about only where that makes a difference', async (t) => {
  const file = join(ROOT, 'daemon/core/features/order-statistic.ts');
  const planted = listMutants(file, readFileSync(file, 'utf8'));
  const mutant = planted.find(({ what }) => what === 'never: to > from') as Mutant;
  const net = new Net([{ number: 1, mutant }]);
  t.after(() => net.end());
  const { caughtBy, ran } = await net.judge({ number: 1, mutant }, 1, 'room');
  assert.deepEqual({ caughtBy, ran }, { caughtBy: 'test/core/features/order-statistic.test.ts', ran: 1 });
});
