import type { ReadinessBody } from '../gate/api/operator.ts';
import type { DaemonClient } from './client.ts';
import { CliError } from './exit-codes.ts';

/** The running daemon as the MCP server needs it: each call is one HTTP request, never repeated. */
export function createDaemonPort(client: DaemonClient, version: string, venue: string) {
  return {
    version,
    venue,
    listTools: async (): Promise<readonly unknown[]> =>
      (await client.get<{ readonly tools: readonly unknown[] }>('/v1/tools?format=mcp&view=brief')).tools,
    readActivity: () => readActivity(client),
    onActivity: (listener: () => void) => follow(client, listener),
    callTool: async (name: string, args: unknown): Promise<{ readonly body: unknown; readonly isError: boolean }> => {
      try {
        const path = `/v1/tools/${encodeURIComponent(name)}?view=brief`;
        const { status, body, retryAfterMs } = await client.call(path, args);
        const retry = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
        if (status !== 200) return { body: { ...(body as object), status, ...retry }, isError: true };
        return { body: unwrap(body), isError: false };
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        return { body: { error: { code: 'UNREACHABLE', message: error.message } }, isError: true };
      }
    },
  };
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
function follow(client: DaemonClient, listener: () => void): () => void {
  const over = new AbortController();
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      try {
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

/** `paper` if the daemon does not say: every tool's own description states the venue again. */
export async function readVenue(client: DaemonClient): Promise<string> {
  const { body } = await client.ask('/readyz');
  return (body as Partial<ReadinessBody>).venue ?? 'paper';
}
