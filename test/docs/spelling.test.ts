import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { holdfast } from '../cli/run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDERS = ['docs', 'daemon', 'scripts', 'integrations', 'policies', 'examples', 'migrations', '.github', '.ci'];
const PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'Dockerfile', '.npmrc', 'package.json'];

/** Every text of ours but the recorded output of earlier runs and what is built from sources that are read here. */
function readTexts(): readonly { readonly file: string; readonly lines: readonly string[] }[] {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length)),
  );
  return [...files, ...PAGES]
    .filter((file) => !file.startsWith('docs/evidence/') && !file.includes('/built/'))
    .filter((file) => /\.(?:md|tsx?|mjs|py|ya?ml|json|sql|service|socket)$|(?:Dockerfile|\.npmrc|\/run)$/.test(file))
    .map((file) => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').split('\n') }));
}

/** No command lines: what is signed or sealed, and the name before a message. */
const OTHER_WORDS = /holdfast (?:start cache|passkey challenge|mcp: )/;

test('docs, messages and code spell the command ./holdfast, and send nobody to a registry', async () => {
  const { out } = await holdfast('completion bash --json');
  const verbs = (JSON.parse(out) as { path: string }[])
    .map(({ path }) => path)
    .filter((path) => /^[a-z-]+$/.test(path));
  assert.ok(verbs.length > 30, `${verbs.length} verbs`);
  const bare = new RegExp(`(?<![\\w./-])holdfast (?:${verbs.join('|')})\\b`);
  const texts = readTexts();
  assert.ok(texts.length > 1000, `${texts.length} files`);
  const proper = texts.flatMap(({ lines }) => lines.filter((line) => /(?<![\w./-])\.\/holdfast [a-z]/.test(line)));
  assert.ok(proper.length > 200, `${proper.length} lines name the command`);
  const wrong = texts.flatMap(({ file, lines }) =>
    lines
      .filter((line) => /\bnpx (?:-\S+ )*holdfast\b/.test(line) || (bare.test(line) && !OTHER_WORDS.test(line)))
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('the command lies at the top of a checkout', () => {
  const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { holdfast: string } };
  assert.equal(readlinkSync(join(ROOT, 'holdfast')), bin.holdfast);
});

test('prose stays below 120 columns', () => {
  const pages = readTexts().filter(({ file }) => file.endsWith('.md'));
  assert.ok(pages.length > 40, `${pages.length} pages`);
  const long = pages.flatMap(({ file, lines }) => {
    let isCode = false;
    return lines.flatMap((line, index) => {
      if (/^\s*```/.test(line)) isCode = !isCode;
      // Tables, images, code and comments for a generator have lines of their own length; no reader sees ids.
      const isProse = !isCode && !/^\s*(?:\||<|!\[|```)/.test(line);
      const { length } = line.replaceAll(/ ?<!-- (?:[A-Z]+-\d+|note) -->/g, '');
      return isProse && length > 120 ? [`${file}:${index + 1} has ${length}`] : [];
    });
  });
  assert.deepEqual(long, []);
});
