import { reservationsOf } from '../../core/compiled-policy.ts';
import type { Scope } from '../../core/keys/key-row.ts';
import { AGENT_KEYS, POLICY_KEYS, POLICY_PATHS } from '../../core/keys/policy-keys.ts';
import { findLooserLimits, isAtMost } from '../../core/looser/is-at-most.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { AgentKey } from '../../core/policy-paths.ts';
import type { OrderState } from '../orders/orders.ts';
import type { SignalEvent } from '../records/events.ts';
/** Which orders a tightening bears on, by the one table of scopes (DESIGN 12.5). */

/** Whether a tightening bears on an order. */
export type Covers = (order: Pick<OrderState, 'agent' | 'symbol'>) => boolean;
/** Null: whoever's, and in whatever symbol. */
export interface Named {
  readonly agent: string | null;
  readonly symbol: string | null;
}

export const coverAll: Covers = () => true;
export function coverNamed({ agent, symbol }: Named): Covers {
  return (order) => (agent === null || agent === order.agent) && (symbol === null || symbol === order.symbol);
}
export function coverSymbol(symbol: string): Covers {
  return (order) => order.symbol === symbol;
}
/** Every symbol but one. */
export function coverOthers(symbol: string): Covers {
  return (order) => order.symbol !== symbol;
}

/** Of what binds one caller or one symbol, by the scope of its key. */
export function coverScope(scope: Scope | null, { agent, symbol }: Named): Covers {
  if (scope === 'symbol') return coverNamed({ agent: null, symbol });
  return scope === 'caller' ? coverNamed({ agent, symbol: null }) : coverAll;
}

/**
 * What a policy in place of another bears on: of each key that it tightens, the symbols or agents that it names, else every
 * one of its kind. Where no direction of a key is safe, any change of it tightens. `agents`: those with orders; `signals`:
 * those that are active.
 */
export function findTighterKeys(
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
