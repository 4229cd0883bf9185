import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';

/** A page that is slow to read is slow to halt with; bytes after gzip. */
export const MOST_SCRIPT_BYTES = 90_000;
const SOURCE = join('daemon', 'console');

/**
 * The operator's console as it is served: one script, one sheet, the page, its icon, and the licences of what is bundled.
 * The result is committed, so that a checkout needs no build and no packages for it; `npm run check` builds it again.
 *
 * @returns path from the root -> content
 * @throws Error when the script is larger than MOST_SCRIPT_BYTES after gzip, or a bundled package shows no licence
 */
export async function buildConsole(root: string): Promise<ReadonlyMap<string, string>> {
  const output = (await build({
    root: join(root, SOURCE),
    configFile: false,
    envFile: false,
    logLevel: 'error',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      write: false,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: {
        input: join(root, SOURCE, 'main.tsx'),
        output: { entryFileNames: 'console.js', assetFileNames: 'console.[ext]' },
      },
    },
  })) as Rollup.RollupOutput;
  const files = new Map<string, string>();
  const place = (name: string, content: string) => files.set(join(SOURCE, 'built', name), content);
  const packages = new Set<string>();
  for (const part of output.output) {
    if (part.type === 'chunk') {
      place(part.fileName, part.code);
      for (const id of part.moduleIds) {
        const folder = packageFolder(id);
        if (folder !== null) packages.add(folder);
      }
    } else place(part.fileName, String(part.source));
  }
  for (const name of ['index.html', 'icon.svg']) place(name, readFileSync(join(root, SOURCE, name), 'utf8'));
  place('licences.txt', [...packages].sort().map(licenceOf).join('\n\n'));
  const size = gzipSync(files.get(join(SOURCE, 'built', 'console.js')) ?? '').length;
  if (size > MOST_SCRIPT_BYTES)
    throw new Error(`The script has ${size} bytes after gzip; at most ${MOST_SCRIPT_BYTES}.`);
  return files;
}

/** `/x/node_modules/@a/b/dist/c.js` -> `/x/node_modules/@a/b`; null for our own. */
function packageFolder(id: string): string | null {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id.replace(/^\0/, ''))?.[0] ?? null;
}

function licenceOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly [field: string]: string;
  };
  const texts = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice)/i.test(basename(file)));
  if (license === undefined) throw new Error(`${name} says nothing of its licence.`);
  const content = texts.sort().map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...content].join('\n\n');
}

/** Writes what differs, or with `isCheck` only says so. @returns names of files that differ */
export async function placeConsole(root: string, isCheck: boolean): Promise<readonly string[]> {
  const differing: string[] = [];
  for (const [path, content] of await buildConsole(root)) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target, 'utf8') === content) continue;
    differing.push(path);
    if (!isCheck) writeFileSync(target, content);
  }
  return differing;
}
