import { type SeedFigures, SUM_NAMES } from '../../../daemon/evaluation/tune/score.ts';

/** Sums of an account that does everything right, changed where a test says so. */
export function sumsWith(changes: Partial<SeedFigures> = {}): SeedFigures {
  const sums = Object.fromEntries(SUM_NAMES.map((name) => [name, 0])) as SeedFigures;
  const right: Partial<SeedFigures> = {
    lightMdd: 0.08,
    lightShrinkMdd: 0.1,
    heavyMdd: 0.07,
    heavyShrinkMdd: 0.1,
    lightCvar99: -0.004,
    lightShrinkCvar99: -0.005,
    heavyCvar99: -0.004,
    heavyShrinkCvar99: -0.005,
    lightGross: 0.3,
    damage: 0.01,
    pairs: 1,
    executedUsdt: 600,
    allowedUsdt: 1000,
    lossOutOfScopeUsdt: 0,
    lossAllUsdt: 50,
    blocked: 0,
    inScope: 100,
    'episodes ATK-FLOOD': 20,
    'episodes ATK-STATE': 20,
  };
  return { ...sums, ...right, ...changes };
}
