import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../explore/random.ts';
import { mergeVerdicts, type Verdict } from './judge.ts';
import { drawFaults, drawLastFault, post } from './load.ts';
import { Trial } from './trial.ts';
import { emptyHistogram, type Histogram, PLACES, type Place, placeOf } from './where.ts';

export interface KillsPlan {
  readonly seed: number;
  readonly kills: number;
  /** Kills on one home and one exchange; then a fresh pair. */
  readonly killsPerWorld: number;
  /** Worlds at once. */
  readonly parallel: number;
  /** Least number of orders that the exchange takes in each life. */
  readonly acceptedPerKill: number;
  readonly clients: number;
  /** No further world is begun after this long. */
  readonly minutes?: number;
  readonly note?: (text: string) => void;
  /** Told of all that is done after each world: an interrupted campaign leaves its evidence. */
  readonly onProgress?: (result: KillsResult) => void;
}
export interface KillsResult extends Verdict {
  readonly kills: number;
  readonly worlds: number;
  /** Worlds that could not be played to their end, and why: they count nowhere else. */
  readonly unfinished: readonly string[];
  readonly calls: number;
  readonly accepted_orders: number;
  readonly least_accepted_in_a_life: number;
  readonly where: Histogram;
  /** Ledgers that `audit verify --deep` found whole, of all worlds. */
  readonly ledgers_verified: number;
  readonly ready_ms: { readonly median: number; readonly longest: number };
  readonly duration_ms: number;
}

interface WorldResult {
  readonly kills: number;
  readonly calls: number;
  readonly accepted: readonly number[];
  readonly orders: number;
  readonly where: Histogram;
  readonly readyMs: readonly number[];
  readonly isVerified: boolean;
  readonly verdict: Verdict;
}

/** Kills the daemon under load again and again, and judges what the exchange, the ledger and the clients say. */
export async function runKills(plan: KillsPlan): Promise<KillsResult> {
  const startedMs = performance.now();
  const worlds: { readonly seed: number; readonly kills: number }[] = [];
  for (let left = plan.kills; left > 0; left -= plan.killsPerWorld)
    worlds.push({ seed: plan.seed + worlds.length, kills: Math.min(left, plan.killsPerWorld) });
  const results: WorldResult[] = [];
  const unfinished: string[] = [];
  let next = 0;
  const take = async (): Promise<void> => {
    while (
      next < worlds.length &&
      performance.now() - startedMs < (plan.minutes ?? Number.POSITIVE_INFINITY) * 60_000
    ) {
      const world = worlds[next++]!;
      try {
        const result = await playWorld(plan, world.seed, world.kills);
        results.push(result);
        plan.note?.(`seed ${world.seed}: ${world.kills} kills, ${JSON.stringify(result.verdict)}`);
      } catch (error) {
        unfinished.push(
          `seed ${world.seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
        plan.note?.(unfinished.at(-1) ?? '');
      }
      plan.onProgress?.(summarise(results, unfinished, startedMs));
    }
  };
  await Promise.all(Array.from({ length: plan.parallel }, take));
  return summarise(results, unfinished, startedMs);
}

function summarise(results: readonly WorldResult[], unfinished: readonly string[], startedMs: number): KillsResult {
  const where = emptyHistogram();
  for (const result of results) for (const place of PLACES) where[place] += result.where[place];
  const readyMs = results.flatMap((result) => result.readyMs).sort((a, b) => a - b);
  const accepted = results.flatMap((result) => result.accepted);
  return {
    kills: results.reduce((sum, result) => sum + result.kills, 0),
    worlds: results.length,
    unfinished,
    calls: results.reduce((sum, result) => sum + result.calls, 0),
    accepted_orders: results.reduce((sum, result) => sum + result.orders, 0),
    least_accepted_in_a_life: Math.min(...accepted),
    where,
    ...mergeVerdicts(results.map((result) => result.verdict)),
    ledgers_verified: results.filter((result) => result.isVerified).length,
    ready_ms: { median: Math.round(readyMs[readyMs.length >> 1] ?? 0), longest: Math.round(readyMs.at(-1) ?? 0) },
    duration_ms: Math.round(performance.now() - startedMs),
  };
}

function playWorld(plan: KillsPlan, seed: number, kills: number): Promise<WorldResult> {
  return Trial.run(seed, {}, async (trial) => {
    const random = new Random(seed, 'kills');
    const lives: Life[] = [];
    for (let life = 1; life <= kills; life += 1) lives.push(await live(plan, trial, random, life));
    await trial.comeToRest();
    const where = emptyHistogram();
    for (const { places } of lives) for (const place of places) where[place] += 1;
    const { orders } = await trial.exchange.books();
    return {
      kills,
      calls: trial.calls.length,
      accepted: lives.map(({ booked }, index) => booked - (lives[index - 1]?.booked ?? 0)),
      orders: orders.length,
      where,
      readyMs: lives.map(({ readyMs }) => readyMs),
      isVerified: await trial.isVerified(),
      verdict: trial.verdict,
    };
  });
}

interface Life {
  /** Orders in the exchange's books when it ended. */
  readonly booked: number;
  /** Of each client's latest call. */
  readonly places: readonly Place[];
  readonly readyMs: number;
}

/** Load with faults, a kill at a random instant, the judgement of the dead, and the next start. */
async function live(plan: KillsPlan, trial: Trial, random: Random, life: number): Promise<Life> {
  const { daemon, exchange } = trial;
  await post(exchange, drawFaults(random));
  const wanted = plan.acceptedPerKill + random.int(0, 8);
  const load = await trial.load(`${life}`, wanted, plan.clients);
  const last = drawLastFault(random);
  if (last !== null) await post(exchange, [last]);
  await delay(random.next() * 60);
  load.close();
  await daemon.kill();
  await load.stop();
  trial.keep(load);
  const { orders, ...books } = await trial.judgeNow(load.calls);
  const places = load.latest.map((call) => placeOf(call, { orders, ...books }, trial.tale));
  await exchange.control('clear-faults', {});
  const startedMs = performance.now();
  await daemon.start();
  const readyMs = performance.now() - startedMs;
  await trial.askAgain(load.calls);
  return { booked: orders.length, places, readyMs };
}
