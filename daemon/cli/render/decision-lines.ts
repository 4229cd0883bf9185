import type { Explanation } from '../../core/decide/explain.ts';
import type { ReportedDecision } from '../../engine/records/decisions.ts';
import { screen } from '../terminal.ts';
import { formatNumber, plain, wrapText } from './tables.ts';

/** The event stream tells a decision as it is recorded, without its explanation. */
export type ListedDecision = ReportedDecision & Partial<Explanation>;

/** A line for what was decided, and one for the figures behind it; more on a narrow terminal. */
export function renderDecisions(decisions: readonly ListedDecision[], width = screen.columns): string {
  if (decisions.length === 0) return 'no decisions\n';
  const rows = decisions.map((decision) => [plain(decision.decision_id), plain(decision.agent), whatOf(decision)]);
  const sizes = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return decisions.map((decision, index) => renderOne(decision, rows[index] ?? [], sizes, width)).join('');
}

const TIME_WIDTH = 'MM-DD HH:MM:SS'.length;

function renderOne(
  decision: ReportedDecision,
  row: readonly string[],
  sizes: readonly number[],
  width: number,
): string {
  const cells = [timeOf(decision.at_ms), ...row.map((cell, column) => cell.padEnd(sizes[column] ?? 0))];
  const head = [...cells, outcomeOf(decision)].join('  ');
  const indent = ' '.repeat(TIME_WIDTH + 2);
  const figures = figuresOf(decision);
  const lines = figures === '' ? [] : wrapText(figures, Math.max(20, width - indent.length));
  const [first = '', ...rest] = wrapText(head, width);
  return [first, ...rest.map((line) => indent + line), ...lines.map((line) => indent + line)]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(5, 19).replace('T', ' ');
}

/** `place_order BTCUSDT`, and for what the daemon decided by itself how it came to it. */
export function whatOf({ tool, symbol, kind, effective }: ReportedDecision): string {
  // Who cancels every order cancels both sides.
  const side = effective === null || effective.quantity === null ? null : effective.side;
  return plain([kind === 'tool' ? null : kind, tool, side, symbol].filter((part) => part !== null).join(' '));
}

/** `LIMIT 0.016 of 0.15, 961.11 USDT at 59948.9`. */
function outcomeOf({ decision, effective }: ReportedDecision): string {
  if (effective === null || effective.quantity === null) return decision;
  const { quantity, requested_quantity, notional, limit_price } = effective;
  const asked = decision === 'ALLOW' || requested_quantity === quantity ? '' : ` of ${requested_quantity}`;
  const price = limit_price === null ? '' : ` at ${limit_price}`;
  return plain(`${decision} ${quantity}${asked}, ${formatNumber(notional, 2)} USDT${price}`);
}

/** The reason that bound it with its arithmetic, or with the figures that it compared. */
function figuresOf({ bound_by, arithmetic, reasons }: ListedDecision): string {
  const reason = reasons.find(({ code }) => code === bound_by) ?? reasons[0];
  if (reason === undefined) return '';
  const { code, observed, limit, unit, message } = reason;
  const compared = [observed, limit]
    .filter((figure) => figure !== null)
    .map((figure) => (typeof figure === 'number' ? formatNumber(figure, 4) : figure))
    .join(' against ');
  const figures = compared === '' ? message : `${compared}${unit === null ? '' : ` ${unit}`}`;
  const others = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
  return plain(`${code}: ${arithmetic?.line ?? figures}${others}`);
}
