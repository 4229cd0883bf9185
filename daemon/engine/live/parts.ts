import { Approvals } from '../calls/approvals.ts';
import { Availability } from '../calls/disk-space.ts';
import { Heartbeats } from '../calls/heartbeats.ts';
import { Outcomes, ParentDecisions } from '../calls/parent-decisions.ts';
import { RequestBudgets } from '../calls/request-budgets.ts';
import { type Telling, ToolCalls } from '../calls/tool-calls.ts';
import { Flatten } from '../exits/flatten.ts';
import { ExitResumption } from '../exits/resume.ts';
import { AccountFeed } from '../feeds/account-feed.ts';
import { MarketFeed } from '../feeds/market-feed.ts';
import { ReadingMarks } from '../feeds/reading-marks.ts';
import { allRead } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import { Authorities } from '../guard/authorities.ts';
import { composeEngine, type EngineParts } from '../guard/compose.ts';
import { Countdowns } from '../guard/countdowns.ts';
import { Protection } from '../guard/protection.ts';
import { StandingOrders } from '../guard/resting-openings.ts';
import { Keeper } from '../keeper/keeper.ts';
import { LedgerCheck } from '../keeper/ledger-check.ts';
import { AlertRoutesControl, type CompareAlertRoutes } from '../operator/alert-routes.ts';
import { ArmingControl } from '../operator/arming.ts';
import { Operator } from '../operator/commands.ts';
import { Holders } from '../operator/holders.ts';
import { LooseningDelay } from '../operator/loosening-delay.ts';
import { LostOrders } from '../operator/lost-orders.ts';
import { Passkeys } from '../operator/passkeys.ts';
import { PolicyControl, type PolicyPort } from '../operator/policy-control.ts';
import { Signals } from '../operator/signals.ts';
import { Tokens } from '../operator/tokens.ts';
import { CutReadings } from '../protect/cut-readings.ts';
import { buildTasks, startAlone } from './tasks.ts';

/** The parts of a live account, which its calls use. */
export type LiveParts = ReturnType<typeof composeLive>;
export interface LiveOptions {
  readonly policyPort: PolicyPort;
  readonly compareRoutes: CompareAlertRoutes;
  readonly tell: Telling;
  /** Exits are due then, wall ms of the process: the earliest instant that was asked for. */
  readonly wakeExitsAt: (wallMs: number) => void;
}

/** Composes the parts; nothing runs yet. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: composition; each line makes one part
export function composeLive(core: LiveCore, options: LiveOptions) {
  const availability = new Availability(core);
  const engine: EngineParts = composeEngine(core, {
    feeds: {
      resyncClock: () => keeper.dueNow('clock'),
      reloadRules: () => keeper.dueNow('rules'),
      refreshAccount: () => keeper.dueNow('account'),
      fetchTrades: (symbol) => keeper.fetchTradesSoon(symbol),
    },
    wakeExitsAt: options.wakeExitsAt,
    readBeside: (symbol) => readBeside(symbol),
  });
  const { canceler, executor, exits, health, resolver, sender, slices } = engine;
  const budgets = new RequestBudgets(core, () => availability.isDiskFull || core.ports.ledger.isFailed);
  const decisions = new ParentDecisions(core, availability, executor, budgets);
  const outcomes = new Outcomes({ core, decisions, executor, exits });
  const standing = new StandingOrders(core, canceler, sender);
  const authorities = new Authorities(core, canceler);
  const heartbeats = new Heartbeats(core);
  const countdowns = new Countdowns(core, () => keeper.wasRead);
  const marks = new ReadingMarks(core);
  const ledgerCheck: LedgerCheck = new LedgerCheck(core, marks);
  const account = new AccountFeed(core, sender, resolver, marks);
  const readBeside = function* (symbol: string): Flow<boolean> {
    if (health.isQuiet()) return false;
    const symbols = [...new Set([...account.watched(), symbol])];
    const read = [account.pollAccount(), account.pollOrders(symbols), ledgerCheck.readPlaced(symbol)];
    // Last: what a stop has closed meanwhile is known before a slice would open it again.
    return (yield* allRead(core, read)) && (yield* keeper.readTrades(symbol));
  };
  const market = new MarketFeed(core);
  account.onVenueFailure = (detail, cause, retryAfterMs) => health.onReadFailure(detail, cause, retryAfterMs);
  market.onVenueFailure = account.onVenueFailure;
  account.transfers.readIncome = () => ledgerCheck.pollIncome();
  const protection = new Protection(core, sender, canceler, executor);
  const cuts = new CutReadings(core.planClock, (symbol, lastsMs) =>
    core.alertRarely(
      'POSITION_ABOVE_CAP',
      `the position is above its cap by the last mark, and no second one has come for ${lastsMs / 1000} s: nothing is cut before`,
      symbol,
    ),
  );
  const flatten = new Flatten({
    core,
    canceler,
    slices,
    account,
    exit: (by, symbol, side, onDecided) => outcomes.ofOperatorExit(by, symbol, side, onDecided),
    claims: exits,
    isQuiet: () => health.isQuiet(),
  });
  const keeper: Keeper = new Keeper({
    core,
    account,
    market,
    sender,
    health,
    ledgerCheck,
    marks,
    tasks: buildTasks({
      core,
      resolver,
      canceler,
      authorities,
      countdowns,
      heartbeats,
      standing,
      exits,
      endMisplaced: engine.endMisplaced,
      flatten,
      protection,
      cuts,
    }),
  });
  const arming = new ArmingControl(core);
  const policies = new PolicyControl(core, options.policyPort);
  const alertRoutes = new AlertRoutesControl(core, options.compareRoutes);
  const loosening = new LooseningDelay(core);
  const operator = new Operator({ core, availability, canceler, slices, flatten, loosening, standing });
  const signals = new Signals(core, { loosening, budgets, standing });
  const lostOrders = new LostOrders(core, sender, loosening);
  const calls = new ToolCalls({ core, availability, decisions, executor, outcomes, tell: options.tell, budgets });
  const approvals = new Approvals({ core, availability, decisions, outcomes });
  const exitResumption = new ExitResumption(core, keeper, exits);
  core.onPolicyChange(() => startAlone(core, 'STANDING_FAILED', () => standing.tick()));
  return {
    ...engine,
    core,
    availability,
    budgets,
    keeper,
    policies,
    alertRoutes,
    calls,
    approvals,
    outcomes,
    heartbeats,
    countdowns,
    standing,
    operator,
    signals,
    passkeys: new Passkeys(core, () => arming.review()),
    tokens: new Tokens(core),
    arming,
    ledgerCheck,
    lostOrders,
    holders: new Holders({ core, canceler, exits, endMisplaced: engine.endMisplaced }),
    exitResumption,
  };
}
