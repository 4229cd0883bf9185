import { Approvals, voidOrphans } from '../calls/approvals.ts';
import { Heartbeats } from '../calls/heartbeats.ts';
import { Availability, ParentDecisions } from '../calls/intake.ts';
import { RequestBudgets } from '../calls/request-budgets.ts';
import { Outcomes, type Telling, ToolCalls } from '../calls/tool-calls.ts';
import { Flatten } from '../exits/flatten.ts';
import { ExitResumption } from '../exits/resume.ts';
import { watchExits } from '../exits/slow-exits.ts';
import { AccountFeed } from '../feeds/account-feed.ts';
import { FeedSchedule } from '../feeds/feed-schedule.ts';
import { MarketFeed } from '../feeds/market-feed.ts';
import { ReadingMarks } from '../feeds/reading-marks.ts';
import { allRead, startAlone } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import type { Flow } from '../flow/step.ts';
import { composeEngine, type EngineParts } from '../guard/compose.ts';
import { Countdowns } from '../guard/countdowns.ts';
import { Keeper, type KeeperTasks } from '../keeper/keeper.ts';
import { LedgerCheck } from '../keeper/ledger-check.ts';
import { Upkeep } from '../keeper/upkeep.ts';
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
import { watchCancels, watchUnknown } from '../sending/slow-watch.ts';
import { TradeFeed } from '../trades/trade-feed.ts';

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
      resyncClock: () => schedule.dueNow('clock'),
      reloadRules: () => schedule.dueNow('rules'),
      refreshAccount: () => schedule.dueNow('account'),
      fetchTrades: (symbol) => trades.add(symbol),
    },
    wakeExitsAt: options.wakeExitsAt,
    readBeside: (symbol) => readBeside(symbol),
  });
  const { canceler, endMisplaced, executor, exits, health, proof, resolver, standing } = engine;
  const schedule = new FeedSchedule(core, health);
  const trades = new TradeFeed(core, proof);
  const upkeep = new Upkeep(core, engine);
  const budgets = new RequestBudgets(core, () => availability.isDiskFull || core.ports.ledger.isFailed);
  const decisions = new ParentDecisions(core, availability, executor, budgets);
  const outcomes = new Outcomes({ core, decisions, executor, exits });
  const heartbeats = new Heartbeats(core);
  const countdowns = new Countdowns(core, () => keeper.wasRead);
  const marks = new ReadingMarks(core);
  const ledgerCheck: LedgerCheck = new LedgerCheck(core, marks);
  const account = new AccountFeed(core, proof, health, marks);
  const readBeside = function* (symbol: string): Flow<boolean> {
    if (health.isQuiet()) return false;
    const symbols = [...new Set([...account.watched(), symbol])];
    const read = [account.pollAccount(), account.pollOrders(symbols), ledgerCheck.readPlaced(symbol)];
    // Last: what a stop has closed meanwhile is known before a slice would open it again.
    return (yield* allRead(core, read)) && (yield* trades.readNow(symbol));
  };
  const market = new MarketFeed(core, health);
  account.transfers.readIncome = () => ledgerCheck.pollIncome();
  const flatten = new Flatten({
    core,
    canceler,
    account,
    exit: (by, symbol, side) => outcomes.ofFlatten(by, symbol, side),
    cancelClaims: (isConcerned, detail) => exits.cancelClaims(isConcerned, detail),
    isQuiet: () => health.isQuiet(),
  });
  const lookForUnknown = watchUnknown(core);
  const lookForSlowCancels = watchCancels(core);
  const lookForSlowExits = watchExits(core);
  const tasks: KeeperTasks = {
    retryCancels: () => {
      lookForUnknown();
      resolver.sweep();
      lookForSlowCancels();
      return upkeep.retryCancels();
    },
    endAuthorities: () => upkeep.endAuthorities(),
    countdowns: () => countdowns.tick(),
    reviewStanding: () => {
      voidOrphans(core);
      heartbeats.tick();
      return upkeep.reviewStanding();
    },
    exits: () => {
      const begun = upkeep.exits();
      if (!core.isStopping() && !core.ports.ledger.isFailed) lookForSlowExits();
      return begun;
    },
    flatten: () => flatten.tick(),
    protect: () => upkeep.protect(),
    cutBack: () => upkeep.cutBack(),
  };
  const keeper: Keeper = new Keeper({ core, account, market, health, ledgerCheck, marks, schedule, trades }, tasks);
  const arming = new ArmingControl(core);
  const policies = new PolicyControl(core, options.policyPort);
  const alertRoutes = new AlertRoutesControl(core, options.compareRoutes);
  const loosening = new LooseningDelay(core);
  const operator = new Operator({ core, availability, canceler, flatten, loosening, review: () => standing.tick() });
  const signals = new Signals(core, { loosening, budgets, review: () => standing.tick() });
  const lostOrders = new LostOrders(core, proof, loosening);
  const calls = new ToolCalls({ core, availability, decisions, executor, outcomes, tell: options.tell, budgets });
  const approvals = new Approvals({ core, availability, decisions, outcomes });
  const exitResumption = new ExitResumption(core, { keeper, trades }, exits);
  core.onPolicyChange(() => market.recordNews());
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
    upkeep,
    operator,
    signals,
    passkeys: new Passkeys(core, () => arming.review()),
    tokens: new Tokens(core),
    arming,
    ledgerCheck,
    lostOrders,
    holders: new Holders({ core, canceler, exits, endMisplaced }),
    exitResumption,
  };
}
