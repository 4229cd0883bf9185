import { INSTRUMENTS } from '../../daemon/exchange-sim/core/instruments.ts';
import { SyntheticMarket } from '../../daemon/exchange-sim/market/synthetic.ts';
import type { OpenedMarket } from '../../daemon/exchange-sim/open.ts';

/** 2025-03-03 00:10 UTC: no funding, no new day and no new bar within a short world. */
export const START_MS = 1_740_960_600_000;
const PREHISTORY_BARS = 60;
const SEED = 7;

let opened: OpenedMarket | null = null;

/** One quiet market for all worlds: its bars are only read. What moves prices in a world is its plan. */
export function openWorldMarket(): OpenedMarket {
  opened ??= {
    instruments: INSTRUMENTS,
    sources: new SyntheticMarket(INSTRUMENTS, SEED, START_MS, { prehistoryBars: PREHISTORY_BARS }).sources,
    startMs: START_MS,
  };
  return opened;
}
