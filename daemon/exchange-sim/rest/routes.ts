import { ACCOUNT_ROUTES } from './account-routes.ts';
import { ALGO_ROUTES } from './algo-routes.ts';
import type { Route } from './context.ts';
import { MARKET_ROUTES } from './market-routes.ts';
import { TRADE_ROUTES } from './trade-routes.ts';

/** Every path of the exchange by `METHOD path`. */
export const ROUTES: ReadonlyMap<string, Route> = new Map(
  Object.entries({ ...MARKET_ROUTES, ...ACCOUNT_ROUTES, ...TRADE_ROUTES, ...ALGO_ROUTES }),
);
