import type { Recovered } from '../../daemon/boot/recovery.ts';
import type { ExchangeSim } from '../../daemon/exchange-sim/start.ts';
import type { Daemon } from '../../daemon/main.ts';
import type { LookRecord, WireRecord } from '../../scripts/explore/wire.ts';

/** An exchange that a world's tests may ask, by sockets or within the process. */
export interface SiteExchange extends ExchangeSim {
  readonly fetch: typeof fetch;
}

export interface DaemonCall {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What the daemon has sent to the exchange, in this order. */
export interface SiteWire {
  readonly records: readonly WireRecord[];
  readonly looks: readonly LookRecord[];
}

/** Where a world's daemon and exchange live: in virtual time within the process, or in real time behind sockets. */
export interface WorldSite {
  readonly sim: SiteExchange;
  /** Starts a daemon on the environment of a process. */
  launch(env: Readonly<Record<string, string>>): Promise<Daemon>;
  /** Ledgers in memory, by the home folder of their daemon; `put` while that one does not run. */
  readonly ledgers?: {
    copy(home: string): Buffer;
    put(home: string, copy: Buffer): void;
    /** Whether the disk has no room for a reserve; told of at the next start. */
    freeReserve(home: string, isFreed: boolean): void;
    /** As `./holdfast recover` does. */
    recover(home: string, takeOver: boolean): Recovered;
  };
  /** Of a virtual site alone. */
  readonly wire?: SiteWire;
  control(path: string, body: object | undefined): Promise<unknown>;
  call(daemon: Daemon, call: DaemonCall): Promise<{ readonly status: number; readonly text: string }>;
  /** Waits for something of the daemon's, while time passes. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Milliseconds of the world's wall time, from an unspecified origin. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}
