import type { Side } from '../../../core/request.ts';
import type { WishTerms } from './sizing.ts';

const NOTHING: WishTerms = {
  positionUsdt: 0,
  leverage: 1,
  slippageBps: 0,
  orderCapUsdt: 0,
  symbolCapUsdt: 0,
  grossCapUsdt: 0,
};

/** What a strategy wants of one symbol and how far it has come. Lots are signed. */
export class SymbolBook {
  readonly symbol: string;
  targetLots = 0;
  terms: WishTerms = NOTHING;
  isLimit = false;
  pieces = 1;
  /** Instant of the first ask after the close; used up by it. */
  delayMs: number | null = null;
  /** Opening asks that the present wish may still make. */
  opensLeft = 0;
  /** On the way to the target of a wish, or back to it; what is missing after the last ask is given up. */
  isApproaching = false;
  /** An opening follows as soon as the exit is answered. */
  opensAfterExit = false;
  /** Asks that are planned or unanswered, and when they are given up as lost. */
  pending = 0;
  pendingUntilMs = 0;
  /** Last instant at which it went back to its target after somebody else had left it. */
  restoredMs = Number.NEGATIVE_INFINITY;
  heldSign = 0;
  heldSinceMs = 0;
  /** Repeats so far, by intention; only those of the present wish. */
  readonly repeats = new Map<string, number>();
  /** Its own resting orders: client order id -> when placed. */
  readonly resting = new Map<string, number>();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  get side(): Side {
    return this.targetLots >= 0 ? 'buy' : 'sell';
  }
  /** Gives up what is missing: of what there is, that which lies in the target's direction becomes the target. */
  settle(lots: number): void {
    const isToward = lots * this.targetLots > 0;
    this.targetLots = isToward ? Math.sign(lots) * Math.min(Math.abs(lots), Math.abs(this.targetLots)) : 0;
    this.opensLeft = 0;
    this.opensAfterExit = false;
    this.isApproaching = false;
  }
  /** Signed lots beyond the target, those of the other direction included; 0: none. */
  excess(lots: number): number {
    if (this.targetLots === 0 || lots * this.targetLots < 0) return lots;
    return Math.sign(lots) * Math.max(0, Math.abs(lots) - Math.abs(this.targetLots));
  }
  noteHeld(lots: number, nowMs: number): void {
    const sign = Math.sign(lots);
    if (sign === this.heldSign) return;
    this.heldSign = sign;
    this.heldSinceMs = nowMs;
  }
}
