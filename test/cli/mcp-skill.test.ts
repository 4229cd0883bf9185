import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type SkillFile, SkillsClient } from '@modelcontextprotocol/client/ext/skills';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from 'mcp-sdk-v1/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from 'mcp-sdk-v1/client/streamableHttp.js';
import { SECRETS, startServer } from '../http/http-kit.ts';
import { tempFolder } from '../temp-folder.ts';
import { holdfast } from './run.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(ROOT, 'integrations', 'skill');
const BASE = 'skill://holdfast-trading/';
const MANIFEST = `${BASE}SKILL.md`;
type Door = 'HTTP' | 'stdio';

function scratch(t: TestContext): string {
  return tempFolder(t, 'skill');
}

async function connect(t: TestContext, door: Door, isModern: boolean): Promise<Client> {
  const server = await startServer(t);
  const url = `http://127.0.0.1:${server.port}`;
  const client = new Client(
    { name: 't', version: '1' },
    isModern ? { versionNegotiation: { mode: 'auto' as const } } : undefined,
  );
  if (door === 'HTTP') {
    const requestInit = { headers: { authorization: `Bearer ${SECRETS.agent}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  } else {
    const tokenFile = join(scratch(t), 'agent.token');
    writeFileSync(tokenFile, `${SECRETS.agent}\n`, { mode: 0o600 });
    const args = [join(ROOT, 'scripts', 'holdfast.mjs'), 'mcp', '--url', url, '--token-file', tokenFile];
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'pipe' }));
  }
  t.after(() => client.close());
  return client;
}

/** As `./holdfast skill pin` digests a folder, over what the client was given. */
function digest(files: readonly SkillFile[]): string {
  const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
  const lines = files.map(({ uri, bytes }) => `${sha256(bytes)}  ${uri.slice(BASE.length)}\n`);
  return sha256(lines.join(''));
}

/** What an operator pins who has the folder. */
async function pinnedDigest(t: TestContext): Promise<string> {
  const policy = join(scratch(t), 'policy.yaml');
  writeFileSync(policy, readFileSync(join(ROOT, 'policies', 'default.yaml')));
  const { code, out, err } = await holdfast(['skill', 'pin', FOLDER, '--policy', policy, '--json']);
  assert.equal(code, 0, err);
  return (JSON.parse(out) as { readonly sha256: string }).sha256;
}

for (const door of ['HTTP', 'stdio'] as const)
  for (const isModern of [false, true])
    test(`over ${door} a client ${isModern ? 'of the newest revision ' : ''}gets the skill that an operator pins`, async (t) => {
      const client = await connect(t, door, isModern);
      const skills = new SkillsClient(client);
      assert.ok(skills.supported);
      const { skills: listed } = await skills.list();
      assert.deepEqual(
        listed.map(({ uri }) => uri),
        [MANIFEST],
      );
      const { skill: entry } = await skills.get(MANIFEST);
      assert.deepEqual(entry, listed[0]);
      assert.ok(Array.isArray(entry.resources));
      const files = await Promise.all(entry.resources.map(({ uri }) => skills.read(entry, uri)));
      assert.ok(files.every(({ verified }) => verified));
      assert.equal(digest(files), await pinnedDigest(t));
      const manifest = await skills.read(entry);
      assert.equal(manifest.text, readFileSync(join(FOLDER, 'SKILL.md'), 'utf8'));
      assert.equal(manifest.frontmatter?.name, 'holdfast-trading');
      for (const uri of [`${BASE}../../server.ts`, `${BASE}other.md`, 'skill://other/SKILL.md'])
        await assert.rejects(client.readResource({ uri }), uri);
    });

test('a client that does not know the extension finds the skill among the resources', async (t) => {
  const server = await startServer(t);
  const client = new OldClient({ name: 't', version: '1' });
  const requestInit = { headers: { authorization: `Bearer ${SECRETS.agent}` } };
  const transport = new OldTransport(new URL(`http://127.0.0.1:${server.port}/mcp`), { requestInit });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  t.after(() => client.close());
  const { resources } = await client.listResources();
  assert.deepEqual(resources.map(({ uri }) => uri).sort(), ['holdfast://activity', MANIFEST]);
  const { contents } = await client.readResource({ uri: MANIFEST });
  assert.equal((contents[0] as { readonly text: string }).text, readFileSync(join(FOLDER, 'SKILL.md'), 'utf8'));
});
