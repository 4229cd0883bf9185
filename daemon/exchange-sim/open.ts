import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { TimePort } from '../time/time-port.ts';
import { createClock } from './clock.ts';
import { fromNumber } from './core/fixed.ts';
import { INSTRUMENTS, type Instrument } from './core/instruments.ts';
import { type CountdownScope, createState } from './core/state.ts';
import { catchUp, type Exchange } from './exchange.ts';
import { FaultQueue } from './faults/faults.ts';
import { type EnforcedLimits, RateLimits } from './faults/limits.ts';
import type { BarSource } from './market/bars.ts';
import { SyntheticMarket } from './market/synthetic.ts';
import { readTapes } from './market/tape.ts';
import { createWorld, type World } from './market/world.ts';
import { ExchangeStorage, type Identity } from './storage.ts';

/** What an exchange is, however it is reached. */
export interface ExchangeOptions {
  readonly apiKey?: string;
  readonly apiSecret?: string;
  /** Token of the control routes; random when not given. */
  readonly simToken?: string;
  /** `synthetic` (the default), or a folder or CSV file of recorded bars. */
  readonly market?: string;
  /** Bars of the synthetic market before its start; 3,000 when not given. */
  readonly prehistoryBars?: number;
  /** Seed of the synthetic market; 1 when not given, or what the state file says. */
  readonly seed?: number;
  /** Server milliseconds per wall millisecond; 1 when not given. */
  readonly speed?: number;
  /** `manual`: time passes only by POST /sim/advance. */
  readonly clock?: 'wall' | 'manual';
  /** Opening balance in USDT; 10,000 when not given. */
  readonly balance?: number;
  /** Server time of a fresh start; the wall (synthetic) or the tape's start after its history (recorded). */
  readonly startMs?: number;
  /** SQLite file that the exchange lives in; without it nothing survives. */
  readonly storagePath?: string;
  /** An opened market instead of `market` and `seed`; bars are only read, so several exchanges may share it. */
  readonly opened?: OpenedMarket;
  readonly symbols?: readonly string[];
  /** Which rate limits refuse (429); they are counted and reported either way. All when not given. */
  readonly enforceLimits?: EnforcedLimits;
  /** What a dead-man countdown cancels: `regular` orders (when not given), or `all`. */
  readonly countdown?: CountdownScope;
  /** Clocks and timers. */
  readonly time: TimePort;
  /** Ids that the exchange makes; that of node:crypto when not given. */
  readonly randomBytes?: (size: number) => Buffer;
}

/** The options make no exchange: an unknown symbol, or a state file of another market. */
export class ExchangeSimError extends Error {
  override readonly name = 'ExchangeSimError';
}

export interface OpenedMarket {
  readonly instruments: readonly Instrument[];
  readonly sources: ReadonlyMap<string, BarSource>;
  readonly startMs: number;
}

function selectInstruments(symbols: readonly string[] | undefined): readonly Instrument[] {
  if (symbols === undefined) return INSTRUMENTS;
  for (const symbol of symbols) {
    if (!INSTRUMENTS.some((known) => known.symbol === symbol)) throw new ExchangeSimError(`unknown symbol ${symbol}`);
  }
  return INSTRUMENTS.filter((known) => symbols.includes(known.symbol));
}

function openMarket(market: string, seed: number, startMs: number | undefined, options: ExchangeOptions): OpenedMarket {
  if (options.opened !== undefined) return options.opened;
  const instruments = selectInstruments(options.symbols);
  if (market === 'synthetic') {
    const start = startMs ?? options.time.hostMs();
    const { sources } = new SyntheticMarket(instruments, seed, start, options);
    return { instruments, sources, startMs: start };
  }
  const tapes = readTapes(
    market,
    instruments.map((instrument) => instrument.symbol),
  );
  const start = startMs ?? Math.max(...tapes.map((tape) => tape.startMs));
  return {
    instruments: tapes.map((tape) => tape.instrument),
    sources: new Map(tapes.map((tape) => [tape.instrument.symbol, tape.source])),
    startMs: start,
  };
}

function openWorld(options: ExchangeOptions, storage: ExchangeStorage | null): World {
  const known = storage?.readIdentity() ?? null;
  const market = options.market === undefined || options.market === 'synthetic' ? 'synthetic' : resolve(options.market);
  const seed = options.seed ?? known?.seed ?? 1;
  if (known !== null && (known.market !== market || known.seed !== seed)) {
    throw new ExchangeSimError(`the state file belongs to market ${known.market}, seed ${known.seed}`);
  }
  const opened = openMarket(market, seed, known?.startMs ?? options.startMs, options);
  const balance = known === null ? fromNumber(options.balance ?? 10_000) : BigInt(known.openingBalance);
  const world = createWorld(createState(opened.instruments, balance, opened.startMs), opened.sources);
  if (storage === null) return world;
  if (known === null) {
    const identity: Identity = { market, seed, startMs: opened.startMs, openingBalance: balance.toString() };
    storage.writeIdentity(identity);
    storage.save(world, true);
  } else {
    storage.restore(world);
  }
  return world;
}

/**
 * Server time when a start takes over. A synthetic market lives on wall time, so the time it was down is walked
 * through; a recorded or manual one continues where it stopped.
 */
function firstServerTime(options: ExchangeOptions, world: World): number {
  const isSynthetic = options.market === undefined || options.market === 'synthetic';
  const livesOnWall = isSynthetic && options.clock !== 'manual' && options.startMs === undefined;
  return livesOnWall ? Math.max(options.time.hostMs(), world.state.nowMs) : world.state.nowMs;
}

/** An exchange that nobody listens for yet: `serveRequest` and `serveControl` are its two doors. */
export function openExchange(options: ExchangeOptions): Exchange {
  const storage = options.storagePath === undefined ? null : new ExchangeStorage(options.storagePath);
  const world = openWorld(options, storage);
  const { time } = options;
  world.state.countdownScope = options.countdown ?? 'regular';
  const random = options.randomBytes ?? randomBytes;
  const exchange: Exchange = {
    time,
    world,
    clock: createClock(time, options.clock ?? 'wall', firstServerTime(options, world), options.speed ?? 1),
    apiKey: options.apiKey ?? 'paper',
    apiSecret: options.apiSecret ?? 'paper-secret',
    simToken: options.simToken ?? random(24).toString('hex'),
    limits: new RateLimits(options.enforceLimits ?? true),
    faults: new FaultQueue(time),
    storage,
    listenKeys: new Set(),
    randomBytes: random,
  };
  catchUp(exchange);
  storage?.save(world, true);
  return exchange;
}
