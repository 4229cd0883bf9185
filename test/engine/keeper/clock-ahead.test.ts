import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { accountEvent } from '../../../daemon/engine/feeds/account-reading.ts';
import { ClockSync } from '../../../daemon/engine/keeper/clock-sync.ts';
import type { AccountSnapshot } from '../../../daemon/engine/records/venue.ts';
import { DomainClock } from '../../../daemon/venue/wire/clock.ts';
import { DAY, LOT_E8, T0 } from '../fold-fixture.ts';
import { ProofWorld } from '../proof-fixture.ts';

const START_MS = T0 + 10 * 3_600_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const JUMPS = [2 * MINUTE, 20 * MINUTE, 25 * HOUR, 366 * DAY] as const;
/** Of each jump, by what a synchronisation is off. */
const SLACK_MS = 2;
const WINDOWS = [MINUTE, HOUR, DAY] as const;

interface Dated {
  readonly atMs: number;
  readonly value: number;
}
const within = (entries: readonly Dated[], nowMs: number, windowMs: number): number =>
  entries.reduce((sum, { atMs, value }) => (atMs > nowMs - windowMs ? sum + value : sum), 0);
function snapshot(atMs: number, walletUsdt: number): AccountSnapshot {
  return {
    requestedAtMs: atMs,
    observedAtMs: atMs,
    walletUsdt,
    marginBalanceUsdt: walletUsdt,
    availableUsdt: walletUsdt,
    maintenanceMarginUsdt: 0,
    initialMarginUsdt: 0,
    positions: [],
    leverage: {},
    isolated: {},
    unreadable: [],
  };
}

/** A gate whose venue tells a time that may be wrong, and what happened by the true one. */
class ClockWorld {
  world = new ProofWorld([], START_MS);
  #sync: ClockSync | null = null;
  #baseMs = START_MS;
  /** By how much the venue's clock is ahead of the true time, and the host's, ms. */
  skewMs = 0;
  readonly hostOffMs: number;
  /** By how much what happened may count as younger than it is, ms. */
  #youngerMs = 0;
  #count = 0;
  readonly #turnover: Dated[] = [];
  readonly #sends: Dated[] = [];
  readonly #equity: Dated[] = [];
  #signalEndsMs = 0;
  #breakerEndsMs = 0;
  /** Checks of a wrong clock that was not taken for right, for the test of the test. */
  doubted = 0;

  constructor(hostOffMs: number) {
    this.hostOffMs = hostOffMs;
  }

  get trueMs(): number {
    return this.#baseMs + this.world.time.monotonicMs();
  }
  get core() {
    return this.world.core;
  }
  get isDoubted(): boolean {
    return this.core.market.clockSkewMs === null;
  }

  /** A process begins: it learns the time, and records that it starts. */
  async begin(): Promise<void> {
    const { time } = this.world;
    const ports = this.core.ports as unknown as { clock: DomainClock; venue: { fetchServerTime: unknown } };
    (this.core.settings as { venue: string }).venue = 'binance-demo';
    time.hostMs = () => this.trueMs + this.hostOffMs;
    ports.clock = new DomainClock({ monotonicMs: () => time.monotonicMs(), hostMs: () => time.hostMs() });
    Object.assign(ports.venue, {
      // As half of the way there and back makes it.
      fetchServerTime: async () => ({ kind: 'ok', value: this.trueMs + this.skewMs + (this.#count % 2) / 2 }),
      fetchTimeScale: async () => 1,
    });
    this.#sync = new ClockSync(this.core, (reason, moved) => this.core.appendBoot(reason, moved));
    await this.core.run(this.#sync.syncFirst());
    this.core.appendBoot('starting');
  }
  async sync(): Promise<void> {
    if (this.#sync !== null) await this.core.run(this.#sync.sync());
  }
  /** While no process runs nobody knows how much time has passed. */
  async restart(downMs: number, skewMs: number): Promise<void> {
    this.#youngerMs += SLACK_MS + (skewMs === this.skewMs ? 0 : downMs);
    this.skewMs = skewMs;
    const trueMs = this.trueMs + downMs;
    this.world.stop();
    this.world = new ProofWorld(this.world.events);
    this.#baseMs = trueMs;
    await this.begin();
  }
  async jump(byMs: number): Promise<void> {
    this.skewMs += byMs;
    this.#youngerMs += SLACK_MS;
    await this.sync();
  }
  async pass(ms: number): Promise<void> {
    await this.world.time.advance(ms);
    await this.sync();
    // A gate that runs reads the account every few seconds.
    this.read(this.#equity.at(-1)?.value ?? 1_000);
  }

  trade(lots: number, isExit: boolean): void {
    // Nothing opens while the clock is in doubt.
    if (!isExit && this.isDoubted) return;
    this.#count += 1;
    const id = `o-${this.#count}`;
    const action = isExit ? { effective: { action: 'exit' as const } } : {};
    const side = isExit ? ({ reduce_only: true, side: 'sell' } as const) : {};
    this.world.decide({ id: `d-${id}`, ...action, orders: [{ client_order_id: id, lots, ...side }] });
    this.core.append('order', {
      average_price: 60_000,
      client_order_id: id,
      detail: null,
      executed_e8: lots * LOT_E8,
      foreign: null,
      retryable: false,
      status: 'filled',
      venue_at_ms: this.core.nowMs(),
      venue_order_id: `v-${id}`,
    });
    this.#turnover.push({ atMs: this.trueMs, value: lots * 60 });
    if (!isExit) this.#sends.push({ atMs: this.trueMs, value: 1 });
  }
  read(walletUsdt: number): void {
    const nowMs = this.core.nowMs();
    this.core.append('account', accountEvent(snapshot(nowMs, walletUsdt)));
    this.#equity.push({ atMs: this.trueMs, value: walletUsdt });
  }
  tighten(forMs: number): void {
    this.#count += 1;
    const endsAtMs = this.core.nowMs() + forMs;
    const scope = {
      account: null,
      agent: null,
      symbol: null,
      evidence_hash: null,
      severity: 1,
      set_by: 'monitor',
    } as const;
    const signal = { kind: 'injection', expires_at_ms: endsAtMs, signal_id: `s-${this.#count}` } as const;
    this.core.append('signal', { ...scope, ...signal });
    this.#signalEndsMs = Math.max(this.#signalEndsMs, this.trueMs + forMs);
    const layer = { clears_at_ms: endsAtMs, clears_when: '', layer: 'breaker', name: 'alice', reason: '' } as const;
    this.core.append('state', { ...layer, scope: 'agent', set_by: 'daemon', state: 'reducing' });
    this.#breakerEndsMs = this.trueMs + forMs;
  }

  check(): void {
    const { state } = this.core;
    for (const { kind, payload } of this.world.events)
      if (kind === 'state') assert.ok(Number.isInteger(payload.clock_ahead_ms ?? 0), `${payload.clock_ahead_ms}`);
    const nowMs = this.core.nowMs();
    const tMs = this.core.passedMs();
    const { trueMs } = this;
    const more = this.#youngerMs;
    const { fees, sends, turnover } = state.pacing.account;
    const isBetween = (what: string, found: number, least: number, most: number): void =>
      assert.ok(found >= least - 1e-6 && found <= most + 1e-6, `${what}: ${found}, not ${least} to ${most}`);
    const [least, most] = [within(this.#turnover, trueMs, DAY), within(this.#turnover, trueMs, DAY + MINUTE + more)];
    isBetween('turnover', turnover.sum(tMs), least, most);
    isBetween('fees', fees.sum(tMs), least * 0.0005, most * 0.0005);
    for (const windowMs of WINDOWS) {
      const taken = sends.count(tMs, windowMs).tokens;
      isBetween(`sends of ${windowMs} ms`, taken, within(this.#sends, trueMs, windowMs), Number.POSITIVE_INFINITY);
      assert.ok(taken <= within(this.#sends, trueMs, windowMs + more + 1), `sends of ${windowMs} ms: not too many`);
    }
    const opened = this.#sends.at(-1);
    if (opened !== undefined) {
      const sinceMs = tMs - (state.pacing.readSymbol('BTCUSDT').lastOpenParentAtMs ?? Number.NaN);
      isBetween('since the last opening', sinceMs, trueMs - opened.atMs - more, trueMs - opened.atMs);
    }
    const equity = this.#equity.at(-1)?.value;
    if (equity !== undefined) this.#checkLosses(nowMs, equity);
    if (trueMs < this.#signalEndsMs - 1) assert.ok(state.activeSignals(tMs, 'main', 'alice', 'BTCUSDT').length > 0);
    const breaker = state.layers.get('breaker|agent|alice');
    if (trueMs < this.#breakerEndsMs - 1) assert.ok((breaker?.clearsAtMs ?? 0) > tMs, 'the breaker is in force');
  }

  /** The lowest equity that was known at some instant of a span. */
  #lowest(fromMs: number, toMs: number): number {
    const before = this.#equity.findLast(({ atMs }) => atMs <= fromMs)?.value;
    const inside = this.#equity.filter(({ atMs }) => atMs > fromMs && atMs <= toMs).map(({ value }) => value);
    return Math.min(...inside, ...(before === undefined ? [0] : [before]));
  }

  #checkLosses(nowMs: number, equity: number): void {
    const { state } = this.core;
    const { trueMs } = this;
    const highest = Math.max(...this.#equity.filter(({ atMs }) => atMs >= trueMs - 30 * DAY).map(({ value }) => value));
    const drawdown = state.drawdown(nowMs, equity, 30 * DAY);
    assert.ok(drawdown >= 1 - equity / highest - 1e-9, `drawdown ${drawdown}`);
    if (this.isDoubted) {
      this.doubted += 1;
      return;
    }
    const midnightMs = Math.floor(trueMs / DAY) * DAY;
    const more = this.#youngerMs;
    const reference = Math.max(
      this.#lowest(trueMs - DAY - more, trueMs - DAY),
      this.#lowest(midnightMs - more, midnightMs + more),
    );
    const loss = state.dailyLoss(nowMs, equity);
    assert.ok(loss >= Math.max(0, 1 - equity / reference) - 1e-9, `daily loss ${loss}, reference ${reference}`);
  }
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4 * HOUR }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('open' as const), lots: fc.integer({ min: 1, max: 50 }) }) },
  fc.record({ kind: fc.constant('exit' as const), lots: fc.integer({ min: 1, max: 50 }) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('read' as const), usdt: fc.integer({ min: 500, max: 1_500 }) }),
  },
  fc.record({ kind: fc.constant('tighten' as const), ms: fc.integer({ min: MINUTE, max: 30 * HOUR }) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('jump' as const), ms: fc.constantFrom(...JUMPS) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('back' as const) }) },
  fc.record({
    kind: fc.constant('restart' as const),
    downMs: fc.integer({ min: 1_000, max: 2 * HOUR }),
    jumpMs: fc.constantFrom(0, 0, ...JUMPS),
    isBack: fc.boolean(),
  }),
);

it('BY-22 counts by the time that has passed, however far the clock goes ahead and comes back, also over restarts', async () => {
  let doubted = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, -90_000), async (steps, hostOffMs) => {
      const clocks = new ClockWorld(hostOffMs);
      await clocks.begin();
      clocks.read(1_000);
      for (const each of steps) {
        if (each.kind === 'pass') await clocks.pass(each.ms);
        else if (each.kind === 'open') clocks.trade(each.lots, false);
        else if (each.kind === 'exit') clocks.trade(each.lots, true);
        else if (each.kind === 'read') clocks.read(each.usdt);
        else if (each.kind === 'tighten') clocks.tighten(each.ms);
        else if (each.kind === 'jump') await clocks.jump(each.ms);
        else if (each.kind === 'back') await clocks.jump(-clocks.skewMs);
        else await clocks.restart(each.downMs, each.isBack ? 0 : clocks.skewMs + each.jumpMs);
        clocks.check();
      }
      doubted += clocks.doubted;
      clocks.world.stop();
    }),
    { seed: 1, numRuns: 600 },
  );
  assert.ok(doubted > 100, `the clock was in doubt, ${doubted} times`);
});
