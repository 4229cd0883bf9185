/**
 * When an agent may open (policy `agents.<name>.schedule`). Wall times are those of a fixed offset from UTC, so that
 * what a record says can be derived again whatever becomes of a zone's daylight saving time.
 */

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];
/** When an agent may open: within its hours and outside its blackouts, in the wall time of `utc_offset`. */
export interface AgentSchedule {
  /** `+00:00`; explicit, since nothing says where an agent lives. */
  readonly utc_offset: string;
  /** Absent: at any hour. */
  readonly hours?: readonly { readonly days: readonly Weekday[]; readonly from: string; readonly to: string }[];
  readonly blackouts?: readonly { readonly from: string; readonly to: string }[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;
export const WEEK_MS = 7 * DAY_MS;
/** 1970-01-01 was a Thursday: this much of the week, which begins on Monday, was over. */
const EPOCH_IN_WEEK_MS = 3 * DAY_MS;

/** From the first instant up to, not including, the second. */
export interface Span {
  readonly from: number;
  readonly to: number;
}
/** Spans are sorted, and neither overlap nor touch. */
export interface CompiledSchedule {
  /** Within the week of the schedule's own offset, ms from Monday 00:00; null: all of it. */
  readonly hours: readonly Span[] | null;
  /** UTC, ms. */
  readonly blackouts: readonly Span[];
  readonly offsetMs: number;
}

/** Precondition: checked by the policy schema and `policy/check-agents.ts`. */
export function compileSchedule(schedule: AgentSchedule): CompiledSchedule {
  const offsetMs = parseOffset(schedule.utc_offset);
  const hours = schedule.hours?.flatMap(({ days, from, to }) =>
    days.map((day) => ({ from: dayOf(day) + parseTime(from), to: dayOf(day) + parseTime(to) })),
  );
  const blackouts = (schedule.blackouts ?? []).map(({ from, to }) => ({
    from: parseWallTime(from) - offsetMs,
    to: parseWallTime(to) - offsetMs,
  }));
  return { hours: hours === undefined ? null : joinSpans(hours), blackouts: joinSpans(blackouts), offsetMs };
}

/** The first instant from `nowMs` on at which the schedule permits opening: `nowMs` itself while it does. */
export function opensAt(schedule: CompiledSchedule, nowMs: number): number {
  let at = nowMs;
  // Each round leaves one blackout behind, or goes on to the next hours: it takes no more than these.
  for (let rounds = 2 * schedule.blackouts.length + 2; rounds > 0; rounds -= 1) {
    const instant = at;
    const blackout = schedule.blackouts.find(({ from, to }) => from <= instant && instant < to);
    const next = blackout?.to ?? nextInWeek(schedule, instant);
    if (blackout === undefined && next === instant) return instant;
    at = next;
  }
  // Hours without a minute in them: never, as far as anybody can wait.
  return Number.MAX_SAFE_INTEGER;
}

/** When the schedule permits opening no more; null: never, or it does not permit it at `nowMs` either. */
export function closesAt(schedule: CompiledSchedule, nowMs: number): number | null {
  if (opensAt(schedule, nowMs) > nowMs) return null;
  const blackout = schedule.blackouts.find(({ from }) => from > nowMs);
  const ends = [blackout?.from, endOfHours(schedule, nowMs)].filter((end) => end !== undefined);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Precondition: they last at `atMs`. */
function endOfHours({ hours, offsetMs }: CompiledSchedule, atMs: number): number | undefined {
  if (hours === null) return undefined;
  const inWeek = modulo(atMs + offsetMs + EPOCH_IN_WEEK_MS, WEEK_MS);
  const span = hours.find(({ from, to }) => from <= inWeek && inWeek < to);
  const [first] = hours;
  if (span === undefined || first === undefined) return undefined;
  if (span.to < WEEK_MS || first.from > 0) return atMs + span.to - inWeek;
  // They go on in the next week.
  return first === span ? undefined : atMs + WEEK_MS - inWeek + first.to;
}

/** What is open of the UTC week, ms from Monday 00:00 UTC: schedules of different offsets compare in it. */
export function openInUtcWeek({ hours, offsetMs }: CompiledSchedule): readonly Span[] {
  if (hours === null) return [{ from: 0, to: WEEK_MS }];
  return joinSpans(
    hours.flatMap(({ from, to }) => {
      const start = modulo(from - offsetMs, WEEK_MS);
      const end = start + to - from;
      return end <= WEEK_MS
        ? [{ from: start, to: end }]
        : [
            { from: start, to: WEEK_MS },
            { from: 0, to: end - WEEK_MS },
          ];
    }),
  );
}

/** The first part of `spans` that `cover` leaves out; null: none. Both as `joinSpans` gives them. */
export function findUncovered(spans: readonly Span[], cover: readonly Span[]): number | null {
  for (const { from, to } of spans) {
    const over = cover.find((each) => each.from <= from && from < each.to);
    if (over === undefined) return from;
    if (over.to < to) return over.to;
  }
  return null;
}

function nextInWeek({ hours, offsetMs }: CompiledSchedule, atMs: number): number {
  if (hours === null) return atMs;
  const inWeek = modulo(atMs + offsetMs + EPOCH_IN_WEEK_MS, WEEK_MS);
  let waitMs = Number.MAX_SAFE_INTEGER;
  for (const { from, to } of hours) {
    if (from <= inWeek && inWeek < to) return atMs;
    waitMs = Math.min(waitMs, modulo(from - inWeek, WEEK_MS));
  }
  return waitMs === Number.MAX_SAFE_INTEGER ? waitMs : atMs + waitMs;
}

function joinSpans(spans: readonly Span[]): readonly Span[] {
  const joined: Span[] = [];
  for (const span of spans.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || last.to < span.from) joined.push(span);
    else if (last.to < span.to) joined[joined.length - 1] = { from: last.from, to: span.to };
  }
  return joined;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
function dayOf(day: Weekday): number {
  return WEEKDAYS.indexOf(day) * DAY_MS;
}
/** `+05:30`, ms. */
function parseOffset(text: string): number {
  const size = parseTime(text.slice(1));
  return text.startsWith('-') ? -size : size;
}
/** `17:30`, ms from midnight. */
export function parseTime(text: string): number {
  return (Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))) * MINUTE_MS;
}
/** `2026-12-24T18:00` as if it were UTC, ms since the epoch; NaN for a day that the month does not have. */
export function parseWallTime(text: string): number {
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)].map(Number) as [
    number,
    number,
    number,
  ];
  if (day > daysIn(year, month)) return Number.NaN;
  let days = day - 1;
  for (let each = 1970; each < year; each += 1) days += isLeap(each) ? 366 : 365;
  for (let each = 1; each < month; each += 1) days += daysIn(year, each);
  return days * DAY_MS + parseTime(text.slice(11));
}
function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}
function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
