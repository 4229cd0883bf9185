import type { TimePort } from '../time/time-port.ts';
import type { Clock } from './clock.ts';
import type { FaultQueue } from './faults/faults.ts';
import type { RateLimits } from './faults/limits.ts';
import { advanceTo, type World } from './market/world.ts';
import type { ExchangeStorage } from './storage.ts';

/** A running exchange: its world, and what the HTTP face needs to serve it. */
export interface Exchange {
  readonly time: TimePort;
  readonly world: World;
  readonly clock: Clock;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly simToken: string;
  readonly limits: RateLimits;
  readonly faults: FaultQueue;
  readonly storage: ExchangeStorage | null;
  readonly listenKeys: Set<string>;
  /** Ids of orders that come without one, and of listen keys. */
  readonly randomBytes: (size: number) => Buffer;
}

/** Brings the world up to the clock. */
export function catchUp(exchange: Exchange): void {
  advanceTo(exchange.world, exchange.clock.now());
}

/** Makes everything that changed durable, in one transaction. */
export function persist(exchange: Exchange): void {
  exchange.storage?.save(exchange.world);
}
