import type { Reason } from '../../core/decision.ts';
import type { ReportedDecision, ToolAnswer } from '../../engine/records/decisions.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { formatDuration, formatNumber, plain, renderFields, renderTable } from './tables.ts';

/** Describes a decided request. */
export function renderAnswer({ decision, execution }: ToolAnswer): string {
  const { effective } = decision;
  const parts = [
    renderFields([
      ['decision', decision.decision],
      ['decision id', decision.decision_id],
      ['bound by', decision.bound_by],
      ['arithmetic', decision.arithmetic.line],
      ['effective', effective === null ? 'nothing' : describeEffective(decision)],
      ['execution', execution === undefined ? 'none' : execution.state],
      ['note', execution?.note],
      ['retry after', decision.retry_after_ms === null ? null : formatDuration(decision.retry_after_ms)],
    ]),
  ];
  if (decision.reasons.length > 0) parts.push(renderReasons(decision));
  if (execution !== undefined && execution.orders.length > 0) {
    const rows = execution.orders.map((order) => [
      order.client_order_id,
      order.status,
      order.quantity,
      order.filled_quantity,
      order.average_price,
    ]);
    parts.push(renderTable(['order', 'status', 'quantity', 'filled', 'average price'], rows, ''));
  }
  return parts.join('\n');
}

function describeEffective({ effective }: ReportedDecision): string {
  if (effective === null) return '-';
  if (effective.quantity === null) return 'every order';
  const price = effective.limit_price === null ? '' : ` at ${effective.limit_price}`;
  const reduce = effective.reduce_only ? ', reduce only' : '';
  const leverage = effective.leverage === null ? '' : `, ${effective.leverage}x`;
  return `${effective.quantity} (${formatNumber(effective.notional, 2)} USDT${leverage})${price}${reduce}`;
}

function renderReasons({ reasons }: ReportedDecision): string {
  return reasons
    .map((reason) => {
      return `${plain(reason.code)}: ${plain(reason.message)}${describeFigures(reason)}\n  ${plain(reason.hint)}\n`;
    })
    .join('');
}

function describeFigures({ observed, limit, unit }: Reason): string {
  const figures = [observed, limit].filter((figure) => figure !== null).map((figure) => plain(shorten(figure, unit)));
  return figures.length === 0 ? '' : ` (${figures.join(' against ')}${unit === null ? '' : ` ${plain(unit)}`})`;
}

/** USDT in cents, other numbers without the noise of binary fractions. */
function shorten(figure: Reason['observed'], unit: string | null): string | number | null {
  if (typeof figure !== 'number') return figure;
  return unit === 'USDT' ? formatNumber(figure, 2) : Number(figure.toPrecision(12));
}

/** What an agent's token may not do and an operator's may. */
const FOR_OPERATORS: ReadonlySet<string> = new Set(['EXIT_SCOPE', 'EXIT_CLIPPED', 'ORDER_NOT_OWN', 'STATE_HALTED']);

/** Names `--operator` where it is what helps; empty elsewhere. `command`: the verb with its arguments. */
export function renderOperatorHint({ decision }: ToolAnswer, command: string, isOperator: boolean): string {
  if (isOperator || !decision.reasons.some(({ code }) => FOR_OPERATORS.has(code))) return '';
  return `As the operator: ./holdfast ${plain(command)} --operator\n`;
}

/** 3 when nothing was permitted, when the venue took none of it, or when it expired without a fill. */
export function exitCodeOfAnswer({ decision, execution }: ToolAnswer): ExitCode {
  if (decision.decision === 'BLOCK') return EXIT.REFUSED;
  return execution?.state === 'rejected' || execution?.state === 'expired' ? EXIT.REFUSED : EXIT.OK;
}

/** Of an answer in either view; what is no decision was read, and is done. */
export function exitCodeOfBrief(answer: unknown): ExitCode {
  const { decision, execution } = answer as { readonly decision?: unknown; readonly execution?: { state: string } };
  if (typeof decision === 'object') return exitCodeOfAnswer(answer as ToolAnswer);
  if (decision === 'BLOCK') return EXIT.REFUSED;
  return execution?.state === 'rejected' || execution?.state === 'expired' ? EXIT.REFUSED : EXIT.OK;
}
