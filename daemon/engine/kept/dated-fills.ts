/** Fills of a symbol that are kept: no reading of the account is as far behind. */
const MAX_FILLS = 1_000;

/** Signed quantity of one fill, in units of 1e-8, and when it was made, by `t`. */
export interface DatedFill {
  readonly signed: number;
  /** The latest instant, while it has an `order`. */
  readonly atMs: number;
  /** Client id of the order whose report told of it; null: its time is that of its trade, or no trade can be told. */
  readonly order: string | null;
}

export function noteFill(fills: DatedFill[], fill: DatedFill): void {
  fills.push(fill);
  if (fills.length > MAX_FILLS) fills.shift();
}

/** A trade tells when lots filled of which an order's report had told later. */
export function dateFill(fills: DatedFill[], order: string, quantityE8: number, atMs: number): void {
  let left = quantityE8;
  for (let i = 0; i < fills.length && left > 0; i += 1) {
    const reported = fills[i]!;
    if (reported.order !== order || reported.atMs < atMs) continue;
    const dated = Math.sign(reported.signed) * Math.min(left, Math.abs(reported.signed));
    left -= Math.abs(dated);
    fills[i] = { signed: dated, atMs, order: null };
    if (dated !== reported.signed) fills.splice(i + 1, 0, { ...reported, signed: reported.signed - dated });
  }
}

/** Signed quantity, in units of 1e-8, that filled after an instant. */
export function filledSince(fills: readonly DatedFill[], atMs: number): number {
  let quantityE8 = 0;
  for (const fill of fills) if (fill.atMs > atMs) quantityE8 += fill.signed;
  return quantityE8;
}
