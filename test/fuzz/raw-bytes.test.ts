import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { SECRETS, sendRaw, startServer, type TestServer } from '../http/http-kit.ts';

const SEED = Number(process.env.HOLDFAST_FUZZ_SEED ?? 7);
/** HOLDFAST_FUZZ_INPUTS: a twentieth of them as bytes on sockets. */
const CONNECTIONS = Math.ceil(Number(process.env.HOLDFAST_FUZZ_INPUTS ?? 10_000) / 20);

const LENGTH = 'Content-Length: 2\r\n';
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNKS = '2\r\n{}\r\n0\r\n\r\n';

describe('bytes that two parsers may read differently (BY-25)', () => {
  let server: TestServer;
  let close: () => Promise<void> = () => Promise.resolve();
  before(async () => {
    const cleanups: (() => unknown)[] = [];
    server = await startServer({ after: (cleanup) => void cleanups.push(cleanup) });
    close = async () => {
      for (const cleanup of cleanups) await cleanup();
    };
  });
  after(() => close());

  const head = (): string =>
    `POST /v1/tools/cancel_all HTTP/1.1\r\nHost: ${server.host}\r\nAuthorization: Bearer ${SECRETS.agent}\r\nContent-Type: application/json\r\n`;
  const hidden = (): string => head().replace('cancel_all', 'close_position');
  const statusesOf = (answer: string): number[] =>
    Array.from(answer.matchAll(/HTTP\/1\.1 (\d{3}) /g), (match) => Number(match[1]));
  const ran = (): string[] => server.gate.calls.splice(0).map(({ method }) => method);

  /**
   * Refused by Node's parser (llhttp, strict: no leniency flag is set) before any route is looked for: 400 and the
   * connection closed, so that what follows is never read as a request. With `guard`: llhttp reads it, and we refuse it.
   */
  const REFUSED: { readonly [name: string]: () => string } = {
    'two Content-Lengths that differ': () => `${head()}${LENGTH}Content-Length: 40\r\n\r\n{}`,
    'two Content-Lengths that agree': () => `${head()}${LENGTH}${LENGTH}\r\n{}`,
    'a list of Content-Lengths': () => `${head()}Content-Length: 2, 2\r\n\r\n{}`,
    'a Content-Length with a sign': () => `${head()}Content-Length: +2\r\n\r\n{}`,
    'a Content-Length in hex': () => `${head()}Content-Length: 0x2\r\n\r\n{}`,
    'a Content-Length in two words': () => `${head()}Content-Length: 2 2\r\n\r\n{}`,
    'a Content-Length beyond 64 bits': () => `${head()}Content-Length: 99999999999999999999\r\n\r\n{}`,
    'an empty Content-Length': () => `${head()}Content-Length: \r\n\r\n{}`,
    'Content-Length, then Transfer-Encoding': () =>
      `${head()}${LENGTH}${CHUNKED}\r\n${CHUNKS}${hidden()}${LENGTH}\r\n{}`,
    'Transfer-Encoding, then Content-Length': () =>
      `${head()}${CHUNKED}${LENGTH}\r\n${CHUNKS}${hidden()}${LENGTH}\r\n{}`,
    'Transfer-Encoding twice': () => `${head()}${CHUNKED}${CHUNKED}\r\n${CHUNKS}`,
    'an unknown Transfer-Encoding': () => `${head()}Transfer-Encoding: xchunked\r\n\r\n${CHUNKS}`,
    'chunked as the first of two codings': () => `${head()}Transfer-Encoding: chunked, identity\r\n\r\n${CHUNKS}`,
    'a coding before chunked (guard)': () => `${head()}Transfer-Encoding: gzip, chunked\r\n\r\n${CHUNKS}`,
    'identity before chunked (guard)': () => `${head()}Transfer-Encoding: identity, chunked\r\n\r\n${CHUNKS}`,
    'a space before the colon': () => `${head()}Transfer-Encoding : chunked\r\n\r\n${CHUNKS}`,
    'a vertical tab in Transfer-Encoding': () => `${head()}Transfer-Encoding:\x0bchunked\r\n\r\n${CHUNKS}`,
    'a folded header (obs-fold)': () => `${head()}X-A: 1\r\n 2\r\n${LENGTH}\r\n{}`,
    'a folded Transfer-Encoding': () => `${head()}Transfer-Encoding:\r\n chunked\r\n\r\n${CHUNKS}`,
    'a bare LF after a header': () => `${head()}X-A: 1\nX-B: 2\r\n${LENGTH}\r\n{}`,
    'bare LFs throughout': () => `${head()}${LENGTH}\r\n{}`.replaceAll('\r\n', '\n'),
    'a bare CR in a header': () => `${head()}X-A: 1\rX-B: 2\r\n${LENGTH}\r\n{}`,
    'a NUL in a header': () => `${head()}X-A: 1\x002\r\n${LENGTH}\r\n{}`,
    'a header without a colon': () => `${head()}X-A\r\n${LENGTH}\r\n{}`,
    'a space in the name of a header': () => `${head()}X A: 1\r\n${LENGTH}\r\n{}`,
    'a header without a name': () => `${head()}: 1\r\n${LENGTH}\r\n{}`,
    'a chunk size with a sign': () => `${head()}${CHUNKED}\r\n+${CHUNKS}`,
    'a chunk size in C notation': () => `${head()}${CHUNKED}\r\n0x${CHUNKS}`,
    'a chunk size beyond 64 bits': () => `${head()}${CHUNKED}\r\n1${'0'.repeat(16)}${CHUNKS}`,
    'a space after a chunk size': () => `${head()}${CHUNKED}\r\n2 \r\n{}\r\n0\r\n\r\n`,
    'bare LFs between chunks': () => `${head()}${CHUNKED}\r\n${CHUNKS.replaceAll('\r\n', '\n')}`,
    'a chunk longer than its size': () => `${head()}${CHUNKED}\r\n2\r\n{}}\r\n0\r\n\r\n`,
    'a bare LF in a chunk extension': () => `${head()}${CHUNKED}\r\n2;a\n{}\r\n0\r\n\r\n`,
    'a chunk extension of 20 kB': () => `${head()}${CHUNKED}\r\n2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`,
    'framing in a trailer': () => `${head()}${CHUNKED}\r\n2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n`,
    'the preface of HTTP/2': () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'a TLS hello': () => '\x16\x03\x01\x02\x00\x01\x00\r\n\r\n',
    'a space in the target': () => `GET /v1/a b HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`,
    'a target in bytes beyond ASCII': () => `GET /v1/\u00e9 HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`,
  };
  for (const [name, build] of Object.entries(REFUSED)) {
    it(`refuses ${name}`, async () => {
      const answer = await sendRaw(server.port, build());
      // Of an unknown coding the guard hears first, and the parser refuses it as well.
      assert.deepEqual([...new Set(statusesOf(answer))], [400], answer);
      assert.match(answer, /"code":"BAD_REQUEST"/);
      assert.deepEqual(ran(), [], 'no route ran');
    });
  }

  it('refuses headers that are too many or too large, and what asks for another protocol', async () => {
    for (const more of [`X: ${'x'.repeat(20_000)}\r\n`, 'X: 1\r\n'.repeat(2_500)])
      assert.deepEqual(statusesOf(await sendRaw(server.port, `${head()}${more}${LENGTH}\r\n{}`)), [431]);
    const target = `CONNECT evil.example:443 HTTP/1.1\r\nHost: ${server.host}\r\n\r\n`;
    assert.deepEqual(statusesOf(await sendRaw(server.port, target)), [], 'closed without an answer');
    const upgrade = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
    const kept = await sendRaw(server.port, `${head()}${upgrade}${LENGTH}\r\n{}`, (got) => got.includes('}'));
    assert.match(kept, /^HTTP\/1\.1 200 /, 'answered as HTTP/1.1, not 101');
    ran();
  });

  it('what is read in one way only runs once: extensions, empty lines before, a request as a body', async () => {
    const isDone = (got: string): boolean => /\r\n\r\n[\s\S]*\}/.test(got);
    for (const text of [
      `${head()}${CHUNKED}\r\n2;name="value"\r\n{}\r\n0;last\r\n\r\n`,
      `\r\n\r\n${head()}${LENGTH}\r\n{}`,
      `${head()}Transfer-Encoding:\tchunked\r\n\r\n${CHUNKS}`,
    ]) {
      assert.deepEqual(statusesOf(await sendRaw(server.port, text, isDone)), [200], text.slice(-80));
      assert.deepEqual(ran(), ['runTool']);
    }
    const inner = `${hidden()}Content-Length: 20\r\n\r\n{"symbol":"BTCUSDT"}`;
    const outer = `GET /healthz HTTP/1.1\r\nHost: ${server.host}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`;
    const next = `${head()}Connection: close\r\n${LENGTH}\r\n{}`;
    assert.deepEqual(statusesOf(await sendRaw(server.port, `${outer}${next}`)), [200, 200]);
    assert.deepEqual(ran(), ['runTool'], 'the request after it, and not the one inside it');
  });

  it(`${CONNECTIONS} connections of mangled bytes: none runs more than was asked for, and the server goes on`, async () => {
    const change = fc.record({
      at: fc.nat(400),
      drop: fc.nat(3),
      put: fc.oneof(
        fc.constantFrom('\r\n', '\n', '\r', '\0', ':', ' ', ',', ';', 'chunked', 'Content-Length: 3\r\n', CHUNKED),
        fc.string({ maxLength: 4, unit: 'binary-ascii' }),
      ),
    });
    const input = fc.record({ isChunked: fc.boolean(), changes: fc.array(change, { minLength: 1, maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(input, async ({ isChunked, changes }) => {
        let text = `${head()}Connection: close\r\n${isChunked ? `${CHUNKED}\r\n${CHUNKS}` : `${LENGTH}\r\n{}`}`;
        for (const { at, drop, put } of changes) {
          const start = at % text.length;
          text = text.slice(0, start) + put + text.slice(start + drop);
        }
        const statuses = statusesOf(await endAfter(server.port, text));
        assert.ok(
          statuses.every((status) => status < 500 || status === 505),
          `${statuses}: ${JSON.stringify(text)}`,
        );
        const calls = ran().filter((method) => method === 'runTool');
        assert.equal(calls.length, statuses.filter((status) => status === 200).length, JSON.stringify(text));
        assert.ok(calls.length <= 1, JSON.stringify(text));
      }),
      { seed: SEED, numRuns: CONNECTIONS },
    );
    assert.equal((await server.call('GET', '/healthz')).status, 200);
  });

  it('slow senders are cut off: headers after 10 s, a body after 15 s', async () => {
    const start = performance.now();
    const [headers, body] = await Promise.all([
      trickle(server.port, `${head()}X-Slow: `, 'x'),
      trickle(server.port, `${head()}Content-Length: 1000\r\n\r\n`, ' '),
    ]);
    assert.match(headers, /^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    assert.match(body, /^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    // Node's own limits are a minute and five.
    assert.ok(performance.now() - start < 50_000);
    assert.deepEqual(ran(), []);
  });
});

/** Sends bytes, says that no more come, and gives back what was answered. */
function endAfter(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      got += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(got));
    socket.end(Buffer.from(text, 'latin1'));
  });
}

/** Sends a beginning and then a byte every half second, until the server has enough of it. */
function trickle(port: number, text: string, byte: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let got = '';
    const timer = setInterval(() => socket.write(byte), 500);
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearInterval(timer);
      resolve(got);
    });
    socket.write(text);
  });
}
