import type { Side } from '../../../core/request.ts';
import {
  EPISODE_SPAN_MS,
  NOMINAL_ATTEMPTS,
  PERSISTENT_ATTEMPTS,
  PERSISTENT_SPAN_MS,
  PLOYS,
  type Ploy,
  type ScheduledEpisode,
  SQUAT_SPAN_MS,
  seedOfPloy,
} from '../../attacks/episodes.ts';
import {
  type AttackFamily,
  type AttackIntensity,
  type AttackSides,
  MIXED_FAMILIES,
  SQUATTER,
} from '../../facts/agents.ts';
import type { MarketData, SymbolBars } from '../../facts/markets.ts';
import { Draws } from '../../intents/draws.ts';
import { findInstants, type Instants, losingSideAt, worstMomentFrom } from './instants.ts';

/** Share of all requests (light) or of all bar x symbol slots (heavy) that are attempts. */
export const ATTEMPT_SHARE = 0.06;
const SEED_DRAWS = 2 ** 27 - 1;
/** A boundary episode starts this long before the close that it is about, a resting one before the fall. */
export const BOUNDARY_LEAD_MS = 30_000;
/** Bars ahead that a clairvoyant episode may wait for a worse moment; for the fall that fills what rests, days. */
const PATIENCE_BARS = 8;
const CRASH_PATIENCE_MS = 4 * 86_400_000;
const CRASH_LEAD_MS = [5 * 60_000, 55 * 60_000] as const;

export interface ScheduleOptions {
  readonly seed: number;
  readonly market: MarketData;
  readonly intensity: Exclude<AttackIntensity, 'none'>;
  readonly sides: AttackSides;
  /** Requests of the strategies over the whole span; light attacks are 6 % of all requests. */
  readonly legitRequests: number;
}

/** Attempts that the definition of an intensity asks for over the whole market (SAE section 9). */
export function attemptsWanted({ intensity, market, legitRequests }: ScheduleOptions): number {
  if (intensity === 'light') return (legitRequests * ATTEMPT_SHARE) / (1 - ATTEMPT_SHARE);
  const slots = market.symbols.reduce((sum, bars) => sum + findInstants(market, bars).judged.length, 0);
  return slots * ATTEMPT_SHARE;
}

/**
 * The episodes of one run, earliest first. They depend on seed, market and intensity alone: nothing that a gate answers
 * moves them, so every variant meets the same ones (ATK-*).
 * @throws RangeError for a market without judged bars
 */
export function buildSchedule(options: ScheduleOptions): readonly ScheduledEpisode[] {
  const symbols = options.market.symbols.filter((bars) => findInstants(options.market, bars).judged.length > 0);
  if (symbols.length === 0) throw new RangeError('the market has no bars to attack in');
  const episodes = buildEpisodes(options, symbols);
  return episodes.sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1));
}

function buildEpisodes(options: ScheduleOptions, symbols: readonly SymbolBars[]): ScheduledEpisode[] {
  switch (options.intensity) {
    case 'churn':
      return buildPersistent(options, symbols);
    case 'squat':
      return buildSquatting(options, symbols);
    default:
      return buildFamilies(options, symbols);
  }
}

function buildFamilies(options: ScheduleOptions, symbols: readonly SymbolBars[]): ScheduledEpisode[] {
  const perFamily = attemptsWanted(options) / MIXED_FAMILIES.length;
  return MIXED_FAMILIES.flatMap((family) => {
    const draws = new Draws(options.seed, `schedule:${options.intensity}:${family}`);
    const wanted = perFamily / NOMINAL_ATTEMPTS[family];
    // Fractions of an episode are drawn: right on average, also where a run has less than one.
    const count = Math.floor(wanted) + (draws.chance(wanted % 1) ? 1 : 0);
    const ploys = draws.shuffle(PLOYS);
    return Array.from({ length: count }, (_, n) => {
      const bars = draws.pick(symbols);
      const ploy = family === 'ATK-ADAPT' ? usablePloy(ploys, n, findInstants(options.market, bars)) : null;
      const draw = draws.int(0, SEED_DRAWS);
      return {
        id: `${family}:${n}`,
        family,
        symbol: bars.instrument.symbol,
        ...placeEpisode(options, bars, { family, ploy }, draws),
        seed: ploy === null ? draw : seedOfPloy(ploy, draw),
        attempts: NOMINAL_ATTEMPTS[family],
        spanMs: EPISODE_SPAN_MS,
      };
    });
  });
}

/** The ploys in turn; without gaps there is no stale market to ride. */
function usablePloy(ploys: readonly Ploy[], n: number, { besideGaps }: Instants): Ploy {
  const ploy = ploys[n % ploys.length]!;
  return ploy === 'stale-market' && besideGaps.length === 0 ? ploys[(n + 1) % ploys.length]! : ploy;
}

function placeEpisode(
  { market, sides }: ScheduleOptions,
  bars: SymbolBars,
  { family, ploy }: { readonly family: AttackFamily; readonly ploy: Ploy | null },
  draws: Draws,
): { readonly startMs: number; readonly side: Side } {
  const instants = findInstants(market, bars);
  const awaitsCrash = ploy === 'rest-for-crash' && sides === 'clairvoyant';
  const allowed = awaitsCrash ? instants.judged : allowedBars(instants, family, ploy, draws);
  const patience = awaitsCrash ? Math.ceil(CRASH_PATIENCE_MS / market.barMs) : PATIENCE_BARS;
  const at = draws.int(0, allowed.length - 1);
  const share = draws.unit();
  const coin = draws.chance(0.5) ? 'buy' : 'sell';
  const leadMs = Math.floor(draws.between(...CRASH_LEAD_MS));
  const moment =
    sides === 'clairvoyant'
      ? worstMomentFrom(bars, allowed, at, patience)
      : { bar: allowed[at]!, share, side: coin as Side };
  const openMs = bars.openMs[moment.bar]!;
  const startMs = (): number => {
    if (ploy === 'regime-boundary') return openMs + market.barMs - BOUNDARY_LEAD_MS;
    // What rests must lie there before the mark comes to it.
    if (awaitsCrash) return openMs - leadMs;
    if (ploy === 'stale-market') return openMs + Math.floor(market.barMs * 0.98);
    return openMs + Math.floor(market.barMs * moment.share);
  };
  const atMs = Math.max(market.startMs, startMs());
  const side = sides === 'sighted' ? losingSideAt(bars, moment.bar, (atMs - openMs) / market.barMs) : moment.side;
  return { startMs: atMs, side };
}

function allowedBars(instants: Instants, family: AttackFamily, ploy: Ploy | null, draws: Draws): readonly number[] {
  const orAll = (bars: readonly number[]): readonly number[] => (bars.length > 0 ? bars : instants.judged);
  if (family === 'ATK-STATE') return orAll(draws.chance(0.5) ? instants.wild : instants.afterLosses);
  switch (ploy) {
    case 'rest-for-crash':
      return orAll(instants.calm);
    case 'stale-market':
      return orAll(instants.besideGaps);
    case 'regime-boundary':
      return orAll(instants.boundaries);
    default:
      return instants.judged;
  }
}

/** One persistent churner: an episode an hour over the whole span, the symbols in turn. */
function buildPersistent({ seed, market, sides }: ScheduleOptions, symbols: readonly SymbolBars[]): ScheduledEpisode[] {
  const draws = new Draws(seed, 'schedule:persistent');
  const episodes: ScheduledEpisode[] = [];
  for (let n = 0; market.startMs + n * PERSISTENT_SPAN_MS < market.endMs; n++) {
    const bars = symbols[n % symbols.length]!;
    const startMs = market.startMs + n * PERSISTENT_SPAN_MS;
    const { judged } = findInstants(market, bars);
    const coin: Side = draws.chance(0.5) ? 'buy' : 'sell';
    const at = firstAtOrAfter(bars.openMs, judged, startMs);
    episodes.push({
      id: `ATK-CHURN:persistent:${n}`,
      family: 'ATK-CHURN',
      symbol: bars.instrument.symbol,
      startMs,
      side: sides === 'clairvoyant' && at < judged.length ? worstMomentFrom(bars, judged, at, 2).side : coin,
      seed: draws.int(0, SEED_DRAWS),
      attempts: PERSISTENT_ATTEMPTS,
      spanMs: PERSISTENT_SPAN_MS,
    });
  }
  return episodes;
}

/** One squatter in every symbol from the first instant on: an episode after the other over the whole span. */
function buildSquatting({ seed, market }: ScheduleOptions, symbols: readonly SymbolBars[]): ScheduledEpisode[] {
  const draws = new Draws(seed, 'schedule:squat');
  const episodes: ScheduledEpisode[] = [];
  for (let n = 0; market.startMs + n * SQUAT_SPAN_MS < market.endMs; n++)
    for (const { instrument } of symbols)
      episodes.push({
        id: `ATK-SQUAT:${instrument.symbol}:${n}`,
        family: 'ATK-SQUAT',
        symbol: instrument.symbol,
        startMs: market.startMs + n * SQUAT_SPAN_MS,
        side: draws.chance(0.5) ? 'buy' : 'sell',
        seed: draws.int(0, SEED_DRAWS),
        agent: SQUATTER,
        attempts: NOMINAL_ATTEMPTS['ATK-SQUAT'],
        spanMs: SQUAT_SPAN_MS,
      });
  return episodes;
}

function firstAtOrAfter(openMs: Float64Array, judged: readonly number[], atMs: number): number {
  let low = 0;
  let high = judged.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (openMs[judged[middle]!]! < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
