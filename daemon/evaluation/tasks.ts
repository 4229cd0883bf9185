import { CHURN_AGENT, SHARED_AGENT } from './setup/scenarios.ts';
import type { ReplayTask } from './worker.ts';

/**
 * One task for each account and seed. The longest come first (four agents in one account, then the churner's), so that
 * what is left at the end is short and no worker waits for another. The same sequence whenever it is walked.
 */
export function* listTasks(agents: readonly string[], seeds: number): Generator<ReplayTask> {
  // A stable sort: accounts of one length keep their order.
  for (const agent of agents.toSorted((a, b) => lengthOf(b) - lengthOf(a)))
    for (let seed = 1; seed <= seeds; seed++) yield { seed, agent, isDrawn: seed === 1 && agent === agents[0] };
}

function lengthOf(agent: string): number {
  if (agent === SHARED_AGENT) return 2;
  return agent === CHURN_AGENT ? 1 : 0;
}
