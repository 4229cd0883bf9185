import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { DaemonWorld, type Mutable, until } from '../daemon/harness.ts';
import { forgetAll } from '../integrations/openclaw-host.ts';
import { CASES, type Case } from './cases.ts';
import { type Door, openDoors, type Reported } from './doors.ts';
import { Stage } from './stage.ts';

interface Seen {
  readonly reported: Reported;
  /** Records of this call, without what is new in each: ids, digests of them, instants. */
  readonly records: readonly unknown[];
}

/** Made by the door or the daemon anew for every call. */
const NEW_EACH_TIME =
  /^(?:request_id|decision_id|client_order_id|parent_decision_id|venue_order_id|trade_id|body_hash|context_hash|timestamp_ms|at_ms|.*_seq|seq|.*_at_ms|.*_ms|context|token_id|key|market_seq|sent_by_ms|evidence|observed|detail|texts)$/;
/** What a call is the cause of; feeds go on beside it. */
const OF_CALLS: ReadonlySet<string> = new Set(['decision', 'rejected_input', 'request_sum']);

function withoutNews(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNews);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Equity and free margin go down by the fees of the door before.
      .filter(([key, each]) => !NEW_EACH_TIME.test(key) && !(key === 'limit' && !Number.isInteger(each)))
      .map(([key, each]) => [key, withoutNews(each)]),
  );
}

describe('one table through every door', () => {
  let world: DaemonWorld;
  let stage: Stage;
  let doors: readonly Door[] = [];
  before(async () => {
    forgetAll();
    world = await DaemonWorld.start({ real: true, policy: unhurried, sim: { balance: 1e9 } });
    stage = new Stage(world);
    doors = await openDoors(world);
  });
  after(async () => {
    for (const door of doors) await door.close();
    await world?.close();
  });

  async function ask(each: Case, door: Door): Promise<Seen> {
    await stage.clear(each.isFlat === true);
    if (each.given !== undefined || typeof each.args === 'function') stage.use();
    await each.given?.(stage);
    const args = typeof each.args === 'function' ? await each.args(stage) : each.args;
    const { ledger } = world.daemon;
    const fromSeq = ledger.lastSeq() + 1;
    const reported = await door.call(each.tool, typeof args === 'string' ? args : JSON.stringify(args));
    if (reported.code === undefined && reported.decision !== 'BLOCK') stage.use();
    const find = () => [...ledger.iterateEvents({ fromSeq })].filter(({ kind }) => OF_CALLS.has(kind));
    // Input that is refused is recorded beside its answer.
    if (reported.code?.startsWith('INVALID') === true) await until('it is recorded', () => find().length > 0);
    const records = find().map(({ kind, payload }) => ({ kind, payload: withoutNews(payload) }));
    return { reported, records };
  }

  it('has sixty cases and more', () => {
    assert.ok(CASES.length >= 60);
    assert.equal(new Set(CASES.map(({ name }) => name)).size, CASES.length);
  });
  for (const each of CASES)
    it(`${each.name}: ${each.expect}`, async () => {
      let first: Seen | null = null;
      for (const door of doors.filter(({ name }) => name !== each.notThrough)) {
        const seen = await ask(each, door);
        first ??= seen;
        check(each, first.reported);
        assert.deepEqual(asTool(seen, each.tool), asTool(first, each.tool), door.name);
      }
    });
});

/** A message of MCP that cannot be read names no tool, so its record names the door. */
function asTool({ reported, records }: Seen, tool: string): Seen {
  if (reported.code !== 'INVALID_JSON') return { reported, records };
  return { reported, records: JSON.parse(JSON.stringify(records).replace('"tool":"mcp"', `"tool":"${tool}"`)) };
}

function check({ expect }: Case, { code, decision, members, bound_by: boundBy, reasons = [] }: Reported): void {
  const [word, reason] = expect.split(' ');
  const said = code ?? decision ?? (members === undefined ? undefined : 'read');
  if (word !== 'any') assert.equal(said, word, JSON.stringify({ code, decision, boundBy, reasons }));
  if (reason !== undefined) assert.ok(boundBy === reason || reasons.includes(reason), `${boundBy} ${reasons}`);
}

/** A policy in which what one door did does not bear on the next. */
function unhurried(spec: Mutable<IntendedPolicySpec>): void {
  spec.budgets.symbol_notional_usdt = 1e8;
  spec.budgets.gross_notional_usdt = 1e8;
  spec.account.concentration.floor_usdt = 1e8;
  spec.budgets.order_rate.max = 10_000;
  spec.budgets.turnover_usdt_per_day = 1e9;
  spec.budgets.fees_usdt_per_day = 1e6;
  spec.temporal.duplicate_exempt = ['BTCUSDT'];
  spec.temporal.duplicate_window_ms = 10_000;
  spec.temporal.flip_interval_ms = 1;
  spec.temporal.breaker.repeats = 10_000;
  spec.exits.rate.max = 10_000;
  spec.trader_state.multiplier = 1;
  for (const regime of Object.values(spec.market.regimes)) regime.cooldown_ms = 0;
  const plenty = { max: 10_000, window_ms: 60_000 };
  spec.requests = { refusals: plenty, dry_runs: plenty, intercepts: plenty };
}
