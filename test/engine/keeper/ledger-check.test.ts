import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Driver, ended, type GateCore } from '../../../daemon/driver/driver.ts';
import type { Flow } from '../../../daemon/engine/flow/step.ts';
import { LedgerCheck } from '../../../daemon/engine/keeper/ledger-check.ts';
import { UnreadableRows } from '../../../daemon/engine/readings/unreadable-rows.ts';
import type { EndedOrderQuery, EndedOrderRow } from '../../../daemon/engine/records/ended-order.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { PlacedOrder, UnreadableRow, VenueExecution, VenueOrder } from '../../../daemon/engine/records/venue.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { toRows } from '../../../daemon/engine/state/views.ts';
import { isAskedFor } from '../../../daemon/ledger/chain/ended-orders.ts';
import { T0 } from '../fold-fixture.ts';
import { accountEvent } from '../folded-claims.ts';
import { ManualTime } from '../manual-time.ts';

const OWN = 'hf012345';
const OTHER = 'hfabcdef';
const MINUTE = 60_000;

/** The check on a scripted venue: what it asked for, and what it found. */
class Site {
  readonly state = new GateState();
  readonly rows: EndedOrderRow[] = [];
  readonly time = new ManualTime();
  readonly asked: string[] = [];
  readonly alerts: string[] = [];
  executions: readonly VenueExecution[] | null = [];
  isWhole = true;
  placed: readonly PlacedOrder[] | null = [];
  unreadable: readonly UnreadableRow[] = [];
  scope: readonly string[] = ['BTCUSDT'];
  readonly check: LedgerCheck;
  readonly #driver: Driver;
  #seq = 0;

  constructor(lastEventAtMs = T0 - MINUTE) {
    const failed = { kind: 'failed', detail: 'no answer', cause: 'other', retryAfterMs: null } as const;
    if (lastEventAtMs > 0)
      this.apply({ kind: 'alert', at_ms: lastEventAtMs, payload: { code: 'X', detail: '', symbol: null } });
    const core = {
      begin: <R>(flow: Flow<R>) => this.#driver.begin(flow),
      state: this.state,
      policySpec: { scope: { symbols: this.scope } },
      market: { unlisted: new Map(), unreadable: new UnreadableRows() },
      ids: { genesisId: '0123456789', epoch: null },
      nowMs: () => T0 + this.time.monotonicMs(),
      ports: {
        ledger: { readEndedOrders: (query: EndedOrderQuery) => this.rows.filter((row) => isAskedFor(query, row)) },
        time: this.time,
        venue: {
          fetchExecutions: async (sinceMs: number) => {
            this.asked.push(`income ${(sinceMs - T0) / MINUTE}`);
            const { executions, isWhole } = this;
            return executions === null
              ? failed
              : { kind: 'ok', value: { bookings: [], executions, lastTransferMs: null, isWhole } };
          },
          fetchPlacedOrders: async (symbol: string, sinceMs: number) => {
            this.asked.push(`${symbol} ${(sinceMs - T0) / MINUTE}`);
            const { placed: rows, unreadable } = this;
            return rows === null ? failed : { kind: 'ok', value: { rows, unreadable } };
          },
        },
      },
      append: (kind: 'state', payload: Extract<GateEvent, { kind: 'state' }>['payload']) =>
        this.apply({ kind, at_ms: T0, payload }),
      alert: (code: string) => this.alerts.push(code),
      alertRarely: (code: string) => this.alerts.push(code),
    } as unknown as GateCore;
    this.#driver = new Driver({
      venue: core.ports.venue,
      time: this.time,
      onDisk: () => Promise.resolve(),
      isStopping: () => false,
      onUnheard: (error) => assert.fail(String(error)),
    });
    Object.defineProperty(core, 'policySpec', { get: () => ({ scope: { symbols: this.scope } }) });
    this.check = new LedgerCheck(core);
    this.check.begin();
  }
  run<R>(flow: Flow<R>): Promise<R> {
    return ended(this.#driver.begin(flow));
  }
  apply(event: object): void {
    this.#seq += 1;
    this.rows.push(...this.state.apply({ ...event, seq: this.#seq } as GateEvent).flatMap(toRows));
  }
  recover(takeOver: boolean, atMs: number): void {
    const payload = { at_venue_ms: atMs, epoch: Math.floor(atMs / 1000), set_by: 'test', take_over: takeOver };
    this.apply({ kind: 'recovery', at_ms: atMs, payload });
  }
  get layer(): string | undefined {
    return this.state.layers.get('breaker|account|ledger')?.state;
  }
}
function placed(clientOrderId: string, placedAtMs = T0 - 1_000, symbol = 'BTCUSDT'): PlacedOrder {
  return { symbol, clientOrderId, venueOrderId: '7', side: 'buy', placedAtMs };
}
function execution(tradeId: string, symbol = 'BTCUSDT'): VenueExecution {
  return { symbol, tradeId, atMs: T0 - 1_000 };
}

describe('BY-45, BY-46: what a start compares', () => {
  it('asks for what came after its last record, and of a new ledger for a day', async () => {
    const site = new Site(T0 - 60 * MINUTE);
    await site.run(site.check.refuseStart());
    assert.deepEqual(site.asked, ['income -65', 'BTCUSDT -65']);
    const fresh = new Site(0);
    await fresh.run(fresh.check.refuseStart());
    assert.deepEqual(fresh.asked, ['income -1440', 'BTCUSDT -1440']);
    const old = new Site(T0 - 30 * 1440 * MINUTE);
    await old.run(old.check.refuseStart());
    assert.deepEqual(old.asked, ['income -8640', 'BTCUSDT -8640'], 'six days at most');
  });

  it('a new ledger is refused beside another one whose orders no income tells of yet', async () => {
    const site = new Site(0);
    site.placed = [placed(`${OTHER}5-0-0`)];
    await assert.rejects(site.run(site.check.refuseStart()), { code: 'OTHER_DAEMON' });
  });

  it('one that was put back is refused for an order that it lacks, though that was canceled unfilled [LE-91]', async () => {
    const site = new Site();
    site.placed = [placed(`${OWN}zzz-0-0`)];
    await assert.rejects(site.run(site.check.refuseStart()), { code: 'LEDGER_BEHIND_VENUE' });
  });

  it('asks for income of all that the accounts lack, for as long as the venue tells of it', async () => {
    const days = 1440 * MINUTE;
    for (const [sinceDays, askedDays] of [
      [5, 6],
      [30, 30],
      [100, 85],
    ] as const) {
      const site = new Site(T0 - 7 * days);
      site.scope = [];
      site.apply(accountEvent(0, T0 - sinceDays * days));
      await site.run(site.check.refuseStart());
      assert.deepEqual(site.asked, [`income ${-askedDays * 1440}`], `the accounts began ${sinceDays} days ago`);
      const reported = new Site(T0 - 7 * days);
      reported.scope = [];
      reported.apply(accountEvent(0, T0 - sinceDays * days));
      reported.apply({ kind: 'income', at_ms: T0 - 7 * days, payload: { read_to_ms: T0 - 4 * days, rows: [] } });
      await reported.run(reported.check.refuseStart());
      assert.deepEqual(reported.asked, ['income -8640'], 'what was told before is not asked for again');
    }
  });

  it('lists symbols that income names, also outside the scope; those of the scope at first, and where income is cut', async () => {
    const site = new Site();
    site.scope = ['A', 'B', 'C', 'D', 'E', 'F'].map((name) => `${name}USDT`);
    await site.run(site.check.refuseStart());
    assert.equal(site.asked.length, 7);
    site.asked.length = 0;
    site.executions = [execution('1', 'XRPUSDT')];
    site.placed = [placed(`${OTHER}5-0-0`, T0, 'XRPUSDT')];
    await site.run(site.check.compare());
    assert.deepEqual([site.asked, site.alerts], [['income -2', 'XRPUSDT -6'], ['OTHER_DAEMON']]);
    site.asked.length = 0;
    site.isWhole = false;
    await site.run(site.check.compare());
    assert.equal(site.asked.length, 7);
  });

  it('people and other tools are no concern of it', async () => {
    const site = new Site();
    site.executions = [execution('1')];
    site.placed = ['web_1', 'x-cvBPrNm9', 'em00112233', ''].map((id) => placed(id));
    await site.run(site.check.refuseStart());
    assert.deepEqual([site.layer, site.alerts], [undefined, []]);
  });

  it('what cannot be read refuses nothing, and is not compared', async () => {
    for (const missing of ['executions', 'placed'] as const) {
      const site = new Site();
      site.executions = [execution('1')];
      site[missing] = null;
      await site.run(site.check.refuseStart());
      assert.equal(site.check.isCompared, false);
      site.executions = [execution('1')];
      site.placed = [placed(`${OWN}zzz-0-0`)];
      assert.equal(await site.run(site.check.compare()), true);
      assert.deepEqual([site.check.isCompared, site.layer, site.alerts], [true, 'reducing', ['LEDGER_BEHIND_VENUE']]);
      await assert.rejects(
        site.run(site.check.refuseStart()),
        { code: 'LEDGER_BEHIND_VENUE' },
        'and holds for the next start',
      );
    }
  });

  it('a row that cannot be read holds its symbol, hides no other row, and counts as read', async () => {
    const site = new Site();
    site.unreadable = [{ symbol: 'BTCUSDT', detail: 'side is neither BUY nor SELL' }];
    await site.run(site.check.refuseStart());
    const held = () => site.state.layers.get('boot|symbol|BTCUSDT')?.state;
    assert.deepEqual([site.check.isCompared, site.layer, held()], [true, undefined, 'reducing']);
    site.placed = [placed(`${OTHER}5-0-0`)];
    assert.equal(await site.run(site.check.readPlaced('BTCUSDT')), true, 'nothing waits for what cannot be read');
    assert.deepEqual(site.alerts, ['SYMBOL_UNREADY', 'OTHER_DAEMON']);
  });

  it('an order that is open is enough, a conditional one as well', async () => {
    const site = new Site();
    const stop = { ...placed(`${OTHER}9-0-0`), kind: 'algo', placedAtMs: T0 } as unknown as VenueOrder;
    site.check.listed(stop);
    await assert.rejects(site.run(site.check.refuseStart()), { code: 'OTHER_DAEMON' });
  });

  for (const [takeOver, id, atMs, code] of [
    [false, `${OWN}zzz-0-0`, T0 - 1, null],
    [false, `${OWN}-t7abcd-zzz-0-0`, T0 - 1, null],
    [false, `${OWN}zzz-0-0`, T0 + 1, 'LEDGER_BEHIND_VENUE'],
    [false, `${OTHER}5-0-0`, T0 - 1, 'OTHER_DAEMON'],
    [true, `${OTHER}5-0-0`, T0 - 1, null],
    [true, `${OTHER}5-0-0`, T0 + 1, 'OTHER_DAEMON'],
    [true, `${OTHER}-t7abcd-5-0-0`, T0 + 1, 'OTHER_DAEMON'],
  ] as const)
    it(`${takeOver ? 'taken over' : 'recovered'}: ${id} placed ${atMs - T0} ms later ${code ?? 'is accounted for'}`, async () => {
      const site = new Site();
      site.recover(takeOver, T0);
      site.executions = [execution('1')];
      site.placed = [placed(id, atMs)];
      await site.run(site.check.compare());
      assert.deepEqual(site.alerts, code === null ? [] : [code]);
    });
});

describe('BY-45: what a daemon that runs compares', () => {
  it('a suspicion is looked at once, at most every five seconds, and again while it cannot be read', async () => {
    const site = new Site();
    await site.run(site.check.refuseStart());
    await site.time.advance(10_000);
    site.asked.length = 0;
    for (let round = 0; round < 20; round += 1) {
      site.check.suspect('BTCUSDT');
      site.check.start();
      await site.time.advance(100);
    }
    assert.equal(site.asked.length, 1);
    site.placed = null;
    await site.time.advance(4_000);
    site.check.start();
    await site.time.advance(5_000);
    site.placed = [placed(`${OTHER}5-0-0`)];
    site.check.start();
    await site.time.advance(1);
    assert.equal(site.asked.length, 3);
    assert.deepEqual([site.alerts, site.layer], [['OTHER_DAEMON'], 'reducing']);
    await site.time.advance(60_000);
    site.check.suspect('BTCUSDT');
    site.check.start();
    await site.time.advance(1);
    assert.deepEqual(site.alerts, ['OTHER_DAEMON'], 'told once');
  });

  it('a list with a row that cannot be read is read again each half minute, from the same time on, six days at most', async () => {
    const site = new Site();
    await site.run(site.check.refuseStart());
    site.unreadable = [{ symbol: 'BTCUSDT', detail: 'side is neither BUY nor SELL' }];
    const look = async (afterMs: number): Promise<readonly string[]> => {
      site.asked.length = 0;
      await site.time.advance(afterMs);
      site.check.start();
      await site.time.advance(0);
      return site.asked;
    };
    site.check.suspect('BTCUSDT');
    assert.deepEqual(await look(MINUTE), ['BTCUSDT -2']);
    assert.deepEqual(await look(MINUTE / 2 - 1), []);
    assert.deepEqual(await look(1), ['BTCUSDT -2']);
    assert.deepEqual(await look(9 * 1440 * MINUTE), [`BTCUSDT ${3 * 1440 + 1.5}`]);
    site.unreadable = [];
    await look(MINUTE);
    site.check.suspect('BTCUSDT');
    assert.deepEqual(await look(MINUTE), [`BTCUSDT ${9 * 1440 + 0.5}`]);
  });

  it('income of a person is looked at once, and of our own not at all', async () => {
    const site = new Site();
    await site.run(site.check.refuseStart());
    site.asked.length = 0;
    site.executions = [execution('5')];
    for (let poll = 0; poll < 3; poll += 1) await site.run(site.check.pollIncome());
    assert.equal(site.asked.filter((what) => what.startsWith('BTCUSDT')).length, 1);
    site.state.seenTrades.add('BTCUSDT', '6', T0);
    site.executions = [execution('5'), execution('6')];
    await site.run(site.check.pollIncome());
    assert.equal(site.asked.filter((what) => what.startsWith('BTCUSDT')).length, 1);
    site.executions = [execution('7')];
    await site.run(site.check.pollIncome());
    assert.equal(site.asked.filter((what) => what.startsWith('BTCUSDT')).length, 2);
  });
});
