import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../explore/random.ts';
import type { Call, ToolText } from './evidence.ts';
import { MARKS } from './policy.ts';
import type { DaemonProcess, ExchangeProcess } from './site.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
const LOOK = { method: 'GET', path: '/fapi/v1/order' };
/** Longest pause of a client between an answer and its next call. */
const THINK_MS = 40;
const SYMBOLS = Object.keys(MARKS);

interface Drawn {
  readonly tool: string;
  readonly args: Record<string, unknown>;
}

/** Arguments of the next call of an agent that trades both ways within small caps. */
export function drawCall(random: Random): Drawn {
  const symbol = random.pick(SYMBOLS);
  const mark = MARKS[symbol] ?? 0;
  const base = { intent: 'open', requested_leverage: 1, strategy_id: 'campaign', symbol };
  const side = random.chance(0.7) ? 'buy' : 'sell';
  const open = {
    tool: 'place_order',
    args: { ...base, side, requested_notional: random.int(65, 420), order_type: 'market', max_slippage_bps: 20 },
  };
  return random.weighted<Drawn>([
    [5, open],
    [
      1,
      {
        tool: 'place_order',
        args: {
          ...base,
          side: 'buy',
          requested_notional: random.int(65, 200),
          max_slippage_bps: 20,
          order_type: 'limit',
          limit_price: mark - (mark / 1_000) * random.int(10, 30),
        },
      },
    ],
    [3, { tool: 'close_position', args: { symbol } }],
    [2, { tool: 'close_position', args: { symbol, fraction: random.int(2, 8) / 10 } }],
    [1, { tool: 'cancel_all', args: { symbol } }],
  ]);
}

/** Clients of one life: each asks, waits for the answer, and asks the next thing, until it is told to stop. */
export class Load {
  readonly calls: Call[] = [];
  readonly #daemon: DaemonProcess;
  readonly #random: Random;
  readonly #name: string;
  #isOver = false;
  /** The latest call of each client: it waits for its answer, or the client thinks about the next one. */
  readonly latest: Call[] = [];
  readonly #accepted = new Set<string>();
  readonly #isKnown: (clientId: string) => boolean;
  #workers: Promise<void>[] = [];
  #asked = 0;

  /** `isKnown`: whether an order is of an earlier life. */
  constructor(daemon: DaemonProcess, seed: number, name: string, isKnown: (clientId: string) => boolean = () => false) {
    this.#daemon = daemon;
    this.#isKnown = isKnown;
    this.#random = new Random(seed, `load ${name}`);
    this.#name = name;
  }

  /** Orders of this life that answers named as taken by the exchange. */
  get accepted(): number {
    return this.#accepted.size;
  }
  /** Several exits may share one order, and a cancel's answer lists what it was about. */
  #count(answer: ToolText | null): void {
    for (const { client_order_id: id, venue_order_id } of answer?.execution.orders ?? [])
      if (venue_order_id !== null && !this.#isKnown(id)) this.#accepted.add(id);
  }

  start(workers: number): void {
    this.#workers = Array.from({ length: workers }, (_, index) => this.#work(index));
  }
  /** Whatever the clients still see is of no account. */
  close(): void {
    this.#isOver = true;
  }
  /** Resolves when every client has its last answer, or its connection has ended. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#workers);
  }

  async #work(index: number): Promise<void> {
    while (!this.#isOver) {
      const { args, tool } = drawCall(this.#random);
      this.#asked += 1;
      const requestId = `${this.#name}-${this.#asked}`;
      const call: Call = {
        requestId,
        tool,
        args: { ...args, request_id: requestId },
        status: null,
        answer: null,
      };
      this.calls.push(call);
      this.latest[index] = call;
      if (!(await ask(this.#daemon, call))) return;
      await delay(this.#random.next() * THINK_MS);
      this.#count(call.answer);
    }
  }
}

/** Asks, or asks again; false when the connection ended. */
export async function ask(daemon: DaemonProcess, call: Call): Promise<boolean> {
  try {
    const { body, status } = await daemon.call<ToolText>('POST', `/v1/tools/${call.tool}`, call.args);
    call.status = status;
    if (status === 200) call.answer = body;
    if (status === 400) call.problem = JSON.stringify(body);
    return true;
  } catch {
    return false;
  }
}

/** Faults of one life that are over in a second or two. */
export function drawFaults(random: Random): readonly object[] {
  const count = random.int(1, 4);
  return Array.from({ length: count }, () =>
    random.weighted<object>([
      [4, { kind: 'delay', ms: random.int(5, 80), count: random.int(1, 6), match: SEND }],
      [3, { kind: 'partial-fill', fraction: random.int(1, 9) / 10, count: random.int(1, 3), match: SEND }],
      [2, { kind: 'reject-503-unknown', accepted: true, match: SEND }],
      [2, { kind: 'drop-mid-body', match: SEND }],
      [2, { kind: 'not-found-after-accept', queries: random.int(1, 2), match: SEND }],
      [2, { kind: 'fill-lag', ms: random.int(100, 900), lagging: random.pick(['account', 'order']), match: SEND }],
      [2, { kind: 'late-trades', ms: random.int(200, 2_000), match: SEND }],
      [2, { kind: 'reject-late', ms: random.int(50, 600), match: SEND }],
      [1, { kind: 'execute-late', ms: random.int(100, 600), match: SEND }],
      [2, { kind: 'stale-list', ms: random.int(300, 1_500), match: { path: '/fapi/v1/openOrders' } }],
      [2, { kind: 'stale-positions', ms: random.int(300, 1_500) }],
      [2, { kind: 'status', status: random.pick([500, 502, 503]), count: random.int(1, 4), match: LOOK }],
      [1, { kind: 'error', code: -1001, msg: 'Internal error.', http: 503, match: SEND }],
      [1, { kind: 'stale-market', ms: random.int(300, 1_500) }],
    ]),
  );
}

/**
 * What widens the instant between sending and hearing, right before a kill. What never arrives, or arrives after the
 * restart, takes the acceptance horizon to prove: seconds in which the next life opens nothing in that symbol.
 */
export function drawLastFault(random: Random): object | null {
  return random.weighted<object | null>([
    [8, null],
    [8, { kind: 'delay', ms: random.int(10, 120), count: 6, match: SEND }],
    [1, { kind: 'accept-then-timeout', count: 2, match: SEND }],
    [1, { kind: 'stall-body', count: 2, match: SEND }],
    [1, { kind: 'drop-before', match: SEND }],
    [1, { kind: 'reject-503-unknown', accepted: false, match: SEND }],
    [1, { kind: 'disconnect', ms: random.int(20, 200) }],
    [2, { kind: 'execute-late', ms: random.int(300, 3_500), match: SEND }],
  ]);
}

export async function post(exchange: ExchangeProcess, faults: readonly object[]): Promise<void> {
  if (faults.length > 0) await exchange.control('faults', { faults });
}
