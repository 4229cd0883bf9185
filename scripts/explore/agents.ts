import { START_MS } from './market.ts';
import type { Action, AgentName, SymbolName } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { nameless, OPERATOR } from './records.ts';

const TICK: Readonly<Record<SymbolName, number>> = { BTCUSDT: 1, ETHUSDT: 2 };
const LOT_SIZE = 0.001;

type Of<K extends Action['kind']> = Extract<Action, { readonly kind: K }>;

/** What agents do; false when it is nothing of theirs. */
export function actAsAgent(world: PlayedWorld, step: number, action: Action): boolean {
  switch (action.kind) {
    case 'open':
      open(world, step, action);
      return true;
    case 'close': {
      const { agent, symbol, fraction, slippageBps, id } = action;
      world.call(step, agent, 'close_position', {
        symbol,
        ...(fraction === undefined ? {} : { fraction }),
        ...(slippageBps === undefined ? {} : { max_slippage_bps: slippageBps }),
        request_id: id ?? `r${step}`,
      });
      return true;
    }
    case 'exit':
      exit(world, step, action);
      return true;
    case 'ladder':
      ladder(world, step, action);
      return true;
    case 'amend':
    case 'cancel':
      change(world, step, action);
      return true;
    case 'cancel_all': {
      const { agent, id, symbol } = action;
      world.call(step, agent, 'cancel_all', {
        ...(symbol === undefined ? {} : { symbol }),
        ...(id === undefined ? {} : { request_id: id }),
      });
      return true;
    }
    case 'repeat': {
      const last = world.calls.findLast((call) => call.agent === action.agent && 'request_id' in call.args);
      if (last !== undefined) world.call(step, last.agent, last.tool, last.args);
      return true;
    }
    case 'flood':
      flood(world, step, action);
      return true;
    default:
      return false;
  }
}

function open(world: PlayedWorld, step: number, action: Of<'open'>): void {
  const { agent, symbol, side, usdt, places, limitBps, slippageBps, leverage, id, validForMs, agoMs, says } = action;
  const nowMs = Math.round(START_MS + world.time.nowMs);
  const last = action.isAfterLast === true ? world.calls.findLast((call) => call.agent === agent) : undefined;
  const sign = side === 'buy' ? 1 : -1;
  const price = limitBps === undefined ? world.venue.mark(symbol) : priceAt(world, symbol, sign * limitBps);
  world.call(step, agent, 'place_order', {
    symbol,
    intent: 'open',
    side,
    ...(places === undefined ? { requested_notional: usdt } : { quantity: quantityOf(usdt / price, places) }),
    requested_leverage: leverage ?? 1,
    order_type: limitBps === undefined ? 'market' : 'limit',
    ...(limitBps === undefined ? {} : { limit_price: price }),
    max_slippage_bps: slippageBps ?? 20,
    strategy_id: 'explorer',
    ...(validForMs === undefined ? {} : { valid_until_ms: nowMs + validForMs }),
    ...(agoMs === undefined ? {} : { timestamp_ms: nowMs - agoMs }),
    ...(last?.answer == null ? {} : { after_decision_id: last.answer.decision.decision_id }),
    ...says,
    request_id: id ?? `r${step}`,
  });
}

function exit(world: PlayedWorld, step: number, action: Of<'exit'>): void {
  const { agent, symbol, share, places, limitBps, id } = action;
  const held = shareOf(world, agent, symbol);
  const sign = held < 0 ? 1 : -1;
  const price = limitBps === undefined ? world.venue.mark(symbol) : priceAt(world, symbol, sign * limitBps);
  // A little more than all, so that rounding leaves nothing.
  const quantity = (held === 0 ? 0.005 : Math.abs(held)) * (share >= 1 ? 1.02 : share);
  world.call(step, agent, 'place_order', {
    symbol,
    intent: 'close',
    side: sign > 0 ? 'buy' : 'sell',
    ...(places === undefined
      ? { requested_notional: Number(Math.max(1, quantity * price).toFixed(2)) }
      : { quantity: quantityOf(quantity, places) }),
    requested_leverage: 1,
    order_type: limitBps === undefined ? 'market' : 'limit',
    ...(limitBps === undefined ? {} : { limit_price: price }),
    max_slippage_bps: 100,
    strategy_id: 'explorer',
    request_id: id ?? `r${step}`,
  });
}

/** Calls of which nothing may come. */
function flood(world: PlayedWorld, step: number, { agent, what, count }: Of<'flood'>): void {
  const last = world.calls.findLast((call) => call.agent === agent && 'request_id' in call.args);
  for (let index = 0; index < count; index += 1) {
    if (what === 'repeat' && last !== undefined) world.call(step, agent, last.tool, last.args);
    else if (what === 'nothing')
      world.call(step, agent, 'close_position', { symbol: 'SOLUSDT', request_id: `r${step}-${index}` });
    else
      world.call(step, agent, 'place_order', {
        symbol: 'DOGEUSDT',
        intent: 'open',
        side: 'buy',
        requested_notional: 100,
        requested_leverage: 1,
        order_type: 'market',
        max_slippage_bps: 20,
        strategy_id: 'explorer',
        request_id: `r${step}-${index}`,
      });
  }
}

/** One lot each, half a per cent away from the mark and further, in the same turn. */
function ladder(world: PlayedWorld, step: number, { agent, symbol, count }: Of<'ladder'>): void {
  const held = shareOf(world, agent, symbol);
  const sign = held < 0 ? -1 : 1;
  const tick = 10 ** -TICK[symbol];
  for (let rung = 0; rung < count; rung += 1) {
    const price = Number((priceAt(world, symbol, sign * 50) + sign * rung * tick).toFixed(TICK[symbol]));
    world.call(step, agent, 'place_order', {
      symbol,
      intent: 'close',
      side: sign > 0 ? 'sell' : 'buy',
      requested_notional: Number((LOT_SIZE * price * 1.01).toFixed(2)),
      requested_leverage: 1,
      order_type: 'limit',
      limit_price: price,
      max_slippage_bps: 100,
      strategy_id: 'explorer',
      request_id: `r${step}-${rung}`,
    });
  }
}

function change(world: PlayedWorld, step: number, action: Of<'amend'> | Of<'cancel'>): void {
  const { gate } = world;
  if (gate === null) return;
  const { agent, of = agent } = action;
  let orders: ReturnType<typeof gate.getOrders>['items'];
  try {
    const all = gate.getOrders(of === agent ? nameless(agent) : OPERATOR, { open: true }, 50, null).items;
    orders = of === 'nobody' ? all : all.filter((order) => order.agent === of);
  } catch {
    return;
  }
  const order = orders[action.pick % Math.max(1, orders.length)];
  if (order === undefined) return;
  const request_id = `r${step}`;
  const id =
    of === 'nobody'
      ? `${order.client_order_id.slice(0, -1)}${order.client_order_id.endsWith('1') ? '2' : '1'}`
      : order.client_order_id;
  if (action.kind === 'cancel') {
    world.call(step, agent, 'cancel_order', { client_order_id: id, request_id });
    return;
  }
  const symbol = order.symbol as SymbolName;
  const sign = order.side === 'buy' ? 1 : -1;
  const { limitBps, factor } = action;
  const notional = Number(order.quantity) * Number(order.limit_price ?? world.venue.mark(symbol)) * (factor ?? 1);
  world.call(step, agent, 'modify_order', {
    client_order_id: id,
    ...(limitBps === undefined ? {} : { limit_price: priceAt(world, symbol, sign * limitBps) }),
    ...(factor === undefined ? {} : { requested_notional: Number((notional * 1.0005).toFixed(2)) }),
    request_id,
  });
}

/** At least a lot. */
function quantityOf(quantity: number, places: number): number {
  return Math.max(LOT_SIZE, Number(quantity.toFixed(places)));
}

function priceAt(world: PlayedWorld, symbol: SymbolName, bps: number): number {
  return Number((world.venue.mark(symbol) * (1 + bps / 10_000)).toFixed(TICK[symbol]));
}

/** As the agent can read it: signed quantity; 0 while nobody answers. */
function shareOf(world: PlayedWorld, agent: AgentName, symbol: SymbolName): number {
  const { gate } = world;
  if (gate === null) return 0;
  try {
    const { positions } = gate.getPositions({ role: 'agent', agent, tokenId: agent, skillSha256: null });
    return Number(positions.find((position) => position.symbol === symbol)?.agent_share[agent] ?? 0);
  } catch {
    return 0;
  }
}
