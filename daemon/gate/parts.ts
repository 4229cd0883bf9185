import type { AlertTestBody } from '../contract/types/alerts.ts';
import { Flatten } from '../engine/exits/flatten.ts';
import { ExitResumption } from '../engine/exits/resume.ts';
import { AccountFeed } from '../engine/feeds/account-feed.ts';
import { allRead } from '../engine/feeds/feed-schedule.ts';
import { MarketFeed } from '../engine/feeds/market-feed.ts';
import { ReadingMarks } from '../engine/feeds/reading-marks.ts';
import type { LiveSettings as GateSettings } from '../engine/flow/core.ts';
import type { Flow } from '../engine/flow/effects.ts';
import { Authorities } from '../engine/guard/authorities.ts';
import { composeEngine, type EngineParts } from '../engine/guard/compose.ts';
import { Countdowns } from '../engine/guard/countdowns.ts';
import type { Executor } from '../engine/guard/executor.ts';
import { Protection } from '../engine/guard/protection.ts';
import { StandingOrders } from '../engine/guard/standing.ts';
import { Keeper } from '../engine/keeper/keeper.ts';
import { LedgerCheck } from '../engine/keeper/ledger-check.ts';
import { CutReadings } from '../engine/protect/cut-readings.ts';
import type { Canceler } from '../engine/sending/cancels.ts';
import type { Resolver } from '../engine/sending/resolver.ts';
import type { OrderSender } from '../engine/sending/sender.ts';
import type { SliceRunner } from '../engine/sending/slices.ts';
import type { GateState } from '../engine/state/gate-state.ts';
import { CallerReads } from '../reads/reads.ts';
import { ExecutionRecall } from '../reads/recall.ts';
import { Approvals } from './calls/approvals.ts';
import { Availability } from './calls/disk-space.ts';
import { Outcomes } from './calls/outcomes.ts';
import { ParentDecisions } from './calls/parent-decisions.ts';
import { ToolCalls } from './calls/tool-calls.ts';
import { allEnded } from './journal/driver.ts';
import type { GatePorts } from './journal/gate-ports.ts';
import { GateCore } from './journal/journal.ts';
import { RequestBudgets } from './journal/request-budgets.ts';
import { WakeUp } from './journal/wake-up.ts';
import { AlertRoutesControl, type CompareAlertRoutes } from './operator/alert-routes.ts';
import { ArmingControl } from './operator/arming.ts';
import { Operator } from './operator/commands.ts';
import { Holders } from './operator/holders.ts';
import { LooseningDelay } from './operator/loosening-delay.ts';
import { LostOrders } from './operator/lost-orders.ts';
import { Passkeys } from './operator/passkeys.ts';
import { PolicyControl, type PolicyDocument, type PolicyPort } from './operator/policy-control.ts';
import { Signals } from './operator/signals.ts';
import { Tokens } from './operator/tokens.ts';
import { buildTasks, startAlone } from './tasks.ts';
import { Heartbeats } from './watch/heartbeats.ts';

/** The parts of the gate, which its calls use. */
export interface GateParts {
  readonly core: GateCore;
  readonly availability: Availability;
  readonly budgets: RequestBudgets;
  readonly keeper: Keeper;
  readonly policies: PolicyControl;
  readonly alertRoutes: AlertRoutesControl;
  readonly calls: ToolCalls;
  readonly approvals: Approvals;
  readonly reads: CallerReads;
  readonly executor: Executor;
  readonly outcomes: Outcomes;
  readonly sender: OrderSender;
  readonly resolver: Resolver;
  readonly canceler: Canceler;
  readonly slices: SliceRunner;
  readonly heartbeats: Heartbeats;
  readonly countdowns: Countdowns;
  readonly standing: StandingOrders;
  readonly operator: Operator;
  readonly signals: Signals;
  readonly passkeys: Passkeys;
  readonly tokens: Tokens;
  readonly arming: ArmingControl;
  readonly ledgerCheck: LedgerCheck;
  readonly lostOrders: LostOrders;
  readonly holders: Holders;
  readonly exitResumption: ExitResumption;
}
export interface AlertOptions {
  readonly compareRoutes: CompareAlertRoutes;
  /** Sends a message to one channel, or to each, once. */
  readonly test: (channel: string | null, setBy: string) => Promise<AlertTestBody>;
}
export interface GateOptions {
  readonly ports: GatePorts;
  readonly settings: GateSettings;
  readonly policy: PolicyDocument;
  /** What is folded already; empty views when absent. */
  readonly state?: GateState;
  readonly policyPort: PolicyPort;
  /** Alerts that leave this machine; absent: none do. */
  readonly alerts?: AlertOptions;
  readonly signal: AbortSignal;
  /** The observer's counters as Prometheus text. */
  readonly metricsText: (withAccount: boolean) => Promise<string>;
}

/** Composes the parts; nothing runs yet. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: composition; each line makes one part
export function buildParts(options: GateOptions): GateParts {
  const { ports, settings, signal } = options;
  const core = new GateCore(ports, settings, options.policy, {
    ...(options.state === undefined ? {} : { state: options.state }),
    hooks: {
      readBeside: (symbol) => core.run(readBeside(symbol)),
      isUnsent: (order) => engine.sender.isUnsent(order),
      onRecheckFailure: () => engine.health.onRecheckFailure(),
      isStopping: () => signal.aborted,
      lookout: {
        found: (strange) => ledgerCheck.found(strange),
        listed: (report) => ledgerCheck.listed(report),
        suspect: (symbol) => ledgerCheck.suspect(symbol),
      },
    },
  });
  const availability = new Availability(core);
  const exitTimer = new WakeUp(ports.time, signal, () => exits.tick());
  const engine: EngineParts = composeEngine(core, {
    feeds: {
      resyncClock: () => keeper.dueNow('clock'),
      reloadRules: () => keeper.dueNow('rules'),
      refreshAccount: () => keeper.dueNow('account'),
      fetchTrades: (symbol) => keeper.fetchTradesSoon(symbol),
    },
    wakeExitsAt: (wallMs) => exitTimer.at(wallMs),
  });
  const { canceler, executor, exits, health, resolver, sender, slices } = engine;
  const budgets = new RequestBudgets(core, () => availability.isDiskFull || ports.ledger.isFailed);
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
      signal,
    }),
  });
  const arming = new ArmingControl(core);
  const policies = new PolicyControl(core, options.policyPort);
  const alertRoutes = new AlertRoutesControl(core, options.alerts?.compareRoutes ?? (() => []));
  const loosening = new LooseningDelay(core);
  const operator = new Operator(core, canceler, slices, flatten, loosening);
  const signals = new Signals(core, loosening, budgets);
  const lostOrders = new LostOrders(core, sender, loosening);
  const recall = new ExecutionRecall(core.state, ports.ledger);
  const reads = new CallerReads(core, recall);
  const calls = new ToolCalls({ core, availability, decisions, executor, outcomes, recall, budgets });
  const approvals = new Approvals({ core, availability, decisions, outcomes, reads });
  const exitResumption = new ExitResumption(core, keeper, exits);
  core.onPolicyChange(() => startAlone(core, 'STANDING_FAILED', () => standing.tick()));
  return {
    core,
    availability,
    budgets,
    keeper,
    policies,
    alertRoutes,
    calls,
    approvals,
    reads,
    executor,
    outcomes,
    sender,
    resolver,
    canceler,
    slices,
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
    holders: new Holders({ core, canceler, exits, endMisplaced: () => allEnded(engine.endMisplaced()) }),
    exitResumption,
  };
}
