import { isUnknownKey, joinPath, type Violation, violationAt } from '../../contract/schema/violations.ts';
import { factorValue } from '../../core/compiled-policy.ts';
import { levelsOf } from '../../core/looser/agent-limits.ts';
import { type IntendedPolicySpec, REGIMES } from '../../core/policy.ts';
import { type AgentSchedule, parseTime, parseWallTime, type Span } from '../../core/rules/schedule.ts';
import {
  checkAgentNames,
  checkAgents,
  checkAgentWaysOut,
  checkInterceptNames,
  checkMode,
  checkOperatorSchemas,
  checkWaysOut,
} from './check-access.ts';
import {
  checkCapOrder,
  checkDeadman,
  checkFractions,
  checkLadder,
  checkRegimeOrder,
  checkSignals,
  checkSkills,
  checkSlices,
  checkStaging,
  checkTierList,
  checkTiers,
  checkTraderState,
  checkTrustTiers,
  checkVolatility,
} from './check-limits.ts';
import { type Findings, shortNumber, type VenueFacts } from './findings.ts';

interface Check {
  /** The parts of the document that it reads. The check is skipped while one of them is malformed. */
  readonly reads: readonly string[];
  readonly run: (spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null) => void;
}

const CHECKS: readonly Check[] = [
  { reads: ['mode', 'scope.venues'], run: checkMode },
  { reads: ['scope.tools', 'scope.actions'], run: checkWaysOut },
  { reads: ['scope', 'agents'], run: checkAgentWaysOut },
  { reads: ['agents'], run: checkAgentNames },
  { reads: ['agents'], run: checkAgentLimits },
  {
    reads: ['scope', 'budgets', 'market.regimes', 'temporal', 'trader_state', 'agents'],
    run: checkAgents,
  },
  { reads: ['budgets.order_rate', 'market.regimes'], run: checkSlices },
  { reads: ['market.regimes', 'staging'], run: checkStaging },
  { reads: ['scope.venues', 'standing'], run: checkDeadman },
  { reads: ['market.regimes'], run: checkRegimeOrder },
  { reads: ['market.volatility'], run: checkVolatility },
  { reads: ['account.drawdown.tiers'], run: (spec, found) => checkTiers('drawdown', spec, found) },
  { reads: ['account.daily_loss.tiers'], run: (spec, found) => checkTiers('daily_loss', spec, found) },
  { reads: ['account.margin_ratio.tiers'], run: (spec, found) => checkTiers('margin_ratio', spec, found) },
  { reads: ['trust.tiers'], run: checkTrustTiers },
  { reads: ['trust.signals'], run: checkSignals },
  { reads: ['trust.skills'], run: checkSkills },
  { reads: ['trader_state.limit_at', 'trader_state.block_at'], run: checkTraderState },
  { reads: ['exits.ladder_bps'], run: checkLadder },
  { reads: ['exits.scope', 'agents'], run: warnOfExitScope },
  { reads: ['budgets'], run: checkCapOrder },
  { reads: ['scope.symbols'], run: checkListed },
  { reads: ['scope.symbols', 'budgets', 'market.regimes'], run: checkMinimums },
  { reads: ['scope.symbols', 'agents'], run: checkAgentMinimums },
  { reads: ['intercept.allow'], run: checkInterceptNames },
  { reads: ['tools', 'intercept.allow'], run: checkOperatorSchemas },
];

/**
 * Checks what a schema cannot express. Every check whose part of the document is well-formed runs, so that everything
 * wrong is reported at once. `shape` are the violations of the schema.
 */
export function checkSemantics(document: unknown, shape: readonly Violation[], venue: VenueFacts | null): Findings {
  const found: Findings = { violations: [], warnings: [] };
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return found;
  found.violations.push(...checkFractions(document));
  const broken = [...shape, ...found.violations].filter((each) => !isUnknownKey(each)).map((each) => each.path);
  for (const check of CHECKS) {
    const isBroken = check.reads.some((part) => broken.some((path) => isWithin(path, part) || isWithin(part, path)));
    if (!isBroken) check.run(document as IntendedPolicySpec, found, venue);
  }
  return found;
}

function isWithin(path: string, part: string): boolean {
  return part === '' || path === part || path.startsWith(`${part}.`) || path.startsWith(`${part}[`);
}

/** What no schema can say about the limits that only an agent's section has. */
function checkAgentLimits(spec: IntendedPolicySpec, found: Findings): void {
  const reservedBy = new Map<string, string>();
  for (const [name, { loss, reserve, schedule }] of Object.entries(spec.agents)) {
    const path = joinPath('agents', name);
    checkReserve(name, reserve ?? [], reservedBy, found);
    if (schedule !== undefined) checkSchedule(schedule, `${path}.schedule`, found);
    if (loss === undefined) continue;
    if (loss.day === undefined && loss.week === undefined)
      found.violations.push(violationAt(`${path}.loss`, 'has neither day nor week: it binds nothing'));
    for (const span of ['day', 'week'] as const)
      checkTierList(`${path}.loss.${span}`, 'at_usdt', levelsOf(loss[span]), found);
  }
}

/** For one release; then it is an unknown key. */
function warnOfExitScope({ agents, exits }: IntendedPolicySpec, found: Findings): void {
  const written = [
    ['exits.scope', exits.scope] as const,
    ...Object.entries(agents).map(
      ([name, own]) => [`${joinPath('agents', name)}.exits.scope`, own.exits?.scope] as const,
    ),
  ];
  for (const [path, scope] of written)
    if (scope !== undefined)
      found.warnings.push(violationAt(path, 'has no effect: an agent closes what it holds. Take it out', scope));
}

/** A symbol is kept for one agent, and `default` is none. */
function checkReserve(agent: string, symbols: readonly string[], by: Map<string, string>, found: Findings): void {
  for (const [i, symbol] of symbols.entries()) {
    const path = `${joinPath('agents', agent)}.reserve[${i}]`;
    const other = by.get(symbol);
    if (agent === 'default')
      found.violations.push(violationAt(path, 'default is no agent: name the one it is kept for'));
    else if (other !== undefined)
      found.violations.push(violationAt(path, `${symbol} is reserved for ${other} already`));
    else by.set(symbol, agent);
  }
}

function checkSchedule(schedule: AgentSchedule, path: string, found: Findings): void {
  const { hours, blackouts } = schedule;
  if (hours === undefined && blackouts === undefined)
    found.violations.push(violationAt(path, 'has neither hours nor blackouts: it binds nothing'));
  const spans: (readonly [path: string, span: Span, text: string])[] = [
    ...(hours ?? []).map(
      ({ from, to }, i) =>
        [
          `${path}.hours[${i}].to`,
          { from: parseTime(from), to: parseTime(to) },
          `after ${from}; split hours at midnight`,
        ] as const,
    ),
    ...(blackouts ?? []).map(
      ({ from, to }, i) =>
        [
          `${path}.blackouts[${i}].to`,
          { from: parseWallTime(from), to: parseWallTime(to) },
          `a day of the calendar, after ${from}`,
        ] as const,
    ),
  ];
  // Negated: a day that the calendar does not have is no number.
  for (const [place, { from, to }, allowed] of spans)
    if (!(from < to))
      found.violations.push(
        violationAt(place, 'is not later than `from`, or no day of the calendar', undefined, allowed),
      );
}

/** Largest minimum notional of a symbol on Binance USD-M (BTCUSDT): caps are checked against it without a venue. */
const TYPICAL_MINIMUM_USDT = 100;
const CAPS = ['order_notional_usdt', 'symbol_notional_usdt', 'gross_notional_usdt'] as const;

interface Minimum {
  readonly symbol: string;
  readonly usdt: number;
}

/** A symbol that is not open at the venue delays no other, so it is only told. */
function checkListed(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
  for (const [index, symbol] of spec.scope.symbols.entries()) {
    const closed = venue?.(symbol).closed ?? null;
    if (closed === null) continue;
    found.warnings.push(violationAt(`scope.symbols[${index}]`, `${symbol} ${closed}: nothing is opened there`, symbol));
  }
}

/** A cap below the venue's smallest order silently forbids opening. It is an error where the venue is known. */
function checkMinimums(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
  const minimums = venue === null ? [] : findMinimums(spec, venue);
  if (minimums.length === 0) warnOfSmallCaps(spec, found);
  for (const minimum of minimums) {
    if (checkCaps(spec, found, minimum)) checkRegimeCaps(spec, found, minimum);
  }
}

/** Caps of agents are absolute: no regime scales them. */
function checkAgentMinimums(spec: IntendedPolicySpec, found: Findings, venue: VenueFacts | null): void {
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
