import type { Static } from 'typebox';
import { isTerminal } from '../../engine/tables/status.ts';
import { ExecutionApprovalSchema } from '../bodies/approvals.ts';
import { ExecutionBodySchema, ExecutionOrderSchema, type ToolAnswerSchema } from '../bodies/decisions.ts';
import * as Type from '../built/typebox.js';
import { decimal } from '../decision.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { plainly } from './plain-figures.ts';

/**
 * The same answer in a tenth of the size: what a model needs to continue. The ledger and the full view have the rest.
 * Members without information are left out.
 */

const figure = Type.Union([Type.Number(), Type.String()]);
const BriefReason = Type.Object(
  {
    code: Type.String({ description: 'Stable code; docs/reasons.md lists them.' }), // note
    observed: Type.Optional(figure),
    limit: Type.Optional(figure),
    unit: Type.Optional(Type.String()),
    hint: Type.Optional(Type.String({ description: 'Of the first only.' })), // AN-37
  },
  field.closed,
);
const BriefOrder = Type.Object(
  {
    action: Type.String(),
    side: Type.Optional(Type.String({ description: 'Absent: all.' })), // AN-38
    quantity: Type.Optional(nullable(decimal('Base asset.'))), // note
    notional_usdt: Type.Optional(Type.Number()),
    limit_price: Type.Optional(decimal('USDT.')),
    leverage: Type.Optional(Type.Number()),
    reduce_only: Type.Optional(Type.Boolean()),
  },
  { ...field.closed, description: 'What really goes to the exchange.' }, // note
);
const OpenOrder = Type.Object(
  {
    client_order_id: Type.String(),
    status: ExecutionOrderSchema.properties.status,
  },
  field.closed,
);
export const BriefAnswerSchema = Type.Object(
  {
    decision: field.oneOf(['ALLOW', 'LIMIT', 'BLOCK'], 'LIMIT: smaller or tighter than asked, see order.'), // note
    decision_id: Type.String(),
    enforced: Type.Optional(Type.Boolean({ description: 'false: not binding, see execution.' })), // note
    bound_by: Type.Optional(Type.String({ description: 'Of several reasons the one that binds.' })), // AN-39
    arithmetic: Type.Optional(Type.String({ description: 'Its budget in one line.' })), // note
    reasons: Type.Optional(Type.Array(BriefReason)),
    asked: Type.Optional(
      Type.Object(
        { quantity: Type.Optional(decimal()), notional_usdt: Type.Optional(Type.Number()) },
        { ...field.closed, description: 'The size asked for.' }, // note
      ),
    ),
    order: Type.Optional(BriefOrder),
    execution: Type.Object(
      {
        state: ExecutionBodySchema.properties.state,
        filled_quantity: Type.Optional(decimal('Base asset, of all orders together.')), // AN-40
        average_price: Type.Optional(decimal('USDT, of what is filled.')), // AN-41
        fee_usdt: Type.Optional(Type.Number({ description: 'Paid for all of it.' })), // AN-42
        realised_pnl_usdt: Type.Optional(Type.Number({ description: 'Realised, before fees.' })), // AN-43
        open_orders: Type.Optional(Type.Array(OpenOrder)),
        approval: Type.Optional(
          Type.Object(
            {
              status: ExecutionApprovalSchema.properties.status,
              detail: Type.Optional(Type.String()),
              card: Type.String(),
              decision_id: Type.Optional(Type.String()),
              expires_at_ms: Type.Optional(Type.Integer({ description: 'While it is pending.' })), // note
            },
            field.closed,
          ),
        ),
        note: Type.Optional(Type.String()),
        retryable: Type.Optional(Type.Boolean()),
        slices_dropped: Type.Optional(Type.Integer()),
      },
      field.closed,
    ),
    retry_after_ms: Type.Optional(Type.Number()),
  },
  { ...field.closed, description: 'A decided request, in brief. A refusal is an answer too.' }, // note, note
);
export type BriefAnswer = Static<typeof BriefAnswerSchema>;

export type FullAnswer = Static<typeof ToolAnswerSchema>;

export function toBrief({ decision, execution }: FullAnswer): BriefAnswer {
  const { arithmetic, asked, bound_by: boundBy, effective, reasons, retry_after_ms: retryAfterMs } = decision;
  const binding = Math.max(
    0,
    reasons.findIndex(({ code }) => code === boundBy),
  );
  return {
    decision: decision.decision,
    decision_id: decision.decision_id,
    // RISK: who takes a BLOCK for not sent would ask again.
    ...(decision.enforced ? {} : { enforced: false }),
    // A single reason is the one that binds.
    ...(boundBy === null || reasons.length < 2 ? {} : { bound_by: boundBy }),
    ...(arithmetic.line === null ? {} : { arithmetic: arithmetic.line }),
    ...(reasons.length > 0
      ? {
          reasons: inFront(reasons, binding).map((reason, i) =>
            toBriefReason(reason, i === 0, arithmetic.line !== null),
          ),
        }
      : {}),
    // Of what is refused the caller knows what it asked for.
    ...(asked === null || effective === null ? {} : { asked: toBriefAsked(asked) }),
    ...(effective === null ? {} : { order: toBriefOrder(effective) }),
    execution: toBriefExecution(execution),
    ...(retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs }),
  };
}

/** The entry at `index` before all others: what binds is what a model mends. */
function inFront<T>(entries: readonly T[], index: number): T[] {
  return [...entries.slice(index, index + 1), ...entries.slice(0, index), ...entries.slice(index + 1)];
}

/** Where a line has the figures of the binding budget, they are not told twice; of the others what limits is enough. */
function toBriefReason(
  { code, observed, limit, unit, hint }: FullAnswer['decision']['reasons'][number],
  isBinding: boolean,
  hasLine: boolean,
): NonNullable<BriefAnswer['reasons']>[number] {
  const isReported = !(hasLine && isBinding);
  return {
    code,
    ...(hasLine || observed === null || observed === undefined ? {} : { observed: plainly(observed) }),
    ...(!isReported || limit === null || limit === undefined ? {} : { limit: plainly(limit) }),
    ...(hasLine || unit === null || unit === undefined ? {} : { unit }),
    ...(isBinding ? { hint } : {}),
  };
}

function toBriefAsked({
  notional,
  quantity,
}: NonNullable<FullAnswer['decision']['asked']>): NonNullable<BriefAnswer['asked']> {
  return {
    ...(quantity === null ? {} : { quantity }),
    ...(notional === null ? {} : { notional_usdt: Math.round(notional * 100) / 100 }),
  };
}

function toBriefOrder(effective: NonNullable<FullAnswer['decision']['effective']>): NonNullable<BriefAnswer['order']> {
  const { action, side, quantity, notional, limit_price: limitPrice, leverage, reduce_only: reduceOnly } = effective;
  return {
    action,
    // Who cancels every order cancels both sides.
    ...(quantity === null ? {} : { side, quantity }),
    ...(notional === 0 ? {} : { notional_usdt: Math.round(notional * 100) / 100 }),
    ...(limitPrice === null ? {} : { limit_price: limitPrice }),
    ...(leverage === null ? {} : { leverage }),
    ...(reduceOnly ? { reduce_only: true } : {}),
  };
}

function toBriefExecution(execution: FullAnswer['execution']): BriefAnswer['execution'] {
  const { approval, orders, note, retryable, slices_dropped: dropped, state } = execution;
  const filled = sumDecimals(orders.map((order) => order.filled_quantity));
  const price = averagePrice(orders);
  // The ids of others are of no more use.
  const open = orders.filter((order) => !isTerminal(order));
  return {
    state,
    ...(filled === null ? {} : { filled_quantity: filled }),
    ...(price === null ? {} : { average_price: price }),
    ...(open.length === 0 ? toBriefMoney(orders) : {}),
    ...(open.length === 0
      ? {}
      : { open_orders: open.map(({ client_order_id, status }) => ({ client_order_id, status })) }),
    ...(approval === undefined ? {} : { approval: toBriefApproval(approval) }),
    ...(note === null ? {} : { note }),
    ...(retryable ? { retryable } : {}),
    ...(dropped > 0 ? { slices_dropped: dropped } : {}),
  };
}

function toBriefApproval({
  card,
  decision_id: id,
  detail,
  expires_at_ms: expiresAtMs,
  status,
}: NonNullable<FullAnswer['execution']['approval']>): NonNullable<BriefAnswer['execution']['approval']> {
  return {
    status,
    ...(detail === null ? {} : { detail }),
    card,
    ...(id === null ? {} : { decision_id: id }),
    ...(status === 'pending' ? { expires_at_ms: expiresAtMs } : {}),
  };
}

/**
 * Fees and realised profit of all fills, to a hundredth of a cent; empty until the exchange has reported all of them.
 */
function toBriefMoney(
  orders: FullAnswer['execution']['orders'],
): Pick<BriefAnswer['execution'], 'fee_usdt' | 'realised_pnl_usdt'> {
  const filled = orders.filter((order) => Number(order.filled_quantity) > 0);
  if (filled.some(({ fee_usdt: fee, realised_pnl_usdt: pnl }) => fee === null || pnl === null)) return {};
  const sum = (key: 'fee_usdt' | 'realised_pnl_usdt'): number =>
    Math.round(filled.reduce((total, order) => total + (order[key] ?? 0), 0) * 1e4) / 1e4;
  const [fee, pnl] = [sum('fee_usdt'), sum('realised_pnl_usdt')];
  return { ...(fee === 0 ? {} : { fee_usdt: fee }), ...(pnl === 0 ? {} : { realised_pnl_usdt: pnl }) };
}

/** Exact sum, with as many places as the longest summand; null when it is 0. */
function sumDecimals(texts: readonly string[]): string | null {
  const places = Math.max(0, ...texts.map(placesOf));
  const sum = texts.reduce((total, text) => total + scaled(text, places), 0n);
  return sum === 0n ? null : unscaled(sum, places);
}

/**
 * Average of the fills, weighted by quantity and rounded down to the places of the prices; null until all are known.
 */
function averagePrice(orders: FullAnswer['execution']['orders']): string | null {
  const known = orders.filter((order) => Number(order.filled_quantity) > 0);
  if (known.length === 0 || known.some((order) => order.average_price === null)) return null;
  const prices = Math.max(...known.map((order) => placesOf(order.average_price ?? '')));
  const quantities = Math.max(...known.map((order) => placesOf(order.filled_quantity)));
  let value = 0n;
  let quantity = 0n;
  for (const order of known) {
    const filled = scaled(order.filled_quantity, quantities);
    value += scaled(order.average_price ?? '0', prices) * filled;
    quantity += filled;
  }
  return quantity === 0n ? null : unscaled(value / quantity, prices);
}

function placesOf(text: string): number {
  const point = text.indexOf('.');
  return point < 0 ? 0 : text.length - point - 1;
}
function scaled(text: string, places: number): bigint {
  return BigInt(text.replace('.', '') + '0'.repeat(places - placesOf(text)));
}
function unscaled(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return value < 0n ? `-${text}` : text;
}
