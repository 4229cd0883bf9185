import { PUBLISHED } from '../metrics/published.ts';
import type { Report, ReportParts } from './types.ts';

/** report.json as a value; the order of its keys is part of its shape. */
export function buildReport(parts: ReportParts): Report {
  const { aggregate, mutations, inputs, calibration, published = PUBLISHED } = parts;
  return {
    variants: aggregate.variants,
    shrink: aggregate.shrink,
    mutations,
    tests: { ...aggregate.tests, dominance: aggregate.dominance, calibration },
    inputs: { ...inputs, published },
  };
}

/** The text of report.json. */
export function formatReport(report: Report): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** Names of figures that a clock measured. */
const TIMINGS: readonly string[] = ['latency_us'];

/**
 * What the same inputs give again bit for bit: everything but the decision times. Two reports are compared by the text of
 * this.
 */
export function formatReproducible(report: Report): string {
  return JSON.stringify(report, (key, value: unknown) => (TIMINGS.includes(key) ? undefined : value));
}
