import { Gauge, type Registry } from 'prom-client';
import type { AgentAccount } from '../../contract/types/accounts.ts';
import type { GateApi } from '../../contract/types/gate-api.ts';
import type { GateCore } from '../../driver/driver.ts';
import { stateInForce } from '../../engine/callers/layers.ts';
import { everyLiveOrder } from '../../engine/orders/orders.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { Families } from '../../http/requests/metrics.ts';

/** More agents than this share the label `other`: whoever creates tokens must not grow the set of series. */
const MAX_AGENTS = 16;
const OTHER = 'other';
const NOBODY: Caller = { role: 'operator', agent: 'gate', tokenId: '', skillSha256: null };
/** Budgets are shown as they are for an agent without limits of its own and without a skill. */
const ANY_AGENT: Caller = { ...NOBODY, role: 'agent' };

interface Watched extends Pick<GateApi, 'getAccount' | 'getAgents' | 'getLimits' | 'getPositions'> {
  readonly core: GateCore;
}

/** Money and agents: only scrapes that show a monitor or operator token see these. */
export class AccountMetrics {
  readonly #registers: Registry[];
  readonly #families: Families;
  readonly #agents = new Set<string>();

  /** @param decisions how many there were, by verdict and agent with a space between them */
  constructor(registers: Registry[], decisions: ReadonlyMap<string, number>) {
    this.#registers = registers;
    this.#families = new Families(registers);
    const labels = ['agent', 'decision'];
    this.#families.counter('holdfast_agent_decisions_total', 'Decisions by agent and verdict', labels, (family) => {
      for (const [key, count] of decisions) {
        const [decision = ''] = key.split(' ', 1);
        family.inc({ agent: this.#labelOf(key.slice(decision.length + 1)), decision }, count);
      }
    });
  }

  #labelOf(agent: string): string {
    if (this.#agents.has(agent)) return agent;
    if (this.#agents.size >= MAX_AGENTS) return OTHER;
    this.#agents.add(agent);
    return agent;
  }

  /** `agentNames`: those who may call now. */
  watch(gate: Watched, agentNames: () => readonly string[]): void {
    this.#watchAccount(gate);
    this.#watchBudgets(gate);
    this.#watchPositions(gate);
    this.#watchAgents(gate, agentNames);
  }

  /** One value, or none while it is unknown. */
  #gauge(name: string, help: string, read: () => number | null): void {
    new Gauge({
      name,
      help,
      registers: this.#registers,
      collect() {
        this.remove();
        const value = read();
        if (value !== null) this.set(value);
      },
    });
  }

  #watchAccount(gate: Watched): void {
    const read = (field: keyof ReturnType<GateApi['getAccount']>) => () => {
      if (!gate.core.ports.clock.isSynced) return null;
      const value = gate.getAccount()[field];
      return typeof value === 'number' ? value : null;
    };
    this.#gauge('holdfast_equity_usdt', 'Margin balance of the account', read('equity_usdt'));
    this.#gauge('holdfast_available_usdt', 'Balance that is free for margin', read('available_usdt'));
    this.#gauge('holdfast_drawdown_ratio', 'Loss against the highest equity of the window', read('drawdown'));
    this.#gauge('holdfast_daily_loss_ratio', "Loss against the day's reference", read('daily_loss'));
    this.#gauge('holdfast_margin_ratio', 'Maintenance margin by margin balance', read('margin_ratio'));
    this.#gauge('holdfast_turnover_usdt', 'Turnover of the last 24 hours', read('turnover_24h_usdt'));
    this.#gauge('holdfast_fees_usdt', 'Fees of the last 24 hours', read('fees_24h_usdt'));
  }

  #watchBudgets(gate: Watched): void {
    const lines = function* () {
      if (!gate.core.ports.clock.isSynced) return;
      for (const { symbol, budgets } of gate.getLimits(ANY_AGENT, null).symbols)
        for (const line of budgets) yield { ...line, labels: { symbol, budget: line.component } };
    };
    const ratio = (part: number, base: number): number => (base > 0 ? part / base : 0);
    const gauge = (
      name: string,
      what: string,
      read: (line: { base: number; remaining: number; limit: number }) => number,
    ) =>
      this.#families.gauge(name, `${what}, as a part of what the policy gives`, ['symbol', 'budget'], (family) => {
        for (const line of lines()) family.set(line.labels, read(line));
      });
    gauge('holdfast_budget_left_ratio', 'What is left of a budget', ({ base, remaining }) => ratio(remaining, base));
    gauge('holdfast_budget_cap_ratio', 'The cap in force of a budget', ({ base, limit }) => ratio(limit, base));
  }

  #watchPositions(gate: Watched): void {
    const help = 'Position at the mark, below 0 when short; symbols outside the policy together';
    this.#families.gauge('holdfast_position_notional_usdt', help, ['symbol'], (family) => {
      const { symbols } = gate.core.policySpec.scope;
      for (const symbol of symbols) family.set({ symbol }, 0);
      for (const { symbol, quantity, notional_usdt: notional } of gate.getPositions(NOBODY).positions) {
        const signed = quantity.startsWith('-') ? -notional : notional;
        if (symbols.includes(symbol)) family.set({ symbol }, signed);
        else family.inc({ symbol: OTHER }, notional);
      }
    });
  }

  #watchProfits(gate: Watched): void {
    const gauge = (name: string, help: string, read: (account: AgentAccount) => number): void =>
      this.#families.gauge(name, help, ['agent'], (family) => {
        if (!gate.core.ports.clock.isSynced) return;
        for (const account of gate.getAgents(NOBODY).agents)
          if (account.agent !== null) family.inc({ agent: this.#labelOf(account.agent) }, read(account));
      });
    gauge(
      'holdfast_agent_result_usdt',
      'Realised profit and funding less fees, in total',
      ({ total }) => total.result_usdt,
    );
    gauge('holdfast_agent_unrealised_usdt', 'Unrealised profit at the mark', (account) => account.unrealised_usdt);
  }

  #watchAgents(gate: Watched, agentNames: () => readonly string[]): void {
    const { core } = gate;
    const perAgent = (name: string, help: string, read: (agent: string) => number): void =>
      this.#families.gauge(name, help, ['agent'], (family) => {
        for (const agent of agentNames()) this.#labelOf(agent);
        if (core.ports.clock.isSynced) for (const agent of this.#agents) family.set({ agent }, read(agent));
      });
    const { pacing } = core.state;
    this.#watchProfits(gate);
    perAgent('holdfast_agent_turnover_usdt', "Turnover of the agent's last 24 hours", (agent) =>
      pacing.readAgent(agent).turnover.sum(core.passedMs()),
    );
    perAgent('holdfast_agent_fees_usdt', "Fees of the agent's last 24 hours", (agent) =>
      pacing.readAgent(agent).fees.sum(core.passedMs()),
    );
    perAgent('holdfast_agent_open_orders', "The agent's orders that are not proven to be over", (agent) => {
      let count = 0;
      for (const order of everyLiveOrder(core.state.orders)) if (order.agent === agent) count += 1;
      return count;
    });
    perAgent('holdfast_agent_active', '1 when no trading state keeps the agent from opening', (agent) =>
      stateInForce(core.state.layers, core.passedMs(), null, agent).state === 'active' ? 1 : 0,
    );
  }
}
