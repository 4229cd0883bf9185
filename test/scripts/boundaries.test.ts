import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readModuleSyntax } from '../../scripts/boundaries/module-syntax.ts';
import { countRooms, MAX_CHAIN, MAX_ENGINE_CHAIN } from '../../scripts/boundaries/sizes.ts';
import { SHARED_BY_TESTS, WINGS } from '../../scripts/boundaries/wings.ts';
import { checkBoundaries, listSources } from '../../scripts/check-boundaries.ts';
import { tempFolder } from '../temp-folder.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

/** A package with these sources, and harmless targets for their imports. */
function checkSources(sources: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-boundaries-'));
  const targets = [
    'core/decision',
    'driver/ports',
    'ledger/reader',
    'venue/create-venue',
    'http/server',
    'exchange-sim/exchange',
    'engine/operator/a',
    'engine/guard/a',
    'evaluation/engine/a',
  ];
  const files: Record<string, string> = {
    'package.json': JSON.stringify({
      dependencies: { 'better-sqlite3': '1', ccxt: '1', fastify: '1', typebox: '1', undici: '1' },
    }),
    'daemon/main.ts': "import { a } from './core/decision.ts';\n",
    ...Object.fromEntries(targets.map((target) => [`daemon/${target}.ts`, 'export const a = 1;\n'])),
    ...sources,
  };
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkBoundaries(root).violations;
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('the sources of this repository keep to the boundaries', () => {
  const report = checkBoundaries(REPOSITORY);
  assert.deepEqual(report.violations, []);
  assert.ok(report.files > 50 && report.imports > report.files, `${report.files} files, ${report.imports} imports`);
});

test('a package without sources is a violation, not a green check', (t) => {
  const root = tempFolder(t, 'boundaries');
  writeFileSync(join(root, 'package.json'), '{}');
  assert.match(checkBoundaries(root).violations.join(), /no source was found/);
});

test('sources that keep to the rules are not reported', () => {
  assert.deepEqual(
    checkSources({
      'daemon/ledger/tokens.ts':
        "import type { A } from '../engine/operator/a.ts';\nimport Database from 'better-sqlite3';\n",
      'daemon/venue/venue-orders.ts':
        "import { type A, type B } from '../driver/ports.ts';\nimport { a } from '../core/decision.ts';\n",
      'daemon/core/a.ts': '// import x from "ccxt"; Date.now()\nexport const text = "process.env, await import(y)";\n',
      'daemon/config/config.ts': 'export const home = process.env.HOME;\n',
      'daemon/http/house.ts': "import type { Static } from 'typebox';\n",
    }),
    [],
  );
});

test('a file in a room that the house does not have', () => {
  assert.deepEqual(checkSources({ 'daemon/ledger/stuff/x.ts': 'export const a = 1;\n' }), [
    'daemon/ledger/stuff/x.ts:1: stuff is no room of ledger: add it to scripts/boundaries/rules.ts',
  ]);
});

test('files that import each other, types only and over a third as well', () => {
  const violations = checkSources({
    'daemon/core/p.ts': "import type { Q } from './q.ts';\n",
    'daemon/core/q.ts': "import { r } from './r.ts';\n",
    'daemon/core/r.ts': "export { p } from './p.ts';\n",
    'daemon/core/s.ts': "import './p.ts';\n",
  });
  assert.deepEqual(violations, [
    'daemon/core/p.ts:1: is in a circle: daemon/core/p.ts daemon/core/q.ts daemon/core/r.ts',
  ]);
});

test('a folder of the daemon has twelve files at most', () => {
  const many = Array.from({ length: 13 }, (_, at) => [`daemon/time/t${at}.ts`, 'export const a = 1;\n']);
  assert.deepEqual(checkSources(Object.fromEntries(many.slice(1))), []);
  assert.deepEqual(checkSources(Object.fromEntries(many)), ['daemon/time:0: has 13 files, and may have 12: divide it']);
  const sources = listSources(REPOSITORY, 'daemon').map((path) => ({ path, lines: 0 }));
  assert.ok(sources.length > 500);
  assert.deepEqual(
    [...countRooms(sources)].filter(([, count]) => count > 12),
    [],
  );
});

test('a file of the daemon has four hundred lines at most', () => {
  const source = (lines: number) => ({ 'daemon/time/long.ts': '//\n'.repeat(lines) });
  assert.deepEqual(checkSources(source(400)), []);
  assert.deepEqual(checkSources(source(401)), ['daemon/time/long.ts:1: has 401 lines, and may have 400']);
  const lengths = listSources(REPOSITORY, 'daemon').map(
    (path) => [path, readFileSync(join(REPOSITORY, path), 'utf8').split('\n').length - 1] as const,
  );
  assert.deepEqual(
    lengths.filter(([, lines]) => lines > 400),
    [],
  );
});

for (const [what, from, room, most] of [
  ['the composition root', 'daemon/main.ts', 'daemon/core', MAX_CHAIN],
  ['the parts of the engine, in it,', 'daemon/engine/live/parts.ts', 'daemon/engine/audit', MAX_ENGINE_CHAIN],
] as const)
  test(`a chain of imports from ${what} that is longer than it may be`, () => {
    const chain = (length: number) =>
      Object.fromEntries(
        Array.from({ length }, (_, at) => [`${room}/c${at}.ts`, `import './c${at + 1}.ts';\n`]).concat([
          [`${room}/c${length}.ts`, 'export const a = 1;\n'],
          [from, `import '${most === MAX_CHAIN ? './core' : '../audit'}/c0.ts';\n`],
        ]),
      );
    // Where it begins, c0 and those that follow.
    assert.doesNotMatch(checkSources(chain(most - 2)).join(), /files deep/);
    assert.match(checkSources(chain(most - 1)).join(), new RegExp(`imports ${most + 1} files deep`));
  });

test('each folder of code is read, beside the daemon as well', () => {
  assert.deepEqual(
    checkSources({ 'scripts/a.ts': "import { a } from './b.ts';\n", 'scripts/b.ts': "import './a.ts';\n" }),
    ['scripts/a.ts:1: is in a circle: scripts/a.ts scripts/b.ts'],
  );
  for (const wing of Object.keys(WINGS)) {
    assert.deepEqual(checkSources({ [`${wing}/a.ts`]: "import './b.ts';\n" }), [
      `${wing}/a.ts:1: imports ./b.ts, which does not exist`,
    ]);
  }
});

test('a script uses of the tests what is said to be shared, and the daemon nothing outside itself', () => {
  const files = { 'test/a.ts': 'export const a = 1;\n', [SHARED_BY_TESTS[0] ?? '']: 'export const b = 1;\n' };
  const source = `import '../test/a.ts';\nimport '../${SHARED_BY_TESTS[0]}';\n`;
  assert.deepEqual(
    checkSources({ ...files, 'scripts/x.ts': source, 'daemon/driver/gate.ts': "import '../../test/a.ts';\n" }),
    [
      'daemon/driver/gate.ts:1: imports test/a.ts, which is not part of the daemon',
      'scripts/x.ts:1: scripts may not import test (test/a.ts)',
    ],
  );
  for (const path of SHARED_BY_TESTS) assert.ok(existsSync(join(REPOSITORY, path)), path);
});

const CASES: (readonly [name: string, place: string, source: string, expected: RegExp])[] = [
  ['core imports the driver', 'core/x', "import { a } from '../driver/ports.ts';", /core may not import driver/],
  ['core imports a type of the driver', 'core/x', "import type { A } from '../driver/ports.ts';", /core may not/],
  ['core imports node', 'core/x', "import { join } from 'node:path';", /core may not import node:path/],
  ['core imports a package', 'core/x', "import { Pool } from 'undici';", /core may not import undici/],
  ['core reads the clock', 'core/x', 'export const t = Date.now();', /`Date` is not pure/],
  ['core draws at random', 'core/x', 'export const r = Math.random();', /is not pure/],
  ['core waits', 'core/x', 'export async function f() {}', /`async` is not pure/],
  ['a decision uses an exponential', 'core/x', 'export const e = Math.exp(1);', /`Math.exp` is not one of/],
  ['a decision uses a power', 'core/x', 'export const e = 2 ** 0.5;', /is not one of/],
  [
    'ledger imports venue',
    'ledger/tokens',
    "import { a } from '../venue/create-venue.ts';",
    /ledger may not import venue/,
  ],
  ['venue imports ledger', 'venue/venue-orders', "export * from '../ledger/reader.ts';", /venue may not import ledger/],
  [
    'an adapter runs the driver',
    'venue/venue-orders',
    "import { a } from '../driver/ports.ts';",
    /types of driver only/,
  ],
  [
    'half of the names are values',
    'venue/venue-orders',
    "import { type A, a } from '../driver/ports.ts';",
    /types of driver/,
  ],
  [
    'the driver imports venue',
    'driver/gate',
    "import { a } from '../venue/create-venue.ts';",
    /driver may not import venue/,
  ],
  ['the driver loads http late', 'driver/gate', "await import('../http/server.ts');", /driver may not import http/],
  [
    'an integration runs the daemon',
    'integrations/x',
    "import '../daemon/driver/ports.ts';",
    /integrations may not import daemon/,
  ],
  ['an example runs the daemon', 'examples/x', "import '../daemon/driver/ports.ts';", /examples may not import daemon/],
  ['exchange-sim imports core', 'exchange-sim/open', "import { a } from '../core/decision.ts';", /may not import core/],
  ['http imports ledger', 'http/house', "import '../ledger/reader.ts';", /http may not import ledger/],
  ['cli imports the ledger', 'cli/run', "import { a } from '../ledger/reader.ts';", /cli may not import ledger/],
  ['the driver opens a database', 'driver/gate', "import D from 'better-sqlite3';", /only daemon\/ledger\/ and/],
  ['http imports ccxt', 'http/house', "import x from 'ccxt/js/src/binance.js';", /may not import ccxt/],
  ['http calls typebox', 'http/house', "import Type from 'typebox';", /types of typebox only/],
  ['a package that is not listed', 'http/house', "import x from 'left-pad';", /not in the dependencies/],
  ['the driver reads the environment', 'driver/gate', 'export const a = process.env.HOME;', /reads the environment/],
  ['it is taken apart', 'driver/gate', 'export const { env } = process;', /reads the environment/],
  ['a computed import', 'driver/gate', 'export const load = (name: string) => import(name);', /computed name/],
  ['createRequire', 'driver/gate', "import { createRequire } from 'node:module';", /hides what it imports/],
  ['tests in the product', 'driver/gate', "import { a } from '../../test/a.ts';", /does not exist/],
  [
    'a plan records',
    'engine/plan/x',
    "import type { A } from '../../driver/ports.ts';",
    /engine may not import driver/,
  ],
  [
    'a call knows an act of operators',
    'engine/calls/x',
    "import '../operator/a.ts';",
    /engine\/calls may not import engine\/operator, which is not below it/,
  ],
  ['rooms of one floor', 'engine/feeds/x', "import '../guard/a.ts';", /which is not below it/],
  ['what callers see waits', 'reads/x', 'export async function f() {}', /`async` is not pure/],
  ['a plan waits', 'engine/plan/x', 'export async function f() {}', /`async` is not pure/],
  [
    'the evaluation records by the driver',
    'evaluation/engine/x',
    "import type { A } from '../../driver/ports.ts';",
    /evaluation may not import driver/,
  ],
  [
    'the judge asks what it judges',
    'evaluation/judge/x',
    "import type { A } from '../engine/a.ts';",
    /evaluation\/judge may not import evaluation\/engine/,
  ],
  [
    'the judge runs the core',
    'evaluation/judge/x',
    "import { a } from '../../core/decision.ts';",
    /evaluation\/judge may import types of core only/,
  ],
  ['a folder nobody decided on', 'utils/x', "import { a } from '../core/decision.ts';", /not a known unit/],
];
/** A file that may stand there. */
/** One that the rooms of the unit have, where it has rooms. */
const FILE_OF: Readonly<Record<string, string>> = { 'exchange-sim': 'open', ledger: 'ledger', venue: 'venue-orders' };
const fileOf = (unit: string): string => `${unit}/${FILE_OF[unit] ?? 'x'}`;

const TIME: readonly (readonly [what: string, source: string])[] = [
  ['setTimeout', 'setTimeout(() => undefined, 1);'],
  ['setInterval', 'const timer = setInterval(() => undefined, 1);'],
  ['setImmediate', 'setImmediate(() => undefined);'],
  ['clearTimeout', 'export const stop = clearTimeout;'],
  ['clearInterval', 'clearInterval(timer);'],
  ['clearImmediate', 'clearImmediate(timer);'],
  ['performance', 'export const t = performance.now();'],
  ['hrtime', 'export const t = process.hrtime.bigint();'],
  ['globalThis', "export const t = globalThis['performance'];"],
  ['Date', 'export const t = Date.now();'],
  ['Date', 'export const t = new Date();'],
  ['Date', 'export const t = new Date;'],
  ['Date', 'export const t = Date().length;'],
  ['Date', 'export const { now } = Date;'],
  ['AbortSignal.timeout', 'export const s = AbortSignal.timeout(1);'],
  ['Math.random', 'export const r = Math.random();'],
  ['node:timers/promises', "import { setTimeout as delay } from 'node:timers/promises';"],
  ['timers', "import timers from 'timers';"],
  ['node:perf_hooks', "import * as hooks from 'node:perf_hooks';"],
];
for (const unit of ['driver', 'venue', 'ledger', 'exchange-sim'])
  for (const [what, source] of TIME)
    CASES.push([`${unit} takes \`${source}\``, fileOf(unit), source, new RegExp(`\`${what}\` takes time`)]);
for (const unit of ['driver', 'venue']) {
  for (const source of ['export const id = crypto.randomUUID();', "import { randomBytes } from 'node:crypto';"])
    CASES.push([`${unit} draws: ${source}`, fileOf(unit), source, /(?:draws|may draw) at random/]);
}

test('time that is handed in, instants that are converted and microtasks are no time of the process', () => {
  const source = [
    'export function f(time: { after(ms: number, fn: () => void): void }, atMs: number): string {',
    '  time.after(1, () => queueMicrotask(() => undefined));',
    "  return new Date(atMs).toISOString() + Date.parse('2026-01-01') + Date.UTC(2026, 1) + new Date( atMs );",
    '}',
  ].join('\n');
  for (const unit of ['driver', 'venue', 'ledger', 'exchange-sim'])
    assert.deepEqual(checkSources({ [`daemon/${fileOf(unit)}.ts`]: source }), []);
});

for (const [name, place, source, expected] of CASES) {
  test(`reports when ${name}`, () => {
    const file = /^(?:integrations|examples)/.test(place) ? `${place}.ts` : `daemon/${place}.ts`;
    const violations = checkSources({ [file]: `// first line\n${source}\n` });
    assert.ok(violations.length >= 1, 'nothing was reported');
    assert.match(violations.join('\n'), expected);
    assert.ok(
      violations.every((violation) => violation.startsWith(`${file}:2: `)),
      violations.join('\n'),
    );
  });
}

test('imports are found in every form, and not in comments, strings, templates and regular expressions', () => {
  const source = [
    "import a, { b } from 'one';",
    "import type C from 'two';",
    'import {',
    '  type D,',
    "} from 'three';",
    "export { e } from 'four';",
    "import 'five';",
    "const f = await import('six');",
    "/* import g from 'no'; */ // import h from 'no';",
    'const i = "import j from \'no\'";',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source text
    "const k = `import l from 'no' ${ { m: `${1}` } } import 'no'`;",
    "const n = /['\"`]/; import o from 'seven';",
    'const p = q / 2; const r = "s" / 3;',
    "export const t = 1; import u from 'eight';",
  ].join('\n');
  const found = readModuleSyntax(source).imports.map(({ specifier, typeOnly, line }) => [specifier, typeOnly, line]);
  assert.deepEqual(
    found.sort((x, y) => Number(x[2]) - Number(y[2])),
    [
      ['one', false, 1],
      ['two', true, 2],
      ['three', true, 3],
      ['four', false, 6],
      ['five', false, 7],
      ['six', false, 8],
      ['seven', false, 12],
      ['eight', false, 14],
    ],
  );
});
