import type { GateEvent } from '../events.ts';
import { applyAccount, readFromMs } from './apply-account.ts';
import { applyDecision, applyOrder, applyTrade } from './apply-orders.ts';
import { noteClock, sinceJump } from './clock-moves.ts';
import { adoptBy, disown, freeIfFlat, releaseFrom } from './holding.ts';
import { keeps } from './keep.ts';
import { applyStateEvent, stateInForce } from './layers.ts';
import { setLeverage } from './leverage-setting.ts';
import { applyOrderIntent, isOfOldAmend, liveOrders } from './orders.ts';
import { bringBackNamed, settleOld } from './settle.ts';
import { upcast } from './upcast.ts';
import { GateViews } from './views.ts';

/**
 * Every view of the gate, folded from ledger events and from nothing else. `apply`, with the files named after it, is
 * the only writer; it runs in the same event-loop turn as the append, so a decision, its reservation and the next
 * snapshot can never interleave.
 */
export class GateState extends GateViews {
  static {
    keeps(
      GateState,
      (view) => ({ ...view }),
      (kept) => Object.assign(new GateState(), kept),
    );
  }

  apply(event: GateEvent): void {
    // Recorded past the gate: no decision may see one that was folded only after a restart.
    if (event.kind === 'token' || event.kind === 'checkpoint' || event.kind === 'archived') return;
    if (event.kind === 'head' || event.kind === 'key') return;
    if (event.kind === 'market' || event.kind === 'rules') this.marketSeq = event.seq;
    else this.stateSeq = event.seq;
    // Before anything is forgotten by its instant.
    if (event.kind === 'state') noteClock(this, event.payload, event.at_ms);
    this.lastEventAtMs = event.at_ms;
    this.latestEventAtMs = Math.max(this.latestEventAtMs, event.at_ms);
    this.orders.ended.dropOld(this.orders, event.at_ms, this.#mayGoOn);
    this.claims.dropOld(event.at_ms);
    this.approvals.dropOld(event.at_ms);
    settleOld(this, event.at_ms);
    bringBackNamed(this, event);
    this.#fold(upcast(this, event));
    this.#freeFlat(event);
  }

  // biome-ignore lint/complexity/noExcessiveLinesPerFunction: one case for each kind of record
  #fold(event: GateEvent): void {
    switch (event.kind) {
      case 'decision':
        this.requestRecords.noteDecision(event.payload, this, event.at_ms);
        this.approvals.noteDecision(event.payload, event.at_ms);
        this.lives.noteDecision(event.payload, event.at_ms);
        this.accounts.noteDecision(event.payload, event.at_ms);
        applyDecision(this, event.payload, event.at_ms);
        this.claims.applyDecision(event.payload, (id) => this.orders.all.get(id), {
          at: { seq: event.seq, atMs: event.at_ms },
          isHalted: (symbol, agent) => stateInForce(this.layers, event.at_ms, symbol, agent).state === 'halted',
        });
        return;
      case 'order':
        applyOrder(this, event.payload, event.at_ms);
        return;
      case 'order_intent': {
        const order = this.orders.all.get(event.payload.client_order_id);
        if (order === undefined || isOfOldAmend(order, event.payload)) return;
        applyOrderIntent(order, event.payload);
        this.claims.noteIntent(order, event.payload, event.seq);
        // What was read before the amend was proven does not contain it.
        if (event.payload.action === 'amended') order.updatedAtMs = Math.max(order.updatedAtMs, event.at_ms);
        this.changes.settle(order, event.payload);
        return;
      }
      case 'exit_target':
        this.claims.apply(event.payload, (id) => this.orders.all.get(id), { seq: event.seq, atMs: event.at_ms });
        return;
      case 'holder': {
        const position = this.position(event.payload.symbol);
        if (event.payload.action === 'released') releaseFrom(position, event.payload.for_ms);
        else {
          adoptBy(position, event.payload.agent);
          this.accounts.noteHolder(event.payload.symbol, event.payload.agent, event.at_ms);
        }
        return;
      }
      case 'trade':
        applyTrade(this, event.payload);
        return;
      case 'account':
        this.accounts.applyAccount(event.payload);
        applyAccount(this, event.payload, event.at_ms);
        return;
      case 'income':
        this.accounts.applyIncome(event.payload, (symbol, id) => this.seenTrades.has(symbol, id));
        return;
      case 'market':
        this.markets.set(event.payload.symbol, event.payload);
        return;
      case 'rules':
        this.rules.set(event.payload.rules.symbol, event.payload.rules);
        return;
      case 'state':
        applyStateEvent(this.layers, event.payload, event.at_ms);
        this.approvals.noteState(event.payload, event.at_ms);
        if (event.payload.layer === 'breaker' && event.payload.scope === 'agent' && event.payload.name !== null) {
          this.#applyBreaker(event.payload.name, event.payload.state, event.payload.clears_at_ms, event.at_ms);
        }
        return;
      case 'signal':
        this.signals.apply(event.payload, event.at_ms);
        this.requestRecords.noteSignal(event.payload, event.at_ms);
        return;
      case 'leverage':
        setLeverage(this.position(event.payload.symbol), event.payload.leverage, event.payload.confirmed_at_ms ?? null);
        return;
      case 'countdown':
        this.countdowns.apply(event.payload);
        return;
      case 'rebase':
        // Of a reading that was shown, and perhaps not recorded.
        this.equity.rebase(event.at_ms, event.payload.equity_usdt, readFromMs(this.account));
        return;
      case 'transfer':
        if (!this.seenTransfers.add('', event.payload.transfer_id, event.payload.at_venue_ms)) return;
        this.equity.addTransfer(event.payload.amount_usdt, sinceJump(this, event.payload.at_venue_ms), event.at_ms);
        return;
      case 'policy':
        if (event.payload.action === 'in_force') this.policy = event.payload;
        this.approvals.notePolicy(event.payload, event.at_ms);
        return;
      case 'approval':
        this.approvals.apply(event.payload, event.at_ms);
        return;
      case 'arming':
        this.arming = event.payload;
        this.armingSigners.clear();
        return;
      case 'arming_signed':
        this.armingSigners.set(event.payload.passkey_id, event.payload.set_by);
        return;
      case 'agent_seen':
        this.lives.note(event.payload.agent, event.at_ms);
        return;
      case 'alert':
        this.alerts.add(event.payload, event.seq, event.at_ms);
        this.outbox.addAlert(event.payload, event.seq, event.at_ms);
        return;
      case 'alert_ack':
        this.alerts.acknowledge(event.payload, event.at_ms);
        return;
      case 'alert_routes':
        this.outbox.applyRoutes(event.payload);
        return;
      case 'alert_message':
        this.outbox.applyMessage(event.payload, event.at_ms);
        return;
      case 'passkey':
        this.passkeys.apply(event.payload, event.at_ms);
        this.approvals.notePasskey(event.payload);
        // What a key signed counts as long as the key does.
        for (const id of this.armingSigners.keys()) if (this.passkeys.find(id) === null) this.armingSigners.delete(id);
        return;
      case 'recovery':
        this.recovery = event.payload;
        // RISK: a token of a known name is another's, in an account that went on without this ledger.
        for (const position of this.positions.values()) disown(position);
        this.accounts.disown(event.at_ms);
        if (event.payload.take_over) this.takenOverUntilMs = event.payload.at_venue_ms;
        for (const symbol of this.rules.keys()) this.countdowns.assume(symbol);
        return;
      case 'text_erased':
        return;
      case 'rejected_input':
        this.requestRecords.noteRejected(event.payload, event.at_ms);
        return;
      case 'request_sum':
        this.requestRecords.noteSum(event.payload);
        this.accounts.noteSum(event.payload);
        return;
    }
  }

  /** RISK: a further order of an exit that is not over is numbered by those before it, which are not forgotten. */
  readonly #mayGoOn = (decisionId: string): boolean => {
    return this.claims.isOpen(decisionId);
  };

  /** A symbol whose position is flat, and where nothing of its holder can fill, is free. */
  #freeFlat(event: GateEvent): void {
    if (event.kind === 'account') for (const symbol of this.positions.keys()) this.#freeSymbol(symbol, event.at_ms);
    else if (event.kind === 'order' || event.kind === 'order_intent')
      this.#freeSymbol(this.orders.all.get(event.payload.client_order_id)?.symbol ?? '', event.at_ms);
    else if (event.kind === 'holder') this.#freeSymbol(event.payload.symbol, event.at_ms);
  }
  #freeSymbol(symbol: string, atMs: number): void {
    const position = this.positions.get(symbol);
    if (position !== undefined) freeIfFlat(position, liveOrders(this.orders, symbol), atMs);
  }

  #applyBreaker(agent: string, state: string, untilMs: number | null, atMs: number): void {
    const known = this.pacing.breakers.get(agent);
    if (state === 'active') {
      // An operator cleared it: what was counted before no longer counts.
      this.pacing.breakers.set(agent, { trips: known?.trips ?? 0, untilMs: atMs });
    } else {
      const endsAtMs = untilMs ?? Number.MAX_SAFE_INTEGER;
      // One that ends sooner than it would have is being cleared by an operator, on live after a delay: it is no trip.
      const isTrip = known === undefined || endsAtMs >= known.untilMs;
      this.pacing.breakers.set(agent, { trips: (known?.trips ?? 0) + (isTrip ? 1 : 0), untilMs: endsAtMs });
    }
  }
}
