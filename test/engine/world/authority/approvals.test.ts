import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { approvalText, wordCode } from '../../../../daemon/core/signed/approval.ts';
import { createAuditor } from '../../../../daemon/engine/audit/verify.ts';
import type { ApprovalBody, ApprovalsBody, ApprovedBody } from '../../../../daemon/engine/records/approvals.ts';
import type { ApprovalEvent } from '../../../../daemon/engine/records/people-events.ts';
import { sha256Hex } from '../../../../daemon/ledger/chain/hash-chain.ts';
import { readEpochs } from '../../../../daemon/ledger/verify/epochs.ts';
import { codesIn, order, type TestAnswer, type ToolBody, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { TICK_E8 } from '../../fold-fixture.ts';

interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

/** Above 400 USDT within ten minutes a person looks at it. */
const WINDOW_MS = 600_000;
const EXPIRY_MS = 120_000;

describe('SAE-DEC orders that a person must approve', () => {
  const world = suiteWorld({
    policy: (spec) => {
      // No jump of the price makes it another regime.
      spec.market.volatility.jump_sigma = 1000;
      spec.market.volatility.volatile = 900;
      spec.market.volatility.extreme = 1000;
      spec.market.volatility.absolute = { volatile: 9, extreme: 10 };
      spec.budgets.fees_usdt_per_day = 100;
      spec.budgets.turnover_usdt_per_day = 1_000_000;
      spec.approvals = {
        when: [{ notional_above_usdt: 400 }],
        window_ms: WINDOW_MS,
        expiry_ms: EXPIRY_MS,
        quorum: 2,
        quorum_above_usdt: 900,
      };
    },
  });
  let second: string;
  before(async () => {
    second = world.daemon.ledger.tokens.createToken({ role: 'operator', name: 'second' }).secret;
  });
  beforeEach(async () => {
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test' });
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.setMark('BTCUSDT', 60_000);
    // The longest window of all: what was opened is counted no more.
    await world.advance(2 * WINDOW_MS);
    await world.untilReady();
    assert.equal(await world.position('BTCUSDT'), 0, 'flat');
    assert.deepEqual(await pending(), []);
  });

  const list = async (): Promise<readonly ApprovalBody[]> =>
    (await world.operator<ApprovalsBody>('GET', '/v1/approvals')).body.approvals;
  const pending = async (): Promise<readonly ApprovalBody[]> =>
    (await list()).filter(({ status }) => status === 'pending');
  const find = async (id: string): Promise<ApprovalBody> =>
    (await world.operator<ApprovalBody>('GET', `/v1/approvals/${id}`)).body;
  const read = async (id: string): Promise<ToolBody> => (await world.call<ToolBody>('GET', `/v1/decisions/${id}`)).body;
  /** A blocked order that waits. */
  const ask = async (change: object = {}, token?: string): Promise<ApprovalBody> => {
    const { body } = await world.place({ requested_notional: 602, ...change }, token);
    assert.equal(body.decision.decision, 'BLOCK', JSON.stringify(body.decision));
    assert.deepEqual(codesIn(body), ['APPROVAL_REQUIRED']);
    assert.equal(body.execution.state, 'awaiting_approval');
    assert.equal(body.execution.approval?.approval_id, body.decision.decision_id);
    return find(body.decision.decision_id);
  };
  const approve = (
    { approval_id: id, digest }: Pick<ApprovalBody, 'approval_id' | 'digest'>,
    token = world.token('operator'),
  ): Promise<TestAnswer<ApprovedBody & Refusal>> =>
    world.call('POST', `/v1/approvals/${id}`, { action: 'approve', digest }, token);
  const refused = async (approval: Pick<ApprovalBody, 'approval_id' | 'digest'>, why: RegExp): Promise<void> => {
    const before = (await world.books()).orders.length;
    const { status, body } = await approve(approval);
    assert.equal(status, 409, JSON.stringify(body));
    assert.equal(body.error.code, 'APPROVAL_REFUSED');
    assert.match(body.error.message, why);
    assert.equal((await world.books()).orders.length, before, 'nothing was sent');
    const last = records().at(-1);
    assert.ok(last?.action === 'refused' && last.approval_id === approval.approval_id, 'it is on record');
  };
  const records = (): readonly ApprovalEvent[] => world.records<ApprovalEvent>('approval');

  it('one is a ceiling with a digest that anybody can derive, and its grant sends the order once [AN-65 AN-67 AN-68 AN-70 AN-71 AN-72 AN-73 AN-74 AN-75 AN-248 AN-249 AP-1 AP-2 AP-6 AP-7 AP-9 AP-10 AP-11 AP-21 AP-27 AP-40 PK-146]', async () => {
    const approval = await ask({ rationale: 'the moon' });
    assert.equal(sha256Hex(approval.text), approval.digest);
    assert.equal(wordCode(approval.digest), approval.words);
    assert.ok(approval.card.endsWith(`#/approvals/${approval.approval_id}`), approval.card);
    assert.ok(approval.text.includes(`"${world.daemon.ledger.genesis.genesis_id}"`), 'of this ledger alone');
    const requested = records().findLast(({ action }) => action === 'requested');
    assert.ok(requested?.action === 'requested');
    assert.equal(approvalText(requested), approval.text, 'the record says what was signed');
    const { resting_ttl_ms: ttlMs } = world.daemon.gate.core.policySpec.standing;
    assert.equal(approval.opens_until_ms, approval.expires_at_ms + ttlMs);
    assert.ok(approval.text.includes(`"opens_until_ms":${approval.opens_until_ms}`), 'people sign both instants');
    assert.deepEqual(approval.untrusted, { rationale: 'the moon', strategy_id: 'test' });
    assert.equal((await world.books()).orders.filter(({ side }) => side === 'BUY').length, 0, 'nothing was sent');
    assert.equal((await world.call('GET', '/v1/approvals')).status, 403, 'no agent sees them');
    for (const role of ['agent', 'monitor'] as const)
      assert.equal((await approve(approval, world.token(role))).status, 403, role);

    const { status, body } = await approve(approval);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.answer !== null);
    assert.equal(body.answer.decision.decision, 'ALLOW', JSON.stringify(body.answer.decision.reasons));
    assert.equal(body.answer.execution.state, 'filled');
    assert.equal(await world.position('BTCUSDT'), Number(approval.quantity));
    assert.deepEqual(
      body.approval.signatures.map(({ by, kind }) => [by, kind]),
      [['operator', 'operator_token']],
    );

    const blocked = await read(approval.approval_id);
    assert.equal(blocked.execution.state, 'none');
    assert.equal(blocked.execution.approval?.status, 'granted');
    assert.equal(blocked.decision.decision_id, approval.approval_id);
    const granted = await read(blocked.execution.approval?.decision_id ?? '');
    assert.equal(granted.execution.state, 'filled', 'the agent finds the order by the link');
    assert.equal(granted.execution.approval?.approval_id, approval.approval_id);
    await refused(approval, /approved already/);
    assert.equal(await world.position('BTCUSDT'), Number(approval.quantity), 'once');
  });

  it('two grants at once: one sends, and of two people either is told of it [AP-35]', async () => {
    const approval = await ask();
    const answers = await Promise.all([approve(approval), approve(approval, second), approve(approval)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 409]);
    const told = answers.flatMap(({ body, status }) => (status === 200 ? [body.answer?.decision.decision_id] : []));
    assert.ok(told[0] !== undefined && told[0] === told[1], 'of the one decision');
    assert.equal(await world.position('BTCUSDT'), Number(approval.quantity));
    const other = { ...approval, digest: approval.digest.replaceAll(/./g, '0') };
    assert.equal((await approve(other, second)).status, 409, 'of what they have seen');
  });

  it('what a token approved counts no more once it is revoked [AP-25]', async () => {
    const { tokens } = world.daemon.ledger;
    const third = tokens.createToken({ role: 'operator', name: 'third' });
    const approval = await ask({ requested_notional: 902 });
    assert.equal(approval.quorum, 2);
    assert.equal((await approve(approval, third.secret)).body.answer, null);
    tokens.revokeToken(third.record.id);
    const alone = await approve(approval);
    assert.deepEqual([alone.status, alone.body.answer], [200, null]);
    assert.equal(await world.position('BTCUSDT'), 0);
    const both = await approve(approval, second);
    assert.equal(both.body.answer?.execution.state, 'filled', JSON.stringify(both.body));
  });

  it('whose approval counts no more may approve it again with another token, once [AP-25]', async () => {
    const { tokens } = world.daemon.ledger;
    const create = () => tokens.createToken({ role: 'operator', name: 'fourth' });
    const lost = create();
    const approval = await ask({ requested_notional: 902 });
    assert.equal((await approve(approval, lost.secret)).body.answer, null);
    tokens.revokeToken(lost.record.id);
    const { secret } = create();
    const again = await approve(approval, secret);
    assert.deepEqual([again.status, again.body.answer], [200, null], JSON.stringify(again.body));
    const third = await approve(approval, secret);
    assert.match(third.body.error.message, /this approver has approved it already/);
    const both = await approve(approval, second);
    assert.equal(both.body.answer?.execution.state, 'filled', JSON.stringify(both.body));
  });

  it('splitting does not pass below: what was opened within the window counts, filled or not [AP-15 AP-16 AP-17 AP-19 AP-20 PK-133 PK-143]', async () => {
    for (const usdt of [181, 121]) {
      const { body } = await world.place({ requested_notional: usdt });
      assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
      await world.advance(15_000);
    }
    const rest = { symbol: 'ETHUSDT', side: 'sell', requested_notional: 66, order_type: 'limit', limit_price: 3_300 };
    const resting = await world.place(rest);
    assert.equal(resting.body.decision.decision, 'ALLOW', JSON.stringify(resting.body.decision.reasons));
    await world.tool('cancel_all', { symbol: 'ETHUSDT' });
    const beside = world.daemon.ledger.tokens.createToken({ role: 'agent', name: 'beside', agent: 'agent' });
    const { body } = await world.place({ requested_notional: 60.5 }, beside.secret);
    assert.deepEqual(codesIn(body), ['APPROVAL_REQUIRED']);
    assert.ok(Number(body.decision.reasons[0]?.observed) > 400, JSON.stringify(body.decision.reasons));
    await world.tool('cancel_all', {});
    await world.advance(WINDOW_MS + 60_000);
    const later = await world.place({ requested_notional: 60.5 });
    assert.equal(later.body.decision.decision, 'ALLOW', JSON.stringify(later.body.decision.reasons));
  });

  it('an amend does not pass below either, and an approved order stays within what was approved [AP-5 AP-37]', async () => {
    const small = { requested_notional: 177, order_type: 'limit', limit_price: 59_000 };
    const first = await world.place(small);
    const id = first.body.execution.orders[0]?.client_order_id;
    const larger = await world.tool('modify_order', { client_order_id: id, requested_notional: 600 });
    assert.deepEqual(codesIn(larger.body), ['APPROVAL_REQUIRED', 'MODIFY_NOT_ALLOWED']);
    assert.equal(larger.body.execution.state, 'none', 'nobody is asked');
    await world.tool('cancel_all', {});
    await world.advance(2 * WINDOW_MS);

    const approval = await ask({ requested_notional: 590, order_type: 'limit', limit_price: 59_000 });
    const { body } = await approve(approval);
    const approved = body.answer?.execution.orders[0]?.client_order_id;
    assert.equal(body.answer?.execution.state, 'working');
    await world.advance(61_000);
    const dearer = await world.tool('modify_order', { client_order_id: approved, limit_price: 59_500 });
    assert.deepEqual(codesIn(dearer.body), ['APPROVAL_REQUIRED', 'MODIFY_NOT_ALLOWED']);
    const more = await world.tool('modify_order', { client_order_id: approved, requested_notional: 700 });
    assert.deepEqual(codesIn(more.body), ['APPROVAL_REQUIRED', 'MODIFY_NOT_ALLOWED']);
    assert.equal(more.body.decision.reasons[0]?.unit, 'lots', 'no larger than was approved');
    const cheaper = await world.tool('modify_order', { client_order_id: approved, limit_price: 58_500 });
    assert.equal(cheaper.body.decision.decision, 'ALLOW', JSON.stringify(cheaper.body.decision.reasons));
  });

  it('the lots that a permitted amend adds count like a new order [AP-16]', async () => {
    const first = await world.place({ requested_notional: 177, order_type: 'limit', limit_price: 59_000 });
    const id = first.body.execution.orders[0]?.client_order_id;
    await world.advance(61_000);
    const larger = await world.tool('modify_order', { client_order_id: id, requested_notional: 295 });
    assert.equal(larger.body.decision.decision, 'ALLOW', JSON.stringify(larger.body.decision.reasons));
    await world.advance(61_000);
    const { body } = await world.place({ symbol: 'ETHUSDT', requested_notional: 400 });
    assert.deepEqual(codesIn(body), ['APPROVAL_REQUIRED']);
    assert.ok(Number(body.decision.reasons[0]?.observed) > 400, JSON.stringify(body.decision.reasons));
  });

  it('an approved order is held to its ceiling when the price has moved, and is stale beyond it [AP-28 AP-29 AP-30]', async () => {
    // Of it a lot is half a per cent: whole ones say nothing of their own.
    const approval = await ask({ symbol: 'ETHUSDT' });
    await world.setMark('ETHUSDT', 2_950);
    const fell = await approve(approval);
    assert.deepEqual(fell.body.answer && codesIn(fell.body.answer), ['APPROVAL_CEILING']);
    assert.equal(await world.position('ETHUSDT'), Number(approval.quantity), 'no more lots, though they cost less');
    await world.tool('close_position', { symbol: 'ETHUSDT' });
    await world.setMark('ETHUSDT', 3_000);
    await world.advance(2 * WINDOW_MS);

    const again = await ask();
    await world.setMark('BTCUSDT', 60_060);
    const rose = await approve(again);
    const effective = rose.body.answer?.decision.effective;
    assert.equal(rose.body.answer?.decision.decision, 'LIMIT', JSON.stringify(rose.body.answer?.decision.reasons));
    assert.deepEqual(codesIn(rose.body.answer), ['APPROVAL_CEILING']);
    assert.equal(effective?.limit_price, again.worst_price, 'no worse price than was approved');
    assert.ok((effective?.lots ?? 0) <= again.lots);
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.setMark('BTCUSDT', 60_000);
    await world.advance(2 * WINDOW_MS);

    const last = await ask();
    await world.setMark('BTCUSDT', 60_500);
    const stale = await approve(last);
    assert.equal(stale.status, 200);
    assert.equal(stale.body.answer?.decision.decision, 'BLOCK');
    assert.deepEqual(codesIn(stale.body.answer), ['LOT_ROUNDING', 'APPROVAL_STALE']);
    assert.equal(await world.position('BTCUSDT'), 0);
    await world.setMark('BTCUSDT', 60_000);
    await refused(last, /approved already, and is used up/);
  });

  it('one waits for each agent and symbol; a repeat is told which [AP-13 AP-14]', async () => {
    const approval = await ask();
    const again = await world.place({ requested_notional: 662 });
    assert.equal(again.body.decision.reasons[0]?.observed, approval.approval_id);
    assert.equal(again.body.decision.reasons[0]?.unit, 'pending');
    assert.equal(again.body.execution.state, 'none');
    const other = world.createAgent(`other-${world.nowMs()}`);
    await ask({}, other);
    await ask({ symbol: 'ETHUSDT' });
    assert.equal((await pending()).length, 3);
  });

  it('people are told of each agent that asks', async () => {
    const reported = (): readonly string[] =>
      world.alerts().flatMap(({ code, detail }) => (code === 'APPROVAL_REQUESTED' ? [detail] : []));
    const before = reported().length;
    const [first, second] = [world.createAgent(`a-${world.nowMs()}`), world.createAgent(`b-${world.nowMs()}`)];
    const asked = [await ask({}, first), await ask({}, second)];
    const details = reported().slice(before);
    assert.equal(details.length, 2);
    for (const [i, { words }] of asked.entries()) assert.ok(details[i]?.includes(words), 'with the words to compare');
    await world.advance(EXPIRY_MS);
  });

  it('an order that was approved and never arrived is over: its approval sends no other, also after a restart [AP-36]', async () => {
    const approval = await ask();
    await world.fault({ kind: 'drop-before', match: { method: 'POST', path: '/fapi/v1/order' } });
    const { body } = await approve(approval);
    const id = body.answer?.execution.orders[0]?.client_order_id;
    assert.equal(body.answer?.execution.state, 'unknown', JSON.stringify(body));
    await world.restart();
    await refused(approval, /approved already/);
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until(
      'it is proven not to have arrived',
      world.refreshing(async () =>
        (await world.orders()).some((each) => each.client_order_id === id && each.status === 'not_placed'),
      ),
    );
    await refused(approval, /approved already/);
    assert.equal(await world.position('BTCUSDT'), 0);
  });

  it('exits, cancels and amends that ask for less never wait [AN-17 AP-4 PK-148]', async () => {
    const rests = await ask({ requested_notional: 590, order_type: 'limit', limit_price: 59_000 });
    const client_order_id = (await approve(rests)).body.answer?.execution.orders[0]?.client_order_id;
    await world.advance(61_000);
    for (const less of [{ requested_notional: 354 }, { limit_price: 58_000 }]) {
      const { body } = await world.tool('modify_order', { client_order_id, ...less });
      assert.equal(body.decision.decision, 'ALLOW', JSON.stringify([less, body.decision.reasons]));
    }
    await world.must('canceled', 'cancel_order', { client_order_id });
    await world.advance(2 * WINDOW_MS);
    const approval = await ask();
    await approve(approval);
    await world.advance(61_000);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' });
  });

  it('above a second threshold two different people must approve [AN-20 AN-63 AP-73 PK-145 TM-53]', async () => {
    const approval = await ask({ requested_notional: 902 });
    assert.equal(approval.quorum, 2);
    const first = await approve(approval);
    assert.equal(first.status, 200);
    assert.equal(first.body.answer, null, 'another one is needed');
    assert.equal(await world.position('BTCUSDT'), 0);
    await refused(approval, /approved it already/);
    const last = await approve(approval, second);
    assert.equal(last.body.answer?.execution.state, 'filled', JSON.stringify(last.body));
    assert.deepEqual(
      last.body.approval.signatures.map(({ by }) => by),
      ['operator', 'second'],
    );
  });

  it('orders that one person approves one by one do not add up to more than the second threshold [AP-18]', async () => {
    const first = await ask();
    const other = await ask({ symbol: 'ETHUSDT' });
    assert.deepEqual([first.quorum, other.quorum], [1, 1], 'neither is above it');
    assert.equal((await approve(first)).body.answer?.execution.state, 'filled');
    const stale = await approve(other);
    assert.deepEqual(
      stale.body.answer?.decision.reasons.map(({ code, observed, limit, unit }) => [code, observed, limit, unit]),
      [['APPROVAL_STALE', 1, 2, 'approvers']],
      JSON.stringify(stale.body),
    );
    assert.equal(await world.position('ETHUSDT'), 0);
    assert.equal((await ask({ symbol: 'ETHUSDT' })).quorum, 2, 'asked again, it needs two');
    await world.tool('cancel_all', {});
  });

  it('nor with what was opened meanwhile without an approval [AP-18 AP-33 AP-34]', async () => {
    const approval = await ask({ requested_notional: 782 });
    assert.equal(approval.quorum, 1);
    const small = await world.place({ symbol: 'ETHUSDT', requested_notional: 390 });
    assert.equal(small.body.decision.decision, 'ALLOW', JSON.stringify(small.body.decision.reasons));
    await world.advance(15_000);
    const { body } = await approve(approval);
    assert.equal(body.answer?.decision.reasons.at(-1)?.code, 'APPROVAL_STALE', JSON.stringify(body));
    assert.equal(await world.position('BTCUSDT'), 0);
    await world.tool('close_position', { symbol: 'ETHUSDT' });
  });

  it('a denial ends it, and the agent reads why [AN-63 AP-42]', async () => {
    const approval = await ask();
    const denied = await world.operator<ApprovedBody>('POST', `/v1/approvals/${approval.approval_id}`, {
      action: 'deny',
      reason: 'not today',
    });
    assert.deepEqual([denied.status, denied.body.answer], [200, null]);
    const { execution } = await read(approval.approval_id);
    assert.deepEqual([execution.state, execution.approval?.status], ['none', 'denied']);
    assert.match(execution.approval?.detail ?? '', /not today/);
    await refused(approval, /denied/);
  });

  const VOIDED: readonly (readonly [string, (approval: ApprovalBody) => unknown, RegExp])[] = [
    ['its time [PK-144]', () => world.advance(EXPIRY_MS), /expired/],
    ['the agent cancels all', () => world.tool('cancel_all', {}), /the agent itself canceled all/],
    ['the agent closes', () => world.tool('close_position', { symbol: 'BTCUSDT' }), /the agent itself closed/],
    [
      'reduce',
      () => world.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'x' }),
      /trading state reducing/,
    ],
    [
      'a halt of the symbol, also after it has ended',
      async () => {
        for (const state of ['halted', 'active'])
          await world.operator('PUT', '/v1/trading-state', { state, reason: 'x', symbol: 'BTCUSDT' });
      },
      /trading state halted/,
    ],
    ['a flatten', () => world.operator('POST', '/v1/flatten', { reason: 'x' }), /trading state halted/],
    ['a restart', () => world.restart(), /boot layer/],
    [
      'another policy',
      async () => {
        const { gate } = world.daemon;
        const spec = { ...gate.core.policySpec, name: `other ${world.nowMs()}` };
        const hash = sha256Hex(JSON.stringify(spec));
        gate.policies.offer({ ok: true, policy: { spec, hash }, warnings: [] }, 'test');
        await world.run(gate.settled());
      },
      /another policy/,
    ],
  ];
  for (const [what, happens, why] of VOIDED)
    it(`${what} ends it: nothing is sent [AN-66 AN-69 AP-41 AP-43 AP-44 AP-45 AP-47]`, async () => {
      const approval = await ask();
      await happens(approval);
      await refused(approval, why);
      assert.equal(await world.position('BTCUSDT'), 0);
      const { detail, status } = await find(approval.approval_id);
      assert.equal(status, what.startsWith('its time') ? 'expired' : 'voided');
      if (status === 'voided') assert.match(detail ?? '', why);
    });

  it('a revoked token ends what it asked for [AP-46]', async () => {
    const name = `fired-${world.nowMs()}`;
    const { tokens } = world.daemon.ledger;
    const { record, secret } = tokens.createToken({ role: 'agent', name, agent: name });
    const approval = await ask({}, secret);
    tokens.revokeToken(record.id);
    await refused(approval, /revoked/);
    assert.equal((await find(approval.approval_id)).status, 'voided');
  });

  it('another digest, an unknown id, a made-up passkey: refused [TF-82]', async () => {
    const approval = await ask();
    await refused({ ...approval, digest: 'f'.repeat(64) }, /digest/);
    const unknown = await approve({ approval_id: 'nothing', digest: approval.digest });
    assert.equal(unknown.status, 404);
    const path = `/v1/approvals/${approval.approval_id}`;
    const made = await world.operator<Refusal>('POST', path, {
      action: 'approve',
      digest: approval.digest,
      assertion: {
        id: 'eA',
        rawId: 'eA',
        type: 'public-key',
        response: { authenticatorData: 'eA', clientDataJSON: 'eA', signature: 'eA' },
      },
    });
    assert.equal(made.status, 409, JSON.stringify(made.body));
    assert.equal((await world.operator('POST', path, { action: 'approve' })).status, 400, 'a digest is needed');
    assert.equal((await pending()).length, 1, 'it still waits');
    assert.equal((await approve(approval)).body.answer?.execution.state, 'filled');
  });

  it('on binance-live an operator token does not approve [AP-22]', async () => {
    const approval = await ask();
    const { core } = world.daemon.gate;
    const { settings } = core;
    Object.assign(core, { settings: { ...settings, venue: 'binance-live' } });
    try {
      await refused(approval, /only a passkey/);
    } finally {
      Object.assign(core, { settings });
    }
    assert.equal((await approve(approval)).body.answer?.execution.state, 'filled');
  });

  it('an approved opening that a new position stands against is refused [AP-31 AP-32]', async () => {
    const approval = await ask({ side: 'sell' });
    await world.mustPlace('filled', { requested_notional: 181 });
    const granted = await approve(approval);
    const codes = granted.body.answer === null ? [] : codesIn(granted.body.answer);
    assert.ok(codes.includes('AGAINST_POSITION'), codes.join());
    assert.equal(await world.position('BTCUSDT'), 0.003);
  });

  it('every order of an approved decision keeps the price that was approved, for its slices and amends [AP-37]', async () => {
    const approval = await ask({ requested_notional: 601, order_type: 'limit', limit_price: 60_040 });
    const { body } = await approve(approval);
    const { orders } = world.daemon.gate.core.state;
    const sent = orders.byDecision.get(body.answer?.decision.decision_id ?? '') ?? [];
    assert.ok(sent.length > 0 && sent.every((each) => (each.priceE8 ?? 0) <= approval.price_ticks * TICK_E8));
    assert.equal(sent.at(-1)?.approvedE8, approval.price_ticks * TICK_E8, 'each of its orders knows it');
  });

  it('advice asks nobody, and says that it would', async () => {
    const { body } = await world.dryRun('place_order', order({ requested_notional: 602 }));
    assert.deepEqual(codesIn(body), ['APPROVAL_REQUIRED']);
    assert.equal(body.execution.state, 'none');
    assert.deepEqual(await pending(), []);
  });

  it('its records derive again, and no changed ones do [AP-69 AP-70 AP-71 AP-72]', async () => {
    const approval = await ask({ requested_notional: 902 });
    await approve(approval);
    const { body } = await approve(approval, second);
    const id = body.answer?.decision.decision_id;
    const reported = await world.operator<{ readonly items?: unknown }>('GET', '/v1/decisions?limit=5');
    assert.ok(JSON.stringify(reported.body).includes('"approval":'), 'the ceiling is told again');

    const { ledger } = world.daemon;
    const events = [...ledger.iterateEvents()];
    const ours = (payload: unknown): payload is ApprovalEvent & { readonly action: string } =>
      (payload as { approval_id?: string }).approval_id === approval.approval_id;
    /** What both audits say of the decision of the grant, if records of approvals were these. */
    const audit = (change: (payload: ApprovalEvent) => ApprovalEvent, upTo = id): readonly string[] => {
      const changed = events.map((event) =>
        event.kind === 'approval' && ours(event.payload) ? { ...event, payload: change(event.payload) } : event,
      );
      const auditor = createAuditor({
        genesisId: ledger.genesis.genesis_id,
        epochs: readEpochs(ledger),
        readPolicy: (hash) => ledger.readPolicy(hash),
        sha256: sha256Hex,
        readApproval: () =>
          changed.flatMap(({ kind, payload, seq }) =>
            kind === 'approval' && ours(payload) ? [{ seq, payload: payload as ApprovalEvent }] : [],
          ),
      });
      for (const event of changed) {
        const isGrant = (event.payload as { decision?: { decision_id?: string } }).decision?.decision_id === upTo;
        const outcomes = [auditor.fold(event), ...(isGrant ? [auditor.rederive(event)] : [])];
        if (isGrant) return outcomes.map((outcome) => (outcome.ok ? 'good' : outcome.detail));
      }
      return [];
    };
    const signatures = records().filter((event) => event.action === 'signed' && ours(event));
    const refusal = { action: 'refused', approval_id: approval.approval_id, reason: 'x', set_by: 'x' } as const;
    assert.deepEqual(
      audit((payload) => payload),
      ['good', 'good'],
    );
    const forged: readonly (readonly [string, (payload: ApprovalEvent) => ApprovalEvent, RegExp])[] = [
      [
        'one signature less',
        (each) => (each.action === 'signed' && each.set_by === 'second' ? refusal : each),
        /1 people/,
      ],
      ['one person twice', (each) => (each.action === 'signed' && signatures[0] ? signatures[0] : each), /1 people/],
      ['another digest signed', (each) => (each.action === 'signed' ? { ...each, digest: 'f' } : each), /0 people/],
      [
        'a denial in between',
        (each) => (each.action === 'signed' && each.set_by === 'second' ? { ...refusal, action: 'denied' } : each),
        /ended|denied/,
      ],
      [
        'more asked for',
        (each) => (each.action === 'requested' ? { ...each, quantity: '9.000' } : each),
        /else|not of its text/,
      ],
      ['nothing asked for', (each) => (each.action === 'requested' ? refusal : each), /nobody was asked/],
    ];
    for (const [what, change, pattern] of forged) {
      const said = audit(change);
      assert.equal(said.length, 2, what);
      for (const detail of said) assert.match(detail, pattern, what);
    }
  });
});
