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
/** Runs cases of which none differs. */
function hold(cases: readonly object[], policy: object | string = DEFAULT): void {
  const found = run({ cases }, typeof policy === 'string' ? policy : JSON.stringify(policy));
  assert.ok(found.ok, JSON.stringify(found));
  for (const result of found.results) assert.deepEqual(result.differences, [], result.name);
  assert.deepEqual([found.passed, found.failed], [cases.length, 0]);
}
const BLOCK = (...reasons: readonly string[]) => ({ decision: 'BLOCK', reasons });
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
    const request = { requested_notional: 842 };
    const limited = {
      decision: 'LIMIT',
      reasons: ['AGENT_LOSS', 'BUDGET_NOTIONAL'],
      constraints: { notional_cap: 500 },
    };
    hold(
      [
        { name: 'before', agent: 'held', request, context: lost(24, 79), expect: expectAllow },
        { name: 'another', request, context: lost(500, 500), expect: expectAllow },
        { name: 'half', agent: 'held', request, context: lost(25, 79), expect: limited },
        { name: 'stopped', agent: 'held', context: lost(0, 80), expect: BLOCK('AGENT_LOSS') },
      ],
      changed({ 'agents.held': { loss } }),
    );
  });

  it('hold an agent to its own schedule, at the time of a case', () => {
    const at = (from: string, to: string) => ({
      utc_offset: '-03:00',
      hours: [{ days: ['fri'], from: '05:00', to: '06:00' }],
      blackouts: [{ from: `2027-01-15T${from}`, to: `2027-01-15T${to}` }],
    });
    const waits = { ...BLOCK('AGENT_SCHEDULE'), retry_after_ms: 60_000 };
    const exit = { tool: 'close_position', context: { position_lots: 2 } };
    hold(
      [
        { name: 'it opens within its hours', agent: 'free', expect: expectAllow },
        { name: 'it waits for the end of a blackout', agent: 'held', expect: waits },
        { name: 'it exits at any time', agent: 'held', ...exit, expect: expectAllow },
      ],
      changed({ 'agents.free': { schedule: at('04:00', '05:00') }, 'agents.held': { schedule: at('04:59', '05:01') } }),
    );
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
    hold(
      [
        { name: 'four lots', request: { quantity: 0.004 }, expect: expectAllow },
        { name: 'five lots', request: { quantity: 0.005 }, expect: BLOCK('SCHEMA_ARGS') },
        { name: 'the same in USDT', request: { requested_notional: 300.3 }, expect: BLOCK('SCHEMA_ARGS') },
      ],
      changed({ 'tools.place_order.args': schema }),
    );
    const both = { name: 'both', request: { quantity: 0.004, requested_notional: 240 }, expect: expectAllow };
    assert.match(problems({ cases: [both] }), /gives both quantity and requested_notional/);
  });

  it('apply the operator schema of the tool to what was asked', () => {
    hold([
      { name: 'not listed', request: { order_type: 'stop' }, expect: BLOCK('SCHEMA_ARGS') },
      { name: 'listed', request: { order_type: 'market' }, expect: expectAllow },
    ]);
  });

  it('hold an agent to its own section', () => {
    const scope = { symbols: ['BTCUSDT'], actions: ['open', 'close', 'cancel'] };
    const capped = { decision: 'LIMIT', reasons: ['BUDGET_AGENT'], effective: { lots: 1 } };
    const barred = BLOCK('SCOPE_SYMBOL', 'BUDGET_AGENT');
    hold(
      [
        { name: 'own cap', agent: 'bob', expect: capped },
        { name: 'own symbols', agent: 'bob', request: { symbol: 'ETHUSDT' }, expect: barred },
        { name: 'another agent', agent: 'alice', expect: expectAllow },
      ],
      changed({ 'agents.bob': { budgets: { order_notional_usdt: 100 }, scope } }),
    );
  });

  const one = (more: object) => ({ cases: [{ name: 'a', ...more }] });
  for (const [title, cases, expected] of [
    ['no cases', { cases: [] }, /cases: needs at least 1/],
    ['an unknown key of a case', one({ expects: {} }), /unknown key "expects"; did you mean "expect"/],
    [
      'an unknown reason code',
      one({ expect: { decision: 'BLOCK', reasons: ['FLOP'] } }),
      /reasons\[0\]: is not an allowed value/,
    ],
    [
      'a misspelt key of the context',
      one({ context: { market: { makr: 1 } }, expect: expectAllow }),
      /cases\[0\].context.market.makr: unknown key/,
    ],
    [
      'a misspelt key of the request',
      one({ request: { sid: 'buy' }, expect: expectAllow }),
      /cases\[0\].request.sid: unknown key/,
    ],
    [
      'an instant that does not exist',
      one({ context: { market: { zebra_ago_ms: 1 } }, expect: expectAllow }),
      /zebra_ago_ms: unknown key/,
    ],
    [
      'a position of half a lot',
      one({ context: { position_lots: 0.5 }, expect: expectAllow }),
      /position_lots: is not a whole number/,
    ],
    ['text that is not YAML', 'cases: [', /cases: /],
  ] as const) {
    it(`refuse ${title}`, () => assert.match(problems(cases), expected));
  }

  it('refuse a policy that is not valid before anything runs', () => {
    const found = run(one({ expect: expectAllow }), DEFAULT.replace('leverage: 3 ', 'leverage: 0 '));
    assert.equal(found.ok, false);
    assert.match(found.ok ? '' : found.violations.map((each) => each.message).join(), /^policy: must be at least 1/);
  });
});
