import type { Action, AgentName, Setup, SideName, Step, SymbolName } from '../plan.ts';
import type { Random } from '../random.ts';

const AGENTS: readonly AgentName[] = ['alpha', 'beta', 'gamma'];
/** One agent holds a symbol: most of the time each trades one of its own. */
const HOME: { readonly [agent in AgentName]: SymbolName } = { alpha: 'BTCUSDT', beta: 'ETHUSDT', gamma: 'ETHUSDT' };

export type Piece = (draw: Draw) => readonly Step[];

/** Draws pieces for one world: one side of the market for most of it, so that agents seldom oppose each other. */
export class Draw {
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

  /** Now and then somebody else acts, or in the other market. */
  turn(): void {
    const { random } = this;
    if (random.chance(0.2)) {
      this.#agent = random.pick(AGENTS);
      if (random.chance(0.7)) this.#symbol = HOME[this.#agent];
    }
    if (random.chance(0.1)) this.#symbol = random.pick(['BTCUSDT', 'ETHUSDT']);
  }

  /** Somebody acts, in the market in which it mostly trades. */
  become(agent: AgentName): void {
    this.#agent = agent;
    this.#symbol = HOME[agent];
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
      [2, () => random.int(3_500, 12_000)],
      [1, () => random.int(12_000, 30_000)],
    ])();
  }

  /** Between the question for the account and its answer, to the millisecond; now and then just after it. */
  amidReading(): Step['gap'] {
    const { random, setup } = this;
    return {
      asked: 'account',
      ms: random.chance(0.7) ? random.int(0, 12) : random.int(0, setup.noise === 2 ? 400 : 60),
    };
  }

  /** Against whoever holds what most agents hold. */
  against(bps: readonly number[]): Action {
    return { kind: 'mark', symbol: this.symbol, bps: (this.side === 'buy' ? -1 : 1) * this.random.pick(bps) };
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

/** One to three of an agent's, one of which may be of another; a take-profit now and then. */
export function restingOpenings(draw: Draw): readonly Step[] {
  const { random } = draw;
  const rests = (): Action => draw.open(-random.int(10, 60), random.chance(0.8) ? draw.agent : draw.other);
  return [
    ...Array.from({ length: random.int(1, 3) }, () => draw.step(rests())),
    ...(random.chance(0.3) ? [draw.step(draw.exit(-random.int(10, 60)))] : []),
  ];
}
