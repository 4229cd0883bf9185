import type { AgentAccount, AgentBody, AgentsBody } from '../../contract/types/accounts.ts';
import { DAY_MS, dayOf } from '../../engine/accounts/account-days.ts';
import type { LiveCore } from '../../engine/flow/core.ts';
import { lotsOf } from '../../engine/positions/lots.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { formatQuantityE8 } from '../../engine/records/units.ts';
import type { Owner } from '../../engine/words.ts';
import { symbolsHeldBy } from '../holders.ts';
import { agentSums, round, sumFigures } from './account-sums.ts';
import { dayName } from './periods.ts';

const WEEK_DAYS = 7;

/** The accounts of all agents that have asked for something or hold something; an agent's are its own. */
export function describeAgents(core: LiveCore, caller: Caller): AgentsBody {
  const isAgent = caller.role === 'agent';
  const names = isAgent ? [caller.agent] : [...ownersOf(core)].filter((owner) => owner !== null).sort();
  return {
    agents: names.map((name) => describeAccountOf(core, name)),
    others: isAgent || !ownersOf(core).has(null) ? null : describeAccountOf(core, null),
    as_of_ms: core.nowMs(),
    since_ms: core.state.accounts.sinceMs,
  };
}

/** Null: nothing is known of such an agent, or it is not the caller's to see. */
export function describeAgent(core: LiveCore, caller: Caller, name: string): AgentBody | null {
  const { days, sinceMs } = core.state.accounts;
  if (caller.role === 'agent' ? caller.agent !== name : !ownersOf(core).has(name)) return null;
  const symbols = [...(days.total.figures.get(name) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
  const kept = days.between(0, Number.POSITIVE_INFINITY).filter((day) => day.figures.has(name) || day.asks.has(name));
  return {
    account: describeAccountOf(core, name),
    symbols: symbols.map(([symbol, figures]) => ({ symbol, sums: sumFigures([figures]) })),
    days: kept.reverse().map((day) => ({ day: dayName(day.dayMs), sums: agentSums([day], name) })),
    as_of_ms: core.nowMs(),
    since_ms: sinceMs,
  };
}

function ownersOf({ state: { accounts, positions } }: LiveCore): ReadonlySet<Owner> {
  const owners = new Set<Owner>([...accounts.days.total.figures.keys(), ...accounts.days.total.asks.keys()]);
  for (const { held } of accounts.books.values()) for (const { owner } of held.lots.parts) owners.add(owner);
  for (const { holder } of positions.values()) if (holder !== null) owners.add(holder);
  return owners;
}

function describeAccountOf(core: LiveCore, owner: Owner): AgentAccount {
  const { days } = core.state.accounts;
  const today = dayOf(core.nowMs());
  const positions = positionsOf(core, owner);
  return {
    agent: owner,
    holds: owner === null ? [] : symbolsHeldBy(core, owner),
    positions,
    unrealised_usdt: round(positions.reduce((sum, { unrealised_usdt: usdt }) => sum + (usdt ?? 0), 0)),
    today: agentSums(days.between(today, today), owner),
    seven_days: agentSums(days.between(today - (WEEK_DAYS - 1) * DAY_MS, today), owner),
    total: agentSums([days.total], owner),
  };
}

function positionsOf(core: LiveCore, owner: Owner): AgentAccount['positions'] {
  const { accounts, rules } = core.state;
  const held: AgentAccount['positions'][number][] = [];
  for (const book of [...accounts.books.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))) {
    const quantityE8 = lotsOf(book.held.lots, owner);
    if (quantityE8 === 0) continue;
    const mark = markOf(core, book.symbol);
    const unrealised = mark === null ? null : (accounts.unrealised(book.symbol, mark).get(owner) ?? 0);
    held.push({
      symbol: book.symbol,
      quantity: formatQuantityE8(quantityE8, rules.get(book.symbol)),
      entry_price: String(Number(((book.held.costsE8.get(owner) ?? 0) / quantityE8).toFixed(8))),
      unrealised_usdt: unrealised === null ? null : round(unrealised),
    });
  }
  return held;
}

/** The mark of the feed, else the one that the account was last read with. */
export function markOf(core: LiveCore, symbol: string): number | null {
  const live = core.market.symbol(symbol)?.mark ?? null;
  return live ?? core.state.account?.positions.find((position) => position.symbol === symbol)?.mark_price ?? null;
}
