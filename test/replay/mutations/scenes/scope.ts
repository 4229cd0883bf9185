import { buildModify } from '../../../../daemon/evaluation/intents/requests.ts';

import { BTC, buy, ETH, MINUTE_MS, SOL } from '../scene.ts';
import { CALM_PAIR, calm, scenes } from './markets.ts';

const CLAUSES = ['SAE-T', 'SAE-OOS-TOOL', 'ATK-MISUSE'];
const WITHOUT_MODIFY = ['place_order', 'close_position', 'cancel_order', 'cancel_all'];
const WITHOUT_OPEN = ['close', 'modify', 'cancel'];

/** T: policy and scope name the same, and then the policy names more. */
export const SCOPE_SCENES = scenes({ clauses: CLAUSES, asks: [buy(MINUTE_MS, BTC, 200)] }, [
  {
    rule: 'scope_tool',
    story: 'modify_order is not in T; a resting BTC bid of 200 is modified to 400 across the market.',
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
  },
  {
    rule: 'scope_action',
    story: 'Opening is not in T; BTC 200 is opened.',
    premise: { policy: { 'scope.actions': WITHOUT_OPEN }, scope: { actions: WITHOUT_OPEN } },
    off: { 'scope.actions': [...WITHOUT_OPEN, 'open'] },
  },
  {
    rule: 'scope_venue',
    story: 'T names another venue than the one that is served; BTC 200 is opened on that.',
    premise: { policy: { 'scope.venues': ['binance-demo'] }, scope: { venues: ['binance-demo'] } },
    off: { 'scope.venues': ['binance-demo', 'paper'] },
  },
  {
    rule: 'scope_symbol',
    story: 'The venue lists SOL, T does not; SOL 200 is opened.',
    market: [...CALM_PAIR, calm(SOL)],
    judged: [BTC, ETH],
    asks: [buy(MINUTE_MS, SOL, 200)],
    off: { 'scope.symbols': [BTC, ETH, SOL] },
  },
  {
    rule: 'scope_account',
    story: 'T names another account than the one that is served; BTC 200 is opened in that.',
    premise: { policy: { 'scope.accounts': ['spare'] }, scope: { accounts: ['spare'] } },
    off: { 'scope.accounts': ['spare', 'main'] },
  },
]);
