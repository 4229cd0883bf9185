import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ApprovalsBody } from '../../daemon/engine/records/approvals.ts';
import { DaemonWorld, order } from './harness.ts';

async function openWorld(t: TestContext): Promise<DaemonWorld> {
  const world = await DaemonWorld.of(t, {
    real: true,
    policy: { approvals: { when: [{ notional_above_usdt: 400 }], window_ms: 600_000, expiry_ms: 600_000 } },
  });
  return world;
}
interface Connecting {
  readonly isModern: boolean;
  readonly capabilities: object;
  readonly onAsked?: (params: object) => Promise<void> | void;
}
async function connect(t: TestContext, world: DaemonWorld, { capabilities, isModern, onAsked }: Connecting) {
  const client = new Client(
    { name: 't', version: '1' },
    { capabilities, ...(isModern ? { versionNegotiation: { mode: 'auto' as const } } : {}) },
  );
  if (onAsked !== undefined)
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      await onAsked(params);
      return { action: 'accept' as const };
    });
  const requestInit = { headers: { authorization: `Bearer ${world.token('agent')}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${world.daemon.url}/mcp`), { requestInit }));
  t.after(() => client.close());
  const place = async (args: object = order({ requested_notional: 600 })) =>
    (await client.callTool({ name: 'place_order', arguments: args as Record<string, unknown> })).structuredContent as {
      readonly decision_id: string;
      readonly decision: string;
      readonly execution: {
        readonly state: string;
        readonly approval?: { readonly card: string; readonly status: string; readonly decision_id?: string };
      };
    };
  return { client, place };
}
const decisions = (world: DaemonWorld): number => [...world.daemon.ledger.iterateEvents({ kind: 'decision' })].length;

test('a client that can show an address is asked to open the card; that it accepts approves nothing', async (t) => {
  const world = await openWorld(t);
  const asked: { readonly mode?: string; readonly url?: string; readonly message?: string }[] = [];
  const { place } = await connect(t, world, {
    isModern: true,
    capabilities: { elicitation: { url: {} } },
    onAsked: (params) => void asked.push(params),
  });
  const answer = await place();
  const [waiting] = (await world.operator<ApprovalsBody>('GET', '/v1/approvals')).body.approvals;
  assert.deepEqual(
    asked.map(({ mode, url }) => [mode, url]),
    [['url', waiting?.card]],
  );
  assert.match(waiting?.card ?? '', /^http:\/\/localhost:\d+\/#\/approvals\//);
  assert.deepEqual(
    [answer.decision, answer.execution.state],
    ['BLOCK', 'awaiting_approval'],
    'accepting is no approval',
  );
  assert.equal(answer.decision_id, waiting?.approval_id);
  assert.deepEqual([decisions(world), await world.position('BTCUSDT')], [1, 0], 'and the second call no second order');
});

test('what a person approves behind the card is what the same call answers in the end', async (t) => {
  const world = await openWorld(t);
  const { place } = await connect(t, world, {
    isModern: true,
    capabilities: { elicitation: { url: {} } },
    onAsked: async () => {
      const [waiting] = (await world.operator<ApprovalsBody>('GET', '/v1/approvals')).body.approvals;
      const body = { action: 'approve', digest: waiting?.digest };
      assert.equal((await world.operator('POST', `/v1/approvals/${waiting?.approval_id}`, body)).status, 200);
    },
  });
  const { execution } = await place();
  assert.equal(execution.approval?.status, 'granted');
  assert.ok(execution.approval.decision_id);
  assert.equal(await world.position('BTCUSDT'), 0.009);
});

test('others get the address in the BLOCK; a state that somebody made up places nothing', async (t) => {
  const world = await openWorld(t);
  for (const [isModern, capabilities] of [
    [true, {}],
    [true, { elicitation: { form: {} } }],
    [false, { elicitation: { url: {} } }],
  ] as const) {
    const { client, place } = await connect(t, world, { isModern, capabilities });
    const { decision, execution } = await place();
    assert.deepEqual([decision, execution.state], ['BLOCK', 'awaiting_approval']);
    assert.match(execution.approval?.card ?? '', /^http:\/\/localhost:\d+\/#\/approvals\//);
    await client.callTool({ name: 'cancel_all', arguments: {} });
    assert.equal((await world.operator<ApprovalsBody>('GET', '/v1/approvals')).body.approvals[0]?.status, 'voided');
    await world.advance(600_000);
  }
  const before = decisions(world);
  const { client } = await connect(t, world, { isModern: true, capabilities: {} });
  const made = { name: 'place_order', arguments: order({ requested_notional: 200 }), requestState: 'made-up' };
  const answer = await client.callTool(made as unknown as { name: string }).catch((error: unknown) => ({ error }));
  assert.ok('error' in answer || answer.isError === true, JSON.stringify(answer));
  assert.deepEqual([decisions(world), await world.position('BTCUSDT')], [before, 0]);
});
