import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FeasibleSet, NotionalBounds } from '../../daemon/core/rules/projection.ts';
import { marginBound, project } from '../../daemon/core/rules/projection.ts';
import { forAll } from '../for-all.ts';

/** SAE-PROJ: a_eff = argmin over F of D(a, a_req), D^2 = sum of w_i ((x_i - r_i) / B0_i)^2, against plain enumeration. */
interface Problem {
  readonly set: FeasibleSet;
  readonly request: { readonly leverage: number; readonly notional: number };
  readonly slippage: { readonly cap: number; readonly requested: number };
  readonly weights: readonly [number, number, number];
  readonly scale: { readonly leverage: number; readonly notional: number; readonly slippage: number };
}
const boundsOf = (pairs: readonly (readonly [cap: number, base: number])[]): NotionalBounds => ({
  codes: pairs.map(() => 'BUDGET_NOTIONAL'),
  capsUsdt: pairs.map(([cap]) => cap),
  basesUsdt: pairs.map(([, base]) => base),
});
const amount = (most: number): fc.Arbitrary<number> => fc.double({ min: 0, max: most, noNaN: true });
const weight = fc.double({ min: -4, max: 4, noNaN: true }).map((power) => 10 ** power);

const problems: fc.Arbitrary<Problem> = fc
  .record({
    leverageCap: fc.integer({ min: 1, max: 12 }),
    bounds: fc.array(fc.tuple(amount(5000), amount(2000)), { minLength: 1, maxLength: 6 }),
    margin: amount(3000),
    fee: fc.constantFrom(0, 0.0004, 0.0005, 0.01),
    leverage: fc.integer({ min: 1, max: 20 }),
    notional: amount(6000),
    cap: fc.integer({ min: 1, max: 100 }),
    requested: fc.integer({ min: 1, max: 150 }),
    weights: fc.tuple(weight, weight, weight),
  })
  .map((d) => ({
    set: {
      leverageCap: d.leverageCap,
      bounds: boundsOf(d.bounds),
      marginUsdt: d.margin,
      phi: 2 * d.fee + Math.min(d.cap, d.requested) / 1e4,
    },
    request: { leverage: d.leverage, notional: d.notional },
    slippage: { cap: d.cap, requested: d.requested },
    weights: d.weights,
    scale: { leverage: 12, notional: 5000, slippage: 100 },
  }));

function distance(problem: Problem, leverage: number, notional: number, slippage: number): number {
  const { weights, scale, request } = problem;
  const terms = [
    (leverage - request.leverage) / scale.leverage,
    (notional - request.notional) / scale.notional,
    (slippage - problem.slippage.requested) / scale.slippage,
  ];
  return terms.reduce((sum, term, index) => sum + (weights[index] ?? 0) * term * term, 0);
}

/** Membership in F, written from DESIGN "Feasible set" and not from the gate: every bound, the margin at this leverage. */
function isFeasible({ set }: Problem, leverage: number, notional: number): boolean {
  if (leverage < 1 || leverage > set.leverageCap || notional < 0) return false;
  const { capsUsdt, basesUsdt } = set.bounds;
  if (capsUsdt.some((cap, i) => notional > cap - (basesUsdt[i] ?? 0))) return notional === 0;
  return notional * (1 / leverage + set.phi) <= set.marginUsdt * (1 + 1e-12) || notional === 0;
}

/**
 * The best point of F on a grid over whole leverages, notionals and slippages, refined twice around the best notional.
 * The request dominates every coordinate, so nothing above it is tried.
 */
function enumerate(problem: Problem): number {
  const { request, set, slippage } = problem;
  let best = Number.POSITIVE_INFINITY;
  // Slippage is bounded on its own and enters the others through phi at the bound that is sent: whole basis points.
  const steps = 48;
  for (let leverage = 1; leverage <= Math.min(set.leverageCap, request.leverage); leverage++) {
    let low = 0;
    let high = request.notional;
    for (let round = 0; round < 4; round++) {
      const width = (high - low) / steps;
      let at = low;
      let bestHere = Number.POSITIVE_INFINITY;
      for (let step = 0; step <= steps; step++) {
        const notional = low + step * width;
        if (!isFeasible(problem, leverage, notional)) continue;
        const d = distance(problem, leverage, notional, Math.min(slippage.cap, slippage.requested));
        if (d < bestHere) {
          bestHere = d;
          at = notional;
        }
      }
      best = Math.min(best, bestHere);
      low = Math.max(0, at - width);
      high = Math.min(request.notional, at + width);
    }
  }
  return best;
}

test('SAE-PROJ: the closed form is the weighted l2 projection on 10,000 random feasible sets and positive weights', () => {
  let coupled = 0;
  forAll([problems], { numRuns: 10_000, seed: 5150, includeErrorInReport: true }, (problem) => {
    const found = project(problem.set, problem.request, null);
    const slippage = Math.min(problem.slippage.cap, problem.slippage.requested);
    if (found.binding === 'BUDGET_MARGIN') coupled += 1;
    assert.ok(isFeasible(problem, found.leverage, found.notional), 'the closed form lies in F');
    assert.ok(found.leverage <= Math.max(1, problem.request.leverage) && found.notional <= problem.request.notional);
    const closed = distance(problem, found.leverage, found.notional, slippage);
    const best = enumerate(problem);
    assert.ok(closed <= best * (1 + 1e-9) + 1e-15, `closed form at ${closed}, enumeration finds ${best}`);
  });
  assert.ok(coupled > 500, `the margin, which couples leverage and notional, bound only ${coupled} times`);
});

test('SAE-PROJ: the projection is the greatest element of F below the request, so no weight can move it', () => {
  forAll(
    [problems, amount(1), fc.integer({ min: 1, max: 12 })],
    { numRuns: 10_000, seed: 77, includeErrorInReport: true },
    (problem, share, leverage) => {
      const found = project(problem.set, problem.request, null);
      const other = Math.min(leverage, problem.request.leverage);
      const notional = share * problem.request.notional;
      if (!isFeasible(problem, other, notional)) return;
      assert.ok(other <= found.leverage && notional <= found.notional * (1 + 1e-12) + 1e-12);
    },
  );
});

test('SAE-PROJ: leverage alone is L_eff = min(L_req, L_cap)', () => {
  for (let cap = 1; cap <= 10; cap++)
    for (let asked = 1; asked <= 12; asked++) {
      const set: FeasibleSet = { leverageCap: cap, bounds: boundsOf([[1e9, 0]]), marginUsdt: 1e9, phi: 0 };
      assert.equal(project(set, { leverage: asked, notional: 100 }, null).leverage, Math.min(asked, cap));
    }
});

test('SAE-PROJ: margin at the boundary satisfies n (1/l + phi) = M, and is charged at the locked leverage when lower [TD-36 TF-33]', () => {
  forAll(
    [amount(1e6), fc.integer({ min: 1, max: 125 }), fc.double({ min: 0, max: 0.2, noNaN: true })],
    { numRuns: 2000, seed: 8 },
    (M, l, phi) => {
      const n = marginBound(M, l, phi);
      assert.ok(Math.abs(n * (1 / l + phi) - M) <= 1e-9 * Math.max(1, M));
      const set: FeasibleSet = { leverageCap: 125, bounds: boundsOf([[1e12, 0]]), marginUsdt: M, phi };
      const locked = project(set, { leverage: l, notional: 1e12 }, 1);
      assert.ok(Math.abs(locked.notional - marginBound(M, 1, phi)) <= 1e-9 * Math.max(1, M));
    },
  );
});
