import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { BriefAnswerSchema, type FullAnswer, toBrief } from '../../daemon/contract/catalogue/brief.ts';
import { contractAjv } from '../../daemon/contract/schema/ajv.ts';
import { REASONS, type ReasonCode } from '../../daemon/core/reasons.ts';
import { shortenReading } from '../../daemon/http/tools/tool-calls.ts';
import { forAll } from '../for-all.ts';
import { decisionBody } from '../http/fake-gate.ts';

const validate = contractAjv.compile(BriefAnswerSchema);
type Order = FullAnswer['execution']['orders'][number];

function answer(decision: object, execution: object = {}): FullAnswer {
  const none = { state: 'none', orders: [], note: null, retryable: false, slices_dropped: 0 };
  return {
    decision: { ...decisionBody(), ...decision },
    execution: { ...none, ...execution },
  } as unknown as FullAnswer;
}
function order(more: Partial<Order>): Order {
  return {
    client_order_id: 'hf550f10-1b2-0-0',
    venue_order_id: '4521334',
    slice: 0,
    status: 'filled',
    quantity: '0.001',
    filled_quantity: '0.001',
    average_price: '60066.3',
    fee_usdt: 0.03003315,
    realised_pnl_usdt: -12.3456789,
    ...more,
  };
}
function reasons(...codes: ReasonCode[]): FullAnswer['decision']['reasons'] {
  return codes.map((code) => ({ code, ...REASONS[code], observed: 5000.55, limit: 1000, unit: 'USDT' }));
}
function tokensOf(value: unknown): number {
  assert.ok(validate(value), JSON.stringify(validate.errors));
  return encode(JSON.stringify(value)).length;
}

/** As long as a line gets: every factor, and something used and reserved (core/explain.test.ts has how it is written). */
const LINE =
  'account leverage cap 29,883.41 x 0.6 (volatile) x 0.5 (account) x 0.5 (trust) x 0.5 (trader) ' +
  '= 2,241.26; used 1,180.20; reserved 119.80; left 941.26 -> 0.015 BTC at 60,066.3 (one lot is 60.07)';
function bound(code: ReasonCode | null, line: string | null): object {
  return { asked: { notional: 5000.55, quantity: '0.08325129' }, bound_by: code, arithmetic: { line, rows: [] } };
}

test('a LIMIT by every budget in five slices, with what was asked, costs a model at most 320 tokens', () => {
  const limited = answer(
    {
      decision: 'LIMIT',
      ...bound('BUDGET_ACCOUNT_LEVERAGE', LINE),
      reasons: reasons(
        'PRICE_SLIPPAGE',
        'BUDGET_LEVERAGE',
        'BUDGET_NOTIONAL',
        'BUDGET_SYMBOL',
        'BUDGET_ACCOUNT_LEVERAGE',
      ),
    },
    {
      state: 'partially_filled',
      note: 'pending, do not resend',
      orders: [0, 1, 2, 3, 4].map((slice) =>
        order({ slice, client_order_id: `hf550f10-1b2-${slice}-0`, status: slice < 4 ? 'filled' : 'pending_send' }),
      ),
    },
  );
  const tokens = tokensOf(toBrief(limited));
  assert.ok(tokens <= 320, `${tokens} tokens`);
});

test('an ALLOW that filled, and a BLOCK by any reason, cost at most 220', () => {
  const allowed = tokensOf(toBrief(answer({}, { state: 'filled', orders: [order({})] })));
  assert.ok(allowed <= 220, `${allowed} tokens`);
  for (const code of Object.keys(REASONS) as ReasonCode[]) {
    const blocked = toBrief(
      answer({
        decision: 'BLOCK',
        effective: null,
        retry_after_ms: 86_399_999,
        reasons: reasons(code),
        ...bound(code, LINE),
      }),
    );
    const tokens = tokensOf(blocked);
    assert.ok(tokens <= 220, `${code}: ${tokens} tokens`);
  }
});

test('only orders that may still fill keep their ids, and only one reason its hint [AN-37]', () => {
  const brief = toBrief(
    answer(
      { decision: 'LIMIT', reasons: reasons('BUDGET_NOTIONAL', 'BUDGET_GROSS') },
      {
        state: 'working',
        orders: [order({}), order({ client_order_id: 'b', status: 'working', average_price: null })],
      },
    ),
  );
  assert.deepEqual(brief.execution.open_orders, [{ client_order_id: 'b', status: 'working' }]);
  assert.deepEqual(
    brief.reasons?.map((reason) => 'hint' in reason),
    [true, false],
  );
});

test('the reason that binds has the hint, and the line its figures; of the others the limit is told [AN-39]', () => {
  const limited = { decision: 'LIMIT', reasons: reasons('BUDGET_NOTIONAL', 'BUDGET_GROSS') };
  const reported = toBrief(answer({ ...limited, ...bound('BUDGET_GROSS', LINE) }));
  assert.deepEqual(reported.bound_by, 'BUDGET_GROSS');
  assert.deepEqual(reported.arithmetic, LINE);
  const { hint } = REASONS.BUDGET_GROSS;
  assert.deepEqual(reported.reasons, [
    { code: 'BUDGET_GROSS', hint },
    { code: 'BUDGET_NOTIONAL', limit: 1000 },
  ]);
  const plain = toBrief(answer({ decision: 'BLOCK', reasons: reasons('COOLDOWN'), ...bound('COOLDOWN', null) }));
  assert.equal('bound_by' in plain, false, 'the only one');
  assert.deepEqual(Object.keys(plain.reasons?.[0] ?? {}), ['code', 'observed', 'limit', 'unit', 'hint']);
});

test('of an approval the end is told while it waits, and what ended it afterwards [AN-248 AN-66]', () => {
  const id = 'd-1';
  const asked = { approval_id: id, card: '/#/approvals/d-1', expires_at_ms: 7, quorum: 1, signatures: 0, words: 'a-b' };
  const tell = (ended: object) => {
    const approval = { ...asked, detail: null, decision_id: null, ...ended };
    const brief = toBrief(answer({ decision: 'BLOCK' }, { approval } as never));
    tokensOf(brief);
    return brief.execution.approval;
  };
  const { card } = asked;
  assert.deepEqual(tell({ status: 'pending' }), { status: 'pending', card, expires_at_ms: 7 });
  const detail = 'denied by operator: not now';
  assert.deepEqual(tell({ status: 'denied', detail }), { status: 'denied', detail, card });
  const granted = { status: 'granted', decision_id: 'd-2' };
  assert.deepEqual(tell({ ...granted, detail: null }), { ...granted, card });
});

test('a BLOCK tells first what refused it, whatever was cut before [MI-4]', () => {
  const blocked = { decision: 'BLOCK', reasons: reasons('PRICE_SLIPPAGE', 'BUDGET_LEVERAGE', 'AGAINST_POSITION') };
  const reported = toBrief(answer({ ...blocked, ...bound('AGAINST_POSITION', null) })).reasons ?? [];
  assert.deepEqual(
    reported.map(({ code, hint }) => [code, hint]),
    [
      ['AGAINST_POSITION', REASONS.AGAINST_POSITION.hint],
      ['PRICE_SLIPPAGE', undefined],
      ['BUDGET_LEVERAGE', undefined],
    ],
  );
});

test('who cancels every order is told no side and no size [AN-38]', () => {
  const cancel = {
    action: 'cancel',
    quantity: null,
    notional: 0,
    limit_price: null,
    leverage: null,
    reduce_only: false,
  };
  const effective = { ...decisionBody().effective, ...cancel };
  assert.deepEqual(toBrief(answer({ decision: 'ALLOW', reasons: [], effective })).order, { action: 'cancel' });
});

test('a hint speaks of tools, which every door has, and of no route', () => {
  for (const [code, { hint, message }] of Object.entries(REASONS))
    assert.doesNotMatch(`${message} ${hint}`, /\b(?:GET|POST) \/|\/v1\//, code);
});

test('figures are told without the noise of binary fractions', () => {
  const [reason] = reasons('COOLDOWN');
  const noisy = { ...reason, observed: 3984.000000000001, limit: 0.1 + 0.2 };
  const reported = toBrief(answer({ decision: 'BLOCK', reasons: [noisy] })).reasons?.[0];
  assert.deepEqual([reported?.observed, reported?.limit], [3984, 0.3]);
  const positions = { positions: [{ notional: 446.83460999999994, symbol: 'X' }], observed_at_ms: 1_780_000_000_123 };
  assert.deepEqual(shortenReading('get_positions', positions), {
    positions: [{ notional: 446.83461, symbol: 'X' }],
    observed_at_ms: 1_780_000_000_123,
  });
});

test('fee and profit are told once all of them are known, and nothing is open [AN-42 AN-43]', () => {
  const reported = (...orders: Order[]) => {
    const { fee_usdt, realised_pnl_usdt } = toBrief(answer({}, { state: 'filled', orders })).execution;
    return [fee_usdt, realised_pnl_usdt];
  };
  assert.deepEqual(reported(order({}), order({})), [0.0601, -24.6914]);
  assert.deepEqual(reported(order({ realised_pnl_usdt: 0 })), [0.03, undefined]);
  const none = { status: 'expired', filled_quantity: '0', average_price: null } as const;
  assert.deepEqual(reported(order({}), order({ ...none, fee_usdt: null, realised_pnl_usdt: null })), [0.03, -12.3457]);
  assert.deepEqual(reported(order({}), order({ fee_usdt: null, realised_pnl_usdt: null })), [undefined, undefined]);
  assert.deepEqual(reported(order({}), order({ status: 'working' })), [undefined, undefined]);
});

test('an average is told once it is of all that is filled [AN-41]', () => {
  const priceOf = (...orders: Order[]) => toBrief(answer({}, { state: 'staging', orders })).execution.average_price;
  assert.equal(priceOf(order({}), order({ average_price: null })), undefined, 'of a part it would look like all of it');
  const unsent = { status: 'pending_send', filled_quantity: '0', average_price: null } as const;
  assert.equal(priceOf(order({}), order(unsent)), '60066.3');
});

test('filled quantities add exactly, and the average price lies between the lowest and the highest [AN-40 AN-41]', () => {
  const decimal = (max: number, places: number) =>
    fc.integer({ min: 1, max }).map((digits) => (digits / 10 ** places).toFixed(places));
  forAll(
    [
      fc.array(fc.record({ filled_quantity: decimal(1e6, 3), average_price: decimal(1e8, 1) }), {
        minLength: 1,
        maxLength: 8,
      }),
    ],
    { seed: 7, numRuns: 300 },
    (fills) => {
      const { execution } = toBrief(answer({}, { state: 'filled', orders: fills.map(order) }));
      const lots = fills.reduce((sum, fill) => sum + Math.round(Number(fill.filled_quantity) * 1000), 0);
      assert.equal(Math.round(Number(execution.filled_quantity) * 1000), lots);
      const prices = fills.map((fill) => Number(fill.average_price));
      const price = Number(execution.average_price);
      assert.ok(price >= Math.min(...prices) && price <= Math.max(...prices), `${price} of ${prices}`);
    },
  );
});

test('in mode shadow a BLOCK says that it did not bind; a decision that binds says nothing of it', () => {
  const blocked = { decision: 'BLOCK', reasons: reasons('COOLDOWN') };
  assert.equal(
    toBrief(answer({ ...blocked, enforced: false }, { state: 'filled', orders: [order({})] })).enforced,
    false,
  );
  assert.ok(!('enforced' in toBrief(answer(blocked))));
});
