import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, test } from 'node:test';
import { MAX_SILENT } from '../../daemon/http/entrance/connections.ts';
import { createStrangers, FIRSTS_A_TURN, MAX_AHEAD, OTHERS_A_TURN } from '../../daemon/http/entrance/strangers.ts';
import { findFreePort } from '../free-port.ts';
import type { Cleanups } from '../temp-folder.ts';
import { turn, until } from '../until.ts';
import { SECRETS, startServer, type TestServer } from './http-kit.ts';

/** Turns that only the test begins. */
function byTurns() {
  const due: (() => void)[] = [];
  const strangers = createStrangers((next) => due.push(next));
  const begun: string[] = [];
  const sockets = new Map<string, Socket>();
  const socketOf = (name: string): Socket => {
    const known = sockets.get(name);
    if (known !== undefined) return known;
    const socket = { destroyed: false, destroy: () => Object.assign(socket, { destroyed: true }) } as unknown as Socket;
    sockets.set(name, socket);
    strangers.meet(socket);
    return socket;
  };
  return {
    strangers,
    begun,
    socketOf,
    ask: (name: string, what = name) => strangers.begin(socketOf(name), () => begun.push(what)),
    end: (name: string) => strangers.end(socketOf(name)),
    nextTurn: () => {
      for (const next of due.splice(0)) next();
    },
  };
}

describe('requests without a token', () => {
  it('begin a few at a time, by connection in turn [TM-39]', () => {
    const { ask, begun, nextTurn } = byTurns();
    for (const name of ['a', 'b']) ask(name);
    for (const what of ['a1', 'a2', 'a3', 'a4']) ask('a', what);
    ask('b', 'b1');
    nextTurn();
    nextTurn();
    assert.equal(OTHERS_A_TURN, 2);
    assert.deepEqual(begun, ['a', 'b', 'a1', 'a2', 'a3', 'b1', 'a4']);
  });

  it('have turns of their own where a connection has asked nothing before', () => {
    const { ask, begun, nextTurn } = byTurns();
    for (let index = 0; index < 50; index += 1) {
      ask(`old ${index}`);
      if (index % FIRSTS_A_TURN === FIRSTS_A_TURN - 1) nextTurn();
    }
    nextTurn();
    nextTurn();
    begun.length = 0;
    for (let index = 0; index < 50; index += 1) ask(`old ${index}`, 'again');
    for (let index = 0; index < FIRSTS_A_TURN; index += 1) ask(`new ${index}`, 'first');
    assert.deepEqual(begun, [...Array(OTHERS_A_TURN).fill('again'), ...Array(FIRSTS_A_TURN).fill('first')]);
  });

  it('wait no more when their connection has closed', () => {
    const { ask, begun, nextTurn, socketOf, strangers } = byTurns();
    ask('a');
    for (const name of ['a', 'a', 'a', 'a', 'b']) ask(name, `${name} again`);
    begun.length = 0;
    strangers.part(socketOf('a'));
    nextTurn();
    assert.deepEqual(begun, []);
    ask('b', 'b later');
    assert.deepEqual(begun, ['b later']);
  });

  it('close a connection that asks far ahead of its answers', () => {
    const { ask, end, socketOf } = byTurns();
    for (let index = 0; index < MAX_AHEAD; index += 1) ask('patient');
    end('patient');
    ask('patient');
    assert.equal(socketOf('patient').destroyed, false);
    ask('patient');
    assert.equal(socketOf('patient').destroyed, true);
  });
});

describe('the connection that a new one replaces', () => {
  const replaced = ({ socketOf, strangers }: ReturnType<typeof byTurns>, names: readonly string[]) => {
    const socket = strangers.minMissed(names.map(socketOf));
    return names.find((name) => socketOf(name) === socket);
  };

  it('is the one that has been idle for longest, not the one that came first', () => {
    const kit = byTurns();
    for (const name of ['proving', 'silent', 'later']) kit.socketOf(name);
    kit.ask('proving');
    assert.equal(replaced(kit, ['proving', 'silent', 'later']), 'silent');
    kit.end('proving');
    assert.equal(replaced(kit, ['proving', 'silent', 'later']), 'silent');
    assert.equal(replaced(kit, ['proving', 'later']), 'later');
  });

  it('waits for no answer, unless all of them do: then it has asked most, or come last', () => {
    const kit = byTurns();
    for (const name of ['a', 'b', 'often', 'last', 'idle']) {
      kit.ask(name);
      if (name === 'idle') kit.end(name);
    }
    kit.ask('often');
    assert.equal(replaced(kit, ['a', 'often', 'idle', 'last']), 'idle');
    assert.equal(replaced(kit, ['a', 'often', 'b', 'last']), 'often');
    assert.equal(replaced(kit, ['a', 'b', 'last']), 'last');
  });
});

const head = (server: TestServer, method: string, path: string, token: string | null, body = '') =>
  [
    `${method} ${path} HTTP/1.1`,
    `Host: ${server.host}`,
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${body.length}`]),
    '',
    body,
  ].join('\r\n');

const look = (server: TestServer) => head(server, 'GET', '/readyz', null);

async function open(
  t: Cleanups,
  { port }: Pick<TestServer, 'port'>,
): Promise<{ socket: Socket; received: () => string }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => {
    socket.destroy();
  });
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return { socket, received: () => received };
}

/** Notes what is begun: readings of readiness and lookups of tokens that are none; a halt, an exit. */
function note(server: TestServer): string[] {
  const order: string[] = [];
  const { gate, tokens } = server;
  const wrap = <K extends 'readiness' | 'runTool' | 'setTradingState'>(name: K, word: string) => {
    const own = gate[name].bind(gate) as (...args: unknown[]) => unknown;
    Object.assign(gate, {
      [name]: (...args: unknown[]) => {
        order.push(word);
        return own(...args);
      },
    });
  };
  wrap('readiness', 'stranger');
  wrap('runTool', 'exit');
  wrap('setTradingState', 'halt');
  const get = tokens.get.bind(tokens);
  tokens.get = (secret) => {
    const found = get(secret);
    if (found === undefined) order.push('stranger');
    return found;
  };
  return order;
}

for (const [kind, token] of [
  ['requests without a token', null],
  ['wrong tokens', 'hf_wrong_secret_0123456789abcdefghijklmno'],
] as const)
  test(`a halt and an exit do not wait behind ${kind} that were sent before them [TM-39]`, async (t) => {
    const server = await startServer(t);
    const strangers = await Promise.all(Array.from({ length: 64 }, () => open(t, server)));
    const known = [await open(t, server), await open(t, server)] as const;
    const status = token === null ? 200 : 401;
    const ask = head(server, 'GET', token === null ? '/readyz' : '/v1/account', token);
    const answered = (times: number) => () =>
      strangers.every(({ received }) => received().split(`HTTP/1.1 ${status}`).length === times + 1);
    for (const { socket } of strangers) socket.write(ask);
    await until('all were answered once', answered(1));
    const order = note(server);
    // All of it lies in the sockets before the server looks.
    for (const { socket } of strangers) socket.write(ask);
    const exit = { symbol: 'BTCUSDT' };
    const halt = { state: 'halted', reason: 'test' };
    known[0].socket.write(head(server, 'POST', '/v1/tools/close_position', SECRETS.agent, JSON.stringify(exit)));
    known[1].socket.write(head(server, 'PUT', '/v1/trading-state', SECRETS.operator, JSON.stringify(halt)));
    await until('all were answered', answered(2));
    for (const what of ['exit', 'halt']) {
      const before = order.indexOf(what);
      assert.ok(before >= 0 && before < 20, `${what} came as number ${before} of ${order.length}`);
    }
    assert.ok(order.length >= 66, `${order.length}`);
  });

test('a client proves the daemon and shows its token, however many connections others open meanwhile', async (t) => {
  const server = await startServer(t);
  const crowd = async () => {
    for (let index = 0; index < 4; index += 1) {
      await Promise.all(Array.from({ length: 50 }, () => open(t, server)));
      // The server, which is in this process, accepts one of them a turn.
      for (let turns = 0; turns < 60; turns += 1) await turn();
    }
  };
  for (let opened = 0; opened < MAX_SILENT; opened += 200) await crowd();
  const { received, socket } = await open(t, server);
  await crowd();
  socket.write(head(server, 'GET', '/readyz', null));
  await until('it is answered', () => received().includes('"ready"'));
  await crowd();
  socket.write(head(server, 'GET', '/v1/account', SECRETS.agent));
  await until('its token was taken', () => received().split('HTTP/1.1 200').length === 3);
});

test('a connection without a token that sends hundreds of requests at once is closed', async (t) => {
  const server = await startServer(t);
  const order = note(server);
  const { received, socket } = await open(t, server);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(head(server, 'GET', '/readyz', null).repeat(500));
  await closed;
  assert.ok(order.length <= MAX_AHEAD, `${order.length} of 500 were begun`);
  assert.ok(received().split('HTTP/1.1').length <= MAX_AHEAD + 1);
  const counted = async () => {
    const { text } = await server.call('GET', '/metrics', { role: 'monitor' });
    const found = [...text.matchAll(/^holdfast_http_requests_total\{.*\} (\d+)$/gm)];
    return found.reduce((sum, [, count]) => sum + Number(count), 0);
  };
  await until('the few that were begun are over', async () => (await counted()) > 1);
  assert.ok((await counted()) < 50, `${await counted()} requests were made of them`);
});

test('whoever asks beyond the proxy takes no turn from whoever asks at the machine [TM-95]', async (t) => {
  const remote = { origin: 'https://desk.example.ts.net', port: await findFreePort() };
  const server = await startServer(t, { remoteConsole: remote }, true);
  const ask = 'GET /v1/account HTTP/1.1\r\nHost: desk.example.ts.net\r\n\r\n';
  const beyond = await Promise.all(Array.from({ length: 64 }, () => open(t, remote)));
  const answers = () => beyond.reduce((sum, { received }) => sum + received().split('HTTP/1.1 401').length - 1, 0);
  const local = await open(t, server);
  const isAnswered = (times: number) => () => local.received().split('HTTP/1.1 200').length === times + 1;
  for (const { socket } of [...beyond, local]) socket.write(socket === local.socket ? look(server) : ask);
  await until('all were answered once', () => answers() === 64 && isAnswered(1)());
  let before = 0;
  local.socket.once('data', () => {
    before = answers() - 64;
  });
  // All of it lies in the sockets before the server looks.
  for (const { socket } of beyond) socket.write(ask);
  local.socket.write(look(server));
  await until('all were answered twice', () => answers() === 128 && isAnswered(2)());
  assert.ok(before < 20, `${before} of 64 were answered first`);
});
