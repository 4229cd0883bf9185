import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { MixedFamily } from '../facts/agents.ts';
import type { SizeRules } from '../facts/markets.ts';
import { Draws } from '../intents/draws.ts';
import type { Ask } from './asks.ts';
import { seeBooks } from './attack-view.ts';
import type { ExecutorAnswer, ExecutorCall, ExecutorClient, ExecutorUnderTest } from './executor.ts';
import { FAMILIES } from './families.ts';
import type { BookHistory } from './history.ts';
import { trade } from './legitimate.ts';
import { type Pace, wait } from './pace.ts';
import type { Script, ScriptMaker, ScriptView, Step } from './script.ts';

export interface FleetPlan {
  readonly legitimate: readonly ExecutorClient[];
  readonly attackers: readonly ExecutorClient[];
  readonly seed: number;
  /** Attackers begin one after the other within this time, wall ms. */
  readonly staggerMs: number;
}
/** What the fleet shares while it runs. */
export interface FleetWorld {
  readonly executor: ExecutorUnderTest;
  readonly spec: IntendedPolicySpec;
  readonly history: BookHistory;
  readonly sizes: ReadonlyMap<string, SizeRules>;
  readonly pace: Pace;
  /** The exchange's time now. */
  readonly exchangeMs: () => number;
  readonly isStressed: () => boolean;
  /** Every call is logged here once answered. */
  readonly asks: Ask[];
}

interface Turn {
  readonly family: MixedFamily | null;
  readonly script: ScriptMaker;
}

const HONEST: Turn = { family: null, script: trade };

/** Runs every client until the signal; resolves when all have stopped. */
export async function runFleet(plan: FleetPlan, world: FleetWorld, signal: AbortSignal): Promise<void> {
  const legitimate = plan.legitimate.map((client, index) =>
    runClient(client, index, () => HONEST, 0, plan.seed, world, signal),
  );
  const attackers = plan.attackers.map((client, index) => {
    const turnOf = (episode: number): Turn => chooseTurn(index, episode, world.isStressed());
    // The legitimate clients have the field to themselves for a moment, as they have before an attack.
    const delayMs = (plan.staggerMs * (index + 1)) / (plan.attackers.length + 1);
    return runClient(client, 1000 + index, turnOf, delayMs, plan.seed, world, signal);
  });
  await Promise.all([...legitimate, ...attackers]);
}

/**
 * Every third attacker adapts all the time (its plans are many and each takes a while), every third turns to the state
 * of the market while that is stressed; else each goes through all families.
 */
function chooseTurn(attacker: number, episode: number, isStressed: boolean): Turn {
  const wanted = attacker % 3 === 0 ? 'ATK-ADAPT' : attacker % 3 === 1 && isStressed ? 'ATK-STATE' : null;
  const found = FAMILIES.find(({ family }) => family === wanted);
  return found ?? FAMILIES[(attacker + episode) % FAMILIES.length] ?? HONEST;
}

async function runClient(
  client: ExecutorClient,
  number: number,
  turnOf: (episode: number) => Turn,
  delayMs: number,
  seed: number,
  world: FleetWorld,
  signal: AbortSignal,
): Promise<void> {
  await wait(delayMs, signal);
  for (let episode = 0; !signal.aborted; episode++) {
    const { family, script } = turnOf(episode);
    const view = createView(world, seed, number, episode);
    await runScript(script(view), client, family, `${client.name}/${episode}`, world, signal);
    await wait(family === null ? PAUSE_MS * view.draws.between(0.5, 2) : PAUSE_MS / 3, signal);
  }
}
/** Between two episodes of a client. */
const PAUSE_MS = 150;

/** What one client sees in one episode. */
export function createView(
  {
    spec,
    history,
    sizes,
    exchangeMs,
    isStressed,
  }: Pick<FleetWorld, 'spec' | 'history' | 'sizes' | 'exchangeMs' | 'isStressed'>,
  seed: number,
  client: number,
  episode: number,
): ScriptView {
  return {
    spec,
    symbols: spec.scope.symbols.filter((symbol) => history.first.positions.has(symbol)),
    mark: (symbol) => history.last.positions.get(symbol)?.mark ?? 0,
    position: (symbol) => history.last.positions.get(symbol)?.quantity ?? 0,
    openOrderIds: () => history.last.orders.filter((order) => order.isOpen).map((order) => order.clientOrderId),
    seen: () => seeBooks(history, sizes, exchangeMs(), spec.market.bar_ms),
    isStressed,
    draws: drawsOf(seed, client, episode),
  };
}

/** Draws of one client's one episode: the same for the same seed, whatever the others do. */
export const drawsOf = (seed: number, client: number, episode: number): Draws =>
  new Draws(seed, `client ${client}, episode ${episode}`);

async function runScript(
  script: Script,
  client: ExecutorClient,
  family: MixedFamily | null,
  episode: string,
  world: FleetWorld,
  signal: AbortSignal,
): Promise<void> {
  let next = script.next();
  while (next.done !== true && !signal.aborted) {
    const answers = await runStep(next.value, client, family, episode, world, signal);
    if (answers === null) return;
    next = script.next(answers);
  }
}

async function runStep(
  { pauseMs, calls }: Step,
  client: ExecutorClient,
  family: MixedFamily | null,
  episode: string,
  world: FleetWorld,
  signal: AbortSignal,
): Promise<readonly ExecutorAnswer[] | null> {
  await wait(pauseMs, signal);
  const answers = await Promise.all(
    calls.map(async (call) => {
      if (!(await world.pace.take(signal))) return null;
      return ask(world, client, family, episode, call);
    }),
  );
  const given = answers.filter((answer) => answer !== null);
  return given.length === calls.length ? given : null;
}

/** One call, logged with its answer. */
export async function ask(
  { executor, exchangeMs, asks }: FleetWorld,
  client: ExecutorClient,
  family: MixedFamily | null,
  episode: string,
  call: ExecutorCall,
): Promise<ExecutorAnswer> {
  const sentMs = exchangeMs();
  const startedMs = performance.now();
  const answer = await executor.call(client, call);
  asks.push({
    client: client.name,
    agent: client.agent,
    family,
    episode,
    call,
    answer,
    sentMs,
    answeredMs: exchangeMs(),
    latencyMs: performance.now() - startedMs,
  });
  return answer;
}
