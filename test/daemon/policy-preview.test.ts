import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createPreviewPort } from '../../daemon/boot/policy/policy-preview.ts';
import type { PolicyPreview, PolicyPreviewBody } from '../../daemon/contract/types/policy.ts';
import { parsePolicy } from '../../daemon/policy/parse.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { holdfast } from '../cli/run.ts';
import { until } from './harness.ts';
import { UNPACED } from './policy-edits.ts';
import { suiteWorld } from './suite-world.ts';

const DAY_MS = 86_400_000;

describe('what the last seven days would have been under another policy', () => {
  const world = suiteWorld({ real: true, policy: UNPACED });
  before(async () => {
    for (const notional of [121, 242, 602, 5_000]) await world.place({ requested_notional: notional });
    await world.tool('close_position', { symbol: 'BTCUSDT' });
    await world.daemon.gate.core.settled();
  });

  const text = (notional: number) =>
    readFileSync(world.policyPath, 'utf8').replace(
      /order_notional_usdt:? ?"?: ?[\d.]+|order_notional_usdt: [\d.]+/,
      (found) => found.replace(/[\d.]+$/, String(notional)),
    );
  const preview = async (candidate: string): Promise<PolicyPreview> => {
    const { body, status } = await world.operator<PolicyPreviewBody>('POST', '/v1/policy/preview', { text: candidate });
    assert.ok(status === 200 && body.ok, JSON.stringify(body));
    return body.preview;
  };
  const candidateOf = (notional: number) => {
    const parsed = parsePolicy(text(notional), 'p.yaml');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return { spec: parsed.policy.spec, hash: parsed.policy.hash };
  };

  it('is what `policy diff` finds: outcomes, what changes, notional and the newest examples [AN-137 AN-139 AN-140]', async () => {
    const recorded = () =>
      ['decision', 'policy'].flatMap((kind) => [...world.daemon.ledger.iterateEvents({ kind })]).length;
    const before = recorded();
    const got = await preview(text(200));
    assert.equal(got.hash, candidateOf(200).hash);
    assert.equal(got.until_ms - got.since_ms >= 6.9 * DAY_MS, true);
    assert.ok(got.requests >= 5 && got.changes.cut >= 2 && got.changes.blocked === 0, JSON.stringify(got.changes));
    assert.ok(got.opening_notional_usdt.candidate < got.opening_notional_usdt.recorded);
    assert.equal(got.candidate.LIMIT - got.recorded.LIMIT, got.recorded.ALLOW - got.candidate.ALLOW);
    assert.ok(got.candidate.LIMIT > got.recorded.LIMIT);
    const file = join(world.home, 'candidate.yaml');
    writeFileSync(file, text(200));
    const diffed = await holdfast(['policy', 'diff', file, '--since', '7d', '--json'], { HOLDFAST_HOME: world.home });
    assert.equal(diffed.code, 5, `it finds changes: ${diffed.err}`);
    const diff = JSON.parse(diffed.out);
    assert.deepEqual(
      [got.requests, got.opening_notional_usdt, got.recorded, got.candidate, got.changes.cut],
      [
        diff.totals.requests,
        diff.opening_notional_usdt,
        diff.verdicts.recorded,
        diff.verdicts.candidate,
        diff.totals.cut,
      ],
    );
    const [example] = got.examples;
    assert.ok(example !== undefined && example.change === 'cut' && example.agent === 'agent');
    assert.ok((example.candidate.notional_usdt ?? 0) <= 200 && (example.recorded.notional_usdt ?? 0) > 200);
    assert.ok(example.candidate.reasons.includes('BUDGET_NOTIONAL'));
    // Each was asked for more than the one before it.
    const sizes = got.examples.map(({ recorded: { notional_usdt } }) => notional_usdt ?? 0);
    assert.ok(sizes.length > 1 && sizes.every((size, i) => size > (sizes[i - 1] ?? 0)), `oldest first: ${sizes}`);
    assert.ok(got.caveats.length > 0);
    assert.equal(recorded(), before, 'nothing is recorded');
    assert.notEqual(world.daemon.gate.core.policyHash, got.hash, 'nothing is put in force');
  });

  it('of the policy in force nothing changes; one that is not valid is told as a check tells it', async () => {
    const same = await preview(readFileSync(world.policyPath, 'utf8'));
    assert.deepEqual([same.changes.unchanged, same.examples], [same.requests, []]);
    const { body } = await world.operator<PolicyPreviewBody>('POST', '/v1/policy/preview', { text: 'version: 2' });
    assert.ok(!body.ok && body.violations.length > 0);
  });

  it('is bounded: the newest decisions, one thread at a time, a few that wait, none after a stop [AN-135]', async () => {
    const stop = new AbortController();
    const { path } = world.daemon.ledger;
    const port = createPreviewPort({ ledgerPath: path, time: SYSTEM_TIME, signal: stop.signal, maxDecisions: 2 });
    const since = world.daemon.gate.core.nowMs() - DAY_MS;
    const asked = Array.from({ length: 5 }, () => port.run(candidateOf(200), since));
    const settled = await Promise.allSettled(asked);
    const [first] = settled;
    assert.ok(first?.status === 'fulfilled', JSON.stringify(first));
    assert.equal(first.value.requests + first.value.not_compared <= 2, true);
    assert.notEqual(first.value.left_off_before_ms, null, 'it says so');
    const refused = settled.filter(({ status }) => status === 'rejected');
    assert.equal(refused.length, 2, 'those beyond what may wait');
    const late = port.run(candidateOf(200), since);
    await new Promise((resolve) => setImmediate(resolve));
    stop.abort();
    await assert.rejects(late, { code: 'NOT_READY' });
  });

  it('leaves the event loop to the daemon while a thread decides', async () => {
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 1);
    const got = preview(text(300));
    await until('calls are answered meanwhile', async () => (await world.ready()).status === 200);
    await got;
    clearInterval(counting);
    assert.ok(turns > 10, `${turns} turns`);
  });
});
