import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { ExplanationBody } from '../../../../daemon/contract/explanation.ts';
import type { FillsBody, OrderBody } from '../../../../daemon/contract/types/reads.ts';
import { order, type ToolBody, until } from '../../../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const codesOf = ({ decision }: ToolBody): string[] => decision.reasons.map(({ code }) => code);

describe('what an answer says of fills, misses and repeats', () => {
  const world = suiteWorld({
    policy: { 'temporal.flip_interval_ms': 1, 'temporal.breaker.repeats': 100, ...WITHOUT_COOLDOWNS },
  });
  let other: string;
  before(async () => {
    other = world.createAgent('other');
  });

  const read = async (id: string): Promise<ToolBody> => (await world.call<ToolBody>('GET', `/v1/decisions/${id}`)).body;
  const fills = async (query = '', token?: string): Promise<FillsBody> =>
    (await world.call<FillsBody>('GET', `/v1/fills${query}`, undefined, token)).body;

  it('SAE-AUDIT what bound an order, and its arithmetic, are the same in the answer, on reading, and in explain [AN-35]', async () => {
    const { body } = await world.place({ requested_notional: 5_000 });
    assert.equal(body.decision.decision, 'LIMIT', JSON.stringify(body.decision.reasons));
    const { decision_id: id, bound_by: boundBy, arithmetic } = body.decision;
    assert.ok(boundBy !== null && codesOf(body).includes(boundBy));
    assert.match(arithmetic.line ?? '', / -> 0\.\d{3} BTC at [\d,.]+ \(one lot is [\d.]+\)$/);
    const again = await read(id);
    assert.deepEqual([again.decision.bound_by, again.decision.arithmetic], [boundBy, arithmetic]);
    const { status, body: why } = await world.call<ExplanationBody>('GET', `/v1/decisions/${id}/explain`);
    assert.deepEqual([status, why.bound_by, why.arithmetic], [200, boundBy, arithmetic]);
    assert.deepEqual(
      new Set(why.rules?.map(({ rule }) => rule)),
      new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]),
    );
    assert.equal((await world.call('GET', `/v1/decisions/${id}/explain`, undefined, other)).status, 404, 'of another');
  });

  it('fills, fees and realised profit are those of the exchange, in pages, and an agent sees its own [AN-57 AN-58 AN-85 AN-86 AN-87 AN-88 AN-89 AN-91]', async () => {
    const closed = (await world.tool('close_position', { symbol: 'BTCUSDT' })).body;
    const { decision_id: id } = closed.decision;
    await until('the exchange has told fee and profit', async () => {
      const { execution } = await read(id);
      return execution.state === 'filled' && execution.orders.every(({ fee_usdt: fee }) => fee !== null);
    });
    const { orders } = (await read(id)).execution;
    const reported = (await fills()).fills;
    const own = reported.filter(({ decision_id }) => decision_id === id);
    const sum = (
      of: readonly { fee_usdt: number | null; realised_pnl_usdt: number | null }[],
      key: 'fee_usdt' | 'realised_pnl_usdt',
    ) => of.reduce((total, each) => total + (each[key] ?? Number.NaN), 0);
    assert.ok(own.length > 0 && own.every(({ agent, side }) => agent === own[0]?.agent && side === 'sell'));
    for (const key of ['fee_usdt', 'realised_pnl_usdt'] as const)
      assert.ok(Math.abs(sum(orders, key) - sum(own, key)) < 1e-6, key);
    assert.ok(sum(own, 'fee_usdt') > 0 && sum(own, 'realised_pnl_usdt') !== 0);
    const told = (await world.operator<FillsBody>('GET', '/v1/fills')).body.fills;
    for (const { seq, trade_id, holder } of told) {
      const record = world.daemon.ledger.readEvent(seq)?.payload as { readonly trade_id?: string };
      assert.deepEqual([record.trade_id, holder], [trade_id, 'agent']);
    }
    assert.deepEqual(
      told.map(({ seq }) => seq).toSorted((a, b) => b - a),
      told.map(({ seq }) => seq),
      'newest first',
    );
    const opened = reported.filter(({ side }) => side === 'buy');
    assert.ok(opened.length > 0 && opened.every(({ realised_pnl_usdt: usdt }) => usdt === 0));
    const [decided, filled] = [closed.decision.at_ms, own[0]?.at_ms ?? 0];
    assert.ok(filled >= decided && filled - decided < 10_000, `${decided}, ${filled}`);
    const first = await fills('?limit=1');
    const second = await fills(`?limit=1&cursor=${first.next}`);
    assert.deepEqual([first.fills, second.fills], [reported.slice(0, 1), reported.slice(1, 2)]);
    assert.deepEqual((await fills('', other)).fills, []);
    assert.equal((await world.operator<FillsBody>('GET', '/v1/fills')).body.fills.length, reported.length);
    assert.equal((await world.call('GET', '/v1/fills?cursor=x')).status, 400);
    await world.restart();
    assert.deepEqual((await fills()).fills, reported, 'after a restart');
  });

  it('BY-11 an order that found nobody within its bound says how far the quote was, and is no duplicate of itself [AN-259 AN-260]', async () => {
    const ask = order({ max_slippage_bps: 0, requested_notional: 300 });
    const { body } = await world.tool('place_order', ask);
    await until('it has expired', async () => (await read(body.decision.decision_id)).execution.state === 'expired');
    const { execution } = await read(body.decision.decision_id);
    assert.match(
      execution.note ?? '',
      /^nothing was filled within [\d.]+; the ask was [\d.]+ when it was decided, [\d.]+ bps beyond that: /,
    );
    const again = await world.tool('place_order', ask);
    assert.notEqual(again.body.decision.decision, 'BLOCK', codesOf(again.body).join());
  });

  it('BY-11 one that was filled is a duplicate for as long as retry_after_ms says, and an order then [AN-25]', async () => {
    const ask = order({ requested_notional: 200 });
    const first = await world.tool('place_order', ask);
    assert.notEqual(first.body.decision.decision, 'BLOCK');
    const again = (await world.tool('place_order', ask)).body;
    assert.ok(codesOf(again).includes('DUPLICATE_INTENT'));
    const waitMs = again.decision.retry_after_ms ?? 0;
    assert.ok(waitMs > 0 && waitMs <= 10_001, `${waitMs} ms`);
    const orders = async () => (await world.call<{ orders: OrderBody[] }>('GET', '/v1/orders')).body.orders.length;
    const before = await orders();
    await world.advance(waitMs);
    assert.ok(!codesOf((await world.tool('place_order', ask)).body).includes('DUPLICATE_INTENT'));
    assert.equal(await orders(), before + 1);
  });

  it('BY-08 an open against the position is refused and not turned into an exit; one that asks to reduce is an exit', async () => {
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    const against = order({ side: 'sell', requested_notional: 60.5 });
    const { body } = await world.tool('place_order', against);
    assert.equal(body.decision.decision, 'BLOCK');
    const reason = body.decision.reasons.find(({ code }) => code === 'AGAINST_POSITION');
    assert.match(reason?.hint ?? '', /close_position/);
    assert.equal(await world.position('BTCUSDT'), held);
    const reduces = (await world.tool('place_order', { ...against, reduce_only: true })).body;
    assert.deepEqual([reduces.decision.decision, reduces.decision.effective?.action], ['ALLOW', 'exit']);
  });
});
