import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Cause } from '../../../daemon/engine/tables/cause.ts';
import { classifySubmit } from '../../../daemon/venue/wire/outcome.ts';
import { PumpModel } from './pump-model.ts';

/** What a refusal that goes on makes of an exit: it ends with the first one, or with the eighth, or waits. */
type Course = 'once' | 'eight' | 'waits';
const PASSES = 40;

/** How an exit of four lots of ten goes on whose every order meets the same. */
function courseOf(meet: (model: PumpModel) => void): Course {
  const model = new PumpModel();
  model.hold(10);
  model.exit('x-1', 4, { delayMs: 1, isWhole: false });
  let sent = 0;
  for (let pass = 0; pass < PASSES; pass += 1) {
    if (model.pass().length === 0) continue;
    sent += 1;
    meet(model);
  }
  const { end } = model.find('x-1');
  if (end === null) {
    assert.ok(sent >= PASSES / 2, `it is tried again and again, and was ${sent} times`);
    return 'waits';
  }
  assert.equal(end.reason, 'rejected');
  assert.equal(model.alerts.length, 1, model.alerts.join('; '));
  assert.ok(sent === 1 || sent === 8, `ended after ${sent}`);
  return sent === 1 ? 'once' : 'eight';
}
const refusedFor = (cause: Cause): Course => courseOf((model) => model.refuse('x-1', cause));

/** The playbook for what an exchange answers, by status and code. */
const ANSWERS: readonly (readonly [
  course: Course,
  status: number,
  codes: readonly (number | null)[],
  text?: string,
])[] = [
  ['waits', 400, [-1003, -1015, -1021, -5028, -1111, -4014, -4023, -2025, -4045]],
  ['waits', 503, [-1008]],
  ['waits', 503, [null], 'Service Unavailable.'],
  ['waits', 429, [null, -1003, -1015]],
  ['waits', 418, [null]],
  ['waits', 403, [null]],
  ['eight', 503, [-1001], 'Internal error; unable to process your request. Please try again.'],
  ['eight', 400, [-2022, -4118, -2018, -2019, -2027, -2028, -2024]],
  ['eight', 400, [-1022, -2014, -2015, -2023, -4400, -4401, -4087, -4192, -4088, -4109]],
  ['eight', 400, [-4003, -4004, -4005, -4015, -1102, -1106, -1116, -4061, -4120]],
  ['eight', 400, [-4016, -4024, -4131, -4140, -4141, -5021, -5022, -5041]],
  ['once', 400, [-2021, -4142, -4164]],
];

describe('where each refusal of the exchange leads an exit', () => {
  for (const [course, httpStatus, codes, message = 'text'] of ANSWERS)
    for (const code of codes)
      test(`HTTP ${httpStatus}${code === null ? '' : `, ${code}`}: ${course} [EX-44 EX-45]`, () => {
        const answered = classifySubmit({ httpStatus, code, message, thrownKind: 'none' });
        assert.equal(answered.kind, 'rejected');
        if (answered.kind === 'rejected') assert.equal(refusedFor(answered.rejection.cause), course);
      });

  test('not a byte left: it waits [EX-45]', () => {
    const answered = classifySubmit({ httpStatus: null, code: null, message: 'refused', thrownKind: 'not_sent' });
    assert.ok(answered.kind === 'rejected' && refusedFor(answered.rejection.cause) === 'waits');
  });
});

test('orders that never arrived are no refusals: an exit goes on, however many are lost [EX-44 EX-45]', () => {
  const lost = (model: PumpModel): void => {
    model.answer('x-1', 'unknown', 0);
    model.answer('x-1', 'not_placed', 0);
  };
  assert.equal(courseOf(lost), 'waits');
});
