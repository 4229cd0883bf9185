/** Figures as an operator reads them. Everything that is not a finite number is a dash. */
const DASH = '–';
// What rounds to zero has no sign.
const EXACT = new Intl.NumberFormat('en', { maximumFractionDigits: 8, signDisplay: 'negative' });
const SIGNED = new Intl.NumberFormat('en', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'exceptZero',
});
const formats = new Map<number, Intl.NumberFormat>();

function withDigits(digits: number): Intl.NumberFormat {
  const known = formats.get(digits);
  if (known !== undefined) return known;
  const made = new Intl.NumberFormat('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  });
  formats.set(digits, made);
  return made;
}
const isFigure = (value: number | null | undefined): value is number => Number.isFinite(value);

export function usdt(value: number | null | undefined): string {
  return isFigure(value) ? withDigits(2).format(value) : DASH;
}
export function signedUsdt(value: number | null | undefined): string {
  return isFigure(value) ? SIGNED.format(value) : DASH;
}
/** The class of a profit or loss as {@link signedUsdt} shows it; of zero none. */
export function tone(value: number | null | undefined): string {
  const sign = signedUsdt(value)[0];
  return sign === '-' ? 'loss' : sign === '+' ? 'gain' : '';
}
export function percent(fraction: number | null | undefined, digits = 2): string {
  return isFigure(fraction) ? `${withDigits(digits).format(fraction * 100)} %` : DASH;
}
/** At most six significant digits, without an exponent. */
export function figure(value: number | string | null | undefined): string {
  if (typeof value === 'string') return value;
  if (!isFigure(value)) return DASH;
  return EXACT.format(Number(value.toPrecision(6)));
}
/** A price: two decimals where it is large. */
export function price(value: number | string | null | undefined): string {
  const known = typeof value === 'string' ? Number(value) : value;
  return isFigure(known) ? (Math.abs(known) >= 100 ? withDigits(2).format(known) : figure(known)) : DASH;
}
const SHORT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });
const SHORT_FROM = 10_000_000;
/** In the unit of a budget. */
export function amount(value: number, unit: string): string {
  const text = bare(value, unit);
  return unit === 'x' ? `${text}×` : `${text} ${unit}`;
}
/** The same without its unit, where that was just said. */
export function bare(value: number, unit: string): string {
  if (unit !== 'USDT' || !isFigure(value)) return figure(value);
  return value >= SHORT_FROM ? SHORT.format(value) : withDigits(value < 100 && value !== 0 ? 2 : 0).format(value);
}
export function factor(value: number): string {
  return figure(Number(value.toFixed(3)));
}

/** Of times, which are those of the ledger, of its messages and of the command line: one zone, wherever the page is. */
export const ZONE = 'UTC';
const OF_A_DAY = { hour: '2-digit', minute: '2-digit', timeZone: ZONE } as const;
const CLOCK = new Intl.DateTimeFormat('en-GB', { ...OF_A_DAY, second: '2-digit' });
const DATE = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', timeZone: ZONE });
const LONG_DATE = new Intl.DateTimeFormat('en-GB', { day: '2-digit', month: 'short', year: 'numeric', timeZone: ZONE });
const MINUTE = new Intl.DateTimeFormat('en-GB', OF_A_DAY);
const DAY_MS = 86_400_000;
const isSameDay = (atMs: number, nowMs: number): boolean => Math.floor(atMs / DAY_MS) === Math.floor(nowMs / DAY_MS);
function date(atMs: number, nowMs: number): string {
  const isSameYear = new Date(atMs).getUTCFullYear() === new Date(nowMs).getUTCFullYear();
  return (isSameYear ? DATE : LONG_DATE).format(atMs);
}
/** Of today the time; else the date, too: `28 Nov 14:03:05 UTC`. */
export function clock(atMs: number, nowMs = Date.now()): string {
  const time = `${CLOCK.format(atMs)} ${ZONE}`;
  return isSameDay(atMs, nowMs) ? time : `${date(atMs, nowMs)} ${time}`;
}
/** In a column whose head names the zone: of another day without the seconds. */
export function shortClock(atMs: number, nowMs = Date.now()): string {
  return isSameDay(atMs, nowMs) ? CLOCK.format(atMs) : `${date(atMs, nowMs)} ${MINUTE.format(atMs)}`;
}
/** Minutes and seconds that are left, and hours where there are any: `4:07`. */
export function countdown(ms: number): string {
  const seconds = Math.ceil(Math.max(0, ms) / 1_000);
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const last = String(seconds % 60).padStart(2, '0');
  return hours === 0 ? `${minutes}:${last}` : `${hours}:${String(minutes).padStart(2, '0')}:${last}`;
}
const SPANS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];
/** In the largest unit that fits: `3 min`. */
export function span(ms: number): string {
  for (const [unitMs, unit] of SPANS) if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${unit}`;
  return '0 s';
}
export function words(code: string): string {
  return code.replaceAll('_', ' ').toLowerCase();
}
