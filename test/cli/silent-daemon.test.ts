import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { toConnectionError } from '../../daemon/cli/client/call-failures.ts';
import { holdfast } from './run.ts';

test('who takes the connection and answers nothing is called a daemon that stands still, not another program [LE-127]', async (t) => {
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => sockets.add(socket.resume().on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { HOLDFAST_TOKEN: 'hf_operator' };
  const asked = [['status'], ['halt', '--reason', 'the disk hangs']];
  for (const { code, err } of await Promise.all(
    asked.map((verb) => holdfast([...verb, '--url', `http://${at}`], env)),
  )) {
    assert.equal(code, 4, err);
    assert.ok(
      err.includes(`${at} has not answered for 15 s: the daemon stands still, as it does while its disk hangs`),
      err,
    );
    assert.match(err, /Nothing was sent/);
  }
});

for (const method of ['GET', 'PUT'])
  test(`a daemon that falls silent on a proven connection stands still: ${method} [LE-127]`, () => {
    const late = Object.assign(new Error('late'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
    const { message, mayHaveArrived } = toConnectionError('http://127.0.0.1:7433', method, late);
    assert.match(message, /stands still, as it does while its disk hangs/);
    assert.equal(mayHaveArrived, method !== 'GET');
    assert.equal(/may be done yet/.test(message), method !== 'GET');
  });
