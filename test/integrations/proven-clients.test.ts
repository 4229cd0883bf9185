import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeEach, describe, it, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Holdfast } from '../../integrations/typescript/holdfast.ts';
import { PYTHON } from '../doors/doors.ts';
import { findFreePort } from '../free-port.ts';
import { FakeHost, folder, forgetAll, ORDER, verdictOf } from './openclaw-host.ts';
import { listen, proving, startProvingServer } from './proving-server.ts';

const INTEGRATIONS = fileURLToPath(new URL('../../integrations', import.meta.url));
const WITH_PYTHON = { skip: PYTHON === null ? 'python3 is not installed' : false };
const WITH_OPENSSL = { skip: spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not installed' };

/** Counts the connections that were proven, and those that asked for it. */
function counting(answer: RequestListener): RequestListener & { proofs: number } {
  const counted: RequestListener & { proofs: number } = (request, response) => {
    if (request.url === '/v1/proof') counted.proofs += 1;
    answer(request, response);
  };
  counted.proofs = 0;
  return counted;
}
const daemon: RequestListener = (_, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ decision: 'ALLOW', decision_id: 'd', execution: { state: 'filled' }, tools: [] }));
};

const PYTHON_PROGRAM = `
import sys
from holdfast import Holdfast, Unreachable
gate = Holdfast(sys.argv[1])
for line in sys.stdin:
    try:
        print(gate.cancel_all().decision, flush=True)
    except Unreachable as error:
        print(error, flush=True)
`;
/** Both ways of the plugin's and the client's code to a daemon, in a process that trusts an authority of its own. */
const NODE_PROGRAM = `
import { createInterface } from 'node:readline';
const { Holdfast } = await import(process.argv[1] + '/typescript/holdfast.ts');
const { DaemonLink } = await import(process.argv[1] + '/openclaw/daemon-link.ts');
const { readSettings } = await import(process.argv[1] + '/openclaw/settings.ts');
const [, , url, tokenFile] = process.argv;
const gate = new Holdfast({ url, token: 'hf_agent_tls' });
const link = new DaemonLink(readSettings({ url, tokenFile }));
for await (const _ of createInterface({ input: process.stdin })) {
  const said = (error) => error.message;
  const answers = await Promise.all([
    gate.cancelAll().then(({ decision }) => decision, said),
    link.ask('POST', '/v1/tools/cancel_all', {}, { timeoutMs: 20_000 }).then(({ body }) => body.decision, said),
  ]);
  console.log(answers.join(', '));
}
`;

/** Answers each line with a line. */
function converse(t: TestContext, child: ChildProcess): () => Promise<string> {
  t.after(() => child.kill());
  assert.ok(child.stdin !== null && child.stdout !== null);
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    stdin.write('\n');
    return String((await lines.next()).value);
  };
}
function openPython(t: TestContext, url: string, env: Readonly<Record<string, string>>): () => Promise<string> {
  const program = spawn(PYTHON ?? '', ['-c', PYTHON_PROGRAM, url], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: join(INTEGRATIONS, 'python'), PYTHONDONTWRITEBYTECODE: '1', ...env },
  });
  return converse(t, program);
}

describe('clients of a daemon that proves itself', () => {
  beforeEach(forgetAll);

  it('a connection that stays open is proven once', async (t) => {
    const port = await findFreePort();
    const tokenFile = join(folder(t), 'agent.token');
    writeFileSync(tokenFile, 'hf_agent_x');
    const listener = counting(proving(() => ['hf_agent_x'], daemon));
    const server = await listen(createServer(listener), port);
    t.after(() => server.close());
    const gate = new Holdfast({ url: `http://127.0.0.1:${port}`, token: 'hf_agent_x' });
    for (let call = 0; call < 5; call += 1) await gate.tools('openai');
    assert.equal(listener.proofs, 1);
    const atOnce = Array.from({ length: 8 }, () => gate.tools('openai'));
    await Promise.all(atOnce);
    const opened = listener.proofs;
    assert.ok(opened <= 8, `${opened}`);
    await Promise.all(Array.from({ length: 4 }, () => gate.tools('openai')));
    assert.equal(listener.proofs, opened, 'four stay open');
    const host = new FakeHost({ url: `http://127.0.0.1:${port}`, tokenFile });
    t.after(() => host.stop());
    await host.call('get_account', {});
    const first = listener.proofs;
    for (let call = 0; call < 5; call += 1) await host.call('get_account', {});
    assert.equal(listener.proofs, first);
  });

  it('TypeScript: a rotated token works at once, on a connection of its own', async (t) => {
    const port = await findFreePort();
    let token = 'hf_agent_old';
    const live = ['hf_agent_old', 'hf_agent_new'];
    const seen: (string | undefined)[] = [];
    const server = await startProvingServer(
      port,
      () => live,
      (request, response) => {
        seen.push(request.headers.authorization);
        daemon(request, response);
      },
    );
    t.after(() => server.close());
    const gate = new Holdfast({ url: `http://127.0.0.1:${port}`, token: () => token });
    await gate.cancelAll();
    token = 'hf_agent_new';
    await gate.cancelAll();
    live.shift();
    await gate.cancelAll();
    assert.deepEqual(seen, ['Bearer hf_agent_old', 'Bearer hf_agent_new', 'Bearer hf_agent_new']);
  });

  it('Python: a rotated token works at once, from its file', WITH_PYTHON, async (t) => {
    const port = await findFreePort();
    const home = folder(t);
    mkdirSync(join(home, 'tokens'));
    const file = join(home, 'tokens', 'agent.token');
    let live = 'hf_agent_old';
    writeFileSync(file, `${live}\n`);
    const server = await startProvingServer(port, () => [live], daemon);
    t.after(() => server.close());
    const ask = openPython(t, `http://127.0.0.1:${port}`, { HOLDFAST_HOME: home, HOLDFAST_TOKEN: '' });
    assert.equal(await ask(), 'ALLOW');
    live = 'hf_agent_new';
    assert.match(await ask(), /no daemon of this token answers at 127\.0\.0\.1:\d+ \(it knows no such live token\)/);
    writeFileSync(file, `${live}\n`);
    assert.equal(await ask(), 'ALLOW');
  });

  it('TypeScript and Python speak to a Unix socket', WITH_PYTHON, async (t) => {
    const socket = join(folder(t), 'daemon.sock');
    const url = `unix:${socket}`;
    const gate = new Holdfast({ url, token: 'hf_agent_x' });
    const ask = openPython(t, url, { HOLDFAST_TOKEN: 'hf_agent_x' });
    const server = await startProvingServer(socket, () => ['hf_agent_x'], daemon);
    assert.equal((await gate.cancelAll()).decision, 'ALLOW');
    assert.equal(await ask(), 'ALLOW');
    await server.close();
    const nobody = /no daemon of this token answers at .*daemon\.sock/;
    await assert.rejects(gate.tools('openai'), nobody);
    assert.match(await ask(), nobody);
  });

  it('over TLS the proof runs inside, and a certificate proves nothing', WITH_OPENSSL, async (t) => {
    const dir = folder(t);
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    const made = [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '1',
      '-keyout',
      key,
      '-out',
      cert,
      ...names,
    ];
    assert.equal(spawnSync('openssl', made).status, 0);
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const tokenFile = join(dir, 'agent.token');
    writeFileSync(tokenFile, 'hf_agent_tls');
    const port = await findFreePort();
    const url = `https://127.0.0.1:${port}`;
    const asks = [
      converse(
        t,
        spawn(
          process.execPath,
          ['--input-type=module', '-e', NODE_PROGRAM, '--', pathToFileURL(INTEGRATIONS).href, url, tokenFile],
          { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_EXTRA_CA_CERTS: cert } },
        ),
      ),
      ...(PYTHON === null ? [] : [openPython(t, url, { HOLDFAST_TOKEN: 'hf_agent_tls', SSL_CERT_FILE: cert })]),
    ];
    const work = async (): Promise<void> => {
      const server = await listen(
        createSecureServer(
          tls,
          proving(() => ['hf_agent_tls'], daemon),
        ),
        port,
      );
      for (const ask of asks) assert.match(await ask(), /^ALLOW(, ALLOW)?$/);
      await server.close();
    };
    await work();
    const given: (string | undefined)[] = [];
    const squatter = createSecureServer(tls, ({ url: path, headers }, response) => {
      given.push(path, headers.authorization);
      response.end('{"decision":"ALLOW","decision_id":"d","execution":{"state":"filled"}}');
    });
    const held = await listen(squatter, port);
    for (const ask of asks) assert.doesNotMatch(await ask(), /ALLOW/);
    await held.close();
    assert.ok(given.length > 0);
    assert.deepEqual(new Set(given), new Set(['/v1/proof', undefined]));
    await work();
  });

  it('the plugin trades again under a rotated token, over a connection of its own', async (t) => {
    const port = await findFreePort();
    const tokenFile = join(folder(t), 'agent.token');
    writeFileSync(tokenFile, 'hf_agent_old');
    let live = 'hf_agent_old';
    const server = await startProvingServer(port, () => [live], daemon);
    t.after(() => server.close());
    const host = new FakeHost({ url: `http://127.0.0.1:${port}`, tokenFile });
    t.after(() => host.stop());
    assert.equal(verdictOf(await host.call('place_order', ORDER)).decision, 'ALLOW');
    live = 'hf_agent_new';
    writeFileSync(tokenFile, live);
    assert.equal(verdictOf(await host.call('place_order', ORDER)).decision, 'ALLOW');
  });
});
