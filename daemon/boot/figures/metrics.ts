import { Counter, Registry } from 'prom-client';
import type { Gate } from '../../driver/gate.ts';
import { isOver } from '../../engine/callers/layers.ts';
import type { ObserverPort } from '../../engine/flow/core.ts';
import { everyLiveOrder, isLost } from '../../engine/orders/orders.ts';
import { DurationHistogram, Families } from '../../http/requests/metrics.ts';
import type { TokenStore } from '../../ledger/types.ts';
import { AccountMetrics } from './account-metrics.ts';

const STATES = ['active', 'reducing', 'halted'] as const;
const LAYERS = ['operator', 'breaker', 'boot', 'condition'] as const;

/** What the ledger tells of itself. */
interface LedgerFigures {
  readonly stats: { readonly commits: number; readonly records: number };
  readonly tokens: Pick<TokenStore, 'listTokens'>;
}
/** The gate's own Prometheus metrics; HTTP adds its own. */
export interface GateMetrics {
  readonly observer: ObserverPort;
  /** What is read from the gate and the ledger at each scrape. */
  watch(gate: Gate, ledger: LedgerFigures): void;
  /** `withAccount`: also money and agents. */
  text(withAccount: boolean): Promise<string>;
}

export function createGateMetrics(): GateMetrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const families = new Families(registers);
  const accountRegistry = new Registry();
  const byAgent = new Tally();
  const account = new AccountMetrics([accountRegistry], byAgent.counts);
  const decisions = tally(families, 'holdfast_decisions_total', 'Decisions by kind, tool and verdict', [
    'kind',
    'tool',
    'decision',
  ]);
  const reasons = tally(families, 'holdfast_reasons_total', 'Reasons that tightened or denied, by code', ['code']);
  const durations = new DurationHistogram(
    'holdfast_decide_seconds',
    'Time of snapshot and decide',
    [2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2],
  );
  const decideSeries = durations.createSeries();
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
  const summed = tally(
    families,
    'holdfast_requests_summed_total',
    "Calls without an effect beyond an agent's budget, which are only summed",
    ['kind'],
  );
  return {
    observer: {
      // biome-ignore lint/complexity/useMaxParams: as the gate's port has it
      decided: (agent, kind, tool, verdict, codes, elapsedNs) => {
        decisions.add(`${kind} ${tool} ${verdict}`);
        byAgent.add(`${verdict} ${agent}`);
        for (const code of codes) reasons.add(code);
        durations.observe(decideSeries, elapsedNs / 1e9);
      },
      submitted: (outcome) => submits.inc({ outcome }),
      alerted: (code) => alerts.inc({ code }),
      summed: (kind) => summed.add(kind),
    },
    watch: (gate, ledger) => {
      watchGate(families, gate);
      watchAlertChannels(families, gate);
      watchLedger(families, ledger);
      account.watch(gate, () => listAgents(ledger));
    },
    text: async (withAccount) => {
      const parts = [await registry.metrics(), durations.format([{ labels: '', series: decideSeries }])];
      if (withAccount) parts.push(await accountRegistry.metrics());
      return `${parts.map((part) => part.trimEnd()).join('\n')}\n`;
    },
  };
}

function listAgents({ tokens }: LedgerFigures): readonly string[] {
  const live = tokens.listTokens().filter(({ role, revoked_at_ms: end }) => role === 'agent' && end === null);
  return live.map(({ agent, name }) => agent ?? name);
}

function watchGate(families: Families, gate: Gate): void {
  const gauge = (name: string, help: string, read: () => number): void =>
    families.gauge(name, help, [], (family) => family.set(read()));
  gauge('holdfast_ready', '1 when ready', () => (gate.readiness().ready ? 1 : 0));
  gauge('holdfast_policy_pending', '1 while a looser policy waits for an operator', () =>
    gate.readiness().pending_policy === null ? 0 : 1,
  );
  gauge('holdfast_open_orders', 'Orders not proven terminal', () => gate.openOrderCount());
  gauge('holdfast_unknown_orders', 'Orders whose outcome is unknown', () => gate.unknownOrderCount());
  gauge('holdfast_lost_orders', 'Orders that are lost', () => {
    let count = 0;
    for (const order of everyLiveOrder(gate.core.state.orders)) if (isLost(order)) count += 1;
    return count;
  });
  const ofAccount = 'Trading state of the account: 1 for the one in force';
  families.gauge('holdfast_trading_state', ofAccount, ['state'], (family) => {
    const inForce = gate.readiness().trading_state;
    for (const state of STATES) family.set({ state }, state === inForce ? 1 : 0);
  });
  const ofLayers = 'Restrictions that stand, by layer: of the account, symbols and agents';
  families.gauge('holdfast_state_layers', ofLayers, ['layer'], (family) => {
    for (const layer of LAYERS) family.set({ layer }, 0);
    const { ports, state } = gate.core;
    const now = ports.clock.isSynced ? gate.core.passedMs() : Number.NEGATIVE_INFINITY;
    for (const entry of state.layers.values()) if (!isOver(entry, now)) family.inc({ layer: entry.layer });
  });
}

function watchLedger(families: Families, ledger: LedgerFigures): void {
  const counter = (name: string, help: string, read: () => number): void =>
    families.counter(name, help, [], (family) => family.inc(read()));
  counter('holdfast_ledger_records_total', 'Records committed by this process', () => ledger.stats.records);
  counter('holdfast_ledger_commits_total', 'Commits of this process', () => ledger.stats.commits);
}

/** Read from the outbox at each scrape: it survives restarts, so its counters do too. */
function watchAlertChannels(families: Families, { core }: Gate): void {
  const silent = '1 when the channel has failed for an hour';
  families.gauge('holdfast_alert_channel_silent', silent, ['channel'], (family) => {
    for (const [channel, { isSilent }] of core.state.outbox.channels) family.set({ channel }, isSilent ? 1 : 0);
  });
  const waits = 'Groups of equal alerts that the channel was not told yet';
  families.gauge('holdfast_alert_groups_waiting', waits, ['channel'], (family) => {
    for (const [channel, { outgoing, waiting }] of core.state.outbox.channels)
      family.set({ channel }, waiting.size + (outgoing?.groups.length ?? 0));
  });
  const messages = 'Messages of the channel, by outcome';
  families.counter('holdfast_alert_messages_total', messages, ['channel', 'outcome'], (family) => {
    for (const [channel, { delivered, dropped }] of core.state.outbox.channels) {
      family.inc({ channel, outcome: 'delivered' }, delivered);
      family.inc({ channel, outcome: 'dropped' }, dropped);
    }
  });
}

/** What reaches prom-client only at a scrape: hashing labels at every decision would cost more. */
class Tally {
  readonly counts = new Map<string, number>();

  /** `key`: label values, separated by spaces. */
  add(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }
}
/** Of keys of our own words (kinds, tools, verdicts, codes). */
function tally(families: Families, name: string, help: string, labelNames: readonly string[]): Tally {
  const tallied = new Tally();
  families.counter(name, help, labelNames, (family) => {
    for (const [key, count] of tallied.counts) {
      const values = key.split(' ');
      family.inc(Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? ''])), count);
    }
  });
  return tallied;
}
