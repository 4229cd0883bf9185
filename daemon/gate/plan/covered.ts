import { canonicalJson } from '../../core/canonical-json.ts';
import { agentSection, reservationsOf } from '../../core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { type AgentKey, type PolicyPath, valueAt } from '../../core/policy-paths.ts';
import { AGENT_SCOPES, SCOPES, type Scope } from '../../core/scopes.ts';
import type { SignalEvent } from '../events.ts';
import type { OrderState } from '../state/orders.ts';
/** Which orders a tightening bears on, by the one table of scopes (DESIGN 12.5). */

/** Null: whoever's, and in whatever symbol. */
export interface Covered {
  readonly agent: string | null;
  readonly symbol: string | null;
}
export const EVERYTHING: Covered = { agent: null, symbol: null };

export function covers({ agent, symbol }: Covered, order: Pick<OrderState, 'agent' | 'symbol'>): boolean {
  return (agent === null || agent === order.agent) && (symbol === null || symbol === order.symbol);
}

/** Of what binds one caller or one symbol, by the scope of its key. */
export function coveredBy(scope: Scope | null, { agent, symbol }: Covered): Covered {
  if (scope === 'symbol') return { agent: null, symbol };
  return scope === 'caller' ? { agent, symbol: null } : EVERYTHING;
}

const PATHS = Object.keys(SCOPES) as readonly PolicyPath[];
const AGENT_KEYS = Object.keys(AGENT_SCOPES) as readonly AgentKey[];

/**
 * What another policy bears on: of each key that differs, the symbols or agents that it names, else every one of its kind.
 * `agents`: those with orders; `signals`: those that are active.
 */
export function findChanged(
  from: IntendedPolicySpec,
  to: IntendedPolicySpec,
  agents: Iterable<string>,
  signals: readonly SignalEvent[],
): readonly Covered[] {
  return PATHS.flatMap((path) => {
    if (!SCOPES[path].rests || isEqual(valueAt(from, path), valueAt(to, path))) return [];
    if (path === 'agents') return findChangedSections(from, to, agents);
    if (path === 'scope.symbols') return differing(from.scope.symbols, to.scope.symbols).map(ofSymbol);
    if (SCOPES[path].scope !== 'signal') return [EVERYTHING];
    return signals.filter(({ kind }) => path.startsWith(`trust.signals.${kind}.`));
  });
}

function findChangedSections(
  from: IntendedPolicySpec,
  to: IntendedPolicySpec,
  agents: Iterable<string>,
): readonly Covered[] {
  const found: Covered[] = [];
  for (const agent of agents) {
    const [before, after] = [agentSection(from, agent), agentSection(to, agent)];
    const isChanged = AGENT_KEYS.some(
      (key) => AGENT_SCOPES[key].rests && AGENT_SCOPES[key].scope === 'caller' && !isEqual(before[key], after[key]),
    );
    if (isChanged) found.push({ agent, symbol: null });
  }
  const [before, after] = [reservationsOf(from), reservationsOf(to)];
  const moved = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
  return [...found, ...moved.map(ofSymbol)];
}

/** Members of one list alone. */
function differing(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a.filter((member) => !b.includes(member)), ...b.filter((member) => !a.includes(member))];
}
function ofSymbol(symbol: string): Covered {
  return { agent: null, symbol };
}
function isEqual(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}
