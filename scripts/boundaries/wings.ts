/** The folders beside daemon/ that hold code, each with those it may import. What a test imports is its own choice. */
export const WINGS: Readonly<Record<string, readonly string[]>> = {
  // What others copy and run alone: it speaks to the daemon over its doors.
  integrations: ['integrations'],
  examples: ['examples', 'integrations'],
  scripts: ['scripts', 'daemon'],
  test: ['test', 'scripts', 'integrations', 'daemon'],
};

/** Files of tests that scripts use as well: the second opinion on decisions, and the stand-ins that tests prove. */
export const SHARED_BY_TESTS: readonly string[] = [
  'test/oracle/decide-oracle.ts',
  'test/oracle/disagreements.ts',
  'test/http/fake-gate.ts',
  'test/http/http-kit.ts',
  'test/integrations/openclaw-host.ts',
];

/** What is wrong with an import of a file outside daemon/; null: nothing. Paths from the root of the repository. */
export function findWingProblem(file: string, target: string): string | null {
  const [from = ''] = file.split('/');
  const [to = ''] = target.split('/');
  if (WINGS[from]?.includes(to) || !target.includes('/')) return null;
  if (from === 'scripts' && SHARED_BY_TESTS.includes(target)) return null;
  return `${from} may not import ${to} (${target})`;
}
