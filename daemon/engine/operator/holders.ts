import type { HolderBody } from '../../contract/types/operator.ts';
import { profileOf } from '../../core/venues.ts';
import type { LiveCore } from '../flow/core.ts';
import { allOver, endedWithin, type Flow, type Started } from '../flow/step.ts';
import type { ExitBook } from '../guard/exit-book.ts';
import { type Claim, GIVEN_AWAY, isLive } from '../orders/claim.ts';
import { ownE8 } from '../orders/holding.ts';
import { isUnproven, liveOrders } from '../orders/orders.ts';
import type { Caller } from '../records/callers.ts';
import { formatQuantityE8 } from '../records/units.ts';
import type { Canceler } from '../sending/cancels.ts';
import { findExitInProgress } from '../snapshot/agent-view.ts';
import { CANCELS_WITHIN_MS, describeUnknown, findKnownSymbols } from './commands.ts';
import { OperatorRequestError } from './loosening-delay.ts';
import { PasskeyRefused, requireEnrolled } from './passkeys.ts';
import { isLiveToken } from './tokens.ts';

const ASK_AGAIN = 'ask again once that is over';

export interface HolderParts {
  readonly core: LiveCore;
  readonly canceler: Canceler;
  readonly exits: ExitBook;
  /** Cancels what must not rest on by whose its symbol is. */
  readonly endMisplaced: () => readonly Started<void>[];
}

/** An operator's word on whose a symbol is (DESIGN 12.1). */
export class Holders {
  readonly #parts: HolderParts;

  constructor(parts: HolderParts) {
    this.#parts = parts;
  }

  /**
   * Its holder opens nothing there until the symbol is free, and for so long after, ms.
   *
   * @throws OperatorRequestError where no agent holds it
   */
  *release(caller: Caller, symbol: string, forMs: number, reason: string): Flow<HolderBody> {
    const { core, endMisplaced } = this.#parts;
    this.#requireKnown(symbol);
    const { holder, isContested } = core.state.position(symbol);
    if (holder === null)
      throw new OperatorRequestError(
        isContested
          ? `several agents hold ${symbol} by records of before: adopt it, or close it`
          : `no agent holds ${symbol}: there is nothing to release`,
      );
    const set = { for_ms: forMs, reason, set_by: caller.agent, symbol };
    core.append('holder', { action: 'released', agent: holder, ...set });
    yield* this.#withinTime(endMisplaced());
    return this.#describe(symbol);
  }

  /**
   * Gives all that is held to an agent, which holds the symbol from then on. Over that agent's own caps it is recorded all
   * the same.
   *
   * @param passkeyId of the passkey that signed this call; null: a token made it
   * @throws OperatorRequestError while something there is not settled, PasskeyRefused
   */
  *adopt(
    caller: Caller,
    { agent, symbol }: { readonly symbol: string; readonly agent: string },
    reason: string,
    passkeyId: string | null,
  ): Flow<HolderBody> {
    const { core } = this.#parts;
    this.#requireProof(passkeyId);
    this.#requireSettled(symbol, agent);
    yield* this.#withinTime(this.#cancelRestsOfOthers(symbol, agent));
    // What has come meanwhile counts, too.
    this.#requireProof(passkeyId);
    this.#requireSettled(symbol, agent);
    if (this.#restsOfOthers(symbol, agent).some(isLive))
      throw new OperatorRequestError(
        `resting exits of others in ${symbol} are not proven ended yet, and their cancel is asked for: ${ASK_AGAIN}`,
      );
    const { quantityE8 } = core.state.position(symbol);
    const set = { passkey_id: passkeyId, reason, set_by: caller.agent, symbol };
    core.append('holder', { action: 'adopted', agent, quantity_e8: quantityE8, ...set });
    this.#parts.exits.poke();
    return this.#describe(symbol);
  }

  /** RISK: whoever holds a symbol trades all that is held there; where money is real, a stolen token must not say who. */
  #requireProof(passkeyId: string | null): void {
    const { core } = this.#parts;
    const { settings, state } = core;
    if (passkeyId === null && profileOf(settings.venue).isRealMoney && state.passkeys.list().length > 0)
      throw new PasskeyRefused(`on ${settings.venue} a passkey has to sign an adoption: use the console`);
    requireEnrolled(core, passkeyId);
  }

  /** @throws OperatorRequestError before the account is reconciled, and for a name that is mistyped */
  #requireKnown(symbol: string): void {
    const symbols = findKnownSymbols(this.#parts.core);
    if (symbols === null) throw new OperatorRequestError(`the account is not reconciled yet: ${ASK_AGAIN}`);
    if (!symbols.has(symbol)) throw new OperatorRequestError(describeUnknown('symbol', symbol, symbols));
  }

  /** @throws OperatorRequestError naming what is not settled */
  #requireSettled(symbol: string, agent: string): void {
    const { core } = this.#parts;
    this.#requireKnown(symbol);
    const named = this.#liveAgents();
    if (named !== null && !named.has(agent)) {
      const known = [...named].sort().slice(0, 20).join(', ');
      throw new OperatorRequestError(`agent ${agent} has no live token; those that have: ${known || 'none'}`);
    }
    for (const order of liveOrders(core.state.orders, symbol)) {
      const { clientOrderId: id, foreign, reduceOnly } = order;
      if (isUnproven(order) && !foreign)
        throw new OperatorRequestError(`nobody knows yet what became of order ${id} in ${symbol}: ${ASK_AGAIN}`);
      if (!reduceOnly)
        throw new OperatorRequestError(
          `an opening order is not over in ${symbol} (${id}): release it, or cancel it, and ${ASK_AGAIN}`,
        );
    }
    const exit = findExitInProgress(core.state, symbol);
    if (exit !== null)
      throw new OperatorRequestError(`an exit is worked in ${symbol} (decision ${exit}): ${ASK_AGAIN}`);
    const position = core.state.position(symbol);
    if (position.disputedE8 !== null || position.doubt !== null)
      throw new OperatorRequestError(`the account shows another position in ${symbol}, not proven yet: ${ASK_AGAIN}`);
    if (position.quantityE8 === 0)
      throw new OperatorRequestError(`nothing is held in ${symbol}: there is nothing to adopt`);
  }

  /** Null: this daemon keeps no tokens. */
  #liveAgents(): ReadonlySet<string> | null {
    const { tokens } = this.#parts.core.ports;
    if (tokens === undefined) return null;
    const nowMs = tokens.expiryMs();
    const live = tokens.listTokens().filter((token) => token.role === 'agent' && isLiveToken(token, nowMs));
    return new Set(live.map(({ agent, name }) => agent ?? name));
  }

  #restsOfOthers(symbol: string, agent: string): readonly Claim[] {
    return [...this.#parts.core.state.claims.open].filter(
      (claim) => claim.symbol === symbol && claim.origin === 'agent' && claim.agent !== agent,
    );
  }

  #cancelRestsOfOthers(symbol: string, agent: string): readonly Started<unknown>[] {
    const { canceler, exits } = this.#parts;
    const claims = this.#restsOfOthers(symbol, agent);
    if (claims.length === 0) return [];
    const orders = claims.filter(isLive).flatMap((claim) => claim.orders);
    // Those of which nothing is at the venue.
    exits.cancelClaims((claim) => claims.includes(claim), GIVEN_AWAY);
    return orders.map((order) => canceler.cancel(order, GIVEN_AWAY));
  }

  /** What is not proven by then, the next call finds proven. */
  *#withinTime(cancels: readonly Started<unknown>[]): Flow<void> {
    const { core } = this.#parts;
    // One that fails is asked for again.
    if (cancels.length > 0) yield* endedWithin(CANCELS_WITHIN_MS, core.begin(allOver(cancels)));
  }

  #describe(symbol: string): HolderBody {
    const { state } = this.#parts.core;
    const position = state.position(symbol);
    const openings = [...liveOrders(state.orders, symbol)].filter(({ reduceOnly }) => !reduceOnly);
    return {
      symbol,
      holder: position.holder,
      quantity: formatQuantityE8(position.holder === null ? 0 : ownE8(position), state.rules.get(symbol)),
      openings_left: openings.filter(({ agent }) => agent === position.holder).length,
    };
  }
}
