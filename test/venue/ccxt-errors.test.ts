import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SubmitOutcome } from '../../daemon/engine/records/venue.ts';
import { classifySubmit } from '../../daemon/venue/wire/outcome.ts';
import { readFixture } from '../fixtures/recorded.ts';
import { answerJson, connectVenue, FakeExchange, order, SEND_WITHIN_MS } from './fake-exchange.ts';

interface Row {
  readonly http: number;
  readonly code: number | null;
  readonly msg: string;
}
const { rows } = readFixture<{ rows: readonly Row[] }>('vectors/ccxt_error_classes.json');

const fake = new FakeExchange();
before(() => fake.start());
after(() => fake.close());

function script(row: Row): void {
  const body = row.code === null ? row.msg : { code: row.code, msg: row.msg };
  fake.scripts.set('POST /fapi/v1/order', (_request, response) => answerJson(response, body, row.http));
}

test('through ccxt and the port each answer is classified as the table says', async () => {
  assert.ok(rows.length > 20);
  for (const row of rows) {
    // One that was banned would send nothing more.
    const venue = await connectVenue(fake.url);
    await venue.fetchRules(['BTCUSDT']);
    script(row);
    const outcome: SubmitOutcome = await venue.submit(order(), SEND_WITHIN_MS);
    const code = row.code === 200 ? null : row.code;
    const retryAfterMs =
      row.http === 418 ? 120_000 : row.http === 403 || (row.http === 429 && code !== -1015) ? 5_000 : null;
    const facts = { httpStatus: row.http, code, message: row.msg, thrownKind: 'none', retryAfterMs } as const;
    const expected = classifySubmit(facts);
    assert.equal(outcome.kind, expected.kind, `${row.http} ${row.code}`);
    if (outcome.kind === 'accepted') assert.equal(outcome.order, null, 'a duplicate tells nothing about the order');
    if (outcome.kind === 'rejected' && expected.kind === 'rejected') {
      // Some of what is waited for has passed.
      const waits = outcome.rejection.retryAfterMs;
      const reported = { ...outcome.rejection, retryAfterMs: waits === null ? null : Math.ceil(waits / 1_000) * 1_000 };
      assert.deepEqual(reported, expected.rejection, `${row.http} ${row.code}`);
    }
    await venue.close();
  }
});
