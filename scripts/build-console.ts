import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rollup } from 'vite';

/** A page that is slow to read is slow to halt with; bytes after gzip. */
export const MAX_SCRIPT_BYTES = 90_000;
const SOURCE = join('daemon', 'console');
const BUILT = join(SOURCE, 'built');

/**
 * The operator's console as it is served: one script, one sheet, the page, its icon, and the licences of what is bundled.
 * Script, sheet and icon are named by their content, and the page has the hashes of the first two, so that no older or
 * foreign copy in a browser's cache is run for them. The result is committed, so that a checkout needs no build and no
 * packages for it; `npm run check` builds it again.
 *
 * @returns path from the root -> content
 * @throws Error when the script is larger than MAX_SCRIPT_BYTES after gzip, or a bundled package shows no licence
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
        input: { console: join(root, SOURCE, 'main.tsx') },
        output: {
          hashCharacters: 'hex',
          entryFileNames: 'assets/[name].[hash].js',
          assetFileNames: 'assets/[name].[hash].[ext]',
        },
      },
    },
  })) as Rollup.RollupOutput;
  const built = new Map<string, string>();
  const packages = new Set<string>();
  for (const part of output.output) {
    built.set(basename(part.fileName), part.type === 'chunk' ? part.code : String(part.source));
    for (const id of part.type === 'chunk' ? part.moduleIds : []) {
      const folder = packageFolder(id);
      if (folder !== null) packages.add(folder);
    }
  }
  const page = placeNames(readFileSync(join(root, SOURCE, 'index.html'), 'utf8'), built);
  built.set('index.html', page);
  built.set('licences.txt', [...packages].sort().map(licenceOf).join('\n\n'));
  return new Map([...built].map(([name, content]) => [join(BUILT, name), content]));
}

/** `href="./console.css"` -> `href="/assets/console.1a2b3c4d.css" integrity="sha384-…"`. */
function placeNames(page: string, built: ReadonlyMap<string, string>): string {
  return page.replace(/(href|src)="\.\/(\w+)\.(\w+)"/g, (_, attribute: string, stem: string, type: string) => {
    const found = [...built].filter(([name]) => name.startsWith(`${stem}.`) && name.endsWith(`.${type}`));
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} files are ${stem}.${type}.`);
    const [name, content] = only;
    const size = gzipSync(content).length;
    if (size > MAX_SCRIPT_BYTES) throw new Error(`${name} has ${size} bytes after gzip; at most ${MAX_SCRIPT_BYTES}.`);
    const integrity = `sha384-${createHash('sha384').update(content).digest('base64')}`;
    return `${attribute}="/assets/${name}"${type === 'svg' ? '' : ` integrity="${integrity}"`}`;
  });
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

/** Writes what differs and removes what is built no more, or with `isCheck` only says so. @returns files that differ */
export async function placeConsole(root: string, isCheck: boolean): Promise<readonly string[]> {
  const differing: string[] = [];
  const files = await buildConsole(root);
  for (const name of readdirSync(join(root, BUILT))) {
    const path = join(BUILT, name);
    if (files.has(path)) continue;
    differing.push(path);
    if (!isCheck) rmSync(join(root, path));
  }
  for (const [path, content] of files) {
    const target = join(root, path);
    if (existsSync(target) && readFileSync(target, 'utf8') === content) continue;
    differing.push(path);
    if (!isCheck) writeFileSync(target, content);
  }
  return differing;
}
