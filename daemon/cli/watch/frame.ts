import { profileOf } from '../../core/venues.ts';
import { isUnproven } from '../../engine/tables/status.ts';
import { type ListedDecision, whatOf } from '../render/decision-lines.ts';
import { formatNumber, heldBy, plain } from '../render/tables.ts';
import type { View } from './view.ts';

/** One line of the screen. */
export interface Line {
  readonly text: string;
  readonly look: 'plain' | 'head' | 'good' | 'warning' | 'bad' | 'faint';
}

/** Lines of exactly `rows`, none longer than `columns`. `lost`: what is wrong with the connection; null: nothing. */
export function buildFrame(view: View, columns: number, rows: number, lost: string | null): readonly Line[] {
  const top = [
    buildTitle(view),
    ...(lost === null ? [] : [line(lost, 'bad')]),
    buildMoney(view),
    ...buildBudgets(view),
  ];
  const notes = buildNotes(view);
  const sections = [
    section('positions', positionLines(view), 'no positions'),
    section('open orders', orderLines(view), 'no open orders'),
    section('alerts', alertLines(view), 'no alerts'),
    section('decisions', decisionLines(view), 'no decisions'),
  ];
  const [shownNotes, ...shown] = share([notes, ...sections], rows - top.length);
  const lines = [...top, ...(shownNotes ?? []), ...shown.flat()].slice(0, Math.max(0, rows));
  while (lines.length < rows) lines.push(line(''));
  return lines.map(({ text, look }) => ({ text: clip(text, columns), look }));
}

function line(text: string, look: Line['look'] = 'plain'): Line {
  return { text: plain(text === '' ? ' ' : text).trimEnd(), look };
}

function clip(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, Math.max(0, columns - 1))}…`;
}

/** How many lines each section gets: the last one what the others leave, each of those a fair part. */
function share(sections: readonly (readonly Line[])[], room: number): readonly (readonly Line[])[] {
  let left = Math.max(0, room);
  return sections.map((lines, index) => {
    const others = sections.length - index;
    const most = index === sections.length - 1 ? left : Math.max(2, Math.ceil(left / others));
    const shown = lines.length <= most ? lines : shorten(lines, Math.min(most, left));
    left -= shown.length;
    return shown;
  });
}

function shorten(lines: readonly Line[], room: number): readonly Line[] {
  if (room < 1) return [];
  const hidden = lines.length - (room - 1);
  return [...lines.slice(0, room - 1), line(`  … and ${hidden} more`, 'faint')];
}

function section(title: string, lines: readonly Line[], none: string): readonly Line[] {
  return lines.length === 0 ? [line(none, 'faint')] : [line(`${title} (${lines.length})`, 'head'), ...lines];
}

const STATE_LOOKS = { active: 'good', reducing: 'warning', halted: 'bad' } as const;

function buildTitle({ readiness, trading_state, limits }: View): Line {
  const time = new Date(limits.at_ms).toISOString().slice(0, 19).replace('T', ' ');
  const ready = readiness.ready ? 'ready' : 'NOT READY';
  const money = profileOf(readiness.venue).isRealMoney ? ' REAL MONEY' : '';
  const text = `holdfast  ${readiness.venue}${money}  ${trading_state.state.toUpperCase()}  ${ready}  ${time} UTC`;
  return line(text, readiness.ready ? STATE_LOOKS[trading_state.state] : 'bad');
}

function buildMoney({ account }: View): Line {
  const percent = (value: number | null) => (value === null ? '-' : `${formatNumber(value * 100, 2)} %`);
  const parts = [
    `equity ${formatNumber(account.equity_usdt, 2)}`,
    `free ${formatNumber(account.available_usdt, 2)}`,
    `drawdown ${percent(account.drawdown)}`,
    `day ${percent(account.daily_loss)}`,
    `fees 24 h ${formatNumber(account.fees_24h_usdt, 2)}`,
  ];
  return line(parts.join('  '));
}

const SHOWN_BUDGETS = [
  ['gross_notional_usdt', 'gross'],
  ['concurrent_positions', 'positions'],
  ['order_rate', 'orders'],
  ['turnover_usdt_per_day', 'turnover'],
] as const;

/** The account's budgets, as the symbol with the least left meets them; then each symbol's regime and what is left. */
function buildBudgets({ limits }: View): readonly Line[] {
  const [first] = limits.symbols;
  if (first === undefined) return [];
  const used = SHOWN_BUDGETS.flatMap(([component, name]) => {
    const rows = limits.symbols.flatMap(({ budgets }) => budgets.filter((row) => row.component === component));
    const tightest = rows.reduce<(typeof rows)[number] | null>(
      (least, row) => (least === null || row.remaining < least.remaining ? row : least),
      null,
    );
    if (tightest === null) return [];
    const taken = formatNumber(tightest.used + tightest.reserved, 0);
    return [`${name} ${taken}/${formatNumber(tightest.limit, 0)}`];
  });
  const symbols = limits.symbols.map(({ symbol, regime, opening }) => {
    const left = [opening.buy, opening.sell].map(({ remaining_usdt }) => formatNumber(remaining_usdt, 0));
    return `${symbol} ${regime} ${left.join('/')}`;
  });
  return [line(`used  ${used.join('  ')}`), line(`left to buy/sell  ${symbols.join('  ')}`)];
}

/** What holds trading back, or wants an operator. */
function buildNotes({ readiness, trading_state }: View): readonly Line[] {
  const notes: Line[] = [];
  if (!readiness.ready) notes.push(line(`waiting for: ${readiness.waiting_for.join('; ')}`, 'bad'));
  for (const { layer, scope, name, state, reason } of trading_state.layers) {
    if (state === 'active') continue;
    notes.push(line(`${state} (${layer}, ${name ?? scope}): ${reason}`, STATE_LOOKS[state]));
  }
  if (readiness.policy_error !== null) notes.push(line(`policy file REFUSED: ${readiness.policy_error}`, 'bad'));
  const pending = readiness.pending_policy;
  if (pending !== null) notes.push(line(`pending policy, looser in ${pending.looser.join('; ')}`, 'warning'));
  return notes;
}

function positionLines({ positions }: View): readonly Line[] {
  return positions.map((position) => {
    const profit = position.unrealised_pnl_usdt;
    const text = [
      `  ${position.symbol} ${position.quantity}`,
      heldBy(position),
      `${formatNumber(position.notional_usdt, 2)} USDT`,
      `entry ${position.entry_price}`,
      `mark ${position.mark_price}`,
      `PnL ${formatNumber(profit, 2)}`,
    ].join('  ');
    return line(text, profit !== null && profit < 0 ? 'warning' : 'plain');
  });
}

function orderLines({ open_orders }: View): readonly Line[] {
  return open_orders.map((order) => {
    const price = order.limit_price === null ? '' : ` at ${order.limit_price}`;
    const owner = order.foreign ? 'not ours' : (order.agent ?? 'the daemon');
    const text = `  ${order.status}  ${order.side} ${order.quantity} ${order.symbol}${price}  ${owner}  ${order.client_order_id}`;
    return line(text, isUnproven(order) ? 'bad' : 'plain');
  });
}

function alertLines({ alerts }: View): readonly Line[] {
  return alerts
    .filter(({ acknowledged }) => acknowledged === null)
    .map(({ at_ms, code, symbol, detail }) =>
      line(`  ${clock(at_ms)}  ${code}  ${symbol === null ? '' : `${symbol}  `}${detail}`, 'warning'),
    );
}

function sizeOf({ decision, effective }: ListedDecision): string {
  if (effective === null || effective.quantity === null) return decision;
  const { quantity, requested_quantity } = effective;
  return `${decision} ${quantity}${decision === 'ALLOW' || requested_quantity === quantity ? '' : ` of ${requested_quantity}`}`;
}

const OUTCOME_LOOKS = { ALLOW: 'plain', LIMIT: 'warning', BLOCK: 'bad' } as const;

function decisionLines({ decisions }: View): readonly Line[] {
  return decisions.map((decision) => {
    const why = decision.bound_by ?? decision.reasons[0]?.code ?? '';
    const text = `  ${clock(decision.at_ms)}  ${decision.agent}  ${whatOf(decision).replace(/_(?:order|position)\b/, '')}  ${sizeOf(decision)}  ${why}`;
    return line(text, OUTCOME_LOOKS[decision.decision]);
  });
}

function clock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}
