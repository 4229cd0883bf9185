import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compilePolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide/decide.ts';
import { AGENT_KEYS, POLICY_KEYS, POLICY_PATHS } from '../../../daemon/core/keys/policy-keys.ts';
import { isAtMost } from '../../../daemon/core/looser/is-at-most.ts';
import type { AgentSection, IntendedPolicySpec, Regime, SignalKind } from '../../../daemon/core/policy.ts';
import { REGIMES, SIGNAL_KINDS } from '../../../daemon/core/policy.ts';
import type { AgentKey } from '../../../daemon/core/policy-paths.ts';
import {
  judgeForms,
  judgeStanding,
  restingOpenings,
  standingAsk,
  standingRequest,
} from '../../../daemon/engine/plan/judge-resting.ts';
import { StandingReview } from '../../../daemon/engine/plan/resting-review.ts';
import type { LiveInputs, SymbolInputs } from '../../../daemon/engine/readings/inputs.ts';
import { buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { forAll } from '../../for-all.ts';
import { changed, loadSpec, valueAt } from '../../policy/documents.ts';
import { BTC_RULES, calmFeatures, decisionEvent, FoldedLedger, orderEvent, T0 } from '../fold-fixture.ts';

const PLACE = { account: 'main', venue: 'paper' };
const NOW = T0 + 60_000;
const AGENTS = ['alice', 'bob'] as const;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
/** The default policy, with something of every kind to change. */
const SPEC = changed({
  'standing.deadman_ms': 60_000,
  'exits.resting': 20,
  'exits.resume_ms': 60_000,
  'requests.refusals': { max: 10, window_ms: 60_000 },
  'requests.dry_runs': { max: 10, window_ms: 60_000 },
  'requests.intercepts': { max: 10, window_ms: 60_000 },
  approvals: {
    when: [{ notional_above_usdt: 100_000 }],
    window_ms: 60_000,
    expiry_ms: 60_000,
    quorum: 1,
    quorum_above_usdt: 9,
  },
  'trust.skills': [{ name: 'known', sha256: 'a'.repeat(64), provenance: 0.9, capability_risk: 0.2 }],
  agents: { default: {}, alice: { budgets: { fees_usdt_per_day: 7 } } },
});

const MARKS = { BTCUSDT: 60_000, ETHUSDT: 60_000 };

function inputsAt(regimes: Partial<Record<string, Regime>> = {}, nowMs = NOW): LiveInputs {
  const features = calmFeatures(nowMs);
  const symbols = new Map<string, SymbolInputs>();
  for (const symbol of SYMBOLS) {
    const mark = MARKS[symbol];
    const at = { markAtMs: nowMs, quoteAtMs: nowMs, fundingAtMs: nowMs };
    const prices = { mark, bid: mark, ask: mark, fundingRate8h: 0.0001 };
    symbols.set(symbol, { ...at, ...prices, features, heldRegime: regimes[symbol] ?? 'calm' });
  }
  const account = { marginBalanceUsdt: 10_000, availableUsdt: 9_000, marginRatio: 0.01, observedAtMs: nowMs };
  return { nowMs, clockSkewMs: 1, account, symbols };
}

/** Both agents rest an order in both symbols, whoever holds them. */
class Resting {
  readonly ledger = new FoldedLedger();
  spec: IntendedPolicySpec = SPEC;
  hash = 'first';
  inputs = inputsAt();
  looked: string[] = [];
  readonly #review: StandingReview;

  constructor() {
    const { ledger } = this;
    for (const symbol of SYMBOLS) {
      ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: { ...BTC_RULES, symbol, observedAtMs: NOW } } });
      ledger.state.position(symbol).leverage = 1;
      for (const agent of AGENTS) {
        const id = `${agent} ${symbol}`;
        const effective = { leverage: 1, max_slippage_bps: 10 };
        const orders = [{ client_order_id: id, lots: 2, price_ticks: 599_000, symbol }];
        ledger.append(decisionEvent({ id, agent, atMs: T0, request: { symbol }, effective, orders }));
        ledger.append(orderEvent(id, T0 + 1, { status: 'working' }));
      }
    }
    this.#review = new StandingReview({
      state: ledger.state,
      clock: { nowMs: () => this.inputs.nowMs, wallMs: () => 0, scale: 1 },
      place: PLACE,
      inputs: () => this.inputs,
      policyFor: (agent) => compilePolicy(this.spec, this.hash, agent),
      recordState: () => undefined,
      decide: (order, request, ask, isKept) => {
        this.looked.push(order.clientOrderId);
        const policy = compilePolicy(this.spec, this.hash, order.agent ?? '');
        const decision = decide(
          request,
          buildContext({ state: ledger.state, inputs: this.inputs, request, policy, ask }),
          policy,
        );
        // As if marks had moved: whatever is looked at is asked back.
        isKept({ ...decision, decision: 'BLOCK', effective: null, verdicts: [] });
      },
      cancel: ({ clientOrderId }) => assert.ok(this.looked.includes(clientOrderId)),
      endUnsent: () => assert.fail('nothing waits'),
    });
    this.follow();
  }

  /** What a review asks back now. */
  follow(): readonly string[] {
    this.looked = [];
    this.#review.follow();
    return this.looked.toSorted();
  }

  /** Whether each order would be left as it is, decided again by the gate's own rules. */
  verdicts(): readonly string[] {
    const { state } = this.ledger;
    return restingOpenings(state).map((order) => {
      const policy = compilePolicy(this.spec, this.hash, order.agent ?? '');
      const rules = state.rules.get(order.symbol) ?? assert.fail('rules are known');
      return judgeForms(order, (form) => {
        const request = standingRequest(PLACE, { order, form }, rules, this.inputs.nowMs);
        const ask = standingAsk(PLACE, order, form, new Set());
        return judgeStanding(
          decide(request, buildContext({ state, inputs: this.inputs, request, policy, ask }), policy),
          order,
          form,
          rules,
        );
      });
    });
  }

  signal(
    of: { readonly agent: string | null; readonly symbol: string | null },
    kind: SignalKind = 'injection',
    set_by = 'monitor',
    severity = 1,
    expires_at_ms = NOW + 600_000,
  ): void {
    const payload = { account: null, ...of, evidence_hash: null, expires_at_ms, kind, set_by, severity };
    const signal_id = `s-${this.ledger.events.length}`;
    this.ledger.append({ kind: 'signal', at_ms: this.inputs.nowMs, payload: { ...payload, signal_id } });
  }

  layer(scope: 'account' | 'agent' | 'symbol', name: string | null): void {
    const payload = { clears_at_ms: null, clears_when: '', layer: 'operator', reason: '', set_by: 'operator' } as const;
    this.ledger.append({ kind: 'state', at_ms: NOW, payload: { ...payload, name, scope, state: 'reducing' } });
  }
}

const ordersOf = (agent: string | null, symbol: string | null): readonly string[] =>
  AGENTS.flatMap((name) => SYMBOLS.map((of) => `${name} ${of}`)).filter(
    (id) => (agent === null || id.startsWith(`${agent} `)) && (symbol === null || id.endsWith(` ${symbol}`)),
  );

/** Another value of a key, legal or not: the tighter one where there is one. */
function otherThan(path: string, value: unknown): unknown {
  if (path === 'scope.symbols') return ['ETHUSDT'];
  if (path === 'agents') return { default: {}, alice: { budgets: { fees_usdt_per_day: 6 } } };
  if (path === 'trust.skills') return [];
  if (path === 'mode') return 'shadow';
  if (path === 'standing.on_breach') return 'reduce';
  if (path === 'account.concentration.share') return 0.3;
  if (path.endsWith('tiers')) return [...(value as object[]), { at: 0.9, multiplier: 0.5, provenance_below: 0.2 }];
  if (path.startsWith('market.regimes.') && typeof value === 'string') return 0.1;
  if (value === undefined) return path.endsWith('multiplier') ? 0.5 : true;
  if (typeof value === 'number') return value === 0 ? 1 : value / 2;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return value.length === 0 ? ['BTCUSDT'] : value.slice(1);
  if (typeof value === 'string') return `${value}.`;
  if ('max' in (value as object)) return { ...(value as object), max: 1 };
  return { ...(value as object), more: { type: 'object' } };
}

describe('what a tightening bears on', () => {
  it('is what a review asks back: of each key of the policy that is tighter, and no other order', () => {
    for (const path of POLICY_PATHS) {
      const values = [valueAt(SPEC, path), otherThan(path, valueAt(SPEC, path))];
      const looser = isAtMost(changed({ [path]: values[1] }, SPEC), SPEC).map((key) => key.path);
      const isReversed = looser.includes(path) && POLICY_KEYS[path].direction !== 'any_change';
      const [before, after] = isReversed ? values.toReversed() : values;
      const world = new Resting();
      world.signal({ agent: 'bob', symbol: 'ETHUSDT' }, 'injection');
      world.spec = changed({ [path]: before }, SPEC);
      world.hash = 'first of them';
      world.follow();
      world.spec = changed({ [path]: after }, SPEC);
      world.hash = 'second';
      const { scope, rests } = POLICY_KEYS[path];
      const expected = (): readonly string[] => {
        if (!rests) return [];
        if (path === 'scope.symbols') return ordersOf(null, 'BTCUSDT');
        if (path === 'agents') return ordersOf('alice', null);
        if (scope === 'signal') return path.startsWith('trust.signals.injection.') ? ordersOf('bob', 'ETHUSDT') : [];
        return ordersOf(null, null);
      };
      assert.deepEqual(world.follow(), expected(), path);
      assert.deepEqual(world.follow(), [], `${path}: once`);
      world.spec = changed({ [path]: before }, SPEC);
      world.hash = 'third';
      if (POLICY_KEYS[path].direction !== 'any_change')
        assert.deepEqual(world.follow(), [], `${path}: as loose as before`);
    }
  });

  it('is nothing where a key of an agent is looser, or a symbol is kept for nobody any more', () => {
    const world = new Resting();
    const tight: AgentSection = { budgets: { leverage: 1 }, scope: { symbols: ['BTCUSDT'] }, reserve: ['BTCUSDT'] };
    world.spec = changed({ agents: { default: {}, alice: tight } }, SPEC);
    world.hash = 'second';
    assert.deepEqual(world.follow(), [...new Set([...ordersOf('alice', null), ...ordersOf(null, 'BTCUSDT')])].sort());
    world.spec = changed({ agents: { default: {}, alice: {} } }, SPEC);
    world.hash = 'third';
    assert.deepEqual(world.follow(), []);
  });

  it('is one caller, or the symbols that are named, of each key of an agent', () => {
    const others: { readonly [key in AgentKey]-?: AgentSection[key] } = {
      scope: { symbols: ['BTCUSDT'] },
      budgets: { leverage: 1 },
      temporal: { flip_interval_ms: 1_000_000 },
      trader_state: { limit_at: 0.2 },
      exits: { scope: 'own' },
      reserve: ['BTCUSDT'],
      schedule: { utc_offset: '+00:00', blackouts: [{ from: '2024-01-01T00:00', to: '2024-01-02T00:00' }] },
      heartbeat_ms: 60_000,
      loss: { day: [{ at_usdt: 1_000, reduce_only: true }] },
    };
    for (const agent of AGENTS)
      for (const [key, value] of Object.entries(others)) {
        const world = new Resting();
        const own = { ...SPEC.agents[agent], [key]: value };
        world.spec = changed({ agents: { ...SPEC.agents, [agent]: own } }, SPEC);
        world.hash = 'second';
        const { scope, rests } = AGENT_KEYS[key as AgentKey];
        // A section of its own takes the place of the default one, which is empty here.
        const expected = !rests ? [] : scope === 'symbol' ? ordersOf(null, 'BTCUSDT') : ordersOf(agent, null);
        assert.deepEqual(world.follow(), expected, `${agent}: ${key}`);
      }
  });

  it('is what a signal, a trading state or a regime names', () => {
    const name = fc.record({
      agent: fc.option(fc.constantFrom(...AGENTS), { nil: null }),
      symbol: fc.option(fc.constantFrom(...SYMBOLS), { nil: null }),
    });
    forAll([name, fc.constantFrom(...SIGNAL_KINDS)], { seed: 1, numRuns: 40 }, (of, kind) => {
      const world = new Resting();
      world.signal(of, kind);
      assert.deepEqual(world.follow(), ordersOf(of.agent, of.symbol));
    });
    for (const [scope, named] of [
      ['account', null],
      ['agent', 'bob'],
      ['symbol', 'ETHUSDT'],
    ] as const) {
      const world = new Resting();
      world.layer(scope, named);
      assert.deepEqual(
        world.follow(),
        ordersOf(scope === 'agent' ? named : null, scope === 'symbol' ? named : null),
        scope,
      );
    }
  });

  it('is nothing when a signal is repeated, whoever reports it, until one of its kind and scope stands no more', () => {
    for (const of of [
      { agent: null, symbol: null },
      { agent: 'bob', symbol: null },
      { agent: null, symbol: 'ETHUSDT' },
    ]) {
      const world = new Resting();
      world.signal(of);
      assert.deepEqual(world.follow(), ordersOf(of.agent, of.symbol));
      for (const [setBy, severity] of [
        ['monitor', 1],
        ['other monitor', 0.1],
      ] as const) {
        world.signal(of, 'injection', setBy, severity);
        assert.deepEqual(world.follow(), [], `of ${setBy}`);
      }
      world.signal(of, 'narrative');
      assert.deepEqual(world.follow(), ordersOf(of.agent, of.symbol), 'another kind');
      world.inputs = inputsAt({}, NOW + 600_000);
      assert.deepEqual(world.follow(), [], 'they have ended');
      world.inputs = inputsAt({}, NOW + 601_000);
      world.signal(of, 'injection', 'monitor', 1, NOW + 900_000);
      assert.deepEqual(world.follow(), ordersOf(of.agent, of.symbol), 'again');
    }
  });

  it('is every other symbol where lots go that were a counterweight, and nothing where more are held', () => {
    const world = new Resting();
    const position = world.ledger.state.position('ETHUSDT');
    for (const [quantityE8, expected] of [
      [4e5, []],
      [6e5, []],
      [5e5, ordersOf(null, 'BTCUSDT')],
      [-5e5, []],
      [-1e5, ordersOf(null, 'BTCUSDT')],
      [0, ordersOf(null, 'BTCUSDT')],
      [0, []],
    ] as const) {
      Object.assign(position, { quantityE8, sinceMs: NOW, holder: 'bob' });
      assert.deepEqual(world.follow(), expected, `${quantityE8} are held`);
    }
  });

  it('is the symbol whose regime turns, and all where the gross cap follows it', () => {
    forAll(
      [fc.constantFrom(...REGIMES), fc.constantFrom(...REGIMES), fc.constantFrom(...REGIMES)],
      { seed: 1, numRuns: 60 },
      (eth, was, is) => {
        const world = new Resting();
        world.inputs = inputsAt({ ETHUSDT: eth, BTCUSDT: was });
        world.follow();
        world.inputs = inputsAt({ ETHUSDT: eth, BTCUSDT: is });
        const rank = (...of: readonly Regime[]): number => Math.max(...of.map((regime) => REGIMES.indexOf(regime)));
        const expected =
          rank(eth, is) > rank(eth, was) ? ordersOf(null, null) : rank(is) > rank(was) ? ordersOf(null, 'BTCUSDT') : [];
        assert.deepEqual(world.follow(), expected);
      },
    );
  });

  it('is one caller where hours end, and the symbol where a position is held for too long', () => {
    const world = new Resting();
    const day = new Date(NOW + 60_000).toISOString().slice(0, 16);
    world.spec = changed(
      {
        'budgets.holding_time_ms': 300_000,
        agents: { bob: { schedule: { utc_offset: '+00:00', blackouts: [{ from: day, to: '2030-01-01T00:00' }] } } },
      },
      SPEC,
    );
    world.hash = 'second';
    const position = world.ledger.state.position('ETHUSDT');
    Object.assign(position, { quantityE8: 1e5, sinceMs: NOW, holder: 'bob' });
    world.follow();
    world.inputs = inputsAt({}, NOW + 60_000);
    assert.deepEqual(world.follow(), ordersOf('bob', null));
    world.inputs = inputsAt({}, NOW + 300_000);
    assert.deepEqual(world.follow(), ordersOf(null, 'ETHUSDT'));
  });
});

describe('what bears on what is asked alone', () => {
  /** What rests fits, or does not, whatever the value. */
  it('changes nothing of an order that rests', () => {
    const strict = loadSpec('policies/strict.yaml');
    const asked = POLICY_PATHS.filter((path) => !POLICY_KEYS[path].rests);
    assert.ok(asked.length > 40);
    for (const base of [SPEC, strict])
      for (const regime of REGIMES) {
        const world = new Resting();
        world.spec = base;
        world.inputs = inputsAt({ BTCUSDT: regime });
        const before = world.verdicts();
        assert.ok(regime !== 'calm' || before.every((verdict) => verdict === 'fits'), 'they rest rightly');
        for (const path of asked) {
          world.spec = changed({ [path]: otherThan(path, valueAt(base, path)) }, base);
          assert.deepEqual(world.verdicts(), before, `${path} in ${regime}`);
        }
      }
  });

  it('and a key that bears on what rests can ask some of it back', () => {
    const world = new Resting();
    assert.deepEqual(new Set(world.verdicts()), new Set(['fits']));
    for (const [path, value] of [
      ['scope.actions', ['close', 'cancel']],
      ['budgets.order_notional_usdt', 60],
      ['budgets.symbol_notional_usdt', 60],
      ['budgets.gross_notional_usdt', 60],
      ['budgets.concurrent_positions', 1],
      ['market.regimes.calm.reduce_only', true],
      ['market.regimes.calm.notional', 0.01],
      ['account.concentration.floor_usdt', 10],
      ['trust.tiers', [{ provenance_below: 0.9, reduce_only: true }]],
      ['trader_state.limit_at', 0.01],
    ] as const) {
      world.spec = changed({ [path]: value, 'trader_state.multiplier': 0.01 }, SPEC);
      assert.ok(world.verdicts().includes('gone'), path);
    }
  });
});
