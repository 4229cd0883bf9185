import type { Attribution } from './asks.ts';
import type { BookHistory } from './history.ts';

/** Whose an account's one position is, as far as the exchange's fills tell. Signed quantities of the base asset. */
export interface SharesOfSymbol {
  /** What is certainly an agent's own: whom a fill against the position took from is not known, so it took from all. */
  readonly certain: ReadonlyMap<string, number>;
  /** Notional of exits beyond all that an agent can have owned, USDT: it closed what others had opened. */
  readonly exitedBeyondUsdt: number;
}

/** Folds the fills of one symbol up to an instant. An agent's exit takes from its own share first. */
export function foldShares(
  history: BookHistory,
  attribution: Attribution,
  symbol: string,
  atMs: number,
): SharesOfSymbol {
  const certain = new Map<string, number>();
  const most = new Map<string, number>();
  let exitedBeyondUsdt = 0;
  for (const { order, fill } of history.newFills()) {
    if (order.symbol !== symbol || fill.atMs > atMs) continue;
    const owner = attribution.askOf(order)?.agent ?? UNKNOWN;
    const signed = order.sign * fill.quantity;
    const [own, mostOwn] = [certain.get(owner) ?? 0, most.get(owner) ?? 0];
    if (fill.before * order.sign >= 0) {
      certain.set(owner, own + signed);
      most.set(owner, mostOwn + signed);
      continue;
    }
    const beyond = Math.max(0, fill.quantity - Math.abs(mostOwn));
    if (order.isExit && owner !== UNKNOWN) exitedBeyondUsdt += beyond * fill.price;
    most.set(owner, shrink(mostOwn, fill.quantity));
    const rest = Math.max(0, fill.quantity - Math.abs(own));
    for (const [name, share] of certain) certain.set(name, shrink(share, name === owner ? fill.quantity : rest));
    if (fill.before * fill.after > 0) continue;
    certain.clear();
    most.clear();
    if (fill.after !== 0) certain.set(owner, fill.after);
    if (fill.after !== 0) most.set(owner, fill.after);
  }
  return { certain, exitedBeyondUsdt };
}
/** Orders that no answer named: an operator's, or the gate's own. */
const UNKNOWN = '';

function shrink(share: number, by: number): number {
  return Math.sign(share) * Math.max(0, Math.abs(share) - by);
}
