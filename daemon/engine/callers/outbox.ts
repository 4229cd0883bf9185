import type { AlertChannelSpec, AlertRoutesSpec } from '../../contract/alerts.ts';
import { type AlertDelivery, ROUTES_CHANGED, routeAlert } from '../../core/alerts.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { AlertGroup, AlertMessageEvent } from '../records/house-events.ts';
import type { AlertRoutesEvent } from '../records/people-events.ts';

/** Messages that were given up, of all channels. */
const MAX_DEAD_LETTERS = 100;
/** No window of equal alerts is longer (contract/alerts.ts). */
const LONGEST_WINDOW_MS = 86_400_000;

/** Equal alerts (code and symbol) that no message tells yet. */
export interface WaitingGroup extends AlertGroup {
  readonly when: AlertDelivery;
}
/** The one message of a channel that is being delivered. */
export interface OutgoingMessage {
  readonly messageId: string;
  readonly kind: 'alert' | 'hourly' | 'daily';
  readonly groups: readonly AlertGroup[];
  readonly queuedMs: number;
}
export interface DeadLetter extends OutgoingMessage {
  readonly channel: string;
  readonly attempts: number;
  readonly reason: string;
  readonly atMs: number;
}
export interface ChannelOutbox {
  /** Where it is of routes that were replaced, and has that left to tell; null: it is in force. */
  readonly leaving: { readonly name: string; readonly routes: AlertRoutesSpec } | null;
  /** By delivery, code and symbol, so it is bounded however long nothing can be delivered. */
  readonly waiting: Map<string, WaitingGroup>;
  /** When a message last told of this code and symbol, ms. */
  readonly reportedMs: Map<string, number>;
  outgoing: OutgoingMessage | null;
  delivered: number;
  dropped: number;
  lastDeliveredMs: number | null;
  /** First failure since the last delivery. */
  failingSinceMs: number | null;
  lastFailure: string | null;
  isSilent: boolean;
}

export const subjectOf = ({ code, symbol }: { readonly code: string; readonly symbol: string | null }): string =>
  `${code} ${symbol ?? ''}`;

/** What is still to be told, and to whom: alerts by channel, from their record to the record of their delivery. */
export class Outbox {
  /** In force; null: there never were any. */
  routes: AlertRoutesEvent | null = null;
  /** By name; those that are leaving by `NAME@HASH` of the routes that they are of. */
  readonly channels = new Map<string, ChannelOutbox>();
  /** Oldest first. */
  readonly dead: DeadLetter[] = [];
  /** Alerts that some channel is to be told of: a change says that there is something to do. */
  routed = 0;

  /** Where the messages of a channel go, and the routes that say when. */
  routingOf(name: string): { readonly routes: AlertRoutesSpec; readonly target: AlertChannelSpec } | null {
    const leaving = this.channels.get(name)?.leaving ?? null;
    const routes = leaving?.routes ?? this.routes?.routes ?? null;
    const target = routes?.channels[leaving?.name ?? name];
    return routes === null || target === undefined ? null : { routes, target };
  }

  /** Channels that have delivered nothing for an hour of failures. */
  listSilent(): readonly string[] {
    return [...this.channels].filter(([, channel]) => channel.isSilent).map(([name]) => name);
  }

  addAlert(alert: { readonly code: string; readonly symbol: string | null }, seq: number, atMs: number): void {
    const spec = this.routes?.routes ?? null;
    if (spec === null) return;
    const names = Object.keys(spec.channels);
    const reported =
      alert.code === ROUTES_CHANGED
        ? names.map((name) => [name, 'at_once'] as const)
        : routeAlert(spec.routes, alert.code);
    for (const [name, when] of reported) {
      const channel = this.channels.get(name);
      if (channel === undefined) continue;
      const key = `${when} ${subjectOf(alert)}`;
      const known = channel.waiting.get(key);
      const first = known ?? { first_ms: atMs, first_seq: seq, count: 0 };
      channel.waiting.set(key, {
        code: alert.code,
        count: first.count + 1,
        first_ms: first.first_ms,
        first_seq: first.first_seq,
        last_ms: atMs,
        last_seq: seq,
        symbol: alert.symbol,
        when,
      });
      this.routed += 1;
    }
  }

  applyRoutes(event: AlertRoutesEvent): void {
    if (event.action !== 'in_force' || event.routes === null) return;
    const before = this.routes;
    this.routes = event;
    const names = Object.keys(event.routes.channels);
    for (const [name, channel] of [...this.channels]) {
      if (channel.leaving !== null) continue;
      if (before !== null) this.#takeLeave(name, channel, before, event.routes);
      if (!names.includes(name)) this.channels.delete(name);
    }
    for (const name of names) if (!this.channels.has(name)) this.channels.set(name, createChannel());
  }

  /** What says that the routes are others goes where they led before, also if nothing else ever goes there again. */
  #takeLeave(name: string, channel: ChannelOutbox, { hash, routes }: AlertRoutesEvent, next: AlertRoutesSpec): void {
    const key = `at_once ${subjectOf({ code: ROUTES_CHANGED, symbol: null })}`;
    const group = channel.waiting.get(key);
    const target = routes?.channels[name];
    const isSame = Object.hasOwn(next.channels, name) && targetOf(next.channels[name]) === targetOf(target);
    if (group === undefined || routes === null || isSame) return;
    channel.waiting.delete(key);
    const left = createChannel({ name, routes });
    left.waiting.set(key, group);
    this.channels.set(`${name}@${hash.slice(0, 8)}`, left);
  }

  applyMessage(event: AlertMessageEvent, atMs: number): void {
    const channel = this.channels.get(event.channel);
    if (channel === undefined) return;
    switch (event.action) {
      case 'queued':
        this.#queue(channel, event, atMs);
        return;
      case 'failed':
        channel.failingSinceMs ??= atMs;
        channel.lastFailure = event.detail;
        return;
      case 'delivered':
        channel.outgoing = null;
        channel.delivered += 1;
        channel.lastDeliveredMs = atMs;
        channel.failingSinceMs = null;
        channel.isSilent = false;
        this.#forgetLeft(event.channel, channel);
        return;
      case 'dropped':
        if (channel.outgoing === null) return;
        this.dead.push({
          ...channel.outgoing,
          channel: event.channel,
          attempts: event.attempts,
          reason: event.reason,
          atMs,
        });
        if (this.dead.length > MAX_DEAD_LETTERS) this.dead.shift();
        channel.outgoing = null;
        channel.dropped += 1;
        this.#forgetLeft(event.channel, channel);
        return;
      case 'silent':
        channel.isSilent = true;
        return;
      case 'test':
        return;
    }
  }

  #queue(channel: ChannelOutbox, event: AlertMessageEvent & { readonly action: 'queued' }, atMs: number): void {
    const { groups, kind, message_id: messageId } = event;
    channel.outgoing = { messageId, kind, groups, queuedMs: atMs };
    const when = kind === 'alert' ? 'at_once' : kind;
    for (const group of groups) {
      const subject = subjectOf(group);
      channel.waiting.delete(`${when} ${subject}`);
      if (when === 'at_once') channel.reportedMs.set(subject, atMs);
    }
    for (const [subject, reportedMs] of channel.reportedMs)
      if (atMs - reportedMs > LONGEST_WINDOW_MS) channel.reportedMs.delete(subject);
  }

  #forgetLeft(name: string, { leaving, waiting }: ChannelOutbox): void {
    if (leaving !== null && waiting.size === 0) this.channels.delete(name);
  }

  /** The clock was ahead: what is recorded has happened by now. */
  setBack(nowMs: number): void {
    const back = (ms: number): number => Math.min(ms, nowMs);
    for (const channel of this.channels.values()) {
      for (const [key, group] of channel.waiting)
        channel.waiting.set(key, { ...group, first_ms: back(group.first_ms), last_ms: back(group.last_ms) });
      for (const [subject, reportedMs] of channel.reportedMs) channel.reportedMs.set(subject, back(reportedMs));
      if (channel.outgoing !== null)
        channel.outgoing = { ...channel.outgoing, queuedMs: back(channel.outgoing.queuedMs) };
      if (channel.failingSinceMs !== null) channel.failingSinceMs = back(channel.failingSinceMs);
      if (channel.lastDeliveredMs !== null) channel.lastDeliveredMs = back(channel.lastDeliveredMs);
    }
  }
}

/** Where a channel leads; whether it tells details makes it no other one. */
function targetOf(channel: AlertChannelSpec | undefined): string {
  const { details: _, ...target } = channel ?? {};
  return canonicalJson(target);
}

function createChannel(leaving: ChannelOutbox['leaving'] = null): ChannelOutbox {
  return {
    leaving,
    waiting: new Map(),
    reportedMs: new Map(),
    outgoing: null,
    delivered: 0,
    dropped: 0,
    lastDeliveredMs: null,
    failingSinceMs: null,
    lastFailure: null,
    isSilent: false,
  };
}
