import type { AlertRoutesSpec } from '../../../daemon/contract/alerts.ts';
import { ALERTS, SEVERITIES } from '../../../daemon/core/alerts.ts';
import type { AlertGroup } from '../../../daemon/engine/records/house-events.ts';
import { at, type Breach } from '../breach.ts';
import type { History, Note } from '../history.ts';
import type { Delivered } from '../receivers.ts';

const ROUTES_CHANGED = 'ALERT_ROUTES_CHANGED';
/** After all that holds a message up: an attempt that nobody answers, and a start. */
const SOON_MS = 25_000;

interface Told extends Delivered {
  readonly groups: readonly AlertGroup[];
}

/** Each alert that a route covers reaches its channel, once, or again after a kill; nothing else does (docs/alerts.md). */
export function findDeliveryBreaches(history: History): readonly Breach[] {
  const { receivers } = history.world;
  if (history.plan.setup.alerts === undefined || receivers === null) return [];
  const told = receivers.delivered.flatMap((each): readonly Told[] => {
    const { data, type } = JSON.parse(each.body) as { type: string; data: { alerts?: readonly AlertGroup[] } };
    return type === 'holdfast.test' ? [] : [{ ...each, groups: data.alerts ?? [] }];
  });
  return [
    ...findUnrecorded(history, told),
    ...findUnrouted(history, told),
    ...findSentAgain(told),
    ...findOvertaken(told, readChannels(history)),
    ...findUndelivered(history, told),
    ...findHurried(history, told),
    ...findLoosened(history),
  ];
}

/** The record of a message, with its id, is on disk before it leaves, and the same id tells the same [AL-51, AL-53]. */
function findUnrecorded({ events }: History, told: readonly Told[]): readonly Breach[] {
  const queued = new Map<string, number>();
  for (const { atMs, event } of events)
    if (event.kind === 'alert_message' && event.payload.action === 'queued') queued.set(event.payload.message_id, atMs);
  const bodies = new Map<string, string>();
  return told.flatMap(({ atMs, body, id, url }) => {
    const before = bodies.get(`${url} ${id}`) ?? body;
    bodies.set(`${url} ${id}`, body);
    const isRecorded = (queued.get(id) ?? Number.POSITIVE_INFINITY) <= atMs;
    if (isRecorded && before === body) return [];
    const what = isRecorded ? 'says something else than before' : 'is not on record';
    return [{ code: 'delivered/unrecorded', detail: `${id}, sent to ${url} at ${at(atMs)}, ${what}` }];
  });
}

const isCovered = (spec: AlertRoutesSpec, channel: string, code: string, when?: 'at_once'): boolean => {
  const known = ALERTS[code as keyof typeof ALERTS];
  return spec.routes.some(
    (route) =>
      route.channels.includes(channel) &&
      (when === undefined || (route.when ?? 'at_once') === when) &&
      (route.severity === undefined || SEVERITIES.indexOf(known.severity) >= SEVERITIES.indexOf(route.severity)) &&
      (route.kinds === undefined || route.kinds.includes(known.kind)) &&
      (route.codes === undefined || (route.codes as readonly string[]).includes(code)),
  );
};

/** Routes in force, with the record that put them there. */
function readRoutes({ events }: History): readonly { readonly seq: number; readonly spec: AlertRoutesSpec }[] {
  return events.flatMap(({ event, seq }) =>
    event.kind === 'alert_routes' && event.payload.action === 'in_force' && event.payload.routes !== null
      ? [{ seq, spec: event.payload.routes }]
      : [],
  );
}

/** Channels of messages, by their ids. */
function readChannels({ events }: History): ReadonlyMap<string, string> {
  const channels = new Map<string, string>();
  for (const { event } of events)
    if (event.kind === 'alert_message' && event.payload.action === 'queued')
      channels.set(event.payload.message_id, event.payload.channel);
  return channels;
}

/** What a message tells has happened, and a route of then sends it there [AL-16, AL-18, AL-19, AL-20]. */
function findUnrouted(history: History, told: readonly Told[]): readonly Breach[] {
  const routes = readRoutes(history);
  const alerts = new Map<number, string>();
  const channels = readChannels(history);
  for (const { event, seq } of history.events) if (event.kind === 'alert') alerts.set(seq, event.payload.code);
  return told.flatMap(({ atMs, groups, id, url }) =>
    groups.flatMap(({ code, first_seq: firstSeq, last_seq: lastSeq }) => {
      const then = routes.findLast(({ seq }) => seq < firstSeq)?.spec;
      // One that is leaving bears the hash of its routes.
      const channel = channels.get(id)?.replace(/@.*/, '');
      const mayGo =
        code === ROUTES_CHANGED || (then !== undefined && channel !== undefined && isCovered(then, channel, code));
      if (mayGo && alerts.get(firstSeq) === code && alerts.get(lastSeq) === code) return [];
      return [
        {
          code: 'delivered/unrouted',
          detail: `${id}, sent to ${url} at ${at(atMs)}, tells ${code}, which no route covers`,
        },
      ];
    }),
  );
}

/** None is sent again that its receiver has taken, while the process lives [AL-53]. */
function findSentAgain(told: readonly Told[]): readonly Breach[] {
  const breaches: Breach[] = [];
  for (const [index, next] of told.entries()) {
    const { atMs, id, life, url } = next;
    const before = told.slice(0, index).filter((each) => each.url === url && each.life === life);
    if (before.some((each) => each.id === id && each.takenAtMs !== null))
      breaches.push({
        code: 'delivered/twice',
        detail: `${id} goes to ${url} again at ${at(atMs)}, which had taken it`,
      });
  }
  return breaches;
}

/** One message of a channel at a time, each once it is known what became of the attempt before it [AL-52]. */
function findOvertaken(told: readonly Told[], channels: ReadonlyMap<string, string>): readonly Breach[] {
  return told.flatMap(({ atMs, id, life }, index) => {
    const channel = channels.get(id);
    const before = told.slice(0, index).findLast((each) => each.life === life && channels.get(each.id) === channel);
    if (before === undefined || (before.endedAtMs !== null && before.endedAtMs <= atMs)) return [];
    return [
      {
        code: 'delivered/overtaken',
        detail: `${id} goes to ${channel} at ${at(atMs)}, before it is known what became of ${before.id}`,
      },
    ];
  });
}

/**
 * An alert that a route covers at once has reached the channel, by the end [AL-23, AL-54, AL-55].
 * @except the channel is gone from the routes, or leads somewhere else, after it
 * @except the message was given up, or its receiver has failed or the alert is equal to an earlier one until too near the end
 */
function findUndelivered(history: History, told: readonly Told[]): readonly Breach[] {
  const routes = readRoutes(history);
  const last = routes.at(-1)?.spec;
  if (last === undefined || history.world.gate === null) return [];
  const { coalesceMs } = history.plan.setup.alerts ?? { coalesceMs: 0 };
  return history.events.flatMap(({ atMs, event, seq }) => {
    if (event.kind !== 'alert') return [];
    const { code, symbol } = event.payload;
    const then = routes.findLast((each) => each.seq < seq)?.spec;
    if (then === undefined) return [];
    return Object.entries(then.channels).flatMap(([name, { webhook }]): readonly Breach[] => {
      const url = webhook?.url ?? '';
      if (!isCovered(then, name, code, 'at_once') || last.channels[name]?.webhook?.url !== url) return [];
      if (isGone(routes, seq, name, url) || isGivenUp(history.events, name, seq)) return [];
      if (atMs + coalesceMs + outagesMs(history, url) + SOON_MS > history.endMs) return [];
      const isTold = told.some(
        (each) =>
          each.url === url &&
          each.groups.some(
            (group) =>
              group.code === code && group.symbol === symbol && group.first_seq <= seq && seq <= group.last_seq,
          ),
      );
      return isTold
        ? []
        : [
            {
              code: 'delivered/never',
              detail: `${code} of record ${seq} (${at(atMs)}) has not reached ${name} by the end`,
            },
          ];
    });
  });
}

const isGone = (routes: ReturnType<typeof readRoutes>, seq: number, name: string, url: string): boolean =>
  routes.some((each) => each.seq > seq && each.spec.channels[name]?.webhook?.url !== url);

/** Some message of the channel was dropped after the alert: it may have told of it. */
const isGivenUp = (events: readonly Note[], name: string, seq: number): boolean =>
  events.some(
    (each) =>
      each.seq > seq &&
      each.event.kind === 'alert_message' &&
      each.event.payload.action === 'dropped' &&
      each.event.payload.channel === name,
  );

/** A wait is at most as long as the failures before it, and some more. */
function outagesMs({ world }: History, url: string): number {
  const outages = (world.receivers?.outages ?? []).filter((each) => each.url === url);
  return outages.reduce((sum, { fromMs, untilMs }) => sum + 2 * (untilMs - fromMs) + SOON_MS, 0);
}

/** Equal alerts within the time are one message [AL-22]. A change of the routes is told each time [AL-69]. */
function findHurried({ events, plan }: History, told: readonly Told[]): readonly Breach[] {
  const { coalesceMs } = plan.setup.alerts ?? { coalesceMs: 0 };
  const sent = new Set(told.map(({ id }) => id));
  const known = new Map<string, number>();
  const breaches: Breach[] = [];
  for (const { event } of events) {
    if (event.kind !== 'alert_message' || event.payload.action !== 'queued' || event.payload.kind !== 'alert') continue;
    const { channel, groups, message_id: id } = event.payload;
    for (const { code, symbol } of groups) {
      if (code === ROUTES_CHANGED) continue;
      const key = `${channel} ${code} ${symbol ?? ''}`;
      const before = known.get(key);
      known.set(key, event.at_ms);
      if (sent.has(id) && before !== undefined && event.at_ms - before < coalesceMs)
        breaches.push({
          code: 'delivered/hurried',
          detail: `${channel}: ${code} is told again ${event.at_ms - before} ms after a message (${id})`,
        });
    }
  }
  return breaches;
}

/** What drops a channel, or leads it somewhere else, waits for an operator [AL-63, AL-65, AL-71]. */
function findLoosened(history: History): readonly Breach[] {
  let before: AlertRoutesSpec | null = null;
  return history.events.flatMap(({ event, seq }) => {
    if (event.kind !== 'alert_routes' || event.payload.action !== 'in_force' || event.payload.routes === null)
      return [];
    const { routes, set_by: setBy } = event.payload;
    const was = before;
    before = routes;
    if (was === null || (setBy !== 'file' && setBy !== 'start')) return [];
    const isKept = Object.entries(was.channels).every(
      ([name, { webhook }]) =>
        routes.channels[name]?.webhook?.url === webhook?.url &&
        Object.keys(ALERTS).every((code) => !isCovered(was, name, code) || isCovered(routes, name, code)),
    );
    return isKept
      ? []
      : [{ code: 'delivered/loosened', detail: `record ${seq}: the ${setBy} has put looser alert routes in force` }];
  });
}
