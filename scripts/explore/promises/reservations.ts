import { readE8 } from '../../../daemon/engine/records/units.ts';
import type { Order } from '../../../daemon/exchange-sim/core/state.ts';
import type { Breach } from '../breach.ts';
import { type History, isOwnersHandIn, isReportedLate } from '../history.ts';
import { LOT_E8, OPERATOR } from '../records.ts';
import { isInDispute } from './views.ts';

const UNIT = 1e-8;
/** The mark that the API shows may be a poll older than the books'. */
const TOLERANCE = 0.02;
/** A share in parts: what the operator, a stop or a cut closes comes out of all shares in whole lots. */
const PART = LOT_E8;

/**
 * At quiet, what is used, reserved and filled by the API is what the books say of positions and resting orders, and each
 * agent holds what its own fills add up to.
 */
export function findReservationBreaches(history: History): readonly Breach[] {
  const { gate } = history.world;
  if (gate === null || !gate.keeper.isReconciled) return [];
  return [...findOrderBreaches(history), ...findUsedBreaches(history), ...findShareBreaches(history)];
}

function openOrders({ world }: History): readonly Order[] {
  const orders = [...world.exchange.world.state.orders.values()];
  return orders.filter(({ status }) => status === 'NEW' || status === 'PARTIALLY_FILLED');
}

/** What rests is shown with its fills, its size and its reservation: none for what only closes. */
function findOrderBreaches(history: History): readonly Breach[] {
  const { gate, venue } = history.world;
  const shown = new Map(
    gate?.getOrders(OPERATOR, { open: true }, 5_000, null).items.map((o) => [o.client_order_id, o]),
  );
  const breaches: Breach[] = [];
  for (const order of openOrders(history)) {
    const seen = shown.get(order.clientOrderId);
    if (seen === undefined) continue;
    const [quantity, executed] = [Number(order.quantity), Number(order.executed)];
    const [shownQuantity, shownExecuted] = [readE8(seen.quantity), readE8(seen.filled_quantity)];
    if (quantity !== shownQuantity || executed !== shownExecuted)
      breaches.push({
        code: 'view/order',
        detail: `${order.clientOrderId}: ${shownExecuted} of ${shownQuantity} shown, the books have ${executed} of ${quantity}`,
      });
    const least = (quantity - executed) * UNIT * Math.min(venue.mark(order.symbol), Number(order.price) / 1e8);
    const reserved = seen.reserved_notional_usdt;
    if (order.reduceOnly ? reserved !== 0 : reserved < least * (1 - TOLERANCE))
      breaches.push({
        code: 'view/reservation',
        detail: `${order.clientOrderId}: ${reserved} USDT reserved, ${order.reduceOnly ? 'and it only closes' : `at least ${least.toFixed(2)} by the books`}`,
      });
  }
  return breaches;
}

/**
 * Of the symbol's cap: used is the position, reserved what rests and would open.
 * @except the position is in dispute: then the larger of both may be used
 */
function findUsedBreaches(history: History): readonly Breach[] {
  const { gate, venue } = history.world;
  const breaches: Breach[] = [];
  const resting = openOrders(history);
  for (const { symbol, budgets } of gate?.getLimits(OPERATOR, null).symbols ?? []) {
    const line = budgets.find(({ component }) => component === 'symbol_notional_usdt');
    if (line === undefined || !history.world.knows(symbol)) continue;
    const mark = venue.mark(symbol);
    const held = venue.heldE8(symbol);
    const rounded = venue.roundedE8(symbol) * UNIT * mark;
    const used = Math.abs(held) * UNIT * mark;
    const isDisputed = isInDispute(history, symbol);
    const beyond = Math.max(used - line.used, line.used - used - rounded);
    if (beyond > used * TOLERANCE + 0.01 && !isDisputed)
      breaches.push({
        code: 'view/used',
        detail: `${symbol}: ${line.used} USDT used, ${used.toFixed(2)} by the books`,
      });
    // At the mark that the API shows, which `used` has just compared with the books'. Where it shows the larger of two
    // positions, that is not to be had from it.
    const shownMark = held === 0 || isDisputed || rounded > 0 ? mark : line.used / (Math.abs(held) * UNIT);
    const ofSymbol = resting.filter((order) => order.symbol === symbol && !order.reduceOnly);
    const opening = (side: string): number =>
      ofSymbol.filter((order) => order.side === side).reduce((sum, order) => sum + worthOf(order, shownMark), 0);
    const position = Math.abs(held) * UNIT * shownMark;
    const [long, short] = held > 0 ? [position, 0] : [0, position];
    const reserved = Math.max(long + opening('BUY'), short + opening('SELL')) - position;
    const isUnsent = [...history.orders.values()].some(
      ({ planned }) => planned.symbol === symbol && !planned.reduce_only && isPending(history, planned.client_order_id),
    );
    // Above what rests only while something is not sent yet.
    const isTooLow = isDisputed
      ? // A position that is no more is used, too: it may be what the resting order would close.
        line.used + line.reserved < (position + reserved) * (1 - TOLERANCE) - 0.01
      : line.reserved < reserved * (1 - TOLERANCE) - 0.01 - rounded;
    const isTooHigh = !isUnsent && line.reserved > reserved * (1 + TOLERANCE) + 0.01 + rounded * (1 + ofSymbol.length);
    if (isTooLow || isTooHigh)
      breaches.push({
        code: 'view/reserved',
        detail: `${symbol}: ${line.reserved} USDT reserved, ${reserved.toFixed(2)} by the books`,
      });
  }
  return breaches;
}

/** What may still fill of an opening order, USDT: at the worse of mark and limit, as DESIGN "Arithmetic" has it. */
function worthOf({ executed, price, quantity }: Order, mark: number): number {
  return Number(quantity - executed) * UNIT * Math.max(mark, Number(price) / 1e8);
}

function isPending({ world }: History, clientId: string): boolean {
  const status = world.gate?.core.state.orders.all.get(clientId)?.status;
  return status === 'pending_send' || status === 'in_flight' || status === 'unknown' || status === 'lost';
}

/**
 * What an agent is shown to hold is what its fills add up to. Of what is split over all agents each part is exact to a lot;
 * after several such orders, where each was split in whole lots.
 * @except a person trades by hand
 * @except an answer was late
 */
function findShareBreaches(history: History): readonly Breach[] {
  const { gate } = history.world;
  // Where anybody may close the whole, whose lots went is the gate's to say.
  const breaches: Breach[] = [];
  for (const { symbol, agent_share: shares } of gate?.getPositions(OPERATOR).positions ?? []) {
    if (isOwnersHandIn(history, symbol) || isReportedLate(history, symbol)) continue;
    for (const agent of ['alpha', 'beta', 'gamma']) {
      const shown = readE8(shares[agent] ?? '0');
      const real = history.shareAt(agent, symbol, history.endMs);
      const isNear = Math.abs(shown - real) <= (Number.isInteger(real) ? 0 : PART);
      if (!isNear && shown !== history.shareOf(agent, symbol))
        breaches.push({
          code: 'view/share',
          detail: `${agent} ${symbol}: a share of ${shown} shown, its fills add up to ${real}`,
        });
    }
  }
  return breaches;
}
