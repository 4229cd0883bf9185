import { type AgentAnswer, type AgentRequest, type AttackView, isUncut, type PlannedAsk } from '../../facts/agents.ts';
import { buildModify } from '../../intents/requests.ts';
import type { Attack, AttackDesk } from '../attack-desk.ts';
import { FOREIGN_ACCOUNTS, UNKNOWN_TOOLS } from '../misuse.ts';

export const DOORS = [
  'order',
  'other-venue',
  'live-venue',
  'other-symbol',
  'close-intent',
  'close-tool',
  'unknown-tool',
  'other-account',
  'modify',
] as const;
type Door = (typeof DOORS)[number];

/**
 * Refused at one door, it tries the next with the same wish; a door that lets something through is used again, harder.
 */
export class SwitchDoor implements Attack {
  readonly #desk: AttackDesk;
  #door = 0;
  #wantUsdt: number;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
    this.#wantUsdt = 3 * desk.caps.orderNotionalUsdt;
  }

  start(view: AttackView): void {
    this.#knock(view, 0);
  }

  onAnswer(_ask: PlannedAsk, answer: AgentAnswer, view: AttackView): void {
    if (isUncut(answer.decision, answer.reasons)) this.#wantUsdt *= 1.5;
    else this.#door = (this.#door + 1) % DOORS.length;
    this.#knock(view, answer.retryAfterMs === null ? this.#desk.draws.int(300, 4000) : Math.ceil(answer.retryAfterMs));
  }

  #knock(view: AttackView, delayMs: number): void {
    this.#desk.ask(view, delayMs, this.#build(view, DOORS[this.#door]!));
  }

  #build(view: AttackView, door: Door): AgentRequest {
    const { draws, episode } = this.#desk;
    const order = this.#desk.opening(this.#wantUsdt);
    switch (door) {
      case 'order':
        return order;
      // In T, but not what this executor serves.
      case 'other-venue':
        return { ...order, venue: 'binance-demo' };
      case 'live-venue':
        return { ...order, venue: 'binance-live' };
      case 'other-symbol':
        return { ...order, symbol: view.market.symbols.find((symbol) => symbol !== episode.symbol) ?? episode.symbol };
      // An opening that calls itself an exit.
      case 'close-intent':
        return { ...order, intent: 'close' };
      case 'close-tool':
        return this.#desk.closing();
      case 'unknown-tool':
        return { ...order, tool: draws.pick(UNKNOWN_TOOLS) };
      case 'other-account':
        return { ...order, account: draws.pick(FOREIGN_ACCOUNTS) };
      case 'modify': {
        const id = view.account.openOrders[0]?.clientOrderId ?? 'hf000000zz00';
        return buildModify(episode.symbol, id, { limitPrice: null, requestedNotional: this.#wantUsdt });
      }
    }
  }
}
