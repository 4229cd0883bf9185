import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { AlertRoutesSpec } from '../../daemon/contract/alerts.ts';
import type { AlertChannelBody, AlertChannelsBody, AlertTestBody } from '../../daemon/contract/types/alerts.ts';
import type { ReadinessBody } from '../../daemon/contract/types/operator.ts';
import type { AlertMessageEvent } from '../../daemon/engine/records/house-events.ts';
import { DaemonWorld, until } from '../daemon/harness.ts';
import { type Received, type Receiver, startReceiver } from './receiver.ts';

const WHSEC = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
/** Real time: sockets, back-off and a busy machine. */
const SOON_MS = 60_000;
const HOUR_MS = 3_600_000;

interface Reported {
  readonly type: string;
  readonly data: {
    readonly id: string;
    readonly alerts: readonly {
      readonly code: string;
      readonly symbol: string | null;
      readonly count: number;
      readonly detail?: string;
    }[];
  };
}
/** As a receiver reads it: only what verifies. */
function verify({ headers, text }: Received): Reported {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;
  return new Webhook(WHSEC).verify(
    text,
    Object.fromEntries(names.map((name) => [name, String(headers[name])])),
  ) as Reported;
}
/** What a receiver knows that drops ids that it has seen. */
function readOnce(received: readonly Received[]): Map<string, Reported> {
  const taken = received.filter(({ status }) => status === 200).map(verify);
  return new Map(taken.map((reported) => [reported.data.id, reported]));
}
const subjects = (received: readonly Received[]): readonly string[] =>
  [...readOnce(received).values()].flatMap(({ data }) => data.alerts.map(({ code, count }) => `${code} x ${count}`));

function writeRoutes(home: string, spec: object): void {
  writeFileSync(join(home, 'alerts.yaml'), JSON.stringify(spec));
}

describe('delivery of alerts', () => {
  let receiver: Receiver;
  let other: Receiver;
  let world: DaemonWorld;
  const routes = (change: Partial<AlertRoutesSpec> = {}): AlertRoutesSpec => ({
    channels: {
      desk: { webhook: { url: receiver.url, secret: { file: 'hook.secret' } } },
      phone: { webhook: { url: other.url, secret: { file: 'hook.secret' } }, details: true },
    },
    routes: [
      { channels: ['desk'], severity: 'info' },
      { channels: ['phone'], severity: 'critical', codes: ['ALERT_CHANNEL_SILENT', 'OTHER_DAEMON'] },
    ],
    ...change,
  });
  const alert = (code: string, symbol: string | null = null) =>
    world.daemon.gate.core.alert(code, `what happened: 12.5 BTC`, symbol);
  const channels = async () => (await world.operator<AlertChannelsBody>('GET', '/v1/alerts/channels')).body;
  const channel = async (name: string): Promise<AlertChannelBody> => {
    const found = (await channels()).channels.find((each) => each.name === name);
    assert.ok(found, name);
    return found;
  };
  /** Also what the views have told of, and the commit of this turn puts on disk. */
  const recorded = () => {
    world.daemon.ledger.flush();
    return world.records<AlertMessageEvent>('alert_message');
  };
  const isIdle = async () => {
    const { sending, waiting } = await channel('desk');
    return sending === null && waiting === 0;
  };

  before(async () => {
    receiver = await startReceiver();
    other = await startReceiver();
    const home = mkdtempSync(join(tmpdir(), 'holdfast-alerts-'));
    writeFileSync(join(home, 'hook.secret'), `${WHSEC}\n`);
    chmodSync(join(home, 'hook.secret'), 0o600);
    writeRoutes(home, routes());
    world = await DaemonWorld.start({ real: true, home });
    await until('the routes are in force', async () => (await channels()).hash !== null, SOON_MS);
  });
  after(async () => {
    await world.close();
    await receiver.close();
    await other.close();
  });
  beforeEach(() => {
    receiver.behaviour = 200;
    other.behaviour = 200;
    receiver.received.length = 0;
    other.received.length = 0;
  });

  it('an alert arrives, signed, without its words, and is recorded before and after [AL-10 AL-51 AL-52 TM-79]', async () => {
    alert('ORDER_LOST', 'BTCUSDT');
    await until('it is confirmed', async () => (await channel('desk')).delivered === 1, SOON_MS);
    const [reported] = receiver.received.map(verify);
    assert.equal(reported?.type, 'holdfast.alert');
    assert.deepEqual(
      reported?.data.alerts.map(({ code, symbol, count }) => [code, symbol, count]),
      [['ORDER_LOST', 'BTCUSDT', 1]],
    );
    assert.ok(!receiver.received[0]?.text.includes('12.5'));
    const everything = [...world.daemon.ledger.iterateEvents()].map(({ text }) => text).join('\n');
    assert.ok(
      everything.includes('hook.secret') && !everything.includes(WHSEC.slice(6)),
      'where it is, not what it is',
    );
    const [queued, delivered] = recorded();
    assert.ok(queued?.action === 'queued' && queued.message_id === reported?.data.id);
    assert.ok(delivered?.action === 'delivered' && delivered.message_id === reported?.data.id);
    assert.equal(other.received.length, 0, 'it is not for the other channel');
  });

  it('a receiver that fails, cuts off and comes back gets everything once, under the same ids [AL-53 AN-150]', async () => {
    receiver.behaviour = 500;
    alert('EXIT_FAILED');
    await until('it has failed', async () => (await channel('desk')).failing_since_ms !== null, SOON_MS);
    for (let i = 0; i < 40; i += 1) alert('STOP_REFUSED', 'BTCUSDT');
    alert('STOP_REFUSED', 'ETHUSDT');
    alert('POLICY_REFUSED');
    // It takes the message, and its answer is lost.
    receiver.behaviour = 'cut';
    const cutAt = receiver.received.length;
    await until('it was cut off', () => receiver.received.length > cutAt, SOON_MS);
    receiver.behaviour = 200;
    await until('nothing waits', isIdle, SOON_MS);
    const attempts = receiver.received.map(verify).map(({ data }) => data.id);
    assert.ok(attempts.filter((id) => id === attempts[0]).length >= 3, 'the first one was sent three times');
    assert.deepEqual(subjects(receiver.received), [
      'EXIT_FAILED x 1',
      'STOP_REFUSED x 40',
      'STOP_REFUSED x 1',
      'POLICY_REFUSED x 1',
    ]);
    assert.equal((await channel('desk')).failing_since_ms, null);
  });

  it('an order is decided and sent while a receiver hangs [AL-58]', async () => {
    receiver.behaviour = 'hang';
    alert('CLOCK_JUMP');
    await until('it hangs', () => receiver.received.length > 0, SOON_MS);
    const placed = await world.place();
    assert.equal(placed.body.decision.decision, 'ALLOW');
    assert.deepEqual([receiver.received.length, receiver.received[0]?.status], [1, null]);
  });

  it('a restart in between loses nothing, and what may have been taken keeps its id [AL-53 AN-149]', async () => {
    // The message of the test before hangs on.
    receiver.behaviour = 'hang';
    const { sending } = await channel('desk');
    assert.ok(sending);
    alert('SEND_FAILED', 'BTCUSDT');
    alert('SEND_FAILED', 'BTCUSDT');
    alert('POLICY_PENDING');
    await world.restart();
    assert.equal((await channel('desk')).sending, sending);
    receiver.behaviour = 200;
    receiver.received.length = 0;
    await until('nothing waits', isIdle, SOON_MS);
    assert.equal(verify(receiver.received[0]!).data.id, sending);
    assert.deepEqual(subjects(receiver.received), ['CLOCK_JUMP x 1', 'SEND_FAILED x 2', 'POLICY_PENDING x 1']);
  });

  it('equal alerts within coalesce_ms are told together when it is over [AL-22 AL-23 AN-148]', async () => {
    await world.advance(120_000);
    for (let i = 0; i < 3; i += 1) {
      alert('RESOLVE_FAILED');
      await until('the first is confirmed', () => receiver.received.length === 1, SOON_MS);
    }
    await until('two wait', async () => (await channel('desk')).waiting === 1, SOON_MS);
    await world.advance(59_000);
    assert.equal(receiver.received.length, 1);
    await world.advance(2_000);
    await until('the rest is told', () => receiver.received.length === 2, SOON_MS);
    assert.deepEqual(subjects(receiver.received), ['RESOLVE_FAILED x 1', 'RESOLVE_FAILED x 2']);
  });

  it('an hour of failures makes a channel silent: in readiness, metrics, and on the others, once [AL-59 AN-151 AN-174]', async () => {
    receiver.behaviour = 500;
    alert('HOLDING_TIME');
    await until('it has failed', async () => (await channel('desk')).failing_since_ms !== null, SOON_MS);
    await world.advance(HOUR_MS - 60_000);
    assert.deepEqual((await world.ready()).body.alert_channels_silent, []);
    await world.advance(61_000);
    const silent = async () => (await world.call<ReadinessBody>('GET', '/readyz')).body.alert_channels_silent;
    await until('it is silent', async () => (await silent()).includes('desk'), SOON_MS);
    assert.deepEqual([(await channel('desk')).is_silent, (await channel('phone')).is_silent], [true, false]);
    await until('the other one is told', () => other.received.length === 1, SOON_MS);
    const [reported] = other.received.map(verify);
    assert.equal(reported?.data.alerts[0]?.code, 'ALERT_CHANNEL_SILENT');
    assert.match(reported?.data.alerts[0]?.detail ?? '', /channel desk .* HTTP 500/);
    const metrics = async () => (await world.ask({ method: 'GET', path: '/metrics', headers: {} })).text;
    assert.match(await metrics(), /holdfast_alert_channel_silent\{channel="desk"\} 1/);
    await world.restart();
    assert.deepEqual(await silent(), ['desk'], 'a restart does not end it');
    receiver.behaviour = 200;
    await until('it delivers again', async () => (await silent()).length === 0, SOON_MS);
    await until('nothing waits', isIdle, SOON_MS);
    assert.match(await metrics(), /holdfast_alert_channel_silent\{channel="desk"\} 0/);
    assert.equal(recorded().filter(({ action }) => action === 'silent').length, 1);
    assert.equal(other.received.length, 1);
  });

  it('what is too old, or will never do, is given up and listed, and the next alert goes out [AK-24 AL-8 AL-27 AL-56 AL-57 AN-154 AN-155 AN-156]', async () => {
    receiver.behaviour = 422;
    alert('BARS_MISSING');
    await until('it is given up', async () => (await channel('desk')).dropped === 1, SOON_MS);
    assert.equal(receiver.received.filter(({ status }) => status === 422).length, 3);
    receiver.behaviour = 503;
    alert('SYMBOL_CLOSED', 'BTCUSDT');
    await until('it fails', () => receiver.received.some(({ status }) => status === 503), SOON_MS);
    await world.advance(24 * HOUR_MS + 1_000);
    await until('it is given up', async () => (await channel('desk')).dropped >= 2, SOON_MS);
    receiver.behaviour = 200;
    await until('nothing waits', isIdle, SOON_MS);
    assert.equal((await channels()).dead_letters.find(({ reason }) => reason === 'HTTP 422')?.attempts, 3);
    const dead = (await channels()).dead_letters.map(({ alerts, reason }) => `${alerts.join()}: ${reason}`).reverse();
    assert.deepEqual(dead.slice(0, 2), [
      'BARS_MISSING x 1: HTTP 422',
      'SYMBOL_CLOSED BTCUSDT x 1: it is older than age_limit_ms',
    ]);
    receiver.received.length = 0;
    alert('FEED_TICK_FAILED');
    await until('it arrives', () => subjects(receiver.received).includes('FEED_TICK_FAILED x 1'), SOON_MS);
  });

  it('a test reaches each channel once, says what failed, and is recorded [AL-7 AL-34 AN-157 TF-86 TF-87]', async () => {
    other.behaviour = 403;
    const ask = (body: object) => world.operator<AlertTestBody>('POST', '/v1/alerts/test', body);
    const { results } = (await ask({})).body;
    assert.deepEqual(
      results.map(({ channel: name, delivered, detail }) => [name, delivered, detail]),
      [
        ['desk', true, 'HTTP 200'],
        ['phone', false, 'HTTP 403'],
      ],
    );
    other.behaviour = 200;
    assert.equal((await ask({ channel: 'phone' })).body.results.length, 1);
    assert.equal((await ask({ channel: 'nowhere' })).status, 404);
    assert.equal((await world.call('POST', '/v1/alerts/test', {})).status, 403);
    const tests = recorded().filter(({ action }) => action === 'test');
    assert.deepEqual(
      tests.map((test) => [test.channel, test.action === 'test' && test.set_by]),
      [
        ['desk', 'operator'],
        ['phone', 'operator'],
        ['phone', 'operator'],
      ],
    );
    assert.equal(verify(other.received[1]!).type, 'holdfast.test');
  });

  it('a file that only adds takes effect; a looser one waits for an operator, also after a restart [AL-6 AL-61 AL-71 AL-72 AN-142 AN-145 AN-152 AN-153 AN-175 TF-88 TF-89]', async () => {
    const all = routes({
      routes: [
        { channels: ['desk'], severity: 'info' },
        { channels: ['phone'], severity: 'info' },
      ],
    });
    const { hash: first } = await channels();
    writeRoutes(world.home, all);
    await until('more is in force', async () => (await channels()).hash !== first, SOON_MS);
    const { hash: wide } = await channels();
    writeRoutes(world.home, { ...all, routes: [{ channels: ['desk', 'phone'], severity: 'critical' }] });
    await until('less waits', async () => (await channels()).pending !== null, SOON_MS);
    await world.restart();
    await until('it waits again', async () => (await channels()).pending !== null, SOON_MS);
    const { hash, pending } = await channels();
    assert.equal(hash, wide);
    assert.match(pending?.looser.join() ?? '', /channels\.desk no longer gets/);
    assert.deepEqual((await world.ready()).body.pending_alert_routes, pending);
    const reload = (body: object) =>
      world.operator<{ status: string; hash: string }>('POST', '/v1/alerts/routes/reload', body);
    assert.equal((await reload({})).body.status, 'pending');
    assert.equal((await reload({ hash: 'a'.repeat(64) })).status, 409);
    const { body: accepted } = await reload({ hash: pending?.hash });
    assert.deepEqual([accepted.status, accepted.hash], ['in_force', pending?.hash]);
    assert.equal((await channels()).hash, pending?.hash);
    await until(
      'both were told, in words',
      () =>
        [receiver, other].every(({ received }) =>
          [...readOnce(received).values()].some(({ data }) =>
            data.alerts.some(
              ({ code, detail }) =>
                code === 'ALERT_ROUTES_CHANGED' && /looser: channels\.desk no longer gets/.test(detail ?? ''),
            ),
          ),
        ),
      SOON_MS,
    );
    writeFileSync(join(world.home, 'alerts.yaml'), 'channels: [');
    await until('it is refused', async () => (await channels()).error !== null, SOON_MS);
    assert.equal((await channels()).hash, pending?.hash, 'the old ones stay');
    assert.match((await world.ready()).body.alert_routes_error ?? '', /./);
  });

  it('a channel that the new routes remove is told of it where it led, also after failures and a restart [AL-12 AL-69 AL-70]', async () => {
    const { hash: before } = await channels();
    const { desk } = routes().channels;
    other.behaviour = 503;
    writeRoutes(world.home, { channels: { desk }, routes: [{ channels: ['desk'], severity: 'info' }] });
    await until('it waits', async () => ((await channels()).pending?.hash ?? before) !== before, SOON_MS);
    const { pending } = await channels();
    assert.match(pending?.looser.join() ?? '', /channels\.phone is gone/);
    await world.operator('POST', '/v1/alerts/routes/reload', { hash: pending?.hash });
    const leaving = `phone@${before?.slice(0, 8)}`;
    assert.deepEqual((await channels()).channels.map(({ name, type }) => [name, type]).sort(), [
      ['desk', 'webhook'],
      [leaving, 'webhook'],
    ]);
    await until('it fails', () => other.received.some(({ status }) => status === 503), SOON_MS);
    await world.restart();
    other.behaviour = 200;
    await until(
      'it was told',
      () =>
        [...readOnce(other.received).values()].some(({ data }) =>
          data.alerts.some(({ detail }) => /looser: channels\.phone is gone/.test(detail ?? '')),
        ),
      SOON_MS,
    );
    await until('it is over', async () => !(await channels()).channels.some(({ name }) => name === leaving), SOON_MS);
    const reported = other.received.length;
    alert('LIQUIDATED');
    await until('the other channel has it', () => subjects(receiver.received).includes('LIQUIDATED x 1'), SOON_MS);
    assert.equal(other.received.length, reported, 'and nothing more');
  });
});
