import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, before, describe, it } from 'node:test';
import type { AlertsBody } from '../../../../daemon/contract/types/reads.ts';
import type { WritingLedger } from '../../../../daemon/driver/ports.ts';
import type { ApprovalBody } from '../../../../daemon/engine/records/approvals.ts';
import { parsePolicy } from '../../../../daemon/policy/parse.ts';
import { until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const LATE_MS = 300;
const REFUSES = { kind: 'error', code: -2019, msg: 'Margin is insufficient.' };

describe('an answer tells of nothing that is not on disk, whoever has recorded it [docs/ledger.md]', () => {
  const world = suiteWorld({
    policy: (spec) => {
      const limits = { window_ms: 600_000, expiry_ms: 120_000, quorum: 1, quorum_above_usdt: 900_000 };
      spec.approvals = { when: [{ notional_above_usdt: 400 }], ...limits };
    },
  });
  let ledger: WritingLedger;
  let appendNow: WritingLedger['appendNow'];
  /** Kinds of records that are not on disk yet. */
  const missing: string[] = [];
  before(async () => {
    ledger = world.daemon.gate.core.ports.ledger;
    appendNow = ledger.appendNow.bind(ledger);
  });
  afterEach(() => {
    ledger.appendNow = appendNow;
  });

  /** Records of that kind come late, and what is behind them. */
  function delay(late: string): void {
    let last: Promise<void> = Promise.resolve();
    ledger.appendNow = (records) => {
      const pending = appendNow(records);
      const kind = String(records[0]?.kind);
      if (kind === late) missing.push(kind);
      last = Promise.all([last, pending.committed]).then(async () => {
        if (kind !== late) return;
        await world.sleep(LATE_MS);
        missing.splice(missing.indexOf(kind), 1);
      });
      return { ...pending, committed: last };
    };
  }
  const ask = async (method: 'GET' | 'POST', path: string, body?: unknown) => {
    const { status } = await world.operator(method, path, body);
    return [status, [...missing]];
  };
  const askTwice = (path: string, body: unknown) => Promise.all([ask('POST', path, body), ask('POST', path, body)]);
  async function askForApproval(): Promise<string> {
    await world.advance(61_000);
    await world.refresh();
    const { body } = await world.place({ requested_notional: 602 });
    return body.decision.decision_id;
  }
  function policyWith(notionalUsdt: number) {
    const text = readFileSync(world.policyPath, 'utf8').replace(/(order_notional_usdt: *)\d+/, `$1${notionalUsdt}`);
    const parsed = parsePolicy(text, world.policyPath);
    assert.ok(parsed.ok);
    return { ok: true, policy: parsed.policy, warnings: [] } as const;
  }

  it('an approval whose order is refused', async () => {
    const id = await askForApproval();
    const { digest } = (await world.operator<ApprovalBody>('GET', `/v1/approvals/${id}`)).body;
    await world.fault({ ...REFUSES, match: { method: 'POST', path: '/fapi/v1/order' } });
    delay('order');
    assert.deepEqual(await ask('POST', `/v1/approvals/${id}`, { action: 'approve', digest }), [200, []]);
  });

  it('the second of two equal acknowledgements', async () => {
    world.daemon.gate.core.alert('TEST', 'one');
    const [alert] = (await world.operator<AlertsBody>('GET', '/v1/alerts')).body.alerts;
    delay('alert_ack');
    assert.deepEqual(await askTwice(`/v1/alerts/${alert?.seq}/ack`, { reason: 'x' }), [
      [200, []],
      [200, []],
    ]);
  });

  it('the second of two equal ends: that there is no such signal any more', async () => {
    const signal = { kind: 'anomaly', scope: { symbol: 'ETHUSDT' }, severity: 1, ttl_ms: 60_000 };
    const { body } = await world.call<{ signal_id: string }>('POST', '/v1/signals', signal, world.token('monitor'));
    delay('signal');
    assert.deepEqual(await askTwice(`/v1/signals/${body.signal_id}/end`, { reason: 'x' }), [
      [200, []],
      [404, []],
    ]);
  });

  it('the second of two equal reloads', async () => {
    const { policies } = world.daemon.gate;
    const looser = policyWith(100_000);
    policies.offer(looser, 'file');
    delay('policy');
    assert.deepEqual(await askTwice('/v1/policy/reload', { hash: looser.policy.hash }), [
      [200, []],
      [200, []],
    ]);
  });

  it('readings of an operator', async () => {
    const id = await askForApproval();
    const { state } = world.daemon.gate.core;
    delay('approval');
    const denied = world.operator('POST', `/v1/approvals/${id}`, { action: 'deny', reason: 'no' });
    await until('denied', () => state.approvals.find(id)?.status === 'denied');
    assert.deepEqual(await ask('GET', `/v1/approvals/${id}`), [200, []]);
    await denied;
    delay('state');
    const halted = world.operator('PUT', '/v1/trading-state', { state: 'halted', reason: 'x' });
    await until('halted', () => state.layers.size > 0);
    assert.deepEqual(await ask('GET', '/v1/trading-state'), [200, []]);
    await halted;
  });

  it('the log: a policy is in force once it is on disk; one that does not come there is not', async (t) => {
    const { core, policies } = world.daemon.gate;
    const told: unknown[][] = [];
    t.mock.method(core.ports.log, 'info', (_: object, what: string) => {
      if (what === 'policy in force') told.push([...missing]);
    });
    delay('policy');
    policies.offerInBackground(policyWith(240), 'file');
    assert.equal(core.policyHash, policyWith(240).policy.hash);
    assert.deepEqual([told, missing], [[], ['policy']]);
    await until('logged', () => told.length > 0);
    assert.deepEqual(told, [[]]);
    ledger.appendNow = (records) => {
      ledger.appendNow = appendNow;
      return { ...appendNow(records), committed: Promise.reject(new Error('the disk is gone')) };
    };
    policies.offerInBackground(policyWith(230), 'file');
    const untaken = () => core.state.alerts.readBefore(Number.MAX_SAFE_INTEGER, 5).map(({ code }) => code);
    await until('told', () => untaken().includes('POLICY_REFUSED'));
    assert.equal(told.length, 1);
  });
});
