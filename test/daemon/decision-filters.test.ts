import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { suiteWorld } from './suite-world.ts';

interface Page {
  readonly decisions: readonly {
    readonly decision_id: string;
    readonly agent: string;
    readonly symbol: string;
    readonly decision: string;
    readonly at_ms: number;
  }[];
  readonly next: string | null;
}

describe('GET /v1/decisions with filters', () => {
  const world = suiteWorld();
  let all: Page['decisions'] = [];
  before(async () => {
    await world.place({ requested_notional: 200 });
    await world.place({ requested_notional: 9000 });
    await world.place({ symbol: 'DOGEUSDT' });
    await world.place({ symbol: 'ETHUSDT', requested_notional: 100 });
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'ETHUSDT' });
    all = (await read('')).decisions;
  });

  async function read(query: string): Promise<Page> {
    const { status, body } = await world.operator<Page>('GET', `/v1/decisions?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  }

  test('each names what it asks for, and all that has it', async () => {
    assert.ok(all.length >= 5);
    for (const [query, isMeant] of [
      ['outcome=ALLOW', (each) => each.decision === 'ALLOW'],
      ['outcome=LIMIT', (each) => each.decision === 'LIMIT'],
      ['outcome=BLOCK', (each) => each.decision === 'BLOCK'],
      ['symbol=BTCUSDT', (each) => each.symbol === 'BTCUSDT'],
      ['symbol=ETHUSDT&outcome=ALLOW', (each) => each.symbol === 'ETHUSDT' && each.decision === 'ALLOW'],
      ['agent=agent', (each) => each.agent === 'agent'],
      ['agent=operator', (each) => each.agent === 'operator'],
      ['agent=nobody', () => false],
      [`since=${new Date(all[1]?.at_ms ?? 0).toISOString()}`, (each) => each.at_ms >= (all[1]?.at_ms ?? 0)],
      ['since=24h', () => true],
      ['since=2099-01-01', () => false],
    ] as readonly (readonly [string, (each: Page['decisions'][number]) => boolean])[]) {
      const expected = all.filter(isMeant).map((each) => each.decision_id);
      if (query !== 'agent=nobody' && !query.includes('2099')) assert.ok(expected.length > 0, query);
      const { decisions, next } = await read(query);
      assert.deepEqual(
        decisions.map((each) => each.decision_id),
        expected,
        query,
      );
      assert.equal(next, null, query);
    }
  });

  test('pages of one, put together, are the whole', async () => {
    const expected = (await read('symbol=BTCUSDT')).decisions.map((each) => each.decision_id);
    assert.ok(expected.length >= 2);
    const found: string[] = [];
    let cursor: string | null = '';
    for (let page = 0; page < 20 && cursor !== null; page += 1) {
      const { decisions, next }: Page = await read(`symbol=BTCUSDT&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
      assert.ok(decisions.length <= 1);
      found.push(...decisions.map((each) => each.decision_id));
      cursor = next;
    }
    assert.equal(cursor, null);
    assert.deepEqual(found, expected);
  });

  test("an agent's filter shows nobody else's", async () => {
    const { body } = await world.call<Page>('GET', '/v1/decisions?agent=operator');
    assert.deepEqual(body, { decisions: [], next: null });
    const own = await world.call<Page>('GET', '/v1/decisions?agent=agent');
    assert.ok(own.body.decisions.length > 0);
    assert.ok(own.body.decisions.every((each) => each.agent === 'agent'));
  });

  test('what is no filter is refused, with what is legal', async () => {
    for (const query of ['since=yesterday', 'since=2025-13-40', 'outcome=allow', 'symbol=btc', 'colour=red']) {
      const { status, body } = await world.operator<{ error: { code: string } }>('GET', `/v1/decisions?${query}`);
      assert.deepEqual([status, body.error.code], [400, 'INVALID_INPUT'], query);
    }
  });
});
