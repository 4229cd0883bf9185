import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AlertRoutesSpec } from '../../../daemon/contract/alerts.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { AlertGroup, AlertMessageEvent } from '../../../daemon/engine/records/house-events.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { forAll } from '../../for-all.ts';
import { reread, textOf } from '../text-of.ts';

const SECRET = { file: 'secret' };
const SPEC: AlertRoutesSpec = {
  channels: { desk: { slack: { url: SECRET } }, phone: { ntfy: { topic: SECRET } } },
  routes: [
    { channels: ['desk'], severity: 'info', when: 'hourly' },
    { channels: ['desk'], severity: 'critical' },
    { channels: ['phone'], severity: 'critical' },
  ],
};
const CODES = ['ORDER_LOST', 'STOP_REFUSED', 'POLICY_REFUSED', 'OF_ANOTHER_VERSION'] as const;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', null] as const;

type Step =
  | { readonly kind: 'alert'; readonly code: string; readonly symbol: string | null }
  | { readonly kind: 'queue'; readonly channel: string; readonly take: number }
  | { readonly kind: 'end'; readonly channel: string; readonly how: 'delivered' | 'dropped' | 'failed' };
const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('alert' as const),
        code: fc.constantFrom(...CODES),
        symbol: fc.constantFrom(...SYMBOLS),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('queue' as const),
        channel: fc.constantFrom('desk', 'phone'),
        take: fc.integer({ min: 1, max: 3 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        channel: fc.constantFrom('desk', 'phone'),
        how: fc.constantFrom('delivered', 'dropped', 'failed'),
      }),
    },
  ),
  { minLength: 20, maxLength: 60, size: 'max' },
);

/** Plays what a delivery would record. */
class Played {
  state = new GateState();
  /** Alerts that messages have told or given up, by channel. */
  readonly reported = new Map<string, number>();
  readonly raised = new Map<string, number>();
  #seq = 0;

  constructor() {
    this.record({
      kind: 'alert_routes',
      payload: { action: 'in_force', detail: null, hash: 'h', routes: SPEC, set_by: 'x' },
    });
  }
  record(event: Pick<GateEvent, 'kind' | 'payload'>): void {
    this.#seq += 1;
    this.state.apply({ ...event, seq: this.#seq, at_ms: this.#seq * 1_000 } as GateEvent);
  }
  play(step: Step): void {
    if (step.kind === 'alert') {
      this.#raise(step.code, step.symbol);
      return;
    }
    const channel = this.state.outbox.channels.get(step.channel);
    if (channel === undefined) throw new Error('the channel is gone');
    if (step.kind === 'queue') {
      const [first] = channel.waiting.values();
      if (channel.outgoing !== null || first === undefined) return;
      const same = [...channel.waiting.values()].filter(({ when }) => when === first.when);
      const groups = (first.when === 'at_once' ? [first] : same.slice(0, step.take)).map(
        ({ when: _, ...group }) => group,
      );
      const kind = first.when === 'at_once' ? 'alert' : first.when;
      this.#message({ action: 'queued', channel: step.channel, groups, kind, message_id: `m${this.#seq}` });
      return;
    }
    if (channel.outgoing === null) return;
    const { groups, messageId: message_id } = channel.outgoing;
    const of = { channel: step.channel, message_id };
    if (step.how === 'failed') this.#message({ action: 'failed', ...of, detail: 'HTTP 500' });
    else {
      if (step.how === 'delivered') this.#message({ action: 'delivered', attempts: 1, ...of });
      else this.#message({ action: 'dropped', attempts: 1, reason: 'HTTP 400', ...of });
      this.reported.set(step.channel, (this.reported.get(step.channel) ?? 0) + sum(groups));
    }
  }
  #raise(code: string, symbol: string | null): void {
    this.record({ kind: 'alert', payload: { code, detail: 'x', symbol } });
    const isCritical = code === 'ORDER_LOST' || code === 'STOP_REFUSED';
    for (const name of isCritical ? ['desk', 'phone'] : ['desk'])
      this.raised.set(name, (this.raised.get(name) ?? 0) + 1);
  }
  #message(payload: AlertMessageEvent): void {
    this.record({ kind: 'alert_message', payload });
  }
}
const sum = (groups: readonly AlertGroup[]): number => groups.reduce((total, { count }) => total + count, 0);

describe('the outbox', () => {
  it('every routed alert is waiting, on its way, told or given up, exactly once, whatever happens [AL-57]', () => {
    let ended = 0;
    forAll([steps], { seed: 4, numRuns: 200 }, (plan) => {
      const played = new Played();
      for (const step of plan) {
        played.play(step);
        for (const [name, channel] of played.state.outbox.channels) {
          const open = sum([...channel.waiting.values()]) + sum(channel.outgoing?.groups ?? []);
          assert.equal(open + (played.reported.get(name) ?? 0), played.raised.get(name) ?? 0, name);
          assert.ok(channel.waiting.size <= CODES.length * SYMBOLS.length);
        }
      }
      ended += [...played.reported.values()].reduce((total, count) => total + count, 0);
    });
    assert.ok(ended > 100, `${ended} ended`);
  });

  it('a checkpoint at any record goes on as if there had been none', () => {
    forAll([steps, fc.nat(60)], { seed: 5, numRuns: 100 }, (plan, at) => {
      const whole = new Played();
      const restarted = new Played();
      for (const [i, step] of plan.entries()) {
        if (i === at) restarted.state = reread(textOf(restarted.state), new GateState());
        whole.play(step);
        restarted.play(step);
      }
      assert.equal(textOf(reread(textOf(restarted.state), new GateState())), textOf(whole.state));
    });
  });

  it('keeps the last hundred messages that were given up [AN-156]', () => {
    const played = new Played();
    for (let i = 0; i < 103; i += 1) {
      const [channel, message_id] = ['desk', `m-${i}`];
      played.record({
        kind: 'alert_message',
        payload: { action: 'queued', channel, groups: [], kind: 'alert', message_id },
      });
      played.record({
        kind: 'alert_message',
        payload: { action: 'dropped', attempts: 1, channel, message_id, reason: 'x' },
      });
    }
    const kept = played.state.outbox.dead.map(({ messageId }) => messageId);
    assert.deepEqual([kept.length, kept[0], kept.at(-1)], [100, 'm-3', 'm-102']);
  });

  it('drops what waits for a channel that is gone, and keeps what waits for others', () => {
    const played = new Played();
    played.play({ kind: 'alert', code: 'ORDER_LOST', symbol: null });
    const { desk } = SPEC.channels;
    const routes: AlertRoutesSpec = { channels: { desk: desk! }, routes: [{ channels: ['desk'], severity: 'info' }] };
    played.record({
      kind: 'alert_routes',
      payload: { action: 'pending', detail: 'x', hash: 'n', routes: null, set_by: 'x' },
    });
    assert.deepEqual([...played.state.outbox.channels.keys()], ['desk', 'phone'], 'pending changes nothing');
    played.record({
      kind: 'alert_routes',
      payload: { action: 'in_force', detail: null, hash: 'n', routes, set_by: 'x' },
    });
    assert.deepEqual([...played.state.outbox.channels.keys()], ['desk']);
    assert.equal(played.state.outbox.channels.get('desk')?.waiting.size, 1);
  });
});

describe('a change of routes', () => {
  const change = (played: Played, hash: string, routes: AlertRoutesSpec): void => {
    played.record({ kind: 'alert', payload: { code: 'ALERT_ROUTES_CHANGED', detail: 'x', symbol: null } });
    played.record({ kind: 'alert_routes', payload: { action: 'in_force', detail: null, hash, routes, set_by: 'x' } });
  };
  const { desk, phone } = SPEC.channels as { readonly desk: object; readonly phone: object };
  const waits = (played: Played) =>
    Object.fromEntries(
      [...played.state.outbox.channels].map(([name, { waiting }]) => [
        name,
        [...waiting.values()].map(({ code }) => code),
      ]),
    );
  const CHANGED = ['ALERT_ROUTES_CHANGED'];

  it('waits for every channel of the routes before, whatever their filters, and for no new one [AL-69]', () => {
    const played = new Played();
    const routes: AlertRoutesSpec = {
      channels: { desk, phone, chat: { slack: { url: SECRET } } },
      routes: [{ channels: ['desk', 'phone', 'chat'], severity: 'critical', codes: ['ORDER_LOST'] }],
    };
    change(played, 'next', routes);
    assert.deepEqual(waits(played), { desk: CHANGED, phone: CHANGED, chat: [] });
    change(played, 'third', SPEC);
    assert.deepEqual(waits(played), { desk: CHANGED, phone: CHANGED, 'chat@next': CHANGED });
  });

  it('goes where a channel led before, which is forgotten once it was told or given up', () => {
    for (const how of ['delivered', 'dropped'] as const) {
      const played = new Played();
      played.play({ kind: 'alert', code: 'ORDER_LOST', symbol: null });
      const moved = { ntfy: { topic: { file: 'other' } } };
      change(played, 'next', { channels: { phone: moved }, routes: [{ channels: ['phone'], severity: 'critical' }] });
      assert.deepEqual(waits(played), { 'desk@h': CHANGED, phone: ['ORDER_LOST'], 'phone@h': CHANGED });
      const { outbox } = played.state;
      assert.deepEqual(outbox.routingOf('phone')?.target, moved);
      assert.deepEqual(outbox.routingOf('phone@h'), { routes: SPEC, target: phone });
      assert.deepEqual(outbox.routingOf('desk@h')?.target, desk);
      played.state = reread(textOf(played.state), new GateState());
      for (const channel of ['desk@h', 'phone@h']) {
        played.play({ kind: 'queue', channel, take: 1 });
        played.play({ kind: 'end', channel, how: 'failed' });
        played.play({ kind: 'end', channel, how });
      }
      assert.deepEqual(waits(played), { phone: ['ORDER_LOST'] });
    }
  });
});
