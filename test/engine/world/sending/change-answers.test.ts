import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { MAX_CHANGES } from '../../../../daemon/engine/callers/requests.ts';
import { type ToolBody, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const LIMIT = { order_type: 'limit', limit_price: 59_000 };

describe('what the answer to modify_order, cancel_order and cancel_all says of the venue', () => {
  const world = suiteWorld();
  afterEach(async () => {
    await world.tool('cancel_all', {});
    await until(
      'no order is left',
      world.refreshing(() => world.daemon.gate.openOrderCount() === 0),
    );
    await world.advance(60_000);
  });

  const rest = async (notional: number, more: object = {}): Promise<string> => {
    const { body } = await world.place({ ...LIMIT, requested_notional: notional, ...more });
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const reread = async (body: ToolBody): Promise<ToolBody['execution']> =>
    (await world.call<ToolBody>('GET', `/v1/decisions/${body.decision.decision_id}`)).body.execution;
  const refuse = (method: string, code: number, msg: string): Promise<void> =>
    world.fault({ kind: 'error', code, msg, status: 400, match: { method, path: '/fapi/v1/order' } });
  const statuses = (execution: ToolBody['execution']): readonly unknown[] =>
    execution.orders.map((entry) => [entry.client_order_id, entry.status]);

  it('a modify that the venue refused says so with its text, now, later and after a restart', async () => {
    const id = await rest(240);
    await refuse('PUT', -4028, 'Leverage is smaller than permitted.');
    const { body } = await world.tool('modify_order', { client_order_id: id, requested_notional: 177 });
    assert.equal(body.decision.decision, 'ALLOW', 'the gate permitted it');
    assert.equal(body.execution.state, 'rejected', 'the venue did not');
    assert.match(body.execution.note ?? '', /as it was: .*Leverage is smaller than permitted/);
    assert.deepEqual(statuses(body.execution), [[id, 'working']], 'the order is still there');
    assert.deepEqual(await reread(body), body.execution, 'get_decision says the same');
    const second = await world.must('working', 'modify_order', { client_order_id: id, requested_notional: 177 });
    assert.equal(second.execution.note, null, 'of which there is nothing to say');
    await world.restart();
    const later = await reread(body);
    assert.deepEqual([later.state, later.note], ['rejected', body.execution.note], 'each decision keeps its own end');
    assert.equal((await reread(second)).note, null, 'the second, too, whatever became of its order since');
  });

  it('a cancel that the venue did not take says so, and the later proof shows', async () => {
    const id = await rest(240);
    await refuse('DELETE', -4999, 'Cancel is refused today.');
    const { body } = await world.tool('cancel_order', { client_order_id: id });
    assert.equal(body.decision.decision, 'ALLOW', 'a cancel is permitted');
    assert.deepEqual(statuses(body.execution), [[id, 'working']], 'the order rests still');
    assert.match(body.execution.note ?? '', /1 of 1 not canceled yet.*Cancel is refused today/);
    await until(
      'the daemon asked again',
      world.refreshing(async () => (await reread(body)).state === 'canceled'),
    );
    assert.equal((await reread(body)).note, null, 'canceled as asked');
  });

  it('cancel_all names the orders that it concerned, and each with its end [TD-13 TF-20]', async () => {
    const first = await rest(240);
    const second = await rest(180, { limit_price: 58_000 });
    await refuse('DELETE', -4999, 'Cancel is refused today.');
    const { body } = await world.tool('cancel_all', {});
    assert.deepEqual(body.execution.orders.map((entry) => entry.client_order_id).sort(), [first, second].sort());
    assert.equal(body.execution.orders.filter((entry) => entry.status === 'canceled').length, 1, 'one of both');
    assert.match(body.execution.note ?? '', /1 of 2 not canceled yet/);
    const { body: dry } = await world.call<ToolBody>('POST', '/v1/dry-run/cancel_all', {});
    assert.deepEqual([dry.execution.state, dry.execution.orders], ['none', []], 'a dry run changes nothing');
  });

  it('cancel_all without orders says that there was none', async () => {
    const { body } = await world.tool('cancel_all', {});
    assert.deepEqual([body.execution.state, body.execution.orders], ['none', []]);
    assert.equal(body.execution.note, 'there was no order to cancel');
  });

  it('a take-profit that its agent amends to nothing is canceled by its agent: nobody is alerted', async () => {
    const held = await world.mustPlace('filled', { requested_notional: 300 });
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000 };
    const asked = await world.mustPlace('working', { ...exit, requested_notional: 300 });
    const [resting] = asked.execution.orders;
    const nothing = { client_order_id: resting?.client_order_id, requested_notional: 0.01 };
    const { body } = await world.tool('modify_order', nothing);
    assert.equal(body.decision.effective?.action, 'cancel', JSON.stringify(body.decision.reasons));
    await world.refresh();
    const { state, note } = await reread(asked);
    assert.deepEqual([state, note], ['canceled', 'canceled by its caller']);
    assert.equal(world.daemon.gate.core.state.alerts.count, 0);
    assert.notEqual(held.decision.decision, 'BLOCK');
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });

  it('records a refusal that goes on once, not at every attempt', async () => {
    const id = await rest(240);
    for (let i = 0; i < 3; i += 1) await refuse('DELETE', -4999, 'Cancel is refused today.');
    await world.tool('cancel_order', { client_order_id: id });
    await until(
      'it is canceled',
      world.refreshing(() => world.daemon.gate.openOrderCount() === 0),
    );
    const reported = [...world.daemon.ledger.iterateEvents({ kind: 'order_intent' })].filter((event) => {
      const intent = event.payload as { action: string; client_order_id: string };
      return intent.action === 'cancel_failed' && intent.client_order_id === id;
    });
    assert.equal(reported.length, 1, 'the same words are recorded once');
  });

  it('keeps a bounded number of changes and says when one is no longer kept', async () => {
    const { body } = await world.tool('cancel_all', {});
    const { changes, layers, orders } = world.daemon.gate.core.state;
    const stored = world.daemon.ledger.findDecision(body.decision.decision_id);
    const event = stored?.payload as Parameters<typeof changes.begin>[0];
    for (let i = 0; i < MAX_CHANGES; i += 1)
      changes.begin({ ...event, decision: { ...event.decision, decision_id: `later-${i}` } }, orders, layers, 0);
    assert.equal(changes.find(body.decision.decision_id), null, 'the oldest is let go');
    assert.match((await reread(body)).note ?? '', /get_orders shows/);
  });
});
