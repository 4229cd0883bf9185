/**
 * Records of before fixed units held lots and ticks of the steps that were on record then (DESIGN 12.4). Each is turned
 * into its present form, in front of the fold, by those steps: a decision by the rules of its own context, every other
 * one by the last rules record. What a symbol's steps were when the record was made, they stay.
 */
import type { AccountEvent, DecisionEvent, GateEvent, GateEvents, PositionRecord } from '../records/events.ts';
import { type LotRules, lotE8, rulesOf, type TickRules, tickE8, toE8 } from '../records/units.ts';
import type { GateViews } from './views.ts';

type Steps = LotRules & TickRules;

/** Of an order in a symbol without rules on record: whole units, so that exposure counts as the larger. */
const UNKNOWN: Steps = { lotMantissa: 1, lotScale: 1, tickMantissa: 1, tickScale: 1 };
/** Old members, their present names, and the steps that they were counted in. */
const PRESENT = new Map<string, readonly [name: string, steps: (steps: Steps) => number]>([
  ['lots', ['quantity_e8', lotE8]],
  ['executed_lots', ['executed_e8', lotE8]],
  ['filled_lots', ['filled_e8', lotE8]],
  ['price_ticks', ['price_e8', tickE8]],
  ['trigger_ticks', ['trigger_e8', tickE8]],
]);

/** The event itself, where it holds no steps. */
export function upcast(state: Pick<GateViews, 'claims' | 'orders' | 'rules'>, event: GateEvent): GateEvent {
  const stepsOf = (symbol: string | undefined): Steps => state.rules.get(symbol ?? '') ?? UNKNOWN;
  const symbolOf = (id: string): string | undefined => state.orders.all.get(id)?.symbol;
  switch (event.kind) {
    case 'decision': {
      const [first] = event.payload.orders;
      return first === undefined || !('lots' in first)
        ? event
        : { ...event, payload: upcastDecision(event.payload, stepsOf) };
    }
    case 'order': {
      if (!('executed_lots' in event.payload)) return event;
      const { client_order_id: id, foreign } = event.payload;
      const steps = stepsOf(foreign?.symbol ?? symbolOf(id));
      const payload = renamed(event.payload, steps) as GateEvents['order'];
      return {
        ...event,
        payload: { ...payload, foreign: foreign === null ? null : (renamed(foreign, steps) as never) },
      };
    }
    case 'order_intent':
      return 'lots' in event.payload ? withSteps(event, stepsOf(symbolOf(event.payload.client_order_id))) : event;
    case 'exit_target': {
      if (!('lots' in event.payload || 'filled_lots' in event.payload)) return event;
      const { payload } = event;
      const symbol = payload.action === 'opened' ? payload.symbol : state.claims.find(payload.decision_id)?.symbol;
      return withSteps(event, stepsOf(symbol));
    }
    case 'holder':
    case 'trade':
      return 'lots' in event.payload ? withSteps(event, stepsOf(event.payload.symbol)) : event;
    case 'account': {
      const [first] = event.payload.positions;
      return first === undefined || !('lots' in first)
        ? event
        : { ...event, payload: upcastAccount(event.payload, state.rules) };
    }
    default:
      return event;
  }
}

function upcastDecision(event: DecisionEvent, stepsOf: (symbol: string) => Steps): DecisionEvent {
  const { rules } = event.context.market;
  const orders = event.orders.map(
    (order) => renamed(order, rules === null ? stepsOf(order.symbol) : rulesOf(rules)) as never,
  );
  return { ...event, orders };
}

/** Nobody knows what lots were in a symbol without rules on record: as good as not read. */
function upcastAccount(event: AccountEvent, rules: ReadonlyMap<string, Steps>): AccountEvent {
  const positions: PositionRecord[] = [];
  const unread = [...(event.unread ?? [])];
  for (const held of event.positions) {
    const steps = rules.get(held.symbol);
    if (steps === undefined) unread.push(held.symbol);
    else positions.push(renamed(held, steps) as PositionRecord);
  }
  return { ...event, positions, ...(unread.length > 0 ? { unread } : {}) };
}

function withSteps(event: GateEvent, steps: Steps): GateEvent {
  return { ...event, payload: renamed(event.payload, steps) } as GateEvent;
}

function renamed(payload: object, steps: Steps): object {
  return Object.fromEntries(
    Object.entries(payload).map(([name, value]) => {
      const present = PRESENT.get(name);
      if (present === undefined) return [name, value];
      const [fresh, stepE8] = present;
      return [fresh, typeof value === 'number' ? toE8(value, stepE8(steps)) : value];
    }),
  );
}
