import { endOpeningsByStop } from '../decide/openings-to-end.ts';
import { startAlone } from '../flow/all-read.ts';
import type { EngineCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import { Canceler } from '../sending/cancels.ts';
import { LoneOpenings } from '../sending/lone-openings.ts';
import { OrderProof } from '../sending/order-proof.ts';
import { Resolver } from '../sending/resolver.ts';
import { OrderSender } from '../sending/sender.ts';
import { type FeedRequests, VenueHealth } from '../sending/venue-health.ts';
import { Executor, SliceRunner } from './executor.ts';
import { ExitBook } from './exit-book.ts';
import { watchHoldings } from './holdings.ts';
import { StandingOrders } from './resting-openings.ts';

/** What the engine needs of its driver beside effects. */
export interface EngineHands {
  readonly feeds: Omit<FeedRequests, 'resolve' | 'reviewHoldings'>;
  /** {@link ExitBook.tick} is due then, wall ms of the process: the earliest instant that was asked for. */
  readonly wakeExitsAt: (wallMs: number) => void;
  /** Reads all that another daemon could have opened in the symbol: whether it was read. */
  readonly readBeside: (symbol: string) => Flow<boolean>;
}

/** Who carries decisions out. */
export type EngineParts = ReturnType<typeof composeEngine>;

/** Composes the engine for whoever drives it; nothing runs yet. */
export function composeEngine(core: EngineCore, hands: EngineHands) {
  const health = new VenueHealth(core, {
    ...hands.feeds,
    resolve: (order) => resolver.resolve(order),
    reviewHoldings: () => startAlone(core, 'CANCEL_FAILED', endMisplaced),
  });
  const lone = new LoneOpenings(core, hands.readBeside);
  const proof: OrderProof = new OrderProof(core, (order) => {
    // Its trade may have told first: what was opened since then it has not closed.
    if (order.protective && order.tradedE8 === 0) endOpeningsByStop(core, order);
    health.onExecuted(order);
  });
  const sender: OrderSender = new OrderSender(core, proof, health, lone);
  const resolver: Resolver = new Resolver(core, proof, health);
  const canceler = new Canceler(core, proof, health);
  const endMisplaced: ReturnType<typeof watchHoldings> = watchHoldings(core, canceler);
  const standing = new StandingOrders(core, canceler, proof);
  const slices = new SliceRunner(core, { proof, sender, lone, standing });
  const { wakeExitsAt } = hands;
  const exits = new ExitBook({ core, proof, sender, canceler, resolver, wakeExitsAt });
  const executor = new Executor({ core, sender, canceler, slices, exits });
  return { health, proof, sender, resolver, canceler, slices, exits, executor, standing, endMisplaced };
}
