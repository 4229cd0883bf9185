import { dayOf, type Figures } from '../../../daemon/engine/accounts/account-days.ts';
import type { CostEntry, CostTrade } from '../../../daemon/engine/accounts/cost-fold.ts';
import type { Owner } from '../../../daemon/engine/words.ts';

const E8 = 100_000_000n;
const NAMES = ['realisedE8', 'feesE8', 'fundingE8', 'otherE8', 'slippageE8', 'slippageOfE8', 'turnoverE8'] as const;
type Name = (typeof NAMES)[number] | 'fills' | 'openingE8';

interface Own {
  lots: bigint;
  cost: bigint;
}

/**
 * Accounts of one symbol told anew from its beginning, once, in the venue's order: of one agent and of nobody, whose lots
 * are counted one by one in whole numbers of any length. It knows nothing of books that change.
 */
export class NaiveCosts {
  readonly #own = new Map<Owner, Own>();
  #price = 0n;
  #day = -1;
  /** By day, owner and name. */
  readonly sums = new Map<string, bigint>();

  constructor(entries: readonly CostEntry[]) {
    for (const entry of entries) this.#take(entry);
  }
  get held(): readonly string[] {
    return [...this.#own].map(([owner, { cost, lots }]) => `${owner} ${lots} for ${cost}`).sort();
  }

  #take(entry: CostEntry): void {
    switch (entry.kind) {
      case 'trade':
        this.#trade(entry);
        return;
      case 'mark':
        this.#mark(entry);
        return;
      case 'given':
        this.#give(entry.owner);
        return;
      case 'charged':
      case 'funded': {
        const name = entry.kind === 'funded' ? 'fundingE8' : 'otherE8';
        const owners = [...this.#own].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
        const parts = owners.map(([owner, { lots }]): [Owner, bigint] => [owner, size(lots)]);
        if (parts.length === 0) parts.push([null, 1n]);
        for (const [owner, part] of shares(parts, BigInt(entry.amountE8))) this.#add(entry.atMs, owner, name, part);
      }
    }
  }

  /** With what it has gained since it cost that; which is no gain of the new owner's since the day began. */
  #give(to: Owner): void {
    const all = { lots: 0n, cost: 0n };
    for (const [owner, { cost, lots }] of this.#own) {
      const gain = (lots * this.#price) / E8 - cost;
      this.#add(this.#day, owner, 'openingE8', -gain);
      this.#add(this.#day, to, 'openingE8', gain);
      all.lots += lots;
      all.cost += cost;
    }
    this.#own.clear();
    if (all.lots !== 0n) this.#own.set(to, all);
  }

  /** The first price of a day says what that began with. */
  #mark({ atMs, priceE8 }: { readonly atMs: number; readonly priceE8: number }): void {
    const isFirst = dayOf(atMs) > this.#day;
    this.#price = BigInt(priceE8);
    this.#day = dayOf(atMs);
    for (const [owner, { cost, lots }] of isFirst ? this.#own : [])
      this.#add(atMs, owner, 'openingE8', (lots * this.#price) / E8 - cost);
  }

  #trade(trade: CostTrade): void {
    this.#mark(trade);
    const { agentsFirst, atMs, owner, quantityE8 } = trade;
    const price = BigInt(trade.priceE8);
    let left = BigInt(quantityE8);
    const moved: [Owner, bigint][] = [];
    const nobodysFirst = !agentsFirst && owner === null;
    for (const whose of nobodysFirst ? [null, 'alice'] : ['alice', null]) {
      const own = this.#own.get(whose);
      if (own === undefined || own.lots > 0n === left > 0n || left === 0n) continue;
      const rest = size(own.lots) - size(left);
      const closed = rest > 0n ? size(left) : size(own.lots);
      const signed = left > 0n ? closed : -closed;
      const released = (own.cost * closed) / size(own.lots);
      this.#add(atMs, whose, 'realisedE8', (-signed * price) / E8 - released);
      this.#own.set(whose, { lots: own.lots + signed, cost: own.cost - released });
      if (own.lots + signed === 0n) this.#own.delete(whose);
      left -= signed;
      moved.push([whose, closed]);
    }
    if (left !== 0n && trade.opens) {
      const own = this.#own.get(owner) ?? { lots: 0n, cost: 0n };
      this.#own.set(owner, { lots: own.lots + left, cost: own.cost + (left * price) / E8 });
      this.#add(atMs, owner, 'realisedE8', 0n);
      moved.push([owner, size(left)]);
    }
    this.#pay(trade, trade.isBorne ? moved : [[owner, size(BigInt(quantityE8))]]);
  }

  #pay({ atMs, feeE8, priceE8, quantityE8, slippageE8 }: CostTrade, moved: readonly [Owner, bigint][]): void {
    const whole = size(BigInt(quantityE8));
    const turnover = (whole * BigInt(priceE8)) / E8;
    const put = (name: Name, amount: bigint): void => {
      for (const [owner, part] of shares(moved, amount, whole)) this.#add(atMs, owner, name, part);
    };
    put('feesE8', BigInt(feeE8));
    put('turnoverE8', turnover);
    if (slippageE8 !== null) put('slippageE8', BigInt(slippageE8));
    if (slippageE8 !== null) put('slippageOfE8', turnover);
    for (const [owner] of moved) this.#add(atMs, owner, 'fills', 1n);
  }

  #add(atMs: number, owner: Owner, name: Name, amount: bigint): void {
    const key = `${dayOf(atMs)} ${owner} ${name}`;
    const sum = (this.sums.get(key) ?? 0n) + amount;
    if (sum === 0n) this.sums.delete(key);
    else this.sums.set(key, sum);
  }
}

function size(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}
/** Parts in the order of owners, each up to what it and those before it come to. */
function shares(
  parts: readonly [Owner, bigint][],
  amount: bigint,
  whole = parts.reduce((sum, [, part]) => sum + part, 0n),
): readonly [Owner, bigint][] {
  let until = 0n;
  return parts.map(([owner, part]) => {
    const before = (amount * until) / whole;
    until += part;
    return [owner, (amount * until) / whole - before];
  });
}

/** As {@link NaiveCosts.sums}, of days as they are kept. */
export function sumsOf(
  days: readonly {
    readonly dayMs: number;
    readonly figures: ReadonlyMap<Owner, ReadonlyMap<string, Figures>>;
    readonly opening: ReadonlyMap<Owner, ReadonlyMap<string, number>>;
  }[],
): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  const put = (key: string, amount: number): void => {
    if (amount !== 0) sums.set(key, BigInt(amount));
  };
  for (const { dayMs, figures, opening } of days) {
    for (const [owner, bySymbol] of figures)
      for (const of of bySymbol.values())
        for (const name of [...NAMES, 'fills'] as const) put(`${dayMs} ${owner} ${name}`, of[name]);
    for (const [owner, bySymbol] of opening)
      for (const amount of bySymbol.values()) put(`${dayMs} ${owner} openingE8`, amount);
  }
  return sums;
}
