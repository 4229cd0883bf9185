import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { compilePolicy } from '../../daemon/core/compiled-policy.ts';
import { CORE_VERSION, nameCore } from '../../daemon/core/core-version.ts';
import { decide } from '../../daemon/core/decide/decide.ts';
import { ORDER_IN_STEPS, ROW_FORMS, type RowForm } from '../../daemon/core/record-text/columns.ts';
import { writeContext } from '../../daemon/core/record-text/rows.ts';
import { buildBody, writeRecord } from '../../daemon/engine/audit/record-text.ts';
import { liveOrders } from '../../daemon/engine/orders/orders.ts';
import { parentAsk } from '../../daemon/engine/plan/orders.ts';
import type { LiveInputs, SymbolInputs } from '../../daemon/engine/readings/inputs.ts';
import type { PlannedOrder } from '../../daemon/engine/records/decisions.ts';
import { viewLosses } from '../../daemon/engine/snapshot/agent-losses.ts';
import { othersThan } from '../../daemon/engine/snapshot/exposure.ts';
import { viewMarket } from '../../daemon/engine/snapshot/snapshot.ts';
import { DAY, decisionEvent, orderEvent, T0 } from '../engine/fold-fixture.ts';
import { Reported } from '../engine/reported-accounts.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { readCorpus } from './corpus.ts';

/** sha256 of what each version of the core says of the corpus. */
const SAID = readFixture<{ readonly [version: string]: string }>('core-versions/said.json');

/** What follows from an opening, as it is recorded. */
const ORDER: PlannedOrder = {
  client_order_id: 'hfabcdef1-0-0',
  delay_ms: 0,
  kind: 'regular',
  leverage: 1,
  order_type: 'limit',
  price_e8: 6_000_010_000_000,
  protective: false,
  quantity_e8: 200_000,
  reduce_only: false,
  side: 'buy',
  slice: 0,
  symbol: 'BTCUSDT',
  time_in_force: 'GTC',
  trigger_e8: null,
};

/** Decisions and records of the corpus, one a line. */
function* saySomething(seen: { readonly actions: Set<string> }): Generator<string> {
  const { asks, policies } = readCorpus();
  for (const spec of policies)
    for (const [i, { request, context }] of asks.entries()) {
      const decision = decide(request, context, compilePolicy(spec, 'p', request.agent));
      seen.actions.add(`${decision.decision} ${decision.effective?.action ?? 'nothing'}`);
      const seq = i + 1;
      const body = buildBody(decision, {
        agent: request.agent,
        at_ms: context.now_ms,
        context_hash: 'c',
        decision_id: `d-abcdef-${seq.toString(36)}`,
        kind: 'tool',
        policy_hash: 'p',
        request_id: request.request_id,
        seq,
        symbol: request.symbol,
        tool: request.tool,
      });
      const event = {
        agent: request.agent,
        body_hash: null,
        context,
        decision: body,
        market_seq: 0,
        orders: decision.effective?.action === 'open' ? [ORDER] : [],
        parent_decision_id: null,
        request,
        route: request.tool,
        state_seq: 0,
        texts: {},
      };
      const unversioned = { ...body, core_version: 0 };
      // Message and hint are constants of a code: no record holds them, and each reader is told those of today.
      yield canonicalJson({
        ...decision,
        reasons: decision.reasons.map(({ hint: _, message: __, ...reported }) => reported),
      });
      yield writeRecord({ ...event, decision: unversioned }, unversioned, writeContext(context), 'derived');
    }
}

/** What an agent has lost, as its tiers read it: whole units, whatever binary fractions make of prices. */
function* sayLosses(): Generator<string> {
  const reported = new Reported();
  const fill = { agent: 'alice', side: 'buy' } as const;
  const asked = (nowMs: number, mark: number): string => {
    const live = { mark, markAtMs: nowMs } as SymbolInputs;
    const inputs: LiveInputs = { nowMs, clockSkewMs: 0, account: null, symbols: new Map([['BTCUSDT', live]]) };
    return canonicalJson(viewLosses(reported.ledger.state, inputs, 'alice'));
  };
  reported.fill({ ...fill, lots: 7, price: 60_000.1, atMs: T0 + 10, fee: 0.123456 });
  reported.fill({ ...fill, lots: 6, price: 60_123.7, atMs: T0 + 20, fee: 0.1 });
  reported.fill({ ...fill, side: 'sell', lots: 9, price: 60_050.3, atMs: T0 + 30, fee: 0.2 });
  yield asked(T0 + 3_000, 60_001.234);
  reported.read(T0 + DAY, [{ lots: 4, mark_price: 60_003.3 }]);
  yield asked(T0 + DAY + 1, 59_000.7);
}

/** Whether an order may set the leverage of a flat symbol in which one rests, by what is asked about that one. */
function* sayLeverage(): Generator<string> {
  const reported = new Reported();
  const orders = [{ client_order_id: 'o1', lots: 1, side: 'buy', reduce_only: false }] as const;
  reported.ledger.append(decisionEvent({ id: 'd1', atMs: T0 + 10, agent: 'alice', orders }));
  reported.ledger.append(orderEvent('o1', T0 + 11, { status: 'working' }));
  const { state } = reported.ledger;
  const own = state.orders.all.get('o1') ?? null;
  assert.ok(own !== null);
  const { asks, policies } = readCorpus();
  const inputs: LiveInputs = { nowMs: T0 + 20, clockSkewMs: 0, account: null, symbols: new Map() };
  const place = { account: 'main', venue: 'paper' } as const;
  for (const intent of ['open', 'modify'] as const)
    for (const named of [own, null]) {
      const [spec] = policies;
      const [first] = asks;
      assert.ok(spec !== undefined && first !== undefined);
      const view = viewMarket({
        state,
        inputs,
        request: { ...first.request, intent, symbol: 'BTCUSDT' },
        policy: compilePolicy(spec, 'p', 'alice'),
        ask: { ...parentAsk(place), own: named },
        symbol: 'BTCUSDT',
        rules: null,
        live: null,
        tMs: T0 + 20,
      });
      yield `${intent} ${named === null} ${view.leverage_locked}`;
    }
}

/** Which orders count beside the first slice of three, by what is asked about that one. */
function* sayBeside(): Generator<string> {
  const { ledger } = new Reported();
  const slices = [0, 1, 2].map((slice) => ({ client_order_id: `s${slice}`, lots: 1, delay_ms: slice * 1_000 }));
  ledger.append(decisionEvent({ id: 'd1', atMs: T0 + 10, agent: 'alice', orders: slices }));
  ledger.append(orderEvent('s0', T0 + 11, { status: 'working' }));
  const own = ledger.state.orders.all.get('s0') ?? null;
  for (const phase of ['parent', 'slice', 'standing'] as const) {
    const others = othersThan(liveOrders(ledger.state.orders, 'BTCUSDT'), { own, leaving: null, phase }, null);
    yield `${phase} ${[...others].map(({ clientOrderId }) => clientOrderId).join()}`;
  }
}

test('a core that says something else has another version [SAE-AUDIT]', () => {
  const seen = { actions: new Set<string>() };
  const hash = createHash('sha256');
  for (const line of [...saySomething(seen), ...sayLosses(), ...sayLeverage(), ...sayBeside()])
    hash.update(`${line}\n`);
  const said = hash.digest('hex');
  assert.deepEqual(
    [...seen.actions].sort(),
    [
      'ALLOW amend',
      'ALLOW cancel',
      'ALLOW exit',
      'ALLOW open',
      'BLOCK nothing',
      'LIMIT amend',
      'LIMIT exit',
      'LIMIT open',
    ],
    'the corpus draws every kind of decision',
  );
  assert.equal(
    said,
    SAID[CORE_VERSION],
    `What decide or a record says of the corpus has changed. If that is meant, raise CORE_VERSION ` +
      `(daemon/core/core-version.ts) and add "<the new version>": "${said}" to test/fixtures/core-versions/said.json.`,
  );
});

test('versions of the core go up, each says something of its own, and the newest is in a release', () => {
  const versions = Object.keys(SAID).map(Number);
  assert.equal(Math.max(...versions), CORE_VERSION);
  assert.equal(new Set(Object.values(SAID)).size, versions.length);
  assert.match(nameCore(CORE_VERSION), /^Holdfast \d+\.\d+\.\d+$/);
  assert.match(nameCore(CORE_VERSION + 1), /does not know/);
});

test('columns of rows are added at the end and never move', () => {
  const first = readFixture<{ readonly [path: string]: readonly string[] }>('core-versions/columns-1.json');
  // Since version 4 the same places of an order hold other units.
  const forms = { ...ROW_FORMS, order: ORDER_IN_STEPS };
  const now = new Map(Object.entries(forms).flatMap(([name, form]) => [...columnsOf(name, form)]));
  for (const [path, columns] of Object.entries(first))
    assert.deepEqual(now.get(path)?.slice(0, columns.length), columns, path);
  assert.equal(Object.keys(first).length, 14);
});
function* columnsOf(path: string, { columns, parts }: RowForm): Generator<readonly [string, readonly string[]]> {
  yield [path, columns];
  for (const [at, part] of parts.entries()) if (part !== null) yield* columnsOf(`${path}.${columns[at]}`, part);
}
