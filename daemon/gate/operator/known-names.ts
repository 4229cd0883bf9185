import type { GateCore } from '../journal/journal.ts';
import { layerKey } from '../state/layers.ts';

const SHOWN_NAMES = 20;

/** Symbols that anything here is about; null while something that was not read yet may be held or rest in another one. */
export function findKnownSymbols(core: GateCore): ReadonlySet<string> | null {
  if (!core.ports.clock.isSynced || core.market.account === null || core.state.rules.size === 0) return null;
  if (core.state.layers.has(layerKey('boot', 'account', null))) return null;
  const { state, policySpec } = core;
  const known = new Set<string>([...policySpec.scope.symbols, ...state.rules.keys(), ...state.markets.keys()]);
  for (const { scope } of Object.values(policySpec.agents))
    for (const symbol of scope?.symbols ?? []) known.add(symbol);
  for (const position of state.positions.values())
    if (position.lots !== 0 || position.disputedLots !== null) known.add(position.symbol);
  for (const order of state.orders.all.values()) known.add(order.symbol);
  for (const layer of state.layers.values()) if (layer.scope === 'symbol' && layer.name !== null) known.add(layer.name);
  return known;
}

/** Agents of tokens, of the policy, of orders and of layers; null where the tokens cannot be asked. */
export function findKnownAgents(core: GateCore): ReadonlySet<string> | null {
  const named = core.ports.agentNames?.();
  if (named === undefined) return null;
  const known = new Set<string>([...named, ...Object.keys(core.policySpec.agents)]);
  for (const order of core.state.orders.all.values()) if (order.agent !== null) known.add(order.agent);
  for (const layer of core.state.layers.values())
    if (layer.scope === 'agent' && layer.name !== null) known.add(layer.name);
  return known;
}

/** `symbol FOO is not known here; known: BTCUSDT, ETHUSDT`. */
export function describeUnknown(what: 'symbol' | 'agent', name: string, known: ReadonlySet<string>): string {
  const names = [...known].sort();
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : '';
  return `${what} ${name} is not known here; known: ${names.slice(0, SHOWN_NAMES).join(', ') || 'none'}${more}`;
}
