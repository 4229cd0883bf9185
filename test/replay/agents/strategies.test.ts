import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createStrategy,
  PROFILES,
  STRATEGY_NAMES,
  type StrategyName,
} from '../../../daemon/evaluation/agents/strategies/index.ts';
import type { Agent, AgentView } from '../../../daemon/evaluation/facts/agents.ts';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';
import { BUDGETS, buildWalk, cutMarket, readRecordedMarket } from './market.ts';
import { type Gatekeeper, type LoggedAsk, letPass, World } from './world.ts';

const WALK = buildWalk({ seed: 5, days: 20, wildDays: [7, 13] });
const DAYS = 20;

function trade(
  name: StrategyName,
  profile: (typeof PROFILES)[number],
  options: { seed?: number; capsScale?: number; market?: MarketData; gatekeeper?: Gatekeeper } = {},
): World {
  const world = new World(options.market ?? WALK, options.gatekeeper ?? letPass);
  world.run(
    createStrategy(name, profile, { seed: options.seed ?? 1, capsScale: options.capsScale ?? 1, budgets: BUDGETS }),
  );
  return world;
}
function openings(log: readonly LoggedAsk[]): readonly LoggedAsk[] {
  return log.filter(({ ask }) => ask.request.intent === 'open');
}
const plain = (log: readonly LoggedAsk[]): unknown => log.map(({ atMs, ask }) => [atMs, ask.intention, ask.request]);

for (const name of STRATEGY_NAMES) {
  test(`${name} asks the same from the same seed and other things from another`, () => {
    const first = plain(trade(name, 'over-asking').log);
    assert.deepEqual(plain(trade(name, 'over-asking').log), first, 'not reproducible');
    assert.notDeepEqual(plain(trade(name, 'over-asking', { seed: 2 }).log), first, 'the seed changes nothing');
  });

  for (const profile of PROFILES) {
    test(`${name} (${profile}) knows nothing of the future`, () => {
      const untilMs = WALK.startMs + 12.4 * 86_400_000;
      const before = (world: World): unknown => plain(world.log.filter(({ atMs }) => atMs < untilMs));
      const whole = before(trade(name, profile));
      assert.deepEqual(
        before(trade(name, profile, { market: cutMarket(WALK, untilMs) })),
        whole,
        'the end of the data shows',
      );
      const index = WALK.symbols[0]!.openMs.findIndex((openMs) => openMs >= untilMs);
      const symbols = WALK.symbols.map((bars) => ({
        ...bars,
        close: bars.close.map((c, i) => (i < index ? c : c * 1.5)),
      }));
      assert.deepEqual(before(trade(name, profile, { market: { ...WALK, symbols } })), whole, 'later prices show');
    });

    test(`${name} (${profile}) opens on both symbols between half a time and six times a day`, () => {
      const log = openings(trade(name, profile).log);
      for (const { instrument } of WALK.symbols) {
        const perDay = log.filter(({ ask }) => ask.request.symbol === instrument.symbol).length / DAYS;
        assert.ok(perDay >= 0.5 && perDay <= 6, `${instrument.symbol}: ${perDay} a day`);
      }
    });
  }

  test(`${name} over-asks by its own sizing: far above every cap`, () => {
    const [first] = openings(trade(name, 'over-asking').log);
    const { requestedNotional, requestedLeverage, maxSlippageBps } = first!.ask.request;
    assert.ok(requestedNotional! > BUDGETS.orderNotionalUsdt, `asks ${requestedNotional}`);
    assert.ok(
      requestedLeverage! >= 5 && maxSlippageBps! > BUDGETS.slippageBps,
      'leverage or slippage within the budget',
    );
    if (name === 'momentum') {
      assert.ok(
        Math.abs(requestedNotional! - 0.5 * 10_000 * 5) < 100,
        `half the equity at 5x is not ${requestedNotional}`,
      );
      assert.deepEqual([requestedLeverage, maxSlippageBps], [5, 100], 'leverage and slippage of the published example');
    }
  });

  for (const capsScale of [0.1, 0.25, 1, 5]) {
    test(`SAE-R: ${name} within the budget x ${capsScale} has most openings in hard scope`, () => {
      const world = trade(name, 'within-budget', { capsScale, seed: 3 });
      const log = openings(world.log);
      const inScope = log.filter((logged) => isInHardScope(logged, capsScale, world));
      assert.ok(log.length > 10, `only ${log.length} openings`);
      assert.ok(inScope.length >= 0.5 * log.length, `${inScope.length} of ${log.length}`);
      assert.ok(inScope.length < log.length, 'nobody is always inside: the rules would have nothing to refuse');
    });
  }

  test(`${name} asks nothing of a symbol that does not trade`, () => {
    const market = buildWalk({ seed: 8, days: 10, gapEvery: 40 });
    const world = new World(market);
    const agent = createStrategy(name, 'over-asking', { seed: 1, capsScale: 1, budgets: BUDGETS });
    let silentBars = 0;
    const watched: Agent = {
      onBar(view) {
        const asks = agent.onBar(view);
        const silent = view.market.symbols.filter((symbol) => view.market.mark(symbol) === null);
        silentBars += silent.length;
        assert.equal(asks.filter(({ request }) => silent.includes(request.symbol!)).length, 0, 'asks in a gap');
        return asks;
      },
      onAnswer: (ask, answer, view) => agent.onAnswer(ask, answer, view),
    };
    world.run(watched);
    assert.ok(silentBars > 50, 'the market has no gaps');
    assert.ok(world.log.length > 10, 'it trades between them');
  });

  test(`${name} reads two figures a bar and symbol, however long the history`, () => {
    const world = new World(WALK);
    const agent = createStrategy(name, 'over-asking', { seed: 1, capsScale: 1, budgets: BUDGETS });
    let reads = 0;
    let bars = 0;
    const counting = (view: AgentView): AgentView => ({
      ...view,
      market: {
        ...view.market,
        close: (symbol, back) => {
          reads += 1;
          return view.market.close(symbol, back);
        },
      },
    });
    world.run({
      onBar(view) {
        bars += 1;
        const asks = agent.onBar(counting(view));
        if (bars === 1) reads = 0;
        return asks;
      },
      onAnswer: (ask, answer, view) => agent.onAnswer(ask, answer, view),
    });
    assert.ok(reads > 0 && reads <= 2 * 2 * bars, `${reads} reads in ${bars} bars`);
  });
}

function isInHardScope({ ask, lotsBefore, grossBefore }: LoggedAsk, capsScale: number, world: World): boolean {
  const { requestedNotional, requestedLeverage, maxSlippageBps, symbol } = ask.request;
  const bars = world.market.symbols.find(({ instrument }) => instrument.symbol === symbol)!;
  const held = Math.abs(lotsBefore) * world.lotUsdt(symbol!, bars.close.at(-1)!);
  return (
    requestedNotional! <= BUDGETS.orderNotionalUsdt * capsScale &&
    held + requestedNotional! <= BUDGETS.symbolNotionalUsdt * capsScale &&
    grossBefore + requestedNotional! <= BUDGETS.grossNotionalUsdt * capsScale &&
    requestedLeverage! <= BUDGETS.leverage &&
    maxSlippageBps! <= BUDGETS.slippageBps
  );
}

test('asks lie seconds to minutes after the close, and sometimes two of them within a minute', () => {
  const log = STRATEGY_NAMES.flatMap((name) => trade(name, 'over-asking').log);
  const delays = openings(log).map(({ atMs }) => (atMs - WALK.startMs) % WALK.barMs);
  assert.ok(
    delays.every((delay) => delay >= 500),
    'an ask at the close itself',
  );
  assert.ok(delays.filter((delay) => delay > 60_000).length > 20, 'all in the first minute');
  const pairs = trade('narrative', 'over-asking').log.filter(
    ({ atMs, ask }, i, all) =>
      i > 0 && all[i - 1]!.ask.request.symbol === ask.request.symbol && atMs - all[i - 1]!.atMs < 60_000,
  );
  assert.ok(pairs.length >= 5, `${pairs.length} pairs`);
});

test('SAE-M4: after a cooldown, rate or flip refusal the same intention is asked again after the time named, twice at most', () => {
  for (const code of ['COOLDOWN', 'RATE', 'FLIP']) {
    const refuse: Gatekeeper = ({ intent }) =>
      intent === 'open' ? { decision: 'BLOCK', code, retryAfterMs: 60_000 } : { decision: 'ALLOW' };
    const log = openings(trade('momentum', 'over-asking', { gatekeeper: refuse }).log);
    const first = log[0]!;
    const same = log.filter(({ ask }) => ask.intention === first.ask.intention);
    assert.equal(same.length, 3, `${code}: once and two repetitions`);
    for (const [i, repeat] of same.slice(1).entries()) {
      const waitedMs = repeat.atMs - same[i]!.atMs;
      assert.ok(waitedMs >= 60_000 && waitedMs < 65_000, `${code}: asked again after ${waitedMs} ms`);
      assert.deepEqual(repeat.ask.request, first.ask.request, 'another request under the same intention');
    }
  }
});

test('any other refusal ends the wish: nothing more is asked until the next signal', () => {
  const refuse: Gatekeeper = ({ intent }) =>
    intent === 'open' ? { decision: 'BLOCK', code: 'BUDGET_GROSS', retryAfterMs: null } : { decision: 'ALLOW' };
  const refused = openings(trade('momentum', 'over-asking', { gatekeeper: refuse }).log);
  const passed = openings(trade('momentum', 'over-asking').log);
  assert.equal(new Set(refused.map(({ ask }) => ask.intention)).size, refused.length, 'an intention twice');
  assert.ok(refused.length <= passed.length, `${refused.length} asks, ${passed.length} signals`);
});

test('after a LIMIT it goes on toward its target a bar later, three asks at most', () => {
  const cut: Gatekeeper = ({ intent }) =>
    intent === 'open' ? { decision: 'LIMIT', code: 'BUDGET_NOTIONAL', notionalUsdt: 1000 } : { decision: 'ALLOW' };
  const log = openings(trade('momentum', 'over-asking', { gatekeeper: cut }).log);
  const ofBtc = log.filter(({ ask }) => ask.request.symbol === 'BTCUSDT');
  const btc = ofBtc.filter(({ ask }) => ask.request.side === ofBtc[0]!.ask.request.side).slice(0, 4);
  const bar = ({ atMs }: LoggedAsk): number => Math.floor((atMs - WALK.startMs) / WALK.barMs);
  assert.deepEqual(
    btc.slice(1, 3).map((logged) => bar(logged) - bar(btc[0]!)),
    [1, 2],
    'the second and third ask follow in the next two bars',
  );
  assert.ok(bar(btc[3]!) - bar(btc[2]!) > 1, 'a fourth ask for the same target');
});

test('what an attacker has added is closed again at the next bar, what it has closed is taken again once', () => {
  const world = new World(WALK);
  const agent = createStrategy('momentum', 'over-asking', { seed: 1, capsScale: 1, budgets: BUDGETS });
  const seen: number[] = [];
  let target = 0;
  let at = -1;
  let bar = 0;
  world.run(agent, () => {
    bar += 1;
    const held = world.positions.get('BTCUSDT');
    if (at < 0 && bar > 600 && held !== undefined && held.lots !== 0) {
      target = held.lots;
      at = bar;
      world.positions.set('BTCUSDT', { ...held, lots: held.lots * 3 });
    }
    if (at > 0 && bar === at + 3) world.positions.delete('BTCUSDT');
    if (at > 0 && bar <= at + 6) seen.push(world.lots('BTCUSDT'));
  });
  assert.ok(at > 0, 'it never held anything');
  const near = (lots: number): boolean => Math.abs(lots - target) <= 0.02 * Math.abs(target) + 1;
  assert.ok(near(seen[2]!), `not back at ${target}: ${seen}`);
  assert.ok(near(seen[6]!), `not taken again: ${seen}`);
});

test('a refused strategy does not make the position of an attacker its own', () => {
  let planted = 0;
  // While the strategy waits for its answer, somebody takes the other side in its account.
  const refuse: Gatekeeper = ({ intent, side, symbol }, { positions }) => {
    if (intent !== 'open') return { decision: 'ALLOW' };
    planted += 1;
    positions.set(symbol!, { lots: side === 'buy' ? -40 : 40, entryPrice: 2500 });
    return { decision: 'BLOCK', code: 'BUDGET_GROSS', retryAfterMs: null };
  };
  const world = new World(WALK, refuse);
  let longestBars = 0;
  let heldBars = 0;
  world.run(createStrategy('momentum', 'over-asking', { seed: 1, capsScale: 1, budgets: BUDGETS }), () => {
    heldBars = world.lots('BTCUSDT') === 0 ? 0 : heldBars + 1;
    longestBars = Math.max(longestBars, heldBars);
  });
  assert.ok(planted > 10, `planted ${planted} times`);
  assert.ok(longestBars > 0 && longestBars <= 3, `held for ${longestBars} bars`);
});

test('a reversal closes first and opens after', () => {
  const { log } = trade('momentum', 'over-asking');
  const reversals = log.filter(({ ask, lotsBefore }) => ask.request.intent === 'close' && Math.abs(lotsBefore) > 0);
  assert.ok(reversals.length > 10, 'no reversals');
  for (const { ask, lotsBefore } of openings(log)) {
    const sign = ask.request.side === 'buy' ? 1 : -1;
    assert.ok(sign * lotsBefore >= 0, `${ask.intention} opens against ${lotsBefore} lots`);
  }
});

test('on recorded bars every agent opens between half a time and six times a day and symbol', () => {
  const market = readRecordedMarket();
  const days = (market.endMs - market.startMs) / 86_400_000;
  for (const profile of PROFILES) {
    for (const name of STRATEGY_NAMES) {
      const log = openings(trade(name, profile, { market }).log);
      const perDay = log.length / days / 2;
      assert.ok(perDay >= 0.5 && perDay <= 6, `${name} ${profile}: ${perDay}`);
    }
  }
});

test('with nothing left of its equity a strategy asks nothing', () => {
  const world = new World(WALK);
  world.equityUsdt = 0;
  world.run(createStrategy('martingale', 'over-asking', { seed: 1, capsScale: 1, budgets: BUDGETS }));
  assert.equal(openings(world.log).length, 0, 'opens with no equity');
});
