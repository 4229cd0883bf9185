import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LimitsBody } from '../../daemon/contract/types/limits.ts';
import type { ReadinessBody, TradingStateBody } from '../../daemon/contract/types/operator.ts';
import type { AccountBody, OrderBody, PositionBody } from '../../daemon/contract/types/reads.ts';
import type { Explanation } from '../../daemon/core/decide/explain.ts';
import type { DecisionBody, ExecutionBody } from '../../daemon/engine/records/decisions.ts';
import type { AlertEvent } from '../../daemon/engine/records/house-events.ts';
import type { Daemon } from '../../daemon/main.ts';
import { type Answer, createClient } from '../exchange-sim/signed-client.ts';
import type { DaemonCall, SiteExchange } from './world-site.ts';

export interface TestAnswer<T> {
  readonly status: number;
  readonly body: T;
}
export interface ToolBody {
  readonly decision: DecisionBody & Explanation;
  readonly execution: ExecutionBody;
}
/** Books of the simulated exchange, as GET /sim/books gives them: what really happened. */
export interface Books {
  readonly server_time_ms: number;
  readonly wallet_balance_usdt: string;
  readonly positions: readonly {
    readonly symbol: string;
    readonly quantity: string;
    readonly mark_price: string;
    readonly leverage: number;
  }[];
  readonly orders: readonly BookOrder[];
  readonly algo_orders: readonly { readonly [key: string]: unknown }[];
  readonly liquidations: readonly unknown[];
}
export interface BookOrder {
  readonly [key: string]: unknown;
}

/** Why a decision says what it says. */
export function codesIn(answer: { readonly decision: { readonly reasons: readonly { readonly code: string }[] } }) {
  return answer.decision.reasons.map(({ code }) => code);
}

/** A market order that the default policy allows as it is. */
export function order(change: object = {}): object {
  return {
    symbol: 'BTCUSDT',
    intent: 'open',
    side: 'buy',
    // Four lots at the mark of 60,000, and half a per cent more.
    requested_notional: 242,
    requested_leverage: 1,
    order_type: 'market',
    max_slippage_bps: 20,
    strategy_id: 'test',
    ...change,
  };
}

/** What tests say to a daemon, its ledger and its exchange. */
export abstract class DaemonCalls {
  abstract readonly sim: SiteExchange;
  abstract readonly home: string;
  abstract readonly daemon: Daemon;
  /** A request as it is given: headers, bytes and all. */
  abstract ask(call: DaemonCall): Promise<{ readonly status: number; readonly text: string }>;
  abstract advance(ms: number): Promise<void>;
  abstract refresh(): Promise<void>;

  // --- the daemon over HTTP --------------------------------------------------------------------------------------

  token(role: 'agent' | 'monitor' | 'operator'): string {
    return readFileSync(join(this.home, 'tokens', `${role}.token`), 'utf8').trim();
  }
  async call<T>(method: string, path: string, body?: unknown, token = this.token('agent')): Promise<TestAnswer<T>> {
    const { status, text } = await this.ask({
      method,
      path,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status, body: (text === '' ? null : JSON.parse(text)) as T };
  }
  tool(tool: string, args: object, token?: string): Promise<TestAnswer<ToolBody>> {
    return this.call('POST', `/v1/tools/${tool}`, args, token);
  }
  /** Places {@link order}, changed. */
  place(change?: object, token?: string): Promise<TestAnswer<ToolBody>> {
    return this.tool('place_order', order(change), token);
  }
  mustPlace(state: string, change?: object, token?: string): Promise<ToolBody> {
    return this.must(state, 'place_order', order(change), token);
  }
  dryRun(tool: string, args: object, token?: string): Promise<TestAnswer<ToolBody>> {
    return this.call('POST', `/v1/dry-run/${tool}`, args, token);
  }
  intercept(tool: string, args: object, token?: string): Promise<TestAnswer<{ decision: DecisionBody & Explanation }>> {
    return this.call('POST', '/v1/intercept', { tool, args }, token);
  }
  operator<T>(method: string, path: string, body?: unknown): Promise<TestAnswer<T>> {
    return this.call(method, path, body, this.token('operator'));
  }
  async positions(): Promise<readonly PositionBody[]> {
    return (await this.operator<{ positions: PositionBody[] }>('GET', '/v1/positions')).body.positions;
  }
  async orders(query = ''): Promise<readonly OrderBody[]> {
    return (await this.operator<{ orders: OrderBody[] }>('GET', `/v1/orders${query}`)).body.orders;
  }
  async account(): Promise<AccountBody> {
    return (await this.operator<AccountBody>('GET', '/v1/account')).body;
  }
  async limits(symbol: string, token?: string): Promise<LimitsBody> {
    return (await this.call<LimitsBody>('GET', `/v1/limits?symbol=${symbol}`, undefined, token)).body;
  }
  async tradingState(): Promise<TradingStateBody> {
    return (await this.operator<TradingStateBody>('GET', '/v1/trading-state')).body;
  }
  async ready(): Promise<TestAnswer<ReadinessBody>> {
    return this.call('GET', '/readyz');
  }
  /** A further agent with a token of its own. */
  createAgent(name: string, skillSha256?: string): string {
    const { ledger } = this.daemon;
    return ledger.tokens.createToken({
      role: 'agent',
      name,
      agent: name,
      ...(skillSha256 === undefined ? {} : { skill_sha256: skillSha256 }),
    }).secret;
  }
  /** Calls a tool, and insists on what became of it. */
  async must(state: string, tool: string, args: object, token?: string): Promise<ToolBody> {
    const { body } = await this.tool(tool, args, token);
    assert.equal(body.execution?.state, state, JSON.stringify(body));
    return body;
  }
  /** A decision as an operator reads it now. */
  async decided(decisionId: string): Promise<ToolBody> {
    return (await this.operator<ToolBody>('GET', `/v1/decisions/${decisionId}`)).body;
  }

  // --- the ledger, a person at the exchange, and time ---------------------------------------------------------------

  /** Payloads of the ledger's records of a kind. */
  records<T = unknown>(kind: string, fromSeq = 1): readonly T[] {
    return [...this.daemon.ledger.iterateEvents({ kind, fromSeq })].map(({ payload }) => payload as T);
  }
  alerts(fromSeq?: number): readonly AlertEvent[] {
    return this.records<AlertEvent>('alert', fromSeq);
  }
  /** Nobody knows what became of an order, as look-ups without proof find in the end. */
  loseOrder(id = ''): void {
    const { core } = this.daemon.gate;
    core.append('order', {
      average_price: null,
      client_order_id: id,
      detail: 'no proof of what became of it',
      executed_e8: 0,
      foreign: null,
      retryable: false,
      status: 'lost',
      venue_at_ms: core.nowMs(),
      venue_order_id: null,
    });
  }
  /** A person's own request to the exchange, past the daemon. */
  hand(method: string, path: string, params: Record<string, string>): Promise<Answer> {
    return createClient(this.sim).send(method, path, params);
  }
  /** A condition that is looked at again and again, each time so much later on the exchange's clock. */
  advancing(ms: number, condition: () => boolean | Promise<boolean>): () => Promise<boolean> {
    return async () => {
      await this.advance(ms);
      return condition();
    };
  }
  /** The same beside nothing but a look at every feed. */
  refreshing(condition: () => boolean | Promise<boolean>): () => Promise<boolean> {
    return async () => {
      await this.refresh();
      return condition();
    };
  }
}
