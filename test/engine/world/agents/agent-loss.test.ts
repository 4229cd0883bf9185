import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { DaemonWorld, order } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const DAY_MS = 86_400_000;

describe('an agent with tiers on its own loss', () => {
  const world = suiteWorld({
    leaveOrders: true,
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      spec.account.concentration = { share: 0.99, floor_usdt: 3_000 };
      const { calm } = spec.market.regimes;
      spec.market.regimes = { calm, volatile: { ...calm }, extreme: { ...calm } };
      spec.account.daily_loss.tiers = [];
      spec.account.drawdown.tiers = [];
      spec.agents = {
        default: {},
        agent: {
          loss: {
            day: [
              { at_usdt: 10, multiplier: 0.5 },
              { at_usdt: 20, reduce_only: true },
            ],
            week: [{ at_usdt: 45, reduce_only: true }],
          },
        },
      };
    },
  });
  let other: string;
  before(async () => {
    other = world.createAgent('other');
    // Accounts begin after their first reading. The regime is extreme from here on, so that no label rises later.
    await world.advance(5_000);
    await world.setMark('BTCUSDT', 57_000);
    await world.advance(5_000);
    await world.setMark('BTCUSDT', 60_000);
    await world.advance(5_000);
  });

  const ask = async (token?: string, more: object = {}) =>
    (await world.dryRun('place_order', order({ requested_notional: 900, ...more }), token)).body.decision;
  /** Wallet and unrealised profit, by the exchange's books. */
  const worth = async (): Promise<number> => {
    const { wallet_balance_usdt: wallet, positions } = await world.books();
    return positions.reduce(
      (sum, { quantity, mark_price: mark, ...row }) =>
        sum + Number(quantity) * (Number(mark) - Number((row as { entry_price?: string }).entry_price ?? mark)),
      Number(wallet),
    );
  };
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      await world.sleep(2_500);
      await world.advance(1_000);
    }
  };

  it('SAE-U is told by the exchange: fees and the change of what it holds, and it alone [PK-162]', async () => {
    const before = await worth();
    await world.mustPlace('filled', { requested_notional: 900 });
    await settle();
    await world.setMark('BTCUSDT', 59_400);
    await settle();
    const decision = await ask();
    const reported = decision.verdicts.find(({ code }) => code === 'AGENT_LOSS');
    const lost = before - (await worth());
    assert.ok(
      lost > 5 && Math.abs(Number(reported?.observed) - lost) < 0.02,
      `${reported?.observed} told, ${lost} lost`,
    );
    assert.ok(!(await ask(other)).verdicts.some(({ code }) => code === 'AGENT_LOSS'));
  });

  it('SAE-U tightens from its tier on, and cancels what rests and no longer fits; nobody else [TM-20 PK-159 PK-162]', async () => {
    const rest = (token?: string) =>
      world.place(
        {
          order_type: 'limit',
          requested_notional: 400,
          ...(token === other ? { symbol: 'ETHUSDT', limit_price: 2_800 } : { limit_price: 56_000 }),
        },
        token,
      );
    const regime = (await world.limits('BTCUSDT')).symbols[0]?.regime;
    for (const token of [undefined, other]) {
      const { body } = await rest(token);
      assert.equal(body.execution.state, 'working', JSON.stringify(body.decision.reasons));
    }
    // What is new is reviewed once: that is over before the tier is reached.
    await settle();
    await world.setMark('BTCUSDT', 58_900);
    await settle();
    const tightened = await ask();
    assert.ok(
      tightened.reasons.some(({ code }) => code === 'AGENT_LOSS'),
      JSON.stringify(tightened.reasons),
    );
    const free = await ask(other);
    assert.ok(
      free.reasons.some(({ code }) => code === 'SYMBOL_HELD'),
      JSON.stringify(free.reasons),
    );
    assert.ok(Math.abs(tightened.constraints.notional_cap - free.constraints.notional_cap / 2) < 1e-6);
    assert.ok(!free.reasons.some(({ code }) => code === 'AGENT_LOSS'));
    // The other tier of the day is next; how much has been lost, and how much more may be, adds up to it.
    const rowOf = (rows: typeof tightened.arithmetic.rows, label: RegExp) => rows.find((row) => label.test(row.label));
    const today = rowOf(tightened.arithmetic.rows, /own loss today/);
    const week = rowOf(tightened.arithmetic.rows, /own loss of seven days/);
    assert.deepEqual([today?.code, today?.cap, week?.cap], ['AGENT_LOSS', 20, 45]);
    assert.ok(Math.abs((today?.used ?? 0) + (today?.left ?? 0) - 20) < 1e-9 && (today?.used ?? 0) > 10);
    const orderCap = rowOf(tightened.arithmetic.rows, /^order cap/);
    assert.deepEqual(
      [orderCap?.factors.loss, orderCap?.factors.trader],
      [0.5, 1],
      'it is not what its trades look like',
    );
    assert.match(tightened.arithmetic.line ?? '', /x 0\.5 \(own loss\)/);
    assert.ok(!free.arithmetic.rows.some(({ code }) => code === 'AGENT_LOSS'), 'of nobody else');
    const reported = (await world.limits('BTCUSDT')).symbols[0];
    const lines = reported?.budgets.filter(({ code }) => code === 'AGENT_LOSS') ?? [];
    assert.deepEqual(
      lines.map(({ component, limit }) => [component, limit]),
      [
        ['agent_loss_day_usdt', 20],
        ['agent_loss_week_usdt', 45],
      ],
    );
    assert.deepEqual([reported?.factors.loss.notional, reported?.factors.trader.notional], [0.5, 1]);
    await world.setMark('BTCUSDT', 58_000);
    await settle();
    const stopped = await ask();
    assert.deepEqual(
      [stopped.decision, stopped.verdicts.find(({ outcome }) => outcome === 'deny')?.code],
      ['BLOCK', 'AGENT_LOSS'],
    );
    assert.equal(stopped.bound_by, 'AGENT_LOSS');
    assert.match(stopped.arithmetic.line ?? '', /^agent's own loss today 20; used \d+\.\d+; left 0$/);
    const spent = (await world.limits('BTCUSDT')).symbols[0]?.budgets.find(({ code }) => code === 'AGENT_LOSS');
    assert.equal(spent?.remaining, 0);
    assert.equal(openOrders(await world.books()).length, 1, 'that of the other agent rests on');
    assert.deepEqual([regime, (await world.limits('BTCUSDT')).symbols[0]?.regime], ['extreme', 'extreme']);
    const exit = await world.tool('close_position', { symbol: 'BTCUSDT', fraction: 0.5 });
    assert.notEqual(exit.body.decision.decision, 'BLOCK', 'its exits pass');
    await settle();
  });

  it('SAE-U is as large after a restart, and of seven days when the day is over', async () => {
    const lossOf = async (unit: string) =>
      Number(
        (await ask()).verdicts.find((verdict) => verdict.code === 'AGENT_LOSS' && verdict.unit === unit)?.observed,
      );
    const before = [await lossOf('USDT, today'), await lossOf('USDT, 7 days')];
    assert.ok(before[0]! > 20 && Math.abs(before[0]! - before[1]!) < 1e-9, before.join());
    await world.restart();
    await settle();
    const after = [await lossOf('USDT, today'), await lossOf('USDT, 7 days')];
    assert.ok(Math.abs(after[0]! - before[0]!) < 2, `${after.join()} after ${before.join()}`);
    assert.equal((await ask()).decision, 'BLOCK');
    await world.advance(DAY_MS - (world.nowMs() % DAY_MS) - 60_000);
    await world.setMark('BTCUSDT', 57_000);
    await world.advance(62_000);
    await settle();
    const { unrealised_pnl_usdt: held } = (await world.positions())[0] ?? {};
    const today = await lossOf('USDT, today');
    assert.ok(Math.abs(today) < 5 && (held ?? 0) < -15, `${today} today, though ${held} on what is held`);
    assert.ok((await lossOf('USDT, 7 days')) > 15, 'yesterday counts in the week');
  });
});

describe('an agent of whose fills no trade can be read', () => {
  it('SAE-U has lost what they may have cost, until they are read', async (t) => {
    const world = await DaemonWorld.of(t, {
      policy: (spec) => {
        editPolicy(spec, UNPACED);
        const { calm } = spec.market.regimes;
        spec.market.regimes = { calm, volatile: { ...calm }, extreme: { ...calm } };
        spec.account.daily_loss.tiers = [];
        spec.account.drawdown.tiers = [];
        spec.agents = { default: {}, agent: { loss: { day: [{ at_usdt: 20, reduce_only: true }] } } };
      },
    });
    await world.advance(5_000);
    const worth = async (): Promise<number> => Number((await world.account()).equity_usdt);
    const reported = async () =>
      (await world.dryRun('place_order', order({ requested_notional: 300 }))).body.decision.verdicts.find(
        ({ code }) => code === 'AGENT_LOSS',
      );
    const settle = async (): Promise<void> => {
      for (let i = 0; i < 4; i += 1) {
        await world.sleep(2_500);
        await world.advance(1_000);
      }
      await world.refresh();
    };
    const before = await worth();
    await world.fault({
      kind: 'status',
      status: 500,
      count: 100_000,
      match: { method: 'GET', path: '/fapi/v1/userTrades' },
    });
    await world.mustPlace('filled', { requested_notional: 900 });
    await world.setMark('BTCUSDT', 58_000);
    await settle();
    assert.equal([...world.daemon.ledger.iterateEvents({ kind: 'trade' })].length, 0, 'no trade is read');
    const lost = before - (await worth());
    const unread = await reported();
    const counted = Number(unread?.observed);
    // By the bound on its price, which is 10 bps, and the taker's fee.
    assert.ok(lost > 25 && counted >= lost && counted < lost + 2, `${counted} told, ${lost} lost`);
    assert.equal(unread?.outcome, 'deny');
    await world.control('clear-faults', {});
    await settle();
    assert.ok([...world.daemon.ledger.iterateEvents({ kind: 'trade' })].length > 0);
    const read = await reported();
    assert.ok(Math.abs(Number(read?.observed) - lost) < 0.1, `${read?.observed} told, ${lost} lost`);
  });
});
