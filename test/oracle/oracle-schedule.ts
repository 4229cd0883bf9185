import fc from 'fast-check';
import { type AgentSchedule, WEEKDAYS } from '../../daemon/core/rules/schedule.ts';

/** Whether a schedule permits opening, by the calendar of the language and without a thought for speed. */
export function isOpen({ utc_offset: offset, hours, blackouts }: AgentSchedule, atMs: number): boolean {
  for (const { from, to } of blackouts ?? [])
    if (atMs >= Date.parse(`${from}:00${offset}`) && atMs < Date.parse(`${to}:00${offset}`)) return false;
  if (hours === undefined) return true;
  const shifted = atMs + (Date.parse('2000-01-01T00:00:00Z') - Date.parse(`2000-01-01T00:00:00${offset}`));
  const local = new Date(shifted);
  const day = WEEKDAYS[(local.getUTCDay() + 6) % 7];
  const time = local.toISOString().slice(11, 16);
  return hours.some(({ days, from, to }) => day !== undefined && days.includes(day) && from <= time && time < to);
}

const wall = (ms: number): string => new Date(ms).toISOString().slice(0, 16);
const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
/** Valid schedules, with blackouts around an instant. */
export function schedules(aroundMs: number): fc.Arbitrary<AgentSchedule> {
  const hours = fc
    .record({
      days: fc.subarray([...WEEKDAYS], { minLength: 1 }),
      from: fc.integer({ min: 0, max: 1438 }),
      length: fc.integer({ min: 1, max: 1440 }),
    })
    .map(({ days, from, length }) => ({ days, from: clock(from), to: clock(Math.min(1440, from + length)) }));
  const blackout = fc
    .record({ from: fc.integer({ min: -5000, max: 5000 }), length: fc.integer({ min: 1, max: 3000 }) })
    .map(({ from, length }) => ({
      from: wall(aroundMs + from * 60_000),
      to: wall(aroundMs + (from + length) * 60_000),
    }));
  return fc
    .record({
      utc_offset: fc.constantFrom('+00:00', '+01:00', '-05:00', '+05:30', '+14:00', '-11:45'),
      hours: fc.option(fc.array(hours, { minLength: 1, maxLength: 4 }), { nil: undefined }),
      blackouts: fc.option(fc.array(blackout, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    })
    .map(({ utc_offset, hours: drawn, blackouts }) => ({
      utc_offset,
      ...(drawn === undefined ? {} : { hours: drawn }),
      ...(blackouts === undefined ? {} : { blackouts }),
    }));
}
