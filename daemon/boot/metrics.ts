import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Gate } from '../gate/gate.ts';
import type { ObserverPort } from '../gate/ports.ts';

/** The gate's own Prometheus metrics; HTTP adds its own. */
export interface GateMetrics {
  readonly observer: ObserverPort;
  /** Gauges that are read from the gate when somebody scrapes. */
  watch(gate: Gate, ledger: { readonly stats: { readonly commits: number; readonly records: number } }): void;
  text(): Promise<string>;
}

export function createGateMetrics(): GateMetrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const decisions = new Counter({
    name: 'holdfast_decisions_total',
    help: 'Decisions by kind, tool and verdict',
    labelNames: ['kind', 'tool', 'decision'],
    registers,
  });
  const reasons = new Counter({
    name: 'holdfast_reasons_total',
    help: 'Reasons that tightened or denied, by code',
    labelNames: ['code'],
    registers,
  });
  const duration = new Histogram({
    name: 'holdfast_decide_seconds',
    help: 'Time of snapshot and decide',
    buckets: [2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2],
    registers,
  });
  const submits = new Counter({
    name: 'holdfast_venue_outcomes_total',
    help: 'Outcomes of orders, amends and cancels at the venue',
    labelNames: ['outcome'],
    registers,
  });
  const alerts = new Counter({
    name: 'holdfast_alerts_total',
    help: 'Alerts by code',
    labelNames: ['code'],
    registers,
  });
  const boundDecisions = new BoundCounter(decisions);
  const boundReasons = new BoundCounter(reasons);
  return {
    observer: {
      decided: (kind, tool, verdict, codes, elapsedNs) => {
        boundDecisions.of(`${kind} ${tool} ${verdict}`, () => ({ kind, tool, decision: verdict })).inc();
        for (const code of codes) boundReasons.of(code, () => ({ code })).inc();
        duration.observe(elapsedNs / 1e9);
      },
      submitted: (outcome) => submits.inc({ outcome }),
      alerted: (code) => alerts.inc({ code }),
    },
    watch: (gate, ledger) => {
      const gauge = (name: string, help: string, read: () => number): void => {
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read());
          },
        });
      };
      gauge('holdfast_ready', '1 when ready', () => (gate.readiness().ready ? 1 : 0));
      gauge('holdfast_ledger_records_total', 'Records committed by this process', () => ledger.stats.records);
      gauge('holdfast_ledger_commits_total', 'Commits of this process', () => ledger.stats.commits);
      gauge('holdfast_open_orders', 'Orders not proven terminal', () => gate.openOrderCount());
      gauge('holdfast_unknown_orders', 'Orders whose outcome is not known', () => gate.unknownOrderCount());
      gauge(
        'holdfast_equity_usdt',
        'Margin balance of the account',
        () => gate.core.market.account?.marginBalanceUsdt ?? Number.NaN,
      );
    },
    text: () => registry.metrics(),
  };
}

/** A counter's children by key: hashing labels anew at every decision would cost more than counting. */
class BoundCounter<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #children = new Map<string, Counter.Internal>();

  constructor(counter: Counter<Label>) {
    this.#counter = counter;
  }

  /** `labels` is asked for once a key. Keys are closed lists of ours (kinds, tools, verdicts, codes). */
  of(key: string, labels: () => Partial<Record<Label, string>>): Counter.Internal {
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    const child = this.#counter.labels(labels());
    this.#children.set(key, child);
    return child;
  }
}
