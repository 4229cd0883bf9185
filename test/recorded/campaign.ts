import { DaemonWorld, type DaemonWorldOptions, until } from '../daemon/harness.ts';
import { MARKET_FOLDER } from '../fixtures/recorded.ts';
import { actInCrash, actOnSchedule, ScriptedAgent } from './scripted-agent.ts';
import { CRASH_BAR_MS, MINUTE_MS, type Observation, observe, readOpenings, SYMBOLS } from './tape.ts';

/** Tape time passes in steps: between two of them the gate hears nothing. */
export const STEP_MS = 5 * MINUTE_MS;
const CRASH_STEP_MS = 15_000;
/** The hour that is walked in small steps: the markets turn extreme at 20:46, the crash bar opens at 21:15. */
const CRASH_FROM_MS = CRASH_BAR_MS - 35 * MINUTE_MS;
const CRASH_TO_MS = CRASH_BAR_MS + 25 * MINUTE_MS;

export interface Campaign {
  readonly world: DaemonWorld;
  readonly trend: ScriptedAgent;
  readonly careful: ScriptedAgent;
  /** After every step of the clock. */
  readonly seen: readonly Observation[];
  readonly wallMs: number;
}

/** Runs the daemon on the recorded bars with two scripted agents. Bars before the start are the market's history. */
export async function runCampaign(fromMs: number, toMs: number, options: DaemonWorldOptions = {}): Promise<Campaign> {
  const startedAt = performance.now();
  const world = await DaemonWorld.start({
    ...options,
    sim: { market: MARKET_FOLDER, clock: 'manual', startMs: fromMs, balance: 2200, ...options.sim },
  });
  const seen: Observation[] = [observe(world, 0)];
  const advance = (ms: number): Promise<void> => advanceQuietly(world, seen, ms);
  const trend = new ScriptedAgent(world, advance, 'agent', world.token('agent'));
  const careful = new ScriptedAgent(world, advance, 'careful', world.createAgent('careful'));
  const step = async (ms: number): Promise<number> => {
    // Slices may have moved the clock: the next step ends on the grid all the same.
    await advance(ms - (world.nowMs() % ms));
    return world.nowMs();
  };
  try {
    while (world.nowMs() < toMs) {
      const nowMs = world.nowMs();
      if (nowMs >= CRASH_FROM_MS && nowMs < CRASH_TO_MS) {
        const atMs = await step(CRASH_STEP_MS);
        if (atMs === CRASH_FROM_MS + CRASH_STEP_MS) await prepareForCrash(trend, careful);
        await actInCrash(trend, careful, Math.floor((atMs - CRASH_FROM_MS) / CRASH_STEP_MS));
      } else await actOnSchedule(trend, careful, await step(STEP_MS));
    }
  } catch (error) {
    await world.close();
    throw error;
  }
  return { world, trend, careful, seen, wallMs: performance.now() - startedAt };
}

/** Room under the caps is made, then orders rest far below the market, as they do before any crash. */
async function prepareForCrash(trend: ScriptedAgent, careful: ScriptedAgent): Promise<void> {
  for (const symbol of SYMBOLS) {
    await trend.close(symbol, 0.3);
    await trend.rest(symbol, 130, -0.09);
    await careful.rest(symbol, 130, -0.1, { requested_leverage: 1 });
  }
}

/**
 * One step of the manual clock, observed. The gate finishes first what it began at this instant: an order signed before
 * the step would arrive after it, late by the exchange's clock.
 */
export async function advanceQuietly(world: DaemonWorld, seen: Observation[], ms: number): Promise<void> {
  const { core } = world.daemon.gate;
  if (core.policySpec.protection.required) await world.refresh();
  const isBusy = (): boolean =>
    [...core.state.orders.live.values()].some((orders) => [...orders].some((order) => order.status === 'in_flight'));
  await until('orders in flight reach the exchange', () => !isBusy());
  const stoodBefore = readOpenings(world).length;
  await world.advance(ms);
  // What the gate began by itself at this instant (an exit that cuts back) belongs to this step.
  await until('orders of the gate reach the exchange', () => !isBusy());
  seen.push(observe(world, stoodBefore));
}
