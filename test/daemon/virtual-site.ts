import '../../scripts/explore/prepared-ccxt.ts';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { recordRecovery } from '../../daemon/boot/recovery.ts';
import { readEnv } from '../../daemon/config/config.ts';
import { INSTRUMENTS } from '../../daemon/exchange-sim/core/instruments.ts';
import { catchUp, type Exchange } from '../../daemon/exchange-sim/exchange.ts';
import type { BarSource } from '../../daemon/exchange-sim/market/bars.ts';
import { SyntheticMarket } from '../../daemon/exchange-sim/market/synthetic.ts';
import { type OpenedMarket, openExchange } from '../../daemon/exchange-sim/open.ts';
import { serveControl, serveRequest } from '../../daemon/exchange-sim/rest/serve.ts';
import type { ExchangeSimOptions } from '../../daemon/exchange-sim/start.ts';
import { GRACE_MS } from '../../daemon/http/entrance/listening.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { createUnlistenedServer, type UnlistenedServer } from '../../daemon/http/unlistened-server.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { ACCOUNT_NAME, type Daemon, startDaemon } from '../../daemon/main.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { loadBinanceusdm } from '../../daemon/venue/wire/ccxt-binance.ts';
import type { HttpExchange } from '../../daemon/venue/wire/transport.ts';
import { blankStorage } from '../../scripts/explore/blank-ledger.ts';
import { Random } from '../../scripts/explore/random.ts';
import { SimTime } from '../../scripts/explore/sim-time.ts';
import { Wire } from '../../scripts/explore/wire.ts';
import { openAtOnce } from './open-at-once.ts';
import { Pump } from './pump.ts';
import type { SiteOptions } from './real-site.ts';
import type { Rewrites } from './rewriting-proxy.ts';
import type { WorldSite } from './world-site.ts';

/** Configuration wants an address; nothing is sent there. */
const NO_URL = 'http://127.0.0.1:1';
/** How often an exchange on wall time looks at its market by itself (as `startExchangeSim` does). */
const TICK_MS = 100;
/** What a question to the exchange takes that is not the daemon's. */
const ASK_MS = 1;
const ARRIVED_WITHIN_MS = 50;
/** Bars before a world begins: more than a shipped policy wants to see before it calls a market calm (480 at most). */
const YOUNG_BARS = 600;

/**
 * Daemon and exchange in this process, in virtual time: the production composition with the wire of the explorer instead
 * of sockets to the exchange, its routes asked without a socket, and its ledger in memory.
 */
export async function openVirtualSite(
  { sim: options, rewrites, readWeightPerMinute }: SiteOptions,
  hostMs: number,
): Promise<WorldSite> {
  // Loading the client takes real time, in which virtual time would fly.
  await loadBinanceusdm();
  const seed = options.seed ?? 1;
  const time = new SimTime({ hostMs, latenessMs: () => 0 });
  const own = time.open();
  const pump = new Pump(time);
  const exchange = openSiteExchange(options, seed, own);
  const wire = new Wire({
    time,
    exchange,
    random: new Random(seed, 'wire'),
    noise: 0,
    onServe: () => undefined,
    onRequest: () => undefined,
  });
  const storages = new Map<string, MemoryStorage>();
  const ledgerBytes = new Random(seed, 'ledger');
  const servers = new WeakMap<Daemon, UnlistenedServer>();
  let lives = 0;
  const ask = inProcess(exchange, async () => pump.run(own.delay(ASK_MS)));

  const launch: WorldSite['launch'] = async (env) => {
    lives += 1;
    const life = { number: lives, isDead: false };
    const { config, secrets } = readEnv({ HOLDFAST_PAPER_URL: NO_URL, ...env });
    const storage = storages.get(config.home) ?? blankStorage();
    storages.set(config.home, storage);
    const lifetime = time.open();
    const die = (): void => {
      life.isDead = true;
      lifetime.end();
      storage.fence();
    };
    const carry = rewriting(wire.connect(life), rewrites);
    const log = createLogger({ level: config.logLevel, secrets: [secrets.venueKeys.secret] });
    // A ledger in memory makes no folder.
    mkdirSync(join(config.home, config.venue), { recursive: true });
    let server: UnlistenedServer | null = null;
    const starting = startDaemon(config, secrets, {
      log,
      signal: new AbortController().signal,
      time: lifetime,
      openFile: openAtOnce,
      ledger: { storage, randomBytes: (size) => ledgerBytes.bytes(size) },
      createVenue: (wanted) => createVenue({ ...wanted, exchange: carry, readWeightPerMinute }),
      createServer: async (wanted) => {
        server = answering(await createUnlistenedServer(wanted), lifetime);
        return server;
      },
    });
    const started = await pump.run(starting).catch((error: unknown) => {
      die();
      throw error;
    });
    const daemon: Daemon = { ...started, close: () => pump.run(started.close()).then(die) };
    if (server !== null) servers.set(daemon, server);
    return daemon;
  };

  const storageOf = (home: string): MemoryStorage => {
    const storage = storages.get(home);
    if (storage === undefined) throw new Error(`no daemon ran in ${home}`);
    return storage;
  };
  return {
    sim: {
      url: NO_URL,
      port: 1,
      simToken: exchange.simToken,
      engine: exchange.world,
      fetch: ask,
      close: () => Promise.resolve(),
    },
    launch,
    wire,
    ledgers: {
      copy: (of) => storageOf(of).copy(),
      put: (of, copy) => {
        storageOf(of).close();
        storages.set(of, new MemoryStorage(copy));
      },
      freeReserve: (of, isFreed) => {
        storageOf(of).isReserveFreed = isFreed;
      },
      recover: (of, takeOver) => {
        const atVenueMs = exchange.world.state.nowMs;
        const at = { path: '', venue: 'paper', account: ACCOUNT_NAME, now: () => atVenueMs, time: own };
        const ledger = openLedger({ ...at, storage: storageOf(of) });
        try {
          return recordRecovery(ledger, { atVenueMs, takeOver, setBy: 'test' });
        } finally {
          ledger.close();
        }
      },
    },
    control: async (path, body) => {
      // INVARIANT: a clock that is moved by command moves between requests; one on its way would come with an old stamp.
      for (let i = 0; path === 'advance' && wire.leaving > 0 && i < ARRIVED_WITHIN_MS; i += 1)
        await pump.run(own.delay(1));
      const method = body === undefined ? 'GET' : 'POST';
      const reply = serveControl(exchange, method, `/sim/${path}`, body === undefined ? '' : JSON.stringify(body));
      const text = JSON.stringify(reply.body);
      if (reply.status !== 200) throw new Error(`/sim/${path}: ${text}`);
      if (reply.cut) wire.cut();
      await pump.run(own.delay(ASK_MS));
      return JSON.parse(text) as unknown;
    },
    call: (daemon, call) => {
      const server = servers.get(daemon);
      if (server === undefined) throw new Error('this daemon is of another world');
      return pump.run(server.ask(call));
    },
    run: (work) => pump.run(work),
    monotonicMs: () => time.nowMs,
    sleep: (ms) => pump.run(own.delay(ms)),
    close: () => {
      pump.close();
      own.end();
      for (const storage of storages.values()) storage.close();
      return Promise.resolve();
    },
  };
}

/** As a server with connections closes: what is in flight has its time to be answered, the rest is cut. */
function answering(server: UnlistenedServer, time: TimePort): UnlistenedServer {
  const inFlight = new Map<Promise<unknown>, () => void>();
  return {
    ...server,
    ask: (request) =>
      new Promise((resolve, reject) => {
        const answer = server.ask(request);
        inFlight.set(answer, () => reject(new TypeError('the connection was cut')));
        answer.then(resolve, reject).finally(() => inFlight.delete(answer));
      }),
    close: async () => {
      const closed = server.close();
      await Promise.race([Promise.allSettled(inFlight.keys()), time.delay(GRACE_MS)]);
      for (const cut of inFlight.values()) cut();
      await closed;
    },
  };
}

function openSiteExchange(options: ExchangeSimOptions, seed: number, time: TimePort): Exchange {
  const bytes = new Random(seed, 'exchange');
  const opened = openSharedMarket(options, seed, time);
  const exchange = openExchange({
    ...options,
    time,
    randomBytes: (size) => bytes.bytes(size),
    ...(opened === null ? {} : { opened }),
  });
  if (exchange.clock.mode === 'wall') time.every(TICK_MS, () => catchUp(exchange));
  return exchange;
}

const markets = new Map<string, OpenedMarket>();

/** Of several worlds on the same market, since its bars are only read. Null for those that choose their own. */
function openSharedMarket(options: ExchangeSimOptions, seed: number, time: TimePort): OpenedMarket | null {
  if (options.market !== undefined || options.symbols !== undefined || options.opened !== undefined) return null;
  const startMs = options.startMs ?? time.hostMs();
  const key = JSON.stringify([seed, startMs, options.prehistoryBars]);
  const known = markets.get(key);
  if (known !== undefined) return known;
  const market = new SyntheticMarket(INSTRUMENTS, seed, startMs, { prehistoryBars: options.prehistoryBars });
  const sources = new Map([...market.sources].map(([symbol, source]) => [symbol, withoutOld(source, startMs)]));
  const opened = { instruments: INSTRUMENTS, sources, startMs };
  markets.set(key, opened);
  return opened;
}

/** The same market, younger: a month of bars, told and read at every start, would be half of a short world's time. */
function withoutOld(source: BarSource, startMs: number): BarSource {
  const dropped = Math.max(0, source.indexAt(startMs) - YOUNG_BARS);
  const firstMs = source.bar(dropped)?.openMs ?? startMs;
  return {
    barMs: source.barMs,
    bar: (index) => source.bar(index + dropped),
    indexAt: (ms) => Math.max(-1, source.indexAt(ms) - dropped),
    nextFunding: (afterMs) => source.nextFunding(afterMs),
    fundingBetween: (fromMs, toMs) => source.fundingBetween(Math.max(fromMs, firstMs), toMs),
  };
}

function rewriting(carry: HttpExchange, rewrites: Rewrites | null): HttpExchange {
  if (rewrites === null) return carry;
  return async (request) => {
    const answer = await carry(request);
    const rewrite = rewrites.get(new URL(request.url).pathname);
    if (rewrite === undefined || answer.status !== 200) return answer;
    return { ...answer, text: JSON.stringify(rewrite(JSON.parse(answer.text))) };
  };
}

/** Asks the exchange as somebody else than the daemon does. */
function inProcess(exchange: Exchange, takeTime: () => Promise<void>): typeof fetch {
  return async (input, init) => {
    const { pathname: path, search } = new URL(String(input));
    const method = init?.method ?? 'GET';
    const body = typeof init?.body === 'string' ? init.body : '';
    const headers = new Headers(init?.headers);
    if (path.startsWith('/sim/')) {
      const reply = serveControl(exchange, method, path, body);
      await takeTime();
      return Response.json(reply.body, { status: reply.status });
    }
    const apiKey = headers.get('X-MBX-APIKEY') ?? undefined;
    const served = await serveRequest(exchange, { method, path, query: search.slice(1), body, apiKey });
    await takeTime();
    if (served.kind !== 'answer') throw new TypeError(`the exchange gave no whole answer (${served.kind})`);
    return new Response(served.answer.body, { status: served.answer.status, headers: served.answer.headers });
  };
}
