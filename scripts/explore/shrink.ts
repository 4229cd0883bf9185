import { PLAIN_SETUP, type Plan, type Setup, type Step } from './plan.ts';
import { runPlan } from './run-plan.ts';
import { findInterference } from './twin.ts';

export interface Shrunk {
  readonly plan: Plan;
  readonly runs: number;
}

/** Members of actions that are left out where the promise breaks without. */
const OPTIONAL = [
  'slippageBps',
  'validForMs',
  'id',
  'fraction',
  'leaveOrders',
  'leverage',
  'agoMs',
  'isAfterLast',
  'says',
  'places',
];
/** Runs that a shrinking may take. */
const MAX_RUNS = 400;

/**
 * The smallest plan that this way finds in which the same promise is broken: steps are left out, in halves first and
 * then one by one, what is chance becomes none, and numbers become round.
 */
export async function shrink(plan: Plan, code: string, maxRuns = MAX_RUNS): Promise<Shrunk> {
  let best = plan;
  let runs = 0;
  const seen = new Set<string>();
  const breaks = async (candidate: Plan): Promise<boolean> => {
    const key = JSON.stringify(candidate);
    if (runs >= maxRuns || seen.has(key)) return false;
    seen.add(key);
    runs += 1;
    try {
      const breaches =
        code === 'others/changed' ? await findInterference(candidate) : (await runPlan(candidate)).breaches;
      return breaches.some((breach) => breach.code === code);
    } catch {
      return false;
    }
  };
  const attempt = async (candidate: Plan): Promise<boolean> => {
    if (!(await breaks(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let before = ''; before !== JSON.stringify(best) && runs < maxRuns; ) {
    before = JSON.stringify(best);
    await dropSteps(() => best, attempt);
    await simplifySetup(() => best, attempt);
    await simplifySteps(() => best, attempt);
  }
  return { plan: best, runs };
}

type Attempt = (candidate: Plan) => Promise<boolean>;

async function dropSteps(best: () => Plan, attempt: Attempt): Promise<void> {
  for (let size = Math.ceil(best().steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = best().steps.length - size; start >= 0; ) {
      const { steps } = best();
      const left = [...steps.slice(0, start), ...steps.slice(start + size)];
      // Time that passed goes on passing: what came later comes when it came.
      const next = steps[start + size];
      const gone = steps.slice(start, start + size);
      const kept =
        next === undefined ? left : [...steps.slice(0, start), later(next, gone), ...steps.slice(start + size + 1)];
      if (!(await attempt({ ...best(), steps: left })) && JSON.stringify(kept) !== JSON.stringify(left))
        await attempt({ ...best(), steps: kept });
      start -= size;
      start = Math.min(start, best().steps.length - size);
    }
  }
}

function later(step: Step, gone: readonly Step[]): Step {
  const passed = [...gone, step].reduce((sum, { gap }) => sum + (typeof gap === 'number' ? gap : 0), 0);
  if (typeof step.gap === 'object') return step;
  if (gone.some(({ gap }) => gap === 'answered') || step.gap === 'answered') return { ...step, gap: 'answered' };
  return { ...step, gap: passed };
}

async function simplifySetup(best: () => Plan, attempt: Attempt): Promise<void> {
  await attempt({ ...best(), setup: { ...PLAIN_SETUP, regime: best().setup.regime, settleMs: best().setup.settleMs } });
  for (const key of Object.keys(PLAIN_SETUP) as (keyof Setup)[]) {
    if (key === 'settleMs') continue;
    const { setup } = best();
    if (JSON.stringify(setup[key]) === JSON.stringify(PLAIN_SETUP[key])) continue;
    await attempt({ ...best(), setup: { ...setup, [key]: PLAIN_SETUP[key] } });
  }
  for (const key of Object.keys(best().setup.policy ?? {})) {
    const { [key]: _value, ...policy } = best().setup.policy ?? {};
    await attempt({ ...best(), setup: { ...best().setup, policy } });
  }
  await attempt({ ...best(), setup: { ...best().setup, noise: 0 } });
  await attempt({ ...best(), seed: 1 });
}

async function simplifySteps(best: () => Plan, attempt: Attempt): Promise<void> {
  const replace = (index: number, step: Step): Promise<boolean> =>
    attempt({ ...best(), steps: best().steps.map((old, place) => (place === index ? step : old)) });
  // One agent instead of several, long instead of short.
  for (const agent of ['beta', 'gamma']) {
    const text = JSON.stringify(best().steps).replaceAll(`"${agent}"`, '"alpha"');
    if (text !== JSON.stringify(best().steps)) await attempt({ ...best(), steps: JSON.parse(text) as Step[] });
  }
  for (let index = 0; index < best().steps.length; index += 1) {
    for (const candidate of simplerGaps(best().steps[index] as Step)) if (await replace(index, candidate)) break;
    for (const key of Object.keys((best().steps[index] as Step).do)) {
      const step = best().steps[index] as Step;
      const { [key]: value, ...rest } = step.do as unknown as Record<string, unknown>;
      if (key === 'kind' || key === 'agent') continue;
      const withoutIt = { gap: step.gap, do: rest as unknown as Step['do'] };
      if (OPTIONAL.includes(key) && (await replace(index, withoutIt))) continue;
      if (typeof value === 'number')
        for (const simpler of simplerNumbers(key, value))
          if (await replace(index, { gap: step.gap, do: { ...rest, [key]: simpler } as unknown as Step['do'] })) break;
    }
  }
}

function simplerGaps({ gap, do: action }: Step): Step[] {
  if (gap === 'answered') return [];
  const gaps: Step['gap'][] =
    typeof gap !== 'number'
      ? ['answered']
      : ['answered', ...[0, 100, 500, 1_000, 2_000, 5_000].filter((ms) => ms < gap)];
  return gaps.map((simpler) => ({ gap: simpler, do: action }));
}

const ROUND: Readonly<Record<string, readonly number[]>> = {
  usdt: [300, 600],
  share: [1, 0.5],
  downMs: [500],
  ttlMs: [5_000],
  validForMs: [5_000],
  pick: [0],
  count: [1, 2],
};

function simplerNumbers(key: string, value: number): readonly number[] {
  const known = ROUND[key] ?? [
    Math.sign(value) * 10 ** Math.floor(Math.log10(Math.max(1, Math.abs(value)))),
    Math.round(value / 10) * 10,
  ];
  return known.filter((simpler) => simpler !== value);
}
