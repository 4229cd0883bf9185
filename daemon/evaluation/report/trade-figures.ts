import { type DominanceRow, PUBLISHED_CONTRASTS } from '../metrics/dominance.ts';
import {
  type ChartSize,
  colourOf,
  dashOf,
  FAINT,
  type Figure,
  INK,
  legendRoom,
  nameBelow,
  styleAxis,
  styleLegend,
} from './chart.ts';
import type { Report } from './types.ts';

/** One point a scale of the caps: use kept across, risk upwards. */
interface TradeCurve {
  readonly variant: string;
  readonly points: readonly { readonly retained: number; readonly level: number; readonly capsScale: number }[];
}
/** A published level: how much of NoSAE's figure a published variant kept. */
interface PublishedLevel {
  readonly name: string;
  readonly level: number;
}

const FLOOR = 1e-3;

/** MDD, CVaR.99 and damage against retained legitimate notional, one line a variant over the scales of the caps. */
export function buildTradeFigures(report: Report): readonly Figure[] {
  const published = report.inputs.published;
  const levels = (key: 'mdd' | 'cvar99'): readonly PublishedLevel[] =>
    Object.entries(published)
      .filter(([name]) => name !== 'NoSAE' && published.NoSAE !== undefined)
      .map(([name, row]) => ({ name, level: row[key] / published.NoSAE![key] }));
  const relative = (key: 'mdd' | 'cvar99') =>
    collectCurves(report, (row) => (row.reduction[key] === null ? null : 1 - row.reduction[key].mean));
  const target = (key: 'mdd' | 'cvar99') => `\u2212${(100 * PUBLISHED_CONTRASTS[key]).toFixed(1)} %`;
  const words =
    'One line a variant, one point a scale of the caps (x 0.1, 0.25, 1, 5 where run), light attack. Both axes are logarithmic. Right is more use, down is less risk: a line below and to the right of another dominates it. Dashed: the published levels; the paper does not say how much use was left, so they are lines, not points.';
  const ratioFigure = (key: 'mdd' | 'cvar99', id: string, what: string, axis: string): Figure | null => {
    const curves = relative(key);
    if (curves.length === 0) return null;
    const title = `${what} against use (published ${target(key)})`;
    const chart = { curves, axis, published: levels(key), isLog: true };
    return { id, title, caption: words, heights: [440, 460], draw: (size) => drawTrade(chart, size) };
  };
  return [
    ratioFigure('mdd', 'trade-mdd', 'Drawdown', 'MDD / NoSAE'),
    ratioFigure('cvar99', 'trade-cvar', 'Tail loss', 'CVaR.99 / NoSAE'),
    damageFigure(report),
  ].filter((figure) => figure !== null);
}

function damageFigure(report: Report): Figure | null {
  const curves = collectCurves(report, ({ variant, caps_scale }) => {
    const scenarios = report.variants[variant]?.scenarios;
    return scenarios?.[`heavy/clairvoyant/x${caps_scale}`]?.attack_damage?.mean ?? null;
  });
  if (curves.length === 0) return null;
  return {
    id: 'trade-damage',
    title: 'Damage against use',
    caption:
      'Damage under heavy, clairvoyant attack against the legitimate notional retained under light attack, at the same caps. The paper has no such figure.',
    heights: [440, 460],
    draw: (size) => drawTrade({ curves, axis: 'damage, share of equity', published: [], isLog: false }, size),
  };
}

function collectCurves(report: Report, levelOf: (row: DominanceRow) => number | null): readonly TradeCurve[] {
  const { rows } = report.tests.dominance;
  const variants = [...new Set(rows.map(({ variant }) => variant))];
  return variants
    .map((variant) => ({
      variant,
      points: rows
        .filter((row) => row.variant === variant)
        .flatMap((row) => {
          const level = levelOf(row);
          return level === null || row.retained === null
            ? []
            : [{ retained: row.retained.mean, level, capsScale: row.caps_scale }];
        }),
    }))
    .filter(({ points }) => points.length > 0);
}

interface TradeChart {
  readonly curves: readonly TradeCurve[];
  readonly axis: string;
  readonly published: readonly PublishedLevel[];
  readonly isLog: boolean;
}

function drawTrade({ axis, curves, isLog, published }: TradeChart, { isNarrow }: ChartSize) {
  const names = curves.map(({ variant }) => variant);
  return {
    legend: styleLegend(names, isNarrow),
    grid: {
      left: isNarrow ? 48 : 72,
      right: isNarrow ? 20 : 130,
      top: legendRoom(names.length, isNarrow),
      bottom: 48,
    },
    xAxis: {
      type: 'log',
      ...styleAxis('legitimate notional retained, share of NoSAE', isNarrow),
      ...nameBelow(isNarrow),
    },
    yAxis: { type: isLog ? 'log' : 'value', ...styleAxis(axis, isNarrow) },
    series: [
      ...curves.map((curve, i) => ({
        type: 'line',
        name: curve.variant,
        color: colourOf(curve.variant, i),
        symbol: 'circle',
        symbolSize: 7,
        lineStyle: { width: curve.variant === 'Holdfast' ? 2.6 : 1.6, type: dashOf(curve.variant) },
        label: {
          show: !isNarrow && curve.variant === 'Holdfast',
          formatter: '{@[2]}',
          color: INK.light,
          fontSize: 10,
          position: 'top',
        },
        data: curve.points.map(({ retained, level, capsScale }) => [
          // A logarithmic axis has no 0.
          Math.max(FLOOR, retained),
          isLog ? Math.max(FLOOR, level) : level,
          `x${capsScale}`,
        ]),
      })),
      ...(published.length === 0 ? [] : [drawPublished(published, isNarrow)]),
    ],
  };
}

function drawPublished(published: readonly PublishedLevel[], isNarrow: boolean) {
  // Three of the published levels lie within 1 % of each other: one label for them.
  const labelled = published.filter(({ name }) => name === 'StaticOMS' || name === 'Full');
  return {
    type: 'line',
    data: [],
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { type: 'dashed', width: 1, color: FAINT.light },
      data: published.map(({ name, level }) => ({
        yAxis: level,
        label: {
          show: labelled.some((each) => each.name === name),
          formatter: isNarrow ? name : `paper: ${name}`,
          color: FAINT.light,
          fontSize: isNarrow ? 9 : 11,
          position: isNarrow ? 'insideEndTop' : 'end',
        },
      })),
    },
  };
}
