import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import {
  BOUNDS,
  ENDS,
  OTHER_POLICY,
  STAGING_EXPIRED,
  TIME_OVER,
  UNSEEN,
  WORD_GONE,
} from '../../../../daemon/engine/openings/authority.ts';
import type { ApprovalBody, ApprovedBody } from '../../../../daemon/engine/records/approvals.ts';
import type { Caller } from '../../../../daemon/engine/records/callers.ts';
import type { OrderIntentEvent } from '../../../../daemon/engine/records/decisions.ts';
import { DaemonWorld, order, START_MS } from '../../../daemon/harness.ts';
import { type PolicyEdits, UNPACED } from '../../../daemon/policy-edits.ts';

const MINUTE = 60_000;
/** Where the order waits when its authority ends. */
const PHASES = ['unsent', 'in flight', 'resting', 'at a restart', 'at an amend'] as const;
type Phase = (typeof PHASES)[number];

interface Scene {
  readonly world: DaemonWorld;
  readonly token: { readonly id: string; readonly secret: string };
  readonly approver: { readonly id: string };
}
interface Cause {
  readonly name: string;
  readonly why: string;
  /** The line that says so: without it the order goes on, or ends for another reason. */
  readonly line: readonly [table: object, key: string];
  readonly phases?: readonly Phase[];
  readonly policy?: PolicyEdits;
  readonly args?: object;
  /** People approve it: by an operator token of its own, or by a passkey. */
  readonly isApproved?: 'token' | 'passkey';
  readonly prepare?: (scene: Scene) => void;
  /** So much time passes. */
  readonly passesMs?: number;
  /** Happens while the daemon runs, in one turn. */
  readonly happens?: (scene: Scene) => void;
}

const revoke = (world: DaemonWorld, id: string): void => void world.daemon.ledger.tokens.revokeToken(id);
/** As `token rotate` ends the one before; the one that takes its place lives no longer. */
const expire = (world: DaemonWorld, id: string): void => {
  const { tokens } = world.daemon.ledger;
  revoke(world, tokens.replaceTokens([id], tokens.expiryMs()).record.id);
};
/** Another policy, as a saved file puts it in force. */
const otherPolicy = ({ world }: Scene): void => {
  const { core } = world.daemon.gate;
  const spec = { ...core.policySpec, name: 'other' };
  const hash = core.ports.ledger.putPolicy(spec);
  core.append('policy', { action: 'in_force', detail: null, hash, name: spec.name, set_by: 'test' });
  core.usePolicy({ spec, hash });
  const file = parse(readFileSync(world.policyPath, 'utf8')) as object;
  writeFileSync(world.policyPath, stringify({ ...file, name: 'other' }));
};
const clock = (aheadMs: number) => (scene: Scene) =>
  scene.world.daemon.gate.core.append('state', {
    clears_at_ms: null,
    clears_when: '',
    clock_ahead_ms: aheadMs,
    layer: 'condition',
    name: 'ETHUSDT',
    reason: 'the clock moved',
    scope: 'symbol',
    set_by: 'test',
    state: 'active',
  });

const HOUR = 60 * MINUTE;
const CAUSES: readonly Cause[] = [
  {
    name: 'valid_until_ms',
    why: TIME_OVER.valid_until_ms,
    line: [BOUNDS, 'valid_until_ms'],
    args: { valid_until_ms: START_MS + 20 * MINUTE },
    passesMs: 20 * MINUTE,
  },
  { name: 'the time to live', why: TIME_OVER.resting_ttl_ms, line: [BOUNDS, 'resting_ttl_ms'], passesMs: 2 * HOUR },
  {
    name: "the end of the agent's hours",
    why: TIME_OVER.schedule,
    line: [BOUNDS, 'schedule'],
    policy: {
      'agents.momentum': {
        schedule: { utc_offset: '+00:00', blackouts: [{ from: '2025-03-03T00:30', to: '2025-03-03T06:00' }] },
      },
    },
    passesMs: 30 * MINUTE,
  },
  {
    name: 'opens_until_ms of its approval',
    why: TIME_OVER.opens_until_ms,
    line: [BOUNDS, 'opens_until_ms'],
    isApproved: 'token',
    // An older approval names no such instant: then it is its end.
    prepare: ({ world }) => {
      const { state } = world.daemon.gate.core;
      const [waiting] = state.approvals.pending();
      assert.ok(waiting !== undefined);
      delete (waiting.requested as { opens_until_ms?: number }).opens_until_ms;
    },
    passesMs: 10 * MINUTE,
  },
  {
    name: 'a clock that was right to go ahead',
    why: TIME_OVER.resting_ttl_ms,
    line: [ENDS, 'time'],
    phases: ['unsent', 'in flight', 'resting', 'at an amend'],
    passesMs: 2 * HOUR,
    happens: clock(2 * HOUR),
  },
  {
    name: 'as much time as it had, by a clock that was set back',
    why: TIME_OVER.resting_ttl_ms,
    line: [ENDS, 'passed'],
    phases: ['unsent', 'in flight', 'resting', 'at an amend'],
    passesMs: MINUTE,
    happens: clock(-2 * HOUR),
  },
  {
    name: 'the end of its staging plan [PK-44]',
    why: STAGING_EXPIRED,
    line: [ENDS, 'staging'],
    phases: ['unsent'],
    policy: { 'staging.ttl_ms': 40 * MINUTE },
    passesMs: 41 * MINUTE,
  },
  {
    name: 'the revocation of the token that asked',
    why: WORD_GONE,
    line: [ENDS, 'words'],
    happens: ({ token, world }) => revoke(world, token.id),
  },
  {
    name: 'the expiry of the token that asked',
    why: WORD_GONE,
    line: [ENDS, 'words'],
    happens: ({ token, world }) => expire(world, token.id),
  },
  {
    name: 'the revocation of the token that approved',
    why: WORD_GONE,
    line: [ENDS, 'words'],
    isApproved: 'token',
    happens: ({ approver, world }) => revoke(world, approver.id),
  },
  {
    name: 'the removal of the passkey that approved',
    why: WORD_GONE,
    line: [ENDS, 'words'],
    isApproved: 'passkey',
    happens: ({ world }) =>
      world.daemon.gate.core.append('passkey', { action: 'removed', id: 'pk-1', reason: 'test', set_by: 'test' }),
  },
  {
    name: 'another policy, of an approved order',
    why: OTHER_POLICY,
    line: [ENDS, 'policy'],
    isApproved: 'token',
    happens: otherPolicy,
  },
  {
    name: 'another policy by which people look at orders',
    why: UNSEEN,
    line: [ENDS, 'unseen'],
    phases: ['unsent'],
    happens: otherPolicy,
  },
];

async function openWorld(cause: Cause): Promise<DaemonWorld> {
  return DaemonWorld.start({
    leaveOrders: true,
    policy: {
      ...UNPACED,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      'market.regimes.calm.slices': 4,
      staging: { spacing_ms: HOUR / 2, ttl_ms: 12 * HOUR },
      'standing.resting_ttl_ms': 2 * HOUR,
      approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000, quorum: 1 },
      ...cause.policy,
    },
  });
}

/** Why its order, or its amend, has not gone on in that phase; null: it has. */
async function play(cause: Cause, phase: Phase): Promise<string | null> {
  const world = await openWorld(cause);
  try {
    return await playIn(world, cause, phase);
  } finally {
    await world.close();
  }
}

async function playIn(world: DaemonWorld, cause: Cause, phase: Phase): Promise<string | null> {
  const { tokens } = world.daemon.ledger;
  const made = tokens.createToken({ role: 'agent', name: 'momentum', agent: 'momentum' });
  const approver = tokens.createToken({ role: 'operator', name: 'approver' });
  const scene: Scene = { world, token: { id: made.record.id, secret: made.secret }, approver: approver.record };
  const usdt = cause.isApproved === undefined ? 300 : 600;
  const args = order({
    order_type: 'limit',
    limit_price: 58_000,
    requested_notional: usdt,
    valid_until_ms: START_MS + 24 * HOUR,
    ...cause.args,
  });
  const ids = (): readonly string[] =>
    [...world.daemon.gate.core.state.orders.all.values()]
      .filter(({ reduceOnly }) => !reduceOnly)
      .map(({ clientOrderId }) => clientOrderId);
  const place = async (): Promise<void> => {
    const { body } = await world.tool('place_order', args, made.secret);
    if (cause.isApproved === undefined) {
      assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
      return;
    }
    const id = body.decision.decision_id;
    assert.equal(body.execution.state, 'awaiting_approval', JSON.stringify(body.decision.reasons));
    const { digest } = (await world.operator<ApprovalBody>('GET', `/v1/approvals/${id}`)).body;
    cause.prepare?.(scene);
    const answer = await approve(cause.isApproved, world, { id, digest }, approver.secret);
    assert.notEqual(answer?.answer?.decision.decision, 'BLOCK', JSON.stringify(answer));
  };
  /** Ends it, in the very turn; the exchange's clock follows. */
  const end = (): void => {
    const { clock: domain } = world.daemon.gate.core.ports;
    const nowMs = domain.nowMs.bind(domain);
    const { passesMs = 0 } = cause;
    // A clock that is set back shows less than has passed.
    if (passesMs > 0) domain.nowMs = () => nowMs() + passesMs;
    cause.happens?.(scene);
  };
  const find = (id: string) => world.daemon.gate.core.state.orders.all.get(id);
  const reasonOf = (id: string, action: OrderIntentEvent['action']): string | null =>
    world
      .records<OrderIntentEvent>('order_intent')
      .find((intent) => intent.client_order_id === id && intent.action === action)?.reason ?? null;

  const playInFlight = async (): Promise<string | null> => {
    // The venue's leverage is set already.
    await world.place({ order_type: 'limit', limit_price: 57_000, requested_notional: 80 }, made.secret);
    await world.tool('cancel_all', {}, made.secret);
    // A first opening goes alone: the account is read before the next one leaves.
    await world.sleep(300);
    const before = ids();
    betweenDecisionAnd(world, 'place_order', end);
    await place();
    const first = ids().find((id) => !before.includes(id)) ?? '';
    if (find(first)?.status !== 'canceled') return null;
    assert.ok(!(await world.books()).orders.some((each) => each.client_order_id === first), 'it was not sent');
    return find(first)?.detail ?? '';
  };
  if (phase === 'in flight') return playInFlight();
  await place();
  const [first = '', second = ''] = ids();
  assert.deepEqual([find(first)?.status, find(second)?.status], ['working', 'pending_send']);
  if (phase === 'at a restart') {
    cause.happens?.(scene);
    await world.daemon.close();
    assert.equal(reasonOf(first, 'cancel'), null, 'it was left to rest');
    if (cause.passesMs !== undefined) await world.control('advance', { ms: cause.passesMs });
    await world.startAgain();
    return reasonOf(first, 'cancel');
  }
  if (phase === 'at an amend') {
    betweenDecisionAnd(world, 'modify_order', end);
    const change = { client_order_id: first, limit_price: 57_900 };
    const { body } = await world.tool('modify_order', change, made.secret);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    await world.run(world.daemon.gate.settled());
    return reasonOf(first, 'amend_failed');
  }
  end();
  await world.refresh();
  if (phase === 'resting') return reasonOf(first, 'cancel');
  return find(second)?.status === 'canceled' ? (find(second)?.detail ?? '') : null;
}

const PASSKEY = {
  action: 'added',
  aaguid: '0',
  confirmed_by: null,
  counter: 0,
  credential_id: 'c-1',
  effective_at_ms: START_MS,
  id: 'pk-1',
  is_recovery: false,
  name: 'phone',
  origin: 'http://localhost',
  public_key: 'k',
  set_by: 'test',
  transports: [],
} as const;

async function approve(
  by: 'token' | 'passkey',
  world: DaemonWorld,
  { digest, id }: { readonly digest: string; readonly id: string },
  secret: string,
): Promise<ApprovedBody | null> {
  if (by === 'token')
    return (await world.call<ApprovedBody>('POST', `/v1/approvals/${id}`, { action: 'approve', digest }, secret)).body;
  const { gate } = world.daemon;
  gate.core.append('passkey', PASSKEY);
  const caller: Caller = { role: 'operator', agent: 'phone', tokenId: 'pk-1', skillSha256: null };
  return world.run(gate.approve(caller, id, digest, { kind: 'passkey', key_id: 'pk-1', name: 'phone', assertion: {} }));
}

/** `happens` once the next permitted decision of a tool is on disk, and nothing of it is sent. */
function betweenDecisionAnd(world: DaemonWorld, tool: string, happens: () => void): void {
  const { ledger } = world.daemon.gate.core.ports;
  const appendNow = ledger.appendNow.bind(ledger);
  ledger.appendNow = (records) => {
    const pending = appendNow(records);
    const { kind, payload } = records[0] ?? {};
    const { decision, request } = (payload ?? {}) as {
      readonly decision?: { readonly decision: string };
      readonly request?: { readonly tool: string };
    };
    if (kind !== 'decision' || request?.tool !== tool || decision?.decision === 'BLOCK') return pending;
    ledger.appendNow = appendNow;
    return { ...pending, committed: pending.committed.then(happens) };
  };
}

async function without<T>([table, key]: Cause['line'], run: () => Promise<T>): Promise<T> {
  const lines = table as Record<string, unknown>;
  const line = lines[key];
  assert.ok(line !== undefined, key);
  lines[key] = () => null;
  try {
    return await run();
  } finally {
    lines[key] = line;
  }
}

describe('the authority of an order that opens ends by each cause in each phase', () => {
  for (const cause of CAUSES)
    for (const phase of cause.phases ?? PHASES)
      it(`${cause.name}, ${phase}; and not without its line [AP-8 AP-25 AP-38 AP-41]`, async () => {
        assert.equal(await play(cause, phase), cause.why);
        assert.notEqual(await without(cause.line, () => play(cause, phase)), cause.why);
      });

  it('does not end with a token that has expired while another one of the same agent and skill lives [AP-26]', async () => {
    const happens: Cause['happens'] = ({ token, world }) => {
      world.createAgent('momentum');
      expire(world, token.id);
    };
    const cause: Cause = { name: 'expiry', why: WORD_GONE, line: [ENDS, 'words'], happens };
    assert.deepEqual([await play(cause, 'unsent'), await play(cause, 'resting')], [null, null]);
  });
});
