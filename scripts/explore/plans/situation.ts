import type { Action, Setup, SideName, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Draw, Piece } from './draw.ts';

/** What a world begins with: what it needs of the setup, and what happens. */
export interface Situation {
  readonly setup: (setup: Setup, random: Random) => Setup;
  readonly play: Piece;
}

export const POST = { method: 'POST', path: '/fapi/v1/order' } as const;
/** Answers that leave open what became of an order. */
export const UNTOLD = [
  { kind: 'accept-then-timeout' },
  { kind: 'drop-mid-body' },
  { kind: 'reject-503-unknown', accepted: false },
  { kind: 'reject-503-unknown', accepted: true },
  { kind: 'error', code: -1007, msg: 'Timeout waiting for response from backend server.' },
] as const;

export const fault = (what: object): Action => ({ kind: 'fault', fault: { ...what } });
export const otherOf = (symbol: SymbolName): SymbolName => (symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT');
export const against = (side: SideName): SideName => (side === 'buy' ? 'sell' : 'buy');

export function open(draw: Draw, usdt: number, more: Partial<Extract<Action, { readonly kind: 'open' }>> = {}): Action {
  const { agent, side, symbol } = draw;
  return { kind: 'open', agent, side, symbol, usdt, ...more };
}
/** Somebody holds, and it has been read. */
export const held = (draw: Draw, usdt = draw.random.pick([300, 600, 900])): Step =>
  draw.step(open(draw, usdt), 'answered');
