import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentsBody, ReportBody } from '../../daemon/contract/types/accounts.ts';
import { runAttack } from '../../daemon/evaluation/conformance/run.ts';
import { createExchangeClient } from '../../daemon/evaluation/conformance/under-test/exchange-client.ts';
import { assignClients } from '../../daemon/evaluation/conformance/under-test/executor.ts';
import { createHttpExecutor } from '../../daemon/evaluation/conformance/under-test/http-executor.ts';
import { settleFunding } from '../../daemon/exchange-sim/core/orders/settlement.ts';
import { DaemonWorld, type DaemonWorldOptions, until } from '../daemon/harness.ts';

const SECONDS = 4;
/** Each takes some 6 s. */
const ROUNDS = 30;
const HONEST = ['honest-1', 'honest-2'];
const HOSTILE = ['m', 'n', 'o', 'p'];
const READ_WITHIN_MS = 120_000;
const HELD_WITHIN_MS = 60_000;
const CENT = 0.01;

/** Room to try, so that much is executed. */
const POLICY: NonNullable<DaemonWorldOptions['policy']> = (spec) => {
  spec.budgets.order_rate.max = 200;
  spec.budgets.turnover_usdt_per_day = 200_000;
  spec.budgets.fees_usdt_per_day = 200;
  spec.temporal.flip_interval_ms = 3_000;
  // Else a market that the first round has moved lets nobody trade in the next ones.
  for (const regime of ['calm', 'volatile', 'extreme'] as const) spec.market.regimes[regime].cooldown_ms = 500;
};

/** A loaded machine gets less of an attack done: it is repeated until there is something to report. */
async function attack(world: DaemonWorld): Promise<void> {
  const { url } = world.daemon;
  const executor = createHttpExecutor({ url, socketPath: null, operatorToken: world.token('operator') });
  const exchange = createExchangeClient(world.sim.url, world.sim.simToken);
  try {
    const spec = await executor.readPolicy();
    assert.ok(spec !== null);
    const credential = (agent: string) => ({ agent, token: world.createAgent(agent) });
    const clients = assignClients(11, HONEST.map(credential), HOSTILE.map(credential));
    const { signal } = new AbortController();
    for (let round = 0; round < ROUNDS && !(await isEnough(world)); round += 1)
      await runAttack({
        executor,
        exchange,
        spec,
        ...clients,
        seconds: SECONDS,
        seed: 11 + round,
        requestsPerSecond: 150,
        signal,
      });
  } finally {
    await Promise.all([executor.close(), exchange.close()]);
  }
}

async function isEnough(world: DaemonWorld): Promise<boolean> {
  const { calls, blocks } = countCalls((await world.operator<AgentsBody>('GET', '/v1/agents')).body);
  const fees = [...feesByAgent(world).fees.values()];
  return fees.length > 2 && fees.reduce((sum, fee) => sum + fee, 0) > 0.1 && calls > 50 && blocks > 20;
}

function countCalls({ agents }: AgentsBody): { readonly calls: number; readonly blocks: number } {
  return {
    calls: agents.reduce((sum, { total }) => sum + total.requests, 0),
    blocks: agents.reduce((sum, { total }) => sum + total.blocks, 0),
  };
}

/** USDT by the exchange's books for the orders of each agent; `others`: trades of orders that no agent asked for. */
function feesByAgent(world: DaemonWorld): { readonly fees: ReadonlyMap<string, number>; readonly others: number } {
  const agentOf = new Map<string, string>();
  for (const { payload } of world.daemon.ledger.iterateEvents({ kind: 'decision' })) {
    const { agent, orders, request } = payload as {
      readonly agent: string;
      readonly orders: readonly { readonly client_order_id: string }[];
      readonly request: { readonly origin: string };
    };
    if (request.origin === 'agent') for (const { client_order_id: id } of orders) agentOf.set(id, agent);
  }
  const fees = new Map<string, number>();
  let others = 0;
  for (const { clientOrderId, commission } of world.sim.engine.state.trades) {
    const agent = agentOf.get(clientOrderId);
    if (agent === undefined) others += 1;
    else fees.set(agent, (fees.get(agent) ?? 0) + Number(commission) / 1e8);
  }
  return { fees, others };
}

const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

test("the daily report of a day of attack traffic equals the exchange's books, agent by agent", async (t) => {
  const world = await DaemonWorld.start({ real: true, wall: true, policy: POLICY });
  t.after(() => world.close());
  await attack(world);
  // Somebody holds something when funding is settled.
  await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'the attack is over' });
  const { state } = world.sim.engine;
  const market = state.markets.get('BTCUSDT');
  assert.ok(market !== undefined);
  // What the attack left (an unknown order, a cooldown, a short that this order closes) may refuse it or undo it for a while.
  await until(
    'something is held',
    async () => {
      if (market.position.quantity === 0n) await world.place({ requested_notional: 200 });
      return market.position.quantity !== 0n;
    },
    HELD_WITHIN_MS,
  );
  settleFunding(state, market, 100_000n);

  const ask = async <T>(path: string): Promise<T> => (await world.operator<T>('GET', path)).body;
  const days = [...new Set(state.income.map(({ timeMs }) => dayOf(timeMs)))];
  assert.ok(days.length > 0);
  const reports: ReportBody[] = [];
  await until(
    'every booking and trade is read',
    async () => {
      world.daemon.gate.keeper.schedule.dueNow('income');
      await world.refresh();
      reports.length = 0;
      for (const day of days) reports.push(await ask<ReportBody>(`/v1/report?day=${day}`));
      const rows = state.income.length;
      const reported = [...world.daemon.ledger.iterateEvents({ kind: 'income' })].reduce(
        (sum, { payload }) => sum + (payload as { readonly rows: readonly unknown[] }).rows.length,
        0,
      );
      return reported === rows && reports.every(({ books }) => books?.unconfirmed_usdt === 0);
    },
    READ_WITHIN_MS,
  );
  for (const { books, name, total } of reports) {
    const booked = (type: string | null): number =>
      state.income.reduce(
        (sum, row) =>
          dayOf(row.timeMs) === name && (type ?? row.type) === row.type ? sum + Number(row.amount) / 1e8 : sum,
        0,
      );
    assert.ok(books !== null);
    const near = (reported: number, due: number, what: string): void =>
      assert.ok(Math.abs(reported - due) < CENT, `${name} ${what}: ${reported} told, ${due} by the books`);
    near(books.unexplained_usdt, 0, 'unexplained');
    near(books.realised_usdt, booked('REALIZED_PNL'), 'realised');
    near(books.commission_usdt, booked('COMMISSION'), 'commission');
    near(books.funding_usdt, booked('FUNDING_FEE'), 'funding');
    near(total.result_usdt + books.entry_difference_usdt, booked(null), 'result');
  }
  const ofAllDays = (type: string): number =>
    state.income.reduce((sum, row) => sum + (row.type === type ? Number(row.amount) / 1e8 : 0), 0);
  assert.ok(ofAllDays('FUNDING_FEE') !== 0 && ofAllDays('COMMISSION') < -0.1);
  // Fees and turnover of each agent are those of its own orders.
  const { fees, others } = feesByAgent(world);
  assert.ok(fees.size > 2, `${fees.size} agents traded`);
  const body = await ask<AgentsBody>('/v1/agents');
  const { agents } = body;
  for (const [agent, due] of fees) {
    const reported = agents.find((each) => each.agent === agent)?.total.fees_usdt ?? 0;
    // What the halt closed for everybody is borne by those who held it.
    assert.ok(
      reported > due - CENT && (others > 0 || reported < due + CENT),
      `${agent}: fees of ${reported} told, ${due} by the books`,
    );
  }
  const { calls, blocks } = countCalls(body);
  assert.ok(calls > 50 && blocks > 20, `${calls} calls, ${blocks} refused`);
});
