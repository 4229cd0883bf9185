/**
 * Reports a pinned skill whose folder has changed:
 *
 *   node integrations/monitors/skill-digest.ts --token-file monitor.token --dir skills/trading --sha256 DIGEST --agent momentum
 *
 * DIGEST is what `./holdfast skill pin` printed. A folder that cannot be read counts as changed. The gate itself compares
 * what a caller claims; this looks at the disk, also when no caller says anything.
 */
import { parseArgs } from 'node:util';
import { digestFolder } from '../openclaw/skill-digest.ts';
import { buildReporter, COMMON, positive, type Reported, type Reporter, repeat, required } from './reporter.ts';

export interface SkillOptions {
  readonly dir: string;
  readonly sha256: string;
  /** Absent: every agent. */
  readonly agent?: string;
}

export async function look({ dir, sha256, agent }: SkillOptions, reporter: Reporter): Promise<Reported | 'as pinned'> {
  const found = digestFolder(dir);
  if (found === sha256) return 'as pinned';
  const evidence = `the skill in ${dir} has the digest ${found ?? '(not readable)'}, and ${sha256} is pinned`;
  const scope = agent === undefined ? {} : { agent };
  return reporter.report({ kind: 'injection', scope, severity: 1, evidence });
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ...COMMON,
      dir: { type: 'string' },
      sha256: { type: 'string' },
      agent: { type: 'string' },
      'look-ms': { type: 'string', default: '5000' },
    },
  });
  const sha256 = required(values, 'sha256');
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error('--sha256 has 64 hex digits in lower case');
  const options = {
    dir: required(values, 'dir'),
    sha256,
    ...(values.agent === undefined ? {} : { agent: values.agent }),
  };
  const reporter = buildReporter(values);
  await repeat(positive(values, 'look-ms'), () => look(options, reporter));
}
