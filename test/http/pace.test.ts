import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, test } from 'node:test';
import { createPace, STARTS_A_TURN } from '../../daemon/http/entrance/pace.ts';
import { turn, until } from '../until.ts';
import { SECRETS, startServer } from './http-kit.ts';

describe('requests that may wait', () => {
  it('begin at once while a turn has room, the others in later turns', async () => {
    const pace = createPace(3);
    const begun: number[] = [];
    for (let index = 0; index < 8; index += 1) pace.begin('a', () => begun.push(index));
    assert.deepEqual(begun, [0, 1, 2]);
    assert.equal(pace.waiting, 5);
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5]);
    await turn();
    assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7]);
    await turn();
    pace.begin('a', () => begun.push(8));
    assert.equal(begun.at(-1), 8, 'a new turn has room again');
  });

  it('take turns by token: a flood keeps nobody else waiting behind all of it', async () => {
    const pace = createPace(2);
    const begun: string[] = [];
    for (let index = 0; index < 20; index += 1) pace.begin('flood', () => begun.push('flood'));
    pace.begin('other', () => begun.push('other'));
    pace.begin('third', () => begun.push('third'));
    await turn();
    await turn();
    assert.deepEqual(begun, ['flood', 'flood', 'flood', 'other', 'third', 'flood']);
  });

  it('one that is begun may begin another', async () => {
    const pace = createPace(1);
    const begun: string[] = [];
    pace.begin('a', () => pace.begin('a', () => begun.push('inner')));
    assert.deepEqual(begun, []);
    await turn();
    assert.deepEqual(begun, ['inner']);
  });
});

test('a halt and an exit do not wait behind what one token has sent before them', async (t) => {
  const server = await startServer(t);
  const order: string[] = [];
  const { gate } = server;
  const runTool = gate.runTool.bind(gate);
  gate.runTool = (caller, args) => {
    order.push(args.tool);
    return runTool(caller, args);
  };
  const setTradingState = gate.setTradingState.bind(gate);
  gate.setTradingState = (caller, change) => {
    order.push('halt');
    return setTradingState(caller, change);
  };
  const count = 5 * STARTS_A_TURN;
  // All of it lies in one socket before the server looks: it is read in one turn.
  const placed = frame(server.port, ['POST', '/v1/tools/place_order', SECRETS.agent, PLACE_ORDER]).repeat(count);
  const exit = frame(server.port, ['POST', '/v1/tools/close_position', SECRETS.agent, { symbol: 'BTCUSDT' }]);
  const halt = frame(server.port, ['PUT', '/v1/trading-state', SECRETS.operator, { state: 'halted', reason: 'test' }]);
  const sockets = await Promise.all([0, 1, 2].map(() => open(server.port)));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const [index, text] of [placed, exit, halt].entries()) sockets[index]!.write(text);
  await until('all have begun', () => order.length >= count + 2);
  assert.equal(order.length, count + 2);
  for (const what of ['halt', 'close_position'])
    assert.ok(order.indexOf(what) < count - STARTS_A_TURN, `${what} came as number ${order.indexOf(what)} of ${count}`);
});

const PLACE_ORDER = {
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requested_notional: 100,
  requested_leverage: 1,
  order_type: 'market',
  max_slippage_bps: 10,
  strategy_id: 's',
};

function frame(port: number, [method, path, token, body]: readonly [string, string, string, object]): string {
  const text = JSON.stringify(body);
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${text.length}`,
    '',
    text,
  ].join('\r\n');
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.once('error', reject);
    socket.resume();
  });
}
