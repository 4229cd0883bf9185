import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, it } from 'node:test';
import type { TradingArgs } from '../../../../daemon/contract/types/trading-calls.ts';
import type { Caller } from '../../../../daemon/engine/records/callers.ts';
import { parsePolicy } from '../../../../daemon/policy/parse.ts';
import { order, type ToolBody, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const AGENT: Caller = { role: 'agent', agent: 'agent', tokenId: 't', skillSha256: null };
const OPERATOR: Caller = { role: 'operator', agent: 'operator', tokenId: 'o', skillSha256: null };

describe('what comes between a decision and its send', () => {
  const world = suiteWorld();
  beforeEach(async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.advance(61_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
    // A breaker that the venue's refusal opened closes with the next reading of the account.
    await until(
      'trading is active',
      world.refreshing(async () => (await world.tradingState()).state === 'active'),
    );
  });

  const place = async (args: object): Promise<string> => {
    const { body } = await world.place(args);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const intentsOf = (id: string): readonly string[] =>
    world
      .records<{ readonly action: string; readonly client_order_id: string }>('order_intent')
      .filter((intent) => intent.client_order_id === id)
      .map((intent) => intent.action);
  const priceAtVenue = async (id: string): Promise<number> =>
    Number((await world.books()).orders.find((entry) => entry.client_order_id === id)?.price);
  const modify = (id: string, limitPrice: number): Promise<unknown> =>
    world.run(
      world.daemon.gate.runTool(AGENT, {
        tool: 'modify_order',
        args: { client_order_id: id, limit_price: limitPrice },
      } as TradingArgs),
    );
  /** Puts the next decision on disk `ms` late. */
  const delayCommit = (ms: number): void => {
    const { ledger } = world.daemon.gate.core.ports;
    const appendNow = ledger.appendNow.bind(ledger);
    ledger.appendNow = (records) => {
      const pending = appendNow(records);
      if (records[0]?.kind !== 'decision') return pending;
      ledger.appendNow = appendNow;
      return { ...pending, committed: pending.committed.then(() => world.sleep(ms)) };
    };
  };
  /** Puts what becomes of orders and exits on disk `ms` late; tells what of it is not there yet. */
  const delayOutcomes = (ms: number): { readonly missing: () => readonly string[]; readonly end: () => void } => {
    const { ledger } = world.daemon.gate.core.ports;
    const appendNow = ledger.appendNow.bind(ledger);
    const missing: string[] = [];
    let last: Promise<void> = Promise.resolve();
    ledger.appendNow = (records) => {
      const pending = appendNow(records);
      const { kind, payload } = records[0] as { readonly kind: string; readonly payload: Record<string, unknown> };
      const what = `${kind} ${payload.client_order_id ?? payload.decision_id}`;
      const isLate = kind === 'order' || kind === 'exit_target';
      if (isLate) missing.push(what);
      last = Promise.all([last, pending.committed]).then(async () => {
        if (!isLate) return;
        await world.sleep(ms);
        missing.splice(missing.indexOf(what), 1);
      });
      return { ...pending, committed: last };
    };
    const end = (): void => {
      ledger.appendNow = appendNow;
    };
    return { missing: () => [...missing], end };
  };
  /** An order that waits 300 ms for its leverage setting while `happens` happens. */
  const openAmid = async (leverage: number, happens: () => unknown): Promise<void> => {
    await world.fault({ kind: 'delay', ms: 300, match: { method: 'POST', path: '/fapi/v1/leverage' } });
    const { orders } = world.daemon.gate.core.state;
    const before = orders.all.size;
    const asked = world.place({ requested_leverage: leverage, requested_notional: 240 });
    await until('the order is decided', () => orders.all.size > before);
    await world.run(Promise.resolve(happens()));
    const { body } = await asked;
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until('the order has ended', () => world.daemon.gate.openOrderCount() === 0);
  };

  it('a record between the snapshot and the reservation: the ledger takes no decision for another place', async () => {
    const { core } = world.daemon.gate;
    const { orders } = core.state;
    const inputs = core.market.inputs.bind(core.market);
    const before = orders.all.size;
    core.market.inputs = (nowMs) => {
      core.market.inputs = inputs;
      core.append('alert', { code: 'TEST', detail: 'in between', symbol: null });
      return inputs(nowMs);
    };
    const call = { tool: 'place_order', args: order({ requested_notional: 240 }) } as TradingArgs;
    await assert.rejects(world.run(world.daemon.gate.runTool(AGENT, call)), { code: 'LEDGER_ARGUMENT' });
    assert.equal(orders.all.size, before, 'nothing was reserved');
    await place({ requested_notional: 240 });
  });

  it('BY-16 a halt: an amend that was decided before it is not sent', async () => {
    const id = await place({ order_type: 'limit', limit_price: 59_000, requested_notional: 600 });
    const asked = modify(id, 60_050);
    const halted = world.daemon.gate.setTradingState(OPERATOR, { state: 'halted', reason: 'test' });
    await Promise.all([asked, world.run(halted)]);
    await world.refresh();
    assert.equal(await priceAtVenue(id), 59_000, 'as it rested');
    assert.equal(await world.position('BTCUSDT'), 0, 'nothing was filled');
    assert.ok(intentsOf(id).includes('amend_failed'), intentsOf(id).join());
    assert.equal(world.daemon.gate.core.state.orders.all.get(id)?.amend, null, 'the other form no longer counts');
  });

  it('BY-36 the venue refuses us: an amend of a take-profit is not sent either', async () => {
    await place({ requested_notional: 240 });
    const takeProfit = { intent: 'close', side: 'sell', requested_notional: 65, order_type: 'limit' };
    const id = await place({ ...takeProfit, limit_price: 61_000 });
    const asked = modify(id, 61_100);
    world.daemon.gate.core.append('state', {
      clears_at_ms: null,
      clears_when: 'the venue answers again',
      layer: 'breaker',
      name: null,
      reason: 'the venue refuses us: -1015',
      scope: 'account',
      set_by: 'venue',
      state: 'reducing',
    });
    await asked;
    assert.equal(await priceAtVenue(id), 61_000, 'as it rested');
    assert.deepEqual(intentsOf(id), ['amend_failed']);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  });

  it('BY-41 time: the deadline of an opening order runs from its decision, and an exit has none', async () => {
    delayCommit(600);
    await world.mustPlace('rejected', { requested_notional: 240 });
    assert.equal(await world.position('BTCUSDT'), 0, 'nothing was filled');
    await world.advance(61_000);
    await place({ requested_notional: 360 });
    assert.ok((await world.position('BTCUSDT')) > 0, 'one in time is filled');
    delayCommit(600);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  });

  it('BY-41 after valid_until_ms nothing is opened, and an exit goes on [TD-39 TF-8 TF-9 AN-1]', async () => {
    await place({ requested_notional: 420 });
    const over = { valid_until_ms: world.nowMs() - 1, order_type: 'market', requested_notional: 240 };
    const opened = await world.place({ ...over, symbol: 'ETHUSDT' });
    assert.equal(opened.body.decision.reasons[0]?.code, 'STALE_REQUEST');
    await world.mustPlace('filled', { ...over, intent: 'close', side: 'sell' });
  });

  describe('BY-32 an end that is told is on disk: lost with the process, the exit would go on after the restart', () => {
    const run = async (tool: string, args: object): Promise<ToolBody> => {
      const outcome = await world.daemon.gate.runTool(AGENT, { tool, args } as TradingArgs);
      assert.equal(outcome.kind, 'decided');
      return JSON.parse((outcome as { readonly text: string }).text) as ToolBody;
    };
    const close = (id: string): Promise<ToolBody> =>
      run('close_position', { fraction: 0.5, request_id: id, symbol: 'BTCUSDT' });
    const takeProfit = (): Promise<ToolBody> => {
      const exit = { intent: 'close', side: 'sell', requested_notional: 65, order_type: 'limit', limit_price: 61_000 };
      return run('place_order', order({ ...exit, request_id: 'take-profit' }));
    };
    /** Asks at once, cancels all of it in the same turn, and asks again; returns the orders that are told to be over. */
    const askAndCancel = async (asks: readonly (() => Promise<ToolBody>)[]): Promise<readonly boolean[]> => {
      delayCommit(200);
      const { all } = world.daemon.gate.core.state.orders;
      const before = new Set(all.keys());
      const asked = asks.map((ask) => ask());
      const ids = [...all.keys()].filter((id) => !before.has(id));
      assert.equal(ids.length, asks.length, 'all are decided');
      const outcomes = delayOutcomes(300);
      const cancels = ids.map((id) => run('cancel_order', { client_order_id: id }));
      // What waits is canceled already, and what is on its way ends while the repeat waits for the record of that.
      const again = asks.map((ask) => world.sleep(50).then(ask));
      const over = await noteEnds(outcomes, [...asked, ...cancels, ...again]);
      return ids.map((id) => over.includes(id));
    };
    const noteEnds = async (
      outcomes: ReturnType<typeof delayOutcomes>,
      asked: readonly Promise<ToolBody>[],
    ): Promise<readonly string[]> => {
      const over: string[] = [];
      const note = async (each: Promise<ToolBody>): Promise<void> => {
        const { decision, execution } = await each;
        if (!['canceled', 'expired'].includes(execution.state)) return;
        const missing = outcomes.missing();
        assert.ok(!missing.includes(`exit_target ${decision.decision_id}`), 'the end of an exit');
        for (const { client_order_id: id } of execution.orders) {
          over.push(id);
          assert.ok(!missing.includes(`order ${id}`), `the end of ${id}`);
        }
      };
      await world.run(Promise.all(asked.map(note)));
      outcomes.end();
      return over;
    };

    it('one that had not left when it was canceled, and one that waited for it', async () => {
      await place({ requested_notional: 360 });
      assert.deepEqual(await askAndCancel([() => close('first'), () => close('second')]), [true, true]);
    });
    it('a reading waits for it as well', async () => {
      await place({ requested_notional: 360 });
      delayCommit(200);
      const { all } = world.daemon.gate.core.state.orders;
      const before = new Set(all.keys());
      const closing = close('read');
      const [id] = [...all.keys()].filter((each) => !before.has(each));
      assert.ok(id !== undefined);
      const outcomes = delayOutcomes(300);
      const canceling = run('cancel_order', { client_order_id: id });
      const path = `/v1/decisions/${all.get(id)?.decisionId}`;
      let reported = 0;
      const read = async (): Promise<void> => {
        const [orders, { body: decision }] = await Promise.all([world.orders(), world.call<ToolBody>('GET', path)]);
        const listed = orders.find((each) => each.client_order_id === id)?.status;
        if (listed !== 'canceled' && decision.execution.state !== 'canceled') return;
        reported += 1;
        assert.deepEqual(outcomes.missing(), []);
      };
      await world.run(Promise.all([50, 100, 200, 400].map((ms) => world.sleep(ms).then(read))));
      assert.ok(reported > 0);
      await world.run(Promise.all([closing, canceling]));
      outcomes.end();
    });
    it('a take-profit that had not left', async () => {
      await place({ requested_notional: 360 });
      assert.deepEqual(await askAndCancel([takeProfit]), [true]);
    });
    it('one that no rung of the ladder filled', async () => {
      await place({ requested_notional: 360 });
      const match = { method: 'POST', path: '/fapi/v1/order' };
      const { length: count } = world.daemon.gate.core.policySpec.exits.ladder_bps;
      await world.fault({ kind: 'partial-fill', fraction: 0, match, count });
      const over = await noteEnds(delayOutcomes(50), [close('never')]);
      assert.equal(over.length, count, 'each rung expired');
    });
  });

  it('SAE-TRUST a signal: an order decided before it is not sent', async () => {
    const scope = { symbol: 'BTCUSDT' };
    await openAmid(2, async () => {
      const signal = { kind: 'anomaly', scope, severity: 1, ttl_ms: 30_000 };
      assert.equal((await world.call('POST', '/v1/signals', signal, world.token('monitor'))).status, 200);
    });
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('another policy: an order decided before it is not sent', async () => {
    const text = readFileSync(world.policyPath, 'utf8').replace(/(order_notional_usdt: *)\d+/, '$1100');
    const parsed = parsePolicy(text, world.policyPath);
    assert.ok(parsed.ok, 'a policy');
    const { gate } = world.daemon;
    const before = gate.core.policyHash;
    await openAmid(1, () => gate.policies.offer({ ok: true, policy: parsed.policy, warnings: [] }, 'file'));
    assert.notEqual(gate.core.policyHash, before, 'it is in force');
    assert.equal(await world.position('BTCUSDT'), 0);
  });
});
