import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { findDifference } from './compare.ts';
import { playEngine } from './engine-side.ts';
import { type Played, playGate } from './gate-side.ts';
import { PLAN_ROOMS, type Planted, PURE_FOLDER, plantInEngine } from './plant.ts';
import { planWorld, type WorldPlan } from './worlds.ts';

/** One mistake or more for each part of the plan, in the replay's copy of it alone. */
const PLANTED: readonly Planted[] = [
  { file: 'readings/inputs.ts', from: "ask.phase = 'slice';", to: '', seed: 1 },
  { file: 'claims/asked-claim.ts', from: "=== 'GTC' ? 'rest' : 'now'", to: "=== 'GTC' ? 'now' : 'now'", seed: 240 },
  {
    file: 'claims/claim-ends.ts',
    from: '!isFilled(last) &&',
    to: "!isFilled(last) && last.status !== 'expired' &&",
    seed: 1,
  },
  {
    file: 'claims/claim-ends.ts',
    from: 'closedE8(claim) >= claim.askedE8) return',
    to: 'closedE8(claim) > 0) return',
    seed: 4,
  },
  { file: 'claims/claims.ts', from: "a.wants === 'now' ? -1 : 1", to: "a.wants === 'now' ? 1 : -1", seed: 1 },
  { file: 'claims/claims.ts', from: '    ownLeft -= taken - ofOthers;\n', to: '', seed: 1 },
  {
    file: 'claims/claims.ts',
    from: 'quantityE8 < want - onWay && isMakingRoom(live, side)',
    to: 'quantityE8 < 0',
    seed: 362,
  },
  {
    file: 'claims/claims.ts',
    from: 'for (const other of claims.open) if (isBefore(claim, other)) return true;',
    to: '',
    seed: 45,
  },
  {
    file: 'protect/cut-readings.ts',
    from: 'quantityE8 } });\n      return null;',
    to: 'quantityE8 } });\n      return quantityE8;',
    seed: 35,
  },
  {
    file: 'plan/covered.ts',
    from: '(agent === null || agent === order.agent) &&',
    to: 'agent === order.agent &&',
    seed: 169,
  },
  {
    file: 'plan/due-orders.ts',
    from: 'if (isBack || now.quantityE8',
    to: 'if (before !== undefined || now.quantityE8',
    seed: 4,
  },
  {
    file: 'plan/deadline.ts',
    from: 'return clock.scale > 0 ? (clock.wallMs() - this.#beganWallMs)',
    to: 'return clock.scale > 0 ? 0',
    seed: 8,
  },
  {
    file: 'claims/exit-attempts.ts',
    from: 'tries.afterRung(now, exits().step_ms);',
    to: 'tries.afterRung(now, 0);',
    seed: 1,
  },
  { file: 'claims/exit-order.ts', from: 'ask.exitRung = form.rung;', to: '', seed: 1 },
  { file: 'claims/exit-pace.ts', from: 'used.tokens < max', to: 'used.tokens <= max', seed: 45 },
  {
    file: 'claims/exit-pump.ts',
    from: 'else this.#send(claim, quantityE8, now);',
    to: 'else if (claim.rung <= 0) this.#send(claim, quantityE8, now);',
    seed: 1,
  },
  { file: 'claims/exit-pump.ts', from: '!isRoom && this.#waitsForRoom', to: 'this.#waitsForRoom', seed: 1 },
  { file: 'plan/holdings.ts', from: "(order.side === 'buy') !== position.quantityE8 > 0", to: 'false', seed: 1 },
  { file: 'claims/openings-to-end.ts', from: 'request.fraction >= 1)', to: 'request.fraction > 0)', seed: 47 },
  { file: 'openings/leverage.ts', from: 'position.quantityE8 !== 0', to: 'position.quantityE8 > 0', seed: 362 },
  { file: 'plan/order-counts.ts', from: 'max: 300', to: 'max: 6', seed: 1 },
  { file: 'plan/order-ids.ts', from: 'attempt.toString(36)', to: '(attempt + 1).toString(36)', seed: 1 },
  { file: 'plan/orders.ts', from: 'delay_ms: waitMs ?? slice.delay_ms', to: 'delay_ms: slice.delay_ms', seed: 1 },
  {
    file: 'protect/over-layers.ts',
    from: 'isOver(entry, time.atNow(nowMs))',
    to: 'entry.clearsAtMs !== null',
    seed: 4,
  },
  {
    file: 'protect/protection.ts',
    from: 'return NOTHING_DUE;\n    if (stop !== null)',
    to: 'return NOTHING_DUE;\n    if (stop !== null && stops.length > 1)',
    seed: 1,
  },
  {
    file: 'openings/authority.ts',
    from: 'nowMs + policy.spec.standing.resting_ttl_ms',
    to: 'nowMs + 2 * policy.spec.standing.resting_ttl_ms',
    seed: 1,
  },
  {
    file: 'openings/authority.ts',
    from: 'plannedAtMs + spec.staging.ttl_ms ? S',
    to: 'plannedAtMs + 2 * spec.staging.ttl_ms ? S',
    seed: 4,
  },
  { file: 'protect/breakers.ts', from: 'EQUAL_REFUSALS = 5', to: 'EQUAL_REFUSALS = 1', seed: 45 },
  { file: 'protect/breakers.ts', from: 'count < repeats', to: 'count <= repeats', seed: 4 },
  { file: 'plan/review.ts', from: 'const isLeft = isHeld && isActive', to: 'const isLeft = isActive', seed: 4 },
  {
    file: 'openings/slices.ts',
    from: 'effective?.max_slippage_bps ?? parent.request.max_slippage_bps',
    to: '1',
    seed: 1,
  },
  { file: 'plan/standing.ts', from: 'BREACH_TOLERANCE = 0.01', to: 'BREACH_TOLERANCE = 0.2', seed: 35 },
  {
    file: 'protect/stop-moves.ts',
    from: "return isMarkBeyond(side, triggerE8, inputs.mark) ? 'the",
    to: "return side === 'sell' ? 'the",
    seed: 47,
  },
  {
    file: 'protect/stop-order.ts',
    from: 'quantityE8 !== 0) return entryPrice;',
    to: 'quantityE8 !== 0) return entryPrice * 1.001;',
    seed: 1,
  },
  { file: 'protect/stop-tries.ts', from: '?.ms() ?? waitMs)', to: '?.ms() ?? 0)', seed: 1 },
  { file: 'protect/stops.ts', from: 'SMALL_TICKS = 2', to: 'SMALL_TICKS = 200', seed: 47 },
  {
    file: 'plan/tightness.ts',
    from: 'of state.layers.values())',
    to: 'of [] as never[])',
    seed: 141,
  },
  { file: 'claims/tries.ts', from: '200, 400,', to: '201, 400,', seed: 45 },
  {
    file: 'claims/openings-to-end.ts',
    from: 'if (isPlanned(order)) slices.push(order);',
    to: 'if (isPlanned(order)) continue;',
    seed: 16,
  },
];

/** Files in which nothing can part: what they are of is no plan of what goes out. */
const WITHOUT: { readonly [file: string]: string } = {
  'openings/approvals.ts': 'what people are asked, whom a replay does not have',
  'openings/arming.ts': 'what permits live trading, which a replay never is',
  'protect/countdowns.ts': 'what the venue does once no daemon runs, which in a replay always runs',
  'claims/describe-claim.ts': 'words for the callers of exits, whom a replay does not have',
  'claims/exit-hands.ts': 'types',
  'openings/heartbeats.ts': 'agents that fall silent, of which a replay has none',
  'plan/plan-clock.ts': 'a type',
  'protect/problem-layer.ts': 'what the daemon itself lacks: a lock, an arming, neither of which a replay has',
  'plan/retell.ts': 'what a record leaves out: told on reading',
};

const MAX_WORLDS = 400;

describe('a difference planted into the plan of a replay', () => {
  const played = new Map<number, { readonly plan: WorldPlan; readonly gate: Played }>();
  /** What a world says depends on its seed alone, so the one that is known to show a mistake comes first. */
  const orderOf = ({ seed: known }: Planted): readonly number[] => {
    const all = Array.from({ length: MAX_WORLDS }, (_, index) => index + 1);
    return known === undefined ? all : [known, ...all];
  };
  const world = async (seed: number): Promise<{ readonly plan: WorldPlan; readonly gate: Played }> => {
    const known = played.get(seed);
    if (known !== undefined) return known;
    const plan = planWorld(seed);
    const result = { plan, gate: await playGate(plan) };
    played.set(seed, result);
    return result;
  };

  it('has a row for each part of the plan', () => {
    const isOfPlan = (file: string): boolean => PLAN_ROOMS.some((room) => file.startsWith(`${room}/`));
    const files = PLANTED.map(({ file }) => file).filter(isOfPlan);
    const rows = [...new Set([...files, ...Object.keys(WITHOUT)])].sort();
    const parts = PLAN_ROOMS.flatMap((room) => readdirSync(join(PURE_FOLDER, room)).map((file) => `${room}/${file}`));
    assert.deepEqual(rows, parts.sort());
    for (const { file, from } of PLANTED) {
      const source = readFileSync(join(PURE_FOLDER, file), 'utf8');
      assert.equal(source.split(from).length, 2, `${file} has once: ${from}`);
    }
  });

  for (const mistake of PLANTED) {
    it(`is found in ${mistake.file}: ${mistake.to === '' ? `without ${mistake.from}` : mistake.to}`, async () => {
      const Run = await plantInEngine(mistake);
      for (const seed of orderOf(mistake)) {
        const { plan, gate } = await world(seed);
        if (findDifference(gate, playEngine(plan, Run)) !== null) return;
      }
      assert.fail(`no world of ${MAX_WORLDS} shows it`);
    });
  }
});
