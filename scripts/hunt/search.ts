import { Random } from '../explore/random.ts';
import { crossPlans, type Drawn, drawPlan, extendPlan, mutatePlan } from './draw.ts';
import type { FoundHunt, HuntPlan } from './plan.ts';
import type { Episode } from './play.ts';

/** Episodes that met nothing new after which the search begins anew. */
const STALE_AFTER = 60;
/** Share of episodes that are drawn whatever was found. */
const FRESH_SHARE = 0.15;
/** Share of episodes that go on from one that was out of scope, once there is one. */
const DAMAGE_SHARE = 0.4;
/** Plans of one kind that are kept as found. */
const MAX_FOUND = 3;

export interface Searched {
  readonly episodes: number;
  readonly asks: number;
  readonly restarts: number;
  /** Episodes with an execution out of scope, and episodes that threw. */
  readonly outOfScope: number;
  readonly crashed: number;
  /** Kinds of what the asks met. */
  readonly seen: number;
  /** Most that an episode cost the account, USDT, all of it in scope. */
  readonly maxLostUsdt: number;
  readonly maxOutOfScopeUsdt: number;
  readonly found: readonly FoundHunt[];
}
interface Kept {
  plan: HuntPlan;
  worth: number;
  /** Episodes that have met it. */
  times: number;
}

/**
 * An evolutionary search, seeded. It keeps the shortest way to everything that an ask has met, and of what was out of
 * scope the plan that cost most. These it goes on from, changes and crosses, those that lead to what is rarely met sooner
 * than others. It begins anew when nothing new comes.
 */
export function search(seed: number, episodes: number, drawn: Drawn, play: (plan: HuntPlan) => Episode): Searched {
  const random = new Random(seed, 'hunt');
  const everSeen = new Set<string>();
  const found: FoundHunt[] = [];
  const totals = { asks: 0, restarts: 0, outOfScope: 0, crashed: 0, maxLostUsdt: 0, maxOutOfScopeUsdt: 0 };
  const kept = new Map<string, Kept>();
  let stale = 0;
  for (let i = 1; i <= episodes; i += 1) {
    const plan = propose(random, [...kept.values()], drawn);
    const episode = play(plan);
    totals.asks += episode.asks;
    if (episode.found === 'crashed') totals.crashed += 1;
    else if (episode.found !== '') totals.outOfScope += 1;
    else totals.maxLostUsdt = Math.max(totals.maxLostUsdt, episode.lostUsdt);
    totals.maxOutOfScopeUsdt = Math.max(totals.maxOutOfScopeUsdt, episode.outOfScopeUsdt);
    if (episode.found !== '' && found.filter((known) => known.found === episode.found).length < MAX_FOUND)
      found.push({ found: episode.found, seed, episode: i, plan });
    for (const each of episode.seen.keys()) everSeen.add(each);
    stale = keep(kept, plan, episode) ? 0 : stale + 1;
    if (stale < STALE_AFTER) continue;
    totals.restarts += 1;
    stale = 0;
    kept.clear();
  }
  return { ...totals, episodes, seen: everSeen.size, found };
}

/** Whether it met something new. */
function keep(kept: Map<string, Kept>, plan: HuntPlan, { found, outOfScopeUsdt, seen }: Episode): boolean {
  const before = kept.size;
  for (const [each, asked] of seen) keepBetter(kept, each, { ...plan, moves: plan.moves.slice(0, asked) }, -asked);
  if (found !== '' && found !== 'crashed') keepBetter(kept, `! ${found}`, plan, outOfScopeUsdt);
  return kept.size > before;
}

function keepBetter(kept: Map<string, Kept>, what: string, plan: HuntPlan, worth: number): void {
  const known = kept.get(what);
  if (known === undefined) kept.set(what, { plan, worth, times: 1 });
  else {
    known.times += 1;
    if (worth > known.worth) Object.assign(known, { plan, worth });
  }
}

function propose(random: Random, kept: readonly Kept[], drawn: Drawn): HuntPlan {
  if (kept.length === 0 || random.chance(FRESH_SHARE)) return drawPlan(random, drawn);
  const outOfScope = kept.filter(({ worth }) => worth > 0);
  const plan = pickRare(random, outOfScope.length > 0 && random.chance(DAMAGE_SHARE) ? outOfScope : kept);
  return random.weighted([
    [5, () => extendPlan(random, plan)],
    [4, () => mutatePlan(random, plan, drawn)],
    [1, () => crossPlans(random, plan, pickRare(random, kept))],
  ])();
}

function pickRare(random: Random, kept: readonly Kept[]): HuntPlan {
  const drawn = [random.pick(kept), random.pick(kept), random.pick(kept)];
  return drawn.reduce((rarest, each) => (each.times < rarest.times ? each : rarest)).plan;
}
