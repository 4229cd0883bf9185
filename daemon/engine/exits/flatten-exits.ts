import { closingOf } from '../claims/exit-sizes.ts';
import type { EngineCore } from '../flow/core.ts';
import type { Flow, Started } from '../flow/step.ts';
import { type Claim, isLive } from '../orders/claims.ts';
import { hasLive, isInFlight, isLost, isUnknown, type OrderState } from '../orders/orders.ts';
import { heldE8 } from './flatten-answer.ts';
import type { LastWord } from './last-word.ts';

/** How long one that closes nothing stands for the exit of the same position, wall ms. */
const STANDS_FOR_MS = 5_000;
const ANOTHER_STATE = 'trading was set active: the flatten is over';

/** Who has asked for a flatten. */
export interface Flattener {
  readonly agent: string;
  readonly tokenId: string;
}
/** An exit of all of a symbol, until it has ended. */
export type FlattenExit = (by: Flattener, symbol: string, side: 'buy' | 'sell') => Flow<void>;

/** Takes back the claims that it concerns. */
export type CancelClaims = (isConcerned: (claim: Claim) => boolean, detail: string) => void;

/** Exits of flattens. They go on by themselves, whoever waits for them. */
export class FlattenExits {
  readonly #core: EngineCore;
  readonly #word: LastWord;
  readonly #exit: FlattenExit;
  readonly #cancelClaims: CancelClaims;
  /** By side and symbol. */
  readonly #exiting = new Map<string, { readonly done: Started<void>; readonly sinceWallMs: number }>();

  constructor(core: EngineCore, word: LastWord, exit: FlattenExit, cancelClaims: CancelClaims) {
    this.#core = core;
    this.#word = word;
    this.#exit = exit;
    this.#cancelClaims = cancelClaims;
  }

  /**
   * Exits of what is held of the symbols are decided when this returns. `tried`: lots by symbol for which this round has
   * tried it; the same are not tried again before the next one.
   */
  close(by: Flattener, symbols: readonly string[], tried: Map<string, number>): readonly Started<void>[] {
    const exits: Started<void>[] = [];
    for (const symbol of symbols) {
      const quantityE8 = heldE8(this.#core.state.position(symbol));
      if (quantityE8 === 0 || quantityE8 === tried.get(symbol)) continue;
      tried.set(symbol, quantityE8);
      exits.push(...this.#exitOnce(by, symbol, quantityE8 > 0 ? 'sell' : 'buy'));
    }
    return exits;
  }

  /**
   * One exit of a flatten at a time, unless what became of the last one could not be found out: reduceOnly bounds both. What
   * else an operator has on its way may be a part of it, or rest: it stands for nothing.
   */
  #exitOnce(by: Flattener, symbol: string, side: 'buy' | 'sell'): readonly Started<void>[] {
    const key = `${side} ${symbol}`;
    const hasLost = hasLive(this.#core.state.orders, symbol, (order) => isExitOfOperator(order) && isLost(order));
    const running = this.#exiting.get(key);
    const now = this.#core.ports.time.monotonicMs();
    // RISK: one that waits for something without closing anything may wait for ever.
    const isNew = running !== undefined && now - running.sinceWallMs < STANDS_FOR_MS;
    if (isNew || (running !== undefined && !hasLost && this.#isClosing(symbol))) return [running.done];
    const done = this.#core.begin(this.#run(by, symbol, side));
    this.#exiting.set(key, { done, sinceWallMs: now });
    done.onEnd(() => {
      if (this.#exiting.get(key)?.done === done) this.#exiting.delete(key);
    });
    return [done];
  }

  *#run(by: Flattener, symbol: string, side: 'buy' | 'sell'): Flow<void> {
    try {
      yield* this.#exit(by, symbol, side);
    } catch (error) {
      if (!this.#core.isStopping()) this.#core.alertRarely('FLATTEN_EXIT_FAILED', String(error), symbol);
    }
  }

  /** An operator's exit of the symbol has lots to close, or an order that lives. */
  #isClosing(symbol: string): boolean {
    const { state } = this.#core;
    return [...state.claims.open].some(
      (claim) =>
        claim.origin === 'operator' &&
        claim.wants === 'now' &&
        claim.symbol === symbol &&
        (isLive(claim) || closingOf(state, symbol, claim.side).all > 0),
    );
  }

  /** RISK: an exit that waits for its turn would close what an operator wants to keep by now. */
  endAbandoned(): void {
    if (!this.#core.ports.clock.isSynced) return;
    const isAbandoned = ({ cause, symbol }: Claim): boolean => cause === 'flatten' && this.#word.isOver([symbol]);
    if ([...this.#core.state.claims.open].some(isAbandoned)) this.#cancelClaims(isAbandoned, ANOTHER_STATE);
  }
}

function isExitOfOperator(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && order.origin === 'operator';
}
/** It may still fill: what it closes is not to be closed a second time. */
export function isExitOnItsWay(order: OrderState): boolean {
  return isExitOfOperator(order) && (isInFlight(order) || isUnknown(order));
}
