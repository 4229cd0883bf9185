/**
 * For every key of the alert routes, the change that makes them looser: that may tell people less, later, or tell
 * others. Where no direction is provable, any change counts. A key without a row of its own is judged with the value
 * that it is part of.
 */
export type RouteDirection =
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
export type RouteKey = keyof typeof ROUTE_DIRECTIONS;
