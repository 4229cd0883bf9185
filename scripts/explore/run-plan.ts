import type { Breach } from './breach.ts';
import { readHistory } from './history.ts';
import type { Action, AgentName, Plan, Step, SymbolName } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { judge } from './promises.ts';
import { RealWorld } from './real-world.ts';
import { OPERATOR, World } from './world.ts';

const READY_WITHIN_MS = 10_000;
/** After the last fault: reads that a fault holds back may follow one another. */
const QUIET_WITHIN_MS = 90_000;
const ANSWERED_WITHIN_MS = 8_000;
/** What a call is answered by at the latest, ms: the answer time of the gate and some more. */
const CALLS_END_MS = 6_000;
const TICK: Readonly<Record<SymbolName, number>> = { BTCUSDT: 1, ETHUSDT: 2 };
const LOT_SIZE = 0.001;

export interface PlanResult {
  readonly breaches: readonly Breach[];
  /** Ms until the exchange took the first exit or cancel after the step with this index; null: it took none. */
  readonly wentOutAfterMs: (step: number) => number | null;
  readonly digest: string;
  readonly calls: number;
  readonly virtualMs: number;
}

/** Runs a plan in a world of its own, from the first start to quiet, and judges it. */
export async function runPlan(plan: Plan): Promise<PlanResult> {
  const world = new World(plan.seed, plan.setup);
  try {
    await playPlan(world, plan);
    const breaches = judge(readHistory(world, plan));
    return {
      breaches,
      wentOutAfterMs: (step) => wentOutAfterMs(world, step),
      digest: world.digest(),
      calls: world.calls.length,
      virtualMs: world.time.nowMs,
    };
  } finally {
    world.close();
  }
}

/** The same over HTTP, sockets, ccxt and a ledger on disk, in real time. */
export async function runPlanForReal(plan: Plan): Promise<Omit<PlanResult, 'digest' | 'wentOutAfterMs'>> {
  const world = new RealWorld(plan.setup);
  try {
    await playPlan(world, plan);
    const breaches = judge(readHistory(world, plan));
    return { breaches, calls: world.calls.length, virtualMs: world.time.nowMs };
  } finally {
    await world.end();
  }
}

function wentOutAfterMs({ calls, operatorCalls, wire }: World, step: number): number | null {
  const asked = [...calls, ...operatorCalls].find((record) => record.step === step);
  if (asked === undefined) throw new Error(`step ${step} asks for nothing`);
  const taken = wire.records.find(
    ({ method, params, sentAtMs, status }) =>
      sentAtMs >= asked.askedAtMs && status === 200 && (method === 'DELETE' || params.text('reduceOnly') === 'true'),
  );
  return taken?.servedAtMs == null ? null : taken.servedAtMs - asked.askedAtMs;
}

/** The plan's steps, then quiet: no fault is left, and everything that waits has had its time. */
export async function playPlan(world: PlayedWorld, plan: Plan): Promise<void> {
  world.start();
  await world.untilReady(READY_WITHIN_MS);
  await world.time.advance(1_500);
  for (const [index, step] of plan.steps.entries()) {
    await waitFor(world, step);
    await act(world, index, step.do);
  }
  await world.time.advance(plan.steps.length === 0 ? 0 : CALLS_END_MS);
  world.quieten();
  await world.untilReady(QUIET_WITHIN_MS);
  await world.time.advance(plan.setup.settleMs);
}

async function waitFor(world: PlayedWorld, { gap }: Step): Promise<void> {
  if (gap === 'parallel') return;
  if (gap !== 'answered') {
    await world.time.advance(gap);
    return;
  }
  const untilMs = world.time.nowMs + ANSWERED_WITHIN_MS;
  await world.time.advance(0);
  while (world.time.nowMs < untilMs && world.calls.some((call) => call.outcome === 'pending'))
    await world.time.advance(5);
}

async function act(world: PlayedWorld, step: number, action: Action): Promise<void> {
  switch (action.kind) {
    case 'open':
      open(world, step, action);
      return;
    case 'close': {
      const { agent, symbol, fraction, slippageBps, id } = action;
      world.call(step, agent, 'close_position', {
        symbol,
        ...(fraction === undefined ? {} : { fraction }),
        ...(slippageBps === undefined ? {} : { max_slippage_bps: slippageBps }),
        request_id: id ?? `r${step}`,
      });
      return;
    }
    case 'exit':
      exit(world, step, action);
      return;
    case 'ladder':
      ladder(world, step, action);
      return;
    case 'amend':
    case 'cancel':
      change(world, step, action);
      return;
    case 'cancel_all': {
      const { agent, symbol } = action;
      world.call(step, agent, 'cancel_all', symbol === undefined ? {} : { symbol });
      return;
    }
    case 'repeat': {
      const last = world.calls.findLast((call) => call.agent === action.agent && 'request_id' in call.args);
      if (last !== undefined) world.call(step, last.agent, last.tool, last.args);
      return;
    }
    default:
      await disturb(world, step, action);
  }
}

type Of<K extends Action['kind']> = Extract<Action, { readonly kind: K }>;
type CallKind = 'open' | 'close' | 'exit' | 'ladder' | 'amend' | 'cancel' | 'cancel_all' | 'repeat';

/** What operators do, and what happens to the venue and to the process. */
async function disturb(world: PlayedWorld, step: number, action: Exclude<Action, { kind: CallKind }>): Promise<void> {
  switch (action.kind) {
    case 'state': {
      const { state, symbol, agent } = action;
      const scope = { ...(symbol === undefined ? {} : { symbol }), ...(agent === undefined ? {} : { agent }) };
      world.operate(step, state, scope, (gate) => gate.setTradingState(OPERATOR, { state, reason: 'plan', ...scope }));
      return;
    }
    case 'flatten': {
      const symbols = action.symbol === undefined ? null : [action.symbol];
      world.operate(step, 'flatten', action, (gate) => gate.flatten(OPERATOR, symbols, 'plan'));
      return;
    }
    case 'signal': {
      const { signal: kind, agent, symbol, ttlMs } = action;
      const scope = { ...(symbol === undefined ? {} : { symbol }), ...(agent === undefined ? {} : { agent }) };
      world.operate(step, 'signal', scope, (gate) =>
        gate.addSignal(OPERATOR, { kind, scope, severity: 0.9, ttl_ms: ttlMs }),
      );
      return;
    }
    case 'policy':
      world.savePolicy(step, action.edit);
      return;
    case 'mark':
      world.moveMark(action.symbol, action.bps);
      return;
    case 'depth':
      world.control('set-mark', {
        symbol: action.symbol,
        price: world.mark(action.symbol),
        level_notional_usdt: action.usdt,
      });
      return;
    case 'fault':
      world.control('faults', action.fault);
      return;
    case 'wire':
      world.wire.addFault(action.wire);
      return;
    case 'clear_faults':
      world.control('clear-faults', {});
      world.wire.clearFaults();
      return;
    case 'crash':
      if (action.at === undefined) world.die(action.downMs);
      else world.armCrash(action.at.what, action.at.n, action.at.after, action.downMs);
      return;
    case 'restart':
      await world.restart(action.downMs, action.leaveOrders === true);
      return;
    case 'wait':
      return;
  }
}

function open(world: PlayedWorld, step: number, action: Of<'open'>): void {
  const { agent, symbol, side, usdt, limitBps, slippageBps, id } = action;
  const sign = side === 'buy' ? 1 : -1;
  world.call(step, agent, 'place_order', {
    symbol,
    intent: 'open',
    side,
    requested_notional: usdt,
    requested_leverage: 1,
    order_type: limitBps === undefined ? 'market' : 'limit',
    ...(limitBps === undefined ? {} : { limit_price: priceAt(world, symbol, sign * limitBps) }),
    max_slippage_bps: slippageBps ?? 20,
    strategy_id: 'explorer',
    request_id: id ?? `r${step}`,
  });
}

function exit(world: PlayedWorld, step: number, action: Of<'exit'>): void {
  const { agent, symbol, share, limitBps, id } = action;
  const held = shareOf(world, agent, symbol);
  const sign = held < 0 ? 1 : -1;
  const price = limitBps === undefined ? world.mark(symbol) : priceAt(world, symbol, sign * limitBps);
  // A little more than all, so that rounding leaves nothing.
  const quantity = (held === 0 ? 0.005 : Math.abs(held)) * (share >= 1 ? 1.02 : share);
  world.call(step, agent, 'place_order', {
    symbol,
    intent: 'close',
    side: sign > 0 ? 'buy' : 'sell',
    requested_notional: Number(Math.max(1, quantity * price).toFixed(2)),
    requested_leverage: 1,
    order_type: limitBps === undefined ? 'market' : 'limit',
    ...(limitBps === undefined ? {} : { limit_price: price }),
    max_slippage_bps: 100,
    strategy_id: 'explorer',
    request_id: id ?? `r${step}`,
  });
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
  const { agent } = action;
  const caller = { role: 'agent', agent, tokenId: agent, skillSha256: null } as const;
  let orders: ReturnType<typeof gate.getOrders>['items'];
  try {
    orders = gate.getOrders(caller, { open: true }, 50, null).items.filter((order) => order.agent === agent);
  } catch {
    return;
  }
  const order = orders[action.pick % Math.max(1, orders.length)];
  if (order === undefined) return;
  const request_id = `r${step}`;
  if (action.kind === 'cancel') {
    world.call(step, agent, 'cancel_order', { client_order_id: order.client_order_id, request_id });
    return;
  }
  const symbol = order.symbol as SymbolName;
  const sign = order.side === 'buy' ? 1 : -1;
  const { limitBps, factor } = action;
  const notional = Number(order.quantity) * Number(order.limit_price ?? world.mark(symbol)) * (factor ?? 1);
  world.call(step, agent, 'modify_order', {
    client_order_id: order.client_order_id,
    ...(limitBps === undefined ? {} : { limit_price: priceAt(world, symbol, sign * limitBps) }),
    ...(factor === undefined ? {} : { requested_notional: Number((notional * 1.0005).toFixed(2)) }),
    request_id,
  });
}

function priceAt(world: PlayedWorld, symbol: SymbolName, bps: number): number {
  return Number((world.mark(symbol) * (1 + bps / 10_000)).toFixed(TICK[symbol]));
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
