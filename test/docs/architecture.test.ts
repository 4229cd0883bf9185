import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOMS, UNITS } from '../../scripts/boundaries/rules.ts';
import { ROOT, readNames, readPage, readTable } from './pages.ts';

const PAGE = readPage('docs/architecture.md').text;
const UNIT_ROWS = readTable(PAGE, 'folder', 'what it is', 'may import', 'types only');
const ROOM_ROWS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  engine: readTable(PAGE, 'room of the engine', 'what it does'),
  evaluation: readTable(PAGE, 'room of the evaluation', 'what it does', 'imports'),
};
const byName = (a: string, b: string) => a.localeCompare(b);

test('docs/architecture.md has a row for every folder of daemon/, and none for another', () => {
  const entries = readdirSync(join(ROOT, 'daemon'), { withFileTypes: true });
  const units = entries
    .filter((entry) => entry.isDirectory() || entry.name.endsWith('.ts'))
    .map(({ name }) => name)
    .sort(byName);
  assert.ok(units.length > 10, `${units.length} units`);
  assert.deepEqual(UNIT_ROWS.flatMap(([unit]) => readNames(unit)).sort(byName), units);
});

test('docs/architecture.md states the import rule of every unit as the boundary check knows it', () => {
  const stated = UNIT_ROWS.map(([name, , values, types]) => {
    const unit = (readNames(name)[0] ?? '').replace(/\.ts$/, '');
    return [unit, { values: [...readNames(values)].sort(), types: [...readNames(types)].sort() }];
  });
  const checked = Object.entries(UNITS).map(([unit, { values, types }]) => [
    unit,
    { values: [...values].sort(), types: [...types].sort() },
  ]);
  assert.deepEqual(Object.fromEntries(stated), Object.fromEntries(checked));
});

for (const [unit, rows] of Object.entries(ROOM_ROWS)) {
  test(`docs/architecture.md has the rooms of ${unit} on the floors of the boundary check`, () => {
    const stated = rows.map(([rooms]) => [...readNames(rooms)].sort());
    assert.deepEqual(
      stated,
      ROOMS[unit]?.floors.map((floor) => [...floor].sort()),
    );
    const folders = readdirSync(join(ROOT, 'daemon', unit), { withFileTypes: true });
    for (const { name } of folders) assert.ok(stated.flat().includes(name), `${unit}/${name} is in no row`);
  });
}

test('docs/architecture.md has the floors of every other folder as the boundary check knows them', () => {
  const rows = readTable(PAGE, 'folder with rooms', 'its floors, from the ground up');
  const stated = rows.map(([unit, floors = '']) => [
    readNames(unit)[0],
    floors.split(';').map((floor) => [...readNames(floor)].sort()),
  ]);
  const checked = Object.entries(ROOMS).filter(([unit]) => ROOM_ROWS[unit] === undefined);
  assert.deepEqual(
    Object.fromEntries(stated),
    Object.fromEntries(checked.map(([unit, { floors }]) => [unit, floors.map((floor) => [...floor].sort())])),
  );
});

test('docs/architecture.md names the rooms of the evaluation that may import less than their floor', () => {
  const only = ROOMS.evaluation?.only ?? {};
  assert.ok(Object.keys(only).length > 0);
  for (const [rooms, , imports] of ROOM_ROWS.evaluation ?? [])
    for (const room of readNames(rooms)) {
      if (only[room] === undefined) continue;
      assert.match(imports ?? '', new RegExp(`\`${room}/\`[^;]*: ${only[room].map((to) => `\`${to}/\``).join(', ')}`));
    }
});

test('docs/architecture.md explains at most sixty words, in order, all of which the code uses', () => {
  const words = readTable(PAGE, 'word', 'meaning').map(([word = '']) => word);
  assert.ok(words.length > 40 && words.length <= 60, `${words.length} words`);
  assert.deepEqual(words, [...words].sort(byName));
  const sources = readdirSync(join(ROOT, 'daemon'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(ROOT, 'daemon', path), 'utf8').toLowerCase());
  const using = (word: string) => sources.filter((text) => text.includes(word.toLowerCase())).length;
  assert.deepEqual(
    words.filter((word) => using(word) < 3),
    [],
  );
});
