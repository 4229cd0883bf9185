import { EXECUTION_STATE_TEXTS, RETRYABLE_TEXTS, type StateText } from '../../daemon/contract/execution-states.ts';

/** docs/agents.md: every state that an execution can have, and what to do about it. */
export function buildStatesTable(): string {
  const row = (name: string, { meaning, advice }: StateText): string => `| ${name} | ${meaning} | ${advice} |`;
  return [
    '| `execution.state` | meaning | what to do |',
    '|---|---|---|',
    ...Object.entries(EXECUTION_STATE_TEXTS).map(([state, text]) => row(`\`${state}\``, text)),
    ...Object.entries(RETRYABLE_TEXTS).map(([value, text]) => row(`\`retryable\`: ${value}`, text)),
  ].join('\n');
}
