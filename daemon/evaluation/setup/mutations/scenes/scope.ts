import { buildModify } from '../../../intents/requests.ts';
import type { Scene } from '../scene.ts';
import { BTC, buy, ETH, MINUTE_MS, SOL } from '../script.ts';
import { CALM_PAIR, calm } from './markets.ts';

const CLAUSES = ['SAE-T', 'SAE-OOS-TOOL', 'ATK-MISUSE'];
const WITHOUT_MODIFY = ['place_order', 'close_position', 'cancel_order', 'cancel_all'];
const WITHOUT_OPEN = ['close', 'modify', 'cancel'];

/** T: policy and scope name the same, and then the policy names more. */
export const SCOPE_SCENES: readonly Scene[] = [
  {
    rule: 'scope_tool',
    clauses: CLAUSES,
    story: 'modify_order is not in T; a resting BTC bid of 200 is modified to 400 across the market.',
    market: CALM_PAIR,
    premise: { policy: { 'scope.tools': WITHOUT_MODIFY }, scope: { tools: WITHOUT_MODIFY } },
    asks: [
      buy(MINUTE_MS, BTC, 200, { limitPrice: 990 }),
      {
        atMs: 16 * MINUTE_MS,
        request: ({ account }) =>
          buildModify(BTC, account.openOrders[0]?.clientOrderId ?? '', { limitPrice: 1001.5, requestedNotional: 400 }),
      },
    ],
    off: { 'scope.tools': [...WITHOUT_MODIFY, 'modify_order'] },
    seenAs: ['scope_tool'],
  },
  {
    rule: 'scope_action',
    clauses: CLAUSES,
    story: 'Opening is not in T; BTC 200 is opened.',
    market: CALM_PAIR,
    premise: { policy: { 'scope.actions': WITHOUT_OPEN }, scope: { actions: WITHOUT_OPEN } },
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'scope.actions': [...WITHOUT_OPEN, 'open'] },
    seenAs: ['scope_action'],
  },
  {
    rule: 'scope_venue',
    clauses: CLAUSES,
    story: 'T names another venue than the one that is served; BTC 200 is opened on that.',
    market: CALM_PAIR,
    premise: { policy: { 'scope.venues': ['binance-demo'] }, scope: { venues: ['binance-demo'] } },
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'scope.venues': ['binance-demo', 'paper'] },
    seenAs: ['scope_venue'],
  },
  {
    rule: 'scope_symbol',
    clauses: CLAUSES,
    story: 'The venue lists SOL, T does not; SOL 200 is opened.',
    market: [...CALM_PAIR, calm(SOL)],
    judged: [BTC, ETH],
    asks: [buy(MINUTE_MS, SOL, 200)],
    off: { 'scope.symbols': [BTC, ETH, SOL] },
    seenAs: ['scope_symbol'],
  },
  {
    rule: 'scope_account',
    clauses: CLAUSES,
    story: 'T names another account than the one that is served; BTC 200 is opened in that.',
    market: CALM_PAIR,
    premise: { policy: { 'scope.accounts': ['spare'] }, scope: { accounts: ['spare'] } },
    asks: [buy(MINUTE_MS, BTC, 200)],
    off: { 'scope.accounts': ['spare', 'main'] },
    seenAs: ['scope_account'],
  },
];
