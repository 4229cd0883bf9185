import assert from 'node:assert/strict';
import type { TradingArgs } from '../../daemon/contract/types/trading-calls.ts';
import { everyLiveOrder } from '../../daemon/engine/orders/orders.ts';
import type { DecisionBody } from '../../daemon/engine/records/decisions.ts';
import { renderBooks } from '../../daemon/exchange-sim/rest/control/books.ts';
import {
  type BookOrder,
  type Books,
  type DaemonWorld,
  type TestAnswer,
  type ToolBody,
  until,
} from '../daemon/harness.ts';

/** What tests of bypasses share: the doors, and the exchange's books as the only judge. */

/** An error body, as far as these tests read it. */
export interface ErrorAnswer {
  readonly error?: { readonly code: string; readonly message: string };
}
export type AnyBody = Partial<ToolBody> & ErrorAnswer;

/** Everything an execution can change at the exchange, as text: equal text, nothing happened. */
export function fingerprint(world: DaemonWorld): string {
  // What GET /sim/books answers, without the way there: these tests look at it before and after each of many attempts.
  const books = renderBooks(world.sim.engine.state) as unknown as Books;
  return JSON.stringify([
    books.orders.map((order) => [order.client_order_id, order.quantity, order.price, order.status]),
    books.algo_orders,
    books.positions.map((position) => [position.symbol, position.quantity, position.leverage]),
  ]);
}

/** Runs `attempt` and fails if anything at the exchange is different afterwards. */
export async function leavesTheBooksAlone<T>(world: DaemonWorld, what: string, attempt: () => Promise<T>): Promise<T> {
  const before = fingerprint(world);
  const result = await attempt();
  assert.equal(fingerprint(world), before, `${what}: the exchange saw it`);
  return result;
}

export interface Doors {
  readonly dryRun: TestAnswer<AnyBody>;
  readonly intercept: TestAnswer<{ readonly decision?: DecisionBody } & ErrorAnswer>;
  readonly tool: TestAnswer<AnyBody>;
}
/** The same call through every door. The two advisory ones must leave the exchange alone. */
export async function tryEveryDoor(world: DaemonWorld, tool: string, args: object, token?: string): Promise<Doors> {
  const advice = await leavesTheBooksAlone(world, `advice on ${tool}`, async () => ({
    dryRun: await world.dryRun(tool, args, token),
    intercept: await world.intercept(tool, args, token),
  }));
  return { ...advice, tool: await world.tool(tool, args, token) } as Doors;
}

/** Malformed at every door: 400 where it would act, BLOCK where a tool call is only judged; nothing sent. */
export async function isMalformed(world: DaemonWorld, tool: string, args: object, what: string): Promise<void> {
  const doors = await leavesTheBooksAlone(world, what, () => tryEveryDoor(world, tool, args));
  assert.equal(doors.dryRun.status, 400, `${what}: dry run`);
  assert.equal(doors.tool.status, 400, `${what}: tool`);
  const advice = doors.intercept;
  assert.ok(advice.status === 400 || advice.body.decision?.decision === 'BLOCK', `${what}: intercept`);
}

/** Refused as data at every door, with this code among the reasons; nothing sent. */
export async function isBlocked(
  world: DaemonWorld,
  tool: string,
  args: object,
  code: string,
  what: string,
  token?: string,
): Promise<void> {
  const doors = await leavesTheBooksAlone(world, what, () => tryEveryDoor(world, tool, args, token));
  for (const [door, answer] of Object.entries(doors)) {
    assert.equal(answer.status, 200, `${what}: ${door} answered ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.decision?.decision, 'BLOCK', `${what}: ${door}`);
    const codes: readonly string[] = (answer.body.decision?.reasons ?? []).map(
      (reason: { code: string }) => reason.code,
    );
    assert.ok(codes.includes(code), `${what}: ${door} gave ${codes.join(', ')}`);
  }
}

/** Decisions of one event-loop turn, as when several requests are read from one socket buffer; nothing comes between. */
export async function decidedAtOnce(
  world: DaemonWorld,
  calls: readonly TradingArgs[],
  agents: readonly string[] = [],
): Promise<readonly DecisionBody[]> {
  const outcomes = await world.run(
    Promise.all(
      calls.map((call, index) =>
        world.daemon.gate.runTool(
          { role: 'agent', agent: agents[index] ?? 'agent', tokenId: 't', skillSha256: null },
          call,
        ),
      ),
    ),
  );
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(outcome)}`);
    return (JSON.parse(outcome.text.toString()) as { decision: DecisionBody }).decision;
  });
}

export function codesOf(answer: TestAnswer<AnyBody>): readonly string[] {
  return answer.body.decision?.reasons.map((reason) => reason.code) ?? [];
}
export function isPermitted(answer: TestAnswer<AnyBody>): boolean {
  return answer.status === 200 && answer.body.decision !== undefined && answer.body.decision.decision !== 'BLOCK';
}

// --- the exchange's books ------------------------------------------------------------------------------------------

const OPEN = new Set(['NEW', 'PARTIALLY_FILLED']);
export function openOrders(books: Books, symbol?: string): readonly BookOrder[] {
  return books.orders.filter(
    (order) => OPEN.has(String(order.status)) && (symbol === undefined || order.symbol === symbol),
  );
}
export function orderOf(books: Books, clientOrderId: string | undefined): BookOrder {
  const found = books.orders.find((order) => order.client_order_id === clientOrderId);
  if (found === undefined) throw new Error(`the exchange has no order ${clientOrderId}`);
  return found;
}
/** Orders that came after `earlier`. */
export function newOrders(books: Books, earlier: Books): readonly BookOrder[] {
  const known = new Set(earlier.orders.map((order) => order.order_id));
  return books.orders.filter((order) => !known.has(order.order_id));
}

/** Worst-case exposure of one symbol in USDT: every order of one side fills, none of the other (DESIGN "Worst case"). */
export function worstUsdt(books: Books, symbol: string): number {
  const position = books.positions.find((each) => each.symbol === symbol);
  const mark = Number(position?.mark_price ?? 0);
  const held = Number(position?.quantity ?? 0);
  let long = Math.max(0, held) * mark;
  let short = Math.max(0, -held) * mark;
  for (const order of openOrders(books, symbol)) {
    if (order.reduce_only === true) continue;
    const value = (Number(order.quantity) - Number(order.executed_quantity)) * Math.max(mark, Number(order.price));
    if (order.side === 'BUY') long += value;
    else short += value;
  }
  return Math.max(long, short);
}
export function grossUsdt(books: Books): number {
  return books.positions.reduce((sum, position) => sum + worstUsdt(books, position.symbol), 0);
}
/** Executed quote volume of all fills that were not reduce-only, USDT. */
export function openedUsdt(books: Books): number {
  return books.orders
    .filter((order) => order.reduce_only !== true)
    .reduce((sum, order) => sum + Number(order.executed_notional_usdt), 0);
}

/** Waits until the exchange has answered every order, late ones included: before that its books show too little. */
export async function untilAllAnswered(world: DaemonWorld): Promise<void> {
  const isOpen = (status: string): boolean => status === 'in_flight' || status === 'unknown';
  await until(
    'every order is answered',
    () => !everyLiveOrder(world.daemon.gate.core.state.orders).some((each) => isOpen(each.status)),
    30_000,
  );
}
