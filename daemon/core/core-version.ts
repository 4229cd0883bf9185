/**
 * Version of `decide` and of the record of a decision. Whoever changes what either says raises it: only the version that
 * took a decision derives the parts of it that its record leaves out. test/core/core-version.test.ts fails when that was
 * forgotten.
 */
export const CORE_VERSION = 2;

/** The first release with each version of the core. A version that is in none was in no release. */
const RELEASES: { readonly [version: number]: string } = { 2: '0.1.0' };

/** How a person gets the program that derives a decision. `null`: recorded before versions of the core were. */
export function nameCore(version: number | null): string {
  if (version === null) return 'a version before 0.1.0';
  const release = RELEASES[version];
  return release === undefined ? `core version ${version}, which this version does not know` : `Holdfast ${release}`;
}
