import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AgentLink } from '../../daemon/cli/client/agent-link.ts';
import { createClient } from '../../daemon/cli/client/client.ts';
import { createDaemonPort } from '../../daemon/cli/client/mcp-port.ts';
import { DaemonWorld, order, until } from '../daemon/harness.ts';
import { WITHOUT_COOLDOWNS } from '../daemon/policy-edits.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';

const ORDER = order({ requested_notional: 181.5, max_slippage_bps: 10, strategy_id: 'model' });
interface Shown {
  readonly decision?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly request_id?: string };
}

/** A model that is shown a failure asks again. What it was not told may have been done already. */
describe('MCP over standard input and output, where answers are lost', () => {
  let world: DaemonWorld;
  let proxy: CuttingProxy;
  let link: AgentLink;
  const orders = async (): Promise<number> => (await world.books()).orders.length;
  const call = async (tool: string, args: unknown) => {
    const { body, isError } = await createDaemonPort(link, '1').callTool(tool, args);
    return { ...(body as Shown), isError };
  };
  before(async () => {
    world = await DaemonWorld.start({
      real: true,
      wall: true,
      isPatient: true,
      policy: { 'temporal.duplicate_exempt': ['BTCUSDT'], ...WITHOUT_COOLDOWNS },
    });
    proxy = await startCuttingProxy(world.daemon.url, [world.token('agent')]);
    const tokenFile = join(world.home, 'model.token');
    writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
    const io = {
      env: { HOLDFAST_HOME: world.home },
      out: () => undefined,
      err: () => undefined,
      exit: () => undefined,
    };
    link = new AgentLink(() => createClient(io, { url: proxy.url, tokenFile }, 'agent'));
    await link.reach();
  });
  after(async () => {
    await link?.close();
    await proxy?.close();
    await world?.close();
  });

  it('an order goes out once, and is answered', async () => {
    const sent = await orders();
    proxy.loseAnswers(3);
    const answer = await call('place_order', ORDER);
    assert.deepEqual([answer.isError, answer.decision], [false, 'ALLOW'], JSON.stringify(answer));
    assert.equal(await orders(), sent + 1);
  });

  it('half of a position is closed once', async () => {
    const held = async (): Promise<number> => Math.abs(Number((await world.books()).positions[0]?.quantity ?? 0));
    for (let more = 0; more < 3; more += 1) await call('place_order', ORDER);
    const before = await held();
    assert.ok(before > 0);
    proxy.loseAnswers(2);
    const answer = await call('close_position', { symbol: 'BTCUSDT', fraction: 0.5, request_id: null });
    assert.deepEqual([answer.isError, answer.decision], [false, 'ALLOW'], JSON.stringify(answer));
    await until('it is closed', async () => (await held()) < before);
    assert.ok((await held()) > 0.4 * before, `${await held()} of ${before} is left`);
  });

  it('what is not answered at all has the id under which asking again sends nothing twice', async () => {
    const sent = await orders();
    proxy.loseAnswers(99);
    const lost = await call('place_order', ORDER);
    proxy.loseAnswers(0);
    assert.deepEqual([lost.isError, lost.error?.code], [true, 'UNREACHABLE']);
    assert.match(lost.error?.message ?? '', /may have been done.*request_id/);
    const again = await call('place_order', { ...ORDER, request_id: lost.error?.request_id });
    assert.equal(again.decision, 'ALLOW', JSON.stringify(again));
    assert.equal(await orders(), sent + 1);
  });

  it('an answer that breaks off in its middle is a lost one', async () => {
    const sent = await orders();
    proxy.loseAnswers(1, 'behind the head');
    const answer = await call('place_order', ORDER);
    assert.deepEqual([answer.isError, answer.decision], [false, 'ALLOW'], JSON.stringify(answer));
    assert.equal(await orders(), sent + 1);
  });

  it("a model's own id stays", async () => {
    const sent = await orders();
    for (let time = 0; time < 2; time += 1) await call('place_order', { ...ORDER, request_id: 'mine' });
    assert.equal(await orders(), sent + 1);
  });
});
