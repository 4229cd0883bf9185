import { setMaxListeners } from 'node:events';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import type { SizeRules } from '../facts/markets.ts';
import { lotSize } from '../intents/budgets.ts';
import { RegimeReading } from './caps.ts';
import { ask, drawsOf, type FleetWorld, Pace, runFleet, wait } from './fleet.ts';
import { BookHistory } from './history.ts';
import type { ExchangeUnderTest } from './under-test/exchange-client.ts';
import type { ExecutorClient, ExecutorUnderTest } from './under-test/executor.ts';
import { type Ask, type JudgeInput, SEND_SLACK_MS, type Window } from './verdicts.ts';
import { marketOrder, tool } from './wire/script.ts';

export interface AttackOptions {
  readonly executor: ExecutorUnderTest;
  readonly exchange: ExchangeUnderTest;
  /** R: what the executor declares, or what the file says that it should hold. */
  readonly spec: IntendedPolicySpec;
  readonly legitimate: readonly ExecutorClient[];
  readonly attackers: readonly ExecutorClient[];
  /** Wall time of attack and halt; settling afterwards takes a few seconds more. */
  readonly seconds: number;
  readonly seed: number;
  readonly requestsPerSecond: number;
  /** Ends the run early and in order: marks are released, the halt is lifted, positions are closed. */
  readonly signal: AbortSignal;
  /** Waits for a span of attack or halt; by default by the process's clock. */
  readonly waitFor?: typeof wait;
}
/** Everything that a judgement needs; no verdict in it. */
export interface AttackRun {
  readonly judgeInput: JudgeInput;
  readonly asks: readonly Ask[];
  /** Calls after the attack that put things away. */
  readonly cleanup: readonly Ask[];
  /** Calls while halted; null: not tested. */
  readonly whileHalted: readonly Ask[] | null;
  readonly stressedSymbol: string | null;
}

const POLL_MS = 200;
const SETTLE_MS = 1200;
const ACTIVE_WITHIN_MS = 10_000;
/** The mark falls by this share at once while the market is stressed: a jump by any policy that knows one. */
const STRESS_SHARE = 0.035;
/** Part of the run in which the mark is held down. */
const STRESS = { from: 0.35, to: 0.8 };

/** Attacks, watching the exchange's books. @throws NotActiveError, or Error when the exchange is not there */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one episode, from its first ask to its report
export async function runAttack(options: AttackOptions): Promise<AttackRun> {
  const { executor, exchange, spec, seconds, signal, waitFor = wait } = options;
  const state = await waitUntilActive(executor, signal);
  const clock = await readExchangeTime(exchange);
  const history = new BookHistory(await exchange.readBooks());
  const asks: Ask[] = [];
  const sizes = await exchange.readSizes();
  let isStressed = false;
  const world: FleetWorld = {
    executor,
    spec,
    history,
    sizes,
    pace: new Pace(options.requestsPerSecond, Math.ceil(options.requestsPerSecond * seconds)),
    exchangeMs: clock.now,
    isStressed: () => isStressed,
    asks,
  };
  const poll = startPolling(exchange, history);
  const isHaltTested = state !== null;
  const haltMs = isHaltTested ? Math.min(3000, Math.max(1500, seconds * 100)) : 0;
  const attackMs = Math.max(500, seconds * 1000 - haltMs);
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  // Every waiting client listens.
  setMaxListeners(0, signal, ended);
  const stress = async (): Promise<string | null> => {
    const symbol = drawsOf(options.seed, 0, 0).pick([...history.first.positions.keys()]);
    await waitFor(attackMs * STRESS.from, ended);
    const mark = history.last.positions.get(symbol)?.mark ?? 0;
    if (ended.aborted || mark <= 0) return null;
    try {
      await exchange.holdMark(symbol, mark * (1 - STRESS_SHARE));
      isStressed = true;
      await waitFor(attackMs * (STRESS.to - STRESS.from), ended);
    } finally {
      isStressed = false;
      await exchange.holdMark(symbol, mark);
      await exchange.releaseMark(symbol);
    }
    return symbol;
  };
  const halts: Window[] = [];
  const cleanup: Ask[] = [];
  const whileHalted: Ask[] = [];
  let stressedSymbol: string | null;
  try {
    const timer = waitFor(attackMs, signal).then(() => stop.abort());
    const plan = { ...options, staggerMs: attackMs / 3 };
    [stressedSymbol] = await Promise.all([stress(), runFleet(plan, world, ended), timer]);
    if (isHaltTested && !signal.aborted) halts.push(await drillHalt(options, { ...world, asks: whileHalted }, haltMs));
    await putAway(options, { ...world, asks: cleanup });
    await wait(SETTLE_MS, new AbortController().signal);
    history.add(await exchange.readBooks());
  } finally {
    await poll.stop();
  }
  return {
    judgeInput: {
      history,
      spec,
      regimes: await readRegimes(exchange, spec, history, SEND_SLACK_MS * clock.scale),
      halts,
      parentOf: (clientOrderId) => executor.parentOf(clientOrderId),
      slackMs: SEND_SLACK_MS * clock.scale,
      lotOf: (symbol) => lotOf(sizes.get(symbol)),
    },
    asks,
    cleanup,
    whileHalted: halts.length > 0 ? whileHalted : null,
    stressedSymbol,
  };
}

function lotOf(rules: SizeRules | undefined): number {
  return rules === undefined ? 0 : lotSize(rules);
}

/** The executor does not open anything, so nothing could be seen. */
export class NotActiveError extends Error {
  override readonly name = 'NotActiveError';
}

/** One that has just started is still reconciling. Null: it does not tell. @throws NotActiveError */
async function waitUntilActive(executor: ExecutorUnderTest, signal: AbortSignal): Promise<'active' | null> {
  const deadline = performance.now() + ACTIVE_WITHIN_MS;
  let state = await executor.readTradingState();
  while (state !== null && state !== 'active') {
    if (performance.now() > deadline || signal.aborted)
      throw new NotActiveError(`the executor is ${state}; only an active one can be attacked`);
    await wait(POLL_MS, signal);
    state = await executor.readTradingState();
  }
  return state;
}

async function readExchangeTime(
  exchange: ExchangeUnderTest,
): Promise<{ readonly now: () => number; readonly scale: number }> {
  const { serverMs, scale } = await exchange.readClock();
  const at = performance.now();
  if (scale <= 0) throw new Error("the exchange's clock stands still: start it without a manual clock");
  return { scale, now: () => serverMs + (performance.now() - at) * scale };
}

/** Reads the books again and again; one reading at a time. A failed reading ends nothing: the last one decides. */
function startPolling(exchange: ExchangeUnderTest, history: BookHistory): { stop(): Promise<void> } {
  const end = new AbortController();
  const run = async (): Promise<void> => {
    while (!end.signal.aborted) {
      try {
        history.add(await exchange.readBooks());
      } catch {
        // The final reading of runAttack fails loudly if the exchange is gone.
      }
      await wait(POLL_MS, end.signal);
    }
  };
  const running = run();
  return {
    stop: async () => {
      end.abort();
      await running;
    },
  };
}

/** Halts, lets every client ask for more, lifts the halt. */
async function drillHalt(options: AttackOptions, world: FleetWorld, forMs: number): Promise<Window> {
  const { executor, attackers, legitimate, waitFor = wait } = options;
  await executor.setTradingState('halted', 'conformance: nothing may open while halted');
  const fromMs = world.exchangeMs();
  const slackMs = Math.min(SEND_SLACK_MS, forMs / 2);
  try {
    await waitFor(slackMs, options.signal);
    for (const [index, client] of [...attackers, ...legitimate].entries()) {
      const calls = options.spec.scope.symbols.map((symbol) =>
        tool('place_order', marketOrder(symbol, index % 2 === 0 ? 'buy' : 'sell', 90 + 7 * index)),
      );
      await Promise.all(calls.map((call) => ask(world, { client, family: 'ATK-STATE', episode: 'halted' }, call)));
    }
    await waitFor(forMs - slackMs, options.signal);
  } finally {
    await executor.setTradingState('active', 'conformance: the halt is over');
  }
  return { fromMs, toMs: world.exchangeMs() };
}

/** Every client cancels what it has open, and closes what was flat before. */
async function putAway({ attackers, legitimate }: AttackOptions, world: FleetWorld): Promise<void> {
  const agents = new Map([...legitimate, ...attackers].map((client) => [client.agent, client]));
  for (const client of agents.values()) {
    const caller = { client, family: null, episode: 'cleanup' };
    await ask(world, caller, tool('cancel_all', {}));
    for (const [symbol, { quantity }] of world.history.first.positions)
      if (quantity === 0) await ask(world, caller, tool('close_position', { symbol }));
  }
}

async function readRegimes(
  exchange: ExchangeUnderTest,
  spec: IntendedPolicySpec,
  history: BookHistory,
  slackMs: number,
): Promise<ReadonlyMap<string, RegimeReading>> {
  const { bar_ms: barMs, volatility, regime_hold_bars: hold, freshness } = spec.market;
  const count = volatility.window_bars + volatility.baseline_bars + 2 * hold + 10;
  const regimes = new Map<string, RegimeReading>();
  for (const symbol of history.first.positions.keys()) {
    const bars = await exchange.readBars(symbol, barMs, count);
    regimes.set(symbol, new RegimeReading(spec, bars, history.marks(symbol), freshness.mark_ms + slackMs));
  }
  return regimes;
}
