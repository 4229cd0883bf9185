import { Agent, request } from 'undici';
import type { SizeRules } from '../../facts/markets.ts';
import { type Books, parseBooks } from './books.ts';

/** A closed bar of the exchange, oldest first in lists. */
export interface ClosedBar {
  readonly closeMs: number;
  readonly close: number;
}
/** The simulated exchange that the executor under test trades on: the only source of what really happened. */
export interface ExchangeUnderTest {
  readBooks(): Promise<Books>;
  readClock(): Promise<{ readonly serverMs: number; readonly scale: number }>;
  /** Closed bars of `barMs`, at least `count` when the exchange has as many. */
  readBars(symbol: string, barMs: number, count: number): Promise<readonly ClosedBar[]>;
  /** Sizes by symbol. A symbol without them is judged without tolerance. */
  readSizes(): Promise<ReadonlyMap<string, SizeRules>>;
  /** Holds the mark of a symbol at a price. */
  holdMark(symbol: string, price: number): Promise<void>;
  /** Lets the market move the mark again. */
  releaseMark(symbol: string): Promise<void>;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const MAX_BARS_A_READ = 1500;
const MINUTE_MS = 60_000;

/** Talks to the control face (`/sim/*`) and to public market data. `url`: loopback only, as the token goes there. */
export function createExchangeClient(url: string, simToken: string): ExchangeUnderTest {
  const { hostname, origin } = new URL(url);
  if (!/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)) {
    throw new Error(`${url} is not on this machine: the suite attacks on the simulated exchange only`);
  }
  const dispatcher = new Agent({ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const answer = await request(`${origin}${path}`, {
      dispatcher,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${simToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`the exchange answered ${answer.statusCode} to ${path}`);
    return JSON.parse(text);
  };
  const readClock = async (): Promise<{ readonly serverMs: number; readonly scale: number }> => {
    const clock = (await ask('/sim/clock')) as { server_time_ms: number; scale: number };
    return { serverMs: clock.server_time_ms, scale: clock.scale };
  };
  return {
    readBooks: async () => parseBooks(await ask('/sim/books')),
    readClock,
    readBars: async (symbol, barMs, count) => {
      const bars: ClosedBar[] = [];
      const { serverMs } = await readClock();
      let from = serverMs - (count + 2) * barMs;
      while (from < serverMs) {
        const query = `symbol=${symbol}&interval=${intervalName(barMs)}&startTime=${from}&limit=${MAX_BARS_A_READ}`;
        const rows = (await ask(`/fapi/v1/klines?${query}`)) as readonly (readonly (string | number)[])[];
        for (const row of rows) {
          const closeMs = Number(row[0]) + barMs;
          if (closeMs <= serverMs) bars.push({ closeMs, close: Number(row[4]) });
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < MAX_BARS_A_READ) break;
        from = Number(last[0]) + barMs;
      }
      return bars;
    },
    readSizes: async () => {
      const info = (await ask('/fapi/v1/exchangeInfo')) as {
        readonly symbols: readonly {
          readonly symbol: string;
          readonly filters: readonly Filter[];
        }[];
      };
      return new Map(info.symbols.map(({ symbol, filters }) => [symbol, readSizeRules(filters)] as const));
    },
    holdMark: async (symbol, price) => {
      await ask('/sim/set-mark', { symbol, price: price.toFixed(2) });
    },
    releaseMark: async (symbol) => {
      await ask('/sim/release-mark', { symbol });
    },
    close: () => dispatcher.close(),
  };
}

type Filter = Readonly<Record<string, string>>;

function readSizeRules(filters: readonly Filter[]): SizeRules {
  const find = (type: string): Filter | undefined => filters.find(({ filterType }) => filterType === type);
  const lot = find('LOT_SIZE');
  const step = lot?.stepSize ?? '1';
  const lotScale = 10 ** (step.split('.')[1]?.length ?? 0);
  const lotMantissa = Math.round(Number(step) * lotScale);
  return {
    lotMantissa,
    lotScale,
    minLots: Math.ceil((Number(lot?.minQty ?? 0) * lotScale) / lotMantissa),
    minNotionalUsdt: Number(find('MIN_NOTIONAL')?.notional ?? 0),
  };
}

function intervalName(barMs: number): string {
  const minutes = barMs / MINUTE_MS;
  if (minutes % 1440 === 0) return `${minutes / 1440}d`;
  return minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
