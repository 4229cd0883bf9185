import type { ReportPeriod } from '../../contract/types/accounts.ts';
import { DAY_MS, dayOf } from '../../engine/accounts/account-days.ts';

const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday. */
const FIRST_MONDAY_MS = 4 * DAY_MS;

export interface Span {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The UTC day or ISO week that is named; null: there is none of that name. */
export function spanOf({ kind, name }: ReportPeriod, nowMs: number): Span | null {
  return kind === 'day' ? daySpan(name, nowMs) : weekSpan(name, nowMs);
}

function daySpan(name: string, nowMs: number): Span | null {
  const fromMs =
    name === 'today' ? dayOf(nowMs) : name === 'yesterday' ? dayOf(nowMs) - DAY_MS : Date.parse(`${name}T00:00:00Z`);
  if (Number.isNaN(fromMs)) return null;
  const day = dayName(fromMs);
  // The 31st of a short month is another day.
  if (name !== 'today' && name !== 'yesterday' && day !== name) return null;
  return { name: day, fromMs, toMs: fromMs + DAY_MS };
}

function weekSpan(name: string, nowMs: number): Span | null {
  const mondayMs = name === 'this' ? mondayOf(nowMs) : name === 'last' ? mondayOf(nowMs) - WEEK_MS : mondayOfWeek(name);
  if (mondayMs === null) return null;
  const week = weekName(mondayMs);
  if (name !== 'this' && name !== 'last' && week !== name) return null;
  return { name: week, fromMs: mondayMs, toMs: mondayMs + WEEK_MS };
}

export function dayName(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
function mondayOf(atMs: number): number {
  return Math.floor((atMs - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS + FIRST_MONDAY_MS;
}
/** A week is of the year of its Thursday; the first one has 4 January. */
function weekName(mondayMs: number): string {
  const year = new Date(mondayMs + 3 * DAY_MS).getUTCFullYear();
  const week = (mondayMs - mondayOf(Date.UTC(year, 0, 4))) / WEEK_MS + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
function mondayOfWeek(name: string): number | null {
  const [, year, week] = /^(\d{4})-W(\d{2})$/.exec(name) ?? [];
  if (year === undefined || week === undefined) return null;
  return mondayOf(Date.UTC(Number(year), 0, 4)) + (Number(week) - 1) * WEEK_MS;
}
