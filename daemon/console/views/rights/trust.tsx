import { openEndSignal } from '../../acts/acts.ts';
import { clock, figure } from '../../format.ts';
import { Empty, Panel, Pill, Table } from '../../parts.tsx';
import { isRemote } from '../../session/place.ts';
import { policy, signals } from '../../state/store.ts';

interface TrustSpec {
  readonly default: { readonly provenance: number; readonly capability_risk: number };
  readonly skills: readonly { readonly name: string; readonly provenance: number; readonly capability_risk: number }[];
  readonly tiers: readonly {
    readonly provenance_below?: number;
    readonly capability_risk_above?: number;
    readonly multiplier: number;
  }[];
  readonly signals: Readonly<Record<string, { readonly multiplier?: number; readonly reduce_only?: boolean }>>;
}

/** `provenance below 0.4: × 0.5`. */
function describeTier({
  provenance_below: low,
  capability_risk_above: high,
  multiplier,
}: TrustSpec['tiers'][number]): string {
  const where = [
    low === undefined ? null : `provenance below ${figure(low)}`,
    high === undefined ? null : `risk above ${figure(high)}`,
  ];
  return `${where.filter((each) => each !== null).join(' and ')}: × ${figure(multiplier)}`;
}
function describeSignal(spec: TrustSpec | undefined, kind: string): string {
  const does = spec?.signals[kind];
  if (does === undefined) return '–';
  return does.reduce_only === true ? 'exits only' : `× ${figure(does.multiplier)}`;
}

/** What monitors report, and how far sources are trusted. */
export function TrustPanel() {
  const active = signals.value ?? [];
  const spec = (policy.value?.policy as { trust?: TrustSpec } | undefined)?.trust;
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
        <dt>Tightened where</dt>
        <dd>{spec?.tiers.map(describeTier).join('; ') || 'nowhere'}</dd>
      </dl>
      {active.length === 0 ? (
        <Empty>No signal is active.</Empty>
      ) : (
        <Table label="Active signals" head={['Kind', 'For', 'Does', 'Severity', 'By', 'Ends', 'Act']} figures={[2, 3]}>
          {active.map((signal) => (
            <tr key={signal.signal_id}>
              <td>
                <Pill kind="reducing">{signal.kind}</Pill>
              </td>
              <td>
                {signal.agent ?? 'every agent'}, {signal.symbol ?? 'every symbol'}
              </td>
              <td class="figure">{describeSignal(spec, signal.kind)}</td>
              <td class="figure">{figure(signal.severity)}</td>
              <td>{signal.set_by}</td>
              <td>{clock(signal.expires_at_ms)}</td>
              <td>
                {isRemote() ? (
                  '–'
                ) : (
                  <button type="button" onClick={() => openEndSignal(signal)}>
                    End<span class="hidden"> signal {signal.signal_id}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
