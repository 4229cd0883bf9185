import { Argument, type Command } from 'commander';
import type { PlaceOrderArgs } from '../../../contract/types/trading-calls.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addConnectionOptions, addVerb, type Io, parseCount, parseNotNegative, parsePositive } from '../../verb.ts';
import { callTool, type ToolOptions } from './exits.ts';

interface OrderOptions extends ToolOptions {
  readonly leverage: number;
  readonly limit?: number;
  readonly quantity?: number;
  readonly slippage: number;
  readonly strategy: string;
  readonly requestId?: string;
  readonly after?: string;
  readonly rationale?: string;
  readonly close?: boolean;
  readonly reduceOnly?: boolean;
}

export function addOrder(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'order',
    summary: 'Place an order as an agent would, and show the decision',
    examples: [
      'order BTCUSDT buy 200',
      'order ETHUSDT sell 500 --limit 3100 --leverage 2',
      'order BTCUSDT buy --quantity 0.003',
      'order BTCUSDT buy 9000 --dry-run',
    ],
  });
  addConnectionOptions(verb)
    .argument('<symbol>', 'such as BTCUSDT')
    .addArgument(new Argument('<side>', 'buy or sell').choices(['buy', 'sell']))
    .argument('[usdt]', 'size in USDT, or --quantity', parsePositive)
    .option('--quantity <amount>', 'size in the base asset instead', parsePositive)
    .option('--leverage <n>', 'requested leverage', parseCount, 1)
    .option('--limit <price>', 'limit price; without it a market order', parsePositive)
    .option('--slippage <bps>', 'largest slippage, basis points', parseNotNegative, 10)
    .option('--strategy <id>', 'strategy_id of the request', 'manual')
    .option('--request-id <id>', 'a repeat with the same id never orders twice')
    .option('--after <decision>', 'your earlier decision that you have seen end (after_decision_id)')
    .option('--rationale <text>', 'why, for the record')
    .option('--close', 'intent close instead of open')
    .option('--reduce-only', 'an exit or nothing')
    .option('--dry-run', 'show the decision without any effect')
    .action(async (symbol: string, side: 'buy' | 'sell', usdt: number | undefined, options: OrderOptions) => {
      if ((usdt === undefined) === (options.quantity === undefined))
        throw new CliError(EXIT.USAGE, 'Give exactly one of USDT and --quantity.');
      const body = buildRequest(symbol, side, usdt, options);
      await callTool(io, options, { tool: 'place_order', body, command: null });
    });
}

function buildRequest(
  symbol: string,
  side: 'buy' | 'sell',
  usdt: number | undefined,
  options: OrderOptions,
): PlaceOrderArgs {
  return {
    symbol,
    side,
    intent: options.close === true ? 'close' : 'open',
    ...(usdt === undefined ? {} : { requested_notional: usdt }),
    ...(options.quantity === undefined ? {} : { quantity: options.quantity }),
    requested_leverage: options.leverage,
    max_slippage_bps: options.slippage,
    strategy_id: options.strategy,
    ...(options.limit === undefined
      ? { order_type: 'market' as const }
      : { order_type: 'limit' as const, limit_price: options.limit }),
    ...(options.requestId === undefined ? {} : { request_id: options.requestId }),
    ...(options.after === undefined ? {} : { after_decision_id: options.after }),
    ...(options.rationale === undefined ? {} : { rationale: options.rationale }),
    ...(options.reduceOnly === undefined ? {} : { reduce_only: options.reduceOnly }),
  };
}
