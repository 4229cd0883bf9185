import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { hashPolicy } from '../../daemon/policy/parse.ts';
import type { Plan, Step } from '../explore/plan.ts';
import { playPlan } from '../explore/run-plan.ts';
import { World } from '../explore/world.ts';
import { buildPolicy, type WorldPolicy } from '../explore/world-policy.ts';
import type { Item } from './items.ts';
import { type Leaf, withOther } from './leaves.ts';

type Args = Readonly<Record<string, unknown>>;

/** What a field says instead. Others are left out. */
const OTHERS: Readonly<Record<string, (value: unknown, call: number) => unknown>> = {
  // Of its own: the same request twice is then two.
  request_id: (value, call) => `${String(value)}-${call}`,
  symbol: (value) => (value === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT'),
  client_order_id: () => 'none',
  intent: (value) => (value === 'open' ? 'close' : 'open'),
  side: (value) => (value === 'buy' ? 'sell' : 'buy'),
  limit_price: (value) => Math.round(Number(value) * 1.01),
  requested_notional: (value) => Number(value) / 2,
  quantity: (value) => Number(value) / 2,
  requested_leverage: (value) => (value === 1 ? 2 : 1),
  max_slippage_bps: () => 10_000,
};

/** Whose calls say something else in one field. */
class AlteredWorld extends World {
  readonly #alter: (tool: string, args: Args) => Args;

  constructor({ seed, setup }: Plan, item: Item | null) {
    super(seed, setup, item?.kind === 'key' ? { policyOf: policyWithout(item.leaf) } : {});
    let calls = 0;
    this.#alter = (tool, args) => {
      calls += 1;
      return item?.kind === 'field' && item.tool === tool ? alterArgs(args, item.path, calls) : args;
    };
  }

  protected override ask(...[agent, tool, args]: Parameters<World['ask']>): ReturnType<World['ask']> {
    return super.ask(agent, tool, this.#alter(tool, args));
  }
}

function policyWithout(leaf: Leaf): typeof buildPolicy {
  return (setup, edit): WorldPolicy => {
    const policy = buildPolicy(setup, edit);
    const spec = withOther(policy.spec, leaf);
    return spec === null ? policy : { spec, hash: hashPolicy(spec), text: JSON.stringify(spec) };
  };
}

export function alterArgs(args: Args, [key = '', ...under]: readonly string[], call: number): Args {
  if (!Object.hasOwn(args, key)) return args;
  if (under.length > 0) {
    const member = alterArgs(args[key] as Args, under, call);
    // An empty claim is one, too.
    return Object.keys(member).length === 0 ? without(args, key) : { ...args, [key]: member };
  }
  if (key === 'order_type') {
    const { limit_price: _none, ...others } = args;
    return { ...others, order_type: 'market' };
  }
  const other = OTHERS[key];
  if (other !== undefined) return { ...args, [key]: other(args[key], call) };
  return without(args, key);
}

function without(args: Args, key: string): Args {
  return Object.fromEntries(Object.entries(args).filter(([name]) => name !== key));
}

/** The fault that lasts for the whole of a world. */
export function isUnreported({ kind, name }: Item): boolean {
  return kind === 'fault' && name === 'untold-quantity';
}

/** Whether a step queues the fault, or one that gives the answer. */
export function isOfItem({ do: action }: Step, item: Item): boolean {
  switch (action.kind) {
    case 'fault': {
      const { code, kind, status } = action.fault;
      if (item.kind === 'fault') return item.at === 'exchange' && kind === item.name;
      if (item.kind !== 'answer') return false;
      return item.code === undefined
        ? kind === 'status' && status === item.status
        : kind === 'error' && code === item.code;
    }
    case 'wire':
      return item.kind === 'fault' && item.at === 'wire' && action.wire.kind === item.name;
    case 'trouble':
      return item.kind === 'fault' && item.at === 'machine' && action.trouble.kind === item.name;
    default:
      return false;
  }
}

/** Whether a decision or an order is another one where the plan is played without the item. */
export async function isChangedBy(plan: Plan, item: Item, original: Outline): Promise<boolean> {
  const isEvent = item.kind === 'fault' || item.kind === 'answer';
  const steps = plan.steps.map(
    (step): Step => (isEvent && isOfItem(step, item) ? { gap: step.gap, do: { kind: 'wait' } } : step),
  );
  const { account } = plan.setup;
  const setup =
    account === undefined || !isUnreported(item)
      ? plan.setup
      : { ...plan.setup, account: { ...account, isUnreported: false } };
  const altered = await outlineOf({ ...plan, setup, steps }, item);
  // What a fault held up comes later without it: that alone is no other order.
  return isEvent ? !isSame(altered.untimed, original.untimed) : !isSame(altered.timed, original.timed);
}

/** What was decided and what was sent, in order with their times, and sorted without. */
export interface Outline {
  readonly timed: readonly string[];
  readonly untimed: readonly string[];
}

export async function outlineOf(plan: Plan, item: Item | null = null): Promise<Outline> {
  const world = new AlteredWorld(plan, item);
  try {
    await playPlan(world, plan);
    const lines: { readonly atMs: number; readonly text: string }[] = [];
    for (const { at_ms: atMs, payload } of world.ledger.iterateEvents({ kind: 'decision' })) {
      const { decision, request } = payload as unknown as DecisionEvent;
      const { effective, kind, reasons } = decision;
      const codes = reasons.map(({ code }) => code);
      lines.push({
        atMs,
        text: JSON.stringify([kind, request.agent, request.tool, request.symbol, decision.decision, effective, codes]),
      });
    }
    for (const { clientId: _id, method, params, path, servedAtMs } of world.wire.records)
      if (servedAtMs !== null)
        lines.push({
          atMs: servedAtMs,
          text: [
            method,
            path,
            ...['symbol', 'side', 'type', 'quantity', 'price', 'stopPrice', 'reduceOnly'].map(
              (name) => params.text(name) ?? '',
            ),
          ].join(' '),
        });
    return { timed: lines.map(({ atMs, text }) => `${atMs} ${text}`), untimed: lines.map(({ text }) => text).sort() };
  } finally {
    world.close();
  }
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((line, index) => line === others[index]);
}
