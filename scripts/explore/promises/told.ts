import type { Caller } from '../../../daemon/engine/records/callers.ts';
import type { ToolAnswer } from '../../../daemon/engine/records/decisions.ts';
import { readE8 } from '../../../daemon/engine/records/units.ts';
import type { Order } from '../../../daemon/exchange-sim/core/state.ts';
import type { Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { type Decision, OPERATOR } from '../records.ts';

/** More than a world has. */
const ALL = 100_000;

/**
 * At quiet, an agent is told of its own what an operator is told, and nothing of others; what became of an order that it
 * opened is what the exchange's books say; and a cooldown is told as its end is decided.
 * @except another daemon runs, or a ledger was put back
 */
export function findTellingBreaches(history: History): readonly Breach[] {
  const { gate, homes } = history.world;
  if (gate === null || !gate.keeper.isReconciled) return [];
  // What a restore has lost, and what another daemon did, this one need not tell.
  if (homes.restores.length + homes.seconds.length > 0) return [];
  return [...findOutcomes(history), ...findOwnViews(history), ...findCooldowns(history)];
}

type Outcome = ToolAnswer['execution']['state'];

/** By the books alone: what an opening that was sent in whole has come to. */
function outcomeOf(orders: readonly Order[], wantedE8: number): Outcome {
  const executed = orders.reduce((sum, order) => sum + Number(order.executed), 0);
  if (orders.some(({ status }) => status === 'NEW' || status === 'PARTIALLY_FILLED'))
    return executed > 0 ? 'partially_filled' : 'working';
  if (executed > 0) return executed >= wantedE8 ? 'filled' : 'partially_filled';
  if (orders.length === 0 || orders.every(({ status }) => status === 'REJECTED')) return 'rejected';
  return orders.some(({ status }) => status.startsWith('EXPIRED')) ? 'expired' : 'canceled';
}

/**
 * What is told of an opening is what the books say.
 * @except an order of it was never sent
 */
function findOutcomes(history: History): readonly Breach[] {
  const { exchange } = history.world;
  const books = new Map([...exchange.world.state.orders.values()].map((order) => [order.clientOrderId, order]));
  const breaches: Breach[] = [];
  for (const decision of history.decisions.values()) {
    if (!isOpening(decision)) continue;
    const { execution } = history.reportedOf(decision.id) ?? {};
    if (execution === undefined) continue;
    // One that was dropped before it was sent, or of which nobody knows, is no order of the books.
    const isSettled = execution.orders.every(
      ({ client_order_id: id, status }) => books.has(id) || status === 'rejected' || status === 'not_placed',
    );
    if (!isSettled || execution.orders.length === 0) continue;
    const found = execution.orders.flatMap(({ client_order_id: id }) => books.get(id) ?? []);
    const wanted = execution.orders.reduce((sum, { quantity }) => sum + readE8(quantity), 0);
    const outcome = outcomeOf(found, wanted);
    if (execution.state !== outcome)
      breaches.push({
        code: 'told/outcome',
        detail: `${decision.id} is told to be ${execution.state}, by the books it is ${outcome}`,
      });
  }
  return breaches;
}

function isOpening({ event, id, rootId }: Decision): boolean {
  const { decision } = event;
  return id === rootId && decision.kind === 'tool' && decision.effective?.action === 'open';
}

/** Orders and fills of an agent are those of the operator's lists that bear its name, and it sees no account but its own. */
function findOwnViews({ decisions, world: { gate } }: History): readonly Breach[] {
  if (gate === null) return [];
  const breaches: Breach[] = [];
  const orders = gate.getOrders(OPERATOR, {}, ALL, null).items;
  // Whose lots a fill took is for operators alone.
  const fills = gate.getFills(OPERATOR, ALL, null).fills.map(({ holder: _, ...fill }) => fill);
  const known = new Map(gate.getAgents(OPERATOR).agents.map((account) => [account.agent, account]));
  const agents = new Set([...decisions.values()].filter(({ origin }) => origin === 'agent').map(({ agent }) => agent));
  for (const agent of agents) {
    const caller: Caller = { role: 'agent', agent, tokenId: agent, skillSha256: null };
    const compare = (
      what: string,
      own: readonly unknown[],
      all: readonly { readonly agent: string | null }[],
    ): void => {
      const expected = all.filter((row) => row.agent === agent);
      if (JSON.stringify(own) !== JSON.stringify(expected))
        breaches.push({
          code: `told/${what}`,
          detail: `${agent} is told of ${own.length}, of it are ${expected.length}`,
        });
    };
    compare('orders', gate.getOrders(caller, {}, ALL, null).items, orders);
    compare('fills', gate.getFills(caller, ALL, null).fills, fills);
    const seen = gate.getAgents(caller);
    if (seen.others !== null || JSON.stringify(seen.agents) !== JSON.stringify([known.get(agent) ?? seen.agents[0]]))
      breaches.push({
        code: 'told/agents',
        detail: `${agent} is told of ${seen.agents.map((each) => each.agent).join()}`,
      });
  }
  return breaches;
}

/** What is left of a cooldown counts from the last permitted opening of the symbol, whoever asked for it. */
function findCooldowns({ decisions, world: { gate, policies } }: History): readonly Breach[] {
  const { spec } = policies.findLast(({ policy }) => policy.hash === gate?.getPolicy().hash)?.policy ?? {};
  if (gate === null || spec === undefined) return [];
  const breaches: Breach[] = [];
  const { at_ms: nowMs, symbols } = gate.getLimits(OPERATOR, null);
  for (const { cooldown_remaining_ms: reported, regime, symbol } of symbols) {
    const last = [...decisions.values()].findLast((decision) => decision.symbol === symbol && isOpening(decision));
    const endsAtMs = (last?.event.decision.at_ms ?? 0) + spec.market.regimes[regime].cooldown_ms;
    const left = last === undefined ? 0 : Math.max(0, endsAtMs - nowMs);
    if (reported !== left)
      breaches.push({ code: 'told/cooldown', detail: `${symbol}: ${reported} ms told, ${left} by the records` });
  }
  return breaches;
}
