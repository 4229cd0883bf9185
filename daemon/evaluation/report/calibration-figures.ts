import {
  type ChartSize,
  colourOf,
  FAINT,
  type Figure,
  legendRoom,
  nameBelow,
  styleAxis,
  styleLegend,
} from './chart.ts';
import { formatInterval } from './numbers.ts';
import type { CalibrationInput, Metric } from './types.ts';

export function buildCalibrationFigures(calibration: CalibrationInput | null): readonly Figure[] {
  if (calibration === null) return [];
  const { reliability, sweep } = calibration;
  const figures: Figure[] = [
    {
      id: 'reliability',
      title: 'Reliability of the trader-state score',
      caption: `Forecast p_t against the share of agents that then escalated, ${reliability.samples} samples of ${reliability.accounts} accounts that did not fit it; larger dots hold more samples. On the dashed line forecasts come true. Brier score ${formatInterval(reliability.brier)}, calibration error ${formatInterval(reliability.ece)}, rank (AUC) ${formatInterval(reliability.auc)}. The agents are synthetic: this is no measurement of real ones.`,
      heights: [440, 360],
      draw: (size) => drawReliability(calibration, size),
    },
  ];
  if (sweep.length > 0)
    figures.push({
      id: 'thresholds',
      title: 'What the thresholds of the score do',
      caption:
        'False block and damage (heavy, clairvoyant) as the thresholds of p_t move, from off to strict; each pair tightening only and refusing (enforce_block). A threshold is worth its false blocks only where the damage falls.',
      heights: [420, 460],
      draw: (size) => drawSweep(calibration, size),
    });
  return figures;
}

function drawReliability({ reliability }: CalibrationInput, { isNarrow }: ChartSize) {
  const points = reliability.bins.flatMap(({ meanP, frequency, n }) =>
    meanP === null || frequency === null ? [] : [[meanP, frequency, n] as const],
  );
  const most = Math.max(1, ...points.map(([, , n]) => n));
  return {
    grid: { left: isNarrow ? 44 : 70, right: 24, top: 36, bottom: 48 },
    xAxis: {
      type: 'value',
      min: 0,
      max: 1,
      ...styleAxis('forecast p_t', isNarrow),
      ...nameBelow(isNarrow),
    },
    yAxis: { type: 'value', min: 0, max: 1, ...styleAxis('share that escalated', isNarrow), nameLocation: 'end' },
    series: [
      {
        type: 'line',
        showSymbol: false,
        color: FAINT.light,
        lineStyle: { type: 'dashed', width: 1 },
        data: [
          [0, 0],
          [1, 1],
        ],
      },
      {
        type: 'scatter',
        color: colourOf('Holdfast'),
        data: points.map(([x, y, n]) => ({ value: [x, y], symbolSize: 6 + 22 * Math.sqrt(n / most) })),
      },
    ],
  };
}

function drawSweep({ sweep }: CalibrationInput, { isNarrow }: ChartSize) {
  const names = ['false block', 'damage'];
  const top = legendRoom(names.length, isNarrow);
  const line = (name: string, axis: number, color: string, of: (point: (typeof sweep)[number]) => Metric) => ({
    type: 'line',
    name,
    yAxisIndex: axis,
    color,
    symbol: axis === 0 ? 'circle' : 'rect',
    symbolSize: 7,
    data: sweep.map((point) => of(point)?.mean ?? '-'),
  });
  return {
    legend: styleLegend(names, isNarrow),
    grid: { left: isNarrow ? 44 : 70, right: isNarrow ? 44 : 70, top, bottom: isNarrow ? 130 : 110 },
    xAxis: {
      type: 'category',
      data: sweep.map(({ name }) => name),
      ...styleAxis('', isNarrow),
      axisLabel: { ...styleAxis('', isNarrow).axisLabel, rotate: 40, interval: 0, hideOverlap: false },
    },
    yAxis: [
      { type: 'value', min: 0, ...styleAxis('false block', isNarrow) },
      { type: 'value', ...styleAxis('damage', isNarrow), splitLine: { show: false } },
    ],
    series: [
      line('false block', 0, colourOf('Full'), ({ false_block }) => false_block),
      line('damage', 1, colourOf('NoSAE'), ({ attack_damage }) => attack_damage),
    ],
  };
}
