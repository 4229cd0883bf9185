import { buildModify } from '../../../../daemon/evaluation/intents/requests.ts';

import { BTC, buy, ETH, MINUTE_MS, SOL } from '../scene.ts';
import { CALM_PAIR, calm, scenes, thin, VOLATILE_PAIR } from './markets.ts';

const CAP_CLAUSES = ['SAE-R', 'SAE-OOS-CAP'];
/** Half of the notional is needed to keep it at a price that moved against it: maintenance near the initial margin. */
const DEMANDING = {
  brackets: [{ initialLeverage: 3, notionalFloor: 0, notionalCap: 1_000_000_000, maintenanceRate: 0.28, cum: 0 }],
};

/** R: each cap of B_0 at an account in calm markets. */
export const CAP_SCENES = scenes({ clauses: CAP_CLAUSES }, [
  {
    rule: 'cap_order',
    story: 'ETH 900 is held, so that neither concentration nor gross bind; then BTC 1,900 in one order.',
    asks: [buy(MINUTE_MS, ETH, 900), buy(2 * MINUTE_MS, BTC, 1900)],
    off: { 'budgets.order_notional_usdt': 10_000 },
  },
  {
    rule: 'cap_order on modify',
    clauses: [...CAP_CLAUSES, 'ATK-ADAPT'],
    story: 'ETH 900 is held; a resting BTC bid of 200 is modified to 1,900 across the market.',
    asks: [
      buy(MINUTE_MS, ETH, 900),
      buy(2 * MINUTE_MS, BTC, 200, { limitPrice: 990 }),
      {
        atMs: 16 * MINUTE_MS,
        request: ({ account }) =>
          buildModify(BTC, account.openOrders[0]?.clientOrderId ?? '', { limitPrice: 1001.5, requestedNotional: 1900 }),
      },
    ],
    off: { 'budgets.order_notional_usdt': 10_000 },
    seenAs: ['cap_order'],
  },
  {
    rule: 'cap_symbol',
    story: 'ETH 700 is held; BTC 1,000 + 1,000 + 250 pass every other cap.',
    asks: [
      buy(MINUTE_MS, ETH, 700),
      buy(2 * MINUTE_MS, BTC, 1000),
      buy(3 * MINUTE_MS, BTC, 1000),
      buy(4 * MINUTE_MS, BTC, 250),
    ],
    off: { 'budgets.symbol_notional_usdt': 20_000 },
  },
  {
    rule: 'cap_gross',
    story: 'BTC 1,900 and ETH 1,500 in four orders, each symbol within its own cap.',
    asks: [
      buy(MINUTE_MS, BTC, 1000),
      buy(2 * MINUTE_MS, ETH, 1000),
      buy(3 * MINUTE_MS, BTC, 900),
      buy(4 * MINUTE_MS, ETH, 500),
    ],
    off: { 'budgets.gross_notional_usdt': 30_000 },
  },
  {
    rule: 'cap_leverage',
    clauses: [...CAP_CLAUSES, 'SAE-PROJ'],
    story: 'A small BTC order at 5x.',
    asks: [buy(MINUTE_MS, BTC, 500, { leverage: 5 })],
    off: { 'budgets.leverage': 10 },
  },
  {
    rule: 'cap_account_leverage',
    story:
      'At caps x 20 BTC 18,000 is held at 3x from before, in a market now volatile (2x); then ETH 6,000 at 2x, for which there is margin.',
    market: [calm(BTC), VOLATILE_PAIR[1]!],
    capsScale: 20,
    asks: [buy(MINUTE_MS, BTC, 18_000, { leverage: 3 }), buy(2 * MINUTE_MS, ETH, 6000, { leverage: 2 })],
    off: { 'budgets.leverage': 10 },
  },
  {
    rule: 'positions',
    story: 'Three symbols are opened, 300 each.',
    market: [...CALM_PAIR, calm(SOL)],
    asks: [buy(MINUTE_MS, BTC, 300), buy(2 * MINUTE_MS, ETH, 300), buy(3 * MINUTE_MS, SOL, 300)],
    off: { 'budgets.concurrent_positions': 10 },
  },
  {
    rule: 'concentration',
    clauses: ['SAE-U', 'SAE-OOS-CAP'],
    story: 'BTC 900 + 600 with nothing beside it.',
    asks: [buy(MINUTE_MS, BTC, 900), buy(2 * MINUTE_MS, BTC, 600)],
    off: { 'account.concentration.floor_usdt': 1_000_000 },
  },
  {
    rule: 'slippage',
    clauses: ['SAE-R', 'SAE-M5', 'SAE-OOS-CAP'],
    story: 'BTC 300 in bars of 1,000 USDT, with 100 bps of slippage asked for.',
    market: [thin(calm(BTC)), calm(ETH)],
    asks: [buy(MINUTE_MS, BTC, 300, { slippageBps: 100 })],
    off: { 'budgets.slippage_bps': 200 },
  },
  {
    rule: 'liquidation_distance',
    clauses: ['SAE-U', 'SAE-OOS-CAP'],
    story:
      'At caps x 30 BTC 28,000 at 3x, of which 28 % is maintenance margin: an adverse move of 15 % would liquidate it.',
    market: [calm(BTC, DEMANDING), calm(ETH)],
    capsScale: 30,
    asks: [buy(MINUTE_MS, BTC, 28_000, { leverage: 3 })],
    off: { 'account.min_liquidation_distance': 0.001 },
  },
  {
    rule: 'resting orders at full size',
    clauses: [...CAP_CLAUSES, 'ATK-ADAPT'],
    story: 'ETH 700 is held; nine BTC bids of 250 rest together below the market, and the price falls through them.',
    market: [
      { ...calm(BTC), judged: [{ r: 0.0002, volume: 1e6 }, ...Array(4).fill({ r: -0.001, volume: 1e6 })] },
      calm(ETH),
    ],
    asks: [
      buy(MINUTE_MS, ETH, 700),
      ...Array.from({ length: 9 }, (_, i) => buy((2 + i) * MINUTE_MS, BTC, 250 + i / 10, { limitPrice: 998.5 })),
    ],
    off: { 'budgets.symbol_notional_usdt': 20_000 },
    seenAs: ['cap_symbol'],
  },
]);
