import { describeCode, SEVERITIES, type Severity } from '../core/alerts.ts';
import type { AlertGroup } from '../engine/records/house-events.ts';

/** The content of an alert, before it takes the form of a channel. */
export interface Message {
  readonly id: string;
  readonly kind: 'alert' | 'hourly' | 'daily' | 'test';
  readonly atMs: number;
  readonly venue: string;
  readonly consoleUrl: string | null;
  readonly entries: readonly MessageEntry[];
}
export interface MessageEntry extends AlertGroup {
  /** What happened, in the words of the last alert; null: the channel does not tell it. */
  readonly detail: string | null;
}

const LONGEST_DETAIL = 500;
const iso = (ms: number): string => new Date(ms).toISOString();

/** Of the most urgent entry. */
export function severityOf({ entries }: Message): Severity {
  const places = entries.map(({ code }) => SEVERITIES.indexOf(describeCode(code).severity));
  return SEVERITIES[Math.max(0, ...places)] ?? 'info';
}

export function titleOf(message: Message): string {
  const { entries, kind, venue } = message;
  if (kind === 'test') return `Holdfast ${venue}: test message`;
  const [first] = entries;
  const count = entries.reduce((sum, entry) => sum + entry.count, 0);
  if (kind !== 'alert') return `Holdfast ${venue}: ${count} ${count === 1 ? 'alert' : 'alerts'}, ${kind} summary`;
  if (first === undefined || entries.length > 1) return `Holdfast ${venue}: ${count} alerts, ${severityOf(message)}`;
  const symbol = first.symbol === null ? '' : ` ${first.symbol}`;
  return `Holdfast ${venue}: ${describeCode(first.code).severity} ${first.code}${symbol}`;
}

function lineOf(entry: MessageEntry, isAlone: boolean): string {
  const { severity, says } = describeCode(entry.code);
  const symbol = entry.symbol === null ? '' : ` ${entry.symbol}`;
  const times = entry.count === 1 ? '' : `, ${entry.count} times`;
  const head = isAlone ? says : `${severity} ${entry.code}${symbol}: ${says}`;
  const detail = entry.detail === null ? '' : `\n${shorten(entry.detail)}`;
  return `${head}${detail}\n${iso(entry.last_ms)}${times}`;
}

function shorten(text: string): string {
  return text.length > LONGEST_DETAIL ? `${text.slice(0, LONGEST_DETAIL)}…` : text;
}

/** For people, in plain text: no figure of the account unless the channel tells details. */
export function textOf(message: Message): string {
  const { consoleUrl, entries, id, kind } = message;
  const lines =
    kind === 'test'
      ? ['This channel works.']
      : entries.map((entry) => lineOf(entry, kind === 'alert' && entries.length === 1));
  const link = consoleUrl === null ? '' : `${consoleUrl}\n`;
  return `${lines.join('\n')}\n${link}id ${id}`;
}

/** For programs: what webhooks carry and what a command gets. */
export function bodyOf(message: Message): string {
  const { atMs, consoleUrl, entries, id, kind, venue } = message;
  const type = {
    alert: 'holdfast.alert',
    hourly: 'holdfast.summary',
    daily: 'holdfast.summary',
    test: 'holdfast.test',
  };
  return JSON.stringify({
    type: type[kind],
    timestamp: iso(atMs),
    data: {
      id,
      kind,
      venue,
      severity: severityOf(message),
      title: titleOf(message),
      console_url: consoleUrl,
      alerts: entries.map(({ detail, ...group }) => {
        const { kind: about, says, severity } = describeCode(group.code);
        return { ...group, severity, kind: about, says, ...(detail === null ? {} : { detail: shorten(detail) }) };
      }),
    },
  });
}
