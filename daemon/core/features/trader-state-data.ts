// Written by scripts/calibrate/fit-trader-state.ts; see docs/trader-state.md. Not to be edited by hand.
import type { TraderStateModel } from './trader-features.ts';

export const TRADER_STATE_MODEL: TraderStateModel = {
  intercept: -3.312033,
  weights: {
    reentry_growth: 6.773414,
    reentry_size: 3.518626,
    loss_streak: 0.843098,
    fast_flips: 0.461023,
    burst: 1.752083,
  },
  knots: [
    [0.042028, 0.042536],
    [0.052528, 0.0475],
    [0.053798, 0.05],
    [0.06302, 0.054722],
    [0.08073, 0.074],
    [0.091044, 0.0825],
    [0.10212, 0.088333],
    [0.115501, 0.11],
    [0.13091, 0.135],
    [0.155625, 0.145],
    [0.207647, 0.265],
    [0.30816, 0.3],
    [0.432509, 0.44],
    [0.550111, 0.645],
    [0.687217, 0.7425],
    [0.832391, 0.804469],
  ],
};
