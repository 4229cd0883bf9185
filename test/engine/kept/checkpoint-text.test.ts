import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, parseCanonicalJson } from '../../../daemon/core/canonical-json.ts';
import type { CompiledPolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide/decide.ts';
import { lookUpPolicies } from '../../../daemon/engine/audit/retell.ts';
import { createAuditor, rebuildContext } from '../../../daemon/engine/audit/verify.ts';
import { Pacing } from '../../../daemon/engine/callers/pacing.ts';
import { readState } from '../../../daemon/engine/kept/state-text.ts';
import { bareAsk } from '../../../daemon/engine/plan/judge-resting.ts';
import { bareRequest } from '../../../daemon/engine/plan/orders.ts';
import type { DecisionEvent } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { buildAccountContext, buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { sha256Hex } from '../../../daemon/ledger/chain/hash-chain.ts';
import type { LedgerEvent, LedgerReader } from '../../../daemon/ledger/types.ts';
import { readEpochs } from '../../../daemon/ledger/verify/epochs.ts';
import { generatePlan } from '../../../scripts/explore/generate.ts';
import type { Extra } from '../../../scripts/explore/plans/mishaps.ts';
import { Random } from '../../../scripts/explore/random.ts';
import { playPlan } from '../../../scripts/explore/run-plan.ts';
import { World } from '../../../scripts/explore/world.ts';
import { forAll } from '../../for-all.ts';
import { T0, tradeEvent } from '../fold-fixture.ts';
import { Reported } from '../reported-accounts.ts';
import { reread, textOf } from '../text-of.ts';

const auditorOf = (ledger: LedgerReader, state: GateState) =>
  createAuditor(
    {
      genesisId: ledger.genesis.genesis_id,
      epochs: readEpochs(ledger),
      readPolicy: (hash) => ledger.readPolicy(hash),
      sha256: sha256Hex,
    },
    state,
  );

class Holder {
  readonly held: Record<string, unknown> | null;
  constructor(held: Record<string, unknown> | null = null) {
    this.held = held;
  }
}
const again = (held: Record<string, unknown>): Holder => reread(textOf(new Holder(held)), new Holder());

describe('the text of views', () => {
  test('is canonical JSON, line by line, and gives back bits of numbers, order, undefined members, and one object for one object [LE-54 LE-55]', () => {
    const shared = { n: -0 };
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 0.1 + 0.2, -0, 0];
    const map = new Map<unknown, unknown>([
      [shared, 'z'],
      ['b', shared],
      ['a', undefined],
    ]);
    const own = JSON.parse('{"__proto__": 7, "10": 1, "2": 0}');
    const tags = { $map: [], $: { $shared: 0 } };
    const behind = { shared, more: [shared] };
    const held = { odd, map, set: new Set([shared, 3, 'x']), gone: undefined, nothing: null, shared, own, none: [] };
    const all = { ...held, tags, behind, two: [behind, behind] };
    const text = textOf(new Holder(all));
    for (const line of text.trimEnd().split('\n')) assert.notEqual(parseCanonicalJson(line), undefined);
    const read = reread(text, new Holder());
    assert.ok(read instanceof Holder);
    const { behind: owner, map: m, odd: o, set: s, shared: one, two } = read.held as typeof all;
    assert.deepEqual(read.held, all);
    for (const [i, value] of odd.entries()) assert.ok(Object.is(o[i], value));
    assert.deepEqual([...m.keys()], [one, 'b', 'a']);
    assert.equal([...m.keys()][0], one);
    assert.equal(m.get('b'), one);
    assert.equal([...s][0], one);
    assert.ok(owner.shared === one && two[0] === owner && two[1] === owner);
    assert.ok('gone' in read.held);
    assert.ok(Object.is(one.n, -0));
    assert.equal(textOf(read), text);
  });

  test('gives back any data, and the same text of it', () => {
    const value = fc.anything({ withMap: true, withSet: true });
    forAll([fc.dictionary(fc.string(), value, { noNullPrototype: true }), value], {}, (members, more) => {
      const held = { members, more, shared: [members, more, members, more] };
      const read = again(held);
      assert.deepEqual(read.held, held);
      assert.equal(textOf(read), textOf(new Holder(held)));
    });
  });

  test('gives back views in views, and views by name', () => {
    const pacing = new Pacing();
    pacing.account.turnover.add(5, 7);
    pacing.agent('a').sends.add(5, 3);
    pacing.agent('$map').sends.add(6, 2);
    const read = reread(textOf(pacing), new Pacing());
    assert.equal(read.account.turnover.sum(6), 7);
    assert.equal(read.readAgent('a').sends.count(6, 10).tokens, 3);
    assert.equal(read.agent('$map').sends.count(6, 10).tokens, 2);
    assert.equal(textOf(read), textOf(pacing));
  });

  test('refuses what it could not give back: a circle, a class that is no view there, a function', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const call = () => 1;
    for (const held of [
      circle,
      { dates: [new Date(0)] },
      { views: new Map([['a', new Pacing()]]) },
      { call },
      { big: 1n },
    ])
      assert.throws(() => textOf(new Holder(held)));
  });

  test('is refused where it holds another mark, or no view', () => {
    for (const line of ['{"held":{"$what":1}}', '{', ''])
      assert.throws(() => readState(['{"shared":[]}', line], new Holder()), line);
    for (const lines of [[], [''], ['{}'], ['7'], ['null']])
      assert.throws(() => readState(lines, new Holder()), lines.join());
  });
});

/** Fields that speed up a question, or that somebody else empties: no text has them. */
const DERIVED: ReadonlySet<string> = new Set([
  'ByName #make',
  'Claims #justEnded',
  'RollingSum #fold',
  'TradeBook #risk',
]);

const VIEW_ROOMS = ['kept', 'positions', 'orders', 'accounts', 'callers', 'state'] as const;

test('no class of views has a private field that holds what events made', () => {
  const engine = new URL('../../../daemon/engine/', import.meta.url);
  const files = VIEW_ROOMS.flatMap((room) => readdirSync(new URL(room, engine)).map((name) => `${room}/${name}`));
  const found: string[] = [];
  for (const file of files.filter((name) => !name.endsWith('/state-text.ts'))) {
    const source = readFileSync(new URL(file, engine), 'utf8');
    for (const [, name = '', body = ''] of source.matchAll(/^(?:export )?class (\w+)[^\n]* \{\n(.*?)^\}/gms))
      for (const [, field = ''] of body.matchAll(/^ {2}(?:readonly )?(#\w+)(?=[:;= ])/gm))
        found.push(`${name} ${field}`);
  }
  assert.deepEqual(found.sort(), [...DERIVED].sort());
});

test('no view follows from what is recorded past the gate: a decision before a restart has not seen it', () => {
  const state = new GateState();
  state.apply({ kind: 'alert', seq: 2, at_ms: 5, payload: { code: 'A', detail: '', severity: 'info' } } as never);
  const before = textOf(state);
  for (const kind of ['checkpoint', 'token']) state.apply({ kind, seq: 3, at_ms: 9, payload: {} } as never);
  assert.equal(textOf(state), before);
});

test('a position that was held at the first start reads back as it is folded, and the next checkpoint as well', () => {
  const reported = new Reported([{ lots: 5 }]);
  const live = textOf(reported.ledger.state);
  const restarted = reread(live, new GateState());
  assert.equal(textOf(restarted), live);
  restarted.apply(reported.ledger.append(tradeEvent('9', null, T0 + 50, { lots: 5, side: 'buy', symbol: 'ETHUSDT' })));
  assert.equal(textOf(restarted), textOf(reported.ledger.state));
});

const NEXT_DECISIONS = 1_000;

/** The same questions, of records that came before and of instants that come after. */
function compareNextDecisions(ledger: LedgerReader, live: GateState, restored: GateState, random: Random): number {
  const policyOf = lookUpPolicies((hash) => ledger.readPolicy(hash));
  const asked = [...ledger.iterateEvents({ kind: 'decision' })].map(({ payload }) => payload as DecisionEvent);
  let permitted = 0;
  for (let i = 0; i < NEXT_DECISIONS; i += 1) {
    const event = random.pick(asked);
    const policy = policyOf(event.decision.policy_hash, event.request.agent);
    assert.ok(policy !== null);
    const laterMs = random.pick([null, 0, 1, 900, 60_000, 3_600_000, 86_400_000]);
    const nowMs = laterMs === null ? event.context.now_ms : live.latestEventAtMs + laterMs + random.int(0, 5_000);
    const ours = rebuildContext(event, live, policy, nowMs);
    const theirs = rebuildContext(event, restored, policy, nowMs);
    assert.equal(canonicalJson(theirs), canonicalJson(ours));
    compareAccountContext(event, live, policy, nowMs);
    const decided = decide(event.request, theirs, policy);
    assert.equal(canonicalJson(decided), canonicalJson(decide(event.request, ours, policy)));
    if (decided.decision !== 'BLOCK') permitted += 1;
  }
  return permitted;
}

/** What bounds the account whoever asks has the same members as the whole view. */
function compareAccountContext({ request }: DecisionEvent, state: GateState, policy: CompiledPolicy, nowMs: number) {
  const place = { venue: request.venue, account: request.account };
  const bare = bareRequest(place, request.symbol ?? '', nowMs);
  const live = {
    mark: 60_000,
    bid: 59_999,
    ask: 60_001,
    fundingRate8h: 0,
    features: null,
    heldRegime: 'calm',
  } as const;
  const dated = { ...live, markAtMs: nowMs, quoteAtMs: nowMs, fundingAtMs: nowMs };
  const inputs = {
    nowMs,
    clockSkewMs: 0,
    account: { marginBalanceUsdt: 9_000, availableUsdt: 5_000, marginRatio: 0.2, observedAtMs: nowMs },
    symbols: new Map([...state.rules.keys()].map((symbol) => [symbol, dated])),
  };
  const { account, exposure, market, trust } = buildContext({
    state,
    inputs,
    request: bare,
    policy,
    ask: bareAsk(place),
  });
  const part = buildAccountContext({ state, inputs, request: bare, policy, ask: bareAsk(place) });
  assert.equal(canonicalJson(part), canonicalJson({ account, exposure, market, trust }));
}

/** With approvals, recoveries, clocks that jump, windows that lose their first hours, and transfers among them. */
const WORLDS: readonly (readonly [seed: number, extra: Extra | null])[] = [
  [13, null],
  [14, null],
  [16, null],
  [18, null],
  [13, 'approvals'],
  [7, 'ledgers'],
  [7, 'rarities'],
  [10, 'rarities'],
  [12, 'account'],
];
for (const [seed, extra] of WORLDS) {
  test(`a state that was written and read goes on as if it had not been, at every cut of world ${seed}, ${extra ?? 'plain'}`, async (t) => {
    const plan = generatePlan(seed, { extras: extra === null ? [] : [extra] });
    const world = new World(plan.seed, plan.setup);
    t.after(() => world.close());
    await playPlan(world, plan);
    const { ledger } = world;
    const events: LedgerEvent[] = [...ledger.iterateEvents()].filter(({ kind }) => kind !== 'genesis');
    assert.ok(events.length > 50, `${events.length} records`);
    const live = new GateState();
    let again = new GateState();
    const cuts: { readonly at: number; readonly text: string }[] = [];
    const random = new Random(seed, 'cuts');
    for (const [at, event] of events.entries()) {
      // By induction: what was read back at every cut before takes in the next record as well.
      live.apply(event as unknown as GateEvent);
      again.apply(event as unknown as GateEvent);
      const text = textOf(live);
      assert.equal(textOf(again), text, `after record ${event.seq} (${event.kind})`);
      again = reread(text, new GateState());
      if (!random.chance(5 / events.length)) continue;
      cuts.push({ at, text });
      for (const line of text.trimEnd().split('\n')) assert.ok(parseCanonicalJson(line) !== undefined);
    }
    for (const { at, text } of cuts) {
      const auditor = auditorOf(ledger, reread(text, new GateState()));
      for (const event of events.slice(at + 1)) {
        const outcome = auditor.fold(event);
        assert.ok(outcome.ok, outcome.ok ? '' : `record ${event.seq}, from ${at}: ${outcome.detail}`);
      }
      assert.equal(textOf(auditor.state), textOf(live));
    }
    assert.ok(cuts.length > 0);
    const permitted = compareNextDecisions(ledger, live, again, random);
    // A ledger that was put back ends halted, as does a clock that is wrong.
    if (extra === null) assert.ok(permitted > 0, 'some of the next decisions are permitted');
  });
}
