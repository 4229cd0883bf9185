import { SCHEMA_CHECKS } from '../../daemon/boot/open-gate.ts';
import { createPolicyPort } from '../../daemon/boot/policy/policy.ts';
import { checkTradingCall, isTradingTool } from '../../daemon/contract/tools.ts';
import type { TradingArgs } from '../../daemon/contract/types/trading-calls.ts';
import { buildParts, type GateParts } from '../../daemon/driver/parts.ts';
import { awaitsReading } from '../../daemon/engine/claims/exit-sizes.ts';
import type { Flow } from '../../daemon/engine/flow/step.ts';
import { endOfTimeMs } from '../../daemon/engine/openings/authority.ts';
import { everyLiveOrder, isOwnOpening } from '../../daemon/engine/orders/orders.ts';
import { ReplayAccount } from '../../daemon/evaluation/exchange/account.ts';
import { ReplayExchange } from '../../daemon/evaluation/exchange/exchange.ts';
import { argsOf } from '../../daemon/evaluation/intents/requests.ts';
import { MarketTrack } from '../../daemon/evaluation/market/track.ts';
import { MarketClock, STEPS_PER_BAR } from '../../daemon/evaluation/market/walk/clock.ts';
import { prepareMarket } from '../../daemon/evaluation/market/walk/prepared.ts';
import { START_EQUITY_USDT } from '../../daemon/evaluation/run/run.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { TimePort, Timer } from '../../daemon/time/time-port.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { blankStorage } from '../../scripts/explore/blank-ledger.ts';
import { settle } from '../engine/manual-time.ts';
import { gateVenue } from './gate-venue.ts';
import { Played } from './played.ts';
import type { World } from './worlds.ts';

const NOTHING = (): void => undefined;
const READ_EVERY_MS = 2_000;

/** The production gate on the exchange of a replay. Its loop does not run: everything is read at every instant of the world. */
export async function playGate({ market, policy, steps }: World): Promise<readonly string[]> {
  const clock = new MarketClock(prepareMarket(market));
  clock.nowMs = market.startMs;
  const account = new ReplayAccount(market.symbols.map(({ instrument }) => instrument), clock, START_EQUITY_USDT); // biome-ignore format: one line
  const exchange = new ReplayExchange(account, clock);
  const track = new MarketTrack(market, policy.spec.market);
  const time = new InstantTime(clock);
  const storage = blankStorage();
  const parts: GateParts = buildParts({
    ports: {
      ...SCHEMA_CHECKS,
      ledger: openLedger({ path: '', venue: 'paper', account: 'main', now: () => clock.nowMs, time, storage }),
      venue: gateVenue(exchange, account, clock, (symbol) => track.fundingRate8h(symbol, clock.nowMs)),
      clock: new DomainClock(time),
      time,
      observer: { decided: NOTHING, submitted: NOTHING, alerted: NOTHING, summed: NOTHING },
      log: { info: NOTHING, warn: NOTHING, error: NOTHING },
      sha256: () => '',
    },
    settings: { venue: 'paper', account: 'main', version: 'world', answerWithinMs: 3_000, sendDeadlineMs: 500 },
    policy,
    policyPort: createPolicyPort('paper', 'world.yaml'),
    signal: new AbortController().signal,
    metricsText: () => Promise.resolve(''),
  });
  const { core, keeper, upkeep } = parts;
  const played = new Played(core.state, exchange, () => clock.nowMs);
  let failure: unknown = null;
  let lookAtMs = Number.NEGATIVE_INFINITY;

  const drive = async (flow: Flow<unknown>, isHeld = false): Promise<void> => {
    const running = core.begin(flow).onEnd((end) => {
      if (end.kind === 'failed') failure = end.error;
    });
    for (let turn = 0; turn < 100 && !running.isOver; turn++) await time.run(isHeld);
    if (failure !== null) throw failure;
    if (!running.isOver) throw new Error('something waits for time to pass');
  };
  /** Every feed once, and again while that makes the gate do something. */
  const refresh = async (isHeld = false): Promise<void> => {
    for (let before = -1; before !== played.lines.length; ) {
      before = played.lines.length;
      await drive(keeper.refreshAll(), isHeld);
      // A breach that one reading has shown, or an exit, waits for another one, which the daemon has in two seconds.
      const isAwaited = upkeep.awaitsReading || awaitsReading(core.state);
      if (isAwaited && lookAtMs <= clock.nowMs) lookAtMs = clock.nowMs + READ_EVERY_MS;
    }
  };
  /** When an opening has had its time, and the like: the daemon's loop would find that within 50 ms. */
  const nextDueMs = (): number => {
    const ends = everyLiveOrder(core.state.orders)
      .filter((order) => isOwnOpening(order) && !order.cancelRequested)
      .map((order) => endOfTimeMs(order, policy.spec));
    return Math.min(...[lookAtMs, ...ends].filter((atMs) => atMs > clock.nowMs));
  };
  /** Lets time pass; whatever falls due on the way finds its own instant, and all feeds are read there. */
  const passUntil = async (untilMs: number): Promise<void> => {
    for (;;) {
      const readMs = nextDueMs();
      const dueMs = Math.min(time.nextAtMs, readMs);
      if (dueMs > untilMs) break;
      clock.nowMs = Math.max(clock.nowMs, dueMs);
      const before = played.lines.length;
      await time.run();
      if (dueMs === readMs || played.lines.length !== before) await refresh();
    }
    clock.nowMs = Math.max(clock.nowMs, untilMs);
  };
  const start = async (): Promise<void> => {
    parts.ledgerCheck.begin();
    await drive(keeper.clock.syncFirst());
    keeper.reconciliation.takeUp();
    await drive(keeper.reconciliation.refuseOtherDaemon());
    keeper.reconciliation.enterBoot('starting', false);
    parts.exitResumption.start();
    parts.availability.isStarted = true;
    await drive(keeper.reconciliation.reconcile());
    if (!keeper.isReconciled) throw new Error(`not reconciled: ${keeper.reconciliation.missing.join(', ')}`);
  };
  const ask = async ({ agent, request: requestOf, symbol }: World['steps'][number]): Promise<void> => {
    await time.run();
    await refresh();
    const request = requestOf(core.state, clock.marks[clock.market.symbols.indexOf(symbol)]!);
    const args = argsOf(request, 'replay');
    if (!isTradingTool(request.tool) || !checkTradingCall(request.tool, args).ok) return;
    const caller = { role: 'agent', agent, tokenId: agent, skillSha256: null } as const;
    core.begin(parts.calls.runTool(caller, { tool: request.tool, args } as TradingArgs)).onEnd((end) => {
      if (end.kind === 'failed') failure ??= end.error;
    });
    await time.run();
    await refresh();
  };

  const pending = [...steps];
  for (let openMs = market.startMs; openMs < market.endMs; openMs += market.barMs) {
    clock.openBar(openMs, (symbol) => Math.sign(account.lots(symbol)));
    if (openMs === market.startMs) await start();
    exchange.settle();
    await refresh();
    for (let step = 1; step <= STEPS_PER_BAR; step++) {
      while (pending.length > 0 && market.startMs + pending[0]!.atMs < clock.timeOf(step)) {
        await passUntil(market.startMs + pending[0]!.atMs);
        await ask(pending.shift()!);
      }
      await passUntil(clock.timeOf(step) - 1);
      clock.moveTo(step);
      exchange.settle();
      // What the market shows is read before whatever falls due at the same instant.
      await refresh(true);
      const before = played.lines.length;
      await time.run();
      if (played.lines.length !== before) await refresh();
    }
  }
  return played.lines;
}

/** Time is the market's; whoever moves that sees what falls due when. */
class InstantTime implements TimePort {
  readonly #clock: MarketClock;
  readonly #startMs: number;
  #waiting: { readonly atMs: number; readonly fn: () => void }[] = [];
  #turns: (() => void)[] = [];

  constructor(clock: MarketClock) {
    this.#clock = clock;
    this.#startMs = clock.nowMs;
  }

  monotonicMs(): number {
    return this.#clock.nowMs - this.#startMs;
  }
  hostMs(): number {
    return this.#clock.nowMs;
  }
  delay(ms: number): Promise<void> {
    return ms <= 0 ? settle() : new Promise((resolve) => this.after(ms, resolve));
  }
  after(ms: number, fn: () => void): Timer {
    const entry = { atMs: this.#clock.nowMs + Math.max(1, Math.ceil(ms)), fn };
    this.#waiting = [...this.#waiting, entry].sort((a, b) => a.atMs - b.atMs);
    return { cancel: () => (this.#waiting = this.#waiting.filter((other) => other !== entry)) };
  }
  every(): Timer {
    throw new Error('nothing of the gate repeats by a timer while its loop does not run');
  }
  nextTurn(fn: () => void): Timer {
    this.#turns.push(fn);
    return { cancel: () => (this.#turns = this.#turns.filter((other) => other !== fn)) };
  }
  /** When the next timer falls due. */
  get nextAtMs(): number {
    return this.#waiting[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }
  /** Runs what has fallen due, and all that follows from it at this instant. `isHeld`: no timer fires yet. */
  async run(isHeld: boolean = false): Promise<void> {
    for (await settle(); ; await settle()) {
      const isDue = !isHeld && this.nextAtMs <= this.#clock.nowMs;
      const next = this.#turns.shift() ?? (isDue ? this.#waiting.shift()?.fn : undefined);
      if (next === undefined) return;
      next();
    }
  }
}
