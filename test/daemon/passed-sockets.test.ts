import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { readEnv } from '../../daemon/config/config.ts';
import { PATIENCE_MS } from '../until.ts';

const COMMAND = fileURLToPath(new URL('../../scripts/holdfast.mjs', import.meta.url));
const PYTHON = spawnSync('python3', ['-c', 'import socket']).status === 0 ? 'python3' : null;
const skip = PYTHON === null ? 'python3 is not installed' : false;

/**
 * What systemd does with a socket unit, and no more: opens the sockets, starts the service with them as descriptors from
 * 3 on, and keeps them while it is down. Node would accept what comes in on a socket that it holds.
 */
const MANAGER = `
import json, os, socket, subprocess, sys
hosts = json.loads(sys.argv[1])
held, port = [], 0
for host in hosts:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6: one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    one.bind((host, port))
    port = one.getsockname()[1]
    one.listen(64)
    held.append(one)
print(port, flush=True)
for line in sys.stdin:
    word = line.strip()
    if word in ('stop', 'wait'):
        if word == 'stop': os.kill(pid, 15)
        print('ended', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        continue
    def pass_on():
        # Out of the way first: one of them may already be 3.
        high = [os.dup2(each.fileno(), 100 + i) for i, each in enumerate(held)]
        for i, fd in enumerate(high): os.dup2(fd, 3 + i); os.close(fd)
        os.environ.update(json.loads(word), LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(held)))
        os.execvp(sys.argv[2], sys.argv[2:])
    pid = os.fork()
    if pid == 0: pass_on()
`;

import { tempFolder } from '../temp-folder.ts';

interface Manager {
  readonly port: number;
  /** Starts the daemon; its environment may differ from one start to the next. */
  start(env?: Readonly<Record<string, string>>): void;
  /** Asks the daemon to end. Its exit code, or the signal below 0. */
  stop(): Promise<string>;
  /** The exit code of a daemon that ends by itself. */
  ended(): Promise<string>;
  /** What the daemon has said to standard error. */
  said(): string;
}

async function openManager(t: TestContext, hosts: readonly string[]): Promise<Manager> {
  const home = tempFolder(t, 'passed');
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const env = {
    ...inherited,
    HOLDFAST_HOME: join(home, 'home'),
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_LOG_LEVEL: 'fatal',
  };
  const args = ['-c', MANAGER, JSON.stringify(hosts), process.execPath, COMMAND, 'start'];
  // A group of its own: whatever fails, the daemon ends with its manager.
  const child: ChildProcess = spawn(PYTHON ?? '', args, { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  t.after(async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await once(child, 'close');
  });
  let said = '';
  child.stderr?.on('data', (chunk) => (said += String(chunk)));
  assert.ok(child.stdout !== null);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** The manager's own lines; the daemon writes to the same output. */
  const nextLine = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      assert.ok(done !== true, `the manager ended: ${said}`);
      const found = pattern.exec(value as string);
      if (found !== null) return found[1] ?? '';
    }
  };
  const end = (word: string): Promise<string> => {
    child.stdin?.write(`${word}\n`);
    return nextLine(/^ended (-?\d+)$/);
  };
  const port = Number(await nextLine(/^(\d+)$/));
  return {
    port,
    start: (more = {}) => void child.stdin?.write(`${JSON.stringify({ HOLDFAST_PORT: String(port), ...more })}\n`),
    stop: () => end('stop'),
    ended: () => end('wait'),
    said: () => said,
  };
}

/** On a connection of its own, whose Host header is the address. */
async function ask(url: string): Promise<{ readonly status: number; readonly body: string }> {
  const agent = new Agent({ pipelining: 0, headersTimeout: PATIENCE_MS });
  try {
    const { statusCode, body } = await request(url, { dispatcher: agent });
    return { status: statusCode, body: await body.text() };
  } finally {
    await agent.destroy();
  }
}

test('a daemon listens on the sockets that a service manager holds, and who calls while it is down is answered later [TM-73]', {
  skip,
}, async (t) => {
  const manager = await openManager(t, ['127.0.0.1', '::1']);
  const urls = [`http://127.0.0.1:${manager.port}/healthz`, `http://[::1]:${manager.port}/healthz`];
  for (let run = 1; run <= 2; run += 1) {
    // Nobody listens yet, and both connect all the same.
    const early = urls.map(ask);
    await Promise.all(urls.map(connectOnly));
    manager.start();
    for (const { status, body } of await Promise.all(early)) assert.equal(status, 200, body);
    for (const url of urls) assert.equal((await ask(url)).status, 200, url);
    const console = await ask(`http://localhost:${manager.port}/`);
    assert.equal(console.status, 200, 'the console is served: both addresses are held');
    assert.equal(await manager.stop(), '0', manager.said());
  }
});

/** Resolves when the kernel has taken the connection. */
async function connectOnly(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/[[\]]/g, ''));
  await once(socket, 'connect');
  socket.destroy();
}

/** Each process of the daemon tells at its end what the next one would inherit. */
const TELL = `--import=data:text/javascript,process.on('exit',()=>console.error('left',process.env.LISTEN_FDS))`;

test('the order of the sockets does not matter, and no program that the daemon starts hears of them', {
  skip,
}, async (t) => {
  const manager = await openManager(t, ['::1', '127.0.0.1']);
  manager.start({ NODE_OPTIONS: TELL });
  for (const host of ['127.0.0.1', '[::1]', 'localhost'])
    assert.equal((await ask(`http://${host}:${manager.port}/healthz`)).status, 200, host);
  assert.equal(await manager.stop(), '0');
  assert.match(manager.said(), /^left undefined$/m);
  assert.doesNotMatch(manager.said(), /^left \d/m);
});

test('sockets that are not those of the settings are refused', { skip }, async (t) => {
  const half = await openManager(t, ['127.0.0.1']);
  half.start();
  assert.equal(await half.ended(), '1');
  assert.match(half.said(), /passes 1 sockets, and the settings .* name 127\.0\.0\.1:\d+ and \[::1\]:\d+/);
  const other = await openManager(t, ['127.0.0.1', '::1']);
  other.start({ HOLDFAST_PORT: '7433' });
  assert.equal(await other.ended(), '1');
  assert.match(
    other.said(),
    /passes .*127\.0\.0\.1:\d+.*, and the settings .* name 127\.0\.0\.1:7433 and \[::1\]:7433/,
  );
  other.start({ HOLDFAST_PORT: '0' });
  assert.equal(await other.ended(), '2');
  assert.match(other.said(), /HOLDFAST_PORT is 0, but the service manager passes sockets/);
});

test('sockets that were passed to another process are not taken', () => {
  const passed = (env: Readonly<Record<string, string>>) => readEnv(env).config.passedSockets;
  const mine = String(process.pid);
  assert.deepEqual(passed({ LISTEN_PID: mine, LISTEN_FDS: '2' }), [3, 4]);
  assert.deepEqual(passed({ LISTEN_PID: String(process.pid + 1), LISTEN_FDS: '2' }), []);
  assert.deepEqual(passed({ LISTEN_FDS: '2' }), []);
  assert.deepEqual(passed({ LISTEN_PID: mine, LISTEN_FDS: '0' }), []);
  for (const text of ['two', '-1', '3000', '1e1']) {
    assert.throws(() => passed({ LISTEN_PID: mine, LISTEN_FDS: text }), /LISTEN_FDS is no number from 0 to 9/, text);
  }
  assert.throws(() => passed({ LISTEN_PID: mine }), /LISTEN_FDS/);
  assert.throws(
    () => passed({ LISTEN_PID: mine, LISTEN_FDS: '2', HOLDFAST_SOCKET: '/run/holdfast.sock' }),
    /HOLDFAST_SOCKET is set, but the service manager passes sockets/,
  );
});
