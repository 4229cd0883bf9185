import type { Config, Secrets } from '../../../config/config.ts';
import type { PolicyBody } from '../../../contract/types/policy.ts';
import type { DaemonClient } from '../../client/client.ts';

/** `absent`: the file that it is about is not there. `unknown`: it could not be proven here, and `detail` says why. */
export type Outcome = 'proven' | 'refuted' | 'absent' | 'unknown';
export interface Finding {
  readonly outcome: Outcome;
  readonly detail: string;
}
/** One line of the report. The ids are stable: scripts may look for them. */
export interface Line extends Finding {
  readonly id: string;
  readonly claim: string;
}
export interface Check {
  readonly id: string;
  readonly claim: string;
  readonly run: () => Promise<Finding> | Finding;
}

export const proven = (detail: string): Finding => ({ outcome: 'proven', detail });
export const refuted = (detail: string): Finding => ({ outcome: 'refuted', detail });
export const absent = (path: string, so = ''): Finding => ({ outcome: 'absent', detail: `${path} is not there${so}` });
export const unknown = (detail: string): Finding => ({ outcome: 'unknown', detail });

/** What the checks have in hand. */
export interface Examined {
  /** As the daemon runs with, but for what the command's own environment says. */
  readonly config: Config;
  readonly secrets: Secrets;
  readonly operator: DaemonClient;
  readonly agent: DaemonClient;
  readonly policy: PolicyBody;
  readonly isExercised: boolean;
  /** Days for which the disk must last. */
  readonly days: number;
  /** A copy of the ledger, made by `audit backup`; null: none was named. */
  readonly backup: string | null;
  readonly backupHours: number;
  /** A head that is kept elsewhere; null: none was named. */
  readonly noted: string | null;
}

/** Runs the checks one after the other. One that fails leaves the others as they are. */
export async function runChecks(checks: readonly Check[]): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { claim, id, run } of checks) {
    let finding: Finding;
    try {
      finding = await run();
    } catch (error) {
      finding = unknown(error instanceof Error ? error.message : String(error));
    }
    lines.push({ id, claim, ...finding });
  }
  return lines;
}
