import { openEndSignal } from '../acts.ts';
import { clock, factor, figure } from '../format.ts';
import { Empty, Panel, Pill, Table } from '../parts.tsx';
import { limits, policy, signals } from '../store.ts';

interface TrustSpec {
  readonly default: { readonly provenance: number; readonly capability_risk: number };
  readonly skills: readonly { readonly name: string; readonly provenance: number; readonly capability_risk: number }[];
}

/** What monitors report, and how far sources are trusted. */
export function TrustPanel() {
  const active = signals.value ?? [];
  const spec = (policy.value?.policy as { trust?: TrustSpec } | undefined)?.trust;
  const now = limits.value?.symbols[0]?.factors;
  return (
    <Panel
      title="Trust and signals"
      name="trust"
      note={active.length === 1 ? 'one signal' : `${active.length} signals`}
    >
      <dl class="facts">
        <dt>Token without a skill</dt>
        <dd>
          provenance {figure(spec?.default.provenance)}, risk {figure(spec?.default.capability_risk)}
        </dd>
        <dt>Skills in the policy</dt>
        <dd>
          {spec === undefined || spec.skills.length === 0 ? 'none' : spec.skills.map((skill) => skill.name).join(', ')}
        </dd>
        <dt>Factor on notional now</dt>
        <dd>
          {now === undefined ? '–' : `trust ${factor(now.trust.notional)}, trader state ${factor(now.trader.notional)}`}
        </dd>
      </dl>
      {active.length === 0 ? (
        <Empty>No signal is active.</Empty>
      ) : (
        <Table label="Active signals" head={['Kind', 'For', 'Severity', 'By', 'Ends', 'Act']} figures={[2]}>
          {active.map((signal) => (
            <tr key={signal.signal_id}>
              <td>
                <Pill kind="reducing">{signal.kind}</Pill>
              </td>
              <td>
                {signal.agent ?? 'every agent'}, {signal.symbol ?? 'every symbol'}
              </td>
              <td class="figure">{figure(signal.severity)}</td>
              <td>{signal.set_by}</td>
              <td>{clock(signal.expires_at_ms)}</td>
              <td>
                <button type="button" onClick={() => openEndSignal(signal)}>
                  End<span class="hidden"> signal {signal.signal_id}</span>
                </button>
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
