import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decide } from '../../daemon/core/decide/decide.ts';
import { isAtMost } from '../../daemon/core/looser/is-at-most.ts';
import type { ApprovalsSection } from '../../daemon/core/policy.ts';
import { runPolicyCases } from '../../daemon/policy/cases/cases.ts';
import { changed, violationsOf } from './documents.ts';

const BASE: ApprovalsSection = {
  when: [{ notional_above_usdt: 100 }, { agents: ['alice'], untraded_ms: 1000 }],
  window_ms: 3_600_000,
  expiry_ms: 300_000,
  quorum: 2,
  quorum_above_usdt: 1000,
};

describe('approvals of a policy', () => {
  const run = (cases: string) => {
    const found = runPolicyCases(JSON.stringify(changed({ approvals: BASE })), cases, decide);
    assert.ok(found.ok, JSON.stringify(found));
    return found.results;
  };

  it('can be tested by cases: asked for, granted, stale, cut [PK-141 PK-148]', () => {
    const results = run(`
cases:
  - name: above the threshold
    expect: { decision: BLOCK, reasons: [APPROVAL_REQUIRED] }
  - name: below it
    request: { requested_notional: 60.5 }
    expect: { decision: ALLOW, reasons: [] }
  - name: below it, with what was opened before
    request: { requested_notional: 60.5 }
    context: { approval: { opened_usdt: 40 } }
    expect: { decision: BLOCK, reasons: [APPROVAL_REQUIRED] }
  - name: granted
    context: { grant: {} }
    expect: { decision: ALLOW, reasons: [] }
  - name: granted under another policy
    context: { grant: { policy_hash: other } }
    expect: { decision: BLOCK, reasons: [APPROVAL_STALE] }
  - name: granted for less
    context: { grant: { lots: 1 } }
    expect: { decision: LIMIT, reasons: [APPROVAL_CEILING], effective: { lots: 1 } }
  - name: an exit needs none
    tool: close_position
    context: { position_lots: 100 }
    expect: { decision: ALLOW, reasons: [] }
`);
    for (const { differences, name } of results) assert.deepEqual(differences, [], name);
    assert.equal(results.length, 7);
  });

  const looser = (to: ApprovalsSection | undefined, from: ApprovalsSection | undefined = BASE): readonly string[] =>
    isAtMost(changed({ approvals: to }), changed({ approvals: from })).map(({ path }) => path);

  it('are looser where an order may go out that waited before, or with fewer people [PK-140 PK-141]', () => {
    assert.deepEqual(looser(BASE), []);
    assert.deepEqual(looser(undefined), ['approvals.when', 'approvals.quorum']);
    assert.deepEqual(looser({ ...BASE, when: [] }), ['approvals.when']);
    for (const lost of BASE.when)
      assert.deepEqual(looser({ ...BASE, when: BASE.when.filter((each) => each !== lost) }), ['approvals.when']);
    const first = (condition: object): ApprovalsSection => ({ ...BASE, when: [condition, BASE.when[1] ?? {}] });
    assert.deepEqual(looser(first({ notional_above_usdt: 101 })), ['approvals.when']);
    assert.deepEqual(looser(first({ notional_above_usdt: 100, venues: ['paper'] })), ['approvals.when']);
    assert.deepEqual(looser({ ...BASE, window_ms: BASE.window_ms - 1 }), ['approvals.window_ms']);
    assert.deepEqual(looser({ ...BASE, expiry_ms: BASE.expiry_ms + 1 }), ['approvals.expiry_ms']);
    const { quorum: _none, ...single } = BASE;
    assert.deepEqual(looser(single), ['approvals.quorum']);
    assert.deepEqual(looser({ ...BASE, quorum_above_usdt: 1001 }), ['approvals.quorum_above_usdt']);
  });

  it('are not looser where more orders wait, for more people, or for a shorter time', () => {
    const { quorum_above_usdt: _all, ...every } = BASE;
    const tighter: readonly ApprovalsSection[] = [
      { ...BASE, when: [...BASE.when, { venues: ['paper'] }] },
      { ...BASE, when: [{}] },
      { ...BASE, when: [{ notional_above_usdt: 99 }, { agents: ['bob', 'alice'], untraded_ms: 999 }] },
      { ...BASE, window_ms: BASE.window_ms + 1, expiry_ms: BASE.expiry_ms - 1, quorum: 3, quorum_above_usdt: 999 },
      every,
    ];
    for (const section of tighter) assert.deepEqual(looser(section), [], JSON.stringify(section));
    assert.deepEqual(looser(BASE, undefined), [], 'none was needed before');
  });

  it('have ranges', () => {
    assert.match(violationsOf({ approvals: { ...BASE, expiry_ms: 600_001 } }).join(), /approvals\.expiry_ms/);
    assert.match(violationsOf({ approvals: { ...BASE, quorum: 0 } }).join(), /approvals\.quorum/);
    assert.match(
      violationsOf({ approvals: { ...BASE, when: [{ request: { zebra: { in: ['x'] } } }] } }).join(),
      /zebra/,
    );
    assert.match(violationsOf({ approvals: { ...BASE, window_ms: 86_400_001 } }).join(), /approvals\.window_ms/);
  });
});
