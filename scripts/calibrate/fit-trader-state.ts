/**
 * Fits the trader-state model on a seeded synthetic population and judges it on another one.
 *
 *   node scripts/calibrate/fit-trader-state.ts           writes the data file and the figures in the docs
 *   node scripts/calibrate/fit-trader-state.ts --check   exits 1 when either differs from what is committed
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  measureTrader,
  TRADER_FEATURE_NAMES,
  type TraderFeatures,
  type TraderStateModel,
} from '../../daemon/core/features/trader-features.ts';
import { computeTraderRisk, scoreTrader, selectTrades } from '../../daemon/core/features/trader-state.ts';
import { placeText } from '../pages/place.ts';
import { FIT_POPULATION, type Observation, observePopulation, SHIFTED_POPULATION } from './population.ts';
import { fitIsotonic, fitLogistic } from './regression.ts';
import { measureReliability, type Reliability } from './reliability.ts';

/** Windows and base rate of the shipped policy; another base rate only moves the shrinking. */
const SECTION = { window_trades: 200, max_age_ms: 604_800_000, base_rate: 0.1 };
const RIDGE = 1;
const ISOTONIC_BIN = 200;

export const DATA_PATH = fileURLToPath(new URL('../../daemon/core/features/trader-state-data.ts', import.meta.url));
export const DOCS_PATH = fileURLToPath(new URL('../../docs/trader-state.md', import.meta.url));

/** Six decimals: more than the fit can tell, few enough to read. The model is judged as rounded. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}

export function fitTraderState(observations: readonly Observation[]): TraderStateModel {
  const labels = observations.map((observation) => observation.escalates);
  const features = observations.map(({ trades, now_ms }) => measureTrader(selectTrades(trades, now_ms, SECTION)));
  const rows = features.map((measured) => TRADER_FEATURE_NAMES.map((name) => measured[name]));
  const [intercept, ...coefficients] = fitLogistic(rows, labels, RIDGE).map(rounded);
  const weights = Object.fromEntries(TRADER_FEATURE_NAMES.map((name, i) => [name, coefficients[i]!]));
  const linear: TraderStateModel = { intercept: intercept!, weights: weights as unknown as TraderFeatures, knots: [] };
  const scores = features.map((measured) => scoreTrader(measured, linear));
  const blocks = fitIsotonic(scores, labels, ISOTONIC_BIN);
  return { ...linear, knots: blocks.map(({ score, rate }) => [rounded(score), rounded(rate)] as const) };
}

export interface TraderStateReport {
  readonly name: string;
  /** p_t as the gate uses it. */
  readonly shrunk: Reliability;
  /** The calibrated probability before it is shrunk to the base rate. */
  readonly calibrated: Reliability;
}

export function judgeTraderState(
  name: string,
  observations: readonly Observation[],
  model: TraderStateModel,
): TraderStateReport {
  const labels = observations.map((observation) => observation.escalates);
  const risks = observations.map(({ trades, now_ms }) => computeTraderRisk(trades, now_ms, SECTION, model));
  return {
    name,
    shrunk: measureReliability(
      risks.map((risk) => risk.p_risk),
      labels,
    ),
    calibrated: measureReliability(
      risks.map((risk) => risk.calibrated),
      labels,
    ),
  };
}

function formatData(model: TraderStateModel): string {
  const weights = TRADER_FEATURE_NAMES.map((name) => `    ${name}: ${model.weights[name]},`);
  const knots = model.knots.map(([score, rate]) => `    [${score}, ${rate}],`);
  return `// Written by scripts/calibrate/fit-trader-state.ts; see docs/trader-state.md. Not to be edited by hand.
import type { TraderStateModel } from './trader-features.ts';

export const TRADER_STATE_MODEL: TraderStateModel = {
  intercept: ${model.intercept},
  weights: {
${weights.join('\n')}
  },
  knots: [
${knots.join('\n')}
  ],
};
`;
}

function formatReport(reports: readonly TraderStateReport[]): string {
  const lines = [
    '| population | forecast | observations | escalating | Brier | Brier of the base rate | ECE | AUC |',
    '|---|---|---|---|---|---|---|---|',
  ];
  const row = (name: string, forecast: string, r: Reliability): string =>
    `| ${name} | ${forecast} | ${r.count} | ${r.baseRate.toFixed(4)} | ${r.brier.toFixed(4)} | ${r.brierOfBaseRate.toFixed(4)} | ${r.calibrationError.toFixed(4)} | ${r.auc.toFixed(4)} |`;
  for (const { name, shrunk, calibrated } of reports) {
    lines.push(row(name, 'calibrated', calibrated), row(name, 'p_t', shrunk));
  }
  for (const { name, shrunk } of reports) {
    lines.push(
      '',
      `p_t on the ${name} population:`,
      '',
      '| p_t | observations | mean p_t | observed |',
      '|---|---|---|---|',
    );
    for (const bin of shrunk.rows) {
      lines.push(
        `| ${bin.from.toFixed(1)} to ${bin.to.toFixed(1)} | ${bin.count} | ${bin.forecast.toFixed(4)} | ${bin.observed.toFixed(4)} |`,
      );
    }
  }
  return lines.join('\n');
}

export interface TraderStateBuild {
  readonly data: string;
  readonly figures: string;
  readonly reports: { readonly fitted: TraderStateReport; readonly shifted: TraderStateReport };
}

/** Everything from the seeds: the data file's text, the figures, the reports. The same at every run. */
export function buildTraderState(): TraderStateBuild {
  const observations = observePopulation(FIT_POPULATION);
  const model = fitTraderState(observations);
  const fitted = judgeTraderState('fitted', observations, model);
  const shifted = judgeTraderState('shifted', observePopulation(SHIFTED_POPULATION), model);
  return { data: formatData(model), figures: formatReport([fitted, shifted]), reports: { fitted, shifted } };
}

/** The text of daemon/core/features/trader-state-data.ts. */
export function buildTraderStateData(): string {
  return formatData(fitTraderState(observePopulation(FIT_POPULATION)));
}

/** The document with its figures replaced; throws when it has no place for them. */
export function placeFigures(document: string, figures: string): string {
  return placeText(document, 'figures', figures);
}

function main(isCheck: boolean): number {
  const { data, figures } = buildTraderState();
  const outputs = [
    [DATA_PATH, data],
    [DOCS_PATH, placeFigures(readFileSync(DOCS_PATH, 'utf8'), figures)],
  ] as const;
  let differing = 0;
  for (const [path, text] of outputs) {
    if (!isCheck) writeFileSync(path, text);
    else if (readFileSync(path, 'utf8') !== text) {
      console.error(`${path} differs from what the calibration gives`);
      differing += 1;
    }
  }
  console.log(isCheck ? `checked ${outputs.length} files, ${differing} differ` : `wrote ${outputs.length} files`);
  return differing === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = main(process.argv.includes('--check'));
}
