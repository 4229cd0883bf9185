import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BUDGETS, DAY_BUDGETS } from '../../daemon/core/keys/budgets.ts';
import { blankComments } from '../../scripts/boundaries/module-syntax.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Folders whose files name a key on their own: a second opinion, what it is shown, and worlds that set keys. */
const APART = /(?:^|\/)built\/|^daemon\/evaluation\/|^scripts\/(?!explore\/plans\/account-keys)/;

/** Of the section of CONTRIBUTING.md on budget keys: the file that each of its steps begins with. */
function listedPlaces(): readonly string[] {
  const page = readFileSync(`${ROOT}CONTRIBUTING.md`, 'utf8');
  const section = /\n## How to add a budget key: (\d+) places\n([\s\S]*?)(?=\n## |$)/.exec(page);
  assert.ok(section !== null);
  const places = Array.from((section[2] ?? '').matchAll(/^\d+\. `([^`]+)`/gm), (step) => step[1] ?? '');
  assert.equal(places.length, Number(section[1]));
  return places;
}

test('a budget of the day is named in the places that CONTRIBUTING.md lists, and nowhere else', () => {
  const places = listedPlaces();
  assert.ok(places.length <= 8);
  const files = ['daemon/', 'scripts/']
    .flatMap((folder) =>
      readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' }).map((file) => `${folder}${file}`),
    )
    .filter((file) => /\.tsx?$/.test(file) && !APART.test(file));
  assert.ok(files.length > 500);
  const sources = files.map((file) => ({ file, code: blankComments(readFileSync(`${ROOT}${file}`, 'utf8')) }));
  for (const { key, spent } of DAY_BUDGETS) {
    const named = new RegExp(`\\b(?:${key}|${BUDGETS[key].code}|${spent})\\b`);
    const found = sources.filter(({ code }) => named.test(code)).map(({ file }) => file);
    assert.deepEqual(found.filter((file) => !SHOWN.includes(file)).toSorted(), places.toSorted(), key);
  }
});

/** It chooses four budgets for a line of `./holdfast watch`. */
const SHOWN: readonly string[] = ['daemon/cli/watch/frame.ts'];
