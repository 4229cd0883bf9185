import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { Random } from '../explore/random.ts';
import { findCapBreaches } from './cap-breaches.ts';
import type { Call, ToolText } from './evidence.ts';
import { drawCall, Load } from './load.ts';
import { CAPS, campaignPolicy } from './policy.ts';
import { type Expectations, type Scenario, scenario } from './scenario.ts';
import { type Answer, DaemonProcess, LaunchError, until } from './site.ts';
import type { Trial } from './trial.ts';

const HOURS_MS = 3 * 3_600_000;
/** The exchange is away for this long: minutes, scaled. */
const AWAY_MS = 20_000;
const WAITING = 10_000;
const CONNECTIONS = 250;
const SHIFT = fileURLToPath(new URL('./shift-clock.mjs', import.meta.url));

/** Something is held, so that exits have something to close. */
async function hold(trial: Trial): Promise<Answer<ToolText>> {
  const answer = await trial.daemon.call<ToolText>('POST', '/v1/tools/place_order', {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 400,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'campaign',
  });
  // Its slices are sent and known.
  await delay(1_000);
  return answer;
}
async function heldIn(trial: Trial, symbol: string): Promise<number> {
  return Number((await trial.exchange.books()).positions.find((one) => one.symbol === symbol)?.quantity ?? 0);
}
async function closes(trial: Trial, expectations: Expectations, when: string, withinMs = 30_000): Promise<void> {
  const startedMs = performance.now();
  const heldBefore = await heldIn(trial, 'BTCUSDT');
  const { body } = await trial.daemon.call<ToolText>('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
  await until('closed', async () => (await heldIn(trial, 'BTCUSDT')) === 0, withinMs).catch(() => {
    const answer = JSON.stringify([
      body.decision?.decision,
      body.decision?.effective,
      body.decision?.reasons,
      body.execution,
    ]);
    expectations.failures.push(`an exit of ${heldBefore} is not sent ${when}: ${answer}`);
  });
  expectations.facts[`exit_ms ${when}`] = Math.round(performance.now() - startedMs);
}

/** Five openings in a row that were refused for our clock close the account until an operator clears it. */
async function clearRefusals(trial: Trial, expectations: Expectations): Promise<void> {
  const { body } = await trial.daemon.operator('GET', '/v1/trading-state');
  if (!/the venue refused \d+ orders in a row with -1021/.test(JSON.stringify(body))) return;
  await trial.daemon.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'campaign' });
  expectations.facts['cleared by an operator'] = 'refused for the clock, five times in a row';
}

function exchangeClock(byMs: number): Scenario {
  const by = `${byMs / 3_600_000} hours`;
  return scenario(`the exchange's clock jumps by ${by}`, {}, async (trial, expectations) => {
    const load = await trial.load('before', 20);
    await trial.exchange.control('faults', { kind: 'clock-jump', by_ms: byMs });
    await delay(4_000);
    await load.stop();
    trial.keep(load);
    await trial.judgeNow();
    await closes(trial, expectations, 'while it is off');
    await trial.exchange.control('clear-faults', {});
    await delay(4_000);
    await trial.comeToRest();
    await clearRefusals(trial, expectations);
    let last: unknown = null;
    const opens = async (): Promise<boolean> => {
      last = (await hold(trial)).body.decision?.reasons;
      return (await heldIn(trial, 'BTCUSDT')) !== 0;
    };
    const isOpen = await until('it opens again', opens, 20_000, 500).then(
      () => true,
      () => false,
    );
    expectations.expect(isOpen, `it does not open again: ${JSON.stringify(last)}`);
    await trial.comeToRest();
  });
}

function hostClock(byMs: number): Scenario {
  const options = { nodeArgs: ['--import', SHIFT], env: { CAMPAIGN_CLOCK_JUMP_MS: String(byMs) } };
  return scenario(`the host's clock jumps by ${byMs / 3_600_000} hours`, options, async (trial, expectations) => {
    const load = await trial.load('before', 20);
    process.kill(trial.daemon.pid, 'SIGUSR2');
    await delay(3_000);
    await load.stop();
    trial.keep(load);
    expectations.expect(await isJumpReported(trial), 'no alert tells of the jump');
    await trial.daemon.untilReady();
    await trial.trade('after', 10);
    await hold(trial);
    await closes(trial, expectations, 'after it');
    process.kill(trial.daemon.pid, 'SIGUSR2');
    await trial.trade('back', 10);
    await trial.comeToRest();
  });
}
/** The clock is read every 30 s. */
async function isJumpReported(trial: Trial): Promise<boolean> {
  const look = async (): Promise<boolean> => {
    await trial.judgeNow();
    return trial.tale.alerts.some(({ code }) => code === 'CLOCK_JUMP');
  };
  return until('an alert tells of the jump', look, 70_000, 2_000).then(
    () => true,
    () => false,
  );
}

function exchangeAway(): Scenario {
  let folder = '';
  const options = () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-exchange-'));
    return { statePath: join(folder, 'exchange.db') };
  };
  return scenario('the exchange is away', options, async (trial, expectations) => {
    await trial.trade('before', 20);
    await hold(trial);
    const load = new Load(trial.daemon, trial.seed, 'away');
    load.start(4);
    await delay(50);
    // What is opened after the exit is not the exit's: nobody asks for more from here on.
    load.close();
    await trial.exchange.kill();
    await delay(AWAY_MS / 2);
    const exit = trial.daemon.call('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await delay(AWAY_MS / 2);
    await trial.exchange.start();
    await exit;
    await load.stop();
    trial.keep(load);
    // Sent, or an alert tells that it was given up: the judge holds the daemon to one of both.
    const isSent = await until(
      'the exit is sent',
      async () => (await heldIn(trial, 'BTCUSDT')) === 0,
      20_000,
      200,
    ).then(
      () => true,
      () => false,
    );
    expectations.facts.exit_sent = isSent;
    await trial.daemon.untilReady();
    await trial.trade('after', 20);
    await trial.comeToRest();
    expectations.facts.away_ms = AWAY_MS;
    rmSync(folder, { recursive: true, force: true });
  });
}

const staleFeeds = scenario('stale feeds', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  await trial.comeToRest();
  await hold(trial);
  const lasting = { ms: 40_000 };
  const lists = ['/fapi/v1/openOrders', '/fapi/v1/userTrades'];
  await trial.exchange.control('faults', {
    faults: [
      { kind: 'stale-market', ...lasting },
      { kind: 'stale-positions', ...lasting },
      ...lists.map((path) => ({ kind: 'stale-list', match: { path }, ...lasting })),
    ],
  });
  await delay(25_000);
  const answer = await trial.daemon.call<ToolText>('POST', '/v1/tools/place_order', {
    symbol: 'ETHUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 100,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'campaign',
  });
  expectations.facts.opening = answer.body.decision?.reasons.map(({ code }) => code).join(' ') ?? `${answer.status}`;
  expectations.expect(answer.body.decision?.decision === 'BLOCK', 'it opens on a market that stands still');
  await closes(trial, expectations, 'while the feeds are stale');
  await trial.judgeNow();
  await trial.exchange.control('clear-faults', {});
  await trial.daemon.untilReady();
  await trial.trade('after', 20);
  await trial.comeToRest();
});

const twoDaemons = scenario('two daemons, two homes, one account', {}, async (trial, expectations) => {
  await trial.trade('before', 20);
  const other = new DaemonProcess({ exchangeUrl: trial.exchange.url, policy: campaignPolicy() });
  try {
    let refused: string | null = null;
    try {
      await other.launch();
      await other.untilReady().catch(() => {
        refused = 'it is not ready';
      });
    } catch (error) {
      if (!(error instanceof LaunchError)) throw error;
      refused = error.message.split('\n')[0] ?? '';
    }
    expectations.facts.refusal = refused;
    expectations.expect(refused !== null, 'a second home on the same account starts');
    if (refused === null) {
      const loads = [trial.daemon, other].map((daemon, index) => new Load(daemon, trial.seed + index, `of-${index}`));
      for (const load of loads) load.start(4);
      await delay(3_000);
      for (const load of loads) await load.stop();
      expectations.facts.cap_breaches_of_both = findCapBreaches(await trial.exchange.books(), CAPS).length;
    } else {
      await trial.trade('after', 20);
      await trial.comeToRest();
    }
  } finally {
    await other.close();
  }
});

/** Calls that wait in the daemon at once: pipelined, so that they have left the client. */
const waiting = scenario(`${WAITING} waiting requests`, {}, async (trial, expectations) => {
  const { daemon, exchange, seed } = trial;
  await trial.trade('before', 20);
  await exchange.control('faults', {
    kind: 'delay',
    ms: 300,
    count: 1_000_000,
    match: { method: 'POST', path: '/fapi/v1/order' },
  });
  const random = new Random(seed, 'waiting');
  const pool = new Pool(daemon.url, { connections: CONNECTIONS, pipelining: WAITING / CONNECTIONS });
  const answers = { answered: 0, refused: 0, cut: 0 };
  const calls = Array.from({ length: WAITING }, (_, index): Call => {
    const requestId = `w-${index}`;
    const { args, tool } = drawCall(random);
    return { requestId, tool, args: { ...args, request_id: requestId }, status: null, answer: null };
  });
  const asked = calls.map(async (call) => {
    try {
      const answer = await pool.request({
        method: 'POST',
        path: `/v1/tools/${call.tool}`,
        idempotent: true,
        headers: { authorization: `Bearer ${daemon.token('agent')}`, 'content-type': 'application/json' },
        body: JSON.stringify(call.args),
      });
      const text = await answer.body.text();
      call.status = answer.statusCode;
      if (answer.statusCode === 200) call.answer = JSON.parse(text) as ToolText;
      answers[answer.statusCode === 200 ? 'answered' : 'refused'] += 1;
    } catch {
      answers.cut += 1;
    }
  });
  await delay(2_500);
  const startedMs = performance.now();
  const halt = await daemon.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'campaign' });
  expectations.facts.operator_ms = Math.round(performance.now() - startedMs);
  expectations.expect(halt.status === 200, `an operator's order is answered ${halt.status}`);
  await delay(500);
  await daemon.kill();
  await Promise.all(asked);
  await pool.destroy();
  Object.assign(expectations.facts, answers);
  trial.calls.push(...calls.filter(({ answer }) => answer !== null));
  await trial.judgeNow();
  await exchange.control('clear-faults', {});
  await daemon.start();
  await trial.askAgain(calls.filter(({ tool, status }) => tool === 'close_position' && status === null).slice(0, 20));
  await daemon.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'campaign' });
  await trial.comeToRest();
});

export const WORLD_SCENARIOS: readonly Scenario[] = [
  exchangeClock(HOURS_MS),
  exchangeClock(-HOURS_MS),
  hostClock(HOURS_MS),
  hostClock(-HOURS_MS),
  exchangeAway(),
  staleFeeds,
  twoDaemons,
  waiting,
];
