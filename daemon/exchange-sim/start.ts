import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createClock } from './clock.ts';
import { fromNumber } from './core/fixed.ts';
import { INSTRUMENTS, type Instrument } from './core/instruments.ts';
import { createState } from './core/state.ts';
import { catchUp, type Exchange } from './exchange.ts';
import type { BarSource } from './market/bars.ts';
import { SyntheticMarket } from './market/synthetic.ts';
import { readTapes } from './market/tape.ts';
import { createWorld, type World } from './market/world.ts';
import { FaultQueue } from './rest/faults.ts';
import { RateLimits } from './rest/limits.ts';
import { createExchangeServer } from './rest/server.ts';
import { ExchangeStorage, type Identity } from './storage.ts';

export interface ExchangeSimOptions {
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  readonly apiKey?: string;
  readonly apiSecret?: string;
  /** Token of the control routes; random when not given. */
  readonly simToken?: string;
  /** `synthetic` (the default), or a folder or CSV file of recorded bars. */
  readonly market?: string;
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
  readonly symbols?: readonly string[];
  /** Whether rate limits refuse (429); they are counted and reported either way. True when not given. */
  readonly enforceLimits?: boolean;
}

export interface ExchangeSim {
  readonly url: string;
  readonly port: number;
  readonly simToken: string;
  readonly engine: World;
  /** Saves, and ends every connection at once. */
  close(): Promise<void>;
}

/** The options make no exchange: an unknown symbol, or a state file of another market. */
export class ExchangeSimError extends Error {
  override readonly name = 'ExchangeSimError';
}

interface OpenedMarket {
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

function openMarket(
  market: string,
  seed: number,
  startMs: number | undefined,
  symbols?: readonly string[],
): OpenedMarket {
  const instruments = selectInstruments(symbols);
  if (market === 'synthetic') {
    const start = startMs ?? Date.now();
    return { instruments, sources: new SyntheticMarket(instruments, seed, start).sources, startMs: start };
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

function openWorld(options: ExchangeSimOptions, storage: ExchangeStorage | null): World {
  const known = storage?.readIdentity() ?? null;
  const market = options.market === undefined || options.market === 'synthetic' ? 'synthetic' : resolve(options.market);
  const seed = options.seed ?? known?.seed ?? 1;
  if (known !== null && (known.market !== market || known.seed !== seed)) {
    throw new ExchangeSimError(`the state file belongs to market ${known.market}, seed ${known.seed}`);
  }
  const opened = openMarket(market, seed, known?.startMs ?? options.startMs, options.symbols);
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
 * through; a recorded or manual one goes on where it stopped.
 */
function firstServerTime(options: ExchangeSimOptions, world: World): number {
  const isSynthetic = options.market === undefined || options.market === 'synthetic';
  const livesOnWall = isSynthetic && options.clock !== 'manual' && options.startMs === undefined;
  return livesOnWall ? Math.max(Date.now(), world.state.nowMs) : world.state.nowMs;
}

/** Starts a simulated Binance USD-M exchange on a loopback port. */
export async function startExchangeSim(options: ExchangeSimOptions = {}): Promise<ExchangeSim> {
  const storage = options.storagePath === undefined ? null : new ExchangeStorage(options.storagePath);
  const world = openWorld(options, storage);
  const simToken = options.simToken ?? randomBytes(24).toString('hex');
  const clock = createClock(options.clock ?? 'wall', firstServerTime(options, world), options.speed ?? 1);
  const exchange: Exchange = {
    world,
    clock,
    apiKey: options.apiKey ?? 'paper',
    apiSecret: options.apiSecret ?? 'paper-secret',
    simToken,
    limits: new RateLimits(options.enforceLimits ?? true),
    faults: new FaultQueue(),
    storage,
    listenKeys: new Set(),
  };
  catchUp(exchange);
  storage?.save(world, true);
  const { server, close } = createExchangeServer(exchange);
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const stopTicking = clock.mode === 'wall' ? tick(exchange) : () => {};
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    simToken,
    engine: world,
    close: async () => {
      stopTicking();
      await close();
      storage?.save(world, true);
      storage?.close();
    },
  };
}

/** Lets time pass also while nobody asks: stops trigger and liquidations happen when they are due. */
function tick(exchange: Exchange): () => void {
  const timer = setInterval(() => {
    catchUp(exchange);
    exchange.storage?.save(exchange.world);
  }, 100);
  timer.unref();
  return () => clearInterval(timer);
}
