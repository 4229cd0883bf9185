import type { AlertKind } from '../../daemon/core/alerts.ts';
import type { MoveType } from '../../daemon/exchange-sim/core/state.ts';
import type { AlertAct, ApproverName, LiveAct } from './plan-acts.ts';

export type { ApproverName } from './plan-acts.ts';

/** What happens in a world, as plain JSON: the same plan is the same history, and a part of a plan is a plan. */
export interface Plan {
  /** Of latencies, commits and lateness, each a separate stream. */
  readonly seed: number;
  readonly setup: Setup;
  readonly steps: readonly Step[];
}

export interface Setup {
  /** What the market is like at the start: slices are one in a calm one, four in a volatile one. */
  readonly regime: 'calm' | 'volatile';
  /** How much chance there is in what takes time: none, some, or much. */
  readonly noise: 0 | 1 | 2;
  /** Exits of an agent within `windowMs`. */
  readonly exitRate: { readonly max: number; readonly windowMs: number };
  /** Whether every position gets a stop at the venue, this far away. */
  readonly stopBps: number | null;
  readonly onBreach: 'hold' | 'cancel_opening' | 'reduce';
  /** Of the account, USDT: one order, one symbol, all. */
  readonly caps: { readonly order: number; readonly symbol: number; readonly gross: number };
  /** Cooldown in the volatile regime, ms. */
  readonly cooldownMs: number;
  /** Absent: no order needs the approval of a person. */
  readonly approvals?: { readonly aboveUsdt: number; readonly windowMs: number; readonly quorum: 1 | 2 };
  /** Of the agent alpha alone; spans in whole minutes since the world began. Absent: it may open at any time, and be silent. */
  readonly limits?: {
    readonly heartbeatMs: number | null;
    readonly closed: { readonly fromMs: number; readonly toMs: number } | null;
  };
  /** One agent may borrow less than the others: its own section says so. Absent: all may as much as the policy says. */
  readonly capped?: { readonly agent: 'beta' | 'gamma'; readonly leverage: number };
  /** A symbol in which one agent alone may open. Absent: each is whoever's comes first. */
  readonly reserved?: { readonly agent: 'beta' | 'gamma'; readonly symbol: SymbolName };
  /** How many access tokens each agent has at the start, and who approves one. Absent: nobody is asked for one. */
  readonly tokens?: { readonly each: 1 | 2 };
  /** Absent: the account is a new one with 100,000 USDT. */
  readonly account?: AccountSetup;
  /** How near a position may be to its liquidation price, as a share of the mark. Absent: the default policy's. */
  readonly minLiquidationDistance?: number;
  /**
   * The exchange's clock stands still, as a simulated one does between two commands: nothing that waits falls due. Only
   * in plans that are kept.
   */
  readonly isClockStopped?: boolean;
  /** The exchange's dead-man countdown cancels conditional orders, too. Absent: regular ones alone. */
  readonly countdown?: 'all';
  /** Of the policy. Absent: two minutes. */
  readonly deadmanMs?: number;
  /** Of every symbol, the fewest lots that the exchange takes in one order. Absent: one. */
  readonly smallestLots?: number;
  /** Of every symbol, the most open orders that the exchange takes. Absent: 200. */
  readonly maxOrders?: number;
  /** Of the policy, the most openings of an agent in a symbol. Absent: 20. */
  readonly maxOpenings?: number;
  /** The largest share of one symbol, and what it may have in any case. Absent: no share binds. */
  readonly concentration?: { readonly share: number; readonly floorUsdt: number };
  /** Of the limit of orders; absent: a minute. */
  readonly orderWindowMs?: number;
  /** The exchange counts the weight of requests and refuses what exceeds it, and they go through the venue's transport. */
  readonly isLimited?: true;
  /**
   * Alerts leave the machine, equal ones within so long in one message; no route takes those of one kind to the desk,
   * where it names one. Absent: there are no routes.
   */
  readonly alerts?: { readonly coalesceMs: number; readonly leftOut?: AlertKind };
  /** Money is real: an arming for so long, a delay before what loosens, and how many passkeys sign. Absent: paper. */
  readonly live?: { readonly armedMs: number; readonly delayMs: number; readonly quorum: 1 | 2 };
  /** Absent: only what the other members say. */
  readonly policy?: PolicyKeys;
  /** Quiet time at the end, ms, after which promises are judged. */
  readonly settleMs: number;
}

/** Values of keys of the policy, by path: `agents.beta.budgets.leverage`. */
export type PolicyKeys = Readonly<Record<string, unknown>>;

export interface AccountSetup {
  readonly balanceUsdt: number;
  /** What a person has changed before the daemon's first start. */
  readonly begins: readonly Setting[];
  /** Asked for a stop that has fired, the exchange does not say what it has executed. */
  readonly isUnreported: boolean;
}

/** What a person sets at the exchange, of the whole account or of a symbol. */
export type Setting =
  | { readonly of: 'margin'; readonly symbol: SymbolName; readonly to: 'CROSSED' | 'ISOLATED' }
  | { readonly of: 'leverage'; readonly symbol: SymbolName; readonly to: number }
  /** Turned on, all symbols go on crossed margin first, as it asks for. */
  | { readonly of: 'multi_assets'; readonly isOn: boolean }
  | { readonly of: 'hedge_mode'; readonly isOn: boolean };

export interface Step {
  /**
   * Before the action: that many milliseconds; `answered`: until every call so far was answered; `parallel`: the same
   * turn of the event loop as the step before; `asked`: until the daemon next asks for the account, and so many more.
   */
  readonly gap: number | 'answered' | 'parallel' | { readonly asked: 'account'; readonly ms: number };
  readonly do: Action;
}

export type AgentName = 'alpha' | 'beta' | 'gamma';
export type SymbolName = 'BTCUSDT' | 'ETHUSDT';
export type SideName = 'buy' | 'sell';

export type Action =
  /** An opening order; `bps`: of a limit, from the mark of the moment, positive is more aggressive. */
  | {
      readonly kind: 'open';
      readonly agent: AgentName;
      readonly symbol: SymbolName;
      readonly side: SideName;
      readonly usdt: number;
      /** It says its size in the base asset, with so many decimals. Absent: in USDT. */
      readonly places?: number;
      readonly limitBps?: number;
      readonly slippageBps?: number;
      /** So long after it is asked for, what it opens ends. Absent: it names no such instant. */
      readonly validForMs?: number;
      /** 1 without it. */
      readonly leverage?: number;
      /** So long before the call its caller made up its mind; after it when negative. */
      readonly agoMs?: number;
      /** It names the decision of the agent's call before. */
      readonly isAfterLast?: boolean;
      /** What else the call says, in the tool's own words. */
      readonly says?: Readonly<Record<string, unknown>>;
      readonly id?: string;
    }
  /** `close_position`. */
  | {
      readonly kind: 'close';
      readonly agent: AgentName;
      readonly symbol: SymbolName;
      readonly fraction?: number;
      readonly slippageBps?: number;
      readonly id?: string;
    }
  /** `place_order` with intent close, against whatever the agent holds (sell when it holds nothing). */
  | {
      readonly kind: 'exit';
      readonly agent: AgentName;
      readonly symbol: SymbolName;
      /** Share of what the agent holds, 1 = all. */
      readonly share: number;
      /** As of `open`. */
      readonly places?: number;
      readonly limitBps?: number;
      readonly id?: string;
    }
  /** Many take-profits of one lot at distinct prices. */
  | { readonly kind: 'ladder'; readonly agent: AgentName; readonly symbol: SymbolName; readonly count: number }
  /** `pick`: 0 is the agent's newest order that lives; `of`: of another agent's instead, or one that nobody knows. */
  | {
      readonly kind: 'amend';
      readonly agent: AgentName;
      readonly pick: number;
      readonly limitBps?: number;
      readonly factor?: number;
      readonly of?: AgentName | 'nobody';
    }
  | { readonly kind: 'cancel'; readonly agent: AgentName; readonly pick: number; readonly of?: AgentName | 'nobody' }
  | { readonly kind: 'cancel_all'; readonly agent: AgentName; readonly symbol?: SymbolName; readonly id?: string }
  /** The call of an earlier step once more, with its request id. */
  | { readonly kind: 'repeat'; readonly agent: AgentName }
  | {
      readonly kind: 'state';
      readonly state: 'active' | 'reducing' | 'halted';
      readonly symbol?: SymbolName;
      readonly agent?: AgentName;
    }
  | { readonly kind: 'flatten'; readonly symbol?: SymbolName }
  | {
      readonly kind: 'signal';
      readonly signal: 'injection' | 'narrative' | 'anomaly' | 'spend';
      readonly agent?: AgentName;
      readonly symbol?: SymbolName;
      readonly ttlMs: number;
    }
  /**
   * People approve, so often at once; `pick`: 0 is the oldest that waits, and after those that wait the newest that has
   * ended. `isDenied`: an operator denies it.
   */
  | { readonly kind: 'approve'; readonly pick: number; readonly times: number; readonly isDenied?: boolean }
  /** Somebody who approves gets another token, or enrols a passkey; `end`: with what they approved counts no more. */
  | {
      readonly kind: 'approver';
      readonly who: ApproverName;
      readonly what: 'token' | 'passkey' | 'end';
      readonly by: TokenDoor;
    }
  /** The operator saves another policy file, and accepts it where it is looser; `isLeft`: not yet. */
  | { readonly kind: 'policy'; readonly edit: PolicyEdit; readonly isLeft?: boolean }
  | AlertAct
  | LiveAct
  /** Moves the mark, and holds it there. */
  | { readonly kind: 'mark'; readonly symbol: SymbolName; readonly bps: number }
  /** Thin or deep books: USDT at each level. */
  | { readonly kind: 'depth'; readonly symbol: SymbolName; readonly usdt: number }
  /** Best quotes so far from each other. */
  | { readonly kind: 'spread'; readonly symbol: SymbolName; readonly bps: number }
  /** Queues a fault at the exchange, in the words of POST /sim/faults. */
  | { readonly kind: 'fault'; readonly fault: Readonly<Record<string, unknown>> }
  /** Holds back answers on the way back, or refuses connections. */
  | { readonly kind: 'wire'; readonly wire: WireFault }
  | { readonly kind: 'clear_faults' }
  /**
   * The process dies: now, or at the n-th commit or request from now; `after`: the commit or the request still
   * happened.
   */
  | {
      readonly kind: 'crash';
      readonly at?: { readonly what: 'commit' | 'request'; readonly n: number; readonly after: boolean };
      readonly downMs: number;
    }
  /** The process dies, and nobody starts it for so long: hours, or days. The next step comes when it is back. */
  | { readonly kind: 'away'; readonly forMs: number }
  /** The same until so long before the next midnight, UTC. */
  | { readonly kind: 'away'; readonly beforeMidnightMs: number }
  /** Orderly: the daemon is stopped and started again. */
  | { readonly kind: 'restart'; readonly downMs: number; readonly leaveOrders?: boolean }
  /** The account's owner trades at the exchange itself. */
  | {
      readonly kind: 'foreign';
      readonly symbol: SymbolName;
      readonly side: SideName;
      readonly lots: number;
      readonly limitBps?: number;
      readonly reduceOnly?: boolean;
    }
  /** The owner cancels all orders in a symbol there. */
  | { readonly kind: 'foreign_cancel'; readonly symbol: SymbolName }
  /** The owner gives an order that rests there another size and price, whoever placed it; `pick`: 0 is the newest of the symbol. */
  | {
      readonly kind: 'foreign_amend';
      readonly symbol: SymbolName;
      readonly pick: number;
      readonly lots: number;
      readonly bps: number;
    }
  /** The market fills a part of an order that rests at the exchange; `pick`: 0 is the newest of the symbol. */
  | { readonly kind: 'partial'; readonly symbol: SymbolName; readonly pick: number; readonly fraction: number }
  /** The exchange changes what it takes of a symbol; what is held and what rests stays as it is. */
  | { readonly kind: 'rules'; readonly symbol: SymbolName; readonly rules: InstrumentRules }
  /** The exchange trades a symbol no more, for so long. */
  | { readonly kind: 'halt_market'; readonly symbol: SymbolName; readonly forMs: number }
  /** Others at the daemon's address use so much of the exchange's request weight. */
  | { readonly kind: 'weight'; readonly used: number }
  /** The operator has drawdown measured anew, or ends the signals that are active. */
  | { readonly kind: 'rebase' }
  | { readonly kind: 'end_signals' }
  | OperatorAct
  /** In, or out when negative; by the exchange's word for where it comes from or goes to, TRANSFER without it. */
  | { readonly kind: 'transfer'; readonly usdt: number; readonly type?: MoveType }
  /** A person changes it at the exchange, which may refuse. */
  | { readonly kind: 'setting'; readonly setting: Setting }
  /** The exchange closes a part of the position by itself, for want of a counterparty (ADL). */
  | { readonly kind: 'deleverage'; readonly symbol: SymbolName; readonly fraction: number }
  /** Funding is settled now. */
  | { readonly kind: 'funding'; readonly symbol: SymbolName; readonly bps: number }
  /** One agent calls again and again in one turn: what is refused (`scope`, `repeat`), or exits of nothing. */
  | {
      readonly kind: 'flood';
      readonly agent: AgentName;
      readonly what: 'scope' | 'repeat' | 'nothing';
      readonly count: number;
    }
  | { readonly kind: 'trouble'; readonly trouble: Trouble }
  | ({ readonly kind: 'token'; readonly agent: AgentName } & TokenAct)
  | { readonly kind: 'wait' };

/** What an operator does on an agent's account, and a dry run of the agent's own. */
export type OperatorAct =
  /** The symbol is taken from its holder; `forMs`: for so long after it is free, too. */
  | { readonly kind: 'release'; readonly symbol: SymbolName; readonly forMs: number }
  /** All that is held there is given to an agent. */
  | { readonly kind: 'adopt'; readonly symbol: SymbolName; readonly agent: AgentName }
  /** An opening that is decided, and no more; `isIntercepted`: another program asks whether its call may pass. */
  | {
      readonly kind: 'dry_run';
      readonly isIntercepted?: boolean;
      readonly agent: AgentName;
      readonly symbol: SymbolName;
      readonly side: SideName;
      readonly usdt: number;
    }
  /** The texts of the agent's last call that has one are erased. */
  | { readonly kind: 'erase'; readonly agent: AgentName }
  /** The newest alert that nobody has seen is acknowledged. */
  | { readonly kind: 'acknowledge' };

/** In the words of POST /sim/set-instrument: steps and least sizes, limits, leverage brackets. */
export type InstrumentRules = Readonly<Record<string, number | readonly (readonly (number | string)[])[]>>;

/** By the daemon's entrance; or by the command line, which also works while no daemon runs. */
export type TokenDoor = 'entrance' | 'command';

/** What happens to the access tokens of an agent. `pick`: 0 is its newest one. */
export type TokenAct =
  /** Without `ttlMs`: for as long as can be. */
  | { readonly what: 'create'; readonly by: TokenDoor; readonly ttlMs?: number }
  /** Those that live stay valid for the overlap. */
  | { readonly what: 'rotate'; readonly overlapMs: number }
  | { readonly what: 'revoke'; readonly by: TokenDoor; readonly pick: number | 'all' }
  /** The agent calls with that one from now on, also if it has ended. */
  | { readonly what: 'use'; readonly pick: number };

export type LedgerTable = 'events' | 'texts' | 'decisions_by_agent' | 'decisions_by_request';

/** What happens to the machine that a daemon runs on. */
export type Trouble =
  /**
   * No page more for the ledger, until there is space again, `forMs` later; a daemon that could not record is started
   * again.
   */
  | {
      readonly kind: 'disk_full';
      readonly forMs: number;
      /** So many pages are reserved for then. Absent: none. */
      readonly reserve?: number;
    }
  /** The ledger's file system is read-only for a while; mended as a full disk is. */
  | { readonly kind: 'read_only'; readonly forMs: number }
  /** Commits that begin within `forMs` end after it, and not before; nothing fails. */
  | { readonly kind: 'disk_hangs'; readonly forMs: number }
  /** Writing into one of the ledger's tables fails; mended as a full disk is. */
  | { readonly kind: 'failing_table'; readonly table: LedgerTable; readonly forMs: number }
  /** The clock of the daemon's machine jumps; its monotonic clock and the exchange's do not. */
  | { readonly kind: 'clock'; readonly ms: number }
  /** A copy of the ledger's file is kept; a token that is in it is revoked right afterwards. */
  | { readonly kind: 'copy' }
  /**
   * The daemon is killed, the last copy of its file is put back, and it is started again; `withHead`: so is the head
   * that is noted beside its home. Where it refuses to start, the operator recovers it.
   */
  | { readonly kind: 'restored'; readonly downMs: number; readonly withHead?: boolean }
  /**
   * A daemon with another home is started on the same account, is asked to open so often, and ends after a while.
   * `volleyMs`: all of it in one symbol and turn, so long after it was started; absent: one after the other.
   */
  | {
      readonly kind: 'second_daemon';
      readonly forMs: number;
      readonly opens?: number;
      readonly volleyMs?: number;
    };

export type PolicyEdit = 'tighter_caps' | 'looser_caps' | 'tighter_slippage' | 'slower_exits' | 'original';

export interface WireFault {
  /** `slow_connect`: no socket for so long. */
  readonly kind: 'late_answer' | 'refused' | 'slow_connect';
  readonly method?: string;
  /** A prefix of the path. */
  readonly path?: string;
  readonly count: number;
  readonly ms: number;
}

/** A plan that was found, as it is kept (`test/explore/found`): what it breaks, until that is mended. */
export interface FoundPlan {
  /** Code of the breach. */
  readonly breaks: string;
  /** What it is, in a sentence. */
  readonly story: string;
  /** True once the promise holds in this plan. */
  readonly mended: boolean;
  /** What more has been promised since: within so many ms of a step its exit, or its cancels, were at the exchange. */
  readonly goesOut?: { readonly step: number; readonly withinMs: number };
  readonly plan: Plan;
}

/** A world without chance and with plenty of room, that a plan's setup departs from. */
export const PLAIN_SETUP: Setup = {
  regime: 'calm',
  noise: 0,
  exitRate: { max: 30, windowMs: 20_000 },
  stopBps: null,
  onBreach: 'cancel_opening',
  caps: { order: 5_000, symbol: 10_000, gross: 15_000 },
  cooldownMs: 0,
  settleMs: 45_000,
};
