import { unownedE8 } from '../../daemon/engine/orders/holding.ts';
import type {
  DecisionEvent,
  ExitTargetEvent,
  OrderEvent,
  OrderIntentEvent,
} from '../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import type { StateEvent } from '../../daemon/engine/records/people-events.ts';
import type { TradeEvent } from '../../daemon/engine/records/venue-events.ts';
import type { GateState } from '../../daemon/engine/state/gate-state.ts';

/**
 * What one side has recorded of decisions, orders, exits and trading states, as lines that can be compared: seqs, which
 * feeds move as well, are replaced by the place among the decisions.
 */
export class Trace {
  readonly lines: string[] = [];
  readonly #startMs: number;
  readonly #places = new Map<string, number>();
  readonly #positions = new Map<string, string>();

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Notes whatever is folded into the state from now on. */
  follow(state: GateState): void {
    const apply = state.apply.bind(state);
    state.apply = (event: GateEvent) => {
      const ended = apply(event);
      this.#note(event, state);
      return ended;
    };
  }
  /** Lines in which orders are called by the places of their decisions. */
  renamed(lines: readonly string[]): readonly string[] {
    return lines.map((line) => line.replace(/hfreplay[\w]+-\w+-\w+/g, (id) => this.id(id)));
  }

  #note({ kind, seq, at_ms: atMs, payload }: GateEvent, state: GateState): void {
    const at = String(atMs - this.#startMs).padStart(7);
    switch (kind) {
      case 'decision':
        this.#places.set(seq.toString(36), this.#places.size + 1);
        this.#say(at, this.#decision(payload as DecisionEvent));
        return;
      case 'order': {
        const event = payload as OrderEvent;
        const order = state.orders.all.get(event.client_order_id);
        const detail = event.status === 'rejected' || event.status === 'canceled' ? ` (${event.detail ?? ''})` : '';
        const price = event.average_price === null ? '' : ` at ${event.average_price.toFixed(4)}`;
        this.#say(at, `order ${this.id(event.client_order_id)} ${event.status} ${event.executed_e8}${price}${detail}`);
        if (order !== undefined) this.#position(at, order.symbol, state);
        return;
      }
      case 'trade': {
        const { client_order_id: id, fee_usdt: fee, price, quantity_e8: lots } = payload as TradeEvent;
        this.#say(at, `trade of ${this.id(id ?? '')}: ${lots} at ${price.toFixed(4)}, fee ${fee.toFixed(8)}`);
        return;
      }
      case 'order_intent': {
        const { action, client_order_id: id, reason } = payload as OrderIntentEvent;
        this.#say(at, `${action} ${this.id(id)} (${reason})`);
        return;
      }
      case 'exit_target': {
        const event = payload as ExitTargetEvent;
        const what =
          event.action === 'opened'
            ? `${event.quantity_e8} lots ${event.cause} ${event.scope}${event.is_whole ? ' whole' : ''}`
            : `${event.reason}, ${event.filled_e8} closed (${event.detail})`;
        this.#say(at, `exit ${this.id(event.decision_id)} ${event.action}: ${what}`);
        return;
      }
      case 'state': {
        const { clears_at_ms: clearsAtMs, layer, name, reason, set_by: setBy, state: set } = payload as StateEvent;
        // Neither what only a start says, nor the tidying of what is over by itself.
        if (layer === 'boot' || reason === 'its time is over') return;
        const until = clearsAtMs === null ? '' : ` until ${clearsAtMs - this.#startMs}`;
        this.#say(at, `state ${layer} ${name ?? 'account'} ${set}${until} by ${setBy} (${reason})`);
        return;
      }
    }
  }

  #say(at: string, what: string): void {
    this.lines.push(`${at} ${what}`);
  }

  #decision({ agent, decision, orders, parent_decision_id: parentId, request }: DecisionEvent): string {
    const { effective } = decision;
    const what =
      effective === null
        ? 'nothing'
        : effective.action === 'cancel'
          ? 'cancel'
          : `${effective.action} ${effective.side} ${effective.lots} at ${effective.price_ticks ?? 'any price'} ${effective.time_in_force} x${effective.leverage ?? '-'}`;
    const planned = orders.map(
      (order) =>
        `${this.id(order.client_order_id)} ${order.kind} ${order.side} ${order.quantity_e8} at ${order.trigger_e8 ?? order.price_e8} after ${order.delay_ms}`,
    );
    const codes = decision.reasons.map(({ code }) => code).join(' ');
    const parent = parentId === null ? '' : ` of ${this.id(parentId)}`;
    const asked = `${decision.kind}${parent} ${agent} ${request.tool} ${request.symbol}`;
    return `${asked}: ${decision.decision} [${codes}] ${what} -> [${planned.join('; ')}]`;
  }

  #position(at: string, symbol: string, state: GateState): void {
    const position = state.positions.get(symbol);
    if (position === undefined) return;
    const { holder, quantityE8: lots } = position;
    const text = `${symbol} has ${lots} lots (${unownedE8(position)} of nobody), held by ${holder ?? 'nobody'}`;
    if (this.#positions.get(symbol) === text) return;
    this.#positions.set(symbol, text);
    this.#say(at, text);
  }

  /** Of a decision or an order, without its seq. */
  id(id: string): string {
    const decision = /^d-replay-(.+)$/.exec(id);
    if (decision !== null) return `D${this.#places.get(decision[1]!) ?? '?'}`;
    const order = /^hfreplay(.+)-(.+)-(.+)$/.exec(id);
    return order === null ? id : `D${this.#places.get(order[1]!) ?? '?'}-${order[2]}-${order[3]}`;
  }
}

/** What one side of a world has left. */
export interface Played {
  readonly recorded: readonly string[];
  readonly venue: readonly string[];
}

/** Where two sides of a world part: the first instant at which they are not the same, and what each has there. */
export interface Difference {
  readonly what: 'recorded' | 'venue';
  readonly gate: readonly string[];
  readonly engine: readonly string[];
}

const IS_DECISION = /^\s*\d+ (tool|gate|slice|standing) /;
const HOLDS = /^\s*\d+ (\w+) holds /;
const IS_SENT = / (IOC|GTC|MARKET|STOP|AMEND) /;

/**
 * Decisions, and what arrives at the venue, are equal in their order. What follows from them at one and the same instant
 * is equal as a whole: the daemon's answers overtake one another there, as promises do.
 */
export function findDifference(gate: Played, engine: Played): Difference | null {
  return (
    findIn('venue', gate.venue, engine.venue, IS_SENT) ??
    findIn('recorded', gate.recorded, engine.recorded, IS_DECISION)
  );
}

function findIn(
  what: Difference['what'],
  gate: readonly string[],
  engine: readonly string[],
  isInOrder: RegExp,
): Difference | null {
  const here = byInstant(gate);
  const there = byInstant(engine);
  const instants = [...new Set([...here.keys(), ...there.keys()])].sort((a, b) => a - b);
  for (const instant of instants) {
    const [mine, other] = [here.get(instant) ?? [], there.get(instant) ?? []];
    if (canonical(mine, isInOrder) !== canonical(other, isInOrder)) return { what, gate: mine, engine: other };
  }
  return null;
}

function byInstant(lines: readonly string[]): ReadonlyMap<number, string[]> {
  const instants = new Map<number, string[]>();
  for (const line of lines) {
    const at = Number.parseInt(line, 10);
    const known = instants.get(at);
    if (known === undefined) instants.set(at, [line]);
    else known.push(line);
  }
  return instants;
}

function canonical(lines: readonly string[], isInOrder: RegExp): string {
  const inOrder = lines.filter((line) => isInOrder.test(line));
  const held = new Map<string, string>();
  const rest: string[] = [];
  for (const line of lines) {
    const symbol = HOLDS.exec(line)?.[1];
    // Of a position what it is in the end.
    if (symbol !== undefined) held.set(symbol, line);
    else if (!isInOrder.test(line)) rest.push(line);
  }
  return JSON.stringify([inOrder, [...rest, ...held.values()].sort()]);
}

/** For whoever reads a failure: the world, what both did at that instant, and what the gate recorded before it. */
export function describeDifference(seed: number, gate: Played, { what, gate: here, engine }: Difference): string {
  const at = Number.parseInt((here[0] ?? engine[0] ?? '').trim(), 10);
  const before = gate[what].filter((line) => Number.parseInt(line, 10) < at).slice(-12);
  const block = (title: string, lines: readonly string[]): string => `${title}\n  ${lines.join('\n  ')}`;
  return [
    `world ${seed} parts (${what})`,
    block('before', before),
    block('the gate', here),
    block('the replay', engine),
  ].join('\n');
}
