import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/[\\/]$/, '');

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

/** Every file below a folder of the repository, as paths from its root. */
export function listFiles(folder: string): readonly string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => relative(ROOT, path).split(sep).join('/')).sort();
}

export function readPage(path: string): Page {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

/** The pages that speak of the present tree. The changelog and the evidence speak of earlier ones. */
export function readPages(): readonly Page[] {
  const nested = ['docs', 'policies', 'integrations', 'examples'].flatMap((folder) => listFiles(folder));
  const pages = nested.filter((path) => path.endsWith('.md') && !path.startsWith('docs/evidence/'));
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...pages].map(readPage);
}

/** The rows of the table with these headings, each as its cells. */
export function readTable(text: string, ...headings: readonly string[]): readonly (readonly string[])[] {
  const lines = text.split('\n');
  const start = lines.indexOf(`| ${headings.join(' | ')} |`);
  if (start < 0) throw new Error(`there is no table with the headings ${headings.join(', ')}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  const rows = lines.slice(start + 2, end < 0 ? undefined : end);
  return rows.map((line) => line.split('|').slice(1, -1)).map((cells) => cells.map((cell) => cell.trim()));
}

/** What a cell says in backticks: "`ports.ts`, `api/`" is `ports.ts`, `api`. */
export function readNames(cell: string | undefined): readonly string[] {
  return Array.from((cell ?? '').matchAll(/`([^`]+)`/g), (match) => (match[1] ?? '').replace(/\/$/, ''));
}
