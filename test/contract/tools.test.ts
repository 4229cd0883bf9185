import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildBriefCatalogue } from '../../daemon/contract/catalogue/brief-catalogue.ts';
import {
  buildToolCatalogue,
  type OpenAiResponsesTool,
  type OpenAiTool,
} from '../../daemon/contract/catalogue/catalogue.ts';
import { checkIntercept } from '../../daemon/contract/commands.ts';
import type { Violation } from '../../daemon/contract/schema/ajv.ts';
import { MAX_TEXT_BYTES } from '../../daemon/contract/schema/fields.ts';
import { checkTradingCall, isTradingTool, TOOL_CHECKS, TOOL_SCHEMAS } from '../../daemon/contract/tools.ts';
import { TOOL_NAMES, TRADING_TOOLS } from '../../daemon/core/request.ts';
import { forAll } from '../for-all.ts';

const ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 100,
  requested_leverage: 2,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 'momentum-1',
} as const;
const LIMIT_ORDER = { ...ORDER, order_type: 'limit', limit_price: 60_000 } as const;

function violations(args: unknown): readonly Violation[] {
  const checked = TOOL_CHECKS.place_order(args);
  return checked.ok ? [] : checked.violations;
}
function paths(args: unknown): readonly string[] {
  return violations(args).map((violation) => violation.path);
}

test('SAE-REQ: a place_order with every optional field is accepted as it is', () => {
  const full = {
    ...LIMIT_ORDER,
    request_id: '01890c9e-7a30-7cc8-b5d6-2f1a1f8f0d2b',
    venue: 'paper',
    timestamp_ms: 1_760_054_400_000,
    valid_until_ms: 1_760_054_460_000,
    account: 'main',
    reduce_only: false,
    after_decision_id: 'dec_1',
    rationale: 'breakout',
    meta: { skill: { name: 'trend', version: '1.0', sha256: 'a'.repeat(64) } },
  };
  const copy = structuredClone(full);
  assert.deepEqual(TOOL_CHECKS.place_order(full), { ok: true, value: copy });
});

test('BY-04: a notional must be a finite number from 0.01 to 1e9 USDT', () => {
  for (const good of [0.01, 100, 1e9]) assert.deepEqual(paths({ ...ORDER, requested_notional: good }), []);
  const bad = [
    -1,
    0,
    -0,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e308,
    1e-12,
    0.0099,
    1e9 + 1,
    '100',
    { value: 1 },
    [1],
  ];
  for (const value of bad) assert.deepEqual(paths({ ...ORDER, requested_notional: value }), ['requested_notional']);
});

test('a quantity is a finite number from 1e-8 to 1e9 of the base asset', () => {
  const of = (quantity: unknown) => paths({ ...ORDER, requested_notional: undefined, quantity });
  for (const good of [1e-8, 0.001, 3, 1e9]) assert.deepEqual(of(good), []);
  for (const bad of [-1, 0, 1e-9, 1e9 + 1, Number.NaN, Number.POSITIVE_INFINITY, '0.001', true, [1]])
    assert.deepEqual(of(bad), ['quantity'], String(bad));
});

test('exactly one size is given: neither and both are answered with the names of the two [TF-63]', () => {
  const { requested_notional: usdt, ...sizeless } = ORDER;
  const said = ['needs exactly one of requested_notional (USDT) and quantity (base asset)'];
  const messages = (args: object) => violations(args).map(({ message }) => message);
  for (const none of [
    {},
    { quantity: null },
    { requested_notional: null },
    { quantity: null, requested_notional: null },
  ])
    assert.deepEqual(messages({ ...sizeless, ...none }), said);
  assert.deepEqual(messages({ ...ORDER, quantity: 0.001 }), said);
  for (const one of [
    { requested_notional: usdt, quantity: null },
    { quantity: 0.001, requested_notional: null },
  ])
    assert.deepEqual(messages({ ...sizeless, ...one }), []);
});

test('BY-04: leverage is a whole number from 1 to 125 [TF-32]', () => {
  for (const good of [1, 125]) assert.deepEqual(paths({ ...ORDER, requested_leverage: good }), []);
  for (const bad of [0, -1, 126, 1.5, '2', null, Number.NaN]) {
    assert.deepEqual(paths({ ...ORDER, requested_leverage: bad }), ['requested_leverage']);
  }
});

test('a strategy has any name of 1 to 64 printable ASCII characters, spaces included', () => {
  const close = (strategy: unknown) => TOOL_CHECKS.close_position({ symbol: 'BTCUSDT', strategy_id: strategy }).ok;
  for (const good of ['m', 'mean reversion (v2)', ' ', '"quoted" <b>', '~'.repeat(64)]) {
    assert.deepEqual(paths({ ...ORDER, strategy_id: good }), [], good);
    assert.ok(close(good), good);
  }
  for (const bad of ['', 'a'.repeat(65), 'tab\t', 'line\n', 'é', '\u001b[2J', 7, null]) {
    assert.deepEqual(paths({ ...ORDER, strategy_id: bad }), ['strategy_id']);
    assert.equal(close(bad), bad === null, 'optional there, and null counts as absent');
  }
});

test('intercept takes any tool name of 1 to 128 printable characters [TF-44]', () => {
  const isTaken = (tool: unknown): boolean => checkIntercept({ tool, args: {} }).ok;
  for (const good of ['shell exec/1', 'x', '读取文件', 'a.b:c-d@e', '🙂'.repeat(128), ' '])
    assert.ok(isTaken(good), String(good));
  for (const bad of ['', 'a'.repeat(129), 'a\n', '\u0000', '\u202eexe', 'zero\u200bwidth', '\u2028', '\ud83d', 5, null])
    assert.ok(!isTaken(bad), JSON.stringify(bad));
});

test('slippage is 0 to 10000 basis points and a price above 0 up to 1e9', () => {
  for (const good of [0, 10_000]) assert.deepEqual(paths({ ...ORDER, max_slippage_bps: good }), []);
  for (const bad of [-0.1, 10_001, null])
    assert.deepEqual(paths({ ...ORDER, max_slippage_bps: bad }), ['max_slippage_bps']);
  for (const good of [0.00000001, 1e9]) assert.deepEqual(paths({ ...LIMIT_ORDER, limit_price: good }), []);
  for (const bad of [0, -5, 1e-12, 1e9 + 1, '60000', null]) {
    assert.deepEqual(paths({ ...LIMIT_ORDER, limit_price: bad }), ['limit_price']);
  }
});

test('BY-01: a limit order needs a price and a market order refuses one, and both say so [TD-37 TF-34]', () => {
  const missing = violations({ ...ORDER, order_type: 'limit' });
  assert.deepEqual(missing, [{ path: 'limit_price', message: 'is missing', allowed: 'a number, 1e-8 to 1000000000' }]);
  const refused = violations({ ...ORDER, limit_price: 5 });
  assert.equal(refused.length, 1);
  assert.equal(refused[0]?.path, 'limit_price');
  assert.match(refused[0]?.message ?? '', /refused for order_type market/);
  assert.deepEqual(paths({ ...ORDER, order_type: 'stop', limit_price: 5 }), ['order_type']);
});

test('BY-03, BY-05, BY-06: a size has two names and no others, and no field passes through to the exchange [TD-6]', () => {
  const keys = 'amount qty size notional max_slipage_bps params positionSide closePosition quoteOrderQty stopPrice';
  for (const key of [...keys.split(' '), 'constructor', 'toString']) {
    assert.deepEqual(paths({ ...ORDER, [key]: 1 }), [key]);
  }
  assert.match(violations({ ...ORDER, max_slipage_bps: 1 })[0]?.message ?? '', /did you mean "max_slippage_bps"/);
  assert.deepEqual(paths({ ...ORDER, meta: { skill: { provenance: 1 } } }), ['meta.skill.provenance']);
});

test('a symbol in the spelling of other programs is answered with the right one', () => {
  const messageOf = (symbol: string) => {
    const checked = TOOL_CHECKS.place_order({ ...ORDER, symbol });
    return checked.ok ? null : checked.violations.map(({ path, message }) => `${path}: ${message}`);
  };
  for (const symbol of ['BTC/USDT', 'BTC-USDT', 'BTC_USDT', 'btcusdt', 'btc/usdt', 'BTC/USDT:USDT', ' BTCUSDT'])
    assert.deepEqual(messageOf(symbol), ['symbol: write BTCUSDT'], symbol);
  for (const symbol of ['', 'B', '₿TC', 'BTC$', 'A'.repeat(30)])
    assert.deepEqual(messageOf(symbol), ['symbol: is not written as it must be'], symbol);
  const checked = TOOL_CHECKS.place_order({ ...ORDER, symbol: '₿' });
  assert.equal(
    checked.ok ? null : checked.violations[0]?.allowed,
    'a symbol as the exchange writes it, such as BTCUSDT',
  );
});

test('BY-21: a symbol has one spelling [TF-29]', () => {
  const bad = [
    'btcusdt',
    'BTC/USDT:USDT',
    'BTCUSDT ',
    ' BTCUSDT',
    'BTC\u200bUSDT',
    'ВТСUSDT',
    'BTCUSDT\n',
    '',
    'B',
    'A'.repeat(21),
    7,
  ];
  for (const symbol of bad) assert.deepEqual(paths({ ...ORDER, symbol }), ['symbol']);
  for (const symbol of ['BTCUSDT', '1000PEPEUSDT', 'XX']) assert.deepEqual(paths({ ...ORDER, symbol }), []);
});

test('a rationale is counted in bytes of UTF-8 [TF-12]', () => {
  for (const [letter, bytes] of [
    ['a', 1],
    ['é', 2],
    ['€', 3],
    ['😀', 4],
  ] as const) {
    const most = Math.floor(MAX_TEXT_BYTES / bytes);
    assert.deepEqual(paths({ ...ORDER, rationale: letter.repeat(most) }), []);
    assert.equal(paths({ ...ORDER, rationale: letter.repeat(most + 1) })[0], 'rationale');
  }
});

test('every violation is listed at once, each with its field', () => {
  const found = paths({
    ...ORDER,
    symbol: 'btc',
    side: 'long',
    requested_leverage: 0,
    extra: true,
    strategy_id: undefined,
  });
  assert.deepEqual([...found].sort(), ['extra', 'requested_leverage', 'side', 'strategy_id', 'symbol']);
  assert.equal(paths({}).length, 8);
});

test('arguments that are not an object are refused by every tool', () => {
  for (const tool of TOOL_NAMES) {
    for (const value of [null, undefined, 1, 'x', [], true]) assert.equal(TOOL_CHECKS[tool](value).ok, false, tool);
  }
});

test('close_position takes a fraction above 0 up to 1 [TF-38]', () => {
  for (const fraction of [0.000001, 0.5, 1]) {
    assert.equal(TOOL_CHECKS.close_position({ symbol: 'BTCUSDT', fraction }).ok, true);
  }
  for (const fraction of [0, -0, -1, 1.01, 1e-12, '1', [1]]) {
    assert.equal(TOOL_CHECKS.close_position({ symbol: 'BTCUSDT', fraction }).ok, false);
  }
  assert.equal(TOOL_CHECKS.close_position({}).ok, false);
});

test('BY-07: modify_order changes price or size and nothing else', () => {
  const check = (args: object) => TOOL_CHECKS.modify_order({ client_order_id: 'hf1', ...args });
  assert.equal(check({ limit_price: 1 }).ok, true);
  assert.equal(check({ requested_notional: 1 }).ok, true);
  for (const more of [{ side: 'sell' }, { requested_leverage: 3 }, { reduce_only: false }]) {
    assert.equal(check({ limit_price: 1, ...more }).ok, false);
  }
  const nothing = check({});
  assert.ok(!nothing.ok);
  assert.deepEqual(
    nothing.violations.map((each) => each.message),
    ['changes nothing: give limit_price, requested_notional, or both'],
  );
});

test('page sizes run from 1 to 5000 [TF-45]', () => {
  for (const limit of [1, 5000]) assert.equal(TOOL_CHECKS.get_orders({ limit }).ok, true);
  for (const limit of [0, 5001, 1.5, '5', [5]]) assert.equal(TOOL_CHECKS.get_orders({ limit }).ok, false);
});

test('checkTradingCall pairs the arguments with their tool', () => {
  const checked = checkTradingCall('cancel_order', { client_order_id: 'hf1' });
  assert.deepEqual(checked, { ok: true, call: { tool: 'cancel_order', args: { client_order_id: 'hf1' } } });
  for (const tool of TRADING_TOOLS) assert.equal(checkTradingCall(tool, { surprise: 1 }).ok, false);
});

test('a check never throws and never changes what it is given', () => {
  forAll(
    [fc.constantFrom(...TOOL_NAMES), fc.object({ key: fc.constantFrom(...Object.keys(ORDER), 'x') })],
    { seed: 7, numRuns: 300 },
    (tool, args) => {
      const before = structuredClone(args);
      TOOL_CHECKS[tool](args);
      assert.deepEqual(args, before);
    },
  );
});

test('every property of every tool has a description', () => {
  for (const tool of TOOL_NAMES) {
    const { properties } = TOOL_SCHEMAS[tool] as { properties: Record<string, { description?: string }> };
    for (const [name, schema] of Object.entries(properties)) assert.ok(schema.description, `${tool}.${name}`);
  }
});

test('the catalogue lists every tool in each format, with what LIMIT and BLOCK mean', () => {
  const name = (tool: object) =>
    'function' in tool ? (tool.function as { name: string }).name : (tool as { name: string }).name;
  for (const format of ['plain', 'openai', 'anthropic', 'mcp'] as const) {
    const tools = buildToolCatalogue(format);
    assert.deepEqual(tools.map(name), [...TOOL_NAMES]);
    assert.match(JSON.stringify(tools[0]), /LIMIT \(a smaller or safer order was sent instead/);
    assert.doesNotMatch(JSON.stringify(tools), /x-max-bytes|~kind/);
  }
});

test('every trading tool says where its orders go and whether the money is real, and no reading tool does [TD-24]', () => {
  for (const [venue, money] of [
    ['paper', 'simulated money'],
    ['binance-demo', 'demo money'],
    ['binance-live', 'REAL money'],
  ] as const)
    for (const { description, name } of [
      ...buildToolCatalogue('mcp', { venue }),
      ...buildBriefCatalogue({ venue }),
    ] as { description: string; name: string }[])
      assert.equal(description.endsWith(` Venue: ${venue}, ${money}.`), isTradingTool(name), `${name} on ${venue}`);
});

test('openai and anthropic schemas have no combination at the top level, mcp keeps the whole contract', () => {
  for (const format of ['openai', 'anthropic'] as const) {
    for (const tool of buildToolCatalogue(format)) {
      const schema = (
        'function' in tool ? tool.function.parameters : 'input_schema' in tool ? tool.input_schema : {}
      ) as object;
      for (const key of ['if', 'then', 'else', 'anyOf', 'allOf', 'oneOf', 'not', 'enum'])
        assert.ok(!(key in schema), key);
      assert.equal((schema as { additionalProperties: unknown }).additionalProperties, false);
    }
  }
  const [placeOrder] = buildToolCatalogue('mcp');
  assert.ok(placeOrder !== undefined && 'inputSchema' in placeOrder);
  assert.ok('if' in placeOrder.inputSchema);
  assert.deepEqual(placeOrder.annotations.readOnlyHint, false);
});

test("the operator's schema stands in the catalogue beside the contract's, and tools can be left out [PK-70]", () => {
  const args = {
    type: 'object',
    properties: { order_type: { enum: ['limit'] }, unknown: {} },
    required: ['request_id'],
  };
  const options = { policyTools: { place_order: { args } }, isListed: (tool: string) => tool === 'place_order' };
  const [plain, ...others] = buildToolCatalogue('plain', options);
  assert.deepEqual(others, []);
  assert.ok(plain !== undefined && 'input_schema' in plain);
  assert.deepEqual(plain.input_schema.allOf, [args]);
  const [flat] = buildToolCatalogue('anthropic', options);
  assert.ok(flat !== undefined && 'input_schema' in flat);
  const schema = flat.input_schema as { properties: Record<string, { allOf?: unknown }>; required: readonly string[] };
  assert.deepEqual(schema.properties.order_type?.allOf, [{ enum: ['limit'] }]);
  assert.ok(!('unknown' in schema.properties));
  assert.ok(schema.required.includes('request_id') && schema.required.includes('symbol'));
});

test('an optional field given as null counts as absent, in every tool; a required or unknown one does not', () => {
  for (const tool of TOOL_NAMES) {
    const { properties, required = [] } = TOOL_SCHEMAS[tool] as unknown as {
      properties: Record<string, unknown>;
      required?: readonly string[];
    };
    const nulls = Object.fromEntries(Object.keys(properties).map((name) => [name, null]));
    const checked = TOOL_CHECKS[tool](nulls);
    const named = checked.ok ? [] : checked.violations.map(({ path }) => path);
    assert.deepEqual(named.filter((path) => path !== '').sort(), [...required].sort(), tool);
    assert.equal(TOOL_CHECKS[tool]({ ...nulls, invented: null }).ok, false, tool);
  }
  const bare = { ...LIMIT_ORDER, meta: {} };
  const asked = { ...bare, meta: { skill: null }, request_id: null, rationale: null, valid_until_ms: null };
  const before = structuredClone(asked);
  assert.deepEqual(TOOL_CHECKS.place_order(asked), { ok: true, value: bare });
  assert.deepEqual(asked, before, 'what the caller sent is left as it is');
  assert.deepEqual(paths({ ...LIMIT_ORDER, limit_price: null }), ['limit_price'], 'a limit order needs its price');
  assert.deepEqual(paths({ ...ORDER, limit_price: null }), []);
  assert.equal(TOOL_CHECKS.modify_order({ client_order_id: 'hfabcdef1-1-0-0', limit_price: null }).ok, false);
  assert.deepEqual(checkIntercept({ tool: 'exec', args: { cmd: null }, meta: null }), {
    ok: true,
    value: { tool: 'exec', args: { cmd: null } },
  });
});

test('strict forms require every property, let what is optional be null, and use no keyword that strict mode refuses', () => {
  const refused = /"(?:allOf|oneOf|not|if|then|else|minLength|maxLength|x-max-bytes|minProperties)":/;
  const [chat] = buildToolCatalogue('openai_strict') as readonly OpenAiTool[];
  assert.equal(chat?.function.strict, true);
  for (const tool of buildToolCatalogue('openai_responses') as readonly OpenAiResponsesTool[]) {
    assert.deepEqual([tool.type, tool.strict], ['function', true]);
    assert.doesNotMatch(JSON.stringify(tool.parameters), refused, tool.name);
    const visit = (schema: { readonly [key: string]: unknown }): void => {
      for (const each of (schema.anyOf ?? []) as (typeof schema)[]) visit(each);
      if (schema.type !== 'object') return;
      const properties = schema.properties as { readonly [name: string]: typeof schema };
      assert.deepEqual(schema.required, Object.keys(properties), tool.name);
      assert.equal(schema.additionalProperties, false, tool.name);
      for (const property of Object.values(properties)) visit(property);
    };
    visit(tool.parameters);
    const contract = TOOL_SCHEMAS[tool.name] as { readonly required?: readonly string[] };
    for (const [name, property] of Object.entries(
      tool.parameters.properties as Record<string, { anyOf?: unknown[] }>,
    )) {
      const mayBeNull = JSON.stringify(property.anyOf ?? []).endsWith('{"type":"null"}]');
      assert.equal(mayBeNull, !(contract.required ?? []).includes(name), `${tool.name}.${name}`);
    }
  }
});
