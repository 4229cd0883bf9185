import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const PROMTOOL = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
  .map((folder) => join(folder, 'promtool'))
  .find((path) => existsSync(path));
/** Why tests with promtool cannot run here; false: they can. */
export const WITHOUT_PROMTOOL =
  PROMTOOL === undefined ? 'no promtool on the path; Debian: apt-get install promtool' : false;

/** Everything that it says, and its exit code. */
export function promtool(args: readonly string[], input = ''): { readonly code: number | null; readonly said: string } {
  const { status, stderr, stdout } = spawnSync(PROMTOOL ?? '', args, { encoding: 'utf8', input });
  return { code: status, said: `${stdout}${stderr}` };
}
