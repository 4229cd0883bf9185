import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import {
  type AlertChannelSpec,
  type AlertRoutesSpec,
  checkAlertRoutesShape,
  type SecretRef,
} from '../contract/alerts.ts';
import { closestKey } from '../contract/schema/closest-key.ts';
import { type Violation, violationAt } from '../contract/schema/violations.ts';
import { ALERTS } from '../core/alerts.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import { parseYamlText } from '../policy/text/yaml-text.ts';
import { findTargetProblem } from './address.ts';
import { isTimeZone } from './local-time.ts';

export type ParsedRoutes =
  | { readonly ok: true; readonly spec: AlertRoutesSpec; readonly hash: string }
  | { readonly ok: false; readonly violations: readonly Violation[] };
export const CHANNEL_TYPES = ['webhook', 'slack', 'discord', 'telegram', 'ntfy', 'exec'] as const;
export type ChannelType = (typeof CHANNEL_TYPES)[number];

/**
 * Reads a file of alert routes (YAML 1.2 or JSON), with everything that is wrong with it.
 *
 * @param mayExec channels may run a program
 */
export function parseAlertRoutes(text: string, mayExec: boolean): ParsedRoutes {
  const read = parseYamlText(text);
  if (!read.ok) return read;
  const shape = checkAlertRoutesShape(read.value);
  if (!shape.ok) return { ok: false, violations: shape.violations };
  const spec = shape.value;
  const violations = [...findChannelProblems(spec, mayExec), ...findRouteProblems(spec)];
  if (spec.time_zone !== undefined && !isTimeZone(spec.time_zone))
    violations.push(violationAt('time_zone', 'is not a known time zone', spec.time_zone, 'an IANA name'));
  if (spec.quiet_hours !== undefined && spec.quiet_hours.from === spec.quiet_hours.to)
    violations.push(violationAt('quiet_hours', 'begin and end at the same time'));
  if (violations.length > 0) return { ok: false, violations };
  return { ok: true, spec, hash: hashRoutes(spec) };
}

export function hashRoutes(spec: AlertRoutesSpec): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

/** The one type that a valid channel has. */
export function typeOf(channel: AlertChannelSpec): ChannelType {
  const type = CHANNEL_TYPES.find((each) => channel[each] !== undefined);
  if (type === undefined) throw new Error('a channel has no type');
  return type;
}

function findChannelProblems(spec: AlertRoutesSpec, mayExec: boolean): Violation[] {
  const found: Violation[] = [];
  for (const [name, channel] of Object.entries(spec.channels)) {
    const at = `channels.${name}`;
    const types = CHANNEL_TYPES.filter((type) => channel[type] !== undefined);
    if (types.length !== 1)
      found.push(violationAt(at, `has ${types.length} types`, undefined, `exactly one of ${CHANNEL_TYPES.join(', ')}`));
    for (const [path, ref] of listSecrets(channel))
      if ((ref.file === undefined) === (ref.env === undefined))
        found.push(violationAt(`${at}.${path}`, 'names no secret, or two', undefined, 'either file or env'));
    for (const [path, url] of listUrls(channel)) {
      const problem = findTargetProblem(url);
      if (problem !== null) found.push(violationAt(`${at}.${path}`, problem));
    }
    if (channel.exec === undefined) continue;
    if (!mayExec)
      found.push(
        violationAt(`${at}.exec`, 'needs a daemon that was started with --alerts-exec (HOLDFAST_ALERTS_EXEC=1)'),
      );
    if (!isAbsolute(channel.exec.command[0] ?? ''))
      found.push(violationAt(`${at}.exec.command[0]`, 'is not an absolute path', channel.exec.command[0]));
  }
  return found;
}

function findRouteProblems(spec: AlertRoutesSpec): Violation[] {
  const found: Violation[] = [];
  const used = new Set<string>();
  for (const [i, route] of spec.routes.entries()) {
    for (const channel of route.channels) {
      used.add(channel);
      if (!Object.hasOwn(spec.channels, channel))
        found.push(violationAt(`routes[${i}].channels`, 'names a channel that does not exist', channel));
    }
    for (const code of route.codes ?? []) {
      if (Object.hasOwn(ALERTS, code)) continue;
      const meant = closestKey(code, Object.keys(ALERTS));
      const hint = meant === null ? '' : `; did you mean "${meant}"?`;
      found.push(violationAt(`routes[${i}].codes`, `names no alert${hint}`, code));
    }
  }
  for (const name of Object.keys(spec.channels))
    if (!used.has(name)) found.push(violationAt(`channels.${name}`, 'is in no route'));
  return found;
}

export function listSecrets(channel: AlertChannelSpec): readonly (readonly [path: string, ref: SecretRef])[] {
  const { discord, ntfy, slack, telegram, webhook } = channel;
  const refs: [string, SecretRef | undefined][] = [
    ['webhook.secret', webhook?.secret],
    ['slack.url', slack?.url],
    ['discord.url', discord?.url],
    ['telegram.token', telegram?.token],
    ['ntfy.topic', ntfy?.topic],
    ['ntfy.token', ntfy?.token],
  ];
  return refs.flatMap(([path, ref]) => (ref === undefined ? [] : [[path, ref] as const]));
}

function listUrls({ ntfy, telegram, webhook }: AlertChannelSpec): readonly (readonly [path: string, url: string])[] {
  const urls: [string, string | undefined][] = [
    ['webhook.url', webhook?.url],
    ['telegram.server', telegram?.server],
    ['ntfy.server', ntfy?.server],
  ];
  return urls.flatMap(([path, url]) => (url === undefined ? [] : [[path, url] as const]));
}
