import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentAccount } from '../../daemon/contract/types/accounts.ts';
import type { LiveCore } from '../../daemon/engine/flow/core.ts';
import { describeAgent, describeAgents } from '../../daemon/reads/reports/accounts.ts';
import { describeReport } from '../../daemon/reads/reports/report.ts';
import { DAY, decisionEvent, LOT_E8, T0 } from '../engine/fold-fixture.ts';
import { Reported } from '../engine/reported-accounts.ts';

const OPERATOR = { role: 'operator', agent: 'operator', tokenId: 'o', skillSha256: null } as const;
const ALICE = { ...OPERATOR, role: 'agent', agent: 'alice' } as const;

/** What is told of a ledger at an instant, with a mark or without one. */
function tell({ ledger }: Reported, nowMs: number, mark: number | null = 60_000) {
  const core = {
    market: { symbol: () => (mark === null ? null : { mark }) },
    nowMs: () => nowMs,
    settings: { account: 'main', venue: 'paper' },
    state: ledger.state,
  } as unknown as LiveCore;
  return {
    account: (agent: string): AgentAccount =>
      describeAgents(core, OPERATOR).agents.find((each) => each.agent === agent) ?? assert.fail(agent),
    agent: (name: string) => describeAgent(core, OPERATOR, name) ?? assert.fail(name),
    agents: (caller: typeof OPERATOR | typeof ALICE) => describeAgents(core, caller),
    report: (day: string, caller: typeof OPERATOR | typeof ALICE = OPERATOR) =>
      describeReport(core, caller, { kind: 'day', name: day }) ?? assert.fail(day),
  };
}
const dayOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);

/** Two agents who bought at different prices, of whom alice has closed a part. */
function traded(): Reported {
  const reported = new Reported();
  reported.fill({ agent: 'alice', side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1, fee: 0.5 });
  reported.fill({ agent: 'bob', side: 'buy', lots: 10, price: 62_000, atMs: T0 + 2 });
  reported.fill({ agent: 'alice', side: 'sell', lots: 4, price: 62_000, atMs: T0 + 3, fee: 0.25, realised: 4 });
  return reported;
}

test('an account has its positions at what they cost, and their profit where there is a mark [AN-195 AN-196 AN-198 AN-199 AN-200]', () => {
  const reported = traded();
  reported.ledger.state.position('ETHUSDT').holder = 'alice';
  reported.ledger.state.position('BTCUSDT').holder = 'alice';
  const { holds, positions, unrealised_usdt: unrealised } = tell(reported, T0 + 9, 61_000).account('alice');
  assert.deepEqual([holds, unrealised], [['BTCUSDT', 'ETHUSDT'], 6], 'a flat one too');
  const held = { symbol: 'BTCUSDT', quantity: '0.006', entry_price: '60000' };
  assert.deepEqual(positions, [{ ...held, unrealised_usdt: 6 }]);
  const blind = tell(reported, T0 + 9, null).account('alice');
  assert.deepEqual([blind.positions, blind.unrealised_usdt], [[{ ...held, unrealised_usdt: null }], 0]);
  const short = new Reported();
  short.fill({ agent: 'alice', side: 'sell', lots: 5, price: 60_000, atMs: T0 + 1 });
  assert.equal(tell(short, T0 + 9).account('alice').positions[0]?.quantity, '-0.005');
});

test('its sums are of its fills and bookings, and its asks are counted [AN-183 AN-184 AN-186 AN-187 AN-189 AN-190 AN-191 AN-192 AN-193]', () => {
  const reported = traded();
  reported.income(T0 + 20, [
    { at_venue_ms: T0 + 5, amount_usdt: -1.6 },
    { at_venue_ms: T0 + 6, amount_usdt: -3.2, type: 'INSURANCE_CLEAR' },
  ]);
  for (const decision of ['LIMIT', 'BLOCK'] as const) {
    const event = decisionEvent({ id: `d-${decision}`, atMs: T0 + 10, orders: [] });
    const body = { ...event.payload.decision, decision };
    reported.ledger.append({ ...event, payload: { ...event.payload, decision: body } });
  }
  const { total } = tell(reported, T0 + 30).account('alice');
  assert.deepEqual([total.fees_usdt, total.fills, total.turnover_usdt], [0.75, 2, 848]);
  assert.deepEqual([total.realised_usdt, total.funding_usdt, total.other_usdt], [8, -0.6, -1.2]);
  assert.equal(total.result_usdt, 8 - 0.6 - 1.2 - 0.75);
  assert.equal(total.slippage_bps, Math.round((total.slippage_usdt / total.turnover_usdt) * 1e12) / 1e8);
  assert.deepEqual([total.requests, total.cuts, total.blocks], [4, 1, 1]);
});

test('agents come by name, nobody apart, an agent sees itself, and all since the first reading [AN-194 AN-201 AN-202]', () => {
  const reported = traded();
  const told = tell(reported, T0 + 9);
  const { agents, others, since_ms: since } = told.agents(OPERATOR);
  assert.deepEqual([agents.map(({ agent }) => agent), others, since], [['alice', 'bob'], null, T0]);
  const own = told.agents(ALICE);
  assert.deepEqual([own.agents.map(({ agent }) => agent), own.others], [['alice'], null]);
  const before = new Reported([{ lots: 5 }]);
  assert.equal(tell(before, T0 + 9).agents(OPERATOR).others?.agent, null);
});

test('days on which something happened are listed, the newest first, and no more than are kept [AN-203]', () => {
  const reported = new Reported();
  for (let day = 0; day < 80; day += 2)
    reported.fill({
      agent: 'alice',
      side: day % 4 === 0 ? 'buy' : 'sell',
      lots: 10,
      price: 60_000,
      atMs: T0 + day * DAY + 1,
    });
  const { days } = tell(reported, T0 + 79 * DAY).agent('alice');
  const kept = Array.from({ length: 35 }, (_, i) => dayOf(T0 + (78 - 2 * i) * DAY));
  assert.deepEqual(
    days.map(({ day }) => day),
    kept,
  );
});

test('a report has what a day began and ended with, and how it agrees with the books [AN-204 AN-205 AN-206 AN-208 AN-213 AN-214 AN-215 AN-217 AN-218 AN-219]', () => {
  const reported = traded();
  assert.equal(tell(reported, T0 + 9).report(dayOf(T0)).books?.unconfirmed_usdt, 4 - 0.75);
  reported.read(T0 + DAY, [{ lots: 16 }]);
  reported.income(T0 + DAY + 10, [{ at_venue_ms: T0 + DAY + 5, amount_usdt: 1.6 }]);
  const nowMs = T0 + DAY + 20;
  const told = tell(reported, nowMs, 61_000);
  const today = told.report(dayOf(nowMs));
  assert.deepEqual([today.is_over, told.report(dayOf(T0)).is_over], [false, true]);
  const { total, books } = today;
  assert.equal(total.unrealised_usdt, 6 - 10);
  assert.ok(
    Math.abs(total.profit_usdt - (total.result_usdt + total.unrealised_usdt - total.unrealised_before_usdt)) < 1e-8,
  );
  assert.equal(told.report(dayOf(nowMs), ALICE).books, null);
  const first = told.report(dayOf(T0)).books ?? assert.fail();
  for (const each of [books ?? assert.fail(), first]) {
    const { accounted_usdt: accounted, booked_usdt: booked, entry_difference_usdt: difference } = each;
    const explained = accounted + difference - each.unconfirmed_usdt;
    assert.ok(Math.abs(each.unexplained_usdt - (booked - explained)) < 1e-8);
    const kinds = each.realised_usdt + each.commission_usdt + each.funding_usdt + each.other_usdt;
    assert.ok(Math.abs(booked - kinds) < 1e-8);
  }
  assert.deepEqual([books?.funding_usdt, books?.accounted_usdt, total.result_usdt], [1.6, 1.6, 1.6]);
  assert.equal(first.entry_difference_usdt, 4 - 8);
  // All is closed: by the exchange the second half has the rest of the profit.
  reported.fill({ agent: 'alice', side: 'sell', lots: 6, price: 62_000, atMs: T0 + 2 * DAY, realised: 6 });
  reported.fill({ agent: 'bob', side: 'sell', lots: 10, price: 62_000, atMs: T0 + 2 * DAY, realised: 10 });
  const all = [0, 1, 2].map((day) => tell(reported, T0 + 2 * DAY + 9).report(dayOf(T0 + day * DAY)).books);
  assert.equal(
    all.reduce((sum, each) => sum + (each?.entry_difference_usdt ?? Number.NaN), 0),
    0,
  );
});

test('a booking is split at once, also before the trades that came before it are read [AN-197 AN-211 AN-212]', () => {
  const reported = traded();
  reported.income(T0 + 9, [
    { at_venue_ms: T0 + 4, trade_id: 'unread', type: 'COMMISSION', amount_usdt: -0.5 },
    { at_venue_ms: T0 + 5, amount_usdt: -8 },
  ]);
  const { books } = tell(reported, T0 + 20).report(dayOf(T0));
  assert.deepEqual([books?.funding_usdt, books?.read_to_ms, books?.transfers_usdt], [-8, T0 + 9, 0]);
  assert.equal(inLotsOf(reported), 16);
});
const inLotsOf = ({ ledger }: Reported): number => (ledger.state.position('BTCUSDT').quantityE8 ?? 0) / LOT_E8;

test('rows of a report come by agent, what is of nobody here last', () => {
  const reported = new Reported([{ lots: 5 }]);
  for (const agent of ['bob', 'alice']) reported.fill({ agent, side: 'buy', lots: 10, price: 60_000, atMs: T0 + 1 });
  const { rows } = tell(reported, T0 + 9, 61_000).report(dayOf(T0));
  assert.deepEqual(
    rows.map(({ agent }) => agent),
    ['alice', 'bob', null],
  );
});
