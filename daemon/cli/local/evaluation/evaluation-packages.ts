import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPackageFolder } from '../../../config/package.ts';
import { CliError, EXIT } from '../../exit-codes.ts';

/**
 * What only `replay`, `tune` and `data fetch` load: charts, statistics, workers. They are the optional peers in
 * package.json, half as large as all the rest, and an installation for trading has none. Asked for before the work of
 * hours begins, not where the first of them is used.
 *
 * @throws CliError whose one line says how to add them
 */
export function requireEvaluationPackages(verb: string): void {
  const folder = findPackageFolder();
  const { peerDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    peerDependencies: object;
  };
  if (Object.keys(peerDependencies).every(isInstalled)) return;
  const needs = `${verb} needs packages that only the evaluation uses, which are not installed`;
  throw new CliError(EXIT.USAGE, `${needs}. ${describeInstallation(folder)}`);
}

function isInstalled(name: string): boolean {
  try {
    return existsSync(new URL(import.meta.resolve(name)));
  } catch {
    return false;
  }
}

/** `npm ci` would take away what a running daemon may still load; this adds to what is there. */
export function describeInstallation(folder: string): string {
  if (existsSync(join(folder, 'package-lock.json'))) return 'Add them with: npm run bootstrap';
  const install = `npm install --prefix ${folder} --no-save --include=dev --ignore-scripts`;
  if (existsSync(join(folder, 'npm-shrinkwrap.json'))) return `Add them with: ${install}`;
  return 'The image has none; run it from a checkout.';
}
