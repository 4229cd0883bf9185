import { MarketDataError, readMarketData } from '../market/read.ts';
import { buildSyntheticMarket } from '../market/synthetic.ts';

const SYNTHETIC = { barMs: 900_000, warmupBars: 3000 } as const;
const SYNTHETIC_SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;

export interface MarketChoice {
  /** Folder of recorded bars; null: the synthetic market. */
  readonly data: string | null;
  readonly synthetic: { readonly seed: number; readonly bars: number };
  /** Null: all of the folder. */
  readonly symbols: readonly string[] | null;
}

/** The market that a command is about. `notes` say in words what a reader of its figures should know. @throws MarketDataError */
export function openMarket({ data, symbols, synthetic }: MarketChoice): ReturnType<typeof readMarketData> {
  if (data === null) return { ...buildSynthetic(synthetic, symbols ?? SYNTHETIC_SYMBOLS), notes: [IS_SYNTHETIC] };
  const market = readMarketData(data, symbols === null ? {} : { symbols });
  const gaps = market.symbols.flatMap((bars) =>
    bars.gaps.map(
      ({ symbol, afterOpenMs, missingBars }) =>
        `${symbol}: ${missingBars} bars are missing after ${new Date(afterOpenMs).toISOString()}; nothing is filled in`,
    ),
  );
  return { ...market, notes: [...market.notes, ...gaps] };
}
const IS_SYNTHETIC = 'the market is synthetic: figures say how a policy behaves, not what it earns';

function buildSynthetic(synthetic: MarketChoice['synthetic'], symbols: readonly string[]) {
  try {
    return buildSyntheticMarket({ ...SYNTHETIC, ...synthetic, symbols });
  } catch (error) {
    throw error instanceof RangeError ? new MarketDataError(error.message) : error;
  }
}
