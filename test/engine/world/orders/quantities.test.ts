import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { auditorOf } from '../../../../daemon/boot/ledger/audit-span.ts';
import { readDecisionRecord } from '../../../../daemon/core/record-text/read-record.ts';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { order, type ToolBody } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

/** What one order may be by the operator's schema, USDT. A market order of 20 bps at 60,000 is sized at 60,120. */
const MAX_USDT = 250;

describe('orders that say their size in the base asset', () => {
  const world = suiteWorld({
    policy: (spec) => {
      // No jump of the price makes it another regime.
      spec.market.volatility.jump_sigma = 1000;
      spec.market.volatility.volatile = 900;
      spec.market.volatility.extreme = 1000;
      spec.market.volatility.absolute = { volatile: 9, extreme: 10 };
      spec.budgets.fees_usdt_per_day = 100;
      spec.tools.place_order = {
        args: {
          type: 'object',
          properties: { requested_notional: { maximum: MAX_USDT } },
          required: ['requested_notional'],
        },
      };
    },
  });
  beforeEach(async () => {
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.setMark('BTCUSDT', 60_000);
    await world.advance(600_000);
    await world.untilReady();
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
  });
  const coins = (quantity: number, change: object = {}) =>
    order({ quantity, requested_notional: undefined, ...change });
  const place = async (args: object): Promise<ToolBody> => (await world.tool('place_order', args)).body;
  const codesOf = ({ decision }: ToolBody): readonly string[] => decision.reasons.map(({ code }) => code);

  it('sends so many lots, and tells what was asked in both units', async () => {
    const { decision } = await place(coins(0.003));
    assert.equal(decision.decision, 'ALLOW', JSON.stringify(decision.reasons));
    assert.equal(await world.position('BTCUSDT'), 0.003);
    assert.deepEqual(decision.asked, { notional: 180.36, quantity: '0.003' });
    const { effective } = decision;
    assert.deepEqual([effective?.quantity, effective?.requested_quantity], ['0.003', '0.003']);
  });

  it('holds a quantity to what the operator’s schema says of its notional, at the price at which it is sized [PK-70]', async () => {
    for (const [args, isHeld] of [
      [coins(0.004), false],
      [coins(0.005), true],
      [coins(0.0041585), true],
      [coins(0.004, { order_type: 'limit', limit_price: 50_000 }), false],
      [coins(0.006, { order_type: 'limit', limit_price: 50_000 }), true],
      // It would fill at the market: by its own limit it were worth 10 USDT.
      [coins(0.01, { side: 'sell', order_type: 'limit', limit_price: 1_000 }), true],
      [order({ requested_notional: MAX_USDT + 1 }), true],
    ] as const) {
      const { body } = await world.dryRun('place_order', args);
      const said = JSON.stringify([args, body.decision.reasons]);
      assert.equal(codesOf(body).includes('SCHEMA_ARGS'), isHeld, said);
      if (isHeld) assert.match(String(body.decision.reasons[0]?.observed), /^requested_notional: /, said);
    }
  });

  it('is a duplicate of the same order in the other unit, and of no other', async () => {
    const resting = { order_type: 'limit', limit_price: 50_000 };
    const first = await place(coins(0.004, resting));
    assert.equal(first.decision.decision, 'ALLOW', JSON.stringify(first.decision.reasons));
    for (const [args, expected] of [
      [coins(0.004, resting), ['DUPLICATE_INTENT']],
      [order({ requested_notional: 201, ...resting }), ['DUPLICATE_INTENT']],
      [order({ requested_notional: 151, ...resting }), []],
      [coins(0.003, resting), []],
    ] as const) {
      const { body } = await world.dryRun('place_order', args);
      assert.deepEqual(codesOf(body), expected, JSON.stringify(args));
    }
    await world.tool('cancel_all', {});
    await world.advance(600_000);
    await place(order({ requested_notional: 201, ...resting }));
    const { body } = await world.dryRun('place_order', coins(0.004, resting));
    assert.deepEqual(codesOf(body), ['DUPLICATE_INTENT'], 'the other way round');
  });

  it('binds its request id to unit and amount', async () => {
    const first = await place(coins(0.002, { request_id: 'coins' }));
    const again = await place(coins(0.002, { request_id: 'coins' }));
    assert.equal(again.decision.decision_id, first.decision.decision_id);
    for (const args of [
      coins(0.003, { request_id: 'coins' }),
      order({ request_id: 'coins', requested_notional: 120.24 }),
    ])
      assert.equal((await world.tool('place_order', args)).status, 409);
  });

  it('closes by a quantity what is held, and no more than that', async () => {
    await place(coins(0.004));
    const exit = coins(0.003, { intent: 'close', side: 'sell' });
    assert.equal((await place(exit)).decision.decision, 'ALLOW');
    assert.equal(await world.position('BTCUSDT'), 0.001);
    assert.deepEqual(codesOf(await place(exit)), ['EXIT_CLIPPED']);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('is recorded as it was sent, and derives again from the record alone [LE-118]', async () => {
    const { decision } = await place(coins(0.0029));
    const { ledger } = world.daemon;
    const auditor = auditorOf(ledger);
    let seen = 0;
    for (let seq = 1; seq <= ledger.lastSeq(); seq += 1) {
      const event = ledger.readEvent(seq);
      if (event === null) continue;
      assert.deepEqual(auditor.fold(event), { ok: true }, `${seq}`);
      if (event.kind !== 'decision') continue;
      assert.deepEqual(auditor.rederive(event), { ok: true }, `${seq}`);
      const { decision: recorded, request } = readDecisionRecord(event.payload, seq, event.at_ms) as DecisionEvent;
      if (recorded.decision_id !== decision.decision_id) continue;
      seen += 1;
      assert.deepEqual([request.quantity, request.requested_notional], [0.0029, null]);
    }
    assert.equal(seen, 1);
  });
});
