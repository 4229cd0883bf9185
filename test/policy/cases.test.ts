import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../daemon/core/decide/decide.ts';
import { REASON_CODES } from '../../daemon/core/reasons.ts';
import { type CaseRun, runPolicyCases } from '../../daemon/policy/cases/cases.ts';
import { changed, readText } from './documents.ts';

const DEFAULT = readText('policies/default.yaml');
function run(cases: unknown, policy = DEFAULT): CaseRun {
  return runPolicyCases(policy, typeof cases === 'string' ? cases : JSON.stringify(cases), decide);
}
function problems(cases: unknown): string {
  const found = run(cases);
  return found.ok ? '' : found.violations.map((each) => `${each.path}: ${each.message}`).join('\n');
}
const expectAllow = { decision: 'ALLOW', reasons: [] };

describe('policy cases', () => {
  for (const name of ['default', 'strict']) {
    it(`hold for policies/${name}.yaml`, () => {
      const found = run(readText(`policies/${name}.test.yaml`), readText(`policies/${name}.yaml`));
      assert.ok(found.ok, JSON.stringify(found));
      for (const result of found.results) assert.deepEqual(result.differences, [], result.name);
      assert.ok(found.passed >= 15 && found.failed === 0);
    });
  }

  it('of the default policy name every reason code that its rules can give', () => {
    const text = readText('policies/default.test.yaml') + readText('policies/strict.test.yaml');
    // Without the codes of the shell's own checks, of orders that the case context cannot hold, and of agents' budgets.
    const elsewhere = [
      'INTERNAL_RECHECK',
      'STALE_INPUT',
      'ABOVE_MAXIMUM',
      'BUDGET_BRACKET',
      'BUDGET_AGENT',
      'AGENT_SCHEDULE',
      'AGENT_LOSS',
      'ORDER_UNKNOWN',
      'ORDER_NOT_OPEN',
      'SCOPE_TOOL',
      'SCOPE_ACTION',
      // Neither policy wants an approval; test/policy/approvals.test.ts has cases of one that does.
      'APPROVAL_REQUIRED',
      'APPROVAL_STALE',
      'APPROVAL_CEILING',
    ];
    const missing = REASON_CODES.filter((code) => !new RegExp(`\\b${code}\\b`).test(text) && !elsewhere.includes(code));
    assert.deepEqual(missing, []);
  });

  it('tighten an agent by its own loss', () => {
    const loss = { day: [{ at_usdt: 25, multiplier: 0.5 }], week: [{ at_usdt: 80, reduce_only: true }] };
    const lost = (day_usdt: number, week_usdt: number) => ({ agent: { losses: { day_usdt, week_usdt } } });
    const ask = { requested_notional: 842 };
    const found = run(
      {
        cases: [
          { name: 'before', agent: 'held', request: ask, context: lost(24, 79), expect: expectAllow },
          { name: 'another', request: ask, context: lost(500, 500), expect: expectAllow },
          {
            name: 'half',
            agent: 'held',
            request: ask,
            context: lost(25, 79),
            expect: {
              decision: 'LIMIT',
              reasons: ['AGENT_LOSS', 'BUDGET_NOTIONAL'],
              constraints: { notional_cap: 500 },
            },
          },
          {
            name: 'stopped',
            agent: 'held',
            context: lost(0, 80),
            expect: { decision: 'BLOCK', reasons: ['AGENT_LOSS'] },
          },
        ],
      },
      JSON.stringify(changed({ 'agents.held': { loss } })),
    );
    assert.ok(found.ok, JSON.stringify(found));
    for (const result of found.results) assert.deepEqual(result.differences, [], result.name);
  });

  it('hold an agent to its own schedule, at the time of a case', () => {
    const at = (from: string, to: string) => ({
      utc_offset: '-03:00',
      hours: [{ days: ['fri'], from: '05:00', to: '06:00' }],
      blackouts: [{ from: `2027-01-15T${from}`, to: `2027-01-15T${to}` }],
    });
    const policy = changed({
      'agents.free': { schedule: at('04:00', '05:00') },
      'agents.held': { schedule: at('04:59', '05:01') },
    });
    const found = run(
      {
        cases: [
          { name: 'it opens within its hours', agent: 'free', expect: expectAllow },
          {
            name: 'it waits for the end of a blackout',
            agent: 'held',
            expect: { decision: 'BLOCK', reasons: ['AGENT_SCHEDULE'], retry_after_ms: 60_000 },
          },
          {
            name: 'it exits at any time',
            agent: 'held',
            tool: 'close_position',
            context: { position_lots: 2 },
            expect: expectAllow,
          },
        ],
      },
      JSON.stringify(policy),
    );
    assert.ok(found.ok, JSON.stringify(found));
    for (const result of found.results) assert.deepEqual(result.differences, [], result.name);
  });

  it('say what differs', () => {
    const found = run({
      cases: [
        {
          name: 'wrong',
          expect: {
            decision: 'BLOCK',
            reasons: ['FLIP'],
            effective: { lots: 3, zebra: 1 },
            constraints: { leverage_cap: 9 },
            retry_after_ms: 5,
          },
        },
      ],
    });
    assert.ok(found.ok);
    assert.deepEqual([found.passed, found.failed], [0, 1]);
    assert.deepEqual(found.results[0]?.differences, [
      'decision: expected "BLOCK", got "ALLOW"',
      'reasons: expected ["FLIP"], got []',
      'effective.lots: expected 3, got 2',
      'effective.zebra: there is no such key',
      'constraints.leverage_cap: expected 9, got 3',
      'retry_after_ms: expected 5, got null',
    ]);
  });

  it('apply the operator schema to a quantity as to what it is worth, and take one size', () => {
    const schema = { type: 'object', properties: { requested_notional: { maximum: 250 } } };
    const bounded = JSON.stringify(changed({ 'tools.place_order.args': schema }));
    const refused = { decision: 'BLOCK', reasons: ['SCHEMA_ARGS'] };
    const held = run(
      {
        cases: [
          { name: 'four lots', request: { quantity: 0.004 }, expect: expectAllow },
          { name: 'five lots', request: { quantity: 0.005 }, expect: refused },
          { name: 'the same in USDT', request: { requested_notional: 300.3 }, expect: refused },
        ],
      },
      bounded,
    );
    assert.ok(held.ok, JSON.stringify(held));
    assert.equal(held.failed, 0, JSON.stringify(held.results.map((each) => each.differences)));
    const both = { name: 'both', request: { quantity: 0.004, requested_notional: 240 }, expect: expectAllow };
    assert.match(problems({ cases: [both] }), /gives both quantity and requested_notional/);
  });

  it('apply the operator schema of the tool to what was asked', () => {
    const found = run({
      cases: [
        {
          name: 'not listed',
          request: { order_type: 'stop' },
          expect: { decision: 'BLOCK', reasons: ['SCHEMA_ARGS'] },
        },
        { name: 'listed', request: { order_type: 'market' }, expect: expectAllow },
      ],
    });
    assert.ok(found.ok);
    assert.equal(found.failed, 0, JSON.stringify(found.results.map((each) => each.differences)));
  });

  it('hold an agent to its own section', () => {
    const policy = JSON.stringify(
      changed({
        'agents.bob': {
          budgets: { order_notional_usdt: 100 },
          scope: { symbols: ['BTCUSDT'], actions: ['open', 'close', 'cancel'] },
        },
      }),
    );
    const found = run(
      {
        cases: [
          {
            name: 'own cap',
            agent: 'bob',
            expect: { decision: 'LIMIT', reasons: ['BUDGET_AGENT'], effective: { lots: 1 } },
          },
          {
            name: 'own symbols',
            agent: 'bob',
            request: { symbol: 'ETHUSDT' },
            expect: { decision: 'BLOCK', reasons: ['SCOPE_SYMBOL', 'BUDGET_AGENT'] },
          },
          { name: 'another agent', agent: 'alice', expect: expectAllow },
        ],
      },
      policy,
    );
    assert.ok(found.ok, JSON.stringify(found));
    assert.equal(found.failed, 0, JSON.stringify(found.results.map((each) => each.differences)));
  });

  for (const [title, cases, expected] of [
    ['no cases', { cases: [] }, /cases: needs at least 1/],
    [
      'an unknown key of a case',
      { cases: [{ name: 'a', expects: {} }] },
      /unknown key "expects"; did you mean "expect"/,
    ],
    [
      'an unknown reason code',
      { cases: [{ name: 'a', expect: { decision: 'BLOCK', reasons: ['FLOP'] } }] },
      /reasons\[0\]: is not an allowed value/,
    ],
    [
      'a misspelt key of the context',
      { cases: [{ name: 'a', context: { market: { makr: 1 } }, expect: expectAllow }] },
      /cases\[0\].context.market.makr: unknown key/,
    ],
    [
      'a misspelt key of the request',
      { cases: [{ name: 'a', request: { sid: 'buy' }, expect: expectAllow }] },
      /cases\[0\].request.sid: unknown key/,
    ],
    [
      'an instant that does not exist',
      { cases: [{ name: 'a', context: { market: { zebra_ago_ms: 1 } }, expect: expectAllow }] },
      /zebra_ago_ms: unknown key/,
    ],
    [
      'a position of half a lot',
      { cases: [{ name: 'a', context: { position_lots: 0.5 }, expect: expectAllow }] },
      /position_lots: is not a whole number/,
    ],
    ['text that is not YAML', 'cases: [', /cases: /],
  ] as const) {
    it(`refuse ${title}`, () => assert.match(problems(cases), expected));
  }

  it('refuse a policy that is not valid before anything runs', () => {
    const found = run({ cases: [{ name: 'a', expect: expectAllow }] }, DEFAULT.replace('leverage: 3 ', 'leverage: 0 '));
    assert.equal(found.ok, false);
    assert.match(found.ok ? '' : found.violations.map((each) => each.message).join(), /^policy: must be at least 1/);
  });
});
