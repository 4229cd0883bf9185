import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export interface Settings {
  readonly url: URL;
  /** Path of a Unix socket; the host of `url` is then a name only. */
  readonly socketPath: string | null;
  readonly tokenFile: string;
  /** Tools that run without asking. */
  readonly unasked: ReadonlySet<string>;
  /** Longest wait for advice on a tool. */
  readonly timeoutMs: number;
}

/**
 * Tools of OpenClaw 2026.9.6 that reach no address of the model's choice and change nothing on the gateway's machine: they
 * list, keep notes on the session, search the catalogue, or search the web with the words of a query, at the provider that
 * the gateway is set to. `web_fetch` gets any address, the exchange's too, so it is asked about. None gives the content of a file of any path, which may be a token's:
 * `memory_get` reads notes in Markdown. The tool that a catalogue leads to is asked about by its own name.
 */
export const UNASKED: readonly string[] = [
  'agents_list',
  'ask_user',
  'conversations_list',
  'create_goal',
  'get_goal',
  'heartbeat_respond',
  'ls',
  'memory_get',
  'memory_search',
  'progress_card',
  'session_status',
  'sessions_history',
  'sessions_list',
  'sessions_search',
  'tool_call',
  'tool_describe',
  'tool_search',
  'update_goal',
  'web_search',
];

/** The one line at a start that says which calls end here. */
export function describeStopped({ unasked }: Pick<Settings, 'unasked'>): string {
  return (
    "Stopped unless the policy's intercept.allow permits them: exec, process, read, write, web_fetch, browser, message, " +
    `tools of MCP servers and of other plugins, and every other tool but the gate's own and ${[...unasked].join(', ')}.`
  );
}

const KEYS: ReadonlySet<string> = new Set(['url', 'socket', 'tokenFile', 'unasked', 'timeoutMs']);
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** @throws Error that names the key and what is wrong with it */
export function readSettings(config: unknown): Settings {
  const given = (config ?? {}) as Record<string, unknown>;
  if (typeof given !== 'object' || Array.isArray(given)) throw new Error('config: is not an object');
  const unknown = Object.keys(given).find((key) => !KEYS.has(key));
  if (unknown !== undefined) throw new Error(`config.${unknown}: there is no such setting`);
  const socket = readText(given, 'socket');
  if (socket !== null && given.url !== undefined) throw new Error('config.socket: give url or socket, not both');
  const tokenFile = readText(given, 'tokenFile');
  return {
    url: readUrl(readText(given, 'url') ?? 'http://127.0.0.1:7433', socket !== null),
    socketPath: socket === null ? null : resolvePath('socket', socket),
    tokenFile: resolvePath('tokenFile', tokenFile ?? '~/.holdfast/tokens/agent.token'),
    unasked: new Set(readNames(given.unasked)),
    timeoutMs: readTimeout(given.timeoutMs),
  };
}

function readText(given: Readonly<Record<string, unknown>>, key: string): string | null {
  const value = given[key];
  if (value === undefined) return null;
  if (typeof value !== 'string' || value === '') throw new Error(`config.${key}: is not a text`);
  return value;
}

/** The token travels in clear: over plain HTTP it stays on this machine. */
function readUrl(text: string, isSocket: boolean): URL {
  if (isSocket) return new URL('http://localhost');
  if (!URL.canParse(text)) throw new Error('config.url: is not a URL');
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Error('config.url: is not an http URL');
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname))
    throw new Error('config.url: plain http is for this machine alone (127.0.0.1); elsewhere use https');
  return url;
}

function resolvePath(key: string, text: string): string {
  const path = text.startsWith('~/') ? join(homedir(), text.slice(2)) : text;
  if (!isAbsolute(path)) throw new Error(`config.${key}: is not an absolute path`);
  return path;
}

function readNames(value: unknown): readonly string[] {
  if (value === undefined) return UNASKED;
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string'))
    throw new Error('config.unasked: is not a list of names');
  return value as string[];
}

function readTimeout(value: unknown): number {
  if (value === undefined) return 2_000;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 100 || value > 10_000)
    throw new Error('config.timeoutMs: is not a whole number from 100 to 10000');
  return value;
}
