/**
 * Version of `decide`, of the view that it reads, and of a decision's record. Whoever changes what one of them says must
 * raise it: only the version that decided can derive the parts that the record leaves out. test/core/core-version.test.ts
 * fails if that was forgotten.
 */
export const CORE_VERSION = 10;

/** The first release with each version of the core. A version that is missing here was never released. */
const RELEASES: { readonly [version: number]: string } = { 10: '0.1.0' };

/** Names the program that derives a decision. `null`: recorded before the core had versions. */
export function nameCore(version: number | null): string {
  if (version === null) return 'a version before 0.1.0';
  const release = RELEASES[version];
  return release === undefined ? `core version ${version}, which this version does not know` : `Holdfast ${release}`;
}
