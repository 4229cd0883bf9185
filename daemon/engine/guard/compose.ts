import type { EngineCore } from '../flow/core.ts';
import type { Flow, Started } from '../flow/step.ts';
import { Canceler } from '../sending/cancels.ts';
import { LoneOpenings } from '../sending/lone-openings.ts';
import { Resolver } from '../sending/resolver.ts';
import { OrderSender } from '../sending/sender.ts';
import { SliceRunner } from '../sending/slices.ts';
import { type FeedRequests, VenueHealth } from '../sending/venue-health.ts';
import { Executor } from './executor.ts';
import { ExitBook } from './exit-book.ts';
import { watchHoldings } from './holdings.ts';

/** What the engine needs of its driver beside effects. */
export interface EngineHands {
  readonly feeds: Omit<FeedRequests, 'resolve' | 'reviewHoldings'>;
  /** {@link ExitBook.tick} is due then, wall ms of the process: the earliest instant that was asked for. */
  readonly wakeExitsAt: (wallMs: number) => void;
  /** Reads all that another daemon could have opened in the symbol: whether it was read. */
  readonly readBeside: (symbol: string) => Flow<boolean>;
}

/** {@link watchHoldings} */
type EndMisplaced = () => readonly Started<void>[];
/** Who carries decisions out. */
export type EngineParts = ReturnType<typeof composeEngine>;

/** Composes the engine for whoever drives it; nothing runs yet. */
export function composeEngine(core: EngineCore, hands: EngineHands) {
  const health = new VenueHealth(core, {
    ...hands.feeds,
    resolve: (order) => resolver.resolve(order),
    reviewHoldings: () => reviewHoldings(core, endMisplaced),
  });
  const lone = new LoneOpenings(core, hands.readBeside);
  const sender: OrderSender = new OrderSender(core, health, lone);
  const resolver: Resolver = new Resolver(core, sender);
  const canceler = new Canceler(core, sender);
  const endMisplaced: EndMisplaced = watchHoldings(core, canceler);
  const slices = new SliceRunner(core, sender, lone);
  const { wakeExitsAt } = hands;
  const exits = new ExitBook({ core, sender, canceler, resolver, wakeExitsAt });
  const executor = new Executor({ core, sender, canceler, slices, exits });
  return { health, sender, resolver, canceler, slices, exits, executor, endMisplaced };
}

/** Nobody waits for it: that it failed is an alert. */
function reviewHoldings(core: EngineCore, endMisplaced: EndMisplaced): void {
  const onFailure = (error: unknown): void => core.alertRarely('CANCEL_FAILED', String(error));
  try {
    for (const cancel of endMisplaced()) cancel.onEnd((end) => end.kind === 'failed' && onFailure(end.error));
  } catch (error) {
    onFailure(error);
  }
}
