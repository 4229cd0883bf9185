import { heldIn } from '../kept/collections.ts';
import { fromE8 } from '../records/units.ts';
import type { Owner } from '../words.ts';

export const DAY_MS = 86_400_000;
/** Days that are kept, the newest ones: a week, the week before, and a month to look back. */
const MAX_DAYS = 35;

export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS) * DAY_MS;
}

/** What trades, funding and the rest made of one owner's part in one symbol; amounts in units of 1e-8 USDT. */
export interface Figures {
  realisedE8: number;
  /** Paid; above 0 is a cost. */
  feesE8: number;
  fundingE8: number;
  /** What the exchange books otherwise: liquidation fees, the insurance fund, rebates. */
  otherE8: number;
  /** What fills cost against the mid at the decision of their order; below 0: they were better. */
  slippageE8: number;
  /** Turnover of the fills of which that is known. */
  slippageOfE8: number;
  turnoverE8: number;
  fills: number;
}
/**
 * What something made of an owner's part, what that was worth beyond its cost when a day began, or what of such was given to
 * it or taken: that counts as of when the day began, and each before it.
 */
export interface Posting {
  readonly atMs: number;
  readonly owner: Owner;
  readonly figures?: Partial<Figures>;
  readonly openingE8?: number;
  readonly givenE8?: number;
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
  /** Unrealised profit by owner and symbol when the day began, in units of 1e-8 USDT. */
  readonly opening: Map<Owner, Map<string, number>>;
  /** What of it was given since. */
  readonly given: Map<Owner, Map<string, number>>;
}

export function createFigures(): Figures {
  return {
    realisedE8: 0,
    feesE8: 0,
    fundingE8: 0,
    otherE8: 0,
    slippageE8: 0,
    slippageOfE8: 0,
    turnoverE8: 0,
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
    given: new Map(),
  };
}

function asksOf({ asks }: AccountDay, agent: string): Asks {
  return heldIn(asks, agent, () => ({ requests: 0, cuts: 0, blocks: 0 }));
}
/** As {@link addTo}, at every trade. What has come to nothing has no row. */
function addFigures(
  day: AccountDay,
  { owner, symbol }: { readonly owner: Owner; readonly symbol: string },
  by: Readonly<Partial<Figures>>,
  sign = 1,
): void {
  const bySymbol = heldIn(day.figures, owner, () => new Map<string, Figures>());
  const sum = heldIn(bySymbol, symbol, createFigures);
  for (const name of FIGURES) sum[name] += sign * (by[name] ?? 0);
  if (FIGURES.some((name) => sum[name] !== 0)) return;
  bySymbol.delete(symbol);
  if (bySymbol.size === 0) day.figures.delete(owner);
}
export const FIGURES = Object.keys(createFigures()) as (keyof Figures)[];
function addOf(sums: AccountDay['opening'], owner: Owner, symbol: string, amountE8: number): void {
  const bySymbol = sums.get(owner) ?? new Map<string, number>();
  const sumE8 = (bySymbol.get(symbol) ?? 0) + amountE8;
  if (sumE8 === 0) bySymbol.delete(symbol);
  else bySymbol.set(symbol, sumE8);
  if (bySymbol.size === 0) sums.delete(owner);
  else sums.set(owner, bySymbol);
}
function addTo<T extends object>(sum: T, change: Readonly<Partial<T>>): void {
  const sums = sum as Record<string, number>;
  const by = change as Readonly<Record<string, number>>;
  for (const name in by) sums[name] = (sums[name] ?? 0) + Number(by[name]);
}
function join(day: AccountDay, later: AccountDay, isOpening: boolean): void {
  for (const [owner, bySymbol] of later.figures) {
    for (const [symbol, change] of bySymbol) addFigures(day, { owner, symbol }, change);
  }
  for (const [agent, change] of later.asks) addTo(asksOf(day, agent), change);
  addTo(day.booked, later.booked);
  addTo(day.reported, later.reported);
  for (const [owner, bySymbol] of later.given)
    for (const [symbol, amountE8] of bySymbol) addOf(day.given, owner, symbol, amountE8);
  for (const [owner, bySymbol] of isOpening ? later.opening : later.given)
    for (const [symbol, amountE8] of bySymbol) addOf(day.opening, owner, symbol, amountE8);
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
    let sumE8 = 0;
    for (const day of this.days.values()) {
      if (day.dayMs < dayOf(fromMs) || day.dayMs > toMs) continue;
      for (const { feesE8, fundingE8, otherE8, realisedE8 } of day.figures.get(owner)?.values() ?? [])
        sumE8 += realisedE8 + fundingE8 + otherE8 - feesE8;
    }
    return fromE8(sumE8);
  }
  /** Unrealised profit by owner and symbol when a day began, USDT; none: that is not known. */
  openingOf(dayMs: number): ReadonlyMap<Owner, ReadonlyMap<string, number>> {
    const inUsdt = (bySymbol: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
      new Map([...bySymbol].map(([symbol, amountE8]) => [symbol, fromE8(amountE8)]));
    return new Map([...(this.days.get(dayMs)?.opening ?? [])].map(([owner, bySymbol]) => [owner, inUsdt(bySymbol)]));
  }

  /** Unrealised profit of an owner when a day began, with what of it was given since, USDT. */
  openingWithGiven(owner: Owner, dayMs: number): number {
    let sumE8 = 0;
    for (const day of this.days.values()) {
      if (day.dayMs < dayMs) continue;
      const { given, opening } = day;
      for (const amountE8 of (day.dayMs === dayMs ? opening : given).get(owner)?.values() ?? []) sumE8 += amountE8;
    }
    return fromE8(sumE8);
  }

  /** Adds to what an owner's part in a symbol made, of the day and in total, or takes it back. */
  post(symbol: string, { atMs, figures, givenE8, openingE8, owner }: Posting, sign: 1 | -1 = 1): void {
    const { given, opening } = this.#day(atMs);
    if (openingE8 !== undefined) addOf(opening, owner, symbol, sign * openingE8);
    if (givenE8 !== undefined) for (const sums of [given, opening]) addOf(sums, owner, symbol, sign * givenE8);
    if (figures === undefined) return;
    for (const day of [this.#day(atMs), this.total]) addFigures(day, { owner, symbol }, figures, sign);
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
  ask(atMs: number, agent: string, change: Partial<Asks>): void {
    addTo(asksOf(this.#day(atMs), agent), change);
    addTo(asksOf(this.total, agent), change);
  }

  #day(atMs: number): AccountDay {
    const day = heldIn(this.days, dayOf(atMs), createDay);
    if (this.days.size > MAX_DAYS) {
      this.days.delete(Math.min(...this.days.keys()));
      this.hasDropped = true;
    }
    return day;
  }
}
