import type { AlertChannelSpec, AlertRoutesSpec } from '../contract/alerts.ts';
import { ALERTS, isFaster, routeAlert } from '../core/alerts.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { ageLimitOf, coalesceOf } from './due.ts';
import { minutesOf } from './local-time.ts';

/** Alerts that other versions raise are routed as well. */
const CODES = [...Object.keys(ALERTS), 'ANY_OTHER'];
const MOST_NAMED = 5;
const DAY_MINUTES = 1_440;

/** In what routes tell less, later or to others than those in force, in words; empty: in nothing. */
export function compareAlertRoutes(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): readonly string[] {
  return [
    ...findOtherChannels(candidate, inForce),
    ...findSlowerRoutes(candidate, inForce),
    ...findLongerWaits(candidate, inForce),
  ];
}

function findOtherChannels(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): string[] {
  const found: string[] = [];
  for (const [name, channel] of Object.entries(inForce.channels)) {
    const after = Object.hasOwn(candidate.channels, name) ? candidate.channels[name] : undefined;
    if (after === undefined) found.push(`channels.${name} is gone`);
    else if (targetOf(after) !== targetOf(channel)) found.push(`channels.${name} leads somewhere else`);
    else if (after.details === true && channel.details !== true) found.push(`channels.${name} tells details`);
  }
  for (const [name, channel] of Object.entries(candidate.channels))
    if (channel.exec !== undefined && !Object.hasOwn(inForce.channels, name))
      found.push(`channels.${name} runs a program`);
  return found;
}

function targetOf({ details: _, ...target }: AlertChannelSpec): string {
  return canonicalJson(target);
}

function findSlowerRoutes(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): string[] {
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
    const more = codes.length > MOST_NAMED ? ` and ${codes.length - MOST_NAMED} more` : '';
    return `${key} ${codes.slice(0, MOST_NAMED).join(', ')}${more}`;
  });
}

function findLongerWaits(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): string[] {
  const found: string[] = [];
  if (coalesceOf(candidate) > coalesceOf(inForce))
    found.push(`coalesce_ms: ${coalesceOf(inForce)} -> ${coalesceOf(candidate)}`);
  if (ageLimitOf(candidate) < ageLimitOf(inForce))
    found.push(`age_limit_ms: ${ageLimitOf(inForce)} -> ${ageLimitOf(candidate)}`);
  if (isQuieter(candidate, inForce)) found.push('quiet_hours hold alerts at more times');
  return found;
}

function isQuieter(candidate: AlertRoutesSpec, inForce: AlertRoutesSpec): boolean {
  if (candidate.quiet_hours === undefined) return false;
  if (inForce.quiet_hours === undefined || candidate.time_zone !== inForce.time_zone) return true;
  const before = quietMinutes(inForce.quiet_hours);
  return [...quietMinutes(candidate.quiet_hours)].some((minute) => !before.has(minute));
}

function quietMinutes({ from, to }: { readonly from: string; readonly to: string }): ReadonlySet<number> {
  const begins = minutesOf(from);
  const length = (minutesOf(to) - begins + DAY_MINUTES) % DAY_MINUTES;
  return new Set(Array.from({ length }, (_, i) => (begins + i) % DAY_MINUTES));
}
