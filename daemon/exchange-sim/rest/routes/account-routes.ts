import { format } from '../../core/fixed.ts';
import { notionalCapAt } from '../../core/margin.ts';
import { changeLeverage, changeMarginType, changeMultiAssets, changePositionMode } from '../../core/orders/settings.ts';
import { type Income, MAKER_RATE, type Market, TAKER_RATE } from '../../core/state.ts';
import { apiError, demand } from '../../refusals/params.ts';
import { type Context, pageOf, type Routes, requireMarket, selectMarkets } from './context.ts';
import {
  renderAccountV2,
  renderAccountV3,
  renderBalance,
  renderPositionRiskV2,
  renderPositionRiskV3,
} from './render-account.ts';
import { renderBrackets } from './render-market.ts';

const SUCCESS = { code: 200, msg: 'success' };

function symbolConfig(market: Market): Record<string, unknown> {
  return {
    symbol: market.instrument.symbol,
    marginType: market.marginType,
    isAutoAddMargin: false,
    leverage: market.leverage,
    maxNotionalValue: format(notionalCapAt(market.instrument.brackets, market.leverage), 0),
  };
}

function setLeverage({ state, params }: Context): unknown {
  const market = requireMarket(state, params);
  const leverage = params.requireInteger('leverage');
  demand(changeLeverage(state, market, leverage));
  const maxNotionalValue = format(notionalCapAt(market.instrument.brackets, leverage), 0);
  return { leverage, maxNotionalValue, symbol: market.instrument.symbol };
}

function setMarginType({ state, params }: Context): unknown {
  const market = requireMarket(state, params);
  params.requireText('marginType');
  const wrong = () => apiError('INVALID_PARAMETER', 'marginType');
  const marginType = params.choice('marginType', ['ISOLATED', 'CROSSED'], wrong) ?? 'CROSSED';
  demand(changeMarginType(state, market, marginType));
  return SUCCESS;
}

function setPositionMode({ state, params }: Context): unknown {
  params.requireText('dualSidePosition');
  demand(changePositionMode(state, params.flag('dualSidePosition')));
  return SUCCESS;
}

function setMultiAssets({ state, params }: Context): unknown {
  params.requireText('multiAssetsMargin');
  demand(changeMultiAssets(state, params.flag('multiAssetsMargin')));
  return SUCCESS;
}

function accountConfig({ account }: Context): unknown {
  return {
    feeTier: 0,
    canTrade: true,
    canDeposit: true,
    canWithdraw: false,
    dualSidePosition: account.dualSidePosition,
    updateTime: 0,
    multiAssetsMargin: account.multiAssets,
    tradeGroupId: -1,
  };
}

function renderIncome(entry: Income): Record<string, unknown> {
  return {
    symbol: entry.symbol,
    incomeType: entry.type,
    income: format(entry.amount),
    asset: 'USDT',
    info: entry.tradeId === null ? entry.type : String(entry.tradeId),
    time: entry.timeMs,
    tranId: entry.tranId,
    tradeId: entry.tradeId === null ? '' : String(entry.tradeId),
  };
}

function income({ account, params }: Context): unknown {
  const symbol = params.text('symbol');
  const type = params.text('incomeType');
  const isForward = params.text('startTime') !== undefined;
  const rows = account.income.filter(
    (entry) => (symbol === undefined || entry.symbol === symbol) && (type === undefined || entry.type === type),
  );
  return pageOf(params, rows, (entry) => entry.timeMs, { isForward, usual: 100 }).map(renderIncome);
}

function commissionRate({ account, params }: Context): unknown {
  const { symbol } = requireMarket(account, params).instrument;
  const [maker, taker] = [format(MAKER_RATE, 6), format(TAKER_RATE, 6)];
  return { symbol, makerCommissionRate: maker, takerCommissionRate: taker };
}

/** What the key may do: read and trade futures, never withdraw. */
function apiRestrictions({ state }: Context): unknown {
  return {
    // It listens on loopback alone.
    ipRestrict: true,
    createTime: state.nowMs,
    enableReading: true,
    enableWithdrawals: false,
    enableInternalTransfer: false,
    enableMargin: false,
    enableFutures: true,
    permitsUniversalTransfer: false,
    enableVanillaOptions: false,
    enableSpotAndMarginTrading: false,
  };
}

function leverageBracket({ account, params }: Context): unknown {
  const rows = selectMarkets(account, params).map(renderBrackets);
  return params.text('symbol') === undefined ? rows : [rows[0]];
}

/** The single key of the running listen key, made on first use. There is no stream behind it. */
function openListenKey({ exchange }: Context): unknown {
  if (exchange.listenKeys.size === 0) exchange.listenKeys.add(`sim${exchange.world.state.nowMs.toString(36)}`);
  return { listenKey: [...exchange.listenKeys][0] };
}

function keepListenKey(context: Context): unknown {
  if (context.exchange.listenKeys.size === 0) throw apiError('INVALID_LISTEN_KEY');
  return openListenKey(context);
}

function closeListenKey({ exchange }: Context): unknown {
  exchange.listenKeys.clear();
  return {};
}

/** The account, its settings and its money. */
export const ACCOUNT_ROUTES: Routes = {
  'GET /fapi/v3/account': { security: 'signed', weight: 5, handle: ({ account }) => renderAccountV3(account) },
  'GET /fapi/v2/account': { security: 'signed', weight: 5, handle: ({ account }) => renderAccountV2(account) },
  'GET /fapi/v3/balance': { security: 'signed', weight: 5, handle: ({ account }) => renderBalance(account) },
  'GET /fapi/v2/balance': { security: 'signed', weight: 5, handle: ({ account }) => renderBalance(account) },
  'GET /fapi/v3/positionRisk': {
    security: 'signed',
    weight: 5,
    handle: ({ account, params }) => renderPositionRiskV3(account, selectMarkets(account, params)),
  },
  'GET /fapi/v2/positionRisk': {
    security: 'signed',
    weight: 5,
    handle: ({ account, params }) => renderPositionRiskV2(account, selectMarkets(account, params)),
  },
  'GET /fapi/v1/leverageBracket': { security: 'signed', weight: 1, handle: leverageBracket },
  'GET /fapi/v1/symbolConfig': {
    security: 'signed',
    weight: 5,
    handle: ({ account, params }) => selectMarkets(account, params).map(symbolConfig),
  },
  'GET /fapi/v1/accountConfig': { security: 'signed', weight: 5, handle: accountConfig },
  'POST /fapi/v1/leverage': { security: 'signed', weight: 1, handle: setLeverage },
  'POST /fapi/v1/marginType': { security: 'signed', weight: 1, handle: setMarginType },
  'GET /fapi/v1/positionSide/dual': {
    security: 'signed',
    weight: 30,
    handle: ({ account }) => ({ dualSidePosition: account.dualSidePosition }),
  },
  'POST /fapi/v1/positionSide/dual': { security: 'signed', weight: 1, handle: setPositionMode },
  'GET /fapi/v1/multiAssetsMargin': {
    security: 'signed',
    weight: 30,
    handle: ({ account }) => ({ multiAssetsMargin: account.multiAssets }),
  },
  'POST /fapi/v1/multiAssetsMargin': { security: 'signed', weight: 1, handle: setMultiAssets },
  'GET /fapi/v1/commissionRate': { security: 'signed', weight: 20, handle: commissionRate },
  'GET /fapi/v1/income': { security: 'signed', weight: 30, handle: income },
  'GET /sapi/v1/account/apiRestrictions': { security: 'signed', weight: 1, handle: apiRestrictions },
  'GET /sapi/v1/capital/config/getall': { security: 'signed', weight: 10, handle: () => [] },
  'GET /sapi/v1/margin/allPairs': { security: 'key', weight: 1, handle: () => [] },
  'POST /fapi/v1/listenKey': { security: 'key', weight: 1, handle: openListenKey },
  'PUT /fapi/v1/listenKey': { security: 'key', weight: 1, handle: keepListenKey },
  'DELETE /fapi/v1/listenKey': { security: 'key', weight: 1, handle: closeListenKey },
};
