import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /**
   * So many of the next answers are lost: the request arrives, and the connection breaks where the answer begins, or
   * once its headers have come, or a gateway answers something of its own.
   */
  loseAnswers(count: number, where?: 'before it' | 'behind the head' | string): void;
  close(): Promise<void>;
}

/** What a gateway answers when its upstream took too long, though the request has arrived there. */
export function gatewayAnswer(status: string, type: string, body: string): string {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close`;
  return `${head}\r\n\r\n${body}`;
}

/** Stands between a client and a daemon on loopback, byte for byte, and loses answers when told. */
export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let toLose = 0;
  let place = 'before it';
  const server = createServer((client) => {
    const daemon = connect(Number(port), hostname);
    for (const socket of [client, daemon]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    // The Host header names the daemon's own port.
    client.on('data', (chunk) => {
      daemon.write(chunk.toString('latin1').replace(/^host: .*$/im, `Host: ${hostname}:${port}`), 'latin1');
    });
    daemon.on('data', (chunk) => {
      if (toLose > 0) {
        toLose -= 1;
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
    loseAnswers: (count, where = 'before it') => {
      toLose = count;
      place = where;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
