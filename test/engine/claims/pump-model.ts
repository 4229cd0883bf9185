import assert from 'node:assert/strict';
import { ExitPace } from '../../../daemon/engine/claims/exit-pace.ts';
import { ExitPump } from '../../../daemon/engine/claims/exit-pump.ts';
import type { ExitForm } from '../../../daemon/engine/claims/exit-request.ts';
import { type Claim, closedE8 } from '../../../daemon/engine/orders/claims.ts';
import { isTerminal, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import { OrderCounts } from '../../../daemon/engine/plan/orders.ts';
import type { OrderStatus } from '../../../daemon/engine/records/decisions.ts';
import type { Cause } from '../../../daemon/engine/tables/cause.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { inLots, T0 } from '../fold-fixture.ts';
import { FoldedClaims } from '../folded-claims.ts';

const LADDER_BPS = [10, 50, 100, 200];

/** The pump of the daemon against folded records: what it decides is on its way at once, and nothing answers by itself. */
export class PumpModel extends FoldedClaims {
  readonly pump: ExitPump;
  /** Ids of the exit orders that were sent, with their claims, oldest first. */
  readonly sent: { readonly order: OrderState; readonly claim: Claim }[] = [];
  readonly alerts: string[] = [];
  /** Cancels that were asked for. */
  readonly canceled: string[] = [];
  readonly reasons: string[] = [];
  #wallMs = 0;
  #count = 0;

  constructor({ ladder = LADDER_BPS } = {}) {
    super();
    const { state } = this;
    const clock = { nowMs: () => this.atMs, wallMs: () => this.#wallMs, scale: 1 };
    const exits = { ...basePolicy.exits, ladder_bps: ladder, rate: { max: 10_000, window_ms: 60_000 }, step_ms: 0 };
    const sends = new OrderCounts(() => this.#wallMs);
    this.pump = new ExitPump({
      state,
      clock,
      pace: new ExitPace({ state, sends, clock, exits: () => exits }),
      exits: () => exits,
      decide: (claim, form) => ({ order: this.#plan(claim, form), code: '' }),
      send: () => undefined,
      recordEnd: (claim, reason, detail) => {
        const filled = closedE8(claim);
        const payload = { action: 'ended', decision_id: claim.decisionId, detail, filled_e8: filled, reason } as const;
        this.ledger.append({ kind: 'exit_target', at_ms: this.atMs, payload });
      },
      endUnsent: (order, detail) => {
        const evidence = { asked_seq: 1, kind: 'unsent' } as const;
        this.report(order.clientOrderId, 'canceled', 0, this.atMs, { detail, evidence, venue_order_id: null });
      },
      cancel: (order, reason) => {
        this.canceled.push(order.clientOrderId);
        this.reasons.push(reason);
        this.cancel(order.clientOrderId, reason, this.atMs);
      },
      alert: (code, detail) => void this.alerts.push(`${code} ${detail}`),
      onDefect: (error) => {
        throw error;
      },
      wakeAt: () => undefined,
    });
  }

  get atMs(): number {
    return T0 + 1_000 + this.#wallMs;
  }
  wait(ms: number): void {
    this.#wallMs += ms;
  }

  #plan(claim: Claim, { quantityE8, own, rung }: ExitForm): OrderState {
    const lots = inLots(quantityE8);
    this.#count += 1;
    const id = own?.clientOrderId ?? `s-${this.#count}`;
    const parent = claim.decisionId.slice('d-'.length);
    if (claim.wants === 'rest') {
      const { agent, side } = claim;
      this.takeProfit(id, lots, { agent, side, parent, atMs: this.atMs });
    } else this.rung(id, parent, lots, { atMs: this.atMs, rung, slippageBps: claim.first.slippageBps });
    const order = this.state.orders.all.get(id);
    assert.ok(order !== undefined);
    this.sent.push({ order, claim });
    return order;
  }

  /** One pass: what was sent in it, as `claim lots`. Whatever was on its way counts as answered. */
  pass(): readonly string[] {
    const from = this.sent.length;
    this.wait(20_000);
    this.pump.pass();
    const sent = this.sent.slice(from);
    for (const { order } of sent) this.pump.attempts.take(order);
    return sent.map(({ claim, order }) => `${claim.decisionId} ${inLots(order.quantityE8)}`);
  }
  /** The same before any time has passed: what was on its way is answered, and waits are not over. */
  passNow(): readonly string[] {
    this.wait(-20_000);
    return this.pass();
  }
  /** The venue refused the last order of a claim. */
  refuse(id: string, cause: Cause): void {
    const order = this.find(id).orders.at(-1);
    assert.ok(order !== undefined);
    this.pump.attempts.noteRefusal(order, { cause, code: '-2025', message: 'refused', retryAfterMs: null });
    this.answer(id, 'rejected', 0);
  }
  /** What became of the last order of a claim. */
  answer(id: string, status: OrderStatus, executed: number): void {
    const order = this.find(id).orders.at(-1);
    assert.ok(order !== undefined);
    const isNowhere = status === 'not_placed' || status === 'rejected';
    const at = isNowhere ? { venue_order_id: null } : {};
    this.report(order.clientOrderId, status, executed, this.atMs, at);
  }
  /** Exit orders at the venue, or on their way. */
  live(): readonly OrderState[] {
    return this.sent.map(({ order }) => order).filter((order) => !isTerminal(order));
  }
}
