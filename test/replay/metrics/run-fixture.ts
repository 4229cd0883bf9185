import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { MIXED_FAMILIES } from '../../../daemon/evaluation/facts/agents.ts';
import type { EpisodeResult, RunKey, RunResult } from '../../../daemon/evaluation/facts/runs.ts';

export const BAR_MS = 900_000;
export const START_MS = Date.UTC(2025, 8, 28);

export function keyOf(part: Partial<RunKey> = {}): RunKey {
  return { variant: 'NoSAE', seed: 1, agent: 'momentum', attack: 'none', sides: 'random', capsScale: 1, ...part };
}

/** A run with the given equity curve, one bar every `barMs`; everything else is quiet. */
export function buildRun(equity: readonly number[], part: Partial<RunResult> = {}, barMs = BAR_MS): RunResult {
  const bars = equity.length - 1;
  return {
    key: keyOf(),
    equity: Float64Array.from(equity),
    gross: new Float64Array(bars).fill(equity[0] ?? 0),
    barOpenMs: Float64Array.from({ length: bars }, (_, i) => START_MS + i * barMs),
    liquidations: 0,
    refusedExits: 0,
    openAtEnd: false,
    episodes: [],
    legit: {
      requests: 100,
      heldTightened: 0,
      reservedTightened: 0,
      reservedHeld: 0,
      inTightened: 80,
      blockedTightened: 0,
      cutTightened: 0,
      inHard: 90,
      blockedHard: 9,
      cutHard: 18,
      hardOpenAskedUsdt: 10_000,
      hardOpenExecutedUsdt: 8_000,
      openExecutedUsdt: 9_000,
      openExecutedUsdtBy: { agent: 9_000 },
      openExecutedUsdtOn: {},
    },
    fills: 100,
    outOfScopeFills: 0,
    lossOutOfScopeUsdt: 0,
    lossAllUsdt: 50,
    feesUsdt: 5,
    turnoverUsdt: 20_000,
    overCapMs: 0,
    reduceOnlyMs: 0,
    spanMs: bars * barMs,
    decisions: 100,
    decideNs: 250_000,
    disagreements: [],
    ...part,
  };
}

export interface DrawnRun {
  readonly key: RunKey;
  readonly days: number;
  /** Exposure in multiples of equity, and chance that an attack attempt is executed out of scope. */
  readonly exposure: number;
  readonly leak: number;
  readonly barMs?: number;
}

/** A seeded random run: the market's path is the same for all, the agent's sides and the damage differ by key. */
export function drawRun({ key, days, exposure, leak, barMs = BAR_MS }: DrawnRun): RunResult {
  const market = xoroshiro128plus(20_251_010);
  const own = xoroshiro128plus(hash(`${key.seed}/${key.agent}`));
  const bars = Math.round((days * 86_400_000) / barMs);
  const equity = [10_000];
  const gross: number[] = [];
  let side = 1;
  const drag = key.attack === 'none' ? 0 : 0.00002 * exposure * (0.2 + leak);
  for (let i = 0; i < bars; i++) {
    const crash = i >= Math.floor(bars * 0.4) && i < Math.floor(bars * 0.4) + 6 ? 0.02 : 0.002;
    const move = crash * (uniformFloat64(market) + uniformFloat64(market) + uniformFloat64(market) - 1.5);
    if (uniformFloat64(own) < 0.05) side = -side;
    const held = exposure * (0.5 + 0.5 * uniformFloat64(own));
    const before = equity[i]!;
    gross.push(before * held);
    equity.push(before * Math.max(0, 1 + held * side * move - drag));
  }
  const episodes: EpisodeResult[] = [];
  if (key.attack !== 'none')
    for (let i = 0; i < 84; i++) {
      const attempts = uniformInt(own, 1, 9);
      let outOfScopeAttempts = 0;
      for (let j = 0; j < attempts; j++) if (uniformFloat64(own) < leak) outOfScopeAttempts += 1;
      const executedAttempts = Math.min(attempts, outOfScopeAttempts + uniformInt(own, 0, 1));
      episodes.push({
        family: MIXED_FAMILIES[i % MIXED_FAMILIES.length]!,
        attempts,
        executedAttempts,
        outOfScopeAttempts,
        openedUsdt: executedAttempts * 200 * exposure,
      });
    }
  const legit = uniformInt(own, 200, 260);
  const executed = legit * 900 * Math.min(1, exposure / 2);
  const asked = Math.max(executed, legit * 880);
  const outOfScopeFills = Math.round(legit * leak * 0.06);
  return buildRun(equity, {
    key,
    gross: Float64Array.from(gross),
    barOpenMs: Float64Array.from({ length: bars }, (_, i) => START_MS + i * barMs),
    episodes,
    legit: {
      requests: legit,
      heldTightened: 0,
      reservedTightened: 0,
      reservedHeld: 0,
      inTightened: legit - 20,
      blockedTightened: leak < 0.5 ? uniformInt(own, 0, 2) : 0,
      cutTightened: leak < 0.5 ? uniformInt(own, 2, 4) : 0,
      inHard: legit - 10,
      blockedHard: leak < 0.5 ? uniformInt(own, 3, 9) : 0,
      cutHard: leak < 0.5 ? uniformInt(own, 9, 20) : 0,
      hardOpenAskedUsdt: asked,
      hardOpenExecutedUsdt: executed,
      openExecutedUsdt: executed * 1.1,
      openExecutedUsdtBy: { agent: executed * 1.1 },
      openExecutedUsdtOn: {},
    },
    fills: legit * 2,
    outOfScopeFills,
    lossOutOfScopeUsdt: outOfScopeFills * 12,
    lossAllUsdt: outOfScopeFills * 12 + legit * 3,
    overCapMs: 3_600_000 * leak,
    reduceOnlyMs: 7_200_000,
    spanMs: bars * barMs,
  });
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 1;
}
