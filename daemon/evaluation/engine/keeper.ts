import { awaitsReading } from '../../engine/claims/exit-sizes.ts';
import { Upkeep } from '../../engine/keeper/upkeep.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayDriver } from './driver.ts';

/** The daemon reads the account so often. */
const READ_EVERY_MS = 2_000;

/** The engine's upkeep, which the daemon calls on in every round; a replay calls on it where something may have changed. */
export class ReplayKeeper {
  readonly upkeep: Upkeep;
  readonly #driver: ReplayDriver;
  readonly #clock: MarketClock;
  readonly #later: (atMs: number) => void;
  #readAtMs = Number.NEGATIVE_INFINITY;

  /** `later`: {@link tick} is to be called then. */
  constructor(driver: ReplayDriver, clock: MarketClock, later: (atMs: number) => void) {
    this.upkeep = new Upkeep(driver, driver.engine);
    this.#driver = driver;
    this.#clock = clock;
    this.#later = later;
  }

  tick(): void {
    const driver = this.#driver;
    const { upkeep } = this;
    const isOpen = (symbol: string): boolean => this.#clock.isLive(this.#clock.market.symbols.indexOf(symbol));
    driver.engine.health.sweepLayers();
    upkeep.retryCancels();
    upkeep.endAuthorities();
    driver.settle();
    upkeep.exits();
    driver.settle();
    upkeep.reviewStanding();
    driver.settle();
    upkeep.protect(isOpen);
    driver.settle();
    upkeep.cutBack(isOpen);
    driver.settle();
    if (upkeep.awaitsReading || awaitsReading(driver.state)) this.#readSoon();
  }

  /** Something waits for another reading of the account. */
  #readSoon(): void {
    const now = this.#clock.nowMs;
    if (this.#readAtMs > now) return;
    this.#readAtMs = now + READ_EVERY_MS;
    this.#later(this.#readAtMs);
  }
}
