import { EXPLAINED_MS } from '../../daemon/engine/positions/snapshot.ts';
import { ACCOUNT, INCOME } from './account-reads.ts';
import { actAsAgent } from './agents.ts';
import { watchAgreement } from './agreement.ts';
import type { Breach } from './breach.ts';
import { disturb } from './disturb.ts';
import { type ExitFigure, measureExits } from './exit-figures.ts';
import { readHistory } from './history.ts';
import type { Plan, Step } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { judge } from './promises.ts';
import { RealWorld } from './real-world.ts';
import { World } from './world.ts';

const READY_WITHIN_MS = 10_000;
/** After the last fault: reads that a fault holds back may follow one another. */
const QUIET_WITHIN_MS = 90_000;
/** A fill is read within this time where nothing fails. */
const FILL_READ_MS = 10_000;
/** All that waits for its agents' pace has gone out within this time: fifty exits of each, one in ten seconds. */
const FILLED_WITHIN_MS = 10 * 60_000;
/** Between two readings of the account, and some more. */
const READ_WITHIN_MS = 15_000;
const ANSWERED_WITHIN_MS = 8_000;
/** An exit goes out and fills within, once it is its turn, ms. */
const EXIT_SENT_WITHIN_MS = 5_000;
/** A daemon that runs asks for the account within this time, if nothing keeps it. */
const ASKED_WITHIN_MS = 6_000;
/** Between two readings of the account's mode, with one that fails, and what is put back after it, ms. */
const MODE_READ_MS = 100_000;
/** Between two lists of income, and some more, ms. */
const INCOME_READ_MS = 75_000;
/** A trade that is listed behind later ones the list of income tells of, and it is read again then, ms. */
const LATE_TRADES_READ_MS = INCOME_READ_MS + 40_000;
/** What a daemon may have been told to wait at the end of a plan, ms. */
const LONGEST_BAN_MS = 10 * 60_000;
/** Of every stop that is asked for. */
const UNREPORTED = { kind: 'untold-quantity', match: { method: 'GET', path: '/fapi/v1/algoOrder' }, count: 1e9 };
/** What a call is answered by at the latest, ms: the answer time of the gate and some more. */
const CALLS_END_MS = 6_000;

export interface PlanResult {
  readonly breaches: readonly Breach[];
  /** Ms until the exchange took the first exit or cancel after the step with this index; null: it took none. */
  readonly wentOutAfterMs: (step: number) => number | null;
  readonly exits: () => readonly ExitFigure[];
  readonly digest: string;
  readonly calls: number;
  readonly virtualMs: number;
}

/** Runs a plan in a world of its own, from the first start to quiet, and judges it. */
export async function runPlan(plan: Plan): Promise<PlanResult> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const history = readHistory(world, plan);
    return {
      breaches: judge(history),
      wentOutAfterMs: (step) => wentOutAfterMs(world, step),
      exits: () => measureExits(history),
      digest: world.digest(),
      calls: world.calls.length,
      virtualMs: world.time.nowMs,
    };
  } finally {
    world.close();
  }
}

/** The same over HTTP, sockets, ccxt and a ledger on disk, in real time. */
export async function runPlanForReal(plan: Plan): Promise<Pick<PlanResult, 'breaches' | 'calls' | 'virtualMs'>> {
  const world = new RealWorld(plan.setup);
  try {
    await playPlan(world, plan);
    const breaches = judge(readHistory(world, plan));
    return { breaches, calls: world.calls.length, virtualMs: world.time.nowMs };
  } finally {
    await world.end();
  }
}

function wentOutAfterMs({ calls, operatorCalls, wire }: World, step: number): number | null {
  const asked = [...calls, ...operatorCalls].find((record) => record.step === step);
  if (asked === undefined) throw new Error(`step ${step} asks for nothing`);
  const taken = wire.records.find(
    ({ method, params, sentAtMs, status }) =>
      sentAtMs >= asked.askedAtMs && status === 200 && (method === 'DELETE' || params.text('reduceOnly') === 'true'),
  );
  return taken?.servedAtMs == null ? null : taken.servedAtMs - asked.askedAtMs;
}

/** The plan's steps, then quiet: no fault is left, and everything that waits has had its time. */
export async function playPlan(world: PlayedWorld, plan: Plan): Promise<void> {
  const { account } = plan.setup;
  for (const setting of account?.begins ?? []) world.venue.account.change(setting);
  if (account?.isUnreported === true) world.venue.control('faults', UNREPORTED);
  world.start();
  await world.untilReady(READY_WITHIN_MS);
  await world.time.advance(1_500);
  for (const [index, step] of plan.steps.entries()) {
    await waitFor(world, step);
    world.venue.endHalts();
    world.stepsAtMs.push(world.time.nowMs);
    if (!actAsAgent(world, index, step.do)) await disturb(world, index, step.do);
    world.readMarket();
  }
  await world.time.advance(plan.steps.length === 0 ? 0 : CALLS_END_MS);
  world.quieten();
  // A daemon that was told to wait does so, although the exchange would answer again.
  await untilHeard(world);
  await world.untilReady(QUIET_WITHIN_MS);
  await watchAgreement(world, settleMsOf(plan, world));
  await untilFillsAreRead(world);
  world.readMarket();
  world.venue.account.note();
  world.venue.noteLiquidations();
}

async function untilHeard({ life, time, wire: { leftAlone } }: PlayedWorld): Promise<void> {
  const untilMs = time.nowMs + LONGEST_BAN_MS;
  for (let leftMs = leftAlone.leftMs(life, time.nowMs); leftMs > 0; leftMs = leftAlone.leftMs(life, time.nowMs)) {
    if (time.nowMs >= untilMs) return;
    await time.advance(Math.min(leftMs, 1_000, untilMs - time.nowMs));
  }
}

/**
 * A price of the last seconds may have filled what rests, and exits that wait for their pace fill one after another: the
 * gate has as long to read the last of them as it had for all else.
 */
async function untilFillsAreRead({ time, venue, logged }: PlayedWorld): Promise<void> {
  const untilMs = time.nowMs + FILLED_WITHIN_MS;
  for (let since = venue.sinceLastFillMs(); since < FILL_READ_MS; since = venue.sinceLastFillMs()) {
    if (time.nowMs >= untilMs) {
      logged.push(`fills go on ${FILLED_WITHIN_MS} ms after everything should be quiet`);
      return;
    }
    await time.advance(FILL_READ_MS - since);
  }
}

/**
 * What an order that rests may have done is believed of its own report; what the owner did by hand looks the same in a
 * reading of the account, and is believed only when that has not come for so long.
 */
function settleMsOf({ setup, steps }: Plan, { exchange }: PlayedWorld): number {
  const has = (kind: RegExp): boolean => steps.some(({ do: action }) => kind.test(action.kind));
  const isOwnersHandIn = has(/^(foreign|foreign_amend|deleverage)$/) || exchange.world.state.liquidations.length > 0;
  const hasFault = (kind: string): boolean =>
    steps.some(({ do: action }) => action.kind === 'fault' && action.fault.kind === kind);
  return Math.max(
    setup.settleMs,
    // The last exit may wait for its rate.
    setup.exitRate.windowMs + EXIT_SENT_WITHIN_MS,
    hasFault('late-trades') ? LATE_TRADES_READ_MS : 0,
    isOwnersHandIn ? EXPLAINED_MS + READ_WITHIN_MS : 0,
    has(/^setting$/) ? MODE_READ_MS : 0,
    steps.some(({ do: action }) => action.kind === 'fault' && isLateIncome(action.fault)) ? INCOME_READ_MS : 0,
  );
}

/** A list that was answered as of before: what it lacks the next one tells. */
function isLateIncome({ kind, match }: Readonly<Record<string, unknown>>): boolean {
  return kind === 'stale-list' && (match as { readonly path?: string }).path === INCOME;
}

/** To the millisecond: a question and its answer are some of them apart. */
async function untilAsked({ time, wire: { reads } }: PlayedWorld): Promise<void> {
  const untilMs = time.nowMs + ASKED_WITHIN_MS;
  for (let seen = reads.length; time.nowMs < untilMs; seen = reads.length) {
    await time.advance(1);
    if (reads.slice(seen).some(({ path }) => path === ACCOUNT)) return;
  }
}

async function waitFor(world: PlayedWorld, { gap }: Step): Promise<void> {
  if (gap === 'parallel') return;
  if (typeof gap === 'number') {
    await world.time.advance(gap);
    return;
  }
  if (gap !== 'answered') {
    await untilAsked(world);
    await world.time.advance(gap.ms);
    return;
  }
  const untilMs = world.time.nowMs + ANSWERED_WITHIN_MS;
  await world.time.advance(0);
  while (world.time.nowMs < untilMs && world.calls.some((call) => call.outcome === 'pending'))
    await world.time.advance(5);
}
