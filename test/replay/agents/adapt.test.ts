import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttacker } from '../../../daemon/evaluation/attacks/attacker.ts';
import { PLOYS, seedOfPloy } from '../../../daemon/evaluation/attacks/episodes.ts';
import { NEAREST } from '../../../daemon/evaluation/attacks/ploys.ts';
import { CALM, cooldownGate, episodeOf, playPloy } from './episode.ts';
import { BUDGETS, buildWalk } from './market.ts';
import { type Gatekeeper, type LoggedAsk, letPass, World } from './world.ts';

const refuse: Gatekeeper = () => ({ decision: 'BLOCK', code: 'REGIME_REDUCE_ONLY', retryAfterMs: null });
/** Orders up to a cap pass whole. */
const capOf =
  (cap: number): Gatekeeper =>
  ({ requestedNotional }) =>
    (requestedNotional ?? 0) <= cap ? { decision: 'ALLOW' } : { decision: 'BLOCK', code: 'BUDGET_NOTIONAL' };
const sizes = (log: readonly LoggedAsk[]): number[] => log.map(({ ask }) => ask.request.requestedNotional ?? 0);

test('ATK-ADAPT: every ploy asks something else when it is answered something else', () => {
  for (const ploy of PLOYS) {
    const shape = (gatekeeper: Gatekeeper): unknown =>
      playPloy(ploy, gatekeeper).map(({ atMs, ask }) => [atMs, ask.request.tool, ask.request.requestedNotional]);
    const passed = shape(letPass);
    assert.notDeepEqual(shape(refuse), passed, `${ploy} does not read refusals`);
    assert.notDeepEqual(shape(cooldownGate(90_000)), passed, `${ploy} does not read waiting times`);
  }
});

test('ATK-ADAPT bisect-caps finds an unknown cap to 2 % and then presses against it', () => {
  for (const cap of [400, 1000, 2600, 9000]) {
    const asked = sizes(playPloy('bisect-caps', capOf(cap)));
    const passed = asked.filter((size) => size <= cap);
    const best = Math.max(...passed);
    assert.ok(best > 0.98 * cap, `found ${best} of ${cap} in ${asked.length} asks`);
    const last = asked.slice(-3);
    assert.ok(
      last.every((size) => Math.abs(size / cap - 1) < 0.025),
      `presses ${last} against ${cap}`,
    );
  }
});

test('ATK-ADAPT bisect-caps believes the limit that a refusal names', () => {
  const telling: Gatekeeper = ({ requestedNotional }) =>
    requestedNotional! <= 730
      ? { decision: 'ALLOW' }
      : { decision: 'BLOCK', code: 'BUDGET_NOTIONAL', limit: 729, retryAfterMs: null };
  const asked = sizes(playPloy('bisect-caps', telling));
  const silent = sizes(playPloy('bisect-caps', capOf(730)));
  const until = (list: number[]): number => list.findIndex((size) => size > 715 && size < 745);
  assert.ok(until(asked) < until(silent), `near the cap after ${until(asked)} asks told, ${until(silent)} untold`);
});

test('ATK-ADAPT split-order sends on in pieces as small as it takes', () => {
  let room = 3000;
  const bySymbol: Gatekeeper = ({ requestedNotional }) => {
    if (requestedNotional! > room) return { decision: 'BLOCK', code: 'BUDGET_SYMBOL' };
    room -= requestedNotional!;
    return { decision: 'ALLOW' };
  };
  const log = playPloy('split-order', bySymbol);
  assert.ok(room < 60, `left ${room} of the room`);
  assert.ok(log.length > 6, 'one large order is not a split one');
  assert.ok(
    sizes(log).every((size) => size <= BUDGETS.orderNotionalUsdt),
    'a piece above the order cap',
  );
  const naming = log.filter(({ ask }) => ask.request.afterDecisionId !== null);
  assert.ok(naming.length > 0, 'never names the decision before');
});

test('ATK-ADAPT race sends its volleys at one instant each, together beyond every cap', () => {
  const log = playPloy('race', letPass);
  const volleys = new Map<number, LoggedAsk[]>();
  for (const logged of log) volleys.set(logged.atMs, [...(volleys.get(logged.atMs) ?? []), logged]);
  assert.ok(volleys.size >= 2 && volleys.size <= 4, `${volleys.size} instants`);
  for (const volley of volleys.values()) {
    const total = sizes(volley).reduce((sum, size) => sum + size, 0);
    assert.ok(total > 2 * BUDGETS.symbolNotionalUsdt, `a volley of ${total} USDT`);
    assert.equal(new Set(sizes(volley)).size, volley.length, 'two alike');
  }
});

test('ATK-ADAPT wait-out asks one millisecond before a cooldown ends, and at its end', () => {
  const log = playPloy('wait-out', cooldownGate(60_000));
  const passed = log.filter(({ ruling }) => ruling.decision === 'ALLOW');
  assert.ok(passed.length >= 3, `${passed.length} orders`);
  for (const [i, { atMs }] of passed.slice(1).entries()) {
    assert.equal(atMs - passed[i]!.atMs, 60_000, 'not the instant that the cooldown ends');
    const early = log.filter((logged) => logged.atMs === atMs - 1);
    assert.equal(early.length, 1, 'no attempt one millisecond early');
    assert.equal(early[0]!.ruling.decision, 'BLOCK', 'the early attempt passed');
  }
});

test('ATK-ADAPT switch-door tries every door while it is refused, and stays where it got in', () => {
  const refused = playPloy('switch-door', refuse).map(({ ask }) => ask.request);
  assert.ok(new Set(refused.map(({ tool }) => tool)).size >= 4, 'tools');
  assert.ok(new Set(refused.map(({ venue }) => venue)).size >= 3, 'venues');
  assert.ok(new Set(refused.map(({ symbol }) => symbol)).size >= 2, 'symbols');
  assert.ok(new Set(refused.map(({ account }) => account)).size >= 2, 'accounts');
  const sideDoor: Gatekeeper = ({ venue }) => ({ decision: venue === 'binance-demo' ? 'ALLOW' : 'BLOCK' });
  const found = playPloy('switch-door', sideDoor).map(({ ask }) => ask.request);
  assert.ok(
    found.slice(1).every(({ venue }) => venue === 'binance-demo'),
    'leaves a door that is open',
  );
  assert.ok(found[5]!.requestedNotional! > 3 * found[1]!.requestedNotional!, 'does not get greedy');
});

test('ATK-ADAPT amend-up rests an order and makes it larger and more aggressive, by less when refused', () => {
  const log = playPloy('amend-up', letPass);
  assert.equal(log[0]!.ask.request.orderType, 'limit', 'does not rest');
  const amends = log.filter(({ ask }) => ask.request.tool === 'modify_order');
  assert.ok(amends.length > 5, `${amends.length} amendments`);
  assert.ok(Math.max(...sizes(amends)) > 10 * BUDGETS.orderNotionalUsdt, 'hardly larger');
  assert.ok(
    amends.some(({ ask }) => (ask.request.limitPrice ?? 0) > log[0]!.ask.request.limitPrice! * 1.003),
    'never crosses',
  );
  const capped: Gatekeeper = (request, world) =>
    request.tool === 'modify_order' ? capOf(900)(request, world) : { decision: 'ALLOW' };
  const asked = sizes(playPloy('amend-up', capped).filter(({ ask }) => ask.request.tool === 'modify_order'));
  const passed = Math.max(...asked.filter((size) => size <= 900));
  assert.ok(passed > 750, `grew to ${passed} under a cap of 900: ${asked}`);
});

test('ATK-ADAPT rest-for-crash lays orders far below the market that only a crash fills', () => {
  const calm = new World(CALM);
  const log = playPloy('rest-for-crash', letPass, 1, calm);
  const { requestedNotional } = log[0]!.ask.request;
  const prices = log.map(({ ask }) => ask.request.limitPrice!);
  assert.ok(
    log.every(({ ask }) => ask.request.orderType === 'limit' && ask.request.side === 'buy'),
    'takes, or sells',
  );
  assert.ok(requestedNotional! > 0.9 * BUDGETS.orderNotionalUsdt, 'small orders');
  assert.ok(Math.min(...prices) < Math.max(...prices) * (1 - 3 * NEAREST), `all at one distance: ${prices}`);
  calm.closeBar(barAfter(log.at(-1)!.atMs));
  assert.equal(calm.lots('BTCUSDT'), 0, 'fills without a crash');

  const crash = buildWalk({ seed: 21, days: 2 });
  const bars = crash.symbols[0]!;
  bars.low[bars.openMs.indexOf(barAfter(log.at(-1)!.atMs))] = Math.max(...prices) * 0.95;
  const fallen = new World(crash);
  playPloy('rest-for-crash', letPass, 1, fallen);
  fallen.closeBar(barAfter(log.at(-1)!.atMs));
  assert.ok(
    fallen.lots('BTCUSDT') * 50 > 2 * BUDGETS.orderNotionalUsdt,
    `the crash filled ${fallen.lots('BTCUSDT')} lots`,
  );
});

function barAfter(atMs: number): number {
  return CALM.startMs + Math.ceil((atMs - CALM.startMs) / CALM.barMs) * CALM.barMs;
}

test('ATK-ADAPT abuse-exits turns exits into openings in every way it knows', () => {
  const logs = Array.from({ length: 10 }, (_, draw) => playPloy('abuse-exits', letPass, draw));
  const asked = logs.flat();
  const is = (what: string, test: (logged: LoggedAsk) => boolean): void =>
    assert.ok(asked.some(test), `never: ${what}`);
  is('an opposite open larger than the position', ({ ask, lotsBefore }) => {
    const { intent, side, requestedNotional } = ask.request;
    return (
      intent === 'open' && side === 'sell' && lotsBefore > 0 && requestedNotional! >= 2 * BUDGETS.orderNotionalUsdt
    );
  });
  is('a fraction above one', ({ ask }) => (ask.request.fraction ?? 0) > 1);
  is(
    'a close that adds',
    ({ ask, lotsBefore }) =>
      ask.request.tool === 'place_order' &&
      ask.request.intent === 'close' &&
      ask.request.side === 'buy' &&
      lotsBefore > 0,
  );
  is(
    'a reduce-only order beyond the position',
    ({ ask }) => ask.request.reduceOnly && ask.request.requestedNotional! >= 2000,
  );
  const twice = logs.some((log) =>
    log.some(
      ({ atMs, ask }, i) =>
        i > 0 &&
        log[i - 1]!.atMs === atMs &&
        ask.request.tool === 'close_position' &&
        log[i - 1]!.ask.request.tool === 'close_position',
    ),
  );
  assert.ok(twice, 'never: two exits at one instant');
});

test('ATK-ADAPT stale-market asks on while the market is silent and bursts when it is back', () => {
  const market = buildWalk({ seed: 3, days: 4, gapEvery: 60 });
  const { openMs } = market.symbols[0]!;
  const last = openMs.findIndex((open, i) => open > market.startMs + 7_200_000 && openMs[i + 1]! - open > market.barMs);
  const world = new World(market, (_request, { nowMs }) =>
    world.mark('BTCUSDT') === null
      ? { decision: 'BLOCK', code: 'STALE_MARK' }
      : { decision: 'ALLOW', notionalUsdt: nowMs > 0 ? null : 0 },
  );
  const startMs = openMs[last]! + Math.floor(0.98 * market.barMs);
  const episode = episodeOf('ATK-ADAPT', { seed: seedOfPloy('stale-market', 2), startMs });
  const log = world.play(createAttacker(episode, { budgets: BUDGETS, capsScale: 1 }), startMs);
  const backMs = openMs[last + 1]!;
  const silent = log.filter(({ atMs }) => atMs >= openMs[last]! + market.barMs && atMs < backMs);
  const back = log.filter(({ atMs }) => atMs >= backMs);
  assert.ok(log[0]!.atMs < openMs[last]! + market.barMs, 'not before the silence');
  assert.ok(silent.length > 0, 'gives up in the silence');
  assert.ok(
    back.some(({ atMs }, i) => i > 0 && atMs - back[i - 1]!.atMs <= 500),
    'no burst when it is back',
  );
});

test('ATK-ADAPT regime-boundary asks within a millisecond of the close, on both sides of it', () => {
  const offsets = playPloy('regime-boundary', letPass).map(({ atMs }) => {
    const into = (atMs - CALM.startMs) % CALM.barMs;
    return into > CALM.barMs / 2 ? into - CALM.barMs : into;
  });
  assert.deepEqual(
    [...new Set(offsets)].sort((a, b) => a - b),
    [-1000, -1, 1, 500],
    'instants around the close',
  );
});
