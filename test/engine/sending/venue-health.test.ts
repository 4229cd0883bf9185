import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { GateCore } from '../../../daemon/driver/driver.ts';
import type { GatePorts } from '../../../daemon/driver/ports.ts';
import { stateInForce } from '../../../daemon/engine/callers/layers.ts';
import { liveOrders, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { Rejection } from '../../../daemon/engine/records/venue.ts';
import { VenueHealth } from '../../../daemon/engine/sending/venue-health.ts';
import { SYSTEM_TIME } from '../../../daemon/time/system-time.ts';
import type { TimePort } from '../../../daemon/time/time-port.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { decisionEvent, FoldedLedger, T0 } from '../fold-fixture.ts';
import { ManualTime } from '../manual-time.ts';

const REFUSED: Rejection = {
  cause: 'account_differs',
  code: '-2019',
  message: 'Margin is insufficient.',
  retryAfterMs: null,
};
/** Dropped by ourselves: no byte of it was sent. */
const LATE: Rejection = { ...REFUSED, cause: 'late', code: null, message: 'SEND_DEADLINE' };
/** Could not be built: it would fail the same way every time. */
const MALFORMED: Rejection = { ...LATE, cause: 'rules_differ', message: 'the price is not on the grid' };

function openingOrder(agent = 'alice', lots = 10): OrderState {
  const ledger = new FoldedLedger();
  ledger.append(decisionEvent({ id: 'd-1', agent, atMs: T0, orders: [{ client_order_id: 'o-1', lots: lots }] }));
  const [order] = liveOrders(ledger.state.orders, 'BTCUSDT');
  assert.ok(order !== undefined, 'an order is on its way');
  return order;
}
const nothing = (): void => undefined;
function createHealth(
  clock: object = { nowMs: () => T0 },
  time: TimePort = SYSTEM_TIME,
): { readonly core: GateCore; readonly health: VenueHealth } {
  let seq = 0;
  const appendNow = (): object => {
    seq += 1;
    return { seqs: [seq], committed: Promise.resolve() };
  };
  const log = { info: nothing, warn: nothing, error: nothing };
  const observer = { alerted: nothing };
  const ledger = { isFailed: false, appendNow };
  const ports = { clock, time, ledger, log, observer } as unknown as GatePorts;
  const settings = { venue: 'paper', account: 'main', version: '0', answerWithinMs: 1, sendDeadlineMs: 1 } as const;
  const core = new GateCore(ports, settings, { spec: basePolicy, hash: 'test' });
  const health = new VenueHealth(core, {
    resyncClock: nothing,
    reloadRules: nothing,
    refreshAccount: nothing,
    fetchTrades: nothing,
    resolve: nothing,
    reviewHoldings: nothing,
  });
  return { core, health };
}
/** The state in force for the account after these rejections of one symbol. */
function stateAfter(rejections: readonly Rejection[]): string {
  const { core, health } = createHealth();
  const order = openingOrder();
  for (const rejection of rejections) health.onRejection(rejection, order);
  return stateInForce(core.state.layers, T0, 'BTCUSDT', 'alice').state;
}
function lastAlert({ state }: GateCore): string {
  const [last] = state.alerts.readBefore(Number.POSITIVE_INFINITY, 1);
  return last === undefined ? 'none' : `${last.code}: ${last.detail}`;
}
const times = (count: number, rejection: Rejection): readonly Rejection[] =>
  Array.from({ length: count }, () => rejection);

describe('refusals in a loop stop opening', () => {
  it('at the fifth equal one, whether the venue refused it or it could not even be built', () => {
    for (const rejection of [REFUSED, MALFORMED]) {
      assert.equal(stateAfter(times(4, rejection)), 'active', `four: ${rejection.message}`);
      assert.equal(stateAfter(times(5, rejection)), 'reducing', `five: ${rejection.message}`);
    }
    assert.equal(stateAfter([...times(4, REFUSED), MALFORMED]), 'active', 'another cause');
  });

  it('and what we dropped ourselves for being late neither counts nor starts the count anew', () => {
    assert.equal(stateAfter(times(50, LATE)), 'active', 'a slow machine is no refusal of the venue');
    assert.equal(stateAfter([...times(4, REFUSED), LATE]), 'active', 'four and a late one');
    assert.equal(stateAfter([...times(4, REFUSED), LATE, REFUSED]), 'reducing', 'five, whatever lies between');
  });
});

describe('refusals in a loop are those of the agent that asks (BINANCE part B: N identical pairs of request and code)', () => {
  const states = (core: GateCore): readonly string[] =>
    ['alice', 'bob'].map((agent) => stateInForce(core.state.layers, T0, 'BTCUSDT', agent).state);

  it('one agent alone is stopped, for the cooldown of its breaker, and longer each time [TM-9]', () => {
    const { core, health } = createHealth();
    for (let i = 0; i < 5; i += 1) health.onRejection(REFUSED, openingOrder());
    assert.deepEqual(states(core), ['reducing', 'active']);
    assert.equal(core.state.layers.has('breaker|account|'), false);
    const until = (): number | null | undefined => core.state.layers.get('breaker|agent|alice')?.clearsAtMs;
    assert.equal(until(), T0 + 300_000);
    for (let i = 0; i < 5; i += 1) health.onRejection(REFUSED, openingOrder());
    assert.equal(until(), T0 + 600_000);
  });

  it('other requests of the agent are no loop, and neither are the same ones of several agents', () => {
    const { core, health } = createHealth();
    for (let lots = 1; lots <= 12; lots += 1) health.onRejection(REFUSED, openingOrder('alice', lots));
    for (let i = 0; i < 4; i += 1)
      for (const agent of ['alice', 'bob']) health.onRejection(REFUSED, openingOrder(agent));
    assert.deepEqual(states(core), ['active', 'active']);
  });

  it('an order that the venue takes ends every row', () => {
    const { core, health } = createHealth();
    for (let i = 0; i < 20; i += 1) {
      if (i % 4 === 0) health.onAccepted();
      health.onRejection(REFUSED, openingOrder());
      health.onRejection({ ...REFUSED, cause: 'clock_off', code: '-1021' }, openingOrder());
    }
    assert.deepEqual(states(core), ['active', 'active']);
  });

  it('the account is closed when a second agent runs into the same answer, or the answer is about us', () => {
    const shared = createHealth();
    for (const agent of ['alice', 'bob'])
      for (let i = 0; i < 5; i += 1) shared.health.onRejection(REFUSED, openingOrder(agent));
    assert.equal(shared.core.state.layers.get('breaker|account|')?.clearsWhen, 'an operator clears it');
    assert.match(
      lastAlert(shared.core),
      /^REPEATED_REFUSAL: breaker of the account opened until an operator clears it/,
    );
    const { core, health } = createHealth();
    const clock: Rejection = { ...REFUSED, cause: 'clock_off', code: '-1021' };
    for (const agent of ['alice', 'bob', 'alice', 'bob']) health.onRejection(clock, openingOrder(agent));
    assert.deepEqual(states(core), ['active', 'active']);
    assert.equal(lastAlert(core), 'none');
    health.onRejection(clock, openingOrder());
    assert.deepEqual(states(core), ['reducing', 'reducing']);
    assert.match(lastAlert(core), /^REPEATED_REFUSAL: breaker of the account opened .*-1021/);
  });
});

test('a new grave cause outlives the clearing of the one before it, a passing one does not shorten it [SAE-U]', () => {
  const { core, health } = createHealth();
  const breaker = () => core.state.layers.get('breaker|account|');
  health.setBreaker('first', 'an operator clears it', null);
  const cleared = {
    clears_at_ms: T0 + 600_000,
    clears_when: 'the delay is over',
    layer: 'breaker',
    name: null,
    reason: 'cleared',
    scope: 'account',
    set_by: 'ops',
    state: 'reducing',
  } as const;
  core.append('state', cleared);
  health.setBreaker('the venue refuses us', 'the venue answers again', 'venue');
  assert.equal(breaker()?.clearsAtMs, T0 + 600_000, 'the delay stands');
  health.setBreaker('second', 'an operator clears it', null);
  assert.deepEqual(
    [breaker()?.clearsAtMs, breaker()?.reason],
    [null, 'second'],
    'the second cause is to be cleared by itself',
  );
});

test('every third order that fails rule 13 opens the account-wide breaker, also after an operator has cleared it [TM-9]', () => {
  const { core, health } = createHealth();
  const state = (): string => stateInForce(core.state.layers, T0, null, null).state;
  for (const round of ['the first time', 'the second time']) {
    for (const expected of ['active', 'active', 'reducing']) {
      health.onRecheckFailure();
      assert.equal(state(), expected, round);
    }
    core.state.layers.clear();
  }
});

describe('the pause that the venue asks for', () => {
  const BANNED: Rejection = { ...REFUSED, cause: 'busy', code: '429', retryAfterMs: 10_000 };
  const paused = (skewMs: number) => {
    const time = new ManualTime();
    const clock = { skewMs, scale: 1, nowMs: () => T0 + time.monotonicMs() + clock.skewMs };
    const { core, health } = createHealth(clock, time);
    health.onRejection(BANNED, openingOrder());
    clock.skewMs = 0;
    const isClosed = () => core.state.layers.has('breaker|account|');
    assert.deepEqual([health.isQuiet(), isClosed()], [true, true]);
    return { time, health, isClosed };
  };

  for (const skewMs of [0, 3_600_000])
    it(`is over after as much time, with a clock that was ${skewMs / 60_000} minutes ahead when it began`, async () => {
      const { time, health, isClosed } = paused(skewMs);
      await time.advance(9_999);
      health.onReadSuccess();
      assert.deepEqual([health.isQuiet(), isClosed()], [true, true]);
      await time.advance(1);
      health.onReadSuccess();
      assert.deepEqual([health.isQuiet(), isClosed()], [false, false]);
    });
});
