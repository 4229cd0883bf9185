import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AlertDelivery } from '../../daemon/alerts/delivery.ts';
import type { SendOutcome } from '../../daemon/alerts/send.ts';
import type { AlertRoutesSpec } from '../../daemon/contract/alerts.ts';
import { GateCore } from '../../daemon/driver/driver.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import { ProofWorld } from '../engine/proof-fixture.ts';

const ROUTES: AlertRoutesSpec = {
  channels: { desk: { slack: { url: { file: 'desk.url' } } } },
  routes: [{ channels: ['desk'], severity: 'info' }],
};
const TAKEN: SendOutcome = { kind: 'taken', detail: 'HTTP 200' };
const failed = (retryAfterMs: number | null = null): SendOutcome => ({
  kind: 'failed',
  detail: 'HTTP 503',
  isPermanent: false,
  retryAfterMs,
});

/** A delivery on a ledger whose commits a test ends, and on time that moves by hand. */
function open(outcome: () => SendOutcome) {
  const world = new ProofWorld();
  const { core: model, time } = world;
  const held: (() => void)[] = [];
  let isHeld = false;
  const { ledger } = model.ports;
  const appendNow = (records: readonly LedgerRecord[]) => {
    const { seqs } = ledger.appendNow(records);
    const committed = isHeld ? new Promise<void>((resolve) => held.push(resolve)) : Promise.resolve();
    return { seqs, committed };
  };
  const nextSeq = () => world.events.length + 1;
  const ports = { ...model.ports, ledger: { ...ledger, appendNow, nextSeq } };
  const core = new GateCore(ports, model.settings, { spec: model.policySpec, hash: model.policyHash });
  core.append('alert_routes', { action: 'in_force', detail: null, hash: 'h', routes: ROUTES, set_by: 'test' });
  const sentMs: number[] = [];
  let wake = (): void => undefined;
  const delivery = new AlertDelivery({
    core,
    time,
    send: async () => {
      sentMs.push(time.monotonicMs());
      return outcome();
    },
    readSecret: async () => 'https://example.com/',
    consoleUrl: () => null,
    onCommitted: (listener) => {
      wake = listener;
      return () => undefined;
    },
  });
  delivery.start();
  return {
    core,
    delivery,
    sentMs,
    time,
    raise: (code: string) => {
      core.alert(code, 'x');
      wake();
    },
    hold: () => {
      isHeld = true;
    },
    release: () => {
      for (const end of held.splice(0)) end();
    },
  };
}

describe('the pace of delivery', () => {
  it('a message leaves when its record is on disk, and not before [AL-51]', async () => {
    const { hold, raise, release, sentMs, time } = open(() => TAKEN);
    hold();
    raise('ORDER_LOST');
    await time.advance(5_000);
    assert.deepEqual(sentMs, []);
    release();
    await time.advance(0);
    assert.equal(sentMs.length, 1);
  });

  it('an alert waits for no tick', async () => {
    const { raise, sentMs, time } = open(() => TAKEN);
    await time.advance(10_500);
    raise('ORDER_LOST');
    await time.advance(0);
    assert.deepEqual(sentMs, [10_500]);
  });

  it('a failure waits 1, 2, 4 s and so on, at most five minutes [AL-54]', async () => {
    const { raise, sentMs, time } = open(() => failed());
    raise('ORDER_LOST');
    await time.advance(0);
    for (let second = 0; second < 1_500; second += 1) await time.advance(1_000);
    const waits = sentMs.slice(1).map((ms, i) => Math.round((ms - (sentMs[i] ?? 0)) / 1_000));
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('a receiver that says when to come back is asked then [AL-54]', async () => {
    const { raise, sentMs, time } = open(() => failed(60_000));
    raise('ORDER_LOST');
    await time.advance(0);
    for (let second = 0; second < 61; second += 1) await time.advance(1_000);
    assert.deepEqual(
      sentMs.map((ms) => Math.round(ms / 1_000)),
      [0, 60],
    );
  });

  it('a critical one outlives a channel that is wrong for minutes, and is given up after ten [AL-56]', async () => {
    const refused: SendOutcome = { kind: 'failed', detail: 'HTTP 400', isPermanent: true, retryAfterMs: null };
    let answer: SendOutcome = refused;
    const { core, raise, time } = open(() => answer);
    const desk = () => core.state.outbox.channels.get('desk');
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) await time.advance(1_000);
    };
    raise('TOKEN_REVOKED');
    await pass(5);
    assert.equal(desk()?.dropped, 1, 'a warning after three tries');
    raise('ORDER_LOST');
    await pass(400);
    assert.deepEqual([desk()?.dropped, desk()?.delivered], [1, 0]);
    answer = TAKEN;
    await pass(300);
    assert.deepEqual([desk()?.dropped, desk()?.delivered], [1, 1]);
    answer = refused;
    raise('OTHER_DAEMON');
    await pass(1_000);
    assert.deepEqual([desk()?.dropped, desk()?.delivered], [2, 1]);
  });

  it('nothing is sent after the stop', async () => {
    const { delivery, raise, sentMs, time } = open(() => TAKEN);
    const closed = delivery.close();
    await time.advance(1_000);
    await closed;
    raise('ORDER_LOST');
    await time.advance(10_000);
    assert.deepEqual(sentMs, []);
  });
});
