import type { TradingArgs } from '../../contract/types/trading-calls.ts';
import { canonicalJson, numberText, quoted } from '../../core/canonical-json.ts';
import type { Action, ExecutionRequest, Origin } from '../../core/request.ts';
import { type ApprovalState, grantOf } from '../callers/approvals.ts';
import { cancelsNothing } from '../callers/requests.ts';
import type { CarriesOut, Considered, Decided } from '../decide/decided.ts';
import { consider, recordDecision } from '../decide/take-decision.ts';
import type { LiveCore } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';
import { parentAsk } from '../plan/orders.ts';
import type { AskDraft } from '../readings/inputs.ts';
import type { Caller } from '../records/callers.ts';
import type { DecisionKind, OverBudget, ToolOutcome, Unavailable } from '../records/decisions.ts';
import type { ExitCause } from '../tables/rank.ts';
import { DISK_FULL, FullDisk } from './disk-space.ts';
import type { RequestBudgets } from './request-budgets.ts';

/** A validated call, as the gate processes it. */
export interface Intake {
  readonly request: ExecutionRequest;
  readonly caller: Caller;
  /** Digest of the economic fields: not timestamp, validity, rationale or meta. Null for advisory calls. */
  readonly bodyHash: string | null;
  /** Free texts by field, stored beside the chain under their digest. */
  readonly texts: { readonly [field: string]: string };
  /** The order that modify_order or cancel_order names, if it exists. */
  readonly target: OrderState | null;
  /** By the operator's schema; of a size in the base asset it is not known before {@link judgeSize}. */
  readonly schemaViolation: string | null;
  /** The violation once the notional of a quantity is known, USDT; absent: no quantity was sent. */
  readonly judgeSize?: (usdt: number) => string | null;
  /** When the call came in, wall ms of the process; absent: no trace is kept. */
  readonly atWallMs?: number;
}

/** The gate's lifecycle, and so whether it accepts calls: it opens once, and closes finally. */
export class Availability {
  readonly #core: LiveCore;
  isStarted = false;
  isClosing = false;
  /** The reserve for a full disk is in use. */
  isDiskFull = false;

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** The answer to a call that cannot be accepted now; null while calls are accepted. */
  findRefusal(): ToolOutcome | null {
    if (!this.isStarted) return { kind: 'unavailable', message: 'the daemon has not reached the venue yet' };
    if (this.isClosing) return { kind: 'unavailable', message: 'the daemon is shutting down' };
    if (this.#core.ports.ledger.isFailed)
      return { kind: 'unavailable', message: 'the ledger cannot record: nothing is sent' };
    return null;
  }
}

const NOT_ECONOMIC = new Set(['timestamp_ms', 'valid_until_ms', 'rationale', 'meta', 'request_id']);

export function originOf(caller: Caller): Origin {
  return caller.role === 'operator' ? 'operator' : 'agent';
}

/** `advisory`: dry run and intercept. They have no idempotency key, so they need no digest of the body. */
export function readIntake(
  core: LiveCore,
  caller: Caller,
  call: TradingArgs,
  purpose: 'binding' | 'advisory' = 'binding',
): Intake {
  const target = 'client_order_id' in call.args ? (core.state.orders.all.get(call.args.client_order_id) ?? null) : null;
  const texts: Record<string, string> = {};
  if (call.tool === 'place_order') {
    if (call.args.rationale !== undefined) texts.rationale = call.args.rationale;
    const skill = call.args.meta?.skill;
    if (skill !== undefined) texts.skill = canonicalJson(skill);
  }
  const judgeSize = judgeSizeOf(core, call);
  return {
    request: buildRequest(core, caller, call, target),
    caller,
    bodyHash: purpose === 'binding' ? core.ports.sha256(economicText(call)) : null,
    texts,
    target,
    schemaViolation: judgeSize === null ? judge(core, call, call.args) : null,
    ...(judgeSize === null ? {} : { judgeSize }),
  };
}

function judge(core: LiveCore, { tool }: TradingArgs, args: unknown): string | null {
  return core.ports.checkOperatorSchema(core.policySpec, tool, args);
}
/** Operators' schemas bound `requested_notional` alone: `policy check` refuses one that names a quantity. */
function judgeSizeOf(core: LiveCore, call: TradingArgs): ((usdt: number) => string | null) | null {
  if (call.tool !== 'place_order' || call.args.quantity === undefined) return null;
  const { quantity: _, ...args } = call.args;
  return (usdt) => judge(core, call, { ...args, requested_notional: usdt });
}

/** `canonicalJson` of the tool and its economic arguments, without an object of them: arguments come in any order. */
export function economicText({ tool, args }: TradingArgs): string {
  const keys = ['tool'];
  for (const key in args) if (!NOT_ECONOMIC.has(key)) keys.push(key);
  keys.sort();
  let text = '';
  for (const key of keys) {
    const value = key === 'tool' ? tool : (args as { readonly [key: string]: unknown })[key];
    text += `${text === '' ? '{' : ','}${quoted(key)}:${valueText(value)}`;
  }
  return `${text}}`;
}
function valueText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' ? numberText(value) : canonicalJson(value);
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: one literal: every member of a request, by tool
function buildRequest(core: LiveCore, caller: Caller, call: TradingArgs, target: OrderState | null): ExecutionRequest {
  const now = core.nowMs();
  const base: ExecutionRequest = {
    account: core.settings.account,
    after_decision_id: null,
    agent: caller.agent,
    client_order_id: null,
    fraction: null,
    intent: intentOf(call),
    limit_price: null,
    max_slippage_bps: null,
    order_type: null,
    origin: originOf(caller),
    quantity: null,
    reduce_only: false,
    request_id: call.args.request_id ?? null,
    requested_leverage: null,
    requested_notional: null,
    side: null,
    skill_sha256: null,
    strategy_id: null,
    symbol: null,
    timestamp_ms: now,
    tool: call.tool,
    valid_until_ms: null,
    venue: core.settings.venue,
  };
  switch (call.tool) {
    case 'place_order': {
      const { args } = call;
      return {
        ...base,
        account: args.account ?? base.account,
        after_decision_id: args.after_decision_id ?? null,
        limit_price: args.limit_price ?? null,
        max_slippage_bps: args.max_slippage_bps,
        order_type: args.order_type,
        quantity: args.quantity ?? null,
        reduce_only: args.reduce_only ?? false,
        requested_leverage: args.requested_leverage,
        requested_notional: args.requested_notional ?? null,
        side: args.side,
        skill_sha256: args.meta?.skill === undefined ? null : (args.meta.skill.sha256 ?? 'none'),
        strategy_id: args.strategy_id,
        symbol: args.symbol,
        timestamp_ms: args.timestamp_ms ?? now,
        valid_until_ms: args.valid_until_ms ?? null,
        venue: args.venue ?? base.venue,
      };
    }
    case 'close_position':
      return {
        ...base,
        fraction: call.args.fraction ?? 1,
        max_slippage_bps: call.args.max_slippage_bps ?? null,
        order_type: 'market',
        reduce_only: true,
        strategy_id: call.args.strategy_id ?? null,
        symbol: call.args.symbol,
      };
    case 'modify_order':
      return {
        ...base,
        client_order_id: call.args.client_order_id,
        limit_price: call.args.limit_price ?? null,
        requested_notional: call.args.requested_notional ?? null,
        side: target?.side ?? null,
        symbol: target?.symbol ?? null,
      };
    case 'cancel_order':
      return { ...base, client_order_id: call.args.client_order_id, symbol: target?.symbol ?? null };
    case 'cancel_all':
      return { ...base, symbol: call.args.symbol ?? null };
  }
}

function intentOf(call: TradingArgs): Action {
  switch (call.tool) {
    case 'place_order':
      return call.args.intent;
    case 'close_position':
      return 'close';
    case 'modify_order':
      return 'modify';
    case 'cancel_order':
    case 'cancel_all':
      return 'cancel';
  }
}

/** The answer to an unrecorded call. */
type Unrecorded = Unavailable | OverBudget;
export function isRecorded(outcome: Decided | Unrecorded): outcome is Decided {
  return 'recorded' in outcome;
}

/** The first decision on a request of a caller; later slices and rungs follow from it. */
export class ParentDecisions {
  readonly #core: LiveCore;
  readonly #availability: Availability;
  readonly #executor: CarriesOut;
  readonly #budgets: RequestBudgets;
  readonly #fullDisk: FullDisk;

  constructor(core: LiveCore, availability: Availability, executor: CarriesOut, budgets: RequestBudgets) {
    this.#core = core;
    this.#availability = availability;
    this.#executor = executor;
    this.#budgets = budgets;
    this.#fullDisk = new FullDisk(core);
  }

  /**
   * Unrecorded calls are not carried out: on a full disk those that are not needed, and beyond the sender's budgets
   * those without an effect.
   */
  decide(intake: Intake, kind: 'tool' | 'dry_run' | 'intercept', cause?: ExitCause): Decided | Unrecorded {
    const { request } = intake;
    // Advice never has an effect.
    if (kind !== 'tool') {
      const overrun = this.#budgets.findOverrun(kind === 'dry_run' ? 'dry_runs' : 'intercepts', request, kind, null);
      if (overrun !== null) return overrun;
    }
    const considered = consider(this.#core, request, this.#ask(intake), intake.judgeSize);
    const unrecorded = this.#findUnrecorded(considered, kind);
    if (unrecorded !== null) return unrecorded;
    const decided = recordDecision(this.#core, considered, {
      kind,
      route: request.tool,
      bodyHash: intake.bodyHash,
      texts: intake.texts,
      words: { askedWith: intake.caller.tokenId, approval: null },
      ...(intake.atWallMs === undefined ? {} : { intakeAtWallMs: intake.atWallMs }),
      ...(cause === undefined ? {} : { cause }),
      orders: kind === 'tool' ? this.#executor.plan(considered) : [],
    });
    if (this.#availability.isDiskFull) this.#fullDisk.noteExit(considered, decided.body.decision_id);
    return decided;
  }

  /** Why it is not recorded; null: it is. */
  #findUnrecorded(considered: Considered, kind: DecisionKind): Unrecorded | null {
    if (this.#availability.isDiskFull && !this.#fullDisk.isNeeded(considered)) return DISK_FULL;
    const { decision, request } = considered;
    const idle = kind === 'tool' ? idleKind(this.#core, considered) : null;
    return idle === null ? null : this.#budgets.findOverrun('refusals', request, idle, decision);
  }

  /** A blocked request again, with the approval of people: recorded whatever it says, which uses the approval up. */
  decideGranted(intake: Intake, approval: ApprovalState): Decided {
    const ask = this.#ask(intake);
    ask.grant = grantOf(approval, this.#core.state.rules.get(intake.request.symbol ?? '') ?? null);
    const considered = consider(this.#core, intake.request, ask);
    return recordDecision(this.#core, considered, {
      kind: 'tool',
      route: intake.request.tool,
      texts: intake.texts,
      words: { askedWith: intake.caller.tokenId, approval },
      orders: this.#executor.plan(considered),
    });
  }

  #ask(intake: Intake): AskDraft {
    const { caller, request, schemaViolation, target } = intake;
    const ask = parentAsk(this.#core.settings);
    ask.tokenSkillSha256 = caller.skillSha256;
    ask.schemaViolation = schemaViolation;
    ask.own = request.intent === 'modify' ? target : null;
    ask.target = target;
    return ask;
  }
}

/** The kind of a decision without any effect; null: it has an effect, so it is recorded. */
function idleKind(core: LiveCore, { acted, request }: Considered): 'blocked' | 'empty_cancel' | null {
  // Our own defects are always recorded.
  if (acted.reasons.some(({ code }) => code === 'INTERNAL_RECHECK')) return null;
  // A close withdraws what waits for an approval, also where there is nothing to close.
  if (request.intent === 'close' && core.state.approvals.isWaiting(request.agent, request.symbol)) return null;
  if (acted.decision === 'BLOCK' || acted.effective === null) return 'blocked';
  if (acted.effective.action !== 'cancel') return null;
  return cancelsNothing(core.state, request, core.passedMs()) ? 'empty_cancel' : null;
}
