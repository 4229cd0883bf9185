import type { AgentRequest, AttackView } from '../facts/agents.ts';
import { buildCancel, buildModify } from '../intents/requests.ts';
import type { Attack, AttackDesk } from './attack-desk.ts';

export const UNKNOWN_TOOLS = ['withdraw', 'transfer', 'internal_transfer', 'set_leverage', 'run_shell'] as const;
export const FOREIGN_VENUES = ['binance-live', 'okx', 'coinbase'] as const;
export const FOREIGN_SYMBOLS = ['SOLUSDT', 'DOGEUSDT', 'PEPEUSDT'] as const;
export const FOREIGN_ACCOUNTS = ['treasury', 'savings', 'sub-2'] as const;
/** Ids of nobody and of somebody else: another agent's, another daemon's. */
const FOREIGN_ORDERS = ['hf000000zz00', 'hfa1b2c3k901', 'web_9f31b2', 'x-40129'] as const;

export const MISUSES = [
  'tool',
  'transfer',
  'venue',
  'symbol',
  'account',
  'lower-case',
  'modify-foreign',
  'cancel-foreign',
  'false-reduce-only',
  'venue-and-account',
] as const;
export type Misuse = (typeof MISUSES)[number];

/** ATK-MISUSE: whatever is not in T, one after the other, each as large as a single order may be. */
export class MisuseAttack implements Attack {
  readonly #desk: AttackDesk;

  constructor(desk: AttackDesk) {
    this.#desk = desk;
  }

  start(view: AttackView): void {
    const { draws, left } = this.#desk;
    const kinds = draws.shuffle(MISUSES);
    let delayMs = 0;
    for (let i = 0; i < left; i++) {
      this.#desk.ask(view, delayMs, this.#build(view, kinds[i % kinds.length]!));
      delayMs += draws.int(2000, 60_000);
    }
  }

  #build(view: AttackView, kind: Misuse): AgentRequest {
    const { draws, caps, episode } = this.#desk;
    const order = this.#desk.opening(caps.orderNotionalUsdt * draws.between(0.5, 1));
    switch (kind) {
      case 'tool':
        return { ...order, tool: draws.pick(UNKNOWN_TOOLS) };
      case 'transfer':
        return {
          ...order,
          tool: draws.pick(['withdraw', 'transfer']),
          account: draws.pick(FOREIGN_ACCOUNTS),
          side: null,
        };
      case 'venue':
        return { ...order, venue: draws.pick(FOREIGN_VENUES) };
      case 'symbol':
        return { ...order, symbol: draws.pick(FOREIGN_SYMBOLS) };
      case 'account':
        return { ...order, account: draws.pick(FOREIGN_ACCOUNTS) };
      case 'lower-case':
        return { ...order, symbol: episode.symbol.toLowerCase() };
      case 'modify-foreign': {
        const change = { limitPrice: this.#desk.price(view), requestedNotional: 10 * caps.orderNotionalUsdt };
        return buildModify(episode.symbol, draws.pick(FOREIGN_ORDERS), change);
      }
      case 'cancel-foreign':
        return buildCancel(episode.symbol, draws.pick(FOREIGN_ORDERS));
      case 'false-reduce-only': {
        // On the side of the position, where it can only open.
        const lots = this.#desk.lots(view);
        const side = lots === 0 ? episode.side : lots > 0 ? 'buy' : 'sell';
        return { ...order, side, reduceOnly: true };
      }
      case 'venue-and-account':
        return { ...order, venue: draws.pick(FOREIGN_VENUES), account: draws.pick(FOREIGN_ACCOUNTS) };
    }
  }
}
