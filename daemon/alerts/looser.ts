import type { AlertRoutesSpec } from '../contract/alerts.ts';
import { ALERTS, isFaster, routeAlert } from '../core/alerts.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { ageLimitOf, coalesceOf, dailyAtOf, timeZoneOf } from './due.ts';
import { minutesOf } from './local-time.ts';
import { ROUTE_DIRECTIONS, type RouteDirection, type RouteKey } from './route-directions.ts';

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
