import type { Owner } from '../words.ts';

export const DAY_MS = 86_400_000;
/** Days that are kept, the newest ones: a week, the week before, and a month to look back. */
const MAX_DAYS = 35;

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** What trades, funding and the rest made of one owner's part in one symbol, USDT. */
export interface Figures {
  realisedUsdt: number;
  /** Paid; above 0 is a cost. */
  feesUsdt: number;
  fundingUsdt: number;
  /** What the exchange books otherwise: liquidation fees, the insurance fund, rebates. */
  otherUsdt: number;
  /** What fills cost against the mid at the decision of their order; below 0: they were better. */
  slippageUsdt: number;
  /** Turnover of the fills of which that is known. */
  slippageOfUsdt: number;
  turnoverUsdt: number;
  fills: number;
}
/** What an agent asked for, by outcome. */
export interface Asks {
  requests: number;
  cuts: number;
  blocks: number;
}
/** What the exchange booked, by kind of income, signed. */
export interface Booked {
  realised: number;
  commission: number;
  funding: number;
  other: number;
  transfers: number;
}
export interface AccountDay {
  readonly dayMs: number;
  readonly figures: Map<Owner, Map<string, Figures>>;
  readonly asks: Map<string, Asks>;
  /** By the exchange's income. */
  readonly booked: Booked;
  /** Realised profit and fees by the exchange's trades, of what its income has to contain by now. */
  readonly reported: { realisedUsdt: number; feesUsdt: number };
  /** Unrealised profit by owner and symbol when the day began. */
  readonly opening: Map<Owner, Map<string, number>>;
}

export function putUsdt(figures: Map<Owner, Map<string, number>>, owner: Owner, symbol: string, usdt: number): void {
  const bySymbol = figures.get(owner) ?? new Map<string, number>();
  figures.set(owner, bySymbol);
  bySymbol.set(symbol, usdt);
}
export function copyOf(figures: ReadonlyMap<Owner, ReadonlyMap<string, number>>): Map<Owner, Map<string, number>> {
  return new Map([...figures].map(([owner, bySymbol]) => [owner, new Map(bySymbol)]));
}
function createFigures(): Figures {
  return {
    realisedUsdt: 0,
    feesUsdt: 0,
    fundingUsdt: 0,
    otherUsdt: 0,
    slippageUsdt: 0,
    slippageOfUsdt: 0,
    turnoverUsdt: 0,
    fills: 0,
  };
}
function createDay(dayMs: number): AccountDay {
  return {
    dayMs,
    figures: new Map(),
    asks: new Map(),
    booked: { realised: 0, commission: 0, funding: 0, other: 0, transfers: 0 },
    reported: { realisedUsdt: 0, feesUsdt: 0 },
    opening: new Map(),
  };
}

function figuresOf({ figures }: AccountDay, owner: Owner, symbol: string): Figures {
  let bySymbol = figures.get(owner);
  if (bySymbol === undefined) {
    bySymbol = new Map();
    figures.set(owner, bySymbol);
  }
  let found = bySymbol.get(symbol);
  if (found === undefined) {
    found = createFigures();
    bySymbol.set(symbol, found);
  }
  return found;
}
function asksOf({ asks }: AccountDay, agent: string): Asks {
  let found = asks.get(agent);
  if (found === undefined) {
    found = { requests: 0, cuts: 0, blocks: 0 };
    asks.set(agent, found);
  }
  return found;
}
/** As {@link addTo}, at every trade. */
function addFigures(sum: Figures, by: Readonly<Partial<Figures>>): void {
  sum.realisedUsdt += by.realisedUsdt ?? 0;
  sum.feesUsdt += by.feesUsdt ?? 0;
  sum.fundingUsdt += by.fundingUsdt ?? 0;
  sum.otherUsdt += by.otherUsdt ?? 0;
  sum.slippageUsdt += by.slippageUsdt ?? 0;
  sum.slippageOfUsdt += by.slippageOfUsdt ?? 0;
  sum.turnoverUsdt += by.turnoverUsdt ?? 0;
  sum.fills += by.fills ?? 0;
}
function addTo<T extends object>(sum: T, change: Readonly<Partial<T>>): void {
  const sums = sum as Record<string, number>;
  const by = change as Readonly<Record<string, number>>;
  for (const name in by) sums[name] = (sums[name] ?? 0) + Number(by[name]);
}
function join(day: AccountDay, later: AccountDay, isOpening: boolean): void {
  for (const [owner, bySymbol] of later.figures) {
    for (const [symbol, change] of bySymbol) addFigures(figuresOf(day, owner, symbol), change);
  }
  for (const [agent, change] of later.asks) addTo(asksOf(day, agent), change);
  addTo(day.booked, later.booked);
  addTo(day.reported, later.reported);
  if (!isOpening) return;
  for (const [owner, bySymbol] of later.opening)
    for (const [symbol, usdt] of bySymbol) putUsdt(day.opening, owner, symbol, usdt);
}

/** The accounts of each day (UTC, by the exchange's time), and of all days since the ledger's first reading. */
export class AccountDays {
  private readonly days = new Map<number, AccountDay>();
  /** Those that a reading of the account has begun, oldest first. */
  private opened: number[] = [];
  /** Some were dropped. */
  hasDropped = false;
  /** Of all days, dropped ones included. */
  readonly total: AccountDay = createDay(0);

  find(dayMs: number): AccountDay | undefined {
    return this.days.get(dayMs);
  }
  /** Those of them that are kept, oldest first. */
  between(fromMs: number, toMs: number): readonly AccountDay[] {
    return [...this.days.values()]
      .filter(({ dayMs }) => dayMs >= fromMs && dayMs <= toMs)
      .sort((a, b) => a.dayMs - b.dayMs);
  }
  /** The day before which no other is kept. */
  get oldestMs(): number | null {
    return this.days.size === 0 ? null : Math.min(...this.days.keys());
  }

  noteOpened(dayMs: number): void {
    this.opened.push(dayMs);
    if (this.opened.length > MAX_DAYS) this.opened.shift();
  }
  /** The first day from then on of which it is known what was held when it began; null: there is none. */
  firstOpened(fromMs: number): number | null {
    return this.opened.find((dayMs) => dayMs >= fromMs) ?? null;
  }
  /** The clock was set back: what lies in later days is of this one. It begins as the first of them that did. */
  setBack(dayMs: number): void {
    const firstOpened = this.firstOpened(dayMs);
    const later = this.between(dayMs + 1, Number.POSITIVE_INFINITY);
    const today = later.length === 0 ? undefined : this.#day(dayMs);
    for (const day of later) {
      if (today !== undefined) join(today, day, day.dayMs === firstOpened);
      this.days.delete(day.dayMs);
    }
    if (firstOpened !== null) this.opened = [...this.opened.filter((one) => one < dayMs), dayMs];
  }

  /** Realised profit with funding and other bookings, less fees, of days of which the first and the last are named. */
  resultOf(owner: Owner, fromMs: number, toMs: number): number {
    let usdt = 0;
    for (const day of this.days.values()) {
      if (day.dayMs < dayOf(fromMs) || day.dayMs > toMs) continue;
      for (const figures of day.figures.get(owner)?.values() ?? [])
        usdt += figures.realisedUsdt + figures.fundingUsdt + figures.otherUsdt - figures.feesUsdt;
    }
    return usdt;
  }

  /** Adds to the figures of an owner and symbol, of the day and in total. */
  add(atMs: number, owner: Owner, symbol: string, change: Partial<Figures>): void {
    addFigures(figuresOf(this.#day(atMs), owner, symbol), change);
    addFigures(figuresOf(this.total, owner, symbol), change);
  }
  book(atMs: number, kind: keyof Booked, amountUsdt: number): void {
    this.#day(atMs).booked[kind] += amountUsdt;
    this.total.booked[kind] += amountUsdt;
  }
  tell(atMs: number, realisedUsdt: number, feesUsdt: number): void {
    for (const { reported } of [this.#day(atMs), this.total]) {
      reported.realisedUsdt += realisedUsdt;
      reported.feesUsdt += feesUsdt;
    }
  }
  open(dayMs: number, owner: Owner, symbol: string, unrealisedUsdt: number): void {
    putUsdt(this.#day(dayMs).opening, owner, symbol, unrealisedUsdt);
  }
  ask(atMs: number, agent: string, change: Partial<Asks>): void {
    addTo(asksOf(this.#day(atMs), agent), change);
    addTo(asksOf(this.total, agent), change);
  }

  #day(atMs: number): AccountDay {
    const dayMs = dayOf(atMs);
    let day = this.days.get(dayMs);
    if (day === undefined) {
      day = createDay(dayMs);
      this.days.set(dayMs, day);
      if (this.days.size > MAX_DAYS) {
        this.days.delete(Math.min(...this.days.keys()));
        this.hasDropped = true;
      }
    }
    return day;
  }
}
