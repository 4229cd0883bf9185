import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Cause } from '../../daemon/engine/tables/cause.ts';
import { type AnswerFacts, CODE_ROWS, classifySubmit } from '../../daemon/venue/wire/outcome.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { forAll } from '../for-all.ts';

/** The kind, and of what is rejected the cause alone. */
type Expected = ReturnType<typeof classifySubmit>['kind'] | Cause;
function classify(
  httpStatus: number | null,
  code: number | null,
  message = 'text',
  changes: Partial<AnswerFacts> = {},
) {
  return classifySubmit({ httpStatus, code, message, thrownKind: 'none', ...changes });
}
function check(actual: ReturnType<typeof classifySubmit>, expected: Expected, label: string): void {
  assert.equal(actual.kind === 'rejected' ? actual.rejection.cause : actual.kind, expected, label);
}

/** The playbook, row by row; HTTP 400 unless the row says otherwise. */
const BY_CODE: readonly [codes: readonly number[], expected: Expected, text?: string, http?: number][] = [
  [[-1000], 'unknown', 'Unknown error, please check your request or try again later.', 503],
  [[-1000], 'unknown', 'An unknown error occured while processing the request.'],
  [[-1007], 'unknown', 'Timeout waiting for response from backend server.', 408],
  [[-1006], 'unknown'],
  [[-1001], 'try_again', 'Internal error; unable to process your request. Please try again.', 503],
  [[-1001], 'try_again', 'Internal error; unable to process your request. Please try again.'],
  [[-1001], 'unknown', 'Disconnected'],
  [[-1008], 'busy', 'Request throttled by system-level protection.', 503],
  [[-1003, -1015], 'busy'],
  [[-1003, -1015], 'busy', 'Too many requests', 429],
  [[-1003], 'banned', 'IP banned', 418],
  [[-1021, -5028], 'clock_off'],
  [[-1022], 'key_refused'],
  [[-2014, -2015], 'key_refused', 'API-key format invalid.', 401],
  [[-4116], 'accepted', 'ClientOrderId is duplicated.'],
  [[-2010], 'accepted', 'Duplicate order sent.'],
  [[-2010], 'unknown', 'NEW_ORDER_REJECTED'],
  [[-2011, -2013, -4117], 'unknown'],
  [[-2012, -4078, -4083, -4115], 'unknown', 'Fail to place batch orders.'],
  [[-1002, -1005, -1011, -1099, -1109, -2017], 'key_refused'],
  [[-1112, -2020], 'try_again'],
  [[-2024], 'account_differs'],
  [[-4509], 'not_held_yet'],
  [[-4402], 'restricted'],
  [[-1122, -4022], 'symbol_closed'],
  [[-2022, -4118], 'nothing_to_reduce'],
  [[-2021, -4142], 'would_fire'],
  [[-4130], 'stop_exists'],
  [[-2018, -2019, -2027, -2028], 'account_differs'],
  [[-2023, -4192, -4088, -4109], 'key_refused'],
  [[-4400, -4401, -4087], 'restricted'],
  [[-1111, -4014, -4023], 'off_grid'],
  [[-4003, -4004, -4005, -4015, -1102, -1106, -1116, -4061, -4120], 'rules_differ'],
  [[-1121, -4028, -4161], 'rules_differ'],
  [[-4016, -4024, -4131], 'price_band'],
  [[-4164], 'other'],
  [[-2025, -4045], 'order_limit'],
  [[-4140, -4141], 'symbol_closed'],
  [[-5021, -5022, -5041], 'try_again'],
  [[-4001, -4002, -4006, -4007, -4013], 'rules_differ'],
  [[-4183, -4184, -4210, -4211], 'price_band'],
  [[-5029], 'other', "Order's notional must be no smaller than 100"],
  [[-5024], 'symbol_closed'],
  [[-5025, -5026], 'other'],
  [[-5027], 'accepted', 'No need to modify the order.'],
  [[-5043], 'unknown', 'A pending modification already exists for this order.'],
  [[-4046, -4059, -4171], 'accepted'],
  [[-4531, -4067, -4068, -4047, -4048], 'other'],
];

test('every row of the playbook for codes has its class and cause', () => {
  const tested = new Set<number>();
  for (const [codes, expected, text, http] of BY_CODE) {
    for (const code of codes) {
      tested.add(code);
      check(classify(http ?? 400, code, text), expected, `${http ?? 400} ${code} ${text ?? ''}`);
    }
  }
  for (const code of CODE_ROWS.flatMap((row) => row.codes)) assert.ok(tested.has(code), `no case for ${code}`);
});

test('every row of the playbook for statuses without a code has its class', () => {
  const rows: readonly [status: number, message: string, expected: Expected][] = [
    [200, '', 'accepted'],
    [503, 'Unknown error, please check your request or try again later.', 'unknown'],
    [503, 'Service Unavailable.', 'busy'],
    [503, 'Service Unavailable', 'busy'],
    [503, '<html>Service Unavailable.</html>', 'unknown'],
    [500, '', 'unknown'],
    [502, '<html>', 'unknown'],
    [504, '', 'unknown'],
    [408, '', 'unknown'],
    [429, '', 'busy'],
    [418, '', 'banned'],
    [403, '<html>WAF</html>', 'shut_out'],
    [302, '', 'unknown'],
    [400, '', 'unknown'],
    [404, '', 'unknown'],
    [451, '', 'unknown'],
  ];
  for (const [status, message, expected] of rows)
    check(classify(status, null, message), expected, `${status} ${message}`);
  check(classify(503, 0, 'Unknown error, please check your request or try again later.'), 'unknown', 'code 0');
});

test('what never left is rejected, what left without an answer is unknown', () => {
  const rows: readonly [AnswerFacts['thrownKind'], Expected][] = [
    ['not_sent', 'away'],
    ['send_deadline', 'late'],
    ['local', 'rules_differ'],
    ['transport', 'unknown'],
  ];
  for (const [thrownKind, expected] of rows)
    check(classify(null, null, 'ECONNRESET', { thrownKind }), expected, thrownKind);
});

test('a gateway error and a success status outrank a code that contradicts them', () => {
  for (const status of [200, 201, 500, 502, 504]) check(classify(status, -2019), 'unknown', String(status));
});

test('Retry-After, code and text arrive in the rejection', () => {
  for (const status of [418, 429, 403]) {
    const silent = classify(status, null, ' ');
    assert.equal(silent.kind === 'rejected' && silent.rejection.message, `HTTP ${status} without a text`);
  }
  const judged = classify(429, -1003, 'Too many requests', { retryAfterMs: 7000 });
  assert.deepEqual(judged, {
    kind: 'rejected',
    rejection: { cause: 'busy', code: '-1003', message: 'Too many requests', retryAfterMs: 7000 },
  });
});

/** Families of refusals: [first, last, cause]. */
const FAMILIES: readonly (readonly [from: number, to: number, cause: Cause])[] = [
  [-1100, -1199, 'rules_differ'],
  [-2010, -2099, 'account_differs'],
  [-4000, -4999, 'rules_differ'],
];
const LISTED = new Set(CODE_ROWS.flatMap((row) => row.codes));
const isOfFamily = (code: number): boolean => FAMILIES.some(([from, to]) => code <= from && code >= to);

test('a code of a family of refusals that is listed nowhere is a refusal with HTTP 400, and unknown with anything else', () => {
  for (const [from, to, cause] of FAMILIES) {
    for (let code = from; code >= to; code -= 1) {
      if (LISTED.has(code)) continue;
      check(classify(400, code), cause, `400 ${code}`);
      for (const status of [200, 302, 401, 404, 408, 409, 451, 500, 502, 503, 504])
        assert.equal(classify(status, code).kind, 'unknown', `${status} ${code}`);
      for (const thrownKind of ['transport'] as const)
        assert.equal(classify(400, code, 'text', { thrownKind }).kind, 'unknown', `${thrownKind} ${code}`);
    }
    for (const beside of [from + 1, to - 1])
      if (!LISTED.has(beside)) assert.equal(classify(400, beside).kind, 'unknown', String(beside));
  }
});

test('a code that is listed nowhere and is of no family is unknown under every status but the blunt ones', () => {
  const unlisted = fc.integer({ min: -99_999, max: -1 }).filter((code) => !LISTED.has(code) && !isOfFamily(code));
  const status = fc.integer({ min: 300, max: 599 }).filter((value) => ![403, 418, 429].includes(value));
  forAll([status, unlisted, fc.string()], { seed: 5, numRuns: 500 }, (httpStatus, code, message) => {
    assert.equal(classify(httpStatus, code, message).kind, 'unknown');
  });
});

test('the documented variants of HTTP 503 are told apart', () => {
  const { variants } = readFixture<{ variants: { message: string; code?: number; execution: string }[] }>(
    'vectors/binance_http503.json',
  );
  assert.ok(variants.length > 0);
  for (const { message, code, execution } of variants) {
    const kind = execution === 'UNKNOWN' ? 'unknown' : 'rejected';
    assert.equal(classify(503, code ?? null, message).kind, kind, message);
  }
});
