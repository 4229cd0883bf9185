import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { FlattenBody } from '../../../../daemon/contract/types/operator.ts';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const POSITIONS = '/fapi/v3/positionRisk';
const ODD_PLACED = { kind: 'odd-row', match: { path: '/fapi/v1/allOrders', symbol: 'BTCUSDT' }, patch: { side: 'UP' } };

describe('a row that nobody can read concerns its symbol alone', () => {
  const world = suiteWorld({ policy: UNPACED });
  let alice: string;
  let bob: string;
  before(async () => {
    alice = world.createAgent('alice');
    bob = world.createAgent('bob');
  });

  const isHeld = (): boolean => world.daemon.gate.core.state.layers.has('boot|symbol|BTCUSDT');
  const openEth = { symbol: 'ETHUSDT', requested_notional: 300 };
  const showOdd = async (path: string, patch: object): Promise<void> => {
    await world.fault({ kind: 'odd-row', match: { path, symbol: 'BTCUSDT' }, ms: 10_000_000, patch });
    await until(
      'it was read',
      world.advancing(6_000, () => isHeld()),
    );
  };
  const showPlain = async (): Promise<void> => {
    await world.control('clear-faults', {});
    const seen = async (): Promise<boolean> => {
      await world.advance(6_000);
      return !isHeld();
    };
    await until('it can be read again', seen, 60_000);
  };

  it('of a position: nothing opens there, other symbols open, an exit closes what is known, and an alert says so', async () => {
    await world.mustPlace('filled', { requested_notional: 600 }, alice);
    await showOdd(POSITIONS, { positionAmt: '99999999999.5' });
    const more = await world.place({ requested_notional: 300 }, alice);
    assert.equal(more.body.decision.reasons[0]?.code, 'STATE_REDUCING', JSON.stringify(more.body.decision));
    const other = await world.place(openEth, bob);
    assert.notEqual(other.body.decision.decision, 'BLOCK', JSON.stringify(other.body.decision.reasons));
    const { alerts } = world.daemon.gate.getAlerts(100, null);
    const reported = alerts.filter(({ code, symbol }) => code === 'SYMBOL_UNREADY' && symbol === 'BTCUSDT');
    assert.equal(reported.length, 1);
    assert.match(reported[0]?.detail ?? '', /positionAmt is beyond the range/);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' }, alice);
    assert.equal(await world.position('BTCUSDT'), 0);
    await showPlain();
    await world.mustPlace('filled', { requested_notional: 300 }, alice);
  });

  it('of open orders, and of conditional ones: the same, and it ends with the row', async () => {
    for (const path of ['/fapi/v1/openOrders', '/fapi/v1/openAlgoOrders']) {
      await showOdd(path, { side: 'UP', clientOrderId: 'odd', clientAlgoId: 'odd' });
      const other = await world.place(openEth, bob);
      assert.notEqual(other.body.decision.decision, 'BLOCK', `${path}: ${JSON.stringify(other.body.decision.reasons)}`);
      await showPlain();
    }
  });

  const [opened, refused] = ['filled', 'STATE_REDUCING'];
  const open = async (token: string, change: object): Promise<string | undefined> => {
    const { body } = await world.place(change, token);
    return body.decision.decision === 'BLOCK' ? body.decision.reasons[0]?.code : body.execution.state;
  };

  it('of placed orders, which the first opening of a symbol is followed by a reading of: the same', async () => {
    await world.advance(61_000);
    await world.fault({ ...ODD_PLACED, ms: 10_000_000 });
    assert.equal(await open(alice, { requested_notional: 300 }), opened);
    await until(
      'it was read',
      world.advancing(1_000, () => isHeld()),
    );
    assert.equal(await open(alice, { requested_notional: 300 }), refused);
    assert.equal(await open(bob, openEth), opened);
    await showPlain();
    assert.equal(await open(alice, { requested_notional: 300 }), opened);
  });

  it('of placed orders, at a start: the same, however long ago it began', async () => {
    await world.fault({ ...ODD_PLACED, ms: 10_000_000 });
    await world.restart();
    await world.advance(300_000);
    assert.ok(isHeld());
    assert.equal(await open(alice, { requested_notional: 300 }), refused);
    assert.equal(await open(bob, openEth), opened);
    await showPlain();
    assert.equal(await open(alice, { requested_notional: 300 }), opened);
  });

  it('of placed orders: a restart soon after it forgets nothing', async () => {
    await world.tool('close_position', { symbol: 'BTCUSDT' }, alice);
    await world.tool('close_position', { symbol: 'ETHUSDT' }, bob);
    await world.refresh();
    // What the account has placed is compared now, and counts for the next start.
    await world.restart();
    await world.fault({ ...ODD_PLACED, ms: 10_000_000 });
    assert.equal(await open(alice, { requested_notional: 300 }), opened);
    await until(
      'it was read',
      world.advancing(1_000, () => isHeld()),
    );
    await world.restart();
    assert.ok(isHeld());
    assert.equal(await open(alice, { requested_notional: 300 }), refused);
    assert.equal(await open(bob, openEth), opened);
    await showPlain();
    assert.equal(await open(alice, { requested_notional: 300 }), opened);
  });

  it('in a second list: both are on record, and what the first one shows again lifts the first one alone', async () => {
    const reasons = (): readonly string[] | undefined =>
      world.daemon.gate.core.state.layers.get('boot|symbol|BTCUSDT')?.reason.split('; ');
    const [position, placed] = ['a row of its position cannot be read', 'a row of its placed orders cannot be read'];
    await showOdd(POSITIONS, { positionAmt: 'much' });
    assert.deepEqual(reasons(), [position]);
    await world.fault({ ...ODD_PLACED, ms: 10_000_000 });
    // Whose trade it is the placed orders say.
    const human = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.002' };
    await world.hand('POST', '/fapi/v1/order', human);
    const isRead = async (): Promise<boolean> => {
      await world.advance(10_000);
      return reasons()?.includes(placed) === true;
    };
    await until('it was read', isRead, 60_000);
    assert.deepEqual(reasons(), [position, placed]);
    await world.control('clear-faults', {});
    await world.fault({ ...ODD_PLACED, ms: 10_000_000 });
    await world.restart();
    assert.deepEqual(reasons(), [placed]);
    await showPlain();
  });

  it('a flatten closes what is known and does not call flat what nobody can read', async () => {
    await showOdd(POSITIONS, { positionAmt: 'much' });
    const { body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { symbols: ['BTCUSDT'], reason: 'test' });
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.match(String(body.note), /could not be read/);
    assert.equal(body.canceled, false);
  });
});
