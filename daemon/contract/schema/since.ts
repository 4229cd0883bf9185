const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;
const AGO = /^([1-9]\d{0,5})([dhm])$/;
const INSTANT = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** The start of a period: a duration before the last record, or a time (ms since 1970). */
export type Since = { readonly kind: 'ago'; readonly ms: number } | { readonly kind: 'at'; readonly ms: number };

/**
 * Parses `7d`, `24h`, `30m`, an ISO date (00:00 UTC) or an ISO time with its zone. Null for anything else: a time
 * without a zone is ambiguous.
 */
export function parseSince(text: string): Since | null {
  const ago = AGO.exec(text);
  if (ago !== null) return { kind: 'ago', ms: Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS] };
  const date = INSTANT.exec(text)?.[1];
  if (date === undefined) return null;
  const ms = Date.parse(text);
  // The calendar date is checked separately: with a zone, the UTC day may differ.
  const isDay = new Date(`${date}T00:00:00Z`).toJSON()?.startsWith(date) === true;
  return Number.isNaN(ms) || !isDay ? null : { kind: 'at', ms };
}

/**
 * `ago` counts from the ledger's last record, not from the wall clock: a recorded market has its own time, and
 * the week before a daemon stopped is still its last week.
 */
export function sinceInstant(since: Since, lastRecordMs: number): number {
  return since.kind === 'at' ? since.ms : lastRecordMs - since.ms;
}
