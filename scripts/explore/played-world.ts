import type { SymbolLimits } from '../../daemon/contract/types/limits.ts';
import type { TradingToolName } from '../../daemon/contract/types/trading-calls.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import type { ToolAnswer } from '../../daemon/engine/records/decisions.ts';
import type { Exchange } from '../../daemon/exchange-sim/exchange.ts';
import type { Ledger, TokenStore } from '../../daemon/ledger/types.ts';
import { AgentTokens } from './agent-tokens.ts';
import { Approvers } from './approvers.ts';
import { ExchangeSide } from './exchange-side.ts';
import { Beliefs } from './lots/beliefs.ts';
import { MarketReadings } from './market-readings.ts';
import { isPlainOpening } from './plain-opening.ts';
import type { AgentName, ApproverName, PolicyEdit, Setup, Trouble } from './plan.ts';
import type { Receivers } from './receivers.ts';
import { type CallRecord, type Difference, HomeRecords, nameless, OPERATOR, type OperatorRecord } from './records.ts';
import type { Wire } from './wire.ts';
import { buildPolicy, type WorldPolicy } from './world-policy.ts';

/** What a call was answered. */
export interface Asked {
  readonly outcome: CallRecord['outcome'];
  readonly answer?: ToolAnswer;
  readonly detail?: string | null;
}

export type PolicyOf = (setup: Setup, edit: PolicyEdit) => WorldPolicy;

export interface PlayedTime {
  /** Since the world began. */
  readonly nowMs: number;
  advance(ms: number): Promise<void>;
}

/**
 * What plans are played in and promises are judged by: a world in virtual time, or one of sockets and real time. Here is
 * what both note of callers, of the operator and of the exchange; how a call is made and how a process dies is their own.
 */
export abstract class PlayedWorld {
  readonly setup: Setup;
  readonly #policyOf: PolicyOf;
  readonly venue: ExchangeSide;
  readonly readings: MarketReadings;
  /** When each step of the plan was taken. */
  readonly stepsAtMs: number[] = [];
  readonly calls: CallRecord[] = [];
  readonly operatorCalls: OperatorRecord[] = [];
  /** `mayWait`: nobody was told that it is in force, and where it is looser than the one before it waits for that. */
  readonly policies: { readonly atMs: number; readonly policy: WorldPolicy; mayWait: boolean }[] = [];
  /** Processes of the daemon; in virtual time alone. */
  readonly lives: { readonly number: number; readonly fromMs: number; toMs: number | null }[] = [];
  readonly homes = new HomeRecords();
  readonly tokens = new AgentTokens();
  readonly approvers = new Approvers();
  /** When a record was made, by its number and the world's own time: the gate's clock is off where it learned of a late answer. */
  readonly madeAtMs = new Map<number, number>();
  /** What the gate believed to be held; in virtual time alone. */
  readonly beliefs = new Beliefs();
  /** Looks in the quiet time, from this instant on, in which daemon and exchange differed. */
  watchedFromMs = 0;
  readonly differences: Difference[] = [];
  /** Errors that nobody is to see: of the gate's log, by text. */
  readonly logged: string[] = [];
  abstract readonly time: PlayedTime;
  /** Of alerts; null: none leave the machine. */
  abstract readonly receivers: Receivers | null;
  abstract readonly wire: Pick<
    Wire,
    'records' | 'looks' | 'reads' | 'leftAlone' | 'overweight' | 'addFault' | 'clearFaults'
  >;

  /** `policyOf`: the operator's file, after an edit. */
  constructor(setup: Setup, exchange: Exchange, nowMs: () => number, policyOf: PolicyOf = buildPolicy) {
    this.setup = setup;
    this.#policyOf = policyOf;
    this.venue = new ExchangeSide(exchange, nowMs);
    this.readings = new MarketReadings(exchange);
    const { smallestLots, maxOrders } = setup;
    for (const symbol of exchange.world.state.markets.keys()) {
      if (smallestLots !== undefined) this.venue.takeNoLess(symbol, smallestLots);
      if (maxOrders !== undefined) this.venue.takeNoMore(symbol, maxOrders);
    }
    this.policies.push({ atMs: 0, policy: policyOf(setup, 'original'), mayWait: false });
  }

  /** The process that runs, from 1. */
  abstract get life(): number;
  /** Null while nobody listens. */
  abstract get gate(): Gate | null;
  /** The last one that was opened. */
  abstract get ledger(): Ledger;
  get exchange(): Exchange {
    return this.venue.exchange;
  }
  /** As the file of the operator says it. */
  get file(): WorldPolicy {
    const { policy } = this.policies.at(-1) ?? {};
    if (policy === undefined) throw new Error('the world has no policy');
    return policy;
  }

  /** The first start, in the background. */
  abstract start(): void;
  /** The process dies, and another is started after `downMs`. */
  abstract die(downMs: number): void;
  /** Dies at the n-th commit or request from now; `after`: it still happened. */
  abstract armCrash(what: 'commit' | 'request', n: number, after: boolean, downMs: number): void;
  /** Away for long: a world in real time has no time for that. */
  leave(_forMs: number): Promise<void> {
    return Promise.resolve();
  }
  /** Stopped, armed and started again, where money is real. */
  arm(_forMs: number): Promise<void> {
    return Promise.resolve();
  }
  /** An orderly stop, and a start after it. */
  abstract restart(downMs: number, leaveOrders: boolean): Promise<void>;
  /** What a world without disks, clocks or other daemons of its own cannot play has no effect there. */
  abstract trouble(trouble: Trouble): void;
  /** What the command line does with tokens, at once; not at all where it cannot be written, nor in real time. */
  abstract commandTokens(work: (store: TokenStore) => void): void;
  /** A token was revoked at the daemon's own entrance, which looks every token up again. */
  abstract forgetTokens(): void;
  /** How a call gets to the gate; started in this turn. */
  protected abstract ask(
    agent: AgentName,
    tool: TradingToolName,
    args: Readonly<Record<string, unknown>>,
  ): Promise<Asked> | Asked;
  protected abstract keepPolicy(policy: WorldPolicy): void;

  /** No fault is left, no crash is armed, and somebody lives. */
  quieten(): void {
    this.venue.control('clear-faults', {});
    this.venue.endHalts(true);
    this.venue.account.putBack();
    this.wire.clearFaults();
  }

  /** Lets time pass until the account is reconciled. */
  async untilReady(withinMs: number): Promise<boolean> {
    const untilMs = this.time.nowMs + withinMs;
    while (this.time.nowMs < untilMs) {
      if (this.gate?.keeper.isReconciled === true) return true;
      await this.time.advance(50);
    }
    return false;
  }

  /** Starts a call in this turn; its record is filled when it is answered. */
  call(step: number, agent: AgentName, tool: TradingToolName, args: Readonly<Record<string, unknown>>): CallRecord {
    const isDown = this.gate === null;
    const record: CallRecord = {
      index: this.calls.length,
      step,
      agent,
      tool,
      args,
      token: this.tokens.usedBy(agent)?.id ?? null,
      life: this.life,
      askedAtMs: this.time.nowMs,
      mark: typeof args.symbol === 'string' && this.knows(args.symbol) ? this.venue.mark(args.symbol) : null,
      askedAtSeq: isDown ? 0 : this.ledger.lastSeq(),
      limits: tool === 'place_order' && isPlainOpening(args) ? this.#limitsOf(agent, args.symbol) : null,
      answeredAtMs: null,
      outcome: 'pending',
      answer: null,
      detail: null,
    };
    this.calls.push(record);
    const end = ({ outcome, answer, detail }: Asked): void => {
      if (record.outcome !== 'pending') return;
      Object.assign(record, { outcome, answer: answer ?? null, detail: detail ?? null });
      record.answeredAtMs = Math.ceil(this.time.nowMs);
    };
    const asked = isDown ? { outcome: 'down' as const } : this.ask(agent, tool, args);
    if (asked instanceof Promise)
      asked.then(end, (error: unknown) => end({ outcome: 'failed', detail: String(error) }));
    else end(asked);
    return record;
  }

  /** Calls the tools that read the market. */
  readMarket(): void {
    this.readings.read(this.gate, this.time.nowMs);
  }

  #limitsOf(agent: AgentName, symbol: unknown): SymbolLimits | null {
    if (this.gate?.keeper.isReconciled !== true || typeof symbol !== 'string' || !this.knows(symbol)) return null;
    return this.gate.getLimits(nameless(agent), symbol).symbols[0] ?? null;
  }

  knows(symbol: string): boolean {
    return this.exchange.world.state.markets.has(symbol);
  }

  /** Nobody is there any more to answer them. */
  protected endCalls(): void {
    for (const call of this.calls)
      if (call.outcome === 'pending') Object.assign(call, { outcome: 'died', answeredAtMs: this.time.nowMs });
  }

  /** Starts something of the operator's in this turn. */
  operate(
    step: number,
    what: OperatorRecord['what'],
    scope: {
      readonly symbol?: string | undefined;
      readonly agent?: string | undefined;
      readonly of?: string | undefined;
    },
    start: (gate: Gate) => Promise<unknown>,
  ): void {
    const record: OperatorRecord = {
      step,
      what,
      symbol: scope.symbol ?? null,
      agent: scope.agent ?? null,
      of: scope.of ?? null,
      askedAtMs: this.time.nowMs,
      answeredAtMs: null,
      failure: null,
    };
    this.operatorCalls.push(record);
    const { gate, life } = this;
    if (gate === null) {
      record.failure = 'nobody listened';
      return;
    }
    start(gate).then(
      () => {
        if (this.life === life && this.gate !== null) record.answeredAtMs = this.time.nowMs;
      },
      (error: unknown) => {
        record.failure = String(error);
      },
    );
  }

  /** The operator saves another file, and accepts it where it is looser; `isLeft`: not yet. */
  savePolicy(step: number, edit: PolicyEdit, isLeft: boolean): void {
    const policy = this.#policyOf(this.setup, edit);
    // Every other file is tighter than the first one, and looser than another in something.
    const mayWait = this.policies.length > 1;
    const saved = { atMs: this.time.nowMs, policy, mayWait };
    this.policies.push(saved);
    this.keepPolicy(policy);
    this.operate(step, 'policy', {}, async (gate) => {
      await gate.policies.offer({ ok: true, policy, warnings: [] }, 'file');
      const isPending = gate.policies.pending?.hash === policy.hash;
      if (isPending && isLeft) return;
      if (isPending) await this.#accept(gate, policy.hash, OPERATOR.agent, null);
      else saved.mayWait = false;
    });
  }

  /** Somebody signs an arming, and accepts a policy that waits, with their passkey if they have one. */
  sign(step: number, who: ApproverName): void {
    this.operate(step, 'sign', {}, async (gate) => {
      const credential = this.approvers.liveOf(who);
      const key = credential?.kind === 'passkey' ? credential.id : null;
      const { arming, pending } = gate.getPolicy();
      const signed =
        arming == null || key === null ? [] : [gate.signArming({ ...OPERATOR, agent: who }, arming.digest, key)];
      const accepted = pending === null ? [] : [this.#accept(gate, pending.hash, who, key)];
      await Promise.all([...signed, ...accepted]);
    });
  }

  async #accept(gate: Gate, hash: string, who: string, key: string | null): Promise<void> {
    const { status } = await gate.reloadPolicy({ ...OPERATOR, agent: who }, hash, key);
    const saved = this.policies.findLast(({ policy }) => policy.hash === hash);
    if (status === 'in_force' && saved !== undefined) saved.mayWait = false;
  }
}
