import type { AccountWatch } from './account-watch.ts';
import type { ExecutedDay, Limits, LimitTable, SendLog } from './limits.ts';
import { Decision, RULE_BIT } from './rules.ts';
import type { JudgeScope } from './scope.ts';
import type { LiveOrder, SymbolBook } from './symbol-book.ts';

/** What an order meets: everything but the order itself, at the worst (DESIGN "Arithmetic"), USDT. */
export interface Surroundings {
  /** The order's own side of its symbol, and the whole symbol. */
  readonly sideUsdt: number;
  readonly symbolUsdt: number;
  /**
   * Worst case of the other symbols together, how many they are, and the set of their regimes (and of the symbol's).
   */
  readonly othersUsdt: number;
  /** Of them, what is held. */
  readonly othersHeldUsdt: number;
  readonly others: number;
  readonly ranks: number;
  /** Opening orders everywhere at full size, and the taker fees they would pay. */
  readonly pendingUsdt: number;
  readonly pendingFeesUsdt: number;
}

export function surround(
  books: readonly SymbolBook[],
  book: SymbolBook,
  sign: number,
  without: LiveOrder | null,
): Surroundings {
  let othersUsdt = 0;
  let othersHeldUsdt = 0;
  let others = 0;
  let ranks = 1 << book.regime.rank();
  let pendingUsdt = 0;
  let pendingFeesUsdt = 0;
  for (let i = 0; i < books.length; i++) {
    const other = books[i]!;
    for (let k = 0; k < other.orders.length; k++) {
      const order = other.orders[k]!;
      if (order === without || order.reduceOnly) continue;
      const usdt = (order.lots - order.filled) * other.lotSize * Math.max(other.mark, order.price);
      pendingUsdt += usdt;
      pendingFeesUsdt += usdt * other.instrument.takerFee;
    }
    if (other === book) continue;
    const worst = Math.max(other.sideUsdt(1, null), other.sideUsdt(-1, null));
    if (worst === 0) continue;
    othersUsdt += worst;
    othersHeldUsdt += other.heldUsdt();
    others += 1;
    ranks |= 1 << other.regime.rank();
  }
  const sideUsdt = book.sideUsdt(sign, without);
  const symbolUsdt = Math.max(sideUsdt, book.sideUsdt(-sign, without));
  return { sideUsdt, symbolUsdt, othersUsdt, othersHeldUsdt, others, ranks, pendingUsdt, pendingFeesUsdt };
}

/** An order, or a request as if it were one. */
export interface Proposal {
  readonly book: SymbolBook;
  readonly sign: number;
  /** Lots that it may still fill. */
  readonly lots: number;
  /** Bound in USDT per unit; 0: none. */
  readonly price: number;
  readonly leverage: number | null;
  readonly atMs: number;
  /** The market of the symbol trades now. */
  readonly hasMark: boolean;
  /** The same order as it stood before. */
  readonly without: LiveOrder | null;
}
/** Both readings of R for one order. */
export interface Caps {
  readonly tightened: Limits;
  readonly around: Surroundings;
}

export interface OpeningParts {
  readonly scope: JudgeScope;
  readonly table: LimitTable;
  readonly books: readonly SymbolBook[];
  readonly watch: AccountWatch;
  readonly day: ExecutedDay;
  readonly sends: SendLog;
}

/** Judges what opens risk by what an observer knows at that instant (SAE section 9, b and c). */
export class OpeningJudge {
  readonly #parts: OpeningParts;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  get hard(): Limits {
    return this.#parts.table.hard;
  }

  look(book: SymbolBook, sign: number, without: LiveOrder | null, atMs: number): Caps {
    this.#parts.watch.refresh(atMs);
    const around = surround(this.#parts.books, book, sign, without);
    const tightened = this.#parts.table.tightened(book.regime.rank(), around.ranks, this.#parts.watch.factor);
    return { tightened, around };
  }

  /** Cooldown, flip interval and rate, for an order that is not sent yet (`unsent` 1) or that is in the log (0). */
  temporalBits({ atMs, book, sign }: Pick<Proposal, 'book' | 'sign' | 'atMs'>, limits: Limits, unsent: number): number {
    let bits = this.rateBit(atMs, limits, unsent);
    const { cooldown_ms } = this.#parts.table.regimes[book.regime.rank()]!;
    if (atMs - book.openedAtMs < cooldown_ms) bits |= RULE_BIT.cooldown;
    const isOpposite = book.lastOpenSign === -sign;
    if (isOpposite && atMs - book.lastOpenFillAtMs < this.#parts.scope.temporal.flip_interval_ms) bits |= RULE_BIT.flip;
    return bits;
  }
  rateBit(atMs: number, limits: Limits, unsent: number): number {
    return this.#parts.sends.count(atMs) + unsent > limits.rateMax ? RULE_BIT.rate : 0;
  }

  /** What the proposal may open under these limits; the temporal rules are the caller's. */
  decide(proposal: Proposal, limits: Limits, around: Surroundings, isHard: boolean): Decision {
    const { book, atMs, leverage } = proposal;
    const decision = new Decision(atMs);
    decision.mark = book.mark;
    decision.slippageCapBps = limits.slippageBps;
    decision.bits = this.#stateBits(proposal);
    if (leverage !== null && leverage > limits.leverage) decision.bits |= RULE_BIT.cap_leverage;
    if (around.symbolUsdt === 0 && around.others >= this.#parts.scope.budgets.concurrent_positions)
      decision.bits |= RULE_BIT.positions;
    this.#makeRoom(decision, proposal, limits, around);
    if (isHard) decision.concentrationRoom = Number.POSITIVE_INFINITY;
    else if (this.#isNearLiquidation(proposal, around)) decision.bits |= RULE_BIT.liquidation_distance;
    return decision;
  }

  #stateBits({ book, atMs, hasMark }: Proposal): number {
    let bits = 0;
    if (this.#parts.watch.isReduceOnly || this.#parts.table.regimes[book.regime.rank()]!.reduce_only)
      bits |= RULE_BIT.state_reduce_only;
    if (!hasMark || book.regime.isUnknown(atMs)) bits |= RULE_BIT.state_unknown_market;
    return bits;
  }

  /** What is left of every cap after all that is there, in lots of this order. */
  #makeRoom(decision: Decision, proposal: Proposal, limits: Limits, around: Surroundings): void {
    const { book, price, atMs } = proposal;
    const { budgets, account } = this.#parts.scope;
    const { sideUsdt, othersUsdt, othersHeldUsdt } = around;
    const lotUsdt = book.lotSize * Math.max(book.mark, price);
    const closing = Math.min(proposal.lots, book.closable(proposal.sign));
    const { share, floor_usdt } = account.concentration;
    const shareUsdt = Math.max(floor_usdt, (share / (1 - share)) * othersHeldUsdt);
    const turnoverUsdt = budgets.turnover_usdt_per_day - this.#parts.day.turnoverUsdt(atMs) - around.pendingUsdt;
    const feesUsdt = budgets.fees_usdt_per_day - this.#parts.day.feesUsdt(atMs) - around.pendingFeesUsdt;
    decision.orderRoom = limits.orderUsdt / lotUsdt;
    decision.symbolRoom = (limits.symbolUsdt - sideUsdt) / lotUsdt;
    decision.grossRoom = (limits.grossUsdt - othersUsdt - sideUsdt) / lotUsdt;
    decision.leverageRoom = (limits.leverage * this.#parts.watch.equityUsdt - othersUsdt - sideUsdt) / lotUsdt;
    decision.concentrationRoom = (shareUsdt - sideUsdt) / lotUsdt;
    // What the order closes first is executed too.
    decision.turnoverRoom = turnoverUsdt / lotUsdt - closing;
    decision.feeRoom = feesUsdt / (lotUsdt * book.instrument.takerFee) - closing;
  }

  /** The symbol's worst case, one lot short, would be liquidated by an adverse move of the least distance. */
  #isNearLiquidation(proposal: Proposal, around: Surroundings): boolean {
    const { book, sign, price, lots } = proposal;
    const { min_liquidation_distance: distance } = this.#parts.scope.account;
    const lotUsdt = book.lotSize * Math.max(book.mark, price);
    const opening = Math.max(0, lots - book.closable(sign) - this.#parts.scope.tolerance.lots);
    const notional = around.sideUsdt + opening * lotUsdt;
    if (notional === 0) return false;
    let maintenance = book.maintenanceUsdt(notional * (1 - sign * distance));
    for (const other of this.#parts.books) if (other !== book) maintenance += other.maintenanceUsdt(other.heldUsdt());
    return this.#parts.watch.equityUsdt - notional * distance <= maintenance;
  }
}
