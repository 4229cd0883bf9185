import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { readEnv } from '../../daemon/config/config.ts';
import { findPackageFolder } from '../../daemon/config/package.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { type Mutable, order, type ToolBody, until } from '../daemon/harness.ts';
import { MARKET_FOLDER, WARMUP_BARS, WINDOW_START_MS } from '../fixtures/recorded.ts';

const SPEED = 30;
/** A bar's volatility needs this many bars before it. */
const WINDOW_OF_SIGMA = 60;

/** The shipped policy; feeds of a tape that runs 30 times as fast are as many times as old on a machine that is busy. */
function policyText(): string {
  const text = readFileSync(join(findPackageFolder(), 'policies', 'default.yaml'), 'utf8');
  const spec = parse(text) as Mutable<IntendedPolicySpec>;
  const oldestMs = SPEED * 20_000;
  Object.assign(spec.market.freshness, { mark_ms: oldestMs, quote_ms: oldestMs, account_ms: oldestMs });
  return stringify(spec);
}

describe('a daemon started with HOLDFAST_MARKET=DIR', () => {
  let home: string;
  let daemon: Daemon;
  const start = async (): Promise<void> => {
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: home,
      HOLDFAST_HEAD_FILE: join(home, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_MARKET: MARKET_FOLDER,
      HOLDFAST_SPEED: String(SPEED),
      HOLDFAST_POLICY: join(home, 'policy.yaml'),
      HOLDFAST_LOG_LEVEL: 'silent',
    });
    const log = createLogger({ level: config.logLevel, secrets: [secrets.venueKeys.secret] });
    daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal, sendDeadlineMs: 30_000 });
  };
  const untilReady = (): Promise<void> =>
    until('/readyz says ready', async () => (await fetch(`${daemon.url}/readyz`)).status === 200, 10_000);
  const place = async (): Promise<ToolBody> => {
    const token = readFileSync(join(daemon.tokensFolder, 'agent.token'), 'utf8').trim();
    const response = await fetch(`${daemon.url}/v1/tools/place_order`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(order()),
    });
    assert.equal(response.status, 200);
    return (await response.json()) as ToolBody;
  };
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-recorded-'));
    writeFileSync(join(home, 'policy.yaml'), policyText());
    await start();
  });
  after(async () => {
    await daemon?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it("becomes ready on the tape's own time, with the bars before its start as history", async () => {
    await untilReady();
    const nowMs = daemon.gate.core.nowMs();
    assert.ok(nowMs >= WINDOW_START_MS && nowMs < WINDOW_START_MS + 86_400_000, new Date(nowMs).toISOString());
  });
  it('places an order that fills at the in-process exchange', async () => {
    const body = await place();
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await until('slice 0 is filled', () => {
      const [first] = daemon.gate.core.state.orders.byDecision.get(body.decision.decision_id) ?? [];
      return first?.status === 'filled';
    });
    const held = daemon.exchange?.engine.state.markets.get('BTCUSDT')?.position.quantity ?? 0n;
    assert.ok(held > 0n, `${held} held`);
    const bars = daemon.ledger.findDecision(body.decision.decision_id)?.payload as {
      readonly context: { readonly market: { readonly history_count: number } };
    };
    assert.ok(
      bars.context.market.history_count >= WARMUP_BARS - WINDOW_OF_SIGMA - 1,
      `${bars.context.market.history_count} bars of history`,
    );
  });
  it('goes on after a restart where the tape had stopped, with its position', async () => {
    const beforeMs = performance.now();
    const stoppedAtMs = daemon.gate.core.nowMs();
    const held = daemon.exchange?.engine.state.markets.get('BTCUSDT')?.position.quantity;
    await daemon.close();
    await start();
    await untilReady();
    const nowMs = daemon.gate.core.nowMs();
    const passedMs = SPEED * (performance.now() - beforeMs + 1_000);
    assert.ok(nowMs >= stoppedAtMs && nowMs < stoppedAtMs + passedMs, `${nowMs - stoppedAtMs} ms later`);
    assert.equal(daemon.exchange?.engine.state.markets.get('BTCUSDT')?.position.quantity, held);
  });
});
