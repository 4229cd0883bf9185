import type { Dispatch } from '../../daemon/alerts/channels.ts';
import { AlertDelivery } from '../../daemon/alerts/delivery.ts';
import { hashRoutes } from '../../daemon/alerts/file.ts';
import { compareAlertRoutes } from '../../daemon/alerts/looser.ts';
import { SEND_WITHIN_MS, type SendOutcome } from '../../daemon/alerts/send.ts';
import type { AlertRoutesSpec } from '../../daemon/contract/alerts.ts';
import { ALERT_KINDS } from '../../daemon/core/alerts.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { AlertOptions } from '../../daemon/driver/parts.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import type { Setup } from './plan.ts';
import type { ReceiverAnswer, RoutesEdit } from './plan-acts.ts';
import type { Life } from './wire.ts';

const ANSWER_MS = 20;
const SLOW_MS = 4_000;
const RETRY_AFTER_MS = 5_000;
const SECRET = `whsec_${Buffer.from('a secret of the world that is long enough').toString('base64')}`;

/** An attempt that came to a receiver. */
export interface Delivered {
  readonly life: number;
  readonly url: string;
  readonly atMs: number;
  readonly body: string;
  readonly id: string;
  /** When its sender was told that it is taken; null: it was not, or nobody lived to hear it. */
  takenAtMs: number | null;
  /** When its sender was told what became of it; null: nobody lived to hear it. */
  endedAtMs: number | null;
}
/** A receiver that does not take messages at once. */
export interface Outage {
  readonly url: string;
  readonly answer: ReceiverAnswer;
  readonly fromMs: number;
  untilMs: number;
}

type AlertRoute = AlertRoutesSpec['routes'][number];

const hook = (name: string) => ({
  webhook: { url: urlOf(name), secret: { env: 'HOLDFAST_ALERTS_SECRET_WORLD' } },
});

export const urlOf = (name: string): string => `https://${name}.example.com/alerts`;

/** What the operator's file of alert routes says, after an edit; null: nothing that could be used. */
export function routesOf(setup: Setup, edit: RoutesEdit): AlertRoutesSpec | null {
  const { coalesceMs, leftOut = null } = setup.alerts ?? { coalesceMs: 60_000 };
  const phone: AlertRoute = { channels: ['phone'], severity: 'critical' };
  const desk: AlertRoute[] = [
    { channels: ['desk'], severity: 'warning', kinds: ['orders', 'exits', 'account'] },
    { channels: ['desk', 'phone'], severity: 'info', codes: ['POLICY_PENDING', 'ALERT_ROUTES_REFUSED'] },
    { channels: ['desk'], severity: 'info', kinds: ALERT_KINDS.filter((kind) => kind !== leftOut), when: 'hourly' },
  ];
  const channels = { phone: hook('phone'), desk: hook('desk') };
  const times = { coalesce_ms: coalesceMs, age_limit_ms: 3_600_000 };
  switch (edit) {
    case 'broken':
      return null;
    case 'fewer':
      return { channels: { phone: channels.phone }, routes: [phone], ...times };
    case 'elsewhere':
      return { channels: { ...channels, desk: hook('other') }, routes: [phone, ...desk], ...times };
    case 'more':
      return {
        channels: { ...channels, room: hook('room') },
        routes: [phone, ...desk, { channels: ['room'], severity: 'info' }],
        ...times,
      };
    case 'original':
      return { channels, routes: [phone, ...desk], ...times };
  }
}

/** Receivers of alerts, the file of their routes, and the delivery of each life: in virtual time, without a network. */
export class Receivers {
  readonly delivered: Delivered[] = [];
  readonly outages: Outage[] = [];
  readonly #setup: Setup;
  readonly #root: TimePort;
  readonly #nowMs: () => number;
  #edit: RoutesEdit = 'original';
  #delivery: AlertDelivery | null = null;

  /** `root`: goes on while no process lives. */
  constructor(setup: Setup, root: TimePort, nowMs: () => number) {
    this.#setup = setup;
    this.#root = root;
    this.#nowMs = nowMs;
  }

  readonly forGate: AlertOptions = {
    compareRoutes: compareAlertRoutes,
    test: async (channel, setBy) => (await this.#delivery?.test(channel, setBy)) ?? { results: [] },
  };

  /** As the daemon does it after the first contact: offers the file, and delivers. Returns what stops it. */
  begin(life: Life & { readonly time: TimePort }, gate: Gate, ledger: Ledger): () => Promise<void> {
    const delivery = new AlertDelivery({
      core: gate.core,
      time: life.time,
      send: (dispatch) => this.#take(life, dispatch),
      readSecret: () => Promise.resolve(SECRET),
      consoleUrl: () => 'http://localhost:7433/',
      onCommitted: (listener) => ledger.onCommitted(listener),
    });
    this.#delivery = delivery;
    delivery.start();
    this.#offer(gate, 'start');
    return () => delivery.close();
  }

  save(edit: RoutesEdit, gate: Gate | null): void {
    this.#edit = edit;
    if (gate !== null) this.#offer(gate, 'file');
  }

  #offer(gate: Gate, setBy: string): void {
    const spec = routesOf(this.#setup, this.#edit);
    const read =
      spec === null
        ? ({ ok: false, problem: 'the world wrote nonsense' } as const)
        : ({ ok: true, routes: { spec, hash: hashRoutes(spec) } } as const);
    gate.alertRoutes.offerInBackground(read, setBy);
  }

  breakDown(url: string, answer: ReceiverAnswer, forMs: number): void {
    const fromMs = this.#nowMs();
    this.outages.push({ url, answer, fromMs, untilMs: fromMs + forMs });
  }

  mend(): void {
    const nowMs = this.#nowMs();
    for (const outage of this.outages) outage.untilMs = Math.min(outage.untilMs, nowMs);
  }

  /** What a process sends comes to its receiver, whether or not somebody lives to hear the answer. */
  #take(life: Life, dispatch: Dispatch): Promise<SendOutcome> {
    if (dispatch.kind !== 'http') throw new Error('no channel of a world runs a program');
    const { body, headers, url } = dispatch;
    const nowMs = this.#nowMs();
    const answer = this.outages.findLast((each) => each.url === url && each.untilMs > nowMs)?.answer ?? 'takes';
    const record: Delivered = {
      life: life.number,
      url,
      atMs: nowMs,
      body,
      id: headers['webhook-id'] ?? '',
      takenAtMs: null,
      endedAtMs: null,
    };
    if (answer !== 'gone') this.delivered.push(record);
    const { afterMs, outcome } = ANSWERS[answer];
    return new Promise((resolve) => {
      this.#root.after(afterMs, () => {
        if (life.isDead) return;
        record.endedAtMs = this.#nowMs();
        if (outcome.kind === 'taken') record.takenAtMs = record.endedAtMs;
        resolve(outcome);
      });
    });
  }
}

const failed = (detail: string, isPermanent = false, retryAfterMs: number | null = null): SendOutcome => ({
  kind: 'failed',
  detail,
  isPermanent,
  retryAfterMs,
});
const ANSWERS: Readonly<Record<ReceiverAnswer | 'takes', { readonly afterMs: number; readonly outcome: SendOutcome }>> =
  {
    takes: { afterMs: ANSWER_MS, outcome: { kind: 'taken', detail: 'HTTP 200' } },
    slow: { afterMs: SLOW_MS, outcome: { kind: 'taken', detail: 'HTTP 204' } },
    refuses: { afterMs: ANSWER_MS, outcome: failed('HTTP 422', true) },
    busy: { afterMs: ANSWER_MS, outcome: failed('HTTP 503', false, RETRY_AFTER_MS) },
    gone: { afterMs: ANSWER_MS, outcome: failed('ECONNREFUSED') },
    // It has taken what it does not answer.
    silent: { afterMs: SEND_WITHIN_MS, outcome: failed(`no answer within ${SEND_WITHIN_MS} ms`) },
  };
