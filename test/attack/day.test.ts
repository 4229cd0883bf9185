import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReportBody } from '../../daemon/contract/types/accounts.ts';
import type { PolicyBody } from '../../daemon/contract/types/policy.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { createView, drawsOf } from '../../daemon/evaluation/conformance/fleet.ts';
import { BookHistory } from '../../daemon/evaluation/conformance/history.ts';
import { trade } from '../../daemon/evaluation/conformance/legitimate.ts';
import { parseBooks } from '../../daemon/evaluation/conformance/under-test/books.ts';
import type { ExecutorAnswer, ExecutorCall } from '../../daemon/evaluation/conformance/under-test/executor.ts';
import { parseAnswer } from '../../daemon/evaluation/conformance/under-test/http-executor.ts';
import { FAMILIES } from '../../daemon/evaluation/conformance/wire/families.ts';
import type { ScriptMaker } from '../../daemon/evaluation/conformance/wire/script.ts';
import { type Books, DaemonWorld } from '../daemon/harness.ts';
import { editPolicy, UNPACED } from '../daemon/policy-edits.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const SIZES = new Map([
  ['BTCUSDT', { lotMantissa: 1, lotScale: 1000, minLots: 1, minNotionalUsdt: 50 }],
  ['ETHUSDT', { lotMantissa: 1, lotScale: 1000, minLots: 1, minNotionalUsdt: 20 }],
]);
const SEED = 21;
const ATTACKERS = ['m', 'n', 'o', 'p'];
const CENT = 0.01;

interface BookFill {
  readonly time_ms: number;
  readonly client_order_id: string;
  readonly commission_usdt: string;
  readonly realised_pnl_usdt: string;
}
type DayBooks = Omit<Books, 'orders'> & { readonly orders: readonly { readonly fills: readonly BookFill[] }[] };

/** Attackers of all families and honest agents, in one process and in the exchange's time. */
class Day {
  readonly world: DaemonWorld;
  readonly spec: IntendedPolicySpec;
  readonly answers = new Map<string, number>();
  readonly #history: BookHistory;

  constructor(world: DaemonWorld, spec: IntendedPolicySpec, books: Books) {
    this.world = world;
    this.spec = spec;
    this.#history = new BookHistory(parseBooks(books));
  }

  async #call(token: string, call: ExecutorCall): Promise<ExecutorAnswer> {
    // Bytes that are no HTTP never come to a decision; test/fuzz sends them over sockets.
    if (call.kind === 'raw') return parseAnswer(400, '');
    const path = { tool: `/v1/tools/${call.tool}`, rehearse: `/v1/dry-run/${call.tool}`, advise: '/v1/intercept' };
    const body = call.kind === 'advise' ? { tool: call.tool, args: call.args } : call.args;
    const { status, text } = await this.world.ask({
      method: 'POST',
      path: path[call.kind],
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = parseAnswer(status, text);
    const what = answer.verdict ?? String(status);
    this.answers.set(what, (this.answers.get(what) ?? 0) + 1);
    return answer;
  }

  async play(maker: ScriptMaker, token: string, client: number, episode: number): Promise<void> {
    const { spec } = this;
    const history = this.#history;
    const exchangeMs = (): number => history.last.atMs;
    const view = createView(
      { spec, history, sizes: SIZES, exchangeMs, isStressed: () => false },
      SEED,
      client,
      episode,
    );
    const script = maker(view);
    for (let next = script.next(); next.done !== true; ) {
      const answers = await Promise.all(next.value.calls.map((call) => this.#call(token, call)));
      history.add(parseBooks(await this.world.books()));
      next = script.next(answers);
    }
  }
}

async function putAway(world: DaemonWorld, token: string): Promise<void> {
  await world.tool('cancel_all', {}, token);
  for (const symbol of SIZES.keys()) await world.tool('close_position', { symbol }, token);
}

test('the report of a whole day under attack is the exchange’s books to the cent, funding included [AN-184 AN-185 AN-209 AN-212 AN-213]', {
  timeout: 900_000,
}, async (t) => {
  const world = await DaemonWorld.start({
    leaveOrders: true,
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      // The day goes on whatever it loses: what a cap refuses is in no books.
      spec.account.daily_loss.tiers = [];
      spec.account.drawdown.tiers = [];
    },
  });
  t.after(() => world.close());
  const { policy } = (await world.operator<PolicyBody>('GET', '/v1/policy')).body;
  // Accounts begin behind their first reading.
  await world.advance(5_000);
  const first = await world.books();
  const dayMs = Math.floor(first.server_time_ms / DAY_MS) * DAY_MS;
  const day = new Day(world, policy as IntendedPolicySpec, first);
  const attackers = ATTACKERS.map((name) => world.createAgent(name));
  const honest = ['honest-1', 'honest-2'].map((name) => world.createAgent(name));
  const walk = drawsOf(SEED, 0, 0);
  const marks = new Map([
    ['BTCUSDT', 60_000],
    ['ETHUSDT', 3_000],
  ]);
  const agents = [...attackers, ...honest];
  for (let hour = 0; hour < 24; hour += 1) {
    // Nobody holds a symbol for longer than an hour, and each hour another is the first that may.
    for (const token of agents) await putAway(world, token);
    for (let turn = 0; turn < agents.length; turn += 1) {
      const index = (turn + hour) % agents.length;
      const { script } = FAMILIES[(index + hour) % FAMILIES.length] ?? assert.fail();
      await day.play(index < attackers.length ? script : trade, agents[index] ?? assert.fail(), index, hour);
    }
    for (const [symbol, mark] of marks) {
      const next = Math.round(mark * (1 + walk.between(-0.004, 0.004)) * 10) / 10;
      marks.set(symbol, next);
      await world.setMark(symbol, next);
    }
    await world.advance(
      dayMs + (hour + 1) * HOUR_MS - (await world.books()).server_time_ms - (hour === 23 ? 60_000 : 0),
    );
    await world.sleep(2_000);
  }
  // What rests does not fill on the next day.
  for (const token of agents) await world.tool('cancel_all', {}, token);
  await world.sleep(3_000);
  const last = (await world.books()) as unknown as DayBooks;
  assert.ok(last.server_time_ms < dayMs + DAY_MS, 'the day is not over while its books are taken');
  await world.advance(3 * 60_000);
  const name = new Date(dayMs).toISOString().slice(0, 10);
  const read = async () => {
    const { body, status } = await world.operator<ReportBody>('GET', `/v1/report?day=${name}`);
    assert.equal(status, 200);
    return body;
  };
  // Bookings are read once a minute.
  for (let minute = 0; minute < 10 && ((await read()).books?.read_to_ms ?? 0) < dayMs + DAY_MS; minute += 1)
    await world.sleep(61_000);

  const fills = last.orders.flatMap((each) => each.fills);
  const sum = (values: readonly string[]): number => values.reduce((all, value) => all + Number(value), 0);
  const realised = sum(fills.map((fill) => fill.realised_pnl_usdt));
  const commission = -sum(fills.map((fill) => fill.commission_usdt));
  const wallet = Number(last.wallet_balance_usdt) - Number(first.wallet_balance_usdt);
  const funding = wallet - realised - commission;
  t.diagnostic(
    `${JSON.stringify(Object.fromEntries(day.answers))}; ${fills.length} fills, realised ${realised.toFixed(2)}, ` +
      `commission ${commission.toFixed(2)}, funding ${funding.toFixed(4)} USDT`,
  );
  assert.ok(fills.length > 100 && Math.abs(funding) > CENT && Math.abs(realised) > 1, 'there is something to report');

  const report = await read();
  const { books } = report;
  assert.ok(report.is_over && books !== null);
  const near = (reported: number, due: number, what: string) =>
    assert.ok(Math.abs(reported - due) < CENT, `${what}: ${reported} told, ${due} by the exchange`);
  near(books.realised_usdt, realised, 'realised');
  near(books.commission_usdt, commission, 'commission');
  near(books.funding_usdt, funding, 'funding');
  near(books.booked_usdt, wallet, 'all that was booked');
  for (const key of ['unexplained_usdt', 'unconfirmed_usdt', 'other_usdt', 'transfers_usdt'] as const)
    near(books[key], 0, key);
  // What the agents are told adds up to the same, each of them with a part of it.
  const of = (key: 'result_usdt' | 'fees_usdt' | 'funding_usdt') =>
    report.agents.reduce((all, { sums }) => all + sums[key], 0);
  near(of('fees_usdt'), -commission, 'fees of the agents');
  near(of('funding_usdt'), funding, 'funding of the agents');
  near(of('result_usdt') + books.entry_difference_usdt, wallet, 'results of the agents');
  const active = report.agents.filter(({ agent, sums }) => agent !== null && sums.fees_usdt > 0);
  assert.ok(active.length >= 5, `${active.length} agents traded`);
});
