import { absolute, divideRounded, type E8, minimum, multiply } from './fixed.ts';

/** A one-way position: signed quantity and its signed cost (sum of quantity * price in USDT), both 0 when flat. */
export interface Position {
  readonly quantity: E8;
  readonly cost: E8;
}

export const FLAT: Position = { quantity: 0n, cost: 0n };

export interface FillEffect {
  readonly position: Position;
  /** USDT. The cost released is rounded at 1e-8 and the rest stays, so that the sum over a round trip is exact. */
  readonly realisedProfit: E8;
  readonly openedQuantity: E8;
  readonly closedQuantity: E8;
}

/** Applies a signed fill at a price: first closes against the position, the rest opens. */
export function applyFill(position: Position, signedQuantity: E8, price: E8): FillEffect {
  const { quantity, cost } = position;
  if (quantity === 0n || quantity > 0n === signedQuantity > 0n) {
    const next = { quantity: quantity + signedQuantity, cost: cost + multiply(signedQuantity, price) };
    return { position: next, realisedProfit: 0n, openedQuantity: absolute(signedQuantity), closedQuantity: 0n };
  }
  const size = absolute(quantity);
  const filled = absolute(signedQuantity);
  const closed = minimum(filled, size);
  const released = closed === size ? cost : divideRounded(cost * closed, size);
  const signedClosed = signedQuantity > 0n ? closed : -closed;
  const realisedProfit = -multiply(signedClosed, price) - released;
  const rest = signedQuantity - signedClosed;
  const next = { quantity: quantity + signedQuantity, cost: cost - released + multiply(rest, price) };
  return { position: next, realisedProfit, openedQuantity: absolute(rest), closedQuantity: closed };
}

/** Average entry price in USDT, rounded at 1e-8; 0 when flat. */
export function entryPrice(position: Position): E8 {
  return position.quantity === 0n ? 0n : divideRounded(position.cost * 100_000_000n, position.quantity);
}
