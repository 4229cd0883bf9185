import type { EngineCore } from '../flow/core.ts';
import type { Begun } from '../flow/step.ts';
import { Authorities } from '../guard/authorities.ts';
import { type GateExits, Protection } from '../guard/protection.ts';
import type { StandingOrders } from '../guard/resting-openings.ts';
import { CutReadings } from '../protect/cut-readings.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderSender } from '../sending/sender.ts';

const NOTHING: Begun = [];
/** Who carries decisions out (guard/compose.ts). */
interface UpkeepParts {
  readonly canceler: Canceler;
  readonly endMisplaced: () => Begun;
  readonly executor: GateExits;
  readonly exits: { tick(): void };
  readonly sender: OrderSender;
  readonly standing: StandingOrders;
}

/** What follows from the views alone, between requests: the same tasks in the daemon and in a replay (SAE-SAME-CODE). */
export class Upkeep {
  readonly authorities: Authorities;
  readonly protection: Protection;
  readonly #core: EngineCore;
  readonly #engine: UpkeepParts;
  readonly #cuts: CutReadings;
  /** A position stood above a cap at the last look, and whether it waits for a second reading. */
  isBreached = false;
  awaitsReading = false;

  constructor(core: EngineCore, engine: UpkeepParts) {
    const { canceler, executor, sender } = engine;
    this.#core = core;
    this.#engine = engine;
    this.authorities = new Authorities(core, canceler);
    this.protection = new Protection(core, sender, canceler, executor);
    this.#cuts = new CutReadings(core.planClock, (symbol, lastsMs) =>
      core.alertRarely(
        'POSITION_ABOVE_CAP',
        `the position is above its cap by the last mark, and no second one has come for ${lastsMs / 1000} s: nothing is cut before`,
        symbol,
      ),
    );
  }

  /** Cancels that are not proven are sent again. */
  retryCancels(): Begun {
    return this.#engine.canceler.retryUnproven();
  }
  /** What opens on an authority that has ended is dropped or canceled. */
  endAuthorities(): Begun {
    return this.authorities.tick();
  }
  /** Exits continue. */
  exits(): Begun {
    this.#engine.exits.tick();
    return NOTHING;
  }
  /** Resting orders that no longer fit are canceled. */
  reviewStanding(): Begun {
    return [...this.#engine.standing.tick(), ...this.#engine.endMisplaced()];
  }
  /** Protective stops, which depend on positions having been read once. `isOpen`: whether a symbol is traded now. */
  protect(isOpen?: (symbol: string) => boolean): Begun {
    return this.protection.tick(isOpen);
  }
  /** Cuts of positions above their caps, which also depend on prices. */
  cutBack(isOpen: (symbol: string) => boolean = () => true): Begun {
    const core = this.#core;
    const breaches = this.#engine.standing.findBreaches();
    const confirmed = this.#cuts.confirm(breaches, core.market.inputs(core.nowMs()), core.policySpec.market.collar_bps);
    this.isBreached = breaches.length > 0;
    this.awaitsReading = breaches.length > confirmed.length;
    return confirmed
      .filter(({ symbol }) => isOpen(symbol))
      .map((breach) => core.begin(this.protection.cutBack(breach)));
  }
}
