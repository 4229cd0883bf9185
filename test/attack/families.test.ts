import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttacker } from '../../daemon/evaluation/attacks/attacker.ts';
import { EPISODE_SPAN_MS, NOMINAL_ATTEMPTS, type Ploy, seedOfPloy } from '../../daemon/evaluation/attacks/episodes.ts';
import type { ExecutorAnswer } from '../../daemon/evaluation/conformance/under-test/executor.ts';
import { LIVE_PLOYS, playFamily, playPloy } from '../../daemon/evaluation/conformance/wire/attack-script.ts';
import { addingSide, type ScriptMaker, type ScriptView } from '../../daemon/evaluation/conformance/wire/script.ts';
import {
  type AgentAnswer,
  type AttackView,
  MIXED_FAMILIES,
  type MixedFamily,
  type PlannedAsk,
} from '../../daemon/evaluation/facts/agents.ts';
import { Draws } from '../../daemon/evaluation/intents/draws.ts';
import { argsOf } from '../../daemon/evaluation/intents/requests.ts';
import { defaultPolicy } from './book-fixture.ts';

const SPEC = defaultPolicy();
const { budgets } = SPEC;
const BUDGETS = {
  orderNotionalUsdt: budgets.order_notional_usdt,
  symbolNotionalUsdt: budgets.symbol_notional_usdt,
  grossNotionalUsdt: budgets.gross_notional_usdt,
  leverage: budgets.leverage,
  slippageBps: budgets.slippage_bps,
};
const NOW_MS = 1_750_000_000_000;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const MARKET: AttackView['market'] = {
  symbols: SYMBOLS,
  barMs: 900_000,
  instrument: () => ({ lotMantissa: 1, lotScale: 1000, minLots: 1, minNotionalUsdt: 5 }),
  mark: () => 2000,
  close: () => 2000,
};
const ACCOUNT: AttackView['account'] = { equityUsdt: 10_000, positions: new Map(), openOrders: [] };

type Verdict = 'ALLOW' | 'LIMIT' | 'BLOCK';
/** What the gate of both sides says to the n-th ask. */
type Gate = (n: number) => { readonly verdict: Verdict; readonly retryAfterMs: number | null };
const GATES: Readonly<Record<string, Gate>> = {
  allows: () => ({ verdict: 'ALLOW', retryAfterMs: null }),
  refuses: () => ({ verdict: 'BLOCK', retryAfterMs: null }),
  'tells to wait': () => ({ verdict: 'BLOCK', retryAfterMs: 30_000 }),
  cuts: (n) => ({ verdict: n % 3 === 0 ? 'LIMIT' : 'BLOCK', retryAfterMs: n % 2 === 0 ? 61_000 : null }),
};

function viewOf(seed: number): ScriptView {
  return {
    spec: SPEC,
    symbols: SYMBOLS,
    mark: () => 2000,
    position: () => 0,
    openOrderIds: () => [],
    seen: () => ({ nowMs: NOW_MS, market: MARKET, account: ACCOUNT, isKnown: () => true }),
    isStressed: () => false,
    draws: new Draws(seed, 'test'),
  };
}

/** Tool and arguments of everything that a script sends. */
function playOverWire(script: ScriptMaker, seed: number, gate: Gate): readonly object[] {
  const sent: object[] = [];
  const episode = script(viewOf(seed));
  let next = episode.next();
  while (next.done !== true) {
    const answers: ExecutorAnswer[] = [];
    for (const call of next.value.calls) {
      assert.ok(call.kind === 'tool');
      answers.push({
        status: 200,
        decisionId: 'd-1',
        reasons: [],
        ...gate(sent.length),
        effectiveNotional: 250,
        orderIds: [],
      });
      sent.push({ tool: call.tool, args: call.args });
    }
    next = episode.next(answers);
  }
  return sent;
}

/** The same of an attacker as a replay carries it: each ask at its instant, answered before the next. */
function playInReplay(family: MixedFamily, ploy: Ploy | null, seed: number, gate: Gate): readonly object[] {
  const draws = new Draws(seed, 'test');
  const draw = draws.int(0, 2 ** 27 - 1);
  const picked = family === 'ATK-ADAPT' && ploy === null ? draws.pick(LIVE_PLOYS) : ploy;
  const symbol = draws.pick(SYMBOLS);
  const side = addingSide({ ...viewOf(seed), draws }, symbol);
  const bounds = { attempts: NOMINAL_ATTEMPTS[family], spanMs: EPISODE_SPAN_MS };
  const ownSeed = picked === null ? draw : seedOfPloy(picked, draw);
  const episode = { id: 'e', family, symbol, startMs: NOW_MS, side, seed: ownSeed, ...bounds };
  const attacker = createAttacker(episode, { budgets: BUDGETS, capsScale: 1 });
  let nowMs = NOW_MS;
  let queue: { atMs: number; ask: PlannedAsk }[] = [];
  const plan = (asks: readonly PlannedAsk[]) => {
    queue = [...queue, ...asks.map((ask) => ({ atMs: nowMs + ask.delayMs, ask }))].sort((a, b) => a.atMs - b.atMs);
  };
  const sent: object[] = [];
  const view = (): AttackView => ({ nowMs, market: MARKET, account: ACCOUNT });
  plan(attacker.start(view()));
  for (let due = queue.shift(); due !== undefined; due = queue.shift()) {
    const { verdict, retryAfterMs } = gate(sent.length);
    const { request } = due.ask;
    sent.push({ tool: request.tool, args: { ...argsOf(request, 'conformance') } });
    nowMs = due.atMs;
    const reported: Omit<AgentAnswer, 'decision' | 'retryAfterMs'> = {
      decisionId: 'd-1',
      reasons: [],
      effectiveNotional: 250,
      orders: [],
    };
    plan(attacker.onAnswer(due.ask, { ...reported, decision: verdict, retryAfterMs }, view()));
  }
  return sent;
}

for (const family of MIXED_FAMILIES) {
  test(`${family}: what a replay plays goes over the wire word for word, under any answers`, () => {
    for (const [name, gate] of Object.entries(GATES)) {
      for (let seed = 1; seed <= 20; seed += 1) {
        const replayed = playInReplay(family, null, seed, gate);
        assert.ok(replayed.length > 1, `${name}, seed ${seed}: something is asked`);
        assert.deepEqual(playOverWire(playFamily(family), seed, gate), replayed, `${name}, seed ${seed}`);
      }
    }
  });
}

test('ATK-ADAPT: every ploy that a live run knows goes over the wire as in a replay', () => {
  for (const ploy of LIVE_PLOYS) {
    for (const [name, gate] of Object.entries(GATES)) {
      const replayed = playInReplay('ATK-ADAPT', ploy, 7, gate);
      assert.deepEqual(playOverWire(playPloy(ploy), 7, gate), replayed, `${ploy}, ${name}`);
    }
  }
});
