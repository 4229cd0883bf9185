import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { findPackageFolder } from '../../daemon/config/package.ts';
import { findFreePort } from '../free-port.ts';
import { tempFolder } from '../temp-folder.ts';
import { until } from '../until.ts';

const find = (program: string): string | undefined =>
  ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));
const CADDY = find('caddy');
export const WITHOUT_OPENSSL =
  find('openssl') === undefined ? 'no openssl on the path; Debian: apt-get install openssl' : false;
export const WITHOUT_CADDY = CADDY === undefined ? 'no caddy on the path; Debian: apt-get install caddy' : false;

/** Of a name, signed by itself. */
interface Certificate {
  readonly folder: string;
  readonly cert: string;
  readonly key: string;
  /** base64 of the sha256 of its public key, by which a browser is told to trust it. */
  readonly spki: string;
}
export function makeCertificate(t: TestContext, name: string): Certificate {
  const folder = tempFolder(t, 'tls');
  const [cert, key] = [join(folder, 'desk.crt'), join(folder, 'desk.key')];
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
  const { publicKey } = new X509Certificate(readFileSync(cert));
  const spki = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  return { folder, cert, key, spki };
}

/** A proxy with TLS before a port of loopback. Resolves to its own port. */
export type StartProxy = (t: TestContext, certificate: Certificate, name: string, port: number) => Promise<number>;

/** Sends what reverse proxies send: the name that was asked for, and headers of where it came from. */
export const startNodeProxy: StartProxy = async (t, { cert, key }, _name, port) => {
  const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (asked, answer) => {
    const { headers, method, url } = asked;
    const forwarded = {
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-host': headers.host,
      'x-forwarded-proto': 'https',
    };
    const onward = request(
      { host: '127.0.0.1', port, method, path: url, headers: { ...headers, ...forwarded } },
      (given) => {
        answer.writeHead(given.statusCode ?? 502, given.headers);
        given.pipe(answer);
        given.once('error', () => answer.destroy());
      },
    );
    onward.once('error', () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end();
    });
    answer.once('close', () => onward.destroy());
    asked.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** The recipe of docs/phone.md, with the name, the files and the ports of the test. */
export const startCaddy: StartProxy = async (t, { cert, folder, key }, name, port) => {
  const page = readFileSync(join(findPackageFolder(), 'docs', 'phone.md'), 'utf8');
  const recipe = /```caddyfile\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const own = await findFreePort();
  const replaced = recipe
    .replace('desk.example.com', name)
    .replace('/etc/caddy/desk.crt', cert)
    .replace('/etc/caddy/desk.key', key)
    .replace('127.0.0.1:7434', `127.0.0.1:${port}`);
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port ${own}\n}\n${replaced}`);
  const child = spawn(CADDY ?? '', ['run', '--config', file, '--adapter', 'caddyfile'], {
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  t.after(() => end(child));
  await until('caddy listens', async () => {
    if (child.exitCode !== null) throw new Error(`caddy: ${said}`);
    return answers(own);
  });
  return own;
};

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
