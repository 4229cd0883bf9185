import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Holdfast } from '../../integrations/typescript/holdfast.ts';
import { holdfast } from '../cli/run.ts';
import type { DaemonWorld } from '../daemon/harness.ts';
import { FakeHost } from '../integrations/openclaw-host.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const PYTHON = spawnSync('python3', ['-c', 'import http.client']).status === 0 ? 'python3' : null;

/** What a caller learns: of a decision its word and reasons, of a refused call its code, of a reading its members. */
export interface Reported {
  readonly code?: string;
  readonly decision?: string;
  readonly reasons?: readonly string[];
  readonly bound_by?: string;
  readonly order?: unknown;
  readonly state?: string;
  readonly members?: readonly string[];
}
/** One way to the gate. `text`: the arguments as JSON; doors that take values parse it as their language does. */
export interface Door {
  readonly name: string;
  call(tool: string, text: string): Promise<Reported>;
  close(): Promise<void>;
}

export async function openDoors(world: DaemonWorld): Promise<readonly Door[]> {
  const tokenFile = join(world.home, 'doors.token');
  writeFileSync(tokenFile, world.token('agent'), { mode: 0o600 });
  const { url } = world.daemon;
  const doors = [
    openHttp(world),
    await openMcp(world),
    await openStdio(url, tokenFile),
    openPlugin(url, tokenFile),
    openTypeScript(url, world.token('agent')),
    openCommandLine(url, tokenFile),
  ];
  return PYTHON === null ? doors : [...doors, openPython(PYTHON, url, tokenFile)];
}

const nothing = async (): Promise<void> => undefined;

function openHttp(world: DaemonWorld): Door {
  return {
    name: 'HTTP',
    call: async (tool, text) => reported((await world.call('POST', `/v1/tools/${tool}?view=brief`, text)).body),
    close: nothing,
  };
}

/** Bytes as they are, so that the daemon's parser sees what a client's would have changed. */
async function openMcp(world: DaemonWorld): Promise<Door> {
  const headers = { authorization: `Bearer ${world.token('agent')}` };
  let lastBody = '';
  // The client frames the message; the arguments go in as the table has them.
  let args = '{}';
  const transport = new StreamableHTTPClientTransport(new URL(`${world.daemon.url}/mcp`), {
    requestInit: { headers },
    fetch: (input, init) => {
      lastBody = typeof init?.body === 'string' ? init.body.replace('"ARGUMENTS_AS_TEXT"', () => args) : '';
      return fetch(input, { ...init, ...(lastBody === '' ? {} : { body: lastBody }) });
    },
  });
  const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(transport);
  return {
    name: 'MCP over HTTP',
    call: async (tool, text) => {
      args = text;
      const given = { name: tool, arguments: 'ARGUMENTS_AS_TEXT' as unknown as Record<string, unknown> };
      try {
        return shownByMcp(await client.callTool(given));
      } catch (error) {
        // A message that the daemon does not read is refused before the protocol sees it.
        const code = /"code":"([A-Z_]+)"/.exec(String((error as Error).message))?.[1];
        if (code === undefined) throw error;
        return { code };
      }
    },
    close: () => client.close(),
  };
}

/** By hand, so that the arguments go into the pipe as they are written. */
async function openStdio(url: string, tokenFile: string): Promise<Door> {
  const args = [join(ROOT, 'scripts', 'holdfast.mjs'), 'mcp', '--url', url, '--token-file', tokenFile];
  const { ask, close } = converse(spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
  const message = (id: number, method: string, params: string): string =>
    `{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`;
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  await ask(message(0, 'initialize', JSON.stringify(hello)));
  let id = 0;
  return {
    name: 'MCP over standard input and output',
    call: async (tool, text) => {
      id += 1;
      const answer = await ask(message(id, 'tools/call', `{"name":${JSON.stringify(tool)},"arguments":${text}}`));
      return shownByMcp(JSON.parse(answer).result);
    },
    close,
  };
}

/** A process that answers each line with a line. */
function converse(child: ChildProcessByStdio<Writable, Readable, null>) {
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (line: string): Promise<string> => {
      child.stdin.write(`${line}\n`);
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the process has ended');
      return value as string;
    },
    close: async (): Promise<void> => {
      const over = new Promise<void>((done) => child.once('close', () => done()));
      child.stdin.end();
      await over;
    },
  };
}

function openPlugin(url: string, tokenFile: string): Door {
  const host = new FakeHost({ url, tokenFile });
  return {
    name: 'OpenClaw plugin',
    call: async (tool, text) => {
      const { blocked, result } = await host.call(tool, JSON.parse(text));
      if (blocked !== null) return { code: blocked };
      return reported(result?.details.verdict ?? { error: { code: 'TOOL_UNKNOWN' } });
    },
    close: async () => host.stop(),
  };
}

function openTypeScript(url: string, token: string): Door {
  const client = new Holdfast({ url, token });
  return {
    name: 'TypeScript client',
    call: async (tool, text) => reported(await client.call(tool, JSON.parse(text))),
    close: nothing,
  };
}

function openCommandLine(url: string, tokenFile: string): Door {
  return {
    name: 'command line',
    call: async (tool, text) => {
      const { code, out, err } = await holdfast(['call', tool, text, '--url', url, '--token-file', tokenFile]);
      if (out === '') return { code: /([A-Z][A-Z_]{3,})[:\n]/.exec(err)?.[1] ?? err };
      const seen = reported(JSON.parse(out));
      if (seen.decision === 'BLOCK' && code !== 3) return { code: `exit code ${code} of a BLOCK` };
      return seen;
    },
    close: nothing,
  };
}

const LOOP = `
import json, sys
from holdfast import Holdfast
gate = Holdfast(sys.argv[1], open(sys.argv[2]).read().strip())
for line in sys.stdin:
    tool, text = json.loads(line)
    print(json.dumps(gate.call(tool, json.loads(text))), flush=True)
`;
function openPython(python: string, url: string, tokenFile: string): Door {
  const child = spawn(python, ['-c', LOOP, url, tokenFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: join(ROOT, 'integrations', 'python'), PYTHONDONTWRITEBYTECODE: '1' },
  });
  const { ask, close } = converse(child);
  return {
    name: 'Python client',
    call: async (tool, text) => reported(JSON.parse(await ask(JSON.stringify([tool, text])))),
    close,
  };
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
function shownByMcp({ content }: any): Reported {
  return reported(JSON.parse(content[0].text));
}

// biome-ignore lint/suspicious/noExplicitAny: answers of every shape
function reported(body: any): Reported {
  if (body === null || typeof body !== 'object') throw new Error(`no answer: ${String(body)}`);
  if ('error' in body) return { code: body.error.code };
  const answer = body.result ?? body;
  if (typeof answer.decision !== 'string') return { members: Object.keys(answer).sort() };
  return {
    decision: answer.decision,
    reasons: (answer.reasons ?? []).map(({ code }: { readonly code: string }) => code),
    bound_by: answer.bound_by ?? null,
    order: answer.order ?? null,
    state: answer.execution.state,
  };
}
