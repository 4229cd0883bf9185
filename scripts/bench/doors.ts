import { Client } from 'undici';
import { FakeHost } from '../../test/integrations/openclaw-host.ts';
import { median } from './load.ts';
import { ORDER_BODY } from './world.ts';

/** Targets: what MCP adds to a call at p50, and what the OpenClaw plugin adds to a tool that is not ours. */
const MCP_ADDS_MS = 0.6;
const HOOK_ADDS_MS = 5;
const PAIRS = 400;
const WARM_UP = 50;

interface Added {
  readonly http_p50_ms: number;
  readonly mcp_p50_ms: number;
  /** Median of the differences of pairs, which load on the machine moves least. */
  readonly adds_p50_ms: number;
}
export interface DoorFigures {
  readonly refused_order: Added;
  readonly get_account: Added;
  readonly hook_p50_ms: number;
  readonly is_within: boolean;
}

/** One connection, in turn: the same call over HTTP and over MCP; then the hook before another tool. */
export async function measureDoors(url: string, token: string, tokenFile: string): Promise<DoorFigures> {
  const client = new Client(url);
  try {
    const refused_order = await compare(client, token, 'place_order', { ...ORDER_BODY, symbol: 'DOGEUSDT' });
    const get_account = await compare(client, token, 'get_account', {});
    const hook = await measureHook(url, tokenFile);
    const is_within =
      refused_order.adds_p50_ms <= MCP_ADDS_MS && get_account.adds_p50_ms <= MCP_ADDS_MS && hook <= HOOK_ADDS_MS;
    return { refused_order, get_account, hook_p50_ms: hook, is_within };
  } finally {
    await client.close();
  }
}

async function compare(client: Client, token: string, tool: string, args: object): Promise<Added> {
  const overHttp = { path: `/v1/tools/${tool}?view=brief`, body: JSON.stringify(args) };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } };
  const overMcp = { path: '/mcp', body: JSON.stringify(message) };
  const http: number[] = [];
  const mcp: number[] = [];
  for (let pair = -WARM_UP; pair < PAIRS; pair += 1) {
    // Which goes first changes, so that neither is always the one on a warm cache.
    const inOrder = pair % 2 === 0 ? [overHttp, overMcp] : [overMcp, overHttp];
    for (const asked of inOrder) {
      const ms = await time(client, token, asked);
      if (pair >= 0) (asked === overHttp ? http : mcp).push(ms);
    }
  }
  return {
    http_p50_ms: round(median(http)),
    mcp_p50_ms: round(median(mcp)),
    adds_p50_ms: round(median(mcp.map((ms, index) => ms - (http[index] ?? Number.NaN)))),
  };
}

async function time(client: Client, token: string, asked: { path: string; body: string }): Promise<number> {
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  const startedAt = performance.now();
  const answer = await client.request({ method: 'POST', path: asked.path, headers, body: asked.body });
  const text = await answer.body.text();
  const ms = performance.now() - startedAt;
  if (answer.statusCode !== 200 || text.includes('"isError":true'))
    throw new Error(`${asked.path}: ${answer.statusCode} ${text.slice(0, 300)}`);
  return ms;
}

/** Policy and hook of the plugin before a call of `exec`, which asks the daemon; without them nothing would run. */
async function measureHook(url: string, tokenFile: string): Promise<number> {
  const host = new FakeHost({ url, tokenFile });
  const all: number[] = [];
  try {
    for (let call = -WARM_UP; call < PAIRS; call += 1) {
      const startedAt = performance.now();
      const { blocked } = await host.call('exec', { command: `curl https://fapi.binance.com/${call}` });
      if (call >= 0) all.push(performance.now() - startedAt);
      if (blocked === null) throw new Error('the hook let a call of the exchange through');
    }
  } finally {
    host.stop();
  }
  return round(median(all));
}

function round(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
