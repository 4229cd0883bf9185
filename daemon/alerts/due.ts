import type { AlertRoutesSpec } from '../contract/alerts.ts';
import { describeCode, ROUTES_CHANGED, SEVERITIES } from '../core/alerts.ts';
import type { ChannelOutbox, OutgoingMessage, WaitingGroup } from '../engine/callers/outbox.ts';
import type { AlertGroup } from '../engine/records/house-events.ts';
import { DAY_MS, localMs, MINUTE_MS, minutesOf } from './local-time.ts';

/** Groups that one message tells, the most urgent first; the next one tells the others. */
export const MAX_GROUPS = 50;
const COALESCE_MS = 60_000;
const AGE_LIMIT_MS = DAY_MS;
const DAILY_AT = '08:00';
const HOUR_MS = 3_600_000;

export const ageLimitOf = (spec: AlertRoutesSpec): number => spec.age_limit_ms ?? AGE_LIMIT_MS;
export const timeZoneOf = (spec: AlertRoutesSpec): string => spec.time_zone ?? 'UTC';
export const dailyAtOf = (spec: AlertRoutesSpec): string => spec.daily_at ?? DAILY_AT;
export const coalesceOf = (spec: AlertRoutesSpec): number => spec.coalesce_ms ?? COALESCE_MS;

const MESSAGES = [
  ['at_once', 'alert'],
  ['hourly', 'hourly'],
  ['daily', 'daily'],
] as const;

/** The next message of a channel; null: nothing is due. */
export type DueMessage = Pick<OutgoingMessage, 'kind' | 'groups'>;

/**
 * What a channel tells next: alerts that wait for nothing, all in one message if there are several, then summaries. So
 * a burst, or what has collected behind a failure, takes a few messages.
 */
export function findDue(channel: ChannelOutbox, spec: AlertRoutesSpec, nowMs: number): DueMessage | null {
  if (channel.waiting.size === 0) return null;
  const quiet = isQuiet(spec, nowMs);
  const heard = [...channel.waiting.values()].filter(
    ({ code }) => !quiet || describeCode(code).severity === 'critical',
  );
  const due = heard.filter((group) => isDue(group, channel, spec, nowMs));
  for (const [when, kind] of MESSAGES) {
    const groups = due.filter((group) => group.when === when).sort(mostUrgentFirst);
    if (groups.length > 0) return { kind, groups: groups.slice(0, MAX_GROUPS).map(toGroup) };
  }
  return null;
}

function isDue(group: WaitingGroup, channel: ChannelOutbox, spec: AlertRoutesSpec, nowMs: number): boolean {
  switch (group.when) {
    case 'at_once': {
      // Each change is a message: the words of a later one say nothing of what became looser before.
      if (group.code === ROUTES_CHANGED) return true;
      const reportedMs = channel.reportedMs.get(`${group.code} ${group.symbol ?? ''}`);
      return reportedMs === undefined || nowMs - reportedMs >= coalesceOf(spec);
    }
    case 'hourly':
      return Math.floor(nowMs / HOUR_MS) > Math.floor(group.first_ms / HOUR_MS);
    case 'daily':
      return dayOf(spec, nowMs) > dayOf(spec, group.first_ms);
  }
}

/** Days begin when summaries leave. */
function dayOf(spec: AlertRoutesSpec, atMs: number): number {
  const beginsMs = minutesOf(dailyAtOf(spec)) * MINUTE_MS;
  return Math.floor((localMs(atMs, timeZoneOf(spec)) - beginsMs) / DAY_MS);
}

export function isQuiet(spec: AlertRoutesSpec, nowMs: number): boolean {
  if (spec.quiet_hours === undefined) return false;
  const from = minutesOf(spec.quiet_hours.from);
  const to = minutesOf(spec.quiet_hours.to);
  const now = Math.floor((localMs(nowMs, timeZoneOf(spec)) % DAY_MS) / MINUTE_MS);
  return from < to ? from <= now && now < to : now >= from || now < to;
}

function mostUrgentFirst(a: WaitingGroup, b: WaitingGroup): number {
  const urgency = ({ code }: WaitingGroup): number => SEVERITIES.indexOf(describeCode(code).severity);
  return urgency(b) - urgency(a) || a.first_seq - b.first_seq;
}

function toGroup({ when: _, ...group }: WaitingGroup): AlertGroup {
  return group;
}

/** A message is given up: so long after its record, or, where the channel fails, after the last alert that it tells. */
export function isTooOld(
  message: OutgoingMessage,
  channel: Pick<ChannelOutbox, 'failingSinceMs'>,
  spec: AlertRoutesSpec,
  nowMs: number,
): boolean {
  const limitMs = ageLimitOf(spec);
  if (nowMs - message.queuedMs > limitMs) return true;
  if (channel.failingSinceMs === null || message.kind !== 'alert') return false;
  return message.groups.every(({ last_ms }) => nowMs - last_ms > limitMs);
}
