import type { AlertChannelSpec, AlertRoutesSpec } from '../contract/alerts.ts';
import type { AlertTestBody } from '../contract/types/alerts.ts';
import { describeCode, ROUTES_CHANGED } from '../core/alerts.ts';
import type { GateCore } from '../driver/driver.ts';
import type { ChannelOutbox, OutgoingMessage } from '../engine/callers/outbox.ts';
import type { AlertEvent, AlertGroup } from '../engine/records/house-events.ts';
import type { TimePort } from '../time/time-port.ts';
import { buildDispatch, describeUnbuilt } from './channels.ts';
import { findDue, isTooOld } from './due.ts';
import type { Message } from './message.ts';
import type { ReadSecret } from './secrets.ts';
import type { Send, SendOutcome } from './send.ts';

/** How often waits are looked at (quiet hours, summaries, back-off), wall ms; a new alert waits for none of it. */
const TICK_MS = 1_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
/** A message that the receiver says will never do is tried so often. */
const PERMANENT_TRIES = 3;
/**
 * And one that tells something critical for so long at least, domain ms. RISK: what a receiver holds against it may be the
 * channel (a chat that has moved, a gateway that restarts): people put it right, and must not miss what was told meanwhile.
 */
const CRITICAL_FOR_MS = 600_000;
/** A channel that fails for so long is silent, domain ms. */
export const SILENT_AFTER_MS = 3_600_000;
/** How long a stop waits for answers that are on their way, wall ms. */
const STOP_WITHIN_MS = 300;

export interface DeliveryParts {
  readonly core: GateCore;
  readonly time: TimePort;
  readonly send: Send;
  readonly readSecret: ReadSecret;
  readonly consoleUrl: () => string | null;
  /** Calls after every commit; returns what ends it. */
  readonly onCommitted: (listener: () => void) => () => void;
}
/** One try of a message at a channel. */
interface Attempt {
  readonly name: string;
  readonly channel: ChannelOutbox;
  readonly message: OutgoingMessage;
  readonly attempts: number;
}
interface Tries {
  readonly messageId: string;
  readonly attempts: number;
  /** Monotonic. */
  readonly dueMs: number;
}

/**
 * Sends what the outbox holds: at least once, one message of a channel at a time. The record of a message, with its id,
 * is on disk before it leaves, and so is that of its delivery before the next one leaves. It runs in turns of its own,
 * after the commit of the alert; nothing of the gate waits for it.
 */
export class AlertDelivery {
  readonly #parts: DeliveryParts;
  readonly #tries = new Map<string, Tries>();
  readonly #serving = new Map<string, Promise<void>>();
  readonly #endings: (() => void)[] = [];
  #seen = -1;
  #isStopped = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  start(): void {
    const { core, onCommitted, time } = this.#parts;
    const timer = time.every(TICK_MS, () => this.#tick(), { unref: true });
    const { outbox } = core.state;
    const stopListening = onCommitted(() => {
      if (outbox.routed === this.#seen) return;
      this.#seen = outbox.routed;
      time.nextTurn(() => this.#tick());
    });
    this.#endings.push(() => timer.cancel(), stopListening);
  }

  /** Answers that are on their way are awaited for a moment: what they confirm is not sent again after a restart. */
  async close(): Promise<void> {
    this.#isStopped = true;
    for (const end of this.#endings) end();
    await Promise.race([Promise.all(this.#serving.values()), this.#parts.time.delay(STOP_WITHIN_MS)]);
  }

  #tick(): void {
    const { core } = this.#parts;
    if (this.#isStopped || core.ports.ledger.isFailed || !core.ports.clock.isSynced) return;
    for (const [name, channel] of core.state.outbox.channels) {
      const isIdle = channel.outgoing === null && channel.waiting.size === 0 && !this.#isNewlySilent(channel);
      if (isIdle || this.#serving.has(name)) continue;
      const serving = this.#serve(name).finally(() => this.#serving.delete(name));
      this.#serving.set(name, serving);
    }
  }

  #isNewlySilent({ failingSinceMs, isSilent }: ChannelOutbox): boolean {
    return failingSinceMs !== null && !isSilent && this.#parts.core.nowMs() - failingSinceMs >= SILENT_AFTER_MS;
  }

  #noteSilence(name: string): void {
    const { core } = this.#parts;
    const channel = core.state.outbox.channels.get(name);
    if (channel === undefined || channel.failingSinceMs === null || !this.#isNewlySilent(channel)) return;
    const since = new Date(channel.failingSinceMs).toISOString();
    core.append('alert_message', { action: 'silent', channel: name, since_ms: channel.failingSinceMs });
    core.alert('ALERT_CHANNEL_SILENT', `channel ${name} has delivered nothing since ${since}: ${channel.lastFailure}`);
  }

  async #serve(name: string): Promise<void> {
    try {
      this.#noteSilence(name);
      while (!this.#isStopped && (await this.#step(name))) {
        // Until nothing is due, or the channel has to wait.
      }
    } catch (error) {
      // A ledger that cannot record has stopped the daemon; what was not confirmed is sent again after the restart.
      this.#parts.core.ports.log.error({ channel: name, error: String(error) }, 'alerts could not be delivered');
    }
  }

  /** One message on its way; false: the channel waits. */
  async #step(name: string): Promise<boolean> {
    const { core, time } = this.#parts;
    const channel = core.state.outbox.channels.get(name);
    const routing = core.state.outbox.routingOf(name);
    if (channel === undefined || routing === null) return false;
    const { routes: spec, target } = routing;
    const message = channel.outgoing;
    if (message === null) return this.#queue(name, channel, spec);
    const tries = this.#tries.get(name);
    const before = tries?.messageId === message.messageId ? tries : null;
    if (isTooOld(message, channel, spec, core.nowMs())) {
      await this.#drop(name, message, before?.attempts ?? 0, 'it is older than age_limit_ms');
      return true;
    }
    if (before !== null && time.monotonicMs() < before.dueMs) return false;
    const attempts = (before?.attempts ?? 0) + 1;
    const outcome = await this.#attempt(target, this.#describe(target, message));
    const after = core.state.outbox.channels.get(name);
    // Other routes may have come into force meanwhile.
    if (after?.outgoing?.messageId !== message.messageId) return true;
    if (outcome.kind === 'taken') {
      this.#tries.delete(name);
      // Not awaited: the record of the next message, which is, is behind it.
      core.append('alert_message', { action: 'delivered', attempts, channel: name, message_id: message.messageId });
      return true;
    }
    return this.#noteFailure({ name, channel: after, message, attempts }, outcome);
  }

  async #queue(name: string, channel: ChannelOutbox, spec: AlertRoutesSpec): Promise<boolean> {
    const { core } = this.#parts;
    const due = findDue(channel, spec, core.nowMs());
    if (due === null) return false;
    const seq = core.nextSeq();
    const payload = { action: 'queued', channel: name, ...due, message_id: this.#nameMessage(seq) } as const;
    core.append('alert_message', payload, { seq });
    await core.settled();
    return true;
  }

  /** The same for as long as this ledger exists, and another one than that of any other. */
  #nameMessage(seq: number): string {
    const { epoch, genesisId } = this.#parts.core.ids;
    return ['alert', genesisId.slice(0, 8), ...(epoch === null ? [] : [epoch.toString(36)]), String(seq)].join('-');
  }

  async #attempt(target: AlertChannelSpec, message: Message): Promise<SendOutcome> {
    const { readSecret, send, time } = this.#parts;
    try {
      return await send(await buildDispatch(target, message, readSecret, time.hostMs()));
    } catch (error) {
      return { kind: 'failed', detail: describeUnbuilt(error), isPermanent: false, retryAfterMs: null };
    }
  }

  async #noteFailure(
    { name, channel, message, attempts }: Attempt,
    { detail, isPermanent, retryAfterMs }: SendOutcome & { readonly kind: 'failed' },
  ): Promise<boolean> {
    const { core, time } = this.#parts;
    const { messageId } = message;
    const waitMs = Math.max(retryAfterMs ?? 0, Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS));
    this.#tries.set(name, { messageId, attempts, dueMs: time.monotonicMs() + waitMs });
    core.ports.log.warn({ channel: name, message: messageId, attempts, detail }, 'an alert could not be delivered');
    if (channel.failingSinceMs === null || (attempts === 1 && channel.lastFailure !== detail)) {
      core.append('alert_message', { action: 'failed', channel: name, detail, message_id: messageId });
      await core.settled();
    }
    if (!isPermanent || attempts < PERMANENT_TRIES || this.#isTriedOn(message)) return false;
    await this.#drop(name, message, attempts, detail);
    return true;
  }

  #isTriedOn({ groups, queuedMs }: OutgoingMessage): boolean {
    if (this.#parts.core.nowMs() - queuedMs >= CRITICAL_FOR_MS) return false;
    return groups.some(({ code }) => describeCode(code).severity === 'critical');
  }

  async #drop(name: string, { messageId }: OutgoingMessage, attempts: number, reason: string): Promise<void> {
    this.#tries.delete(name);
    const payload = { action: 'dropped', attempts, channel: name, message_id: messageId, reason } as const;
    this.#parts.core.append('alert_message', payload);
    await this.#parts.core.settled();
  }

  #describe(target: AlertChannelSpec, { groups, kind, messageId, queuedMs }: OutgoingMessage): Message {
    const { core } = this.#parts;
    return {
      id: messageId,
      kind,
      atMs: queuedMs,
      venue: core.settings.venue,
      consoleUrl: this.#linkTo(groups),
      entries: groups.map((group) => {
        const isReported = target.details === true || group.code === ROUTES_CHANGED;
        return { ...group, detail: isReported ? this.#detailOf(group) : null };
      }),
    };
  }

  /** To the console; at a remote one to the card, where an approval that the message tells of still waits. */
  #linkTo(groups: readonly AlertGroup[]): string | null {
    const { consoleUrl, core } = this.#parts;
    const url = consoleUrl();
    const symbols = new Set(groups.flatMap(({ code, symbol }) => (code === 'APPROVAL_REQUESTED' ? [symbol] : [])));
    if (url === null || symbols.size === 0 || !url.startsWith('https:')) return url;
    const waiting = [...core.state.approvals.pending()].filter(
      ({ requested }) => symbols.has(requested.symbol) && core.nowMs() < requested.expires_at_ms,
    );
    const newest = waiting.at(-1);
    return newest === undefined ? url : `${url}#/approvals/${newest.requested.approval_id}`;
  }

  #detailOf({ last_seq }: AlertGroup): string | null {
    const { core } = this.#parts;
    const known = core.state.alerts.find(last_seq);
    if (known !== null) return known.detail;
    const { value } = core.ports.ledger.iterateEvents({ fromSeq: last_seq }).next();
    return value?.kind === 'alert' ? (value.payload as AlertEvent).detail : null;
  }

  /** Sends a message to one channel, or to each, once. It is recorded, but is no alert: nothing waits behind it. */
  async test(only: string | null, setBy: string): Promise<AlertTestBody> {
    const channels = Object.entries(this.#parts.core.state.outbox.routes?.routes?.channels ?? {});
    const wanted = channels.filter(([name]) => only === null || name === only);
    return { results: await Promise.all(wanted.map(([name, target]) => this.#testOne(name, target, setBy))) };
  }

  async #testOne(name: string, target: AlertChannelSpec, setBy: string): Promise<AlertTestBody['results'][number]> {
    const { consoleUrl, core, time } = this.#parts;
    const seq = core.nextSeq();
    const id = this.#nameMessage(seq);
    const atMs = core.nowMs();
    const record = { action: 'test', channel: name, message_id: id, set_by: setBy } as const;
    core.append('alert_message', record, { seq });
    await core.settled();
    const startedMs = time.monotonicMs();
    const message = {
      id,
      kind: 'test',
      atMs,
      venue: core.settings.venue,
      consoleUrl: consoleUrl(),
      entries: [],
    } as const;
    const { detail, kind } = await this.#attempt(target, message);
    const tookMs = Math.round(time.monotonicMs() - startedMs);
    return { channel: name, delivered: kind === 'taken', detail, took_ms: tookMs };
  }
}
