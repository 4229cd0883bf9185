import { useMemo } from 'preact/hooks';
import { boundByOf, type ListedDecision, listDecisions, slowVersion } from '../decisions.ts';
import { clock } from '../format.ts';
import { Empty, Panel, Table } from '../parts.tsx';
import { positions } from '../store.ts';

interface AgentSum {
  readonly name: string;
  requests: number;
  cuts: number;
  blocks: number;
  lastAtMs: number;
  readonly codes: Map<string, number>;
}

function sumUp(decisions: readonly ListedDecision[]): readonly AgentSum[] {
  const sums = new Map<string, AgentSum>();
  for (const decision of decisions) {
    if (decision.kind !== 'tool') continue;
    let sum = sums.get(decision.agent);
    if (sum === undefined) {
      sum = { name: decision.agent, requests: 0, cuts: 0, blocks: 0, lastAtMs: 0, codes: new Map() };
      sums.set(decision.agent, sum);
    }
    sum.requests += 1;
    if (decision.decision === 'LIMIT') sum.cuts += 1;
    if (decision.decision === 'BLOCK') sum.blocks += 1;
    sum.lastAtMs = Math.max(sum.lastAtMs, decision.at_ms);
    const code = boundByOf(decision.decision_id) ?? decision.reasons[0]?.code;
    if (code !== undefined && decision.decision !== 'ALLOW') sum.codes.set(code, (sum.codes.get(code) ?? 0) + 1);
  }
  return [...sums.values()].sort((a, b) => b.lastAtMs - a.lastAtMs);
}

export function AgentsPanel() {
  const version = slowVersion.value;
  const sums = useMemo(() => sumUp(listDecisions()), [version]);
  const held = new Map<string, string[]>();
  for (const { symbol, agent_share: shares } of positions.value ?? [])
    for (const [agent, quantity] of Object.entries(shares))
      held.set(agent, [...(held.get(agent) ?? []), `${quantity} ${symbol}`]);
  return (
    <Panel title="Agents" name="agents" note="in the decisions on this page">
      {sums.length === 0 ? (
        <Empty>No agent has asked for anything yet.</Empty>
      ) : (
        <Table
          label="Agents"
          head={['Agent', 'Requests', 'Cut', 'Blocked', 'Most often', 'Holds', 'Last']}
          figures={[1, 2, 3]}
        >
          {sums.map((sum) => (
            <tr key={sum.name}>
              <th scope="row">{sum.name}</th>
              <td class="figure">{sum.requests}</td>
              <td class="figure">{sum.cuts}</td>
              <td class="figure">{sum.blocks}</td>
              <td>{mostOften(sum.codes)}</td>
              <td>{held.get(sum.name)?.join(', ') ?? 'nothing'}</td>
              <td>{clock(sum.lastAtMs)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}

function mostOften(codes: ReadonlyMap<string, number>): string {
  const [first] = [...codes].sort((a, b) => b[1] - a[1]);
  return first === undefined ? '–' : `${first[0]} (${first[1]})`;
}
