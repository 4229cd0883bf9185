import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide.ts';
import type { ExecutionDecision } from '../../../daemon/core/decision.ts';
import type { Origin } from '../../../daemon/core/request.ts';
import { bareAsk, bareRequest } from '../../../daemon/gate/plan/standing.ts';
import type { LiveInputs } from '../../../daemon/gate/snapshot/inputs.ts';
import { buildContext } from '../../../daemon/gate/snapshot/snapshot.ts';
import { closableShare, waitsForOwnExits } from '../../../daemon/gate/state/closable-share.ts';
import { liveOrders } from '../../../daemon/gate/state/orders.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const mark = 60_000;
const INPUTS: LiveInputs = {
  nowMs: T0,
  clockSkewMs: 1,
  account: null,
  symbols: new Map([
    [
      'BTCUSDT',
      {
        mark,
        markAtMs: T0,
        bid: mark,
        ask: mark,
        quoteAtMs: T0,
        fundingRate8h: 0,
        fundingAtMs: T0,
        features: null,
        heldRegime: 'calm',
      },
    ],
  ]),
};

/** Agents with long positions of so many lots, and exits as the gate decides them. */
class SharedPosition {
  readonly ledger = new FoldedLedger();
  #orders = 0;

  constructor(holdings: Readonly<Record<string, number>>) {
    this.ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    for (const [agent, lots] of Object.entries(holdings)) {
      const id = this.order(agent, lots, { side: 'buy' });
      this.report(id, { status: 'filled', executed_lots: lots });
    }
  }
  order(agent: string, lots: number, change: object = {}): string {
    this.#orders += 1;
    const id = `o-${this.#orders}`;
    const orders = [{ client_order_id: id, lots, time_in_force: 'IOC', ...change } as const];
    this.ledger.append(decisionEvent({ id: `d-${this.#orders}`, atMs: T0, agent, orders }));
    return id;
  }
  report(id: string, change: object): void {
    this.ledger.append(orderEvent(id, T0, change));
  }
  decideClose(
    agent: string,
    fraction = 1,
    origin: Origin = 'agent',
    phase: 'parent' | 'slice' = 'parent',
  ): ExecutionDecision {
    const policy = compilePolicy(basePolicy, 'test', agent);
    const request = {
      ...bareRequest(PLACE, 'BTCUSDT', T0),
      agent,
      fraction,
      intent: 'close',
      origin,
      reduce_only: true,
      side: 'sell',
    } as const;
    const context = buildContext(this.ledger.state, INPUTS, request, policy, { ...bareAsk(PLACE), phase });
    return decide(request, context, policy);
  }
  /** Decides a close and takes it into the views; its lots and order, or null when it is refused or has to wait. */
  close(agent: string, fraction = 1): { readonly id: string; readonly lots: number } | null {
    const { effective } = this.decideClose(agent, fraction, 'agent', 'slice');
    if (effective === null || effective.action === 'cancel' || this.closable(agent) === 0) return null;
    return { id: this.order(agent, effective.lots, { side: 'sell', reduce_only: true }), lots: effective.lots };
  }
  closable(agent: string): number {
    const { state } = this.ledger;
    return closableShare(state.positions.get('BTCUSDT'), liveOrders(state.orders, 'BTCUSDT'), agent, null);
  }
  waits(agent: string): boolean {
    const { state } = this.ledger;
    return waitsForOwnExits(state.positions.get('BTCUSDT'), liveOrders(state.orders, 'BTCUSDT'), agent);
  }
  share(agent: string): number {
    return this.ledger.state.position('BTCUSDT').shares.get(agent) ?? 0;
  }
}

describe('BY-36 parallel exits of one agent close no more than its share', () => {
  it('sends of the second exit what the first left: one lot less than the share, all of it', () => {
    for (const [first, left] of [
      [9, 1],
      [10, 0],
    ] as const) {
      const shared = new SharedPosition({ alice: 10, bob: 10 });
      shared.order('alice', first, { side: 'sell', reduce_only: true });
      assert.equal(shared.closable('alice'), left, `${first} lots on their way`);
      const { decision, effective } = shared.decideClose('alice');
      assert.notEqual(decision, 'BLOCK', 'an exit is not refused for another that is on its way');
      assert.equal(shared.waits('alice'), left === 0, 'where nothing is left it waits');
      assert.equal(effective?.lots, 10, `targets add: the second exit asks for the share, after ${first} as well`);
      const sent = shared.decideClose('alice', 1, 'agent', 'slice').effective;
      assert.equal(sent?.lots ?? 0, left, 'what would go out now');
      assert.equal(shared.closable('bob'), 10, 'the other agent is not concerned');
    }
  });

  it('lets nothing that rests out beside the close of all, whoever else holds a part', () => {
    for (const others of [{}, { bob: 10 }] as Readonly<Record<string, number>>[]) {
      const shared = new SharedPosition({ alice: 10, ...others });
      const part = shared.order('alice', 9, { side: 'sell', reduce_only: true });
      assert.equal(shared.waits('alice'), false, 'a lot is left');
      const rest = shared.order('alice', 1, { side: 'sell', reduce_only: true });
      assert.equal(shared.waits('alice'), true);
      shared.report(rest, { status: 'unknown' });
      // A sole holder's exits are kept in the position by reduceOnly: an answer that is lost holds nothing up.
      assert.equal(shared.waits('alice'), 'bob' in others);
      for (const id of [part, rest]) shared.report(id, { status: 'expired', executed_lots: 0 });
      assert.equal(shared.waits('alice'), false, 'neither is on its way any more');
    }
  });

  it('counts an exit while it is in flight, unknown or lost, not before and no longer', () => {
    const shared = new SharedPosition({ alice: 10, bob: 10 });
    const unsent = shared.order('alice', 4, { side: 'sell', reduce_only: true, delay_ms: 5_000 });
    assert.equal(shared.closable('alice'), 10, 'unsent: it is decided again before it goes out');
    for (const status of ['in_flight', 'unknown', 'lost', 'working'] as const) {
      shared.report(unsent, { status });
      assert.equal(shared.closable('alice'), 6, `IOC ${status}`);
    }
    shared.report(unsent, { status: 'expired', executed_lots: 1 });
    assert.equal(shared.closable('alice'), 9, 'expired after one lot');
  });

  it('does not count take-profits that rest: they make room', () => {
    const shared = new SharedPosition({ alice: 10, bob: 10 });
    const id = shared.order('alice', 10, { side: 'sell', reduce_only: true, time_in_force: 'GTC' });
    assert.equal(shared.closable('alice'), 0, 'on its way it may still fill beside another');
    shared.report(id, { status: 'working' });
    assert.equal(shared.closable('alice'), 10, 'resting');
  });

  it('refuses no exit while the whole position is the own one, and counts again when another is about to join', () => {
    const shared = new SharedPosition({ alice: 10 });
    shared.report(shared.order('alice', 10, { side: 'sell', reduce_only: true }), { status: 'unknown' });
    assert.equal(shared.close('alice')?.lots, 10, 'reduceOnly keeps it within the position');
    shared.order('bob', 5, { side: 'buy' });
    assert.equal(shared.closable('alice'), 0, 'an opening order of another agent is on its way');
  });

  it("never refuses an operator's exit, whatever is on its way", () => {
    const shared = new SharedPosition({ alice: 10, bob: 10 });
    shared.order('alice', 10, { side: 'sell', reduce_only: true });
    shared.order('bob', 10, { side: 'sell', reduce_only: true });
    assert.equal(shared.decideClose('operator', 1, 'operator').effective?.lots, 20);
  });

  it('leaves every other share whole, for every order of closes, fills and ends', () => {
    const step = fc.record({
      kind: fc.constantFrom('close', 'close', 'report'),
      agent: fc.constantFrom('alice', 'bob'),
      fraction: fc.constantFrom(0.1, 0.5, 1),
      which: fc.nat(20),
      filled: fc.nat(12),
      status: fc.constantFrom('working', 'unknown', 'lost', 'expired', 'filled'),
    });
    const holdings = fc.record({ alice: fc.integer({ min: 1, max: 30 }), bob: fc.integer({ min: 1, max: 30 }) });
    fc.assert(
      fc.property(holdings, fc.array(step, { maxLength: 40 }), (held, steps) => {
        const shared = new SharedPosition(held);
        const exits: { id: string; lots: number; filled: number; agent: 'alice' | 'bob' }[] = [];
        const closed = { alice: 0, bob: 0 };
        for (const { kind, agent, fraction, which, filled, status } of steps) {
          if (kind === 'close') {
            const mayClose = Math.abs(shared.closable(agent));
            const isRefused = shared.decideClose(agent, fraction).decision === 'BLOCK';
            assert.equal(isRefused, shared.share(agent) === 0, `${agent} holds ${shared.share(agent)}`);
            const exit = shared.close(agent, fraction);
            assert.equal(exit === null, mayClose === 0, `${agent} may close ${mayClose}`);
            if (exit !== null) exits.push({ ...exit, filled: 0, agent });
          } else {
            const exit = exits[which % Math.max(1, exits.length)];
            if (exit === undefined) continue;
            const total = status === 'filled' ? exit.lots : Math.min(exit.lots, exit.filled + filled);
            const isOver = shared.ledger.state.orders.live.get('BTCUSDT') === undefined;
            if (
              isOver ||
              ![...shared.ledger.state.orders.live.get('BTCUSDT')!].some((o) => o.clientOrderId === exit.id)
            )
              continue;
            // What the venue fills of a reduce-only order never exceeds the position.
            const position = shared.ledger.state.position('BTCUSDT').lots;
            const now = Math.min(total, exit.filled + position);
            closed[exit.agent] += now - exit.filled;
            exit.filled = now;
            shared.report(exit.id, { status, executed_lots: now });
          }
          for (const name of ['alice', 'bob'] as const) {
            // Alone on the position an agent may send more than its share: the venue then cuts it.
            assert.ok(closed[name] <= held[name], `${name} closed ${closed[name]} of ${held[name]}`);
            assert.equal(shared.share(name), held[name] - closed[name], `share of ${name}`);
          }
        }
      }),
      { seed: 36, numRuns: 300 },
    );
  });
});
