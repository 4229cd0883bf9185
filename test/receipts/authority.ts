import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Cleanups } from '../temp-folder.ts';

export const OPENSSL = spawnSync('openssl', ['ts', '-help']).status === 0 ? false : 'openssl is not installed';

/** @throws unless it ends well */
export function openssl(folder: string, ...args: readonly string[]): string {
  const { status, stderr, stdout } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  return stdout;
}

const CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
CN = holdfast test
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[authority]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
[other_digests]
serial = serial
signer_digest = sha384
default_policy = 1.2.3.4
digests = sha512
ess_cert_id_alg = sha256
`;

/** An authority of time-stamps, made by openssl: a root (`root.pem`), and a certificate below it (`tsa.pem`). */
export function makeAuthority(folder: string, key: 'rsa' | 'ec' = 'rsa'): void {
  writeFileSync(join(folder, 'tsa.cnf'), CONFIG);
  writeFileSync(join(folder, 'serial'), '01\n');
  const keyOptions = key === 'rsa' ? ['-newkey', 'rsa:2048'] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const made = ['req', '-nodes', '-config', 'tsa.cnf', ...keyOptions];
  openssl(folder, ...made, '-x509', '-extensions', 'root', '-days', '30', '-keyout', 'root.key', '-out', 'root.pem');
  openssl(folder, ...made, '-subj', '/CN=time-stamps', '-keyout', 'tsa.key', '-out', 'tsa.csr');
  const sign = ['x509', '-req', '-in', 'tsa.csr', '-CA', 'root.pem', '-CAkey', 'root.key', '-days', '30'];
  openssl(folder, ...sign, '-set_serial', '7', '-extfile', 'tsa.cnf', '-extensions', 'stamps', '-out', 'tsa.pem');
}

/** The answer of `openssl ts` to a request. */
export function answer(folder: string, query: Buffer, section = 'authority'): Buffer {
  writeFileSync(join(folder, 'query.tsq'), query);
  const files = ['-queryfile', 'query.tsq', '-signer', 'tsa.pem', '-inkey', 'tsa.key', '-out', 'answer.tsr'];
  openssl(folder, 'ts', '-reply', '-config', 'tsa.cnf', '-section', section, ...files);
  return readFileSync(join(folder, 'answer.tsr'));
}

export type Reply = (query: Buffer, response: ServerResponse, request: IncomingMessage) => void;

/** Serves an authority on loopback, and counts its requests. */
export async function serve(
  t: Cleanups,
  reply: Reply,
): Promise<{ readonly url: string; readonly asked: () => number }> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    void buffer(request).then((query) => reply(query, response, request));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tsr`, asked: () => asked };
}
