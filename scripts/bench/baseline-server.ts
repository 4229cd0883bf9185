import { Ajv } from 'ajv';
import Database from 'better-sqlite3';
import Fastify from 'fastify';
import { PlaceOrderArgs } from '../../daemon/contract/tools.ts';

/**
 * What the gate's routes are compared with: a bare Fastify route that validates the same body and commits rows of the
 * same size durably, all of one event-loop turn in one commit, and answers as many bytes. `/order` adds a second commit and one ccxt createOrder.
 */
export interface BaselineOptions {
  readonly databasePath: string;
  readonly rowBytes: number;
  readonly answerBytes: number;
  /** Simulated exchange for `/order`; null: that route is not there. */
  readonly exchangeUrl: string | null;
}

export async function startBaseline(
  options: BaselineOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const db = new Database(options.databasePath);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('wal_autocheckpoint = 300');
  db.exec('CREATE TABLE rows (seq INTEGER PRIMARY KEY, payload TEXT) STRICT');
  const insert = db.prepare('INSERT INTO rows (payload) VALUES (?)');
  const commit = createGroupCommit((payloads: readonly string[]) =>
    db.transaction(() => {
      for (const payload of payloads) insert.run(payload);
    })(),
  );
  const ajv = new Ajv({ strict: false, coerceTypes: false });
  const validate = ajv.compile({
    type: 'object',
    required: ['tool', 'args'],
    properties: { tool: { type: 'string' }, args: PlaceOrderArgs },
  });
  const validateOrder = ajv.compile(PlaceOrderArgs);
  const filler = 'x'.repeat(Math.max(0, options.rowBytes - 300));
  const row = (body: unknown): string => JSON.stringify({ body, filler });
  const answerFiller = 'x'.repeat(Math.max(0, options.answerBytes - 300));
  const answer = (body: unknown): string => JSON.stringify({ body, filler: answerFiller });

  const app = Fastify({ logger: false });
  app.setValidatorCompiler(() => () => true);
  app.post('/intercept', async (request, reply) => {
    if (!validate(request.body)) return reply.code(400).send({ error: ajv.errorsText(validate.errors) });
    await commit(row(request.body));
    return reply.type('application/json').send(answer(request.body));
  });
  const client = options.exchangeUrl === null ? null : await createOrderClient(options.exchangeUrl);
  app.post('/order', async (request, reply) => {
    if (client === null || !validateOrder(request.body)) return reply.code(400).send({ error: 'invalid' });
    await commit(row(request.body));
    const id = `bl${Date.now().toString(36)}${(counter++).toString(36)}`;
    const order = await client.createOrder('BTC/USDT:USDT', 'limit', 'buy', 0.002, 60_100, {
      timeInForce: 'IOC',
      newClientOrderId: id,
    });
    await commit(JSON.stringify(order.info));
    return reply.type('application/json').send(answer(request.body));
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    close: async () => {
      await app.close();
      db.close();
    },
  };
}

let counter = 0;
type OrderClient = {
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price: number,
    params: object,
  ): Promise<{ readonly info: unknown }>;
};

/** A plain ccxt client with every URL moved to the simulated exchange, as its documentation shows. */
async function createOrderClient(url: string): Promise<OrderClient> {
  const module = (await import(new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href)) as {
    readonly default: new (
      options: object,
    ) => OrderClient & { loadMarkets(): Promise<unknown>; urls: { api: Record<string, string> } };
  };
  const client = new module.default({
    apiKey: 'paper',
    secret: 'paper-secret',
    enableRateLimit: false,
    options: { fetchCurrencies: false },
  });
  for (const [key, value] of Object.entries(client.urls.api)) client.urls.api[key] = `${url}${new URL(value).pathname}`;
  await client.loadMarkets();
  return client;
}

/** Rows of one turn share a commit; each caller waits until its own is on disk. */
function createGroupCommit(write: (payloads: readonly string[]) => void): (payload: string) => Promise<void> {
  let waiting: { readonly payload: string; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    [];
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    try {
      write(batch.map((entry) => entry.payload));
      for (const entry of batch) entry.resolve();
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
  };
  return (payload) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ payload, resolve, reject });
    });
}
