import { followTokens } from '../../daemon/boot/ledger/token-watch.ts';
import { openGate, readPolicyInForce } from '../../daemon/boot/open-gate.ts';
import { createPolicyPort } from '../../daemon/boot/policy/policy.ts';
import type { VenueName } from '../../daemon/core/venues.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { PolicyDocument } from '../../daemon/engine/operator/policy-control.ts';
import {
  type Authenticator,
  createAuthenticator,
  type TokenIdentity,
} from '../../daemon/http/entrance/authentication.ts';
import type { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import { expiryClock, ledgerClock, tokenPorts } from '../../daemon/ledger/tokens.ts';
import type { Ledger } from '../../daemon/ledger/types.ts';
import type { TimePort, Timer } from '../../daemon/time/time-port.ts';
import { createVenue, type VenueConfig } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { foldOverText } from './fold-over-text.ts';
import type { Receivers } from './receivers.ts';
import type { Life } from './wire.ts';
import type { WorldPolicy } from './world-policy.ts';

export const ACCOUNT = 'main';
export const VERSION = 'world';
export const ANSWER_WITHIN_MS = 3_000;
const SEND_DEADLINE_MS = 500;

/** Whom a secret names, as the daemon's entrances find it. */
export type Entrance = Pick<Authenticator, 'authenticate' | 'forget'>;

export interface Running extends Life {
  readonly time: TimePort & { end(): void };
  readonly stop: AbortController;
  /** Where its ledger lies. */
  readonly storage: MemoryStorage;
  ledger: Ledger | null;
  gate: Gate | null;
  /** Null: nobody is asked for a token. */
  entrance: Entrance | null;
  /** Ends the delivery of alerts. */
  stopAlerts: () => Promise<void>;
}

/** Of the exchange of a world, whatever its daemons take it for. */
const KEY = { apiKey: 'paper', secret: 'paper-secret' } as const;
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

interface LedgerHooks {
  readonly randomBytes: (size: number) => Buffer;
  readonly scheduleCommit: (commit: () => void) => Timer;
  readonly onFailure: (error: Error) => void;
  readonly onReserveUsed: () => void;
}
interface Opened {
  readonly clock: DomainClock;
  readonly ledger: Ledger;
}

export function openLifeLedger(
  life: Running,
  hooks: LedgerHooks,
  { hasTokens, venue }: { readonly hasTokens: boolean; readonly venue: VenueName },
): Opened {
  const { storage, time } = life;
  const clock = new DomainClock(time);
  const now = ledgerClock(clock, time);
  const ledger = openLedger({
    ...{ path: 'world.db', venue, account: ACCOUNT, now, time, storage, ...hooks },
    // As where money is real: by the venue's time.
    ...(hasTokens ? { expiry: expiryClock('binance-live', clock, time) } : {}),
  });
  life.ledger = ledger;
  if (hasTokens) life.entrance = openEntrance(ledger, time);
  return { clock, ledger };
}

function openEntrance({ tokens }: Ledger, time: TimePort): Entrance {
  const findToken = (secret: string): TokenIdentity | null => {
    const token = tokens.findToken(secret);
    if (token === null) return null;
    const { agent, id, name, role, skill_sha256: skillSha256 } = token;
    return { role, agent: agent ?? name, id, skillSha256 };
  };
  return createAuthenticator({ findToken }, () => time.monotonicMs());
}

interface Surroundings {
  readonly exchange: NonNullable<VenueConfig['exchange']>;
  /** The exchange enforces its request weight, and the daemon keeps to it. */
  readonly isLimited: boolean;
  /** Whose money it is; the exchange is the same one. */
  readonly venue: VenueName;
  readonly countdown: 'regular' | 'all';
  /** Null: no alert leaves the machine. */
  readonly receivers: Receivers | null;
  /** As the files of the home: they outlive the process. */
  readonly copies: Map<string, string>;
}

/** Null: the process died meanwhile. */
export async function openLifeGate(
  life: Running,
  { clock, ledger }: Opened,
  file: WorldPolicy,
  { copies, countdown, exchange, isLimited, receivers, venue: name }: Surroundings,
): Promise<{ readonly gate: Gate; readonly inForce: PolicyDocument } | null> {
  const { time } = life;
  const inForce = readPolicyInForce(ledger, name) ?? file;
  const venue = await createVenue({
    access: name === 'paper' ? { ...KEY, venue: name, baseUrl: 'http://127.0.0.1:1' } : { ...KEY, venue: name },
    countdown,
    clock,
    time,
    exchange,
    ...(isLimited ? {} : { readWeightPerMinute: null }),
  });
  if (life.isDead) return null;
  const gate = openGate({
    ledger,
    ports: {
      venue,
      clock,
      time,
      observer: {
        decided: () => undefined,
        submitted: () => undefined,
        alerted: () => undefined,
        summed: () => undefined,
      },
      log: SILENT,
      startCache: {
        read: (name) => JSON.parse(copies.get(`${ledger.genesis.genesis_id} ${name}`) ?? 'null'),
        write: (name, value) => {
          if (!life.isDead) copies.set(`${ledger.genesis.genesis_id} ${name}`, JSON.stringify(value));
        },
      },
      agentNames: () => ['alpha', 'beta', 'gamma'],
      ...(life.entrance === null ? {} : tokenPorts(ledger.tokens)),
    },
    fold: foldOverText,
    settings: {
      venue: name,
      account: ACCOUNT,
      version: VERSION,
      answerWithinMs: ANSWER_WITHIN_MS,
      sendDeadlineMs: SEND_DEADLINE_MS,
    },
    policy: inForce,
    policyPort: createPolicyPort(name, 'world.json'),
    ...(receivers === null ? {} : { alerts: receivers.forGate }),
    signal: life.stop.signal,
    metricsText: () => Promise.resolve(''),
  });
  life.gate = gate;
  if (ledger.stats.reserve_used) gate.onReserveUsed();
  if (life.entrance !== null) followTokens(ledger, gate.core, time, SILENT);
  return { gate, inForce };
}
