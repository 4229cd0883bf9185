import { joinPath, violationAt } from '../../contract/schema/violations.ts';
import { factorValue } from '../../core/compiled-policy.ts';
import { type IntendedPolicySpec, REGIMES } from '../../core/policy.ts';
import { type Findings, shortNumber, type VenueFacts } from './findings.ts';

/** Largest minimum notional of a symbol on Binance USD-M (BTCUSDT): caps are checked against it without a venue. */
export const TYPICAL_MINIMUM_USDT = 100;
const CAPS = ['order_notional_usdt', 'symbol_notional_usdt', 'gross_notional_usdt'] as const;

interface Minimum {
  readonly symbol: string;
  readonly usdt: number;
}

/** A symbol that is not open at the venue delays no other, so it is only told. */
export function checkListed(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
  for (const [index, symbol] of spec.scope.symbols.entries()) {
    const closed = venue?.(symbol).closed ?? null;
    if (closed === null) continue;
    found.warnings.push(violationAt(`scope.symbols[${index}]`, `${symbol} ${closed}: nothing is opened there`, symbol));
  }
}

/** A cap below the venue's smallest order silently forbids opening. It is an error where the venue is known. */
export function checkMinimums(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
  const minimums = venue === null ? [] : findMinimums(spec, venue);
  if (minimums.length === 0) warnOfSmallCaps(spec, found);
  for (const minimum of minimums) {
    if (checkCaps(spec, found, minimum)) checkRegimeCaps(spec, found, minimum);
  }
}

/** Caps of agents are absolute: no regime scales them. */
export function checkAgentMinimums(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
  if (venue === null) return;
  for (const minimum of findMinimums(spec, venue)) checkAgentCaps(spec, found, minimum);
}

function findMinimums(spec: IntendedPolicySpec, venue: VenueFacts): readonly Minimum[] {
  return spec.scope.symbols.flatMap((symbol) => {
    const usdt = venue(symbol).smallest_order_usdt;
    return usdt === null ? [] : [{ symbol, usdt }];
  });
}

function warnOfSmallCaps(spec: IntendedPolicySpec, found: Findings): void {
  for (const key of CAPS) {
    const cap = spec.budgets[key];
    if (cap >= TYPICAL_MINIMUM_USDT) continue;
    const message = `may lie below the venue's smallest order (up to ${TYPICAL_MINIMUM_USDT} USDT); a running daemon checks it`;
    found.warnings.push(violationAt(`budgets.${key}`, message, cap));
  }
}

/** False: nothing could ever be opened in the symbol. */
function checkCaps(spec: IntendedPolicySpec, found: Findings, { symbol, usdt }: Minimum): boolean {
  const small = CAPS.filter((key) => spec.budgets[key] < usdt);
  for (const key of small) {
    const message = `lies below the smallest order of ${symbol} at the venue: nothing could be opened`;
    found.violations.push(violationAt(`budgets.${key}`, message, spec.budgets[key], `at least ${shortNumber(usdt)}`));
  }
  return small.length === 0;
}

function checkRegimeCaps(spec: IntendedPolicySpec, found: Findings, { symbol, usdt }: Minimum): void {
  const base = Math.min(...CAPS.map((key) => spec.budgets[key]));
  for (const regime of REGIMES) {
    const row = spec.market.regimes[regime];
    const cap = shortNumber(base * factorValue(row.notional));
    if (row.reduce_only === true || cap >= usdt) continue;
    const message = `an order of at most ${cap} USDT lies below the smallest order of ${symbol} (${shortNumber(usdt)} USDT): nothing opens in this regime`;
    found.warnings.push(violationAt(`market.regimes.${regime}.notional`, message, row.notional));
  }
}

function checkAgentCaps(spec: IntendedPolicySpec, found: Findings, { symbol, usdt }: Minimum): void {
  for (const [name, agent] of Object.entries(spec.agents)) {
    if (agent.scope?.symbols?.includes(symbol) === false) continue;
    for (const key of CAPS) {
      const cap = agent.budgets?.[key];
      if (cap === undefined || cap >= usdt) continue;
      const message = `lies below the smallest order of ${symbol} (${shortNumber(usdt)} USDT): this agent opens nothing in it`;
      found.warnings.push(violationAt(`${joinPath('agents', name)}.budgets.${key}`, message, cap));
    }
  }
}
