import { useMemo } from 'preact/hooks';
import type { AgentAccount } from '../../contract/types/accounts.ts';
import { clock, signedUsdt, usdt } from '../format.ts';
import { Empty, Panel, Table } from '../parts.tsx';
import { listDecisions, slowVersion } from '../state/decisions.ts';
import { isGap, type Listed } from '../state/gaps.ts';
import { agents, positions } from '../state/store.ts';

/** What the decisions on this page say of an agent. */
interface Seen {
  lastAtMs: number;
  readonly codes: Map<string, number>;
}

function sumUp(rows: readonly Listed[]): ReadonlyMap<string, Seen> {
  const all = new Map<string, Seen>();
  const seenAt = (agent: string, atMs: number): Seen => {
    const seen = all.get(agent) ?? { lastAtMs: 0, codes: new Map<string, number>() };
    all.set(agent, seen);
    seen.lastAtMs = Math.max(seen.lastAtMs, atMs);
    return seen;
  };
  for (const decision of rows) {
    if (isGap(decision)) {
      for (const agent of Object.keys(decision.byAgent ?? {})) seenAt(agent, decision.at_ms);
      continue;
    }
    if (decision.kind !== 'tool') continue;
    const seen = seenAt(decision.agent, decision.at_ms);
    const code = decision.bound_by ?? decision.reasons[0]?.code;
    if (code !== undefined && decision.decision !== 'ALLOW') seen.codes.set(code, (seen.codes.get(code) ?? 0) + 1);
  }
  return all;
}

const HEAD = ['Agent', 'Today', '7 days', 'Unrealised', 'Fees', 'Requests', 'Cut', 'Blocked', 'Most often'];

/** Profit by agent, with calls of today and what stood in their way. */
export function AgentsPanel() {
  const version = slowVersion.value;
  const seen = useMemo(() => sumUp(listDecisions()), [version]);
  const quantityOf = (of: AgentAccount, symbol: string): string =>
    positions.value?.find((position) => position.symbol === symbol)?.agent_share[of.agent ?? ''] ?? '0';
  const holds = (of: AgentAccount): string =>
    of.holds.map((symbol) => `${quantityOf(of, symbol)} ${symbol}`).join(', ');
  const { agents: all = [], others = null } = agents.value ?? {};
  const last = (of: AgentAccount): number => seen.get(of.agent ?? '')?.lastAtMs ?? 0;
  const rows = [...all].sort((a, b) => last(b) - last(a));
  return (
    <Panel title="Agents" name="agents" note="USDT; calls of today (UTC)">
      {rows.length === 0 && others === null ? (
        <Empty>No agent has asked for anything yet.</Empty>
      ) : (
        <Table label="Agents" head={HEAD} figures={[1, 2, 3, 4, 5, 6, 7]}>
          {rows.map((of) => (
            <Row key={of.agent} of={of} seen={seen.get(of.agent ?? '')} holds={holds(of)} />
          ))}
          {others === null ? null : <Row key="" of={others} seen={undefined} holds={holdingsOf(others)} />}
        </Table>
      )}
    </Panel>
  );
}

function Row({ of, seen, holds }: { of: AgentAccount; seen: Seen | undefined; holds: string }) {
  const { seven_days: week, today, unrealised_usdt: unrealised } = of;
  return (
    <tr>
      <th scope="row">
        {of.agent ?? 'nobody here'}
        <span class="below">{holds === '' ? 'holds nothing' : holds}</span>
      </th>
      <td class="figure">{signedUsdt(today.result_usdt)}</td>
      <td class="figure">{signedUsdt(week.result_usdt)}</td>
      <td class="figure">{signedUsdt(unrealised)}</td>
      <td class="figure">{usdt(today.fees_usdt)}</td>
      <td class="figure">{today.requests}</td>
      <td class="figure">{today.cuts}</td>
      <td class="figure">{today.blocks}</td>
      <td class="reason">
        {seen === undefined ? '–' : mostOften(seen.codes)}
        <span class="below">{seen === undefined ? '' : `last ${clock(seen.lastAtMs)}`}</span>
      </td>
    </tr>
  );
}

function holdingsOf({ positions: held }: AgentAccount): string {
  return held.map(({ quantity, symbol }) => `${quantity} ${symbol}`).join(', ');
}
function mostOften(codes: ReadonlyMap<string, number>): string {
  const [first] = [...codes].sort((a, b) => b[1] - a[1]);
  return first === undefined ? '–' : `${first[0]} (${first[1]})`;
}
