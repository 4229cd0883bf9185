import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BookFill, BookOrder, Books, Call, Tale, ToolText } from '../../scripts/campaign/evidence.ts';
import { type Evidence, judgeAtDeath, judgeAtQuiet, type Verdict } from '../../scripts/campaign/judge.ts';
import { emptyTale } from '../../scripts/campaign/read-tale.ts';
import { placeOf } from '../../scripts/campaign/where.ts';

const T0 = 1_740_960_000_000;
const CAPS = { symbolUsdt: 1_000, grossUsdt: 1_500 };

interface Asked {
  readonly id: string;
  readonly symbol?: string;
  readonly side?: 'buy' | 'sell';
  readonly exit?: boolean;
  readonly lots: number;
  readonly filled?: number;
  readonly atMs?: number;
  readonly status?: string;
  readonly price?: number;
}

/** A small history in which every promise holds: what each mistake below is planted into. */
class History {
  readonly orders: BookOrder[] = [];
  readonly tale: Tale = emptyTale();
  readonly calls: Call[] = [];
  readonly held = new Map<string, number>();
  #seq = 0;

  /** A request, its decision, its one order, what the exchange did, and the answer. */
  trade(asked: Asked): this {
    const {
      atMs = T0 + this.#seq * 1_000,
      exit = false,
      id,
      lots,
      price = 0,
      side = 'buy',
      symbol = 'BTCUSDT',
    } = asked;
    const filled = asked.filled ?? lots;
    this.#seq += 1;
    const decisionId = `d-${id}`;
    const clientId = `hf-${id}-0-0`;
    this.tale.decisions.set(decisionId, {
      id: decisionId,
      seq: this.#seq,
      atMs,
      requestId: id,
      kind: 'tool',
      verdict: 'ALLOW',
      action: exit ? 'exit' : 'open',
      symbol,
      lots,
    });
    this.tale.planned.set(clientId, { clientId, rootId: decisionId, symbol, side, reduceOnly: exit, lots });
    const signed = (side === 'buy' ? filled : -filled) / 1_000;
    const after = (this.held.get(symbol) ?? 0) + signed;
    this.held.set(symbol, after);
    const fill: BookFill = {
      trade_id: this.#seq,
      time_ms: atMs,
      side: side.toUpperCase(),
      symbol,
      quantity: String(filled / 1_000),
      maker: false,
      position_after: String(after),
    };
    const status = asked.status ?? (filled === lots ? 'FILLED' : 'EXPIRED');
    this.orders.push({
      order_id: this.#seq,
      client_order_id: clientId,
      symbol,
      side: side.toUpperCase(),
      price: String(price),
      quantity: String(lots / 1_000),
      executed_quantity: String(filled / 1_000),
      reduce_only: exit,
      status,
      created_ms: atMs,
      updated_ms: atMs,
      mark_at_placement: '0',
      fills: filled === 0 ? [] : [fill],
    });
    const word = status === 'NEW' ? 'working' : status.toLowerCase();
    this.tale.outcomes.set(clientId, { status: word, executedLots: filled, seq: this.#seq });
    this.calls.push({
      requestId: id,
      tool: exit ? 'close_position' : 'place_order',
      args: {},
      status: 200,
      answer: answerOf(decisionId, exit ? 'exit' : 'open', [[clientId, word, filled]]),
    });
    return this;
  }

  get books(): Books {
    return {
      server_time_ms: T0 + 1e6,
      positions: [
        { symbol: 'BTCUSDT', quantity: String(this.held.get('BTCUSDT') ?? 0), mark_price: '60000' },
        { symbol: 'ETHUSDT', quantity: String(this.held.get('ETHUSDT') ?? 0), mark_price: '3000' },
      ],
      orders: this.orders,
    };
  }
  evidence(): Evidence {
    return { books: this.books, tale: this.tale, calls: this.calls, caps: CAPS };
  }
  change(index: number, changed: Partial<BookOrder>): void {
    this.orders[index] = { ...this.orders[index]!, ...changed };
  }
}

function answerOf(
  decisionId: string,
  action: string,
  orders: readonly (readonly [id: string, status: string, filled: number])[],
): ToolText {
  return {
    decision: { decision: 'ALLOW', decision_id: decisionId, symbol: null, effective: { action, lots: 1 }, reasons: [] },
    execution: {
      state: 'filled',
      orders: orders.map(([id, status, filled]) => ({
        client_order_id: id,
        venue_order_id: '1',
        status,
        filled_quantity: String(filled / 1_000),
      })),
    },
  };
}

/** Two openings, a part and the whole closed again, one order that rests. */
function sound(): History {
  return new History()
    .trade({ id: 'a', lots: 10 })
    .trade({ id: 'b', symbol: 'ETHUSDT', lots: 200, filled: 120 })
    .trade({ id: 'c', side: 'sell', exit: true, lots: 4 })
    .trade({ id: 'd', side: 'sell', exit: true, lots: 6 })
    .trade({ id: 'e', lots: 5, filled: 0, status: 'NEW', price: 59_000 });
}

function isRed(verdict: Verdict, name: keyof Verdict, text: RegExp): void {
  assert.match(verdict[name].join('\n'), text);
  for (const [other, found] of Object.entries(verdict)) if (other !== name) assert.deepEqual(found, [], other);
}

describe('the judge of the campaign', () => {
  it('finds nothing where every promise held', () => {
    const none = { duplicates: [], lost_decisions: [], cap_breaches: [], lost_exits: [] };
    assert.deepEqual(judgeAtQuiet(sound().evidence()), none);
    assert.deepEqual(judgeAtDeath(sound().evidence()), none);
  });

  describe('duplicates', () => {
    it('an exchange that has one order twice', () => {
      const history = sound();
      history.orders.push({
        ...history.orders[0]!,
        order_id: 99,
        fills: [],
        executed_quantity: '0.01',
        status: 'EXPIRED',
      });
      assert.match(judgeAtDeath(history.evidence()).duplicates.join(), /hf-a-0-0 is at the exchange twice/);
    });
    it('a slice that is sent again under the next attempt', () => {
      const history = sound().trade({ id: 'x', lots: 2, filled: 0 });
      history.change(5, { client_order_id: 'hf-a-0-1' });
      history.tale.planned.set('hf-a-0-1', { ...history.tale.planned.get('hf-x-0-0')!, clientId: 'hf-a-0-1' });
      assert.match(judgeAtDeath(history.evidence()).duplicates.join(), /slice hf-a-0 was sent twice/);
    });
    it('more executed than was decided', () => {
      const history = sound();
      const [fill] = history.orders[0]!.fills;
      history.change(0, { executed_quantity: '0.02', fills: [fill!, { ...fill!, trade_id: 90 }] });
      assert.match(judgeAtDeath(history.evidence()).duplicates.join(), /0\.02 executed of 10 lots/);
    });
    it('a request that was decided twice', () => {
      const history = sound();
      history.tale.decisions.set('d-z', {
        ...history.tale.decisions.get('d-a')!,
        id: 'd-z',
        kind: 'tool',
        action: null,
      });
      isRed(judgeAtDeath(history.evidence()), 'duplicates', /request a was decided twice/);
    });
  });

  describe('lost decisions', () => {
    it('an order at the exchange whose decision row is missing', () => {
      const history = sound();
      history.tale.planned.delete('hf-e-0-0');
      isRed(judgeAtDeath(history.evidence()), 'lost_decisions', /no decision on disk asked for hf-e-0-0/);
    });
    it('another side than was decided', () => {
      const history = sound();
      history.tale.planned.set('hf-e-0-0', { ...history.tale.planned.get('hf-e-0-0')!, side: 'sell' });
      isRed(judgeAtDeath(history.evidence()), 'lost_decisions', /another order/);
    });
    it('an answer whose decision is not on disk, or says something else', () => {
      const missing = sound();
      missing.tale.decisions.delete('d-b');
      isRed(judgeAtDeath(missing.evidence()), 'lost_decisions', /b was answered with d-b, which is not on disk/);
      const other = sound();
      other.tale.decisions.set('d-b', { ...other.tale.decisions.get('d-b')!, verdict: 'BLOCK' });
      isRed(judgeAtDeath(other.evidence()), 'lost_decisions', /was answered ALLOW; d-b says BLOCK/);
      const mixed = sound();
      mixed.calls[1]!.answer = mixed.calls[0]!.answer;
      isRed(judgeAtDeath(mixed.evidence()), 'lost_decisions', /the decision of a/);
    });
    it('an outcome that the ledger does not tell, or tells wrongly', () => {
      const unreported = sound();
      unreported.tale.outcomes.delete('hf-a-0-0');
      isRed(judgeAtQuiet(unreported.evidence()), 'lost_decisions', /does not tell what became of hf-a-0-0/);
      const wrong = sound();
      wrong.tale.outcomes.set('hf-b-0-0', { status: 'expired', executedLots: 0, seq: 9 });
      isRed(judgeAtQuiet(wrong.evidence()), 'lost_decisions', /hf-b-0-0 is expired with 0 lots/);
      const ghost = sound();
      ghost.orders.pop();
      ghost.tale.outcomes.set('hf-e-0-0', { status: 'filled', executedLots: 5, seq: 9 });
      assert.match(judgeAtQuiet(ghost.evidence()).lost_decisions.join(), /the exchange never had it/);
    });
    it('a client that was told of a fill that is none, or of an end that was none', () => {
      const more = sound();
      more.calls[1]!.answer = answerOf('d-b', 'open', [['hf-b-0-0', 'partially_filled', 150]]);
      isRed(judgeAtQuiet(more.evidence()), 'lost_decisions', /told as partially_filled with 150 lots; 120/);
      const over = sound();
      over.calls[1]!.answer = answerOf('d-b', 'open', [['hf-b-0-0', 'rejected', 0]]);
      isRed(judgeAtQuiet(over.evidence()), 'lost_decisions', /told as rejected with 0 lots; 120/);
    });
    it('exits of one order that are told of more than it executed', () => {
      const history = sound();
      history.calls[3]!.answer = answerOf('d-d', 'exit', [
        ['hf-d-0-0', 'filled', 6],
        ['hf-c-0-0', 'filled', 1],
      ]);
      isRed(judgeAtQuiet(history.evidence()), 'lost_decisions', /told of 5 lots of hf-c-0-0; 4 were executed/);
    });
  });

  describe('cap breaches', () => {
    it('a symbol above its cap: in fills, and in what rests', () => {
      const filled = sound().trade({ id: 'f', lots: 12 });
      isRed(judgeAtDeath(filled.evidence()), 'cap_breaches', /BTCUSDT could hold 1020 USDT when hf-f-0-0 came/);
      const resting = sound().trade({ id: 'f', lots: 12, filled: 0, status: 'NEW', price: 59_000 });
      isRed(judgeAtDeath(resting.evidence()), 'cap_breaches', /BTCUSDT could hold 1020/);
    });
    it('a breach that is over again', () => {
      const history = new History().trade({ id: 'a', lots: 17 }).trade({ id: 'b', side: 'sell', exit: true, lots: 17 });
      isRed(judgeAtDeath(history.evidence()), 'cap_breaches', /could hold 1020/);
    });
    it('the account above its cap, each symbol within its own', () => {
      const history = new History().trade({ id: 'a', lots: 15 }).trade({ id: 'b', symbol: 'ETHUSDT', lots: 250 });
      isRed(judgeAtDeath(history.evidence()), 'cap_breaches', /the account could hold 1650 USDT/);
    });
    it('an order counts until it has ended, and not after', () => {
      const history = new History().trade({ id: 'a', lots: 10, filled: 0, status: 'CANCELED', price: 59_000 });
      history.change(0, { updated_ms: T0 + 500 });
      assert.deepEqual(judgeAtDeath(history.trade({ id: 'b', lots: 10 }).evidence()).cap_breaches, []);
      history.change(0, { updated_ms: T0 + 1_500 });
      assert.match(judgeAtDeath(history.evidence()).cap_breaches.join(), /could hold 1200/);
    });
    it('both sides are not netted', () => {
      const history = new History()
        .trade({ id: 'a', lots: 10 })
        .trade({ id: 'b', side: 'sell', lots: 17, filled: 0, status: 'NEW', price: 61_000 });
      isRed(judgeAtDeath(history.evidence()), 'cap_breaches', /could hold 1037 USDT/);
    });
  });

  describe('lost exits', () => {
    const withExit = (): History =>
      new History().trade({ id: 'a', lots: 10 }).trade({ id: 'x', side: 'sell', exit: true, lots: 4, filled: 0 });
    it('a permitted exit that closed nothing, with nobody told', () => {
      isRed(judgeAtQuiet(withExit().evidence()), 'lost_exits', /exit d-x of 4 lots BTCUSDT: 4 were not closed/);
    });
    it('the lots of another exit are credited once', () => {
      const both = withExit().trade({ id: 'y', side: 'sell', exit: true, lots: 4 });
      isRed(judgeAtQuiet(both.evidence()), 'lost_exits', /exit d-x/);
      const carried = withExit().trade({ id: 'y', side: 'sell', exit: true, lots: 8 });
      carried.tale.decisions.set('d-y', { ...carried.tale.decisions.get('d-y')!, lots: 4 });
      assert.deepEqual(judgeAtQuiet(carried.evidence()).lost_exits, []);
    });
    it('an alert, its caller or a flat position accounts for it; what came before it does not', () => {
      const reported = withExit();
      reported.tale.alerts.push({ seq: 9, code: 'EXIT_ENDED', symbol: 'BTCUSDT' });
      assert.deepEqual(judgeAtQuiet(reported.evidence()).lost_exits, []);
      const early = withExit();
      early.tale.alerts.push({ seq: 1, code: 'EXIT_ENDED', symbol: 'BTCUSDT' });
      early.tale.alerts.push({ seq: 9, code: 'EXIT_ENDED', symbol: 'ETHUSDT' });
      early.tale.alerts.push({ seq: 9, code: 'CLOCK_JUMP', symbol: null });
      isRed(judgeAtQuiet(early.evidence()), 'lost_exits', /exit d-x/);
      const canceled = withExit();
      canceled.tale.exitEnds.set('d-x', 'canceled');
      assert.deepEqual(judgeAtQuiet(canceled.evidence()).lost_exits, []);
      const flat = withExit().trade({ id: 'y', side: 'sell', exit: true, lots: 10 });
      assert.deepEqual(judgeAtQuiet(flat.evidence()).lost_exits, []);
    });
    it('what was told last is credited to the exit that nothing else can account for', () => {
      const history = new History()
        .trade({ id: 'a', lots: 20 })
        .trade({ id: 'x', side: 'sell', exit: true, lots: 4, filled: 0 })
        .trade({ id: 'y', side: 'sell', exit: true, lots: 4, filled: 0 })
        // Both carried another exit's lots beside their own; the trades of the first are told before `y` is asked for.
        .trade({ id: 'v', side: 'sell', exit: true, lots: 8 })
        .trade({ id: 'w', side: 'sell', exit: true, lots: 8 });
      for (const id of ['v', 'w'])
        history.tale.decisions.set(`d-${id}`, { ...history.tale.decisions.get(`d-${id}`)!, lots: 4 });
      const early = history.tale.outcomes.get('hf-v-0-0')!;
      history.tale.outcomes.set('hf-v-0-0', { ...early, seq: 2.5 });
      assert.deepEqual(judgeAtQuiet(history.evidence()).lost_exits, []);
      // The books list the order that was told last first: it is the only one that `y` can have.
      history.orders.reverse();
      assert.deepEqual(judgeAtQuiet(history.evidence()).lost_exits, []);
    });
    it('nothing was left of what it was to close, though more was opened since; if some was, it is lost', () => {
      const overtaken = (closed: number): History => {
        const history = new History()
          .trade({ id: 'a', lots: 10 })
          .trade({ id: 'y', side: 'sell', exit: true, lots: 10, filled: closed })
          .trade({ id: 'x', side: 'sell', exit: true, lots: 1, filled: 0 });
        // `y` and an opening were on their way when `x` was decided; the opening filled first: never flat.
        history.tale.decisions.set('d-x', { ...history.tale.decisions.get('d-x')!, atMs: T0 + 500 });
        const fillOf = (index: number): BookFill => history.orders[index]!.fills[0]!;
        history.change(1, { fills: [{ ...fillOf(1), position_after: String((13 - closed) / 1_000) }] });
        history.held.set('BTCUSDT', (13 - closed) / 1_000);
        return history;
      };
      const lostExitsOf = (closed: number, end: string): readonly string[] => {
        const history = overtaken(closed);
        history.tale.exitEnds.set('d-x', end);
        history.tale.exitEnds.set('d-y', 'canceled');
        return judgeAtQuiet(history.evidence()).lost_exits;
      };
      assert.deepEqual(lostExitsOf(10, 'nothing_left'), []);
      assert.match(lostExitsOf(9, 'nothing_left').join(), /exit d-x of 1 lots BTCUSDT: 1 .* ended as nothing_left/);
      assert.match(lostExitsOf(10, 'exhausted').join(), /exit d-x of 1 lots BTCUSDT: 1 .* ended as exhausted/);
    });
    it('an exit that was asked for and never decided', () => {
      const history = sound();
      history.calls.push({ requestId: 'z', tool: 'close_position', args: {}, status: null, answer: null });
      isRed(judgeAtQuiet(history.evidence()), 'lost_exits', /exit z was never decided/);
    });
  });

  it('says where a kill fell', () => {
    const history = sound();
    const call: Call = { ...history.calls[0]!, status: null, answer: null };
    const where = () => placeOf(call, history.books, history.tale);
    assert.equal(placeOf(history.calls[0]!, history.books, history.tale), 'after_answer');
    assert.equal(where(), 'before_answer');
    history.tale.outcomes.set('hf-a-0-0', { status: 'unknown', executedLots: 0, seq: 9 });
    assert.equal(where(), 'in_flight');
    history.orders.shift();
    assert.equal(where(), 'after_record');
    history.tale.decisions.delete('d-a');
    assert.equal(where(), 'before_record');
  });
});
