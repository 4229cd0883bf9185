import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type History, type Note, readHistory } from '../../scripts/explore/history.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { findFigureBreaches } from '../../scripts/explore/promises/figures.ts';
import { findPageBreaches } from '../../scripts/explore/promises/pages.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const HOUR_MS = 3_600_000;
const open = { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 300 } as const;
const PLAN: Plan = {
  seed: 1,
  setup: { ...PLAIN_SETUP, settleMs: 15_000 },
  steps: [
    { gap: 0, do: open },
    { gap: 2_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
    { gap: 2_000, do: { ...open, usdt: 200, limitBps: -30 } },
    { gap: 2_000, do: { kind: 'partial', symbol: 'BTCUSDT', pick: 0, fraction: 0.5 } },
    { gap: 2_000, do: { kind: 'signal', signal: 'narrative', ttlMs: 60_000 } },
    { gap: 2_000, do: { ...open, usdt: 150 } },
    { gap: 'answered', do: { kind: 'away', forMs: 25 * HOUR_MS } },
    { gap: 2_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
    { gap: 2_000, do: { ...open, usdt: 250 } },
  ],
};

type Context = Extract<Note['event'], { kind: 'decision' }>['payload']['context'];

/** The history with the last decision taken on other figures. */
function tamper(history: History, change: (context: Context) => Context): History {
  const last = history.events.findLast(({ event }) => event.kind === 'decision');
  const events = history.events.map((note): Note => {
    if (note !== last || note.event.kind !== 'decision') return note;
    const { payload } = note.event;
    return { ...note, event: { ...note.event, payload: { ...payload, context: change(payload.context) } } };
  });
  return { ...history, events };
}

describe('figures of decisions', () => {
  it('are what the records before them add up to, and one that is not is named', async () => {
    const world = new World(PLAN.seed, PLAN.setup);
    try {
      await playPlan(world, PLAN);
      const history = readHistory(world, PLAN);
      assert.deepEqual([...findFigureBreaches(history), ...findPageBreaches(history)], []);
      const changes: readonly (readonly [string, (context: Context) => Context])[] = [
        ['sends', (c) => ({ ...c, pacing: { ...c.pacing, account_sends: c.pacing.account_sends + 1 } })],
        ['turnover', (c) => ({ ...c, pacing: { ...c.pacing, turnover_usdt: c.pacing.turnover_usdt + 1 } })],
        ['fees', (c) => ({ ...c, pacing: { ...c.pacing, fees_usdt: c.pacing.fees_usdt + 1 } })],
        ['pending', (c) => ({ ...c, pacing: { ...c.pacing, pending_turnover_usdt: 1 } })],
        ['p-risk', (c) => ({ ...c, agent: { ...c.agent, p_risk: c.agent.p_risk / 2 } })],
        ['signals', (c) => ({ ...c, trust: { ...c.trust, signals: ['anomaly'] } })],
        ['state', (c) => ({ ...c, state: { ...c.state, state: 'halted' } })],
        ['drawdown', (c) => ({ ...c, account: c.account && { ...c.account, drawdown: 0.5 } })],
        ['daily-loss', (c) => ({ ...c, account: c.account && { ...c.account, daily_loss: 0.5 } })],
      ];
      for (const [name, change] of changes)
        assert.deepEqual(
          findFigureBreaches(tamper(history, change)).map(({ code }) => code),
          [`figure/${name}`],
        );
    } finally {
      world.close();
    }
  });
});
