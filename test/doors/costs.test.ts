import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { DaemonWorld } from '../daemon/harness.ts';

const ORDER = { symbol: 'ETHUSDT', side: 'buy', order_type: 'market', strategy_id: 'costs', request_id: 'costs-1' };
const SMALL = { ...ORDER, intent: 'open', requested_notional: 302, requested_leverage: 1, max_slippage_bps: 10 };
const LARGE = { ...SMALL, requested_notional: 50_000, requested_leverage: 20, max_slippage_bps: 500 };

/** What the table calls it, and the calls; the last answer is counted. */
const CASES: readonly (readonly [name: string, tool: string, args: object])[] = [
  ['`get_account`', 'get_account', {}],
  ['`get_market`, two symbols', 'get_market', {}],
  ['`get_candles`, thirty', 'get_candles', { symbol: 'BTCUSDT' }],
  ['`get_order_book`', 'get_order_book', { symbol: 'BTCUSDT' }],
  ['`get_limits`, two symbols', 'get_limits', {}],
  ['`place_order`, ALLOW', 'place_order', SMALL],
  ['`place_order`, LIMIT by ten budgets', 'place_order', { ...LARGE, request_id: 'costs-2' }],
  ['`place_order`, BLOCK', 'place_order', { ...LARGE, side: 'sell', request_id: 'costs-3' }],
  ['`get_positions`, one', 'get_positions', {}],
  ['`get_orders`, two', 'get_orders', {}],
  ['`close_position`', 'close_position', { symbol: 'ETHUSDT', request_id: 'costs-4' }],
  ['`cancel_all`, nothing there', 'cancel_all', {}],
  ['a symbol misspelt', 'get_limits', { symbol: 'BTC/USDT' }],
];

/** docs/agents.md: `| answer | tokens at most |`. */
function readTable(): ReadonlyMap<string, number> {
  const text = readFileSync(new URL('../../docs/agents.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| (.+?) \| (\d+) \|$/gm)];
  return new Map(rows.map(([, name = '', most]) => [name, Number(most)]));
}

describe('tokens of brief answers', () => {
  let world: DaemonWorld;
  before(async () => {
    world = await DaemonWorld.start({ real: true });
  });
  after(() => world?.close());

  it('are those of the table in docs/agents.md: none costs more, and none much less', async () => {
    const table = readTable();
    assert.deepEqual(
      [...table.keys()],
      CASES.map(([name]) => name),
    );
    const wrong: string[] = [];
    for (const [name, tool, args] of CASES) {
      const { body } = await world.call('POST', `/v1/tools/${tool}?view=brief`, args);
      const tokens = encode(JSON.stringify(body)).length;
      const most = table.get(name) ?? 0;
      if (tokens > most || tokens < most * 0.6) wrong.push(`${name}: ${tokens} tokens, the table says ${most}`);
    }
    assert.deepEqual(wrong, []);
  });
});
