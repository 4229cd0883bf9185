import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { test } from 'node:test';
import { listFiles, type Page, ROOT, readPage, readPages } from './pages.ts';

const FOLDERS = ['daemon', 'docs', 'examples', 'integrations', 'migrations', 'policies', 'scripts', 'test'];
const UNITS = readdirSync(join(ROOT, 'daemon'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
const SOURCES = new Set([...FOLDERS.flatMap((folder) => listFiles(folder)).map((path) => basename(path))]);

/** Paths that stand for a reader's own files. */
const MADE_BY_READERS = /^policies\/(?:NAME|mine|alerts\.yaml)\b/;
const FROM_ROOT = new RegExp(`(?<![\\w./-])(?:${FOLDERS.join('|')})/[\\w./-]*\\w`, 'g');
const FROM_DAEMON = new RegExp(`\`((?:${UNITS.join('|')})/[\\w./-]*\\.ts)\``, 'g');
const BARE_SOURCE = /`([\w.-]+\.(?:ts|mjs))`/g;
const LINK = /\]\(([^()\s]+)\)/g;

/** What a page names and the repository does not have: `path:line: name`. */
function findMissing(pages: readonly Page[]): { readonly missing: readonly string[]; readonly seen: number } {
  const missing: string[] = [];
  let seen = 0;
  for (const { path, text } of pages) {
    const check = (pattern: RegExp, exists: (name: string) => boolean) => {
      for (const match of text.matchAll(pattern)) {
        const name = match[1] ?? match[0];
        seen += 1;
        if (exists(name)) continue;
        missing.push(`${path}:${text.slice(0, match.index).split('\n').length}: ${name}`);
      }
    };
    check(FROM_ROOT, (name) => MADE_BY_READERS.test(name) || existsSync(join(ROOT, name)));
    check(FROM_DAEMON, (name) => existsSync(join(ROOT, 'daemon', name)));
    check(BARE_SOURCE, (name) => SOURCES.has(name));
    check(LINK, (target) => /^https?:/.test(target) || isLinkWhole(path, target));
  }
  return { missing, seen };
}

/** A link inside the repository leads to a file, and to a heading of it where it names one. */
function isLinkWhole(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#');
  const path = file === '' ? from : posix.join(dirname(from), file);
  if (!existsSync(join(ROOT, path))) return false;
  return anchor === undefined || readAnchors(readPage(path).text).includes(anchor);
}

/** Anchors as GitHub makes them of headings. */
function readAnchors(text: string): readonly string[] {
  return Array.from(text.matchAll(/^#+ (.+)$/gm), (match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('every file, folder and heading that a page names exists', () => {
  const { missing, seen } = findMissing(readPages());
  assert.deepEqual(missing, []);
  assert.ok(seen > 150, `${seen} names were looked at`);
});

test('the first page of the engine names each of its rooms, and no file that does not exist', () => {
  const folder = join(ROOT, 'daemon/engine');
  const text = readFileSync(join(folder, 'words.ts'), 'utf8').split('*/')[0] ?? '';
  const named = Array.from(text.matchAll(/`([a-z-]+\/[a-z/-]*(?:\.ts)?)`/g), ([, name = '']) => name);
  assert.deepEqual(
    named.filter((name) => !existsSync(join(folder, name)) && !existsSync(join(ROOT, 'daemon', name))),
    [],
  );
  const rooms = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(
    rooms.filter((room) => !named.some((name) => name.startsWith(`${room.name}/`))).map(({ name }) => name),
    [],
  );
});

test('a file, a folder, a link or a heading that does not exist is found', () => {
  const text = [
    'See `engine/plan/nowhere.ts` and scripts/nowhere/main.ts, `nowhere.ts`, `test/nowhere`.',
    '[a](nowhere.md) [b](policy.md#nowhere) [c](#nowhere)',
    'Fine: `engine/claims/exit-sizes.ts`, `docs/policy.md`, [d](policy.md#reload), policies/NAME.yaml, https://host/docs/nowhere.',
  ].join('\n');
  assert.deepEqual(findMissing([{ path: 'docs/agents.md', text }]).missing, [
    'docs/agents.md:1: scripts/nowhere/main.ts',
    'docs/agents.md:1: test/nowhere',
    'docs/agents.md:1: engine/plan/nowhere.ts',
    'docs/agents.md:1: nowhere.ts',
    'docs/agents.md:2: nowhere.md',
    'docs/agents.md:2: policy.md#nowhere',
    'docs/agents.md:2: #nowhere',
  ]);
});
