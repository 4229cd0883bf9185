import type { Metric } from './types.ts';

/** What stands where there is no figure. */
export const NO_FIGURE = 'n/a';

/** Significant digits, three unless told; without exponents down to 1e-4. The same on every machine: no locale. */
export function formatNumber(value: number | null, digits = 3): string {
  return value === null ? NO_FIGURE : formatFigure(value, digits).replaceAll('-', '\u2212');
}

function formatFigure(value: number, digits: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size >= 1000) return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  if (size >= 100) return value.toFixed(0);
  return size < 1e-4 ? value.toExponential(digits - 1) : value.toPrecision(digits);
}

/** A p value; 0 is one too small for the arithmetic. */
export function formatChance(value: number | null): string {
  return value === 0 ? '< 1e\u221215' : formatNumber(value);
}

export function formatPercent(value: number | null): string {
  return value === null ? NO_FIGURE : `${(100 * value).toFixed(1)} %`.replace(/^-/, '\u2212');
}

export function formatMetric(metric: Metric): string {
  return metric === null ? NO_FIGURE : formatNumber(metric.mean);
}

/** `0.0312 (0.0290 to 0.0350)`. */
export function formatInterval(metric: Metric): string {
  if (metric === null) return NO_FIGURE;
  return `${formatNumber(metric.mean)} (${formatNumber(metric.lo)} to ${formatNumber(metric.hi)})`;
}

/** `2025-10-10 21:00`, UTC. */
export function formatInstant(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
}
