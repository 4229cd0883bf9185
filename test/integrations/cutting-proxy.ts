import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { CLAIMS, keyIdOf, proofOf } from './proving-server.ts';

export interface CuttingProxy {
  readonly url: string;
  /**
   * So many of the next answers are lost: the request arrives, and the connection breaks where the answer begins, or
   * once its headers have come, or a gateway answers something of its own. Of several places the last one stays.
   */
  loseAnswers(count: number, ...places: readonly ('before it' | 'behind the head' | string)[]): void;
  close(): Promise<void>;
}

/** What a gateway answers when its upstream took too long, though the request has arrived there. */
export function gatewayAnswer(status: string, type: string, body: string): string {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close`;
  return `${head}\r\n\r\n${body}`;
}

/**
 * Stands between a client and a daemon on loopback, byte for byte, and loses answers when told. Its address is not the
 * daemon's, so it answers for the proof itself, as one that knows `tokens`; no proof is lost.
 */
export async function startCuttingProxy(target: string, tokens: readonly string[]): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let toLose = 0;
  let places = ['before it'];
  const server = createServer((client) => {
    const daemon = connect(Number(port), hostname);
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let pending = '';
    client.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      if (pending.startsWith('POST /v1/proof ')) {
        const proof = answerProof(pending, tokens);
        if (proof === null) return;
        client.write(proof);
      } else {
        // The Host header names the daemon's own port.
        daemon.write(pending.replace(/^host: .*$/im, `Host: ${hostname}:${port}`), 'latin1');
      }
      pending = '';
    });
    daemon.on('data', (chunk) => {
      if (toLose > 0) {
        toLose -= 1;
        const [place = ''] = places;
        if (places.length > 1) places.shift();
        const head = chunk.subarray(0, chunk.indexOf('\r\n\r\n') + 4);
        if (place === 'before it') client.destroy();
        else client.end(place === 'behind the head' ? head : place);
        daemon.destroy();
      } else client.write(chunk);
    });
    client.on('close', () => daemon.destroy());
    daemon.on('close', () => client.end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseAnswers: (count, ...where) => {
      toLose = count;
      places = where.length === 0 ? ['before it'] : [...where];
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

/** Null: the question has not arrived yet as a whole. */
function answerProof(text: string, tokens: readonly string[]): string | null {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  if (body.length < Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.POSITIVE_INFINITY)) return null;
  const { key_id: id, nonce } = JSON.parse(body) as { readonly key_id: string; readonly nonce: string };
  const token = tokens.find((each) => keyIdOf(each) === id) ?? '';
  const dialled = /^host: (.*)$/im.exec(head)?.[1] ?? '';
  const answer = JSON.stringify({ claims: CLAIMS, proof: proofOf(token, nonce, dialled, CLAIMS) });
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`;
}
