import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { MixedFamily } from '../facts/agents.ts';
import type { SizeRules } from '../facts/markets.ts';
import { Draws } from '../intents/draws.ts';
import type { BookHistory } from './history.ts';
import { trade } from './legitimate.ts';
import type { ExecutorAnswer, ExecutorCall, ExecutorClient, ExecutorUnderTest } from './under-test/executor.ts';
import type { Ask } from './verdicts.ts';
import { seeBooks } from './wire/attack-script.ts';
import { FAMILIES } from './wire/families.ts';
import type { Script, ScriptMaker, ScriptView } from './wire/script.ts';

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

/** Who calls, and as part of what. */
export interface Caller {
  readonly client: ExecutorClient;
  /** Null: a legitimate client. */
  readonly family: MixedFamily | null;
  readonly episode: string;
}
/** One client of the fleet. */
interface Player {
  readonly client: ExecutorClient;
  readonly number: number;
  readonly delayMs: number;
  readonly turnOf: (episode: number) => Turn;
}

/** Runs every client until the signal; resolves when all have stopped. */
export async function runFleet(plan: FleetPlan, world: FleetWorld, signal: AbortSignal): Promise<void> {
  const legitimate = plan.legitimate.map(
    (client, index): Player => ({ client, number: index, delayMs: 0, turnOf: () => HONEST }),
  );
  const attackers = plan.attackers.map(
    (client, index): Player => ({
      client,
      number: 1000 + index,
      // The legitimate clients have the field to themselves for a moment, as they have before an attack.
      delayMs: (plan.staggerMs * (index + 1)) / (plan.attackers.length + 1),
      turnOf: (episode) => chooseTurn(index, episode, world.isStressed()),
    }),
  );
  await Promise.all([...legitimate, ...attackers].map((player) => play(player, plan.seed, world, signal)));
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

async function play(player: Player, seed: number, world: FleetWorld, signal: AbortSignal): Promise<void> {
  const { client, delayMs, number, turnOf } = player;
  await wait(delayMs, signal);
  for (let episode = 0; !signal.aborted; episode++) {
    const { family, script } = turnOf(episode);
    const view = createView(world, seed, number, episode);
    await runScript(script(view), { client, family, episode: `${client.name}/${episode}` }, world, signal);
    await wait(family === null ? PAUSE_MS * view.draws.between(0.5, 2) : PAUSE_MS / 3, signal);
  }
}
/** Between two episodes of a client. */
const PAUSE_MS = 150;

/** What one client sees in one episode. */
export function createView(
  world: Pick<FleetWorld, 'spec' | 'history' | 'sizes' | 'exchangeMs' | 'isStressed'>,
  seed: number,
  client: number,
  episode: number,
): ScriptView {
  const { spec, history, sizes, exchangeMs, isStressed } = world;
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

async function runScript(script: Script, caller: Caller, world: FleetWorld, signal: AbortSignal): Promise<void> {
  let next = script.next();
  while (next.done !== true && !signal.aborted) {
    const { calls, pauseMs } = next.value;
    await wait(pauseMs, signal);
    const answers = await Promise.all(
      calls.map(async (call) => ((await world.pace.take(signal)) ? ask(world, caller, call) : null)),
    );
    const given = answers.filter((answer) => answer !== null);
    if (given.length < calls.length) return;
    next = script.next(given);
  }
}

/** One call, logged with its answer. */
export async function ask(
  { executor, exchangeMs, asks }: FleetWorld,
  { client, ...part }: Caller,
  call: ExecutorCall,
): Promise<ExecutorAnswer> {
  const sentMs = exchangeMs();
  const startedMs = performance.now();
  const answer = await executor.call(client, call);
  const latencyMs = performance.now() - startedMs;
  const { agent, name } = client;
  asks.push({ client: name, agent, ...part, call, answer, sentMs, answeredMs: exchangeMs(), latencyMs });
  return answer;
}

/** Bounds what a fleet sends: so many requests a second, and so many in all. */
export class Pace {
  readonly #intervalMs: number;
  #nextMs = 0;
  #left: number;

  constructor(requestsPerSecond: number, most: number) {
    this.#intervalMs = 1000 / requestsPerSecond;
    this.#left = most;
  }

  /** Waits for the next slot; false when the count is used up or the run has ended. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (this.#left <= 0) return false;
    this.#left -= 1;
    const now = performance.now();
    // A burst of one step goes out together; what follows waits until the average holds again.
    const at = Math.max(now - BURST_MS, this.#nextMs);
    this.#nextMs = at + this.#intervalMs;
    if (at > now) await wait(at - now, signal);
    return !signal.aborted;
  }
}
const BURST_MS = 200;

/** Resolves after `ms`, or at once when the run ends. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
