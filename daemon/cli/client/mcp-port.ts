import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBriefCatalogue } from '../../contract/catalogue/brief-catalogue.ts';
import { isTradingTool } from '../../contract/tools.ts';
import { CliError } from '../exit-codes.ts';
import type { AgentLink } from './agent-link.ts';
import { ForeignAnswerError, isSettled, NoAnswerError } from './call-failures.ts';
import type { DaemonAnswer, DaemonClient } from './client.ts';

/** How often a trading call is asked for under its one request id. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 200;

/** The daemon at the other end of `link`, there or not, as the MCP server needs it. */
export function createDaemonPort(link: AgentLink, version: string) {
  return {
    version,
    venue: (): string | null => link.venue,
    listTools: () => listTools(link),
    onTools: (listener: () => void) => link.onReached(listener),
    readActivity: async () => readActivity(await link.reach()),
    onActivity: (listener: () => void) => follow(link, listener),
    callTool: (name: string, args: unknown) => callTool(link, name, args),
  };
}

/** The caller's own; this package's while nobody answers, since hosts ask once, when they start. */
async function listTools(link: AgentLink): Promise<readonly unknown[]> {
  try {
    const client = await link.reach();
    return (await client.get<{ readonly tools: readonly unknown[] }>('/v1/tools?format=mcp&view=brief')).tools;
  } catch (error) {
    if (error instanceof NoAnswerError) return buildBriefCatalogue();
    throw error;
  }
}

type Called = { readonly body: unknown; readonly isError: boolean };

async function callTool(link: AgentLink, name: string, args: unknown): Promise<Called> {
  const isTrading = isTradingTool(name);
  const asked = isTrading ? withRequestId(args) : args;
  try {
    const { status, body, retryAfterMs } = await ask(link, name, asked, isTrading ? ATTEMPTS : 1);
    const retry = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
    if (status !== 200) return { body: { ...(body as object), status, ...retry }, isError: true };
    return { body: unwrap(body), isError: false };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return { body: { error: describeSilence(error, isTrading ? asked : null) }, isError: true };
  }
}

/**
 * RISK: a model that is told of a failure asks again, and a lost answer may be of an order that was sent. So each trading
 * call has an id under which the daemon sends nothing twice, and is asked for again under it before the model is told.
 */
async function ask(link: AgentLink, name: string, args: unknown, attempts: number): Promise<DaemonAnswer> {
  let mayHaveArrived = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const client = await link.reach();
      const answer = await client.call(`/v1/tools/${encodeURIComponent(name)}?view=brief`, args);
      if (attempts === 1 || isSettled(answer.status, answer.body, mayHaveArrived)) return answer;
      mayHaveArrived = true;
      if (attempt >= attempts) throw new NoAnswerError(`HTTP ${answer.status}`, true);
    } catch (error) {
      if (!(error instanceof NoAnswerError || error instanceof ForeignAnswerError)) throw error;
      mayHaveArrived ||= error instanceof ForeignAnswerError || error.mayHaveArrived;
      if (attempt >= attempts) throw new NoAnswerError(error.message, mayHaveArrived);
    }
    await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1));
  }
}

/** The model's own id stays; null is none. What is no object stays, too: the daemon says what is wrong with it. */
function withRequestId(args: unknown): unknown {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return args;
  const { request_id: own } = args as { readonly request_id?: unknown };
  return own === undefined || own === null ? { ...args, request_id: `mcp-${randomUUID()}` } : args;
}

/** `traded`: the arguments of a trading call; null: it was a reading. */
function describeSilence(error: CliError, traded: unknown): object {
  const code = 'UNREACHABLE';
  const { request_id } = (traded ?? {}) as { readonly request_id?: unknown };
  if (traded === null) return { code, message: error.message };
  if (error instanceof NoAnswerError && !error.mayHaveArrived)
    return { code, message: `${error.message.replace(/ Nothing was sent\.$/, '')} Nothing was sent.`, request_id };
  const message =
    'The answer was lost. What was asked for may have been done: look at get_orders, or ask again with this very ' +
    'request_id, which sends nothing twice.';
  return { code, message, request_id };
}

const ENTRIES = 20;
async function readActivity(client: DaemonClient): Promise<object> {
  const [{ decisions }, { fills }] = await Promise.all([
    client.get<{ readonly decisions: readonly { readonly decision_id: string }[] }>(`/v1/decisions?limit=${ENTRIES}`),
    client.get<{ readonly fills: readonly unknown[] }>(`/v1/fills?limit=${ENTRIES}`),
  ]);
  const answers = decisions.map(({ decision_id }) =>
    client.call('/v1/tools/get_decision?view=brief', { decision_id }).then(({ body }) => unwrap(body)),
  );
  return { decisions: await Promise.all(answers), fills };
}

/** A daemon that went away is asked again so often. */
const RETRY_MS = 5_000;
/** The daemon's stream as a signal that there is more: what it is, is read. */
function follow(link: AgentLink, listener: () => void): () => void {
  const over = new AbortController();
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
        const client = await link.reach();
        for await (const text of client.stream('/v1/stream', null, over.signal)) {
          if (text.includes('data: ')) listener();
        }
      } catch {
        // Asked again below.
      }
      await new Promise<void>((done) => setTimeout(done, RETRY_MS).unref());
    }
  };
  void run();
  return () => over.abort();
}

/** Reading tools answer `{result}`, trading tools the decision itself. */
function unwrap(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'result' in body ? body.result : body;
}
