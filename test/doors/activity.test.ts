import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { DaemonWorld, until } from '../daemon/harness.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));
const URI = 'holdfast://activity';

test('own decisions and fills are a resource of MCP, and its updates are pushed over standard output [MI-9]', async (t) => {
  const world = await DaemonWorld.start({ real: true });
  const { url } = world.daemon;
  const tokenFile = join(world.home, 'activity.token');
  writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
  const stdio = new Client({ name: 't', version: '1' });
  const args = [SCRIPT, 'mcp', '--url', url, '--token-file', tokenFile];
  const transport = new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' });
  await stdio.connect(transport);
  const http = new Client({ name: 't', version: '1' });
  const headers = { authorization: `Bearer ${world.token('agent')}` };
  await http.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  t.after(async () => {
    // It ends by itself, with its stream: closing the client would kill it after two seconds.
    const { _process: child } = transport as unknown as { readonly _process: ChildProcess };
    const ended = once(child, 'exit');
    child.stdin?.end();
    assert.deepEqual(await ended, [0, null]);
    await stdio.close();
    await http.close();
    await world.close();
  });
  assert.equal(http.getServerCapabilities()?.resources?.subscribe, false, 'without a session nothing can be pushed');
  const updated: string[] = [];
  stdio.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    updated.push(params.uri);
  });
  await stdio.subscribeResource({ uri: URI });
  await world.place({ symbol: 'DOGEUSDT' }, world.createAgent('other'));
  // The stream is open when the first of its own events has come.
  let last = '';
  await until('an update is pushed', async () => {
    last = (await world.place()).body.decision.decision_id;
    return updated.length > 0;
  });
  assert.deepEqual([...new Set(updated)], [URI]);
  await world.refresh();
  const seen = [];
  for (const client of [stdio, http]) {
    const { resources } = await client.listResources();
    assert.deepEqual(
      resources.map(({ uri }) => uri),
      [URI, 'skill://holdfast-trading/SKILL.md'],
    );
    const { contents } = await client.readResource({ uri: URI });
    const text = (contents[0] as { readonly text: string }).text;
    seen.push(
      JSON.parse(text) as {
        readonly decisions: readonly { decision: string; decision_id: string }[];
        readonly fills: readonly object[];
      },
    );
    await assert.rejects(client.readResource({ uri: 'holdfast://../policy' }));
  }
  assert.deepEqual(seen[0], seen[1], 'the same through both');
  assert.ok(seen[0]?.decisions.some(({ decision }) => decision === 'ALLOW'));
  assert.equal(seen[0]?.decisions[0]?.decision_id, last, 'the newest first');
  assert.equal(seen[0]?.fills.length, 1);
  assert.doesNotMatch(JSON.stringify(seen), /SCOPE_SYMBOL/, "nothing of another agent's");
});
