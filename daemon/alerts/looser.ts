import type { AlertRoutesSpec } from '../contract/alerts.ts';
import { ALERTS, isFaster, routeAlert } from '../core/alerts.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { ageLimitOf, coalesceOf, dailyAtOf, timeZoneOf } from './due.ts';
import { minutesOf } from './local-time.ts';

/**
 * For every key of the alert routes, the change that makes them looser: that may tell people less, later, or tell
 * others. Where no direction is provable, any change counts. A key without a row of its own is judged with the value
 * that it is part of.
 */
type RouteDirection =
  /** Looser where one is gone. */
  | 'fewer_channels'
  /** Where a channel leads: looser where one that was there leads somewhere else. */
  | 'target'
  /** What a channel may do here: looser where one may do something else, or a new one may do anything. */
  | 'power'
  /** Looser where a channel, also a new one, tells what it did not. */
  | 'turned_on'
  /** Which alerts reach a channel, and how fast: looser where one no longer does, or later. */
  | 'reach'
  | 'larger'
  | 'smaller'
  /** A time or its zone: any change makes something wait longer, if anything waits for a time at all. */
  | 'other_time'
  /** Looser where alerts are held at more minutes of the day. */
  | 'more_quiet';

export const ROUTE_DIRECTIONS = {
  'channels.*': 'fewer_channels',
  'channels.*.webhook.url': 'target',
  'channels.*.webhook.secret': 'target',
  'channels.*.slack.url': 'target',
  'channels.*.discord.url': 'target',
  'channels.*.telegram.token': 'target',
  'channels.*.telegram.chat_id': 'target',
  'channels.*.telegram.server': 'target',
  'channels.*.ntfy.topic': 'target',
  'channels.*.ntfy.token': 'target',
  'channels.*.ntfy.server': 'target',
  'channels.*.exec.command': 'power',
  'channels.*.private_network': 'power',
  'channels.*.details': 'turned_on',
  'routes[].channels': 'reach',
  'routes[].severity': 'reach',
  'routes[].kinds': 'reach',
  'routes[].codes': 'reach',
  'routes[].when': 'reach',
  coalesce_ms: 'larger',
  age_limit_ms: 'smaller',
  time_zone: 'other_time',
  quiet_hours: 'more_quiet',
  daily_at: 'other_time',
} as const satisfies Readonly<Record<string, RouteDirection>>;
type RouteKey = keyof typeof ROUTE_DIRECTIONS;

/** Alerts that other versions raise are routed as well. */
const CODES = [...Object.keys(ALERTS), 'ANY_OTHER'];
const MAX_NAMED = 5;
const DAY_MINUTES = 1_440;

type Judge = (key: RouteKey, candidate: AlertRoutesSpec, inForce: AlertRoutesSpec) => readonly string[];

/** In what routes tell less, later or to others than those in force, in words; empty: in nothing. */
export function compareAlertRoutes(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): readonly string[] {
  const rows = Object.entries(ROUTE_DIRECTIONS) as [RouteKey, RouteDirection][];
  const found = rows.flatMap(([key, direction]) => JUDGES[direction](key, candidate, inForce));
  return [...new Set(found)];
}

const JUDGES: Readonly<Record<RouteDirection, Judge>> = {
  fewer_channels: (_key, candidate, inForce) =>
    Object.keys(inForce.channels)
      .filter((name) => !Object.hasOwn(candidate.channels, name))
      .map((name) => `channels.${name} is gone`),
  target: (key, candidate, inForce) =>
    changesOf(key, candidate, inForce)
      .filter(({ isNew }) => !isNew)
      .map(({ name }) => `channels.${name} leads somewhere else`),
  power: (key, candidate, inForce) =>
    changesOf(key, candidate, inForce).map(({ isNew, name }) => {
      const what = key === 'channels.*.exec.command' ? 'runs a program' : 'may reach a private network';
      return `channels.${name} ${isNew ? what : 'leads somewhere else'}`;
    }),
  turned_on: (key, candidate, inForce) =>
    changesOf(key, candidate, inForce)
      .filter(({ after }) => after === true)
      .map(({ name }) => `channels.${name} tells details`),
  reach: (_key, candidate, inForce) => findSlowerRoutes(candidate, inForce),
  larger: (key, candidate, inForce) => describeMove(key, candidate, inForce, (before, after) => after > before),
  smaller: (key, candidate, inForce) => describeMove(key, candidate, inForce, (before, after) => after < before),
  other_time: (key, candidate, inForce) =>
    waitsForTime(candidate) ? describeMove(key, candidate, inForce, (before, after) => after !== before) : [],
  more_quiet: (_key, candidate, inForce) =>
    isQuieter(candidate, inForce) ? ['quiet_hours hold alerts at more times'] : [],
};

interface ChannelChange {
  readonly name: string;
  readonly isNew: boolean;
  readonly after: unknown;
}

/** The channels that have another value of a key than before; one that is new had none. */
function changesOf(key: RouteKey, candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): readonly ChannelChange[] {
  const path = key.split('.').slice(2);
  return Object.entries(candidate.channels).flatMap(([name, channel]) => {
    const isNew = !Object.hasOwn(inForce.channels, name);
    const before = isNew ? undefined : valueAt(inForce.channels[name], path);
    const after = valueAt(channel, path);
    return textOf(before) === textOf(after) ? [] : [{ name, isNew, after }];
  });
}
function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>> | undefined)?.[key], value);
}
/** A switch that is off may as well be absent. */
const textOf = (value: unknown): string => canonicalJson(value === undefined || value === false ? null : value);

/** What a key says where it is absent. */
const EFFECTIVE: Readonly<Partial<Record<RouteKey, (spec: AlertRoutesSpec) => number | string>>> = {
  coalesce_ms: coalesceOf,
  age_limit_ms: ageLimitOf,
  time_zone: timeZoneOf,
  daily_at: dailyAtOf,
};

function describeMove(
  key: RouteKey,
  candidate: AlertRoutesSpec,
  inForce: AlertRoutesSpec,
  isLooser: (before: number | string, after: number | string) => boolean,
): readonly string[] {
  const read = EFFECTIVE[key];
  if (read === undefined) throw new Error(`${key} has no value to compare`);
  const [before, after] = [read(inForce), read(candidate)];
  return isLooser(before, after) ? [`${key}: ${before} -> ${after}`] : [];
}

function waitsForTime({ quiet_hours, routes }: AlertRoutesSpec): boolean {
  return quiet_hours !== undefined || routes.some(({ when }) => when === 'daily');
}

function findSlowerRoutes(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): readonly string[] {
  const lost = new Map<string, string[]>();
  for (const code of CODES) {
    const after = routeAlert(candidate.routes, code);
    for (const [channel, when] of routeAlert(inForce.routes, code)) {
      // Said of the channel as a whole.
      if (!Object.hasOwn(candidate.channels, channel)) continue;
      const now = after.get(channel);
      if (now !== undefined && !isFaster(when, now)) continue;
      const what = now === undefined ? 'no longer gets' : `gets only ${now}`;
      const key = `channels.${channel} ${what}`;
      lost.set(key, [...(lost.get(key) ?? []), code]);
    }
  }
  return [...lost].map(([key, codes]) => {
    const more = codes.length > MAX_NAMED ? ` and ${codes.length - MAX_NAMED} more` : '';
    return `${key} ${codes.slice(0, MAX_NAMED).join(', ')}${more}`;
  });
}

function isQuieter({ quiet_hours: after }: AlertRoutesSpec, { quiet_hours: before }: AlertRoutesSpec): boolean {
  if (after === undefined) return false;
  const held = before === undefined ? new Set<number>() : quietMinutes(before);
  return [...quietMinutes(after)].some((minute) => !held.has(minute));
}

function quietMinutes({ from, to }: { readonly from: string; readonly to: string }): ReadonlySet<number> {
  const begins = minutesOf(from);
  const length = (minutesOf(to) - begins + DAY_MINUTES) % DAY_MINUTES;
  return new Set(Array.from({ length }, (_, i) => (begins + i) % DAY_MINUTES));
}
