import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { canonicalJson } from '../../../daemon/core/canonical-json.ts';
import type { CompiledPolicy } from '../../../daemon/core/compiled-policy.ts';
import { decide } from '../../../daemon/core/decide.ts';
import { createAuditor, rebuildContext } from '../../../daemon/engine/audit/verify.ts';
import { GraphReader, writeGraph } from '../../../daemon/engine/kept/graph-text.ts';
import { keeps } from '../../../daemon/engine/kept/keep.ts';
import { lookUpPolicies } from '../../../daemon/engine/plan/retell.ts';
import { bareAsk, bareRequest } from '../../../daemon/engine/plan/standing.ts';
import type { DecisionEvent, GateEvent } from '../../../daemon/engine/records/events.ts';
import { buildAccountContext, buildContext } from '../../../daemon/engine/snapshot/snapshot.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { sha256Hex } from '../../../daemon/ledger/chain/hash-chain.ts';
import type { LedgerEvent, LedgerReader } from '../../../daemon/ledger/types.ts';
import { readEpochs } from '../../../daemon/ledger/verify/epochs.ts';
import { generatePlan } from '../../../scripts/explore/generate.ts';
import { Random } from '../../../scripts/explore/random.ts';
import { playPlan } from '../../../scripts/explore/run-plan.ts';
import { World } from '../../../scripts/explore/world.ts';

const textOf = (state: object): string => [...writeGraph(state)].join('\n');
function read<T extends object>(text: string): T {
  const reader = new GraphReader();
  for (const line of text.split('\n')) reader.take(line);
  return reader.root as T;
}
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
  static {
    keeps(
      Holder,
      (view) => ({ held: view.held }),
      (kept) => new Holder(kept.held),
    );
  }
  readonly held: Record<string, unknown>;
  constructor(held: Record<string, unknown>) {
    this.held = held;
  }
}

describe('the text of views', () => {
  test('gives back bits of numbers, order, undefined members, and one object for one object [LE-54 LE-55]', () => {
    const shared = { n: -0 };
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 0.1 + 0.2, -0, 0];
    const map = new Map<unknown, unknown>([
      [shared, 'z'],
      ['b', shared],
      ['a', undefined],
    ]);
    const own = JSON.parse('{"__proto__": 7, "10": 1, "2": 0}');
    const held = { odd, map, set: new Set([shared, 3, 'x']), gone: undefined, nothing: null, shared, own, none: [] };
    const again = read<Holder>(textOf(new Holder(held)));
    assert.ok(again instanceof Holder);
    const { map: m, odd: o, set: s, shared: one } = again.held as typeof held;
    assert.deepEqual(again.held, held);
    for (const [i, value] of odd.entries()) assert.ok(Object.is(o[i], value));
    assert.deepEqual([...m.keys()], [one, 'b', 'a']);
    assert.equal([...m.keys()][0], one);
    assert.equal(m.get('b'), one);
    assert.equal([...s][0], one);
    assert.ok('gone' in again.held);
    assert.ok(Object.is(one.n, -0));
    assert.equal(textOf(again), textOf(new Holder(held)));
  });

  test('gives back long columns of numbers, and arrays that look like one', () => {
    const column = Array.from({ length: 40 }, (_, i) => 1_740_960_000_000 + i / 3);
    const held = {
      column,
      counts: column.map((_, i) => i),
      odd: [...column, -0, Number.NaN, Number.NEGATIVE_INFINITY],
      oddFirst: [Number.NaN, ...column],
      texts: [...column, 'x'],
      objects: [...column, { n: 1 }],
    };
    const again = read<Holder>(textOf(new Holder(held)));
    assert.deepEqual(again.held, held);
    const { odd } = again.held as typeof held;
    for (const [i, value] of held.odd.entries()) assert.ok(Object.is(odd[i], value));
    assert.equal(textOf(again), textOf(new Holder(held)));
  });

  test('gives back what is longer than a line, line by line, and one object for one object of it', () => {
    const texts = Array.from({ length: 900 }, (_, i) => `${i} `.repeat(1 + (i % 90)));
    const objects = texts.map((text) => ({ text }));
    const held = {
      texts,
      prices: texts.map((_, i) => i / 7),
      wide: Array.from({ length: 9_000 }, (_, i) => i % 2 === 0),
      map: new Map(objects.map((object, i) => [texts[i]!, object])),
      set: new Set(objects),
      text: 'x'.repeat(200_000),
      two: [objects[0], objects[899], texts],
      whole: Array.from({ length: 9_000 }, (_, i) => 1_740_960_000_000 + 7 * i * (i % 3)),
    };
    const text = textOf(new Holder(held));
    const lengths = text.split('\n').map((line) => line.length);
    assert.deepEqual(lengths.filter((length) => length > 80_000).length, 1, 'the one text that is longer');
    const again = read<Holder>(text).held as typeof held;
    assert.deepEqual(again, held);
    assert.equal(again.two[0], again.map.get(texts[0]!));
    assert.ok(again.set.has(again.two[1] as { text: string }));
    assert.equal(again.two[2], again.texts);
    assert.equal(textOf(new Holder(again)), text);
  });

  test('refuses what it could not give back: a circle, a class that declares nothing, a function', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    for (const held of [circle, { at: new Date(0) }, { call: () => 1 }, { big: 1n }])
      assert.throws(() => textOf(new Holder(held)));
  });
});

/** Fields that speed up a question and hold nothing that events made. */
const DERIVED: Readonly<Record<string, readonly string[]>> = {
  Claims: ['justEnded'],
  EquityHistory: ['#atMidnight', '#dayAgo'],
  HashIndex: ['#clearedTo', '#end', '#slots', '#taken'],
  IntColumn: ['#end', '#from'],
  MinuteMaxima: ['#found', '#foundFromMs'],
  OrderChanges: ['#concerned'],
  RollingSum: ['#fold'],
  SettledOrders: ['#oldest', '#read'],
  SignsOfLife: ['#noneBeforeMs'],
  TextRows: ['#read'],
  TradeBook: ['#risk'],
};

const VIEW_ROOMS = ['kept', 'positions', 'orders', 'accounts', 'callers', 'state'] as const;

test('every class of views keeps every field that events change', () => {
  const engine = new URL('../../../daemon/engine/', import.meta.url);
  let fields = 0;
  const files = VIEW_ROOMS.flatMap((room) => readdirSync(new URL(room, engine)).map((name) => `${room}/${name}`));
  for (const file of files.filter((name) => !/\/graph-text/.test(name))) {
    const source = readFileSync(new URL(file, engine), 'utf8');
    for (const [, name = '', body = ''] of source.matchAll(
      /^(?:export )?class (\w+)(?: extends \w+)? \{\n(.*?)^\}/gms,
    )) {
      if (name === 'GateViews') continue;
      const kept = /^ {2}static \{\n(.*?)^ {2}\}/ms.exec(body)?.[1];
      assert.ok(kept !== undefined, `${file}: ${name} keeps nothing`);
      for (const [, field = ''] of body.matchAll(/^ {2}(?:readonly )?(#?\w+)(?:: [^(\n]+)?(?: =|;)/gm)) {
        fields += 1;
        if (kept.includes('...view') || DERIVED[name]?.includes(field) === true || field === '#mayGoOn') continue;
        assert.ok(kept.includes(`view.${field}`), `${file}: ${name} does not keep ${field}`);
        assert.ok(kept.includes(`kept.${field.replace('#', '')}`), `${file}: ${name} does not take ${field} back`);
      }
    }
  }
  assert.ok(fields > 60, `${fields} fields were found`);
});

test('no view follows from what is recorded past the gate: a decision before a restart has not seen it', () => {
  const state = new GateState();
  state.apply({ kind: 'alert', seq: 2, at_ms: 5, payload: { code: 'A', detail: '', severity: 'info' } } as never);
  const before = textOf(state);
  for (const kind of ['checkpoint', 'token']) state.apply({ kind, seq: 3, at_ms: 9, payload: {} } as never);
  assert.equal(textOf(state), before);
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
  const { account, exposure, market, trust } = buildContext(state, inputs, bare, policy, bareAsk(place));
  const part = buildAccountContext(state, inputs, bare, policy, bareAsk(place));
  assert.equal(canonicalJson(part), canonicalJson({ account, exposure, market, trust }));
}

for (const seed of [13, 16, 18]) {
  test(`a state that was written and read goes on as if it had not been, at every cut of world ${seed}`, async (t) => {
    const plan = generatePlan(seed);
    const world = new World(plan.seed, plan.setup);
    t.after(() => world.close());
    await playPlan(world, plan);
    const { ledger } = world;
    const events: LedgerEvent[] = [...ledger.iterateEvents()].filter(({ kind }) => kind !== 'genesis');
    assert.ok(events.length > 100, `${events.length} records`);
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
      again = read<GateState>(text);
      if (random.chance(5 / events.length)) cuts.push({ at, text });
    }
    for (const { at, text } of cuts) {
      const auditor = auditorOf(ledger, read<GateState>(text));
      for (const event of events.slice(at + 1)) {
        const outcome = auditor.fold(event);
        assert.ok(outcome.ok, outcome.ok ? '' : `record ${event.seq}, from ${at}: ${outcome.detail}`);
      }
      assert.equal(textOf(auditor.state), textOf(live));
    }
    assert.ok(cuts.length > 0);
    assert.ok(compareNextDecisions(ledger, live, again, random) > 0, 'some of the next decisions are permitted');
  });
}
