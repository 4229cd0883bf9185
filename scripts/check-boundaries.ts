import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCircles } from './boundaries/circles.ts';
import { type ModuleImport, readModuleSyntax } from './boundaries/module-syntax.ts';
import { findPlaceProblem, findRoomProblem } from './boundaries/rooms.ts';
import {
  BANS,
  BUILT_PACKAGES,
  COMPUTED_IMPORTS,
  FOLDER_RULES,
  MODULE_BANS,
  PACKAGE_HOMES,
  UNITS,
} from './boundaries/rules.ts';
import { findSizeProblems, type SizedFile } from './boundaries/sizes.ts';
import { findWingProblem, WINGS } from './boundaries/wings.ts';

/** What a browser runs is bundled with what it imports, so its packages are needed by the build alone. */
const BUNDLED = 'daemon/console/';
const BUILT = [join('console', 'built'), join('contract', 'built')];

export interface BoundaryReport {
  readonly files: number;
  readonly imports: number;
  /** `path:line: what is wrong`. */
  readonly violations: readonly string[];
}

/** Checks every source below `root` against the rules of who may import whom. `root`: absolute. */
export function checkBoundaries(root: string): BoundaryReport {
  const files = listSources(root, 'daemon');
  const dependencies = readDependencies(root);
  const violations: string[] = [];
  const graph = new Map<string, string[]>();
  const sizes: SizedFile[] = [];
  let imports = 0;
  if (files.length === 0) violations.push(`daemon:0: no source was found in ${root}`);
  for (const file of files) {
    const source = readFileSync(join(root, file), 'utf8');
    sizes.push({ path: file, lines: source.split('\n').length - 1 });
    const syntax = readModuleSyntax(source);
    imports += syntax.imports.length;
    const report = (line: number, text: string) => violations.push(`${file}:${line}: ${text}`);
    graph.set(file, targetsOf(file, syntax.imports));
    const misplaced = findPlaceProblem(file);
    if (misplaced !== null) report(1, misplaced);
    if (!Object.hasOwn(COMPUTED_IMPORTS, file)) {
      for (const line of syntax.computed) report(line, 'imports a computed name, which cannot be checked');
    }
    for (const found of syntax.imports) {
      const problem = findImportProblem(root, file, found, dependencies);
      if (problem !== null) report(found.line, problem);
    }
    for (const ban of BANS) {
      if (!file.startsWith(ban.folder) || ban.except.some((path) => file.startsWith(path))) continue;
      for (const match of syntax.code.matchAll(ban.pattern)) {
        const line = syntax.code.slice(0, match.index).split('\n').length;
        report(line, `\`${match[0].trim()}\` ${ban.why}`);
      }
    }
  }
  const others = Object.keys(WINGS).flatMap((wing) => listSources(root, wing));
  for (const file of others) {
    const found = readModuleSyntax(readFileSync(join(root, file), 'utf8')).imports;
    imports += found.length;
    graph.set(file, targetsOf(file, found));
    for (const { specifier, line } of found.filter(isOfProject)) {
      const target = targetOf(file, specifier);
      const problem = existsSync(join(root, target))
        ? findWingProblem(file, target)
        : `imports ${specifier}, which does not exist`;
      if (problem !== null) violations.push(`${file}:${line}: ${problem}`);
    }
  }
  violations.push(...findSizeProblems(sizes, graph));
  for (const circle of findCircles(graph)) violations.push(`${circle[0]}:1: is in a circle: ${circle.join(' ')}`);
  if (files.length > 0 && imports === 0) violations.push('daemon:0: not a single import was found');
  return { files: files.length + others.length, imports, violations };
}

const isOfProject = ({ specifier }: ModuleImport): boolean => specifier.startsWith('.');
const targetOf = (file: string, specifier: string): string =>
  posix.normalize(posix.join(posix.dirname(file), specifier));

const targetsOf = (file: string, imports: readonly ModuleImport[]): string[] =>
  imports.filter(isOfProject).map(({ specifier }) => targetOf(file, specifier));

/** Paths from the root, in order of their names. */
export function listSources(root: string, top: string): string[] {
  const folder = join(root, top);
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const sources = entries.filter(
    (entry) =>
      entry.isFile() &&
      /\.(tsx?|mts|cts|js|mjs|cjs)$/.test(entry.name) &&
      !BUILT.some((built) => entry.parentPath.endsWith(built)),
  );
  return sources.map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/')).sort();
}

/** With the optional peers: what only the evaluation loads. */
function readDependencies(root: string): ReadonlySet<string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies?: object;
    peerDependencies?: object;
  };
  return new Set(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }));
}

/** `daemon/contract/types/gate-api.ts` -> `driver`, `daemon/config/config.ts` -> `config`; null outside daemon/. */
function unitOf(file: string): string | null {
  return /^daemon\/([^/]+?)(?:\.ts|\/.*)$/.exec(file)?.[1] ?? null;
}

function findImportProblem(
  root: string,
  file: string,
  found: ModuleImport,
  dependencies: ReadonlySet<string>,
): string | null {
  const { specifier } = found;
  if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
    return findNodeProblem(file, specifier);
  }
  return specifier.startsWith('.') ? findUnitProblem(root, file, found) : findPackageProblem(file, found, dependencies);
}

function findNodeProblem(file: string, specifier: string): string | null {
  if (unitOf(file) === 'core') return `core may not import ${specifier}`;
  const name = specifier.replace(/^node:/, '');
  const ban = MODULE_BANS.find(({ folder, modules }) => file.startsWith(folder) && modules.includes(name));
  return ban === undefined ? null : `\`${specifier}\` ${ban.why}`;
}

function findUnitProblem(root: string, file: string, { specifier, typeOnly }: ModuleImport): string | null {
  const target = targetOf(file, specifier);
  if (!existsSync(join(root, target))) return `imports ${specifier}, which does not exist`;
  const from = unitOf(file);
  const to = unitOf(target);
  if (to === null) return `imports ${target}, which is not part of the daemon`;
  const between = findRoomProblem(file, target, typeOnly);
  if (between !== null) return between;
  if (from === to) return null;
  const unit = from === null ? undefined : UNITS[from];
  if (unit === undefined) return `${from} is not a known unit: add it to scripts/boundaries/rules.ts`;
  const own = Object.entries(FOLDER_RULES).find(([folder]) => file.startsWith(folder))?.[1];
  if (unit.values.includes(to) || own?.values.includes(to)) return null;
  if (unit.types.includes(to) || own?.types.includes(to)) {
    return typeOnly ? null : `${from} may import types of ${to} only, and imports values of ${target}`;
  }
  return `${from} may not import ${to} (${target})`;
}

function findPackageProblem(
  file: string,
  { specifier, typeOnly }: ModuleImport,
  dependencies: ReadonlySet<string>,
): string | null {
  if (unitOf(file) === 'core') return `core may not import ${specifier}`;
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (!dependencies.has(name) && !file.startsWith(BUNDLED))
    return `imports ${name}, which is not in the dependencies of package.json`;
  const built = Object.hasOwn(BUILT_PACKAGES, name) ? BUILT_PACKAGES[name] : undefined;
  if (built !== undefined && !typeOnly) return `may import types of ${name} only: its functions are in ${built}`;
  const home = Object.entries(PACKAGE_HOMES).find(
    ([key]) => key === name || (key.endsWith('/') && name.startsWith(key)),
  );
  if (home === undefined || home[1].some((path) => file.startsWith(path))) return null;
  return `may not import ${name}: only ${home[1].join(' and ')} may`;
}

function main(): void {
  const report = checkBoundaries(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const violation of report.violations) process.stdout.write(`${violation}\n`);
  process.stdout.write(`${report.files} files, ${report.imports} imports, ${report.violations.length} violations\n`);
  process.exitCode = report.violations.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
