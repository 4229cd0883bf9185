import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { stringify } from 'yaml';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { DEFAULT_POLICY, parseChanged, readText, violationsOf } from './documents.ts';

const TEXT = readText('policies/default.yaml');
function refusal(text: string): string {
  const parsed = parsePolicy(text, 'p.yaml');
  assert.equal(parsed.ok, false, 'expected a refusal');
  return parsed.ok ? '' : parsed.violations.map((each) => `${each.path}: ${each.message}`).join('\n');
}

describe('parsePolicy', () => {
  for (const file of ['policies/default.yaml', 'policies/strict.yaml']) {
    it(`accepts ${file} without a warning`, () => {
      const parsed = parsePolicy(readText(file), file);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      assert.deepEqual(parsed.warnings, []);
      assert.equal(parsed.policy.text, readText(file));
    });
  }

  it('hashes the canonical JSON of the document as written: layout, comments and key order do not matter', () => {
    const parsed = parsePolicy(TEXT, 'p.yaml');
    assert.ok(parsed.ok);
    assert.equal(parsed.policy.hash, createHash('sha256').update(canonicalJson(DEFAULT_POLICY)).digest('hex'));
    const reordered = Object.fromEntries(Object.entries(DEFAULT_POLICY).reverse());
    for (const text of [
      JSON.stringify(reordered),
      JSON.stringify(DEFAULT_POLICY, null, '\t'),
      stringify(DEFAULT_POLICY),
      `\uFEFF${TEXT}`,
      TEXT.replaceAll('\n', '\r\n'),
    ]) {
      const again = parsePolicy(text, 'p.json');
      assert.ok(again.ok, JSON.stringify(again));
      assert.equal(again.policy.hash, parsed.policy.hash);
    }
    const other = parseChanged({ 'market.regimes.volatile.leverage': '4/6' });
    assert.ok(other.ok);
    assert.notEqual(other.policy.hash, parsed.policy.hash);
  });

  it('lists everything that is wrong at once, shape and meaning', () => {
    const found = violationsOf({
      'budgets.leverage': 0,
      'budgets.bypass': true,
      mode: 'off',
      'account.drawdown.tiers': [
        { at: 0.1, multiplier: 0.5 },
        { at: 0.05, multiplier: 0.5 },
      ],
      'market.regimes.extreme.slices': 9,
      'exits.ladder_bps': [20, 20],
      'scope.actions': ['open', 'modify'],
    });
    assert.deepEqual(found, [
      'mode: is not an allowed value',
      'budgets.bypass: unknown key "bypass"',
      'budgets.leverage: must be at least 1',
      'scope.actions: allows open without close and cancel: a position could not be left',
      'market.regimes.extreme.slices: more slices than the order rate of this regime allows (8 in 60000 ms)',
      'account.drawdown.tiers[1].at: tiers must rise',
      'exits.ladder_bps[1]: rungs must rise',
    ]);
  });

  for (const [title, text, expected] of [
    ['an empty file', '', /the file is empty/],
    ['a file of comments', '# nothing\n', /is empty/],
    ['a list', '- 1\n', /is a list/],
    ['a duplicate key', TEXT.replace('leverage: 3 ', 'leverage: 3\n  leverage: 100 '), /keys must be unique/],
    ['a duplicate key in JSON', '{"version":1,"version":1}', /keys must be unique/],
    ['several documents', `${TEXT}---\n${TEXT}`, /multiple documents/],
    ['a file of YAML 1.1', `%YAML 1.1\n---\n${TEXT}`, /another YAML version/],
    ['a tag', TEXT.replace('version: 1', 'version: !!int "1"'), /tags are not supported/],
    [
      'a number that YAML versions read differently',
      TEXT.replace('leverage: 3 ', 'leverage: 010 '),
      /write numbers plainly/,
    ],
    ['infinity', TEXT.replace('fees_usdt_per_day: 8', 'fees_usdt_per_day: .inf'), /write numbers plainly/],
    [
      'a number beyond all bounds',
      TEXT.replace('fees_usdt_per_day: 8', 'fees_usdt_per_day: 1e999'),
      /not a JSON number/,
    ],
    ['yes for a boolean', TEXT.replace('enforce_block: false', 'enforce_block: no'), /enforce_block: is text/],
    ['a key without a value', TEXT.replace('leverage: 3 ', 'leverage: '), /budgets.leverage: is empty \(null\)/],
    ['a merge key', TEXT.replace('default: {}', 'default: {}\n  <<: {}'), /agents\["<<"\]: is not a name/],
    ['a document that holds itself', 'agents: &a { b: *a }\n', /nested deeper|cyclic/],
    ['nesting without end', `a: ${'['.repeat(20_000)}`, /./],
    ['a file that is too large', `${TEXT}#${'x'.repeat(262_144)}\n`, /too large/],
    [
      'an agent named like a prototype member',
      TEXT.replace('default: {}', 'constructor: {}'),
      /agents.constructor: "constructor" is a reserved name/,
    ],
    ['an agent named __proto__', TEXT.replace('default: {}', '__proto__: {}'), /agents.__proto__: is not a name/],
    ['a fraction above one', TEXT.replace('leverage: 2/3,', 'leverage: 4/3,'), /regimes.volatile.leverage: is 1.333/],
    [
      'a fraction that is nothing',
      TEXT.replace('leverage: 2/3,', 'leverage: 1/99999,'),
      /outside the range of a factor/,
    ],
  ] as const) {
    it(`refuses ${title}`, () => assert.match(refusal(text), expected));
  }

  it('refuses an alias bomb without expanding it', () => {
    let text = 'a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n';
    for (let i = 1; i < 9; i++) text += `a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(', ')}]\n`;
    assert.match(refusal(text), /too many aliases/);
  });

  it('refuses the file cut off at any of its lines (BY-26)', () => {
    const lines = TEXT.split('\n');
    for (let i = 0; i < lines.length - 2; i++) refusal(lines.slice(0, i).join('\n'));
  });

  it('warns when the end of the file may be missing', () => {
    const parsed = parsePolicy(TEXT.slice(0, TEXT.lastIndexOf('600000') + 3), 'p.yaml');
    assert.ok(parsed.ok);
    assert.match(parsed.warnings.map((each) => each.message).join(), /may have been cut off/);
  });
});

describe('what a schema cannot say', () => {
  for (const [title, changes, expected] of [
    ['shadow beside a venue that holds money [PK-40]', { mode: 'shadow' }, /^mode: mode shadow .* binance-demo/],
    [
      'a dead-man countdown that is due before it can be set again [PK-48]',
      { 'standing.deadman_ms': 29_999 },
      /^standing.deadman_ms: is too short/,
    ],
    [
      'no dead-man countdown where money is real',
      { 'standing.deadman_ms': 0, 'scope.venues': ['paper', 'binance-live'] },
      /^standing.deadman_ms: .* binance-live/,
    ],
    [
      'open without close [PK-2]',
      { 'scope.actions': ['open', 'cancel'] },
      /^scope.actions: allows open without close:/,
    ],
    [
      'open without a cancel tool [PK-2]',
      { 'scope.tools': ['place_order', 'close_position'] },
      /^scope.tools: allows place_order without cancel_order or cancel_all/,
    ],
    [
      'an agent that can open and not cancel',
      { 'agents.bob': { scope: { actions: ['open', 'close'] } } },
      /^agents.bob.scope.actions: allows open without cancel/,
    ],
    [
      'an agent looser than the account [PK-32]',
      { 'agents.bob': { budgets: { leverage: 4 } } },
      /^agents.bob.budgets.leverage: is looser than the account's own: larger allows more/,
    ],
    [
      'an agent with a symbol that the account lacks [PK-31]',
      { 'agents.bob': { scope: { symbols: ['SOLUSDT'] } } },
      /^agents.bob.scope.symbols: is looser .* adds SOLUSDT/,
    ],
    [
      'an agent with a faster order rate',
      { 'agents.bob': { budgets: { order_rate: { max: 1, window_ms: 1 } } } },
      /^agents.bob.budgets.order_rate: is looser/,
    ],
    [
      'slices above the order rate of a regime',
      { 'market.regimes.volatile.slices': 11 },
      /^market.regimes.volatile.slices: more slices .* \(10 in/,
    ],
    [
      'an extreme threshold below the volatile one',
      { 'market.volatility.extreme': 0.9 },
      /^market.volatility.extreme: lies below `volatile`/,
    ],
    [
      'an absolute floor below the volatile one',
      { 'market.volatility.absolute.extreme': 0.01 },
      /^market.volatility.absolute.extreme: lies below/,
    ],
    [
      'tiers of one level [PK-105]',
      {
        'account.daily_loss.tiers': [
          { at: 0.1, multiplier: 0.5 },
          { at: 0.1, reduce_only: true },
        ],
      },
      /tiers\[1\].at: tiers must rise/,
    ],
    [
      'loss tiers of one level [PK-161]',
      {
        'agents.bob': {
          loss: {
            day: [
              { at_usdt: 10, multiplier: 0.5 },
              { at_usdt: 10, reduce_only: true },
            ],
          },
        },
      },
      /^agents.bob.loss.day\[1\].at_usdt: tiers must rise/,
    ],
    [
      'a tier that does nothing',
      { 'account.margin_ratio.tiers': [{ at: 0.1, reduce_only: false }] },
      /tiers\[0\]: does nothing/,
    ],
    ['a trust tier that never counts', { 'trust.tiers': [{ multiplier: 0.5 }] }, /^trust.tiers\[0\]: never counts/],
    [
      'a signal without an effect',
      { 'trust.signals.anomaly': { max_ttl_ms: 1000 } },
      /^trust.signals.anomaly: does not say/,
    ],
    [
      'a skill that is listed twice',
      {
        'trust.skills': [0, 1].map((n) => ({
          name: `s${n}`,
          sha256: 'a'.repeat(64),
          provenance: 1,
          capability_risk: 0,
        })),
      },
      /skills\[1\].sha256: is listed twice/,
    ],
    [
      'a block threshold below the limit threshold',
      { 'trader_state.block_at': 0.4 },
      /^trader_state.block_at: lies below limit_at/,
    ],
    [
      'an exit ladder that does not rise [PK-54]',
      { 'exits.ladder_bps': [60, 20] },
      /^exits.ladder_bps\[1\]: rungs must rise/,
    ],
    [
      'a symbol that is reserved twice',
      { 'agents.alice': { reserve: ['BTCUSDT'] }, 'agents.bob': { reserve: ['ETHUSDT', 'BTCUSDT'] } },
      /^agents.bob.reserve\[1\]: BTCUSDT is reserved for alice already/,
    ],
    [
      'a symbol that is reserved for every other agent',
      { 'agents.default': { reserve: ['BTCUSDT'] } },
      /^agents.default.reserve\[0\]: default is no agent/,
    ],
    ['a reservation of nothing', { 'agents.bob': { reserve: [] } }, /^agents.bob.reserve: /],
    ['a reserved symbol that is none', { 'agents.bob': { reserve: ['BTC/USDT'] } }, /^agents.bob.reserve\[0\]: /],
    [
      'a trading tool among the foreign ones',
      { 'intercept.allow': { place_order: { type: 'object' } } },
      /^intercept.allow.place_order: is a trading tool/,
    ],
    [
      'a schema for a tool that does not exist',
      { tools: { place_ordr: { args: {} } } },
      /^tools.place_ordr: is not a name that may stand here/,
    ],
    [
      "a tool's schema that does not compile",
      { 'tools.place_order.args': { type: 'object', propertis: {} } },
      /^tools.place_order.args: is not a usable JSON Schema/,
    ],
    [
      'a schema that would bound a quantity, which it never sees',
      { 'tools.place_order.args': { type: 'object', properties: { quantity: { maximum: 1 } } } },
      /^tools.place_order.args.properties.quantity: is never seen here: bound requested_notional/,
    ],
    [
      'a schema that requires a quantity',
      { 'tools.place_order.args': { type: 'object', required: ['quantity'] } },
      /^tools.place_order.args.required\[0\]: is never seen here/,
    ],
    [
      "a foreign tool's schema that points elsewhere",
      { 'intercept.allow': { web: { $ref: 'http://x/y' } } },
      /^intercept.allow.web\["\$ref"\]: may only refer/,
    ],
  ] as const) {
    it(`refuses ${title}`, () => assert.match(violationsOf(changes).join('\n'), expected));
  }

  for (const [title, changes, expected] of [
    [
      'regimes that do not tighten in order',
      { 'market.regimes.extreme.notional': 0.9 },
      /market.regimes: a higher regime allows more/,
    ],
    ['a staging plan that ends early', { 'staging.ttl_ms': 7999 }, /staging.ttl_ms: ends before the last of 5 slices/],
    ['an order cap above the symbol cap', { 'budgets.order_notional_usdt': 2001 }, /order_notional_usdt: never binds/],
    ['a symbol cap above the gross cap', { 'budgets.symbol_notional_usdt': 3001 }, /symbol_notional_usdt: never binds/],
    [
      'a cap that may lie below the smallest order',
      { 'budgets.order_notional_usdt': 99 },
      /order_notional_usdt: may lie below/,
    ],
    [
      'a history that is shorter than the window',
      { 'market.volatility.min_history_bars': 59 },
      /min_history_bars: below window_bars/,
    ],
    ['exits.scope', { 'exits.scope': 'account' }, /^exits.scope: has no effect: an agent closes what it holds/],
    [
      'exits.scope of an agent',
      { 'agents.slow': { exits: { scope: 'own' } } },
      /^agents.slow.exits.scope: has no effect: an agent closes what it holds/,
    ],
    [
      'a scope without close_position',
      { 'scope.tools': ['place_order', 'cancel_order'] },
      /scope.tools: without close_position/,
    ],
  ] as const) {
    it(`accepts ${title}, with a warning [AN-134]`, () => {
      const parsed = parseChanged(changes);
      assert.ok(parsed.ok, JSON.stringify(parsed));
      assert.match(parsed.warnings.map((each) => `${each.path}: ${each.message}`).join('\n'), expected);
    });
  }

  it('refuses a cap below the smallest order of a venue that is known', () => {
    const venue = (symbol: string) => ({
      smallest_order_usdt: symbol === 'BTCUSDT' ? 50 : symbol === 'SOLUSDT' ? 5000 : null,
      closed: null,
    });
    const parse = (cap: number) =>
      parsePolicy(TEXT.replace('order_notional_usdt: 1000', `order_notional_usdt: ${cap}`), 'p.yaml', venue);
    const [below, at, enough] = [parse(49), parse(50), parse(200)];
    assert.ok(!below.ok);
    assert.deepEqual(
      below.violations.map((each) => `${each.path}: ${each.message}`),
      ['budgets.order_notional_usdt: lies below the smallest order of BTCUSDT at the venue: nothing could be opened'],
    );
    assert.ok(at.ok);
    assert.deepEqual(
      at.warnings.map((each) => each.path),
      ['market.regimes.volatile.notional', 'market.regimes.extreme.notional'],
    );
    assert.ok(enough.ok);
    assert.deepEqual(enough.warnings, []);
  });

  it('takes budgets of requests in part, whole, or not at all, within their ranges', () => {
    const rate = { max: 1, window_ms: 3_600_000 };
    for (const requests of [undefined, {}, { refusals: rate }, { refusals: rate, dry_runs: rate, intercepts: rate }])
      assert.ok(parseChanged({ requests }).ok, JSON.stringify(requests));
    for (const kind of ['refusals', 'dry_runs', 'intercepts'])
      for (const [key, value] of [
        ['max', 0],
        ['max', 1_000_001],
        ['window_ms', 999],
        ['window_ms', 3_600_001],
      ] as const)
        assert.match(
          violationsOf({ [`requests.${kind}`]: { ...rate, [key]: value } }).join(),
          new RegExp(`requests\\.${kind}\\.${key}: `),
        );
    assert.match(violationsOf({ requests: { reads: rate } }).join(), /requests/);
  });

  it('accepts sections of agents that tighten', () => {
    const parsed = parseChanged({
      'agents.reader': { scope: { tools: ['get_account'], actions: [] } },
      'agents.closer': { scope: { actions: ['close', 'cancel'] } },
      'agents.slow': {
        budgets: { order_rate: { max: 1, window_ms: 10_000 } },
        temporal: { flip_interval_ms: 120_000 },
        trader_state: { enforce_block: true, multiplier: '1/4' },
      },
      'agents.keeper': { reserve: ['ETHUSDT', 'SOLUSDT'] },
    });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.deepEqual(parsed.warnings, []);
  });
});
