import { buildInterval, divideAll, type Metric } from './bootstrap-plan.ts';
import type { Cell } from './cell.ts';
import type { ScenarioReport } from './scenario-report.ts';

/** One row of the published table (arXiv 2603.10092v1, restated in SAE section 8). */
export interface PublishedRow {
  readonly mdd: number;
  readonly cvar95: number;
  readonly cvar99: number;
  readonly liquidations: number;
  readonly attack_success: number;
  readonly false_block: number;
  readonly latency_ms: number;
  readonly dg_rate: number;
  readonly dg_loss: number;
}
export type PublishedTable = Readonly<Record<string, PublishedRow>>;

function row(figures: readonly [number, number, number, number, number, number, number, number, number]): PublishedRow {
  const [mdd, cvar95, cvar99, liquidations, attack_success, false_block, latency_ms, dg_rate, dg_loss] = figures;
  return { mdd, cvar95, cvar99, liquidations, attack_success, false_block, latency_ms, dg_rate, dg_loss };
}

export const PUBLISHED: PublishedTable = {
  NoSAE: row([0.4643, -1.363e-3, -4.025e-3, 0, 1, 0, 0.00135, 0.05889, 0.64712]),
  StaticOMS: row([0.1184, -2.34e-4, -5.62e-4, 0, 0.8847, 0.0112, 0.00194, 0.0516, 0.1189]),
  Budget: row([0.03251, -5.1e-5, -1.01e-4, 0, 0.76, 0, 0.00251, 0.04222, 0.02132]),
  'Budget+Cooldown': row([0.03627, -5.9e-5, -1.03e-4, 0, 0.7588, 0, 0.00321, 0.04333, 0.02553]),
  Full: row([0.0319, -4.8e-5, -1.02e-4, 0, 0.7281, 0, 0.01029, 0.047, 0.01916]),
};

export const CONTRASTS = ['mdd', 'cvar99', 'dg_loss'] as const;
export type Contrast = (typeof CONTRASTS)[number];

/** Reductions of Full against NoSAE in the published table: 0.931, 0.975 and 0.970. Fractions. */
export const PUBLISHED_CONTRASTS: Readonly<Record<Contrast, number>> = {
  mdd: reductionOf('mdd'),
  cvar99: reductionOf('cvar99'),
  dg_loss: reductionOf('dg_loss'),
};

function reductionOf(contrast: Contrast): number {
  return 1 - PUBLISHED.Full![contrast] / PUBLISHED.NoSAE![contrast];
}

/** One variant at one scale of the caps under light attack: how much safer than NoSAE, and what use is left. */
export interface DominanceRow {
  readonly variant: string;
  readonly caps_scale: number;
  /** 1 - variant / NoSAE at caps x 1. */
  readonly reduction: Readonly<Record<Contrast, Metric>>;
  readonly is_met: Readonly<Record<Contrast, boolean>>;
  readonly retained: Metric;
  readonly retained_hard: Metric;
  readonly attack_damage: Metric;
}
/** Where a variant meets the published contrasts, and how much legitimate notional it executes there. */
export interface ContrastsMet {
  readonly variant: string;
  /** Retained share where the reduction equals the published one, between the scales by straight lines; null: never. */
  readonly retained_at: Readonly<Record<Contrast, number | null>>;
  /** Largest scale of those run at which every contrast is met; null: none. */
  readonly largest_scale_all_met: number | null;
  readonly retained_all_met: number | null;
}
export interface ScaledCell {
  readonly variant: string;
  readonly capsScale: number;
  readonly cell: Cell;
  readonly report: ScenarioReport;
}
/** A variant at one scale as a point: how much the risk is reduced, how much use is left. */
export interface TradePoint {
  readonly reduction: number;
  readonly retained: number;
}

export function buildDominanceRow(
  scaled: ScaledCell,
  noSae: Cell,
  contrasts: Readonly<Record<Contrast, number>>,
): DominanceRow {
  const reduction: Readonly<Record<Contrast, Metric>> = {
    mdd: reduceRatio(pathRatio(scaled.cell, noSae, 'mdd')),
    cvar99: reduceRatio(pathRatio(scaled.cell, noSae, 'cvar99')),
    dg_loss: reduceRatio(lossRatio(scaled.cell, noSae)),
  };
  const isMet = (name: Contrast) => reduction[name] !== null && reduction[name].mean >= contrasts[name];
  return {
    variant: scaled.variant,
    caps_scale: scaled.capsScale,
    reduction,
    is_met: { mdd: isMet('mdd'), cvar99: isMet('cvar99'), dg_loss: isMet('dg_loss') },
    retained: scaled.report.retained,
    retained_hard: scaled.report.retained_hard,
    attack_damage: scaled.report.attack_damage,
  };
}

/** `rows`: one variant's, by rising scale. */
export function findContrastsMet(
  rows: readonly DominanceRow[],
  contrasts: Readonly<Record<Contrast, number>>,
): ContrastsMet {
  const all = rows.filter((row) => CONTRASTS.every((name) => row.is_met[name])).at(-1);
  const at = (name: Contrast) => {
    const points = rows.flatMap(({ reduction, retained }) =>
      reduction[name] === null || retained === null
        ? []
        : [{ reduction: reduction[name].mean, retained: retained.mean }],
    );
    return findRetainedAt(points, contrasts[name]);
  };
  return {
    variant: rows[0]?.variant ?? '',
    retained_at: { mdd: at('mdd'), cvar99: at('cvar99'), dg_loss: at('dg_loss') },
    largest_scale_all_met: all?.caps_scale ?? null,
    retained_all_met: all?.retained?.mean ?? null,
  };
}

/** Most use left at a reduction of at least `target` along the line through `points`; null when it is never reached. */
export function findRetainedAt(points: readonly TradePoint[], target: number): number | null {
  let best: number | null = null;
  const offer = (retained: number) => {
    best = best === null ? retained : Math.max(best, retained);
  };
  for (const [i, point] of points.entries()) {
    if (point.reduction >= target) offer(point.retained);
    const next = points[i + 1];
    if (next === undefined || point.reduction >= target === next.reduction >= target) continue;
    const share = (target - point.reduction) / (next.reduction - point.reduction);
    offer(point.retained + share * (next.retained - point.retained));
  }
  return best;
}

interface Ratio {
  readonly point: number;
  readonly replicates: Float64Array;
}

function reduceRatio({ point, replicates }: Ratio): Metric {
  return buildInterval(
    1 - point,
    replicates.map((value) => 1 - value),
  );
}

/** Ratio of means over runs. */
function pathRatio(cell: Cell, noSae: Cell, name: 'mdd' | 'cvar99'): Ratio {
  const mean = (of: Cell) => of.path[name].point / of.totals.total('runs');
  const means = (of: Cell) => divideAll(of.path[name].replicates(), of.totals.replicates('runs'));
  return { point: mean(cell) / mean(noSae), replicates: divideAll(means(cell), means(noSae)) };
}

/** Ratio of the shares of losses that were out of scope (DG_loss); a run without losses has a share of 0. */
function lossRatio(cell: Cell, noSae: Cell): Ratio {
  const share = ({ totals }: Cell) =>
    totals.total('lossAllUsdt') === 0 ? 0 : totals.total('lossOutOfScopeUsdt') / totals.total('lossAllUsdt');
  const shares = ({ totals }: Cell) =>
    divideAll(totals.replicates('lossOutOfScopeUsdt'), totals.replicates('lossAllUsdt'));
  return { point: share(cell) / share(noSae), replicates: divideAll(shares(cell), shares(noSae)) };
}
