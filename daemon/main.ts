import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { AccountLock } from './boot/account-lock.ts';
import { Alerts, refuseFirstStart, requireNamedRoutes } from './boot/alerts.ts';
import { describeEntrance, type Entrance, openEntrances, tellFileShortage } from './boot/entrances.ts';
import { createGateMetrics } from './boot/figures/metrics.ts';
import { openTraces } from './boot/figures/traces.ts';
import type { Folded } from './boot/keep/fold.ts';
import { checkpointFolder, keepHistory } from './boot/keep-history.ts';
import { followHeadOf, HomeAlerts, openDaemonLedger, openHeadSigner } from './boot/ledger/daemon-ledger.ts';
import { createReceiptPort } from './boot/ledger/receipts.ts';
import { followTokens } from './boot/ledger/token-watch.ts';
import { checkLiveFiles, refuseUnarmed, watchArming } from './boot/live.ts';
import { openGate, readPolicyInForce, recordPolicy } from './boot/open-gate.ts';
import { ensurePaperTokens, startPaperExchange, venueAccess } from './boot/paper.ts';
import {
  createPolicyPort,
  findPolicy,
  followPolicyFile,
  type PolicyFile,
  requirePolicy,
} from './boot/policy/policy.ts';
import { createPreviewPort } from './boot/policy/policy-preview.ts';
import { StartCache } from './boot/start-cache.ts';
import { ACCOUNT_NAME } from './config/account.ts';
import type { Config, Secrets } from './config/config.ts';
import { readManifest } from './config/package.ts';
import { profileOf } from './core/venues.ts';
import type { Gate } from './driver/gate.ts';
import type { ExchangeSim } from './exchange-sim/start.ts';
import { createHttpServer } from './http/server.ts';
import type { HeadSigner } from './ledger/proofs/head-signer.ts';
import { ledgerClock, tokenPorts } from './ledger/tokens.ts';
import type { Ledger, OpenLedgerOptions } from './ledger/types.ts';
import type { OpenFilePort } from './policy/text/read-file.ts';
import { SYSTEM_TIME } from './time/system-time.ts';
import type { TimePort } from './time/time-port.ts';
import { createVenue } from './venue/create-venue.ts';
import { DomainClock } from './venue/wire/clock.ts';

export type { Entrance } from './boot/entrances.ts';
export { StartError } from './boot/start-error.ts';
export { ACCOUNT_NAME } from './config/account.ts';

/** Send deadline of an order: after it the decision is stale and must be taken again. */
const SEND_DEADLINE_MS = 500;
/** Records and answers of a few kB are cut from blocks of this size; with Node's 8 kB each would need its own block. */
const BUFFER_POOL_BYTES = 65_536;
/** How long a start waits for the first reconciliation before it reports its address, wall ms. */
const READY_WITHIN_MS = 10_000;

export interface StartOptions {
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The server listens, and operators can halt. The venue was not contacted yet. */
  readonly onListening?: (where: Entrance) => void;
  /** The first contact with the venue failed; it is retried until the venue answers. */
  readonly onVenueSilent?: (reason: string) => void;
  /** The ledger cannot record any more: only another process can go on. `canceled`: openings at the venue were, or cannot be. */
  readonly onLedgerFailure?: (canceled: Promise<void>) => void;
  readonly createVenue?: typeof createVenue;
  /** For a simulation: another clock than the process's, settings read at once, HTTP without sockets, a ledger without files. */
  readonly time?: TimePort;
  readonly openFile?: OpenFilePort;
  readonly createServer?: typeof createHttpServer;
  /** For a machine that does other things: an order may leave so long after its decision, wall ms, 60 s at most. */
  readonly sendDeadlineMs?: number;
  /** How long a stop may wait for a checkpoint, wall ms. */
  readonly checkpointWithinMs?: number;
  readonly ledger?: Pick<OpenLedgerOptions, 'storage' | 'randomBytes' | 'scheduleCommit'>;
}
export interface Daemon extends Entrance {
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly exchange: ExchangeSim | null;
  close(): Promise<void>;
}

/** Everything that a start has opened so far, to close it in reverse order. */
interface Opened {
  readonly secrets: Secrets;
  readonly file: PolicyFile;
  readonly ledger: Ledger;
  readonly clock: DomainClock;
  readonly config: Config;
  readonly options: StartOptions;
  readonly time: TimePort;
  readonly stop: AbortController;
  readonly signal: AbortSignal;
  readonly closers: (() => Promise<void> | void)[];
  readonly fileProblem: () => string | null;
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
  const ledgerPath = join(config.home, config.venue, 'ledger.db');
  const fileProblem = checkLiveFiles(config, ledgerPath);
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const file = await findPolicy(config);
  // A first start makes no ledger for it.
  if (hasFiles(options) && !existsSync(ledgerPath)) {
    requirePolicy(file);
    await requireNamedRoutes(config);
  }

  let recording: Gate | null = null;
  let signer: HeadSigner | null = null;
  const clock = new DomainClock(time);
  const ledger = openDaemonLedger(config, ledgerPath, {
    clock,
    time,
    log,
    recording: () => recording,
    onFailure: onLedgerFailure(stop, options),
    how: options.ledger,
  });
  const closers = [() => ledger.close()];
  const opened: Opened = { config, secrets, options, time, stop, signal, closers, fileProblem, file, ledger, clock };
  try {
    const alerts = new Alerts(config, secrets.alerts, time, options.openFile);
    const { account, exchange, folded, gate, inForce, tokensFolder } = await build(opened, alerts, () => signer);
    recording = gate;
    if (ledger.stats.reserve_used) gate.onReserveUsed();
    const homeAlerts = new HomeAlerts(gate.core);
    if (hasFiles(options)) signer = keepHome(opened, homeAlerts, folded);
    closers.unshift(followTokens(ledger, gate.core, time, log));
    const entrance = await openDoors(opened, gate, tokensFolder);
    alerts.consoleUrl = entrance.remoteConsole?.address ?? entrance.consoleAddress;
    tellFileShortage(log, config);
    options.onListening?.(entrance);
    const onFirstContact = async (): Promise<void> => {
      await account?.holdAlias(gate.core.ports.venue, log);
      recordPolicy(gate, ledger, inForce, file.policy);
      closers.unshift(alerts.begin(gate, ledger, signal));
      homeAlerts.tellWaiting();
      account?.watch(gate.core, time, signal);
      // So far nothing was sent that changes the account.
      if (profileOf(config.venue).needsArming) watchArming(gate, fileProblem, time, signal);
    };
    await gate.start(onFirstContact, options.onVenueSilent);
    // The printed command line should work at once.
    await gate.untilReconciled(READY_WITHIN_MS);
    followPolicyFile(config.policyPath, file, gate, { ...options, time, signal });
    const close = createClose(opened, gate);
    options.signal.addEventListener('abort', () => void close(), { once: true });
    return { ...entrance, gate, ledger, exchange, close };
  } catch (error) {
    stop.abort();
    for (const closer of closers) await closer();
    throw error;
  }
}

async function openDoors({ closers, config, ledger, options, signal, time }: Opened, gate: Gate, tokensFolder: string) {
  const http = await openEntrances(config, ledger, options.createServer ?? createHttpServer, {
    ...{ gate, logger: options.log, abort: signal },
    monotonicMs: () => time.monotonicMs(),
    after: (ms, fn) => time.after(ms, fn, { unref: true }),
    hostMs: () => time.hostMs(),
  });
  closers.unshift(() => http.close());
  const entrance = describeEntrance(http, config, tokensFolder);
  gate.core.consoleAddress = entrance.consoleAddress;
  return entrance;
}

function onLedgerFailure(stop: AbortController, options: StartOptions): (canceled: Promise<void>) => void {
  return (canceled) => {
    stop.abort();
    options.onLedgerFailure?.(canceled);
  };
}

/** Exchange, venue and gate, with the policy in force at the last stop. */
async function build(opened: Opened, alerts: Alerts, heads: () => HeadSigner | null) {
  const { clock, closers, config, file, fileProblem, ledger, options, secrets, signal, time } = opened;
  // RISK: whoever breaks the file must not keep a daemon down that has positions to close.
  const known = readPolicyInForce(ledger, config.venue);
  // `arm` makes a ledger, too.
  if (known === null && hasFiles(options)) await refuseFirstStart(config, fileProblem());
  const inForce = known ?? requirePolicy(file);
  if (profileOf(config.venue).needsArming) refuseUnarmed(ledger, config);
  const tokensFolder = profileOf(config.venue).isSimulated
    ? ensurePaperTokens(config.home, ledger.tokens)
    : join(config.home, 'tokens');
  const exchange = await startPaperExchange(config, secrets);
  if (exchange !== null) closers.unshift(() => exchange.close());
  const access = venueAccess(config, secrets, exchange);
  const account = hasFiles(options) ? new AccountLock(config, access) : null;
  if (account !== null) closers.unshift(() => account.release());
  const venue = await (options.createVenue ?? createVenue)({
    access,
    clock,
    time,
    countdown: config.countdown,
    // This process's own exchange enforces no limit on reads.
    ...(exchange === null ? {} : { readWeightPerMinute: null }),
  });
  closers.unshift(() => venue.close());
  const metrics = createGateMetrics();
  const traces = config.traces === null ? null : await openTraces(config.traces, readManifest().version, time);
  if (traces !== null) closers.unshift(() => traces.close());
  let folded: Folded | null = null;
  const gate = openGate({
    ledger,
    ports: {
      venue,
      clock,
      time,
      observer: metrics.observer,
      log: options.log,
      ...(hasFiles(options) ? { preview: createPreviewPort({ ledgerPath: ledger.path, time, signal }) } : {}),
      ...(traces === null ? {} : { trace: traces.port }),
      receipts: createReceiptPort(ledger, heads, options.time ?? SYSTEM_TIME),
      startCache: new StartCache(join(config.home, config.venue, 'cache'), ledger.genesis.genesis_id),
      ...tokenPorts(ledger.tokens),
    },
    settings: {
      venue: config.venue,
      account: ACCOUNT_NAME,
      version: readManifest().version,
      answerWithinMs: config.answerWithinMs,
      sendDeadlineMs: options.sendDeadlineMs ?? SEND_DEADLINE_MS,
    },
    policy: inForce,
    policyPort: createPolicyPort(config.venue, config.policyPath),
    alerts: alerts.forGate,
    checkpointFolder: hasFiles(options) ? checkpointFolder(config) : null,
    onFolded: (done) => {
      folded = done;
    },
    signal,
    metricsText: (withAccount) => metrics.text(withAccount),
  });
  metrics.watch(gate, ledger);
  return { account, exchange, folded: folded as Folded | null, gate, inForce, tokensFolder };
}

/** What a home on disk has beside its ledger. One in memory has no home that could be put back. */
function keepHome(opened: Opened, alerts: HomeAlerts, folded: Folded | null): HeadSigner | null {
  const { clock, closers, config, ledger, time } = opened;
  const { checkpointWithinMs, log } = opened.options;
  const keeping = keepHistory(config, ledger, folded, {
    ...{ now: ledgerClock(clock, time), time, log },
    stopWithinMs: checkpointWithinMs,
  });
  const head = followHeadOf(config, ledger, alerts, time);
  const signer = openHeadSigner(config, ledger, alerts, time);
  // The head is noted until the ledger itself is closed, and the last signed one covers the last checkpoint's record.
  closers.splice(closers.length - 1, 0, keeping, async () => signer?.close(), head);
  return signer;
}

function hasFiles({ ledger }: StartOptions): boolean {
  return (ledger?.storage ?? 'file') === 'file';
}

function createClose({ closers, config, options: { log }, stop }: Opened, gate: Gate): () => Promise<void> {
  let closed: Promise<void> | null = null;
  const run = async (): Promise<void> => {
    await gate
      .close({ leaveOrders: config.leaveOrders })
      .catch((error: unknown) => log.error({ err: error }, 'orders could not be canceled at the stop'));
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
