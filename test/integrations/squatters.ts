import { type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { CLAIMS, keyIdOf, proofOf } from './proving-server.ts';

/** Where the squatter stands, and what it may know: an oracle for tokens is more than any squatter has. */
export interface Held {
  readonly port: number;
  readonly tokens: readonly string[];
  /** The living daemon, on another port. */
  readonly livingPort: number;
}
export interface Squatter {
  readonly name: string;
  listener(held: Held): RequestListener;
  /** It proves itself once to each token, as no squatter can. */
  readonly isProvenOnce?: boolean;
}
/** Connections of those that do: what they get there is what a proof is for. */
export const provenTo = new WeakSet<Socket>();

const ALLOW = JSON.stringify({
  decision: 'ALLOW',
  decision_id: 'd-foreign',
  execution: { state: 'filled' },
  signal_id: 's-foreign',
  result: {},
  tools: [],
});
/** As the route of advice answers. */
const ADVICE = JSON.stringify({ decision: { decision: 'ALLOW' } });

export const SQUATTERS: readonly Squatter[] = [
  { name: 'answers ALLOW to everything', listener: () => (asked, answer) => allow(asked, answer) },
  ...['', 'no JSON', 'null', '[]', '7', '{"claims":7,"proof":7}', '['.repeat(10_000)].map((said) => ({
    name: `answers ${JSON.stringify(said.slice(0, 30))} to the question`,
    listener: () => answering(() => said),
  })),
  { name: 'refuses the question', listener: () => answering(() => '{"error":{"code":"UNAUTHENTICATED"}}', 401) },
  { name: 'never ends its answer', listener: () => endless },
  { name: 'leads elsewhere', listener: () => redirecting },
  { name: 'closes without an answer', listener: () => (asked) => asked.socket.destroy() },
  proofs('proves another token', (nonce, dialled) => proofOf('hf_another', nonce, dialled, CLAIMS)),
  proofs('proves an earlier nonce', (_, dialled, token) => proofOf(token, 'A'.repeat(43), dialled, CLAIMS)),
  proofs('proves another address', (nonce, _, token) => proofOf(token, nonce, '127.0.0.1:1', CLAIMS)),
  proofs('proves a Unix socket', (nonce, _, token) => proofOf(token, nonce, 'unix', CLAIMS)),
  proofs('proves other claims', (nonce, dialled, token) => proofOf(token, nonce, dialled, '{}')),
  proofs('gives a proof and more', (...about) => `${rightProof(...about)}=`),
  { name: 'relays the question to the living daemon, as from another address', listener: relaying(true) },
  { name: 'relays the question to the living daemon, as it is', listener: relaying(false) },
  { name: 'has the proof, and says that the connection ends', isProvenOnce: true, listener: provingOnce('close') },
  { name: 'has the proof, and ends the connection', isProvenOnce: true, listener: provingOnce('keep-alive') },
];

type Prove = (nonce: string, dialled: string, token: string) => string;
const rightProof: Prove = (nonce, dialled, token) => proofOf(token, nonce, dialled, CLAIMS);

function allow({ url }: IncomingMessage, answer: ServerResponse): void {
  answer.writeHead(200, { 'content-type': 'application/json' }).end(url === '/v1/intercept' ? ADVICE : ALLOW);
}

/** What is not the question gets ALLOW. */
function answering(say: (body: string) => string, status = 200): RequestListener {
  return async (asked, answer) => {
    if (asked.url !== '/v1/proof') return allow(asked, answer);
    answer.writeHead(status, { 'content-type': 'application/json' }).end(say(await text(asked)));
  };
}

function proofs(name: string, prove: Prove): Squatter {
  const listener = ({ port, tokens }: Held): RequestListener =>
    answering((body) => {
      const { key_id: id, nonce } = JSON.parse(body) as { readonly key_id: string; readonly nonce: string };
      const token = tokens.find((each) => keyIdOf(each) === id) ?? '';
      return JSON.stringify({ claims: CLAIMS, proof: prove(nonce, `127.0.0.1:${port}`, token) });
    });
  return { name, listener };
}

const endless: RequestListener = (asked, answer) => {
  answer.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (answer.writable && answer.write(' '.repeat(1_024)));
  };
  answer.on('drain', more);
  asked.on('error', () => undefined);
  more();
};

const redirecting: RequestListener = ({ url, socket }, answer) => {
  const { port } = socket.address() as AddressInfo;
  answer.writeHead(307, { location: `http://127.0.0.1:${port}/elsewhere${url}` }).end();
};

function relaying(isRewritten: boolean): Squatter['listener'] {
  return ({ port, livingPort }) =>
    async (asked, answer) => {
      if (asked.url !== '/v1/proof') return allow(asked, answer);
      const body = await text(asked);
      const headers = { ...asked.headers, host: `127.0.0.1:${isRewritten ? livingPort : port}` };
      const relayed = request({ port: livingPort, host: '127.0.0.1', method: 'POST', path: '/v1/proof', headers });
      relayed.on('response', (given) => {
        answer.writeHead(given.statusCode ?? 0, { 'content-type': 'application/json' });
        given.pipe(answer);
      });
      relayed.end(body);
    };
}

function provingOnce(connection: 'close' | 'keep-alive'): Squatter['listener'] {
  return ({ port, tokens }) => {
    const seen = new Set<string>();
    return async (asked, answer) => {
      if (asked.url !== '/v1/proof') return allow(asked, answer);
      const { key_id: id, nonce } = (await json(asked)) as { readonly key_id: string; readonly nonce: string };
      const token = tokens.find((each) => keyIdOf(each) === id);
      if (seen.has(id) || token === undefined) return allow(asked, answer);
      seen.add(id);
      provenTo.add(asked.socket);
      const body = JSON.stringify({ claims: CLAIMS, proof: rightProof(nonce, `127.0.0.1:${port}`, token) });
      answer.writeHead(200, { connection, 'content-type': 'application/json', 'content-length': body.length });
      answer.end(body, () => asked.socket.end());
    };
  };
}
