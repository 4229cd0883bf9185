import type { GateEvent } from '../../daemon/engine/records/events.ts';
import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { ReplayExchange } from '../../daemon/evaluation/exchange/exchange.ts';

const EFFECTS = ['submit', 'submitStop', 'amend', 'cancel', 'setLeverage'] as const;
/** What is the same on both sides of a record. */
const TOLD: { readonly [K in GateEvent['kind']]?: (payload: Extract<GateEvent, { kind: K }>['payload']) => unknown } = {
  decision: ({ agent, decision, orders, request }) => [
    decision.kind, agent, request.tool, request.symbol, decision.decision, decision.reasons.map(({ code }) => code),
    decision.effective, orders.map(({ client_order_id, delay_ms }) => [client_order_id, delay_ms]),
  ], // biome-ignore format: one list
  order: ({ average_price, client_order_id, executed_e8, status }) => [
    client_order_id,
    status,
    executed_e8,
    average_price,
  ],
  trade: ({ client_order_id, fee_usdt, price, quantity_e8 }) => [client_order_id, quantity_e8, price, fee_usdt],
  order_intent: ({ action, client_order_id, reason }) => [action, client_order_id, reason],
  exit_target: (target) => target,
  // Neither what only a start says, nor the tidying of what is over by itself.
  state: ({ clears_at_ms, layer, name, reason, state }) =>
    layer === 'boot' || reason === 'its time is over' ? null : [layer, name, state, clears_at_ms, reason],
};

/** What one side of a world asks of its venue and records: decisions are called by their place, since feeds move seqs too. */
export class Played {
  readonly lines: string[] = [];
  readonly #places = new Map<string, number>();

  constructor(state: GateState, exchange: ReplayExchange, nowMs: () => number) {
    const apply = state.apply.bind(state);
    state.apply = (event: GateEvent) => {
      const ended = apply(event);
      if (event.kind === 'decision') this.#places.set(event.seq.toString(36), this.#places.size + 1);
      const told = (TOLD[event.kind] as ((payload: unknown) => unknown) | undefined)?.(event.payload) ?? null;
      if (told !== null) this.#note(event.at_ms, event.kind, told);
      return ended;
    };
    for (const name of EFFECTS) {
      const call = (exchange[name] as (...args: unknown[]) => unknown).bind(exchange);
      const asked = (...args: unknown[]): unknown => {
        this.#note(nowMs(), name, typeof args[0] === 'object' ? args[0] : args);
        return call(...args);
      };
      Object.assign(exchange, { [name]: asked });
    }
  }

  #note(atMs: number, what: string, told: unknown): void {
    const rounded = JSON.stringify(told, (_, value) =>
      typeof value === 'number' ? Number(value.toPrecision(9)) : value,
    );
    const named = rounded.replace(
      /(d-|hf)(?:replay|[0-9a-f]{6})-?(\w+)/g,
      (_, kind, seq) => `${kind}#${this.#places.get(seq)}`,
    );
    this.lines.push(`${atMs} ${what} ${named}`);
  }
}

/**
 * The first instant at which two sides are not the same, and what each has there; null: none. Decisions and what the venue
 * is asked are equal in their order; what else is of one instant is equal as a whole, as the daemon's answers overtake
 * one another.
 */
export function findDifference(here: readonly string[], there: readonly string[]): string | null {
  const [mine, other] = [byInstant(here), byInstant(there)];
  for (const at of [...new Set([...mine.keys(), ...other.keys()])].sort()) {
    const [a, b] = [mine.get(at) ?? [], other.get(at) ?? []];
    if (canonical(a) !== canonical(b)) return `the gate\n  ${a.join('\n  ')}\nthe replay\n  ${b.join('\n  ')}`;
  }
  return null;
}

function byInstant(lines: readonly string[]): Map<string, string[]> {
  const instants = new Map<string, string[]>();
  for (const line of lines) {
    const at = line.slice(0, line.indexOf(' '));
    instants.set(at, [...(instants.get(at) ?? []), line]);
  }
  return instants;
}
function canonical(lines: readonly string[]): string {
  const of = (what: RegExp): readonly string[] => lines.filter((line) => what.test(line));
  return [...of(/ decision /), ...of(/ (submit|submitStop|amend) /), ...lines.toSorted()].join('\n');
}
