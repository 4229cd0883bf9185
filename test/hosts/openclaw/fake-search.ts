import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface FakeSearch {
  readonly url: string;
  /** What was searched for. */
  readonly queries: string[];
  close(): Promise<void>;
}

/** A search provider with Ollama's interface, which has found one page for every query. */
export async function startFakeSearch(): Promise<FakeSearch> {
  const queries: string[] = [];
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.method !== 'POST') return void response.end('{"models":[]}');
    queries.push(((await json(request)) as { readonly query: string }).query);
    const found = { title: 'A page on funding', url: 'https://www.example.com/funding', content: 'Every eight hours.' };
    response.end(JSON.stringify({ results: [found] }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    queries,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
