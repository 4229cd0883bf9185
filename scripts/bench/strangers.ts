import { Client } from 'undici';

export interface StrangersPlan {
  readonly url: string;
  readonly connections: number;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
const get = (path: string): Call => ({ method: 'GET', path });
const post = (path: string, value: object): Call => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const ASSERTED = {
  assertion: {
    id: 'bm9ib2R5LWtub3dzLWl0',
    rawId: 'bm9ib2R5LWtub3dzLWl0',
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON: 'e30', authenticatorData: 'AAAA', signature: 'AAAA' },
  },
};
/** Everything that may be asked without a token, in turn. */
const CALLS: readonly Call[] = [
  ...['/healthz', '/readyz', '/metrics', '/openapi.json', '/openapi-console.json'].map(get),
  ...['/docs', '/docs/json', '/docs/yaml'].map(get),
  ...['/', '/assets/console.js', '/assets/console.css', '/assets/icon.svg'].map(get),
  { method: 'POST', path: '/v1/console/challenge' },
  post('/v1/console/passkey', ASSERTED),
  post('/v1/proof', { key_id: 'bm9ib2R5LWtub3dzLWl0MA', nonce: 'bm9ib2R5LWtub3dzLWl0MA' }),
  get('/no/such/route'),
  get('/v1/account'),
  { ...get('/v1/account'), headers: { authorization: `Bearer hf_${'x'.repeat(43)}` } },
  { ...get('/'), headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
];

/** Asks without a token until it is ended, on so many connections, each for one thing after the other. */
export function askWithoutToken({ connections, url }: StrangersPlan, onReady: () => void): void {
  const statuses: Record<string, number> = {};
  const ask = async (number: number): Promise<never> => {
    const client = new Client(url);
    for (let turn = number; ; turn += 1) {
      try {
        const answer = await client.request(CALLS[turn % CALLS.length] ?? get('/'));
        await answer.body.dump();
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      } catch {
        statuses.cut = (statuses.cut ?? 0) + 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  process.once('SIGTERM', () => {
    process.stdout.write(`${JSON.stringify(statuses)}\n`);
    process.exit();
  });
  for (let number = 0; number < connections; number += 1) void ask(number);
  onReady();
}
