import { CHURN_AGENT, SHARED_AGENT } from './setup/scenarios.ts';
import type { ReplayTask } from './worker.ts';

/** Seeds whose agents calibrate the trader state and its thresholds. */
export const CALIBRATION_SEEDS = 3;

export interface TaskPlan {
  readonly seeds: number;
  readonly agents: readonly string[];
  /** Whether there is a second group, of settings that are calibrated. */
  readonly isCalibrated: boolean;
}

/**
 * One task for each account and seed, and one for each account of the seeds that calibrate. The longest come first
 * (four agents in one account, then the churner's), so that what is left at the end is short and no worker waits for
 * another. The same sequence whenever it is walked.
 */
export function* listTasks(plan: TaskPlan): Generator<ReplayTask> {
  const known = [...plan.agents];
  const first = known[0];
  // A stable sort: accounts of one length keep their order.
  const byLength = known.toSorted((a, b) => lengthOf(b) - lengthOf(a));
  for (const agent of byLength) {
    for (let seed = 1; seed <= plan.seeds; seed++) {
      const calibrates = plan.isCalibrated && seed <= CALIBRATION_SEEDS && agent !== SHARED_AGENT;
      yield { seed, agent, group: 0, isSampled: seed === 1 && agent === first, isCalibrated: calibrates };
      if (calibrates) yield { seed, agent, group: 1, isSampled: false, isCalibrated: false };
    }
  }
}

export function countTasks({ seeds, agents, isCalibrated }: TaskPlan): number {
  const calibrating = isCalibrated ? agents.filter((agent) => agent !== SHARED_AGENT).length : 0;
  return seeds * agents.length + Math.min(seeds, CALIBRATION_SEEDS) * calibrating;
}

function lengthOf(agent: string): number {
  if (agent === SHARED_AGENT) return 2;
  return agent === CHURN_AGENT ? 1 : 0;
}
