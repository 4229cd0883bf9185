import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ACCOUNT_NAME } from '../config/account.ts';
import { type Config, operatorSocketPath, operatorUrlFile } from '../config/config.ts';
import { readManifest } from '../config/package.ts';
import { profileOf } from '../core/venues.ts';
import type { Gate } from '../driver/gate.ts';
import type { TokenIdentity } from '../http/entrance/authentication.ts';
import { MAX_CONNECTIONS } from '../http/entrance/connections.ts';
import type { HttpAddress } from '../http/entrance/listening.ts';
import { codeOf } from '../http/errors.ts';
import type { HttpServer, HttpServerOptions } from '../http/house.ts';
import type { createHttpServer } from '../http/server.ts';
import { isLiveToken } from '../ledger/tokens.ts';
import type { Ledger, TokenRecord } from '../ledger/types.ts';
import { codeFileOf, createCodes } from '../passkeys/codes.ts';
import { buildCurlLine } from './paper.ts';
import { StartError } from './start-error.ts';

/** How to reach the daemon. */
export interface Entrance {
  /** `http://127.0.0.1:7433`, or `unix:/path`. */
  readonly address: string;
  readonly url: string;
  /** The entrance of operator and monitor tokens, apart from agents: `unix:/path`, or `http://127.0.0.1:PORT`. */
  readonly operatorAddress: string;
  /** `http://localhost:7433/`; null where the console is not served. */
  readonly consoleAddress: string | null;
  /** Of the console for phones; null: none is served. */
  readonly remoteConsole: { readonly address: string; readonly proxied: string } | null;
  readonly tokensFolder: string;
  /** A command line that places a paper order; null if there is no token file. */
  readonly curlLine: string | null;
}
/** What is open besides connections of clients. */
const OTHER_FILES = 1_280;

/** Files and sockets that all connection limits together may need, plus what else is open. */
export const countFilesNeeded = ({ remoteConsole }: Pick<Config, 'remoteConsole'>): number =>
  (remoteConsole === null ? 2 : 3) * MAX_CONNECTIONS + OTHER_FILES;

/** Warns where this process may open fewer files than it may need. */
export function tellFileShortage(log: Logger, config: Pick<Config, 'remoteConsole'>): void {
  const [limit, needed] = [readFileLimit(), countFilesNeeded(config)];
  if (limit < needed) log.warn({ limit, needed }, 'the limit on open files is below what all connections may need');
}

/** How many files this process may open; not a number: unknown. */
function readFileLimit(): number {
  try {
    // Node raises its own limit to the hard one at its start, so the first figure applies.
    return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

type Opened = Pick<HttpServerOptions, 'after' | 'logger' | 'abort' | 'monotonicMs'> & {
  readonly gate: Gate;
  /** Wall time, by which tokens expire. */
  readonly hostMs: () => number;
};

/** Opens the agents' and the operator's entrance, with the ledger's tokens and events. @throws StartError */
export function openEntrances(
  config: Config,
  ledger: Ledger,
  createServer: typeof createHttpServer,
  options: Opened,
): Promise<HttpServer> {
  const { listen: where } = config;
  // Earlier daemons kept the key of console sessions in it.
  rmSync(join(config.home, config.venue, 'console.key'), { force: true });
  return listen(config, createServer, {
    ...options,
    events: {
      lastSeq: () => ledger.lastSeq(),
      read: (fromSeq, limit) => ledger.readEvents({ fromSeq, limit }).map((event) => options.gate.tell(event)),
      onCommitted: (listener) => ledger.onCommitted(() => listener()),
      tell: (record) => options.gate.tell(record),
      follow: followAppended(options.gate),
    },
    tokens: {
      findToken: (secret) => identify(ledger.tokens.findToken(secret)),
      keyedTokens: () => ledger.tokens.listKeys().map(({ token, keyHex }) => ({ ...identityOf(token), keyHex })),
    },
    console: {
      findToken: (id) =>
        identify(
          ledger.tokens.listTokens().find((each) => each.id === id && isLiveToken(each, ledger.tokens.expiryMs())) ??
            null,
        ),
      codes: createCodes(codeFileOf(config.home, config.venue), options.hostMs),
      hostMs: options.hostMs,
    },
    config: {
      listen:
        where.kind === 'tcp'
          ? { host: where.host, port: where.port, passed: config.passedSockets }
          : { socketPath: where.path },
      operatorListen: operatorEntrance(config),
      remoteConsole: config.remoteConsole,
      allowedHosts: config.allowedHosts,
      allowedOrigins: [],
      version: readManifest().version,
      target: { venue: config.venue, account: ACCOUNT_NAME, home: config.home },
      settings: {
        home: config.home,
        policy_file: config.policyPath,
        alerts_file: config.alertsPath,
        head_file: config.headFile,
        countdown: config.countdown,
      },
    },
  });
}

/** Several may follow; while nobody does, the gate tells nobody. */
function followAppended({ core }: Gate): HttpServerOptions['events']['follow'] {
  const listeners = new Set<Parameters<HttpServerOptions['events']['follow']>[0]>();
  return (listener) => {
    listeners.add(listener);
    core.onAppended = (event) => {
      for (const each of listeners) each(event);
    };
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) core.onAppended = null;
    };
  };
}

async function listen(
  config: Config,
  createServer: typeof createHttpServer,
  options: HttpServerOptions,
): Promise<HttpServer> {
  try {
    return await createServer(options);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' || config.listen.kind !== 'tcp') throw error;
    const { address = config.listen.host, port = config.listen.port } = error as { address?: string; port?: number };
    const setting = port === config.remoteConsole?.port ? 'HOLDFAST_CONSOLE_PORT' : '--port or HOLDFAST_PORT';
    throw new StartError(
      `port ${port} of ${address} is in use: another daemon may run there (\`./holdfast status\` shows it); stop it, or choose another port with ${setting}`,
    );
  }
}

/** Beside the ledger; a separate port where unix sockets do not work. */
function operatorEntrance({ home, venue }: Config): HttpAddress {
  const socketPath = operatorSocketPath(home, venue);
  return socketPath === null ? { host: '127.0.0.1', port: 0 } : { socketPath };
}

/** Writes the address of an entrance without a socket to the file that the command line reads. */
function noteOperatorEntrance(http: HttpServer, { home, venue }: Config): string {
  const file = operatorUrlFile(home, venue);
  const address = http.operatorAddress ?? http.address;
  if (address.startsWith('unix:')) rmSync(file, { force: true });
  else writeFileSync(file, `${address}\n`, { mode: 0o600 });
  return address;
}

function identify(token: TokenRecord | null): TokenIdentity | null {
  return token === null ? null : identityOf(token);
}

function identityOf({ agent, id, name, role, skill_sha256 }: TokenRecord): TokenIdentity {
  return { role, agent: agent ?? name, id, skillSha256: skill_sha256 };
}

export function describeEntrance(http: HttpServer, config: Config, tokensFolder: string): Entrance {
  return {
    address: http.address,
    url: http.address,
    operatorAddress: noteOperatorEntrance(http, config),
    consoleAddress: http.consoleAddress,
    remoteConsole:
      http.remoteAddress === null || config.remoteConsole === null
        ? null
        : { address: `${config.remoteConsole.origin}/`, proxied: http.remoteAddress },
    tokensFolder,
    curlLine: profileOf(config.venue).isSimulated ? buildCurlLine(http.address, config) : null,
  };
}
