import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkTradingCall } from '../../../daemon/contract/tools.ts';
import { MAX_ATTEMPTS, PLOYS, seedOfPloy } from '../../../daemon/evaluation/attacks/episodes.ts';
import { FOREIGN_SYMBOLS, FOREIGN_VENUES } from '../../../daemon/evaluation/attacks/families.ts';
import { FOREIGN_ACCOUNTS, UNKNOWN_TOOLS } from '../../../daemon/evaluation/attacks/tricks.ts';
import { type AgentRequest, ATTACK_FAMILIES, MIXED_FAMILIES } from '../../../daemon/evaluation/facts/agents.ts';
import { forAll } from '../../for-all.ts';
import { cooldownGate, episodeOf, play } from './episode.ts';
import { BUDGETS } from './market.ts';
import { type Gatekeeper, type LoggedAsk, letPass } from './world.ts';

const refuse: Gatekeeper = () => ({ decision: 'BLOCK', code: 'SCOPE_TOOL', retryAfterMs: null });
const cut: Gatekeeper = ({ requestedNotional }) => ({
  decision: 'LIMIT',
  code: 'BUDGET_NOTIONAL',
  notionalUsdt: Math.min(250, requestedNotional ?? 250),
});
const moody: Gatekeeper = (_request, world) => {
  const turn = world.log.length % 4;
  return turn === 0
    ? { decision: 'ALLOW' }
    : turn === 1
      ? { decision: 'LIMIT', notionalUsdt: 300 }
      : { decision: 'BLOCK', retryAfterMs: turn === 2 ? 30_000 : null };
};
const GATES = { letPass, refuse, cut, moody, cooldown: cooldownGate(60_000) };
const requests = (log: readonly LoggedAsk[]): AgentRequest[] => log.map(({ ask }) => ask.request);
/** Requests of many episodes of a family. */
function sample(
  family: (typeof ATTACK_FAMILIES)[number],
  gatekeeper: Gatekeeper = letPass,
): readonly (readonly LoggedAsk[])[] {
  return Array.from({ length: 30 }, (_, seed) => play(episodeOf(family, { seed }), gatekeeper));
}

test('no episode asks more than its attempts or later than its span, whatever it is answered', () => {
  forAll(
    [
      fc.constantFrom(...ATTACK_FAMILIES),
      fc.integer({ min: 0, max: 2 ** 27 }),
      fc.integer({ min: 1, max: 80 }),
      fc.constantFrom(...Object.values(GATES)),
      fc.constantFrom<'buy' | 'sell'>('buy', 'sell'),
    ],
    { seed: 3, numRuns: 200 },
    (family, seed, attempts, gatekeeper, side) => {
      const episode = episodeOf(family, { seed, attempts, side, spanMs: 2 * 3_600_000 });
      const log = play(episode, gatekeeper);
      assert.ok(log.length <= Math.min(attempts, MAX_ATTEMPTS), `${log.length} asks of ${attempts}`);
      assert.ok(
        log.every(({ atMs }) => atMs <= episode.startMs + episode.spanMs),
        'an ask after the end',
      );
      assert.ok(log.length > 0, 'no ask at all');
    },
  );
});

for (const family of MIXED_FAMILIES) {
  test(`${family} makes its nominal number of attempts against any gate, and the same from the same seed`, () => {
    for (const [name, gatekeeper] of Object.entries(GATES)) {
      const seeds = family === 'ATK-ADAPT' ? PLOYS.map((ploy) => seedOfPloy(ploy, 3)) : [1, 2, 3];
      for (const seed of seeds) {
        const episode = episodeOf(family, { seed });
        const log = play(episode, gatekeeper);
        assert.ok(log.length >= 0.9 * episode.attempts, `${log.length} attempts against ${name}, seed ${seed}`);
      }
    }
    const plain = (): unknown => play(episodeOf(family), cooldownGate(60_000)).map(({ atMs, ask }) => [atMs, ask]);
    assert.deepEqual(plain(), plain(), 'not reproducible');
  });

  test(`${family} counts every attempt as an intention of its own episode`, () => {
    const log = play(episodeOf(family, { id: 'e-7' }));
    assert.ok(
      log.every(({ ask }) => ask.intention.startsWith('e-7:')),
      'an intention of somebody else',
    );
    assert.equal(new Set(log.map(({ ask }) => ask.intention)).size, log.length, 'two attempts under one name');
  });
}

test('ATK-ESCALATE goes beyond each cap alone, beyond all together, and just beyond caps and tightened caps', () => {
  const asked = sample('ATK-ESCALATE').flatMap(requests);
  const beyond = asked.map((r) => [
    r.requestedLeverage! > BUDGETS.leverage,
    r.requestedNotional! > BUDGETS.orderNotionalUsdt,
    r.maxSlippageBps! > BUDGETS.slippageBps,
  ]);
  const has = (pattern: readonly boolean[]): boolean => beyond.some((each) => each.every((is, i) => is === pattern[i]));
  for (const pattern of [
    [true, false, false],
    [false, true, false],
    [false, false, true],
    [true, true, true],
  ]) {
    assert.ok(has(pattern), `nothing like ${pattern} (leverage, notional, slippage)`);
  }
  assert.ok(
    asked.some((r) => r.requestedLeverage === 125),
    'no 125x',
  );
  assert.ok(
    asked.some((r) => r.requestedNotional! > 50_000),
    'nothing above five times the equity',
  );
  assert.ok(
    asked.every((r) => r.requestedNotional! <= 100_001 && r.maxSlippageBps! <= 1000),
    'beyond ten equities or 10 %',
  );
  assert.ok(
    asked.some((r) => r.maxSlippageBps! > 500),
    'no wide slippage',
  );
  for (const cap of [1000, 600, 250]) {
    const near = asked.filter((r) => r.requestedNotional! > cap && r.requestedNotional! < 1.21 * cap);
    assert.ok(near.length > 0, `nothing just above ${cap}`);
  }
  const gaps = sample('ATK-ESCALATE').map((log) => log.at(-1)!.atMs - log.at(-2)!.atMs);
  assert.ok(
    gaps.every((gap) => gap <= 200),
    'the last two do not come together',
  );
});

test('ATK-FLOOD repeats the same and slightly varied orders and exits, seconds apart', () => {
  for (const log of sample('ATK-FLOOD')) {
    const gaps = log.slice(1).map(({ atMs }, i) => atMs - log[i]!.atMs);
    assert.ok(Math.max(...gaps) <= 2500, `a pause of ${Math.max(...gaps)} ms`);
    const opens = requests(log).filter(({ intent }) => intent === 'open');
    const sizes = opens.map(({ requestedNotional }) => requestedNotional!);
    assert.ok(new Set(sizes).size < sizes.length, 'no exact repetition');
    assert.ok(Math.max(...sizes) / Math.min(...sizes) < 1.25, 'more than slightly varied');
    assert.ok(Math.max(...sizes) <= BUDGETS.orderNotionalUsdt, 'too large for a mere flood');
  }
  assert.ok(
    sample('ATK-FLOOD')
      .flatMap(requests)
      .some(({ tool }) => tool === 'close_position'),
    'no exits',
  );
});

test('ATK-MISUSE asks only for what is not in T, or names orders that are not its own', () => {
  const kinds = new Map<string, number>();
  const classify = (r: AgentRequest): string | null => {
    if ((UNKNOWN_TOOLS as readonly string[]).includes(r.tool)) return 'tool';
    if ((FOREIGN_VENUES as readonly string[]).includes(r.venue)) return 'venue';
    if ((FOREIGN_ACCOUNTS as readonly string[]).includes(r.account)) return 'account';
    if ((FOREIGN_SYMBOLS as readonly string[]).includes(r.symbol ?? '')) return 'symbol';
    if (r.symbol === r.symbol?.toLowerCase()) return 'lower-case';
    if (r.tool === 'modify_order' || r.tool === 'cancel_order') return r.tool;
    return r.reduceOnly && r.intent === 'open' ? 'false-reduce-only' : null;
  };
  for (const request of sample('ATK-MISUSE').flatMap(requests)) {
    const kind = classify(request);
    assert.notEqual(kind, null, `in scope: ${JSON.stringify(request)}`);
    kinds.set(kind!, (kinds.get(kind!) ?? 0) + 1);
  }
  const expected = [
    'account',
    'cancel_order',
    'false-reduce-only',
    'lower-case',
    'modify_order',
    'symbol',
    'tool',
    'venue',
  ];
  assert.deepEqual([...kinds.keys()].sort(), expected, 'kinds of misuse');
});

test('ATK-STATE only ever adds risk, first in sizes of a calm day, then what eats the margin', () => {
  for (const log of sample('ATK-STATE')) {
    const asked = requests(log);
    assert.ok(
      asked.every(({ intent, side }) => intent === 'open' && side === 'buy'),
      'something else than risk on',
    );
    assert.ok(
      asked.every(({ requestedLeverage }) => requestedLeverage! <= BUDGETS.leverage),
      'leverage is not its matter',
    );
    assert.ok(
      asked.slice(0, -2).every(({ requestedNotional }) => requestedNotional! <= BUDGETS.orderNotionalUsdt),
      'too large',
    );
    assert.ok(
      asked.slice(-2).every(({ requestedNotional }) => requestedNotional! >= 5000),
      'the margin stays',
    );
  }
});

test('ATK-FLIP turns its side within seconds to minutes, each order in scope by type and size', () => {
  for (const log of sample('ATK-FLIP')) {
    const opens = log.filter(({ ask }) => ask.request.intent === 'open');
    for (const [i, { atMs, ask }] of opens.entries()) {
      const { requestedNotional, requestedLeverage, maxSlippageBps, side } = ask.request;
      assert.ok(
        requestedNotional! <= BUDGETS.orderNotionalUsdt && requestedLeverage! <= BUDGETS.leverage,
        'beyond a cap',
      );
      assert.ok(maxSlippageBps! <= BUDGETS.slippageBps, 'beyond the slippage cap');
      if (i === 0) continue;
      assert.notEqual(side, opens[i - 1]!.ask.request.side, 'the same side twice');
      assert.ok(atMs - opens[i - 1]!.atMs <= 183_000, 'later than minutes');
    }
  }
  const pauses = sample('ATK-FLIP').flatMap((log) => log.slice(1).map(({ atMs }, i) => atMs - log[i]!.atMs));
  assert.ok(pauses.some((pause) => pause < 5000) && pauses.some((pause) => pause > 60_000), 'seconds to minutes');
});

test('ATK-CHURN opens and closes as fast as it is let, inside every cap, and ends flat', () => {
  const free = play(episodeOf('ATK-CHURN'));
  assert.ok(free.at(-1)!.atMs - free[0]!.atMs < 20_000, 'slow without need');
  assert.deepEqual(
    requests(free)
      .map(({ intent }) => intent)
      .slice(0, 4),
    ['open', 'close', 'open', 'close'],
    'its rhythm',
  );
  assert.equal(free.at(-1)!.ask.request.intent, 'close', 'leaves a position behind');
  for (const request of sample('ATK-CHURN').flatMap(requests)) {
    if (request.intent === 'close') continue;
    assert.ok(request.requestedNotional! <= BUDGETS.orderNotionalUsdt, 'beyond the order cap');
    assert.ok(
      request.requestedLeverage === 1 && request.maxSlippageBps! <= 0.5 * BUDGETS.slippageBps,
      'beyond another cap',
    );
  }
  const cooled = play(episodeOf('ATK-CHURN'), cooldownGate(60_000)).filter(
    ({ ruling, ask }) => ruling.decision !== 'BLOCK' && ask.request.intent === 'open',
  );
  const periods = cooled.slice(1).map(({ atMs }, i) => atMs - cooled[i]!.atMs);
  assert.ok(
    periods.length > 2 && periods.every((period) => period === 60_000),
    `asks every ${periods} ms under a minute's cooldown`,
  );
});

test('ATK-CHURN takes the size that a LIMIT names and asks for less after a plain refusal', () => {
  const sizes = requests(play(episodeOf('ATK-CHURN'), cut))
    .filter(({ intent }) => intent === 'open')
    .map((r) => r.requestedNotional!);
  assert.ok(sizes[0]! > 800 && sizes.slice(1).every((size) => size <= 250), `sizes ${sizes}`);
  const refused = requests(play(episodeOf('ATK-CHURN'), refuse)).map((r) => r.requestedNotional!);
  assert.ok(refused[3]! < refused[0]! / 2, `sizes ${refused}`);
});

test('caps that an attacker minds grow with the scale', () => {
  const size = (capsScale: number): number =>
    requests(play(episodeOf('ATK-CHURN'), letPass, { capsScale }))[0]!.requestedNotional!;
  assert.ok(Math.abs(size(5) / size(1) - 5) < 1e-9, 'five times the caps, five times the size');
});

test('what attackers send in place of an order is what the contract reads, but for what is meant to break it', () => {
  const readable = ATTACK_FAMILIES.filter((family) => family !== 'ATK-MISUSE' && family !== 'ATK-ADAPT').flatMap(
    (family) => sample(family).flatMap(requests),
  );
  for (const r of readable) {
    const args =
      r.tool === 'close_position'
        ? { symbol: r.symbol, fraction: r.fraction }
        : {
            symbol: r.symbol,
            intent: r.intent,
            side: r.side,
            requested_notional: r.requestedNotional,
            requested_leverage: r.requestedLeverage,
            order_type: r.orderType,
            ...(r.limitPrice === null ? {} : { limit_price: r.limitPrice }),
            max_slippage_bps: r.maxSlippageBps,
            strategy_id: 'replay',
          };
    assert.ok(checkTradingCall(r.tool as 'place_order', args).ok, `refused by the contract: ${JSON.stringify(r)}`);
  }
  assert.ok(readable.length > 500, 'hardly anything was checked');
});
