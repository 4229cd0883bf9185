import { type CompiledPolicy, reservationsOf } from '../../core/compiled-policy.ts';
import { REGIME_RANK } from '../../core/features/market.ts';
import type { Scope } from '../../core/keys/key-row.ts';
import { AGENT_KEYS, POLICY_KEYS, POLICY_PATHS } from '../../core/keys/policy-keys.ts';
import { findLooserLimits, isAtMost } from '../../core/looser/is-at-most.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { AgentKey, PolicyPath } from '../../core/policy-paths.ts';
import { findTiers } from '../../core/rules/budgets.ts';
import { opensAt } from '../../core/rules/schedule.ts';
import { everyLiveOrder, isOwnOpening, type OrderState } from '../orders/orders.ts';
import type { PositionState } from '../positions/positions.ts';
import type { LiveInputs } from '../readings/inputs.ts';
import type { SignalEvent } from '../records/people-events.ts';
import { viewLosses } from '../snapshot/agent-losses.ts';
import { MAX_ORDERS } from '../snapshot/agent-view.ts';
import { exposedSymbols } from '../snapshot/exposure.ts';
import { findAccountTiers, liquidationDistance } from '../snapshot/exposure-view.ts';
import type { GateViews } from '../state/views.ts';
import { GATE_AGENT } from './orders.ts';

/**
 * When rule 15 has to look at what rests again, and at which orders, without its shell: pure functions of folded state, live
 * inputs and policy, so that the daemon and a replay review at the same instants (SAE-SAME-CODE).
 */

/** A higher level is tighter; one that is not there is 0. */
interface Level {
  readonly level: number;
  readonly covers: Covers;
}
/** How tight each thing is, and under which policy; null: none was looked at yet. */
export interface Tightness {
  readonly policy: CompiledPolicy | null;
  readonly levels: ReadonlyMap<string, Level>;
  readonly agents: ReadonlySet<string>;
  readonly signals: readonly SignalEvent[];
}
export const LOOSEST: Tightness = { policy: null, levels: new Map(), agents: new Set(), signals: [] };

const STATE_LEVEL = { active: 0, reducing: 1, halted: 2 } as const;
/** A regime that is not known. */
const UNKNOWN_LEVEL = 3;

/** What is tighter than it was, by the orders that it bears on: what merely loosens sends nothing away. */
export function findTightened(now: Tightness, before: Tightness): readonly Covers[] {
  const found: Covers[] = [];
  for (const [key, { covers, level }] of now.levels) if (level > levelIn(before, key)) found.push(covers);
  for (const [key, { covers, level }] of before.levels) if (level < 0 && !now.levels.has(key)) found.push(covers);
  if (now.policy === null || now.policy.hash === before.policy?.hash) return found;
  if (before.policy === null) return [coverAll];
  return [...found, ...findTighterKeys(before.policy.spec, now.policy.spec, now.agents, now.signals)];
}
/** How tight things were, as far as they are as tight still. */
export function stillTight(before: Tightness, now: Tightness): Tightness {
  const levels = new Map<string, Level>();
  for (const [key, { covers, level }] of [...before.levels, ...now.levels]) {
    const least = Math.min(level, levelIn(before, key), levelIn(now, key));
    if (least !== 0) levels.set(key, { covers, level: least });
  }
  return { ...before, levels };
}
function levelIn({ levels }: Tightness, key: string): number {
  return levels.get(key)?.level ?? 0;
}

/** Everything whose tightening asks for a review. */
export function describeTightness(
  state: GateViews,
  inputs: LiveInputs,
  policyFor: (agent: string) => CompiledPolicy,
): Tightness {
  const tMs = state.time.atNow(inputs.nowMs);
  const levels = new Map<string, Level>();
  const policy = policyFor(GATE_AGENT);
  const note = (key: string, level: number, covers: Covers): void => {
    if (level !== 0) levels.set(key, { level, covers });
  };
  const noteKey = (path: PolicyPath, level: number, symbol: string | null = null): void =>
    note(`${path}/${symbol ?? ''}`, level, coverScope(POLICY_KEYS[path].scope, { agent: null, symbol }));
  for (const { layer, name, scope, state: inForce } of state.layers.values())
    note(
      `${layer}/${scope}/${name ?? ''}`,
      STATE_LEVEL[inForce],
      coverNamed({ agent: scope === 'agent' ? name : null, symbol: scope === 'symbol' ? name : null }),
    );
  // Whoever reports it, however often and with whatever severity: a kind of signal binds alike.
  const signals = [...state.signals.active(tMs)].map(({ signal }) => signal);
  for (const signal of signals)
    note(`signal/${signal.kind}/${signal.agent ?? ''}/${signal.symbol ?? ''}`, 1, coverNamed(signal));
  let strictest = 0;
  for (const symbol of exposedSymbols(state)) {
    const regime = inputs.symbols.get(symbol)?.heldRegime;
    const level = regime === undefined ? UNKNOWN_LEVEL : REGIME_RANK[regime];
    noteKey('market.regimes.volatile.notional', level, symbol);
    strictest = Math.max(strictest, level);
    note(`${symbol} orders`, -(state.rules.get(symbol)?.maxOrders ?? MAX_ORDERS), coverSymbol(symbol));
  }
  // The gross cap follows the strictest regime.
  noteKey('budgets.gross_notional_usdt', strictest);
  const account = findAccountTiers(state, inputs, policy);
  if (account !== null) {
    noteKey('account.drawdown.tiers', levelOf(account.drawdown.reached));
    noteKey('account.daily_loss.tiers', levelOf(account.dailyLoss.reached));
    noteKey('account.margin_ratio.tiers', levelOf(account.marginRatio.reached));
  }
  for (const position of state.positions.values()) {
    const { quantityE8, symbol } = position;
    // Fewer lots are a smaller counterweight in the concentration of every other symbol.
    note(`${symbol} lots`, -Math.abs(quantityE8), coverOthers(symbol));
    if (isHeldFor(position, tMs, policy.budgets.holding_time_ms)) noteKey('budgets.holding_time_ms', 1, symbol);
    if (isNear(position, inputs, policy)) noteKey('account.min_liquidation_distance', 1, symbol);
  }
  const agents = new Set<string>();
  for (const order of everyLiveOrder(state.orders))
    if (isOwnOpening(order) && order.agent !== null) agents.add(order.agent);
  for (const agent of agents) noteAgent(agent, policyFor(agent), { state, inputs }, note);
  return { policy, levels, agents, signals };
}

/** What binds one caller. */
function noteAgent(
  agent: string,
  { agentBudgets, lossTiers, schedule, traderState }: CompiledPolicy,
  { inputs, state }: { readonly state: GateViews; readonly inputs: LiveInputs },
  note: (key: string, level: number, covers: Covers) => void,
): void {
  const now = inputs.nowMs;
  const of = { agent, symbol: null };
  const risk = state.trades.risk(agent, now, traderState);
  const reached = risk >= traderState.block_at ? 2 : risk >= traderState.limit_at ? 1 : 0;
  note(`${agent} p_t`, reached, coverScope(POLICY_KEYS['trader_state.limit_at'].scope, of));
  if (lossTiers !== null) {
    const { day_usdt: day, week_usdt: week } = viewLosses(state, inputs, agent);
    const covers = coverScope(AGENT_KEYS.loss.scope, of);
    note(`${agent} day`, levelOf(findTiers(lossTiers.day, day ?? Number.NaN).reached), covers);
    note(`${agent} week`, levelOf(findTiers(lossTiers.week, week ?? Number.NaN).reached), covers);
  }
  if (schedule !== null && opensAt(schedule, now) > now)
    note(`${agent} closed`, 1, coverScope(AGENT_KEYS.schedule.scope, of));
  if (agentBudgets === null) return;
  for (const position of state.positions.values())
    if (isHeldFor(position, state.time.atNow(now), agentBudgets.holding_time_ms))
      note(`${agent} ${position.symbol} old`, 1, coverNamed({ agent, symbol: position.symbol }));
}

/** Of the tier that is reached, which may begin at nothing. */
function levelOf(reached: number | null): number {
  return reached === null ? 0 : 1 + reached;
}

/** What rule 8 holds against a position: its age, and its distance from liquidation. */
function isHeldFor({ sinceMs }: PositionState, tMs: number, longestMs: number): boolean {
  return sinceMs !== null && tMs - sinceMs >= longestMs;
}
function isNear(position: PositionState, inputs: LiveInputs, policy: CompiledPolicy): boolean {
  const { liquidationPrice, quantityE8, symbol } = position;
  const live = inputs.symbols.get(symbol);
  const distance = live === undefined ? null : liquidationDistance(liquidationPrice, quantityE8, live.mark);
  return distance !== null && distance < policy.spec.account.min_liquidation_distance;
}

/** Which orders a tightening bears on, by the one table of scopes (DESIGN 12.5). */

/** Whether a tightening bears on an order. */
type Covers = (order: Pick<OrderState, 'agent' | 'symbol'>) => boolean;
/** Null: whoever's, and in whatever symbol. */
interface Named {
  readonly agent: string | null;
  readonly symbol: string | null;
}

const coverAll: Covers = () => true;
function coverNamed({ agent, symbol }: Named): Covers {
  return (order) => (agent === null || agent === order.agent) && (symbol === null || symbol === order.symbol);
}
function coverSymbol(symbol: string): Covers {
  return (order) => order.symbol === symbol;
}
/** Every symbol but one. */
function coverOthers(symbol: string): Covers {
  return (order) => order.symbol !== symbol;
}

/** Of what binds one caller or one symbol, by the scope of its key. */
function coverScope(scope: Scope | null, { agent, symbol }: Named): Covers {
  if (scope === 'symbol') return coverNamed({ agent: null, symbol });
  return scope === 'caller' ? coverNamed({ agent, symbol: null }) : coverAll;
}

/**
 * What a policy in place of another bears on: of each key that it tightens, the symbols or agents that it names, else every
 * one of its kind. Where no direction of a key is safe, any change of it tightens. `agents`: those with orders; `signals`:
 * those that are active.
 */
function findTighterKeys(
  from: IntendedPolicySpec,
  to: IntendedPolicySpec,
  agents: Iterable<string>,
  signals: readonly SignalEvent[],
): readonly Covers[] {
  // Keys in which the former one is looser.
  const tighter = new Set<string>(isAtMost(from, to).map(({ path }) => path));
  const ofKeys = POLICY_PATHS.flatMap((path) => {
    if (!POLICY_KEYS[path].rests || !tighter.has(path)) return [];
    if (path === 'scope.symbols')
      return from.scope.symbols.filter((symbol) => !to.scope.symbols.includes(symbol)).map(coverSymbol);
    if (POLICY_KEYS[path].scope !== 'signal') return [coverAll];
    return signals.filter(({ kind }) => path.startsWith(`trust.signals.${kind}.`)).map(coverNamed);
  });
  return [...ofKeys, ...findTighterSections(from, to, agents)];
}

function findTighterSections(
  from: IntendedPolicySpec,
  to: IntendedPolicySpec,
  agents: Iterable<string>,
): readonly Covers[] {
  const found: Covers[] = [];
  for (const agent of agents)
    if (findLooserLimits(agent, from, to).some(({ path }) => bearsOnCaller(path)))
      found.push(coverNamed({ agent, symbol: null }));
  const before = reservationsOf(from);
  for (const [symbol, agent] of reservationsOf(to)) if (before.get(symbol) !== agent) found.push(coverSymbol(symbol));
  return found;
}

/** A key of an agent's section, or one below it. */
function bearsOnCaller(path: string): boolean {
  const { rests, scope } = AGENT_KEYS[path.split('.', 1)[0] as AgentKey];
  return rests && scope === 'caller';
}
