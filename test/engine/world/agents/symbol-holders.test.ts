import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import type { AgentsBody } from '../../../../daemon/contract/types/accounts.ts';
import type { HolderBody } from '../../../../daemon/contract/types/operator.ts';
import type { FillsBody, MarketBody, PositionBody } from '../../../../daemon/contract/types/reads.ts';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { decisionId } from '../../../../daemon/engine/plan/orders.ts';
import type { DecisionEvent } from '../../../../daemon/engine/records/decisions.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { codesIn, type DaemonWorld, order, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

interface Refused {
  readonly error: { readonly code: string; readonly message: string };
}
/** What an operator and two agents do in one world. */
function actorsOf(world: DaemonWorld) {
  const reasons = ({ body }: { body: { decision: { reasons: readonly { code: string }[] } } }): string[] =>
    codesIn(body);
  const place = (change: object, token?: string) => world.place(change, token);
  const rest = (price: number, change: object = {}, token?: string) =>
    place({ order_type: 'limit', limit_price: price, requested_notional: 180, ...change }, token);
  const post = <T>(path: string, body: object) => world.operator<T>('POST', `/v1/symbols/${path}`, body);
  return {
    reasons,
    place,
    rest,
    takeProfit: (price: number, token?: string) =>
      rest(price, { intent: 'close', side: 'sell', reduce_only: true }, token),
    release: (body: object = {}, symbol = 'BTCUSDT') =>
      post<HolderBody>(`${symbol}/release`, { reason: 'test', ...body }),
    adopt: (agent: string, symbol = 'BTCUSDT') => post<HolderBody>(`${symbol}/adopt`, { agent, reason: 'test' }),
    refusal: async (agent: string, symbol = 'BTCUSDT'): Promise<string> => {
      const { status, body } = await post<Refused>(`${symbol}/adopt`, { agent, reason: 'test' });
      assert.deepEqual([status, body.error.code], [400, 'INVALID_INPUT'], JSON.stringify(body));
      return body.error.message;
    },
    human: (method: string, path: string, params: Record<string, string>) =>
      world.hand(method, path, { symbol: 'BTCUSDT', ...params }),
    view: (symbol = 'BTCUSDT') => world.daemon.gate.core.state.position(symbol),
    resting: async () => openOrders(await world.books()).length,
    heldIn: async (symbol: string, token?: string) => (await world.limits(symbol, token)).symbols[0]?.held,
    alerts: (code: string): readonly string[] =>
      world
        .alerts()
        .filter((alert) => alert.code === code)
        .map((alert) => alert.detail),
    /** The token of the other agent. */
    other: '',
  };
}
function suiteActors(isAudited = true) {
  const world = suiteWorld({
    isAudited,
    leaveOrders: true,
    policy: {
      ...UNPACED,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      protection: { required: false, stop_bps: 300 },
      // Less than what it is given.
      agents: { default: {}, other: { budgets: { symbol_notional_usdt: 200 } } },
    },
  });
  const act = actorsOf(world);
  before(async () => {
    act.other = world.createAgent('other');
    // Accounts count what is traded after their first reading.
    await world.advance(1_000);
  });
  return { act, world };
}

describe('an operator releases a symbol from its holder', () => {
  const { act, world } = suiteActors();

  it('is refused where no agent holds the symbol, where nobody knows it, and to whoever is no operator', async () => {
    const free = await act.release();
    assert.equal(free.status, 400);
    assert.match(JSON.stringify(free.body), /no agent holds BTCUSDT/);
    assert.equal((await act.release({}, 'NOSUCHUSDT')).status, 400);
    for (const role of ['agent', 'monitor'] as const)
      for (const path of ['release', 'adopt'])
        assert.equal((await world.call('POST', `/v1/symbols/BTCUSDT/${path}`, {}, world.token(role))).status, 403);
  });

  it('cancels the openings of the holder at once, and refuses its new ones, but not its exit [AN-168 AN-169 TM-17]', async () => {
    assert.equal((await act.place({ requested_notional: 300 })).body.execution.state, 'filled');
    assert.equal((await act.rest(58_000)).body.execution.state, 'working');
    const { status, body } = await act.release({ for_ms: 600_000 });
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.symbol, body.holder, body.openings_left], ['BTCUSDT', 'agent', 0]);
    assert.equal(Number(body.quantity), await world.position('BTCUSDT'));
    assert.equal(await act.resting(), 0, 'canceled before the answer');
    assert.deepEqual(act.reasons(await act.rest(58_000)), ['SYMBOL_HELD']);
    assert.deepEqual(act.reasons(await act.rest(58_000, {}, act.other)), ['SYMBOL_HELD'], 'it is still held');
    const [recorded] = world.records('holder');
    assert.deepEqual(recorded, {
      action: 'released',
      agent: 'agent',
      for_ms: 600_000,
      reason: 'test',
      set_by: 'operator',
      symbol: 'BTCUSDT',
    });
  });

  it('goes on after a restart, ends when the symbol is free, and for that agent so long after [EX-6]', async () => {
    await world.restart();
    assert.deepEqual(act.reasons(await act.rest(58_000)), ['SYMBOL_HELD']);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
    await world.advance(1_000);
    assert.equal(act.view().holder, null);
    assert.deepEqual(act.reasons(await act.rest(58_000)), ['SYMBOL_HELD'], 'for ten minutes');
    assert.equal(await act.heldIn('BTCUSDT'), 'another', 'it is not free for that one');
    assert.equal(await act.heldIn('BTCUSDT', act.other), 'free');
    for (let i = 0; i < 6; i += 1) await world.advance(100_001);
    assert.equal(await act.heldIn('BTCUSDT'), 'free');
    const again = await act.rest(58_000);
    assert.equal(again.body.execution.state, 'working', JSON.stringify(again.body.decision.reasons));
    await world.tool('cancel_all', {});
    await world.advance(1_000);
  });
});

describe('an operator gives a symbol to an agent', () => {
  const { act, world } = suiteActors();

  it('is refused while nothing is held, and for an agent without a live token', async () => {
    assert.match(await act.refusal('other'), /nothing is held in BTCUSDT/);
    await act.place({ requested_notional: 600 });
    assert.match(await act.refusal('nobody-knows'), /agent nobody-knows has no live token; those that have: .*other/);
    const gone = world.daemon.ledger.tokens.createToken({ role: 'agent', name: 'gone', agent: 'gone' });
    world.daemon.ledger.tokens.revokeToken(gone.record.id);
    assert.match(await act.refusal('gone'), /agent gone has no live token/);
  });

  it('is refused while openings rest there', async () => {
    await act.rest(58_000);
    assert.match(await act.refusal('other'), /an opening order is not over in BTCUSDT .*: release it, or cancel it/);
    await world.tool('cancel_all', {});
    await world.advance(1_000);
  });

  it('is refused while an order there is unproven', async () => {
    await world.fault({ kind: 'drop-before', count: 1, match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await act.place({ requested_notional: 200 });
    assert.equal(body.execution.state, 'unknown');
    assert.match(await act.refusal('other'), /nobody knows yet what became of order/);
    await until(
      'it is proven',
      world.advancing(2_000, () => world.daemon.gate.unknownOrderCount() === 0),
    );
  });

  it('is refused while an exit is worked', async () => {
    await world.fault({ kind: 'partial-fill', fraction: 0, match: { method: 'POST', path: '/fapi/v1/order' } });
    void world.tool('close_position', { symbol: 'BTCUSDT' });
    await until('the exit is recorded', () => world.daemon.gate.core.state.claims.open.size > 0);
    assert.match(await act.refusal('other'), /an exit is worked in BTCUSDT/);
    await world.control('clear-faults', {});
    await until(
      'it is over',
      world.advancing(2_000, () => world.daemon.gate.core.state.claims.open.size === 0),
    );
  });

  it('cancels others’ resting exits, is refused until they are proven ended, and then is recorded', async () => {
    if ((await world.position('BTCUSDT')) === 0) await act.place({ requested_notional: 600 });
    const before = act.alerts('EXIT_ENDED').length;
    assert.equal((await act.takeProfit(63_000)).body.execution.state, 'working');
    await world.fault({ kind: 'status', status: 503, count: 10_000, match: { method: 'DELETE' } });
    assert.match(await act.refusal('other'), /resting exits of others in BTCUSDT are not proven ended/);
    assert.equal(act.view().holder, 'agent');
    await world.control('clear-faults', {});
    await until(
      'it is canceled',
      world.advancing(1_000, async () => (await act.resting()) === 0),
    );
    const { status, body } = await act.adopt('other');
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual([body.holder, Number(body.quantity)], ['other', await world.position('BTCUSDT')]);
    const recorded = world.records('holder');
    assert.deepEqual(recorded, [
      {
        action: 'adopted',
        agent: 'other',
        passkey_id: null,
        quantity_e8: act.view().quantityE8,
        reason: 'test',
        set_by: 'operator',
        symbol: 'BTCUSDT',
      },
    ]);
    assert.equal(act.alerts('EXIT_ENDED').length, before, 'an operator wanted that: nobody is told');
    const { symbols } = await world.limits('BTCUSDT', act.other);
    const cap = symbols[0]?.budgets.find(({ component }) => component === 'symbol_notional_usdt');
    assert.ok((cap?.used ?? 0) > (cap?.limit ?? 0), 'over its own cap, and recorded all the same');
  });

  it('names the holder to operators, and to agents only whose it is [AN-49 AN-96]', async () => {
    const ofOperator = (await world.positions()).find(({ symbol }) => symbol === 'BTCUSDT');
    assert.deepEqual([ofOperator?.holder, ofOperator?.held], ['other', undefined]);
    assert.deepEqual(ofOperator?.agent_share, { other: ofOperator?.quantity });
    const positionOf = async (token?: string): Promise<PositionBody | undefined> => {
      const { body } = await world.call<{ positions: PositionBody[] }>('GET', '/v1/positions', undefined, token);
      return body.positions.find(({ symbol }) => symbol === 'BTCUSDT');
    };
    const marketOf = async (token?: string): Promise<MarketBody | undefined> =>
      (await world.call<{ markets: MarketBody[] }>('GET', '/v1/market?symbol=BTCUSDT', undefined, token)).body
        .markets[0];
    for (const [token, held, share] of [
      [undefined, 'another', {}],
      [act.other, 'yours', { other: ofOperator?.quantity }],
    ] as const) {
      const reported = await positionOf(token);
      assert.deepEqual([reported?.held, reported?.agent_share, reported?.holder], [held, share, undefined]);
      assert.equal((await marketOf(token))?.held, held);
      assert.equal(await act.heldIn('BTCUSDT', token), held);
      assert.equal(await act.heldIn('ETHUSDT', token), 'free');
    }
    assert.doesNotMatch(
      JSON.stringify([await positionOf(), await marketOf(), await world.limits('BTCUSDT')]),
      /"other"/,
    );
    const { agents } = (await world.operator<AgentsBody>('GET', '/v1/agents')).body;
    assert.deepEqual(
      agents.map(({ agent, holds }) => [agent, holds]),
      [
        ['agent', []],
        ['other', ['BTCUSDT']],
      ],
    );
  });

  it('lets the new holder alone close, whole, and fills name whose lots they moved [EX-7 EX-13]', async () => {
    assert.equal((await world.tool('close_position', { symbol: 'BTCUSDT' })).body.decision.decision, 'BLOCK');
    assert.deepEqual(act.reasons(await act.rest(58_000)), ['SYMBOL_HELD']);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT', fraction: 0.5 }, act.other);
    const exit = await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    assert.equal(exit.status, 200);
    await world.advance(6_000);
    assert.equal(await world.position('BTCUSDT'), 0);
    const { fills } = (await world.operator<FillsBody>('GET', '/v1/fills')).body;
    assert.deepEqual(
      fills.slice(0, 2).map(({ agent, holder, side }) => [agent, holder, side]),
      [
        ['operator', 'other', 'sell'],
        ['other', 'other', 'sell'],
      ],
    );
    const own = (await world.call<FillsBody>('GET', '/v1/fills', undefined, act.other)).body.fills;
    assert.ok(own.length > 0 && own.every(({ holder }) => holder === undefined), 'an agent is told of its own alone');
    assert.equal(await act.heldIn('BTCUSDT'), 'free');
  });
});

describe('lots of nobody', () => {
  // A record that no daemon of now would write is put into its ledger.
  const { act, world } = suiteActors(false);

  it('are nobody’s for agents, and beside an agent’s they are told once, with the way out [AN-50]', async () => {
    await act.human('POST', '/fapi/v1/order', { side: 'BUY', type: 'MARKET', quantity: '0.004' });
    await until(
      'they are known',
      world.advancing(2_000, () => inLots(act.view().quantityE8) === 4 && act.view().disputedE8 === null),
    );
    assert.equal(await act.heldIn('BTCUSDT'), 'nobody');
    assert.equal((await world.positions())[0]?.holder, null);
    assert.deepEqual(act.alerts('SYMBOL_UNOWNED'), [], 'no agent holds there');
    await world.mustPlace('filled', { symbol: 'ETHUSDT', requested_notional: 300 });
    await act.human('POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.05' });
    await until(
      'these are known, too',
      world.advancing(6_000, () => inLots(unownedE8(act.view('ETHUSDT'))) !== 0),
    );
    for (let i = 0; i < 4; i += 1) await world.advance(60_000);
    const reported = act.alerts('SYMBOL_UNOWNED');
    assert.equal(reported.length, 1, JSON.stringify(reported));
    assert.match(reported[0] ?? '', /0\.05\d* of ETHUSDT .*nobody.*`\.\/holdfast adopt ETHUSDT --agent NAME`/);
    assert.equal(await act.heldIn('ETHUSDT'), 'yours');
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
    for (const token of [undefined, act.other]) assert.equal(await act.heldIn('ETHUSDT', token), 'nobody');
  });

  it('become the agent’s with an adoption', async () => {
    const { status, body } = await act.adopt('agent', 'ETHUSDT');
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(inLots(unownedE8(act.view('ETHUSDT'))), 0);
    const opened = await act.rest(2_900, { symbol: 'ETHUSDT' });
    assert.equal(opened.body.execution.state, 'working', JSON.stringify(opened.body.decision.reasons));
  });

  it('of several agents by records of before are nobody’s until an adoption, which a restart keeps', async () => {
    await act.human('POST', '/fapi/v1/order', { side: 'SELL', type: 'MARKET', quantity: '0.004', reduceOnly: 'true' });
    await until(
      'the symbol is free',
      world.advancing(6_000, () => act.view().quantityE8 === 0 && act.view().disputedE8 === null),
    );
    const { body } = await act.place({ requested_notional: 300 });
    const decisions = world.records('decision');
    const mine = decisions.find(
      (each) => (each as DecisionEvent).decision.decision_id === body.decision.decision_id,
    ) as DecisionEvent;
    // As a daemon of before recorded it, for which several agents could hold one symbol.
    const { core } = world.daemon.gate;
    const id = decisionId(core.ids, core.nextSeq());
    core.append('decision', {
      ...mine,
      agent: 'other',
      decision: { ...mine.decision, agent: 'other', decision_id: id },
      orders: mine.orders.map((planned) => ({
        ...planned,
        client_order_id: `${planned.client_order_id}x`,
        quantity_e8: 1e5,
      })),
      request: { ...mine.request, agent: 'other' },
    });
    for (const { client_order_id: of } of mine.orders)
      core.append('order', {
        average_price: null,
        client_order_id: `${of}x`,
        detail: null,
        executed_e8: 0,
        foreign: null,
        retryable: false,
        status: 'not_placed',
        venue_at_ms: world.nowMs(),
        venue_order_id: null,
      });
    await world.advance(2_000);
    assert.equal(act.view().isContested, true);
    assert.equal(await act.heldIn('BTCUSDT'), 'nobody');
    assert.deepEqual(act.reasons(await act.rest(58_000)), ['SYMBOL_UNOWNED']);
    assert.match(
      act.alerts('SYMBOL_UNOWNED').at(-1) ?? '',
      /several agents .*`\.\/holdfast adopt BTCUSDT --agent NAME`/,
    );
    assert.ok((await world.ready()).body.symbols_reducing.includes('BTCUSDT'));
    assert.equal((await act.adopt('other')).body.holder, 'other');
    await world.restart();
    assert.deepEqual([act.view().holder, inLots(unownedE8(act.view()))], ['other', 0]);
    assert.equal(await act.heldIn('BTCUSDT', act.other), 'yours');
  });
});

describe('a holder whose symbol the policy lets it open no more', () => {
  const world = suiteWorld({ policy: UNPACED });

  it('is told what it holds there, which it may close, and nobody else is [TD-16]', async () => {
    const other = world.createAgent('other');
    await world.must('filled', 'place_order', order({ symbol: 'ETHUSDT' }));
    const spec = parse(readFileSync(world.policyPath, 'utf8')) as IntendedPolicySpec;
    const before = world.daemon.gate.core.policyHash;
    writeFileSync(world.policyPath, stringify({ ...spec, scope: { ...spec.scope, symbols: ['BTCUSDT'] } }));
    await until('the narrower policy is in force', () => world.daemon.gate.core.policyHash !== before);
    const positionsOf = async (token?: string): Promise<readonly (readonly unknown[])[]> => {
      const { body } = await world.call<{ positions: PositionBody[] }>('GET', '/v1/positions', undefined, token);
      return body.positions.map(({ symbol, held }) => [symbol, held]);
    };
    assert.deepEqual(await positionsOf(), [['ETHUSDT', 'yours']]);
    assert.deepEqual(await positionsOf(other), []);
    await world.must('filled', 'close_position', { symbol: 'ETHUSDT' });
  });
});
