import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { SIGNAL_KINDS } from '../../daemon/core/policy.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { byBytes, bySchema, type Description, type Input, type Route, routesOf } from './hostile-inputs.ts';

/** HOLDFAST_FUZZ_INPUTS and HOLDFAST_FUZZ_SEED: how many requests in all, and which. */
const INPUTS = Number(process.env.HOLDFAST_FUZZ_INPUTS ?? 10_000);
const SEED = Number(process.env.HOLDFAST_FUZZ_SEED ?? 7);
/** Requests of one run of a property. */
const RUN = 25;
/** What the process may keep of a thousand requests: their records, and what is summed. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;
const MAX_NAMES = 50;
/** Ids, cursors and client order ids in an answer. */
const NAMES = /"((?:d-|s-|hf)[0-9a-z-]{3,40}|[0-9]{1,9})"/g;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Requests within the process let go of their streams in a turn of their own. */
async function keptBytes(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  collect();
  return process.memoryUsage().heapUsed;
}

describe(`hostile requests (seed ${SEED}, ${INPUTS} of them)`, () => {
  const world = suiteWorld({
    policy: (spec) => {
      spec.scope.actions = ['close', 'modify', 'cancel'];
      // Nor may signals among the requests be what refuses the others.
      for (const kind of SIGNAL_KINDS) spec.trust.signals[kind] = { multiplier: 1, max_ttl_ms: 3_600_000 };
    },
  });
  let routes: readonly Route[];
  let sent = 0;
  const statuses = new Map<number, number>();
  before(async () => {
    const [forClients = [], forPages = []] = await Promise.all(
      ['/openapi.json', '/openapi-console.json'].map(async (path) =>
        routesOf((await world.call<Description>('GET', path)).body),
      ),
    );
    assert.ok(forClients.length > 30 && forPages.length >= 5, `${forClients.length} and ${forPages.length} routes`);
    routes = [...forClients, ...forPages];
  });

  const ask = async ({ role, headers, ...rest }: Input): Promise<string> => {
    sent += 1;
    const token = role === null || 'authorization' in headers ? {} : { authorization: `Bearer ${world.token(role)}` };
    const { status, text } = await world.ask({ ...rest, headers: { ...headers, ...token } });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const shown = `${rest.method} ${rest.path.slice(0, 100)} was answered ${status} ${text.slice(0, 300)}`;
    assert.ok(status < 500 || status === 503 || status === 505, shown);
    assert.ok(status >= 200, shown);
    if (status >= 400 && rest.method !== 'HEAD' && !rest.path.startsWith('/readyz'))
      assert.match((JSON.parse(text) as { error: { code: string } }).error.code, /^[A-Z_]+$/, shown);
    return text;
  };
  const explore = async (
    input: fc.Arbitrary<Input>,
    share: number,
    onAnswer: (text: string) => void = () => undefined,
  ) => {
    await fc.assert(
      fc.asyncProperty(fc.array(input, { minLength: RUN, maxLength: RUN }), async (inputs) => {
        for (const each of inputs) onAnswer(await ask(each));
        // A halt among them must not be what refuses the rest.
        for (const scope of [{}, { symbol: 'BTCUSDT' }, { symbol: 'ETHUSDT' }, { agent: 'agent' }])
          await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'the next run', ...scope });
      }),
      { seed: SEED, numRuns: Math.ceil((INPUTS * share) / RUN) },
    );
  };

  it('the description that a daemon serves has at most 120 kB', async () => {
    const { text } = await world.ask({ method: 'GET', path: '/openapi.json', headers: {} });
    assert.ok(text.length <= 120_000, `${text.length} bytes`);
  });

  it('by schema: no failure inside, and an error in its form', async () => {
    await explore(bySchema(routes, []), 0.4);
  });

  it('by bytes: bodies, headers, methods and paths', async () => {
    await explore(byBytes(routes), 0.4);
  });

  it('by sequences: with the names that earlier answers gave', async () => {
    const known: string[] = [];
    const seen = new Set<string>();
    await explore(bySchema(routes, known), 0.2, (text) => {
      for (const [, name = ''] of text.matchAll(NAMES)) if (seen.size !== seen.add(name).size) known.push(name);
      known.splice(0, known.length - MAX_NAMES);
    });
    assert.ok(seen.size > 20, `${seen.size} names were learnt`);
  });

  it('nothing was sent, nothing is kept, and the daemon goes on', async () => {
    assert.ok(sent >= INPUTS, `${sent} requests`);
    for (const status of [200, 400, 401, 403, 404, 405, 415])
      assert.ok((statuses.get(status) ?? 0) > 0, `${status} was met: ${JSON.stringify([...statuses])}`);
    const books = await world.books();
    assert.deepEqual([books.orders, books.algo_orders, books.liquidations], [[], [], []]);
    const again = fc.sample(byBytes(routes), { seed: SEED + 1, numRuns: 2_000 });
    const askAll = async (inputs: readonly Input[]): Promise<void> => {
      for (const each of inputs) await ask(each);
    };
    await askAll(again.slice(0, 1_000));
    const start = await keptBytes();
    await askAll(again.slice(1_000));
    const kept = (await keptBytes()) - start;
    assert.ok(kept < MAX_KEPT_BYTES, `${kept} bytes for a thousand more`);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'after the fuzz' });
    assert.equal((await world.tool('cancel_all', {}, world.createAgent('afterwards'))).status, 200);
  });
});
