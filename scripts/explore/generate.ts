import {
  type Action,
  type AgentName,
  PLAIN_SETUP,
  type Plan,
  type Setup,
  type SideName,
  type Step,
  type SymbolName,
  type WireFault,
} from './plan.ts';
import { Random } from './random.ts';

const AGENTS: readonly AgentName[] = ['alpha', 'beta', 'gamma'];
const ORDER_PATH = '/fapi/v1/order';

/** The plan of a world: a mixture of short pieces that each look like something that happens. */
export function generatePlan(seed: number): Plan {
  const random = new Random(seed, 'plan');
  const setup = drawSetup(random);
  const draw = new Draw(random, setup);
  const pieces = random.int(3, 11);
  // Where nothing is held, little can go wrong.
  const steps: Step[] = random.chance(0.85) ? [{ gap: 0, do: draw.open() }] : [];
  for (let piece = 0; piece < pieces; piece += 1) steps.push(...draw.piece());
  return { seed, setup, steps };
}

function drawSetup(random: Random): Setup {
  return {
    ...PLAIN_SETUP,
    regime: random.chance(0.5) ? 'volatile' : 'calm',
    noise: random.weighted([
      [4, 0],
      [4, 1],
      [2, 2],
    ] as const),
    exitRate: random.weighted([
      [5, { max: 30, windowMs: 20_000 }],
      [3, { max: 2, windowMs: 10_000 }],
      [2, { max: 1, windowMs: 6_000 }],
      [0.4, { max: 300, windowMs: 20_000 }],
    ] as const),
    exitScope: random.chance(0.8) ? 'own' : 'account',
    stopBps: random.chance(0.25) ? random.pick([60, 150, 300]) : null,
    onBreach: random.weighted([
      [6, 'cancel_opening'],
      [2, 'hold'],
      [2, 'reduce'],
    ] as const),
    caps: random.chance(0.8)
      ? { order: 5_000, symbol: 10_000, gross: 15_000 }
      : { order: 1_000, symbol: 1_500, gross: 2_000 },
    cooldownMs: random.chance(0.8) ? 0 : 4_000,
    settleMs: 30_000,
  };
}

type Piece = (draw: Draw) => readonly Step[];

/** Draws pieces for one world: one side of the market for most of it, so that agents seldom oppose each other. */
class Draw {
  readonly random: Random;
  readonly setup: Setup;
  readonly side: SideName;
  #symbol: SymbolName;
  #agent: AgentName;
  /** Who may hold something, and of what. */
  readonly #opened: { readonly agent: AgentName; readonly symbol: SymbolName }[] = [];

  constructor(random: Random, setup: Setup) {
    this.random = random;
    this.setup = setup;
    this.side = random.chance(0.7) ? 'buy' : 'sell';
    this.#symbol = random.chance(0.75) ? 'BTCUSDT' : 'ETHUSDT';
    this.#agent = random.pick(AGENTS);
  }

  piece(): readonly Step[] {
    const { random } = this;
    if (random.chance(0.2)) this.#agent = random.pick(AGENTS);
    if (random.chance(0.1)) this.#symbol = random.pick(['BTCUSDT', 'ETHUSDT']);
    return random.weighted(PIECES)(this);
  }

  get agent(): AgentName {
    return this.#agent;
  }
  get symbol(): SymbolName {
    return this.#symbol;
  }
  get other(): AgentName {
    return this.random.pick(AGENTS.filter((name) => name !== this.#agent));
  }

  gap(): Step['gap'] {
    const { random } = this;
    return random.weighted<() => Step['gap']>([
      [3, () => 'answered'],
      [2, () => 'parallel'],
      [3, () => random.int(0, 300)],
      [3, () => random.int(300, 3_500)],
      [1, () => random.int(3_500, 12_000)],
    ])();
  }

  step(action: Action, gap: Step['gap'] = this.gap()): Step {
    return { gap, do: action };
  }

  usdt(): number {
    return this.random.pick([60, 130, 200, 300, 300, 450, 600, 900, 1_500, 3_000]);
  }

  open(limitBps?: number, agent: AgentName = this.agent): Action {
    const side = this.random.chance(0.93) ? this.side : this.side === 'buy' ? 'sell' : 'buy';
    const base = { kind: 'open', agent, symbol: this.symbol, side, usdt: this.usdt() } as const;
    this.#opened.push({ agent, symbol: this.symbol });
    return limitBps === undefined ? base : { ...base, limitBps };
  }

  /** Of any form. */
  anyOpen(): Action {
    const { random } = this;
    if (random.chance(0.6)) return this.open();
    return this.open(
      random.weighted([
        [4, -random.int(2, 60)],
        [2, random.int(1, 15)],
        [1, 0],
      ]),
    );
  }

  close(agent: AgentName = this.agent): Action {
    const { random, symbol } = this;
    const fraction = random.weighted<number | undefined>([
      [6, undefined],
      [1, 0.5],
      [2, 0.1],
      [1, 0.25],
    ]);
    const slippageBps = random.chance(0.08) ? random.pick([5, 20, 60]) : undefined;
    return {
      kind: 'close',
      agent,
      symbol,
      ...(fraction === undefined ? {} : { fraction }),
      ...(slippageBps === undefined ? {} : { slippageBps }),
    };
  }

  exit(limitBps?: number, share?: number): Action {
    const { agent, symbol, random } = this;
    const part =
      share ??
      random.weighted([
        [6, 1],
        [2, 0.5],
        [1, 0.25],
      ]);
    return { kind: 'exit', agent, symbol, share: part, ...(limitBps === undefined ? {} : { limitBps }) };
  }

  /** Of somebody who has opened something, mostly. */
  anyExit(): Action {
    const { random } = this;
    if (this.#opened.length > 0 && random.chance(0.85)) {
      const { agent, symbol } = random.pick(this.#opened);
      this.#agent = agent;
      this.#symbol = symbol;
    }
    return random.weighted<() => Action>([
      [5, () => this.close()],
      [2, () => this.exit()],
      [2, () => this.exit(random.int(3, 40))],
      [2, () => this.exit(-random.int(5, 60))],
    ])();
  }

  /** That is away for a while: the answer of an order, of reads, or of everything. */
  fault(): Action {
    const { random } = this;
    const order = { match: { method: 'POST', path: ORDER_PATH } };
    const orders = { match: { path: `${ORDER_PATH}*` } };
    const lists = {
      match: {
        method: 'GET',
        path: random.pick(['/fapi/v1/openOrders', '/fapi/v1/userTrades', '/fapi/v3/*', ORDER_PATH, '/fapi/*']),
      },
    };
    return {
      kind: 'fault',
      fault: random.weighted<Readonly<Record<string, unknown>>>([
        [6, { kind: 'accept-then-timeout', ...order, count: random.int(1, 2) }],
        [2, { kind: 'accept-then-timeout', match: { method: random.pick(['DELETE', 'PUT']), path: ORDER_PATH } }],
        [2, { kind: 'reject-503-unknown', accepted: random.chance(0.5), ...order }],
        [2, { kind: 'drop-before', ...orders, count: random.int(1, 3) }],
        [2, { kind: 'drop-mid-body', ...orders }],
        [1, { kind: 'stall-body', ...order }],
        [3, { kind: 'delay', ms: random.int(200, 6_000), ...orders, count: random.int(1, 3) }],
        [2, { kind: 'partial-fill', fraction: random.pick([0, 0.3, 0.5, 0.9]), ...order, count: random.int(1, 3) }],
        [2, { kind: 'not-found-after-accept', queries: random.int(1, 4), ...order }],
        [2, { kind: 'fill-lag', ms: random.int(500, 6_000), lagging: random.pick(['account', 'order']), ...order }],
        [2, { kind: 'stale-positions', ms: random.int(1_000, 9_000) }],
        [1, { kind: 'stale-market', ms: random.int(1_000, 9_000) }],
        [1, { kind: 'disconnect', ms: random.int(500, 6_000) }],
        [1, { kind: 'status', status: 429, retry_after_s: random.int(1, 5), ...orders }],
        [1, { kind: 'status', status: 418, retry_after_s: random.int(2, 8), match: { path: '/fapi/*' } }],
        [1, { kind: 'error', code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.', ...orders }],
        [1, { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.', ...order }],
        [
          1,
          {
            kind: 'error',
            code: -4131,
            msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
            ...order,
            count: random.int(1, 2),
          },
        ],
        [1, { kind: 'error', code: -2010, msg: 'Order would immediately trigger.', ...order }],
        [2, { kind: 'drop-before', ...lists, count: random.int(1, 8) }],
        [2, { kind: 'delay', ms: random.int(500, 9_000), ...lists, count: random.int(1, 6) }],
        [
          1,
          {
            kind: 'status',
            status: 500,
            match: { path: random.pick(['/fapi/v1/exchangeInfo', '/fapi/v1/openOrders', '/fapi/*']) },
            count: random.int(1, 12),
          },
        ],
      ]),
    };
  }

  wire(): Action {
    const { random } = this;
    const path = random.pick([ORDER_PATH, ORDER_PATH, '/fapi/v1/openOrders', '/fapi/v']);
    const wire: WireFault = random.chance(0.7)
      ? { kind: 'late_answer', path, count: random.int(1, 4), ms: random.int(300, 9_500) }
      : { kind: 'refused', path, count: random.int(1, 6), ms: 0 };
    return { kind: 'wire', wire };
  }

  crash(): Action {
    const { random } = this;
    const downMs = random.pick([200, 500, 1_500, 4_000]);
    if (random.chance(0.35)) return { kind: 'crash', downMs };
    const at = { what: random.pick(['commit', 'request'] as const), n: random.int(1, 12), after: random.chance(0.5) };
    return { kind: 'crash', at, downMs };
  }

  restart(): Action {
    const { random } = this;
    return { kind: 'restart', downMs: random.pick([100, 300, 1_000, 3_000]), leaveOrders: random.chance(0.3) };
  }
}

/** Weights and pieces. Most are what agents do all day; the rest is what happens to them. */
const PIECES: readonly (readonly [number, Piece])[] = [
  [8, (draw) => [draw.step(draw.anyOpen())]],
  [4, (draw) => [draw.step(draw.open(), 'answered'), draw.step(draw.anyExit())]],
  [5, (draw) => [draw.step(draw.anyExit())]],
  // Two or three exits at once, or soon after each other.
  [
    4,
    (draw) => [
      draw.step(draw.open(), 'answered'),
      draw.step(draw.anyExit(), draw.random.int(200, 3_000)),
      draw.step(draw.anyExit(), 'parallel'),
      ...(draw.random.chance(0.4) ? [draw.step(draw.anyExit(), 'parallel')] : []),
    ],
  ],
  // The same exit twice in a turn.
  [
    2,
    (draw) => {
      const exit = draw.random.chance(0.6) ? draw.exit(draw.random.int(5, 40), 1) : draw.anyExit();
      return [
        draw.step(draw.open(), 'answered'),
        draw.step(exit, draw.random.int(300, 4_000)),
        draw.step(exit, 'parallel'),
      ];
    },
  ],
  // Take-profits, then an exit.
  [3, (draw) => [draw.step(draw.exit(-draw.random.int(10, 60))), draw.step(draw.anyExit())]],
  [
    0.7,
    (draw) => [
      draw.step({ kind: 'open', agent: draw.agent, symbol: draw.symbol, side: draw.side, usdt: 3_000 }, 'answered'),
      draw.step(
        { kind: 'ladder', agent: draw.agent, symbol: draw.symbol, count: draw.random.pick([3, 12, 60, 340]) },
        9_000,
      ),
    ],
  ],
  // Another agent in the same symbol.
  [4, (draw) => [draw.step(draw.open(draw.random.chance(0.4) ? -draw.random.int(2, 40) : undefined, draw.other))]],
  [2, (draw) => [draw.step(draw.close(draw.other))]],
  [
    2,
    (draw) => [draw.step({ kind: 'amend', agent: draw.agent, pick: draw.random.int(0, 3), ...amendment(draw.random) })],
  ],
  [2, (draw) => [draw.step({ kind: 'cancel', agent: draw.agent, pick: draw.random.int(0, 3) })]],
  [
    2,
    (draw) => [
      draw.step({ kind: 'cancel_all', agent: draw.agent, ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) }),
    ],
  ],
  [
    1.5,
    (draw) => [
      draw.step({ kind: 'cancel_all', agent: draw.agent, symbol: draw.symbol }),
      draw.step(draw.anyExit(), draw.random.chance(0.7) ? 'parallel' : draw.random.int(0, 50)),
    ],
  ],
  [1.5, (draw) => [draw.step({ kind: 'repeat', agent: draw.agent })]],
  [
    1,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const) }),
      draw.step({ kind: 'state', state: 'active' }, draw.random.int(500, 9_000)),
    ],
  ],
  [
    0.6,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const), symbol: draw.symbol }),
    ],
  ],
  [
    0.6,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const), agent: draw.agent }),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({ kind: 'flatten', ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) }),
      ...(draw.random.chance(0.5)
        ? [
            draw.step(
              { kind: 'state', state: 'active', ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) },
              draw.random.int(0, 6_000),
            ),
          ]
        : []),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({
        kind: 'signal',
        signal: draw.random.pick(['injection', 'narrative', 'anomaly'] as const),
        ttlMs: draw.random.int(1_000, 20_000),
        ...(draw.random.chance(0.5) ? { agent: draw.agent } : {}),
      }),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({
        kind: 'policy',
        edit: draw.random.pick([
          'tighter_caps',
          'looser_caps',
          'tighter_slippage',
          'slower_exits',
          'original',
        ] as const),
      }),
    ],
  ],
  [
    3,
    (draw) => [
      draw.step({
        kind: 'mark',
        symbol: draw.symbol,
        bps: draw.random.pick([-250, -120, -60, -25, -8, 8, 25, 60, 120, 250]),
      }),
    ],
  ],
  [
    0.7,
    (draw) => [draw.step({ kind: 'depth', symbol: draw.symbol, usdt: draw.random.pick([60, 200, 2_000, 50_000]) })],
  ],
  [3, (draw) => [draw.step(draw.fault())]],
  // A fault right before the call that it hits.
  [
    4,
    (draw) => [
      draw.step(draw.fault()),
      draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
    ],
  ],
  [
    2,
    (draw) => [
      draw.step(draw.wire()),
      draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
    ],
  ],
  [1.5, (draw) => [draw.step(draw.crash())]],
  [1.5, (draw) => [draw.step(draw.restart())]],
  // A call right after a start, before the first prices.
  [
    1.5,
    (draw) => [
      draw.step(draw.open(), 'answered'),
      draw.step(draw.random.chance(0.6) ? draw.restart() : draw.crash(), draw.random.int(300, 3_000)),
      draw.step(draw.anyExit(), draw.random.int(50, 1_500)),
      ...(draw.random.chance(0.5) ? [draw.step(draw.anyExit(), draw.random.int(10, 400))] : []),
    ],
  ],
  [1, (draw) => [draw.step({ kind: 'wait' }, draw.random.int(1_000, 15_000))]],
];

function amendment(random: Random): { readonly limitBps?: number; readonly factor?: number } {
  if (random.chance(0.4)) return { limitBps: random.int(-60, 25) };
  if (random.chance(0.5)) return { factor: random.pick([0.5, 0.8, 1.5, 2]) };
  return { limitBps: random.int(-40, 10), factor: random.pick([0.5, 1.5]) };
}
