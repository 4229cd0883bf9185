import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { before, describe, it } from 'node:test';
import { createParser } from 'eventsource-parser';
import type { DecisionBody } from '../../daemon/engine/records/decisions.ts';
import { type DaemonWorld, order, type ToolBody, until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

describe('a decision is told later as it was answered, though its record leaves most of it out', () => {
  const world = suiteWorld({ real: true });
  const answers: DecisionBody[] = [];
  const asks = [
    ['place_order', order({ request_id: 'told-1', rationale: 'a reason' })],
    ['place_order', order({ requested_notional: 5_000, request_id: 'told-2' })],
    ['place_order', order({ symbol: 'DOGEUSDT', request_id: 'told-3' })],
    ['close_position', { symbol: 'BTCUSDT', fraction: 0.5, request_id: 'told-4' }],
  ] as const;
  before(async () => {
    for (const [tool, args] of asks) {
      answers.push((await world.tool(tool, args)).body.decision);
      await world.advance(15_000);
    }
    answers.push((await world.dryRun('place_order', order())).body.decision);
    answers.push((await world.intercept('place_order', order())).body.decision);
    answers.push((await world.intercept('shell', { command: 'ls' })).body.decision);
    const verdicts = answers.map(({ decision }) => decision);
    assert.ok(
      ['ALLOW', 'LIMIT', 'BLOCK'].every((verdict) => verdicts.includes(verdict as 'ALLOW')),
      verdicts.join(),
    );
  });

  it('by its id, and in the list', async () => {
    for (const answer of answers) {
      const { body } = await world.operator<ToolBody>('GET', `/v1/decisions/${answer.decision_id}`);
      assert.deepEqual(body.decision, answer);
    }
    const { body } = await world.operator<{ decisions: DecisionBody[] }>('GET', '/v1/decisions?limit=100');
    for (const answer of answers)
      assert.deepEqual(
        body.decisions.find(({ decision_id: id }) => id === answer.decision_id),
        answer,
      );
  });

  it('to its request id', async () => {
    for (const [i, [tool, args]] of asks.entries())
      assert.deepEqual((await world.tool(tool, args)).body.decision, answers[i]);
  });

  it('by the stream of events', async () => {
    const reported = await readStream(world, answers.at(-1)?.seq ?? 0);
    for (const answer of answers) assert.deepEqual(reported.get(answer.seq), answer);
  });

  it('by the stream for screens, as far as a list shows it, from memory and from the ledger', async () => {
    const live = await openBrief(world);
    for (const [index, symbol] of ['ETHUSDT', 'DOGEUSDT', 'BTCUSDT'].entries())
      answers.push((await world.place({ symbol, request_id: `seen-${index}` })).body.decision);
    const last = answers.at(-1)?.seq ?? 0;
    const resumed = await openBrief(world, String(last - 1));
    const listed = await live.until(last);
    const read = await resumed.until(last);
    for (const answer of answers.slice(-3)) {
      const row = listed.get(answer.seq) as DecisionBody;
      assert.ok(Object.keys(row).includes('bound_by') && !Object.keys(row).includes('verdicts'));
      for (const [name, value] of Object.entries(row))
        assert.deepEqual(value, (answer as unknown as Record<string, unknown>)[name], name);
    }
    assert.deepEqual(read.get(last), listed.get(last));
  });

  it('after a restart', async () => {
    await world.restart();
    for (const answer of answers) {
      const { body } = await world.operator<ToolBody>('GET', `/v1/decisions/${answer.decision_id}`);
      assert.deepEqual(body.decision, answer);
    }
  });

  it('and a permitted market order with all its records takes less than 4,000 bytes of the ledger', async () => {
    const [first, second] = answers;
    const later = [...world.daemon.ledger.iterateEvents({ fromSeq: first?.seq ?? 0 })];
    const before = later.filter(({ seq }) => seq < (second?.seq ?? 0));
    // The account is read after a fill, and goes on being read while time passes.
    const reading = before.find(({ kind }) => kind === 'account');
    const caused = new Set(['decision', 'leverage', 'order', 'trade']);
    const records = before.filter((record) => caused.has(record.kind) || record === reading);
    assert.ok(records.length >= 3, 'decision, order and trade');
    // Beside its payload a record has two hashes, numbers, a kind, and its row in the look-ups.
    const bytes = records.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 190, 0);
    assert.ok(
      bytes < 4_000,
      `${bytes} bytes in ${records.map(({ kind, text }) => `${kind} ${text.length}`).join(', ')}`,
    );
  });
});

/** A stream for screens; `until`: what it has told of decisions up to a record. */
async function openBrief(world: DaemonWorld, lastEventId?: string) {
  const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const headers = { authorization: `Bearer ${world.token('operator')}`, ...resume };
  const reported = new Map<number, unknown>();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${world.daemon.url}/v1/events?view=brief`, { headers }, resolve).on('error', reject);
  });
  const parser = createParser({
    onEvent: ({ data, event }) => {
      const { seq, payload } = JSON.parse(data) as { seq: number; payload: { decision: unknown } };
      if (event === 'decision') reported.set(seq, payload.decision);
    },
  });
  response.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
  return {
    until: async (seq: number): Promise<ReadonlyMap<number, unknown>> => {
      await until('the decision is told', () => reported.has(seq));
      response.destroy();
      return reported;
    },
  };
}

/** Decisions by the number of their record, from the first record to `lastSeq`. */
function readStream(world: DaemonWorld, lastSeq: number): Promise<ReadonlyMap<number, DecisionBody>> {
  const headers = { authorization: `Bearer ${world.token('operator')}`, 'last-event-id': '0' };
  return new Promise((resolve, reject) => {
    const request = get(`${world.daemon.url}/v1/events`, { headers }, (response) => {
      const reported = new Map<number, DecisionBody>();
      const parser = createParser({
        onEvent: ({ event, data }) => {
          const { seq, payload } = JSON.parse(data) as { seq: number; payload: { decision: DecisionBody } };
          if (event === 'decision') reported.set(seq, payload.decision);
          if (seq < lastSeq) return;
          resolve(reported);
          request.destroy();
        },
      });
      response.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
    });
    request.on('error', reject);
  });
}
