import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ACCOUNT_NAME } from './boot/account-name.ts';
import { checkArming, checkLiveFiles, StartError } from './boot/live.ts';
import { createGateMetrics } from './boot/metrics.ts';
import { findFileShortage } from './boot/open-files.ts';
import { openGate, readPolicyInForce, recordPolicy } from './boot/open-gate.ts';
import { startPaperExchange, venueAccess } from './boot/paper-exchange.ts';
import { createPolicyPort } from './boot/policy.ts';
import { StartCache } from './boot/start-cache.ts';
import { ensurePaperTokens } from './boot/tokens.ts';
import { type Config, findPackageFolder, operatorSocketPath, operatorUrlFile, type Secrets } from './config/config.ts';
import { formatViolation } from './contract/violations.ts';
import type { ExchangeSim } from './exchange-sim/start.ts';
import type { ArmingEvent } from './gate/events.ts';
import type { Gate } from './gate/gate.ts';
import type { PolicyDocument } from './gate/operator/policy-control.ts';
import { codeOf } from './http/errors.ts';
import type { HttpAddress } from './http/listening.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './http/server.ts';
import { checkHead, followHead } from './ledger/head-file.ts';
import { openLedger } from './ledger/ledger.ts';
import type { Ledger, OpenLedgerOptions } from './ledger/types.ts';
import { readPolicyFile, watchPolicyFile } from './policy/file.ts';
import { parsePolicy } from './policy/parse.ts';
import { checkVenue } from './policy/reload.ts';
import { SYSTEM_TIME } from './time/system-time.ts';
import type { TimePort } from './time/time-port.ts';
import { DomainClock } from './venue/clock.ts';
import { createVenue } from './venue/create-venue.ts';

export { ACCOUNT_NAME } from './boot/account-name.ts';
export { StartError } from './boot/live.ts';

/** Send deadline of an order: later the decision is stale and is taken again (DESIGN section 6). */
const SEND_DEADLINE_MS = 500;
const ARMING_CHECK_MS = 5_000;
/** How often what the command line changed about tokens is recorded, wall ms. */
const TOKEN_CHANGES_MS = 1_000;
/** How long a start waits for a verb that holds the ledger for a moment, wall ms. */
const LOCK_WAIT_MS = 1_000;
/** Records and answers of a few kB are cut from blocks of this size; with Node's own 8 kB each would be a block. */
const BUFFER_POOL_BYTES = 65_536;
/** How long a start waits for the first reconciliation before it reports where it listens, wall ms. */
const READY_WITHIN_MS = 10_000;

export interface StartOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The door is open: operators can halt. The venue was not contacted yet. */
  readonly onListening?: (where: Entrance) => void;
  /** The first contact with the venue failed; it is tried again until it answers. */
  readonly onVenueSilent?: (reason: string) => void;
  readonly createVenue?: typeof createVenue;
  /** For a simulation: another time than the process's, a door without sockets, a ledger without files. */
  readonly time?: TimePort;
  readonly createServer?: typeof createHttpServer;
  readonly ledger?: Pick<OpenLedgerOptions, 'storage' | 'randomBytes' | 'scheduleCommit'>;
}
/** Where and with what a caller enters. */
export interface Entrance {
  /** `http://127.0.0.1:7433`, or `unix:/path`. */
  readonly address: string;
  readonly url: string;
  /** Where operator and monitor tokens enter, apart from agents: `unix:/path`, or `http://127.0.0.1:PORT`. */
  readonly operatorAddress: string;
  readonly tokensFolder: string;
  /** Places a paper order when pasted into a shell; null where no token file lies about. */
  readonly curlLine: string | null;
}
export interface Daemon extends Entrance {
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly exchange: ExchangeSim | null;
  close(): Promise<void>;
}

/**
 * Composition root: configuration -> ledger -> venue -> gate -> HTTP, one AbortSignal; the only file that knows
 * everything. @throws StartError, LedgerError and others with a message for the operator
 */
export async function startDaemon(config: Config, secrets: Secrets, options: StartOptions): Promise<Daemon> {
  const { log } = options;
  const time = options.time ?? SYSTEM_TIME;
  Buffer.poolSize = BUFFER_POOL_BYTES;
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const folder = join(config.home, config.venue);
  const ledgerPath = join(folder, 'ledger.db');
  if (config.venue === 'binance-live') checkLiveFiles(config.home, config.policyPath, ledgerPath);
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const filePolicy = await loadPolicy(config);

  let recording: Gate | null = null;
  const clock = new DomainClock(time);
  const isOnDisk = (options.ledger?.storage ?? 'file') === 'file';
  const ledger = openLedger({
    ...options.ledger,
    lockWaitMs: LOCK_WAIT_MS,
    path: ledgerPath,
    venue: config.venue,
    account: ACCOUNT_NAME,
    now: () => (clock.isSynced ? clock.nowMs() : time.hostMs()),
    time,
    onFailure: (error) => {
      log.fatal({ err: error }, 'the ledger cannot record: trading stops');
      void recording?.onLedgerFailure();
      stop.abort();
    },
    onReserveUsed: () => {
      log.error('the disk is full: the reserve was given up; free space now');
      recording?.onReserveUsed();
    },
  });
  const closers: (() => Promise<void> | void)[] = [() => ledger.close()];
  try {
    const inForce = readPolicyInForce(ledger, config.venue) ?? filePolicy;
    if (config.venue === 'binance-live') refuseUnarmed(ledger, config, [inForce.hash, filePolicy.hash], time);
    const tokensFolder =
      config.venue === 'paper' ? ensurePaperTokens(config.home, ledger.tokens) : join(config.home, 'tokens');
    const exchange = await startPaperExchange(config, secrets);
    if (exchange !== null) closers.unshift(() => exchange.close());
    const venue = await (options.createVenue ?? createVenue)({
      access: venueAccess(config, secrets, exchange),
      clock,
      time,
      // The exchange of this process enforces no limit on reads.
      ...(exchange === null ? {} : { readWeightPerMinute: null }),
    });
    closers.unshift(() => venue.close());
    const metrics = createGateMetrics();
    const policyPort = createPolicyPort(config.venue, config.policyPath);
    const gate = openGate({
      ledger,
      ports: {
        venue,
        clock,
        time,
        observer: metrics.observer,
        log,
        startCache: new StartCache(join(folder, 'cache'), ledger.genesis.genesis_id),
        agentNames: () => ledger.tokens.listTokens().map((token) => token.agent ?? token.name),
      },
      settings: {
        venue: config.venue,
        account: ACCOUNT_NAME,
        version: readVersion(),
        answerWithinMs: config.answerWithinMs,
        sendDeadlineMs: SEND_DEADLINE_MS,
      },
      policy: inForce,
      policyPort,
      signal,
      metricsText: () => metrics.text(),
    });
    recording = gate;
    if (ledger.stats.reserve_used) gate.onReserveUsed();
    metrics.watch(gate, ledger);
    // A ledger in memory has no home that could be put back.
    if (isOnDisk) {
      const isNew = gate.core.state.lastEventAtMs === 0;
      checkHead(config.headFile, ledger, { isNew, mayReplace: config.venue === 'paper' });
      const head = followHead(config.headFile, ledger, {
        time,
        onProblem: (why) => (gate.core.ports.clock.isSynced ? gate.core.alert('HEAD_FILE', why) : log.error(why)),
      });
      closers.splice(closers.length - 1, 0, () => head.close());
    }
    const tokenTimer = time.every(TOKEN_CHANGES_MS, () => recordTokenChanges(ledger, log), { unref: true });
    closers.unshift(() => tokenTimer.cancel());

    const http = await listen(config, options.createServer ?? createHttpServer, {
      gate,
      events: {
        lastSeq: () => ledger.lastSeq(),
        read: (fromSeq, limit) => ledger.readEvents({ fromSeq, limit }),
        onCommitted: (listener) => ledger.onCommitted(() => listener()),
      },
      tokens: { findToken: (secret) => identify(ledger, secret) },
      config: {
        listen:
          config.listen.kind === 'tcp'
            ? { host: config.listen.host, port: config.listen.port }
            : { socketPath: config.listen.path },
        operatorListen: operatorEntrance(config),
        allowedHosts: config.allowedHosts,
        allowedOrigins: [],
        version: readVersion(),
      },
      logger: log,
      abort: signal,
      monotonicMs: () => time.monotonicMs(),
    });
    closers.unshift(() => http.close());
    const operatorAddress = noteOperatorEntrance(http, config);
    const needed = findFileShortage();
    if (needed !== null) log.warn({ ...needed }, 'fewer files may be open at once than all connections may take');
    const entrance: Entrance = {
      address: http.address,
      url: http.address,
      operatorAddress,
      tokensFolder,
      curlLine: config.venue === 'paper' ? buildCurlLine(http, config) : null,
    };
    options.onListening?.(entrance);
    const onFirstContact = (): void => {
      recordPolicy(gate, ledger, inForce, filePolicy);
      // Nothing that changes the account was sent so far.
      if (config.venue === 'binance-live') watchArming(gate, config, time, signal);
    };
    await gate.start(onFirstContact, options.onVenueSilent);
    // Whoever pastes the printed line at once should find the door open.
    await gate.keeper.untilReconciled(READY_WITHIN_MS);
    watchPolicyFile(config.policyPath, (event) => offerPolicy(gate, event), signal, {
      time,
      loadedText: filePolicy.text,
    }).catch((error: unknown) => log.error({ err: error }, 'the policy file is no longer watched'));
    const close = createClose(gate, config, stop, closers, log);
    options.signal.addEventListener('abort', () => void close(), { once: true });
    return { ...entrance, gate, ledger, exchange, close };
  } catch (error) {
    stop.abort();
    for (const closer of closers) await closer();
    throw error;
  }
}

interface FilePolicy extends PolicyDocument {
  readonly text: string;
}
async function loadPolicy(config: Config): Promise<FilePolicy> {
  const read = await readPolicyFile(config.policyPath);
  if (!read.ok) throw new StartError(`the policy file ${config.policyPath} ${read.problem}`);
  const parsed = parsePolicy(read.text, config.policyPath);
  if (!parsed.ok)
    throw new StartError(
      `the policy file ${config.policyPath} is not valid:\n${parsed.violations.map((violation) => `  ${formatViolation(violation)}`).join('\n')}`,
    );
  const wrong = checkVenue(parsed.policy, config.venue);
  if (wrong.length > 0) throw new StartError(wrong.map(formatViolation).join('; '));
  return { spec: parsed.policy.spec, hash: parsed.policy.hash, text: read.text };
}

function offerPolicy({ policies }: Gate, event: Parameters<Parameters<typeof watchPolicyFile>[1]>[0]): void {
  if (event.kind === 'unreadable') policies.offerInBackground({ ok: false, problem: event.problem }, 'file');
  else if (event.parsed.ok) {
    const { policy, warnings } = event.parsed;
    policies.offerInBackground({ ok: true, policy, warnings }, 'file');
  } else policies.offerInBackground({ ok: false, violations: event.parsed.violations }, 'file');
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
    const { host, port } = config.listen;
    throw new StartError(
      `port ${port} of ${host} is in use: another daemon may run there (\`npx holdfast status\` shows it); stop it, or choose another port with --port or HOLDFAST_PORT`,
    );
  }
}

/** Beside the ledger; a port of its own where unix sockets do not work. */
function operatorEntrance({ home, venue }: Config): HttpAddress {
  const socketPath = operatorSocketPath(home, venue);
  return socketPath === null ? { host: '127.0.0.1', port: 0 } : { socketPath };
}

/** Leaves the address of an entrance without a socket where the command line looks for it. */
function noteOperatorEntrance(http: HttpServer, { home, venue }: Config): string {
  const file = operatorUrlFile(home, venue);
  const address = http.operatorAddress ?? http.address;
  if (address.startsWith('unix:')) rmSync(file, { force: true });
  else writeFileSync(file, `${address}\n`, { mode: 0o600 });
  return address;
}

/** A token holds, or not, by its table; a record that cannot be written now is written later. */
function recordTokenChanges(ledger: Ledger, log: Logger): void {
  if (ledger.isFailed) return;
  try {
    ledger.recordTokenChanges();
  } catch (error) {
    log.warn({ err: error }, 'changes of tokens are not recorded yet');
  }
}

function identify(
  ledger: Ledger,
  secret: string,
): { role: 'agent' | 'monitor' | 'operator'; agent: string; id: string; skillSha256: string | null } | null {
  const token = ledger.tokens.findToken(secret);
  return token === null
    ? null
    : { role: token.role, agent: token.agent ?? token.name, id: token.id, skillSha256: token.skill_sha256 };
}

/** Before the venue is created, by the host's time; {@link watchArming} looks again once domain time is known. */
function refuseUnarmed(ledger: Ledger, config: Config, policyHashes: readonly string[], time: TimePort): void {
  let arming: ArmingEvent | null = null;
  for (const event of ledger.iterateEvents({ kind: 'arming' })) arming = event.payload as ArmingEvent;
  // The file's policy may come into force at this start: armed for it counts here.
  const problems = policyHashes.map((policyHash) =>
    checkArming(arming, { account: ACCOUNT_NAME, policyHash, version: readVersion() }, config.liveArmed, time.hostMs()),
  );
  const [problem] = problems;
  if (problem !== undefined && problem !== null && !problems.includes(null)) throw notArmed(problem, config);
}

function notArmed(problem: string, config: Config): StartError {
  return new StartError(
    `binance-live is not armed: ${problem}. Run \`npx holdfast arm --policy ${config.policyPath}\` while the daemon is stopped, wait until it takes effect, and start with HOLDFAST_LIVE_ARMED=1`,
  );
}

/** Expiry of the arming leads to `reducing`; a start that is not armed is refused before anything is sent. */
function watchArming(gate: Gate, config: Config, time: TimePort, signal: AbortSignal): void {
  const check = (): void => {
    const bound = { account: ACCOUNT_NAME, policyHash: gate.core.policyHash, version: gate.core.settings.version };
    const problem = checkArming(gate.core.state.arming, bound, config.liveArmed, gate.core.nowMs());
    if (problem !== null && !gate.core.state.layers.has('breaker|account|')) {
      gate.core.append('state', {
        clears_at_ms: null,
        clears_when: 'an operator arms again',
        layer: 'breaker',
        name: null,
        reason: problem,
        scope: 'account',
        set_by: 'arming',
        state: 'reducing',
      });
      gate.core.alert('NOT_ARMED', problem);
    }
  };
  const problem = checkArming(
    gate.core.state.arming,
    { account: ACCOUNT_NAME, policyHash: gate.core.policyHash, version: gate.core.settings.version },
    config.liveArmed,
    gate.core.nowMs(),
  );
  if (problem !== null) throw notArmed(problem, config);
  const timer = time.every(ARMING_CHECK_MS, check);
  signal.addEventListener('abort', () => timer.cancel(), { once: true });
}

function createClose(
  gate: Gate,
  config: Config,
  stop: AbortController,
  closers: readonly (() => Promise<void> | void)[],
  log: Logger,
): () => Promise<void> {
  let closed: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    await gate
      .close({ leaveOrders: config.leaveOrders })
      .catch((error: unknown) => log.error({ err: error }, 'orders could not be put away'));
    stop.abort();
    for (const closer of closers) {
      try {
        await closer();
      } catch (error) {
        log.error({ err: error }, 'something did not close');
      }
    }
  };
  return () => {
    closed ??= run();
    return closed;
  };
}

/** A paper order that fits the default policy: pasted into a shell it is placed and filled. */
function buildCurlLine(http: HttpServer, config: Config): string {
  const token = join(config.home, 'tokens', 'agent.token');
  const body = {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    requested_notional: 200,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 10,
    strategy_id: 'first-order',
  };
  const target =
    config.listen.kind === 'socket' ? `--unix-socket '${config.listen.path}' http://localhost` : http.address;
  return `curl -s ${target}/v1/tools/place_order -H "Authorization: Bearer $(cat '${token}')" -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}

function readVersion(): string {
  return (JSON.parse(readFileSync(join(findPackageFolder(), 'package.json'), 'utf8')) as { version: string }).version;
}
