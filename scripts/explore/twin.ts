import type { ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import { readE8 } from '../../daemon/engine/records/units.ts';
import type { Breach } from './breach.ts';
import { type History, readHistory } from './history.ts';
import type { AgentName, Plan, Step, SymbolName } from './plan.ts';
import { exitsAtRestE8 } from './promises/resting.ts';
import type { CallRecord } from './records.ts';
import { playPlan } from './run-plan.ts';
import { World } from './world.ts';

/** What an agent can say of a call of its own when all is over. */
interface Outcome {
  readonly step: number;
  readonly tool: string;
  readonly decision: string;
  readonly reasons: string;
  readonly quantityE8: number;
}

/** Calls that are the agents' own; all else stays in the twin. */
const OF_AGENTS = new Set(['open', 'close', 'exit', 'ladder', 'amend', 'cancel', 'cancel_all', 'repeat', 'flood']);
/** Longer than a call is answered in. */
const APART_MS = 3_100;
/** A move by more turns the regime at once, for whoever asks right after the first price that shows it. */
const MAX_BPS = 1_000;
const BINDS_NOTHING = { order: 5_000, symbol: 10_000_000, gross: 30_000_000 } as const;
/** Small factors are no bound either: of the market, and of the trust in a skill that nobody knows. */
const ANY_RATE = { 'budgets.order_rate': { max: 100_000, window_ms: 60_000 } } as const;

/** Books in which nobody's order is felt by the next. */
const DEEP: readonly Step[] = (['BTCUSDT', 'ETHUSDT'] as const).map((symbol) => ({
  gap: 0,
  do: { kind: 'depth', symbol, usdt: 5_000_000 },
}));

/** One agent holds a symbol: each has one of its own, and beyond that there are no agents. */
const OWN_SYMBOL: { readonly [agent in AgentName]?: SymbolName } = { alpha: 'BTCUSDT', beta: 'ETHUSDT' };

/**
 * The plan as it shows what agents do to each other, each in a symbol of its own: nothing is left to chance, no cap of the account binds, nobody
 * turns the market against the others, and what strikes whoever comes first (faults, crashes) is left out.
 */
export function plainPlan(plan: Plan): Plan {
  const side = plan.steps.map(({ do: action }) => (action.kind === 'open' ? action.side : null)).find(Boolean) ?? 'buy';
  const steps = plan.steps.filter(
    ({ do: action }) =>
      (OF_AGENTS.has(action.kind) && !namesAnother(action)) ||
      (action.kind === 'mark' && Math.abs(action.bps) < MAX_BPS),
  );
  const { account: _small, concentration: _share, policy: _keys, ...setup } = plan.setup;
  return {
    ...plan,
    setup: {
      ...setup,
      noise: 0,
      caps: BINDS_NOTHING,
      policy: ANY_RATE,
      stopBps: null,
      onBreach: 'hold',
      cooldownMs: 0,
    },
    steps: [
      ...DEEP,
      ...steps
        .flatMap(inOwnSymbol)
        .map((step): Step => (step.do.kind === 'open' ? { ...step, do: { ...step.do, side } } : step)),
    ],
  };
}

/** Alone there is no order of another's to be named, nor one whose id is made up into nobody's. */
function namesAnother(action: Step['do']): boolean {
  return 'of' in action && action.of !== undefined && action.of !== action.agent;
}

function inOwnSymbol(step: Step): readonly Step[] {
  const { do: action } = step;
  if (!('agent' in action)) return [step];
  const symbol = OWN_SYMBOL[action.agent];
  if (symbol === undefined) return [];
  return ['symbol' in action ? ({ ...step, do: { ...action, symbol } } as Step) : step];
}

/** The same without the calls of all others; time passes as it did. */
export function twinOf(plan: Plan, agent: AgentName): Plan {
  const steps: Step[] = plan.steps.map((step) =>
    OF_AGENTS.has(step.do.kind) && 'agent' in step.do && step.do.agent !== agent
      ? { gap: step.gap, do: { kind: 'wait' } }
      : step,
  );
  return { ...plan, steps };
}

/** One agent's calls change nothing for another: each agent's answers and fills are those of a world of its own. */
export function findInterference(plan: Plan): Promise<readonly Breach[]> {
  return compareTwins(timed(plainPlan(plan)));
}

/** As {@link findInterference}, of the plan as it is. */
export async function compareTwins(together: Plan): Promise<readonly Breach[]> {
  const agents = new Set(together.steps.flatMap(({ do: action }) => ('agent' in action && action.agent) || []));
  if (agents.size < 2) return [];
  const { outcomes: all, grewBesideItsOwn } = await outcomesOf(together);
  const breaches: Breach[] = [];
  for (const agent of agents as ReadonlySet<AgentName>) {
    if (grewBesideItsOwn.has(agent)) continue;
    const { outcomes: alone } = await outcomesOf(twinOf(together, agent));
    const [here, there] = [all.get(agent) ?? [], alone.get(agent) ?? []];
    const index = here.findIndex((outcome, at) => JSON.stringify(outcome) !== JSON.stringify(there[at]));
    if (index === -1 && here.length === there.length) continue;
    breaches.push({
      code: 'others/changed',
      detail: `${agent}: ${JSON.stringify(here[index] ?? null)} beside others, ${JSON.stringify(there[index] ?? null)} alone`,
    });
  }
  return breaches;
}

/**
 * Milliseconds are the venue's: the first order of a symbol waits for its leverage. What one agent does comes one after
 * the other, and what several do in one turn stays so.
 */
function timed(plan: Plan): Plan {
  const steps = plan.steps.map(({ gap, do: action }): Step => {
    if (gap === 'parallel') return { gap, do: action };
    return { gap: Math.max(APART_MS, typeof gap === 'number' ? gap : 0), do: action };
  });
  return { ...plan, steps };
}

interface Outcomes {
  readonly outcomes: ReadonlyMap<string, readonly Outcome[]>;
  /**
   * Agents of whose exits one was not to grow beyond the share, less what else of theirs rests or is under way. Who holds alone may have it
   * grow: reduceOnly keeps all of its exits within the position. Beside others they could close what is another's.
   */
  readonly grewBesideItsOwn: ReadonlySet<string>;
}

async function outcomesOf(plan: Plan): Promise<Outcomes> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const outcomes = new Map<string, Outcome[]>();
    for (const call of world.calls) {
      const known = outcomes.get(call.agent) ?? [];
      known.push(outcomeOf(world, call));
      outcomes.set(call.agent, known);
    }
    const history = readHistory(world, plan);
    const refused = world.calls.filter((call) => growsBesideItsOwn(history, call));
    return { outcomes, grewBesideItsOwn: new Set(refused.map(({ agent }) => agent)) };
  } finally {
    world.close();
  }
}

function growsBesideItsOwn(history: History, { agent, answer, args, askedAtMs: atMs, tool }: CallRecord): boolean {
  if (tool !== 'modify_order' || answer?.decision.reasons[0]?.code !== 'MODIFY_NOT_ALLOWED') return false;
  const { decision, planned } = history.orders.get(String(args.client_order_id)) ?? {};
  if (decision?.agent !== agent || planned?.reduce_only !== true) return false;
  const { symbol } = planned;
  const asked = answer.decision.reasons[0].observed;
  const held = Math.abs(history.shareAt(agent, symbol, atMs));
  const beside = exitsAtRestE8(history, agent, symbol, atMs) + exitsUnderWayE8(history, agent, symbol, answer);
  return beside > planned.quantity_e8 && Number(asked) <= held;
}

/** Lots that an agent's exits of a symbol were still to close as a call was decided. */
function exitsUnderWayE8({ decisions, events }: History, agent: string, symbol: string, answer: ToolAnswer): number {
  const decided = decisions.get(answer.decision.decision_id)?.seq ?? 0;
  const open = new Map<string, number>();
  for (const { event, seq } of events) {
    if (seq > decided) break;
    if (event.kind !== 'exit_target') continue;
    const { payload } = event;
    if (payload.action === 'ended') open.delete(payload.decision_id);
    else if (payload.action === 'opened' && payload.agent === agent && payload.symbol === symbol)
      open.set(payload.decision_id, payload.quantity_e8);
  }
  return [...open.values()].reduce((sum, quantityE8) => sum + quantityE8, 0);
}

function outcomeOf(world: World, { agent, answer, outcome, step, tool }: CallRecord): Outcome {
  if (answer === null) return { step, tool, decision: outcome, reasons: '', quantityE8: 0 };
  const { decision } = answer;
  const caller = { role: 'agent', agent, tokenId: agent, skillSha256: null } as const;
  // What became of it, not what was known when it was answered.
  const { execution } = world.gate?.getDecision(caller, decision.decision_id) ?? answer;
  const quantityE8 = execution.orders.reduce((sum, order) => sum + readE8(order.filled_quantity), 0);
  // Why nothing is done may be said in other words: that there is nothing to close, or nothing of its own.
  // The market of what another one holds tightens the account's cap as well, which binds nothing here.
  const reported = decision.reasons.map(({ code }) => code).filter((code) => code !== 'REGIME_TIGHTENED');
  const reasons = decision.decision === 'BLOCK' ? '' : reported.join(',');
  return { step, tool, decision: decision.decision, reasons, quantityE8 };
}
