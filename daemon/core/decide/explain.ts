import { type LineTerms, writeLine, writeRounded, writeTooSmall } from '../arithmetic/line.ts';
import { areUsable } from '../arithmetic/quantities.ts';
import { type ArithmeticRow, listRows, prepareRows, type RowFactors, type RowInputs } from '../arithmetic/rows.ts';
import { inOnePiece, type Names, quoted, quotedOrNull } from '../canonical-json.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import type { ExecutionContext } from '../context.ts';
import type { ExecutionDecision } from '../decision.ts';
import { BUDGETS, DAY_BUDGETS } from '../keys/budgets.ts';
import { REASONS, type ReasonCode } from '../reasons.ts';
import type { ExecutionRequest } from '../request.ts';
import { buildAsk, lotsOfAsk, type OpeningAsk, usdtOfAsk } from '../rules/asked-size.ts';
import { findBudget } from '../rules/budgets.ts';
import { lockedLeverage, smallestLots, valueOfAsk } from '../rules/fit-order.ts';
import { findPrice } from '../rules/opening-rules.ts';
import { feasibleLeverage, project, slippageCapOf } from '../rules/projection.ts';
import { type Asked, findAsked, priceAt } from './asked.ts';
import { amendAsk } from './changes.ts';

/** How the figures of a decision come about: derived from what is recorded, and not recorded itself. */
export interface Explanation {
  readonly arithmetic: {
    /** The binding budget in one line; null where no budget binds. */
    readonly line: string | null;
    /** Every budget that could have cut or refused the order; none for exits and cancels, which no budget cuts. */
    readonly rows: readonly ArithmeticRow[];
  };
  readonly asked: Asked | null;
  /** The one code that made it what it is; null for ALLOW. */
  readonly bound_by: ReasonCode | null;
}

/** Pure, and total on what `decide` was given: the same figures by the same functions. */
export function explainDecision(
  request: ExecutionRequest,
  context: ExecutionContext,
  policy: CompiledPolicy,
  decision: Pick<ExecutionDecision, 'decision' | 'effective' | 'reasons' | 'verdicts'>,
): Explanation {
  const opening = findOpening(request, context, policy);
  const rows = opening === null ? [] : listRows(opening.inputs);
  const boundBy = findBinding(decision, opening, rows);
  const line =
    boundBy === 'LOT_ROUNDING'
      ? roundingLine(decision, context, opening, request)
      : lineOf(boundBy, opening, rows, request);
  const asked = findAsked(
    request,
    context,
    decision,
    priceAt(opening?.sizeTicks ?? null, request, context.market.rules),
  );
  return { arithmetic: { line, rows }, asked, bound_by: boundBy };
}

/** An exit has no budgets, and its lots round as well: of it the least quantity is the smallest order. */
function roundingLine(
  { effective, reasons }: Pick<ExecutionDecision, 'effective' | 'reasons'>,
  { market: { rules } }: ExecutionContext,
  opening: Opening | null,
  { symbol }: ExecutionRequest,
): string | null {
  const reason = reasons.find(({ code }) => code === 'LOT_ROUNDING');
  if (rules === null || reason === undefined || effective === null || effective.action === 'cancel') return null;
  const minLots = opening?.minLots ?? Math.max(1, rules.min_lots);
  return writeRounded(reason, effective, minLots, symbol);
}

/** Where neither policy nor filters are known any more: what the record itself says. */
export function explainWithoutPolicy(
  request: ExecutionRequest,
  context: ExecutionContext,
  decision: Pick<ExecutionDecision, 'decision' | 'effective' | 'reasons' | 'verdicts'>,
): Explanation {
  const asked = findAsked(request, context, decision, request.limit_price);
  const boundBy = decision.decision === 'ALLOW' ? null : (deniedBy(decision) ?? cutBy(decision));
  return { arithmetic: { line: null, rows: [] }, asked, bound_by: boundBy };
}

interface Opening {
  readonly inputs: RowInputs;
  /** At its own price. */
  readonly askedUsdt: number;
  readonly sizeTicks: number | null;
  readonly requestedLots: number;
  /** Least lots that the venue takes. Both null while no price is known. */
  readonly minLots: number | null;
  /** The budget of size of which the least is left, where that is less than what was requested. */
  readonly binding: ReasonCode | null;
}

function findOpening(request: ExecutionRequest, context: ExecutionContext, policy: CompiledPolicy): Opening | null {
  const { rules } = context.market;
  if (rules === null || !areUsable(rules)) return null;
  const asked = openingAsk(request, context);
  if (asked === null) return null;
  const { ask } = asked;
  const found = findBudget(context, policy);
  const bound = findPrice(asked.request, context, policy, found, ask.side, rules);
  const valueTicks = bound?.valueTicks ?? null;
  const cap = feasibleLeverage(policy, rules, ask.side, found.budget);
  const leverage = Math.max(1, Math.min(ask.leverage, cap));
  const slippageBps = bound?.slippageBps ?? slippageCapOf(policy, found.budget);
  const inputs = prepareRows({ context, policy, found, rules, side: ask.side, leverage, slippageBps, valueTicks });
  const requestedLots = bound === null ? (ask.lots ?? 0) : lotsOfAsk(ask, bound.sizeTicks, rules);
  const countedUsdt = bound === null ? (ask.notional ?? 0) : valueOfAsk(ask, bound, rules);
  const locked = lockedLeverage(context, cap);
  const { binding } = project(
    inputs.set,
    { leverage, notional: countedUsdt },
    locked.isRefused ? null : locked.setting,
  );
  return {
    inputs,
    askedUsdt: bound === null ? (ask.notional ?? 0) : usdtOfAsk(ask, bound.sizeTicks, rules),
    sizeTicks: bound?.sizeTicks ?? null,
    requestedLots,
    minLots: bound === null ? null : smallestLots(context, rules, bound.priceTicks),
    binding: valueTicks === null ? null : binding,
  };
}

/** The ask that budgets are held against; null: it is none, but an exit, a cancel or an amend that reduces. */
function openingAsk(
  request: ExecutionRequest,
  context: ExecutionContext,
): { readonly request: ExecutionRequest; readonly ask: OpeningAsk } | null {
  if (request.intent === 'modify') return amendAsk(request, context);
  if (request.intent !== 'open' || request.reduce_only) return null;
  return { request, ask: buildAsk(request, context) };
}

type Judged = Pick<ExecutionDecision, 'reasons' | 'verdicts'>;
function isReason(code: string): code is ReasonCode {
  return Object.hasOwn(REASONS, code);
}
/** The first rule that denied; null: rule 12, which leaves nothing of what it cut. */
function deniedBy({ verdicts }: Judged): ReasonCode | null {
  for (const { code, outcome } of verdicts) if (outcome === 'deny' && isReason(code)) return code;
  return null;
}
/** The first rule that cut: rules 7 to 10 show only there. */
function cutBy({ reasons, verdicts }: Judged): ReasonCode | null {
  const cut = verdicts.find(({ code, outcome, rule }) => outcome === 'tighten' && rule >= 11 && isReason(code));
  return (cut?.code as ReasonCode | undefined) ?? reasons[0]?.code ?? null;
}

function findBinding(
  decision: Pick<ExecutionDecision, 'decision' | 'effective' | 'reasons' | 'verdicts'>,
  opening: Opening | null,
  rows: readonly ArithmeticRow[],
): ReasonCode | null {
  if (decision.decision === 'ALLOW') return null;
  const reasons = new Set(decision.reasons.map(({ code }) => code));
  const size = opening === null ? null : bindingOfSize(opening, rows, reasons);
  if (decision.decision === 'BLOCK') {
    const denied = deniedBy(decision);
    if (denied === null) return size ?? cutBy(decision);
    // Refused because of what the budgets leave, not of what was requested.
    const isTooSmall = denied === 'BELOW_MINIMUM' && (opening?.minLots ?? 0) <= (opening?.requestedLots ?? 0);
    return (isTooSmall || denied === 'MODIFY_NOT_ALLOWED') && size !== null ? size : denied;
  }
  const { effective } = decision;
  const isCutInSize = effective !== null && effective.lots !== null && effective.lots < (opening?.requestedLots ?? 0);
  return isCutInSize && size !== null ? size : cutBy(decision);
}

/** What leaves the fewest lots: the projection's binding bound, or the venue's largest order. */
function bindingOfSize(
  { binding, requestedLots }: Opening,
  rows: readonly ArithmeticRow[],
  reasons: ReadonlySet<ReasonCode>,
): ReasonCode | null {
  const lotsOf = (code: ReasonCode): number =>
    minOf(rows.filter((row) => row.code === code))?.lots ?? Number.POSITIVE_INFINITY;
  const known = binding !== null && reasons.has(binding) ? binding : null;
  const within = Math.min(requestedLots, known === null ? Number.POSITIVE_INFINITY : lotsOf(known));
  return reasons.has('ABOVE_MAXIMUM') && lotsOf('ABOVE_MAXIMUM') < within ? 'ABOVE_MAXIMUM' : known;
}

/** What refuses only where nothing is left: of the account, or of the agent's own. */
function findSpent(rows: readonly ArithmeticRow[], boundBy: ReasonCode): readonly ArithmeticRow[] | null {
  if (boundBy === 'RATE' || boundBy === 'ACCOUNT_POSITIONS') return rows.filter(({ code }) => code === boundBy);
  // Rule 6 names what rule 12 counts by.
  const day = DAY_BUDGETS.find(({ spent }) => spent === boundBy);
  if (day === undefined) return null;
  return rows.filter(({ code, label }) => code === BUDGETS[day.key].code || label === day.ownLabel);
}

function minOf(rows: readonly ArithmeticRow[]): ArithmeticRow | null {
  let least: ArithmeticRow | null = null;
  for (const row of rows) {
    const isLess = row.lots !== null && least?.lots != null ? row.lots < least.lots : row.left < (least?.left ?? 0);
    if (least === null || isLess) least = row;
  }
  return least;
}

function lineOf(
  boundBy: ReasonCode | null,
  opening: Opening | null,
  rows: readonly ArithmeticRow[],
  { symbol }: ExecutionRequest,
): string | null {
  if (boundBy === null || opening === null) return null;
  const { inputs } = opening;
  const { rules, valueTicks, found } = inputs;
  const isOfAll = boundBy === 'BUDGET_GROSS' || boundBy === 'RATE';
  const regime = isOfAll ? found.regime.portfolio : found.regime.regime;
  const terms: LineTerms = { regime, symbol, rules, valueTicks };
  if (boundBy === 'BELOW_MINIMUM')
    return writeTooSmall(opening.askedUsdt, opening.minLots ?? 0, { ...terms, valueTicks: opening.sizeTicks });
  const spent = findSpent(rows, boundBy);
  const row = minOf(spent ?? rows.filter(({ code }) => code === boundBy));
  // The venue's own rate is no budget: where it refuses, there is something left of each.
  if (row === null || (spent !== null && row.left > 0)) return null;
  return writeLine(row, terms);
}

/** `JSON.stringify(arithmetic)` with sorted keys, for answers. */
export function writeArithmetic({ line, rows }: Explanation['arithmetic']): string {
  let text = `{"line":${quotedOrNull(line)},"rows":[`;
  for (let i = 0; i < rows.length; i += 1) {
    if (i > 0) text += ',';
    text += writeRow(rows[i] as ArithmeticRow, i);
  }
  return `${text}]}`;
}

/** Total, as `JSON.stringify` is: the decision stands, and its answer must come. */
function figureOrNull(value: number | null): string {
  return value !== null && Number.isFinite(value) ? `${value}` : 'null';
}

/** The newest row at each place, and its text: from one decision to the next most of them stay as they are. */
const newest: { readonly row: ArithmeticRow; readonly text: string }[] = [];
/** Every decision has fewer rows; a longer list is written without being kept. */
const MAX_KEPT = 64;

function writeRow(row: ArithmeticRow, at: number): string {
  const kept = newest[at];
  if (kept !== undefined && isSameRow(kept.row, row)) return kept.text;
  const text = inOnePiece(rowText(row));
  if (at < MAX_KEPT) newest[at] = { row, text };
  return text;
}

function rowText(row: ArithmeticRow): string {
  return (
    `{"base":${figureOrNull(row.base)},"cap":${figureOrNull(row.cap)},"code":"${row.code}"` +
    `,"factors":${factorsText(row.factors)},"label":${quoted(row.label)},"left":${figureOrNull(row.left)}` +
    `,"lots":${figureOrNull(row.lots)},"price":${figureOrNull(row.price)},"reserved":${figureOrNull(row.reserved)}` +
    `,"unit":"${row.unit}","used":${figureOrNull(row.used)}}`
  );
}
function factorsText(of: RowFactors): string {
  return (
    `{"account":${figureOrNull(of.account)},"loss":${figureOrNull(of.loss)},"market":${figureOrNull(of.market)}` +
    `,"trader":${figureOrNull(of.trader)},"trust":${figureOrNull(of.trust)}}`
  );
}

function isSameRow(a: ArithmeticRow, b: ArithmeticRow): boolean {
  return (
    a.base === b.base &&
    a.cap === b.cap &&
    a.code === b.code &&
    a.label === b.label &&
    a.left === b.left &&
    a.lots === b.lots &&
    a.price === b.price &&
    a.reserved === b.reserved &&
    a.unit === b.unit &&
    a.used === b.used &&
    isSameFactors(a.factors, b.factors)
  );
}
function isSameFactors(a: RowFactors, b: RowFactors): boolean {
  return (
    a === b ||
    (a.account === b.account &&
      a.loss === b.loss &&
      a.market === b.market &&
      a.trader === b.trader &&
      a.trust === b.trust)
  );
}

type RowKey = 'base' | 'cap' | 'code' | 'factors' | 'label' | 'left' | 'lots' | 'price' | 'reserved' | 'unit' | 'used';
true satisfies Names<ArithmeticRow, RowKey>;
true satisfies Names<RowFactors, 'account' | 'loss' | 'market' | 'trader' | 'trust'>;
