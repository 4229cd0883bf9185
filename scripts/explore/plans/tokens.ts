import type { Action, AgentName, Step, TokenDoor } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

type Acted = Extract<Action, { readonly kind: 'token' }>;

const door = ({ random }: Draw): TokenDoor => (random.chance(0.7) ? 'entrance' : 'command');

function revoke(draw: Draw, agent: AgentName): Acted {
  const pick = draw.random.weighted<number | 'all'>([
    [5, 'all'],
    [2, 0],
    [1, 1],
  ]);
  return { kind: 'token', what: 'revoke', agent, by: door(draw), pick };
}
function create(draw: Draw, agent: AgentName, ttlMs?: number): Acted {
  return { kind: 'token', what: 'create', agent, by: door(draw), ...(ttlMs === undefined ? {} : { ttlMs }) };
}
const use = (agent: AgentName, pick: number): Acted => ({ kind: 'token', what: 'use', agent, pick });

/** What its agent does before its token ends: something rests, or slices wait, or exits are under way. */
function atStake(draw: Draw): Step[] {
  const { random } = draw;
  return random.weighted<() => Step[]>([
    [4, () => [draw.step(draw.open(-random.int(10, 60)))]],
    [3, () => [draw.step(draw.open())]],
    [2, () => [draw.step(draw.open(), 'answered'), draw.step(draw.exit(-random.int(10, 60)))]],
    [2, () => [draw.step(draw.open(), 'answered'), draw.step(draw.anyExit())]],
  ])();
}

/** The agent gets a token again, mostly, and calls with it. */
function again(draw: Draw, agent: AgentName): Step[] {
  const { random } = draw;
  if (random.chance(0.3)) return [];
  return [
    draw.step(create(draw, agent), random.int(0, 9_000)),
    draw.step(use(agent, 0), random.chance(0.7) ? 'answered' : random.int(0, 400)),
    draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit()),
  ];
}

/** Operators create, rotate and revoke tokens of agents amid what these do, around crashes, and while nothing runs. */
export const TOKENS: readonly (readonly [number, Piece])[] = [
  [
    6,
    (draw) => {
      const { agent, random } = draw;
      return [
        ...atStake(draw),
        draw.step(revoke(draw, agent)),
        draw.step(
          random.chance(0.5) ? draw.anyOpen() : draw.anyExit(),
          random.chance(0.4) ? 'parallel' : random.int(0, random.pick([240, 2_000])),
        ),
        ...again(draw, agent),
      ];
    },
  ],
  // Another agent has something at rest beside it.
  [
    3,
    (draw) => {
      const { agent, other, random } = draw;
      return [
        draw.step(draw.open(-random.int(20, 60), other)),
        draw.step(draw.open(-random.int(20, 60), agent)),
        draw.step(revoke(draw, agent), 'answered'),
        draw.step({ kind: 'wait' }, random.int(2_000, 9_000)),
        ...again(draw, agent),
      ];
    },
  ],
  // Rotated: the former token works through the overlap, and no longer.
  [
    3,
    (draw) => {
      const { agent, random } = draw;
      return [
        ...atStake(draw),
        draw.step({ kind: 'token', what: 'rotate', agent, overlapMs: random.pick([0, 3_000, 15_000, 3_600_000]) }),
        draw.step(draw.anyOpen()),
        ...(random.chance(0.6) ? [draw.step(use(agent, 0)), draw.step(draw.anyOpen())] : []),
        draw.step(use(agent, random.int(0, 1)), random.int(0, 18_000)),
        draw.step(draw.anyExit()),
        ...(random.chance(0.5) ? [draw.step(use(agent, 0)), draw.step(draw.anyExit())] : []),
      ];
    },
  ],
  // One that expires in the middle of what it has begun.
  [
    4,
    (draw) => {
      const { agent, random } = draw;
      const ttlMs = random.pick([1_500, 4_000, 9_000, 20_000]);
      return [
        draw.step(create(draw, agent, ttlMs), 'answered'),
        draw.step(use(agent, 0), 'answered'),
        ...(random.chance(0.6) ? [draw.step({ ...revoke(draw, agent), pick: 1 } as Acted)] : []),
        ...atStake(draw),
        draw.step(draw.anyOpen(), random.int(0, ttlMs)),
        draw.step(draw.anyExit(), random.int(0, ttlMs)),
        ...again(draw, agent),
      ];
    },
  ],
  // The process dies, or restarts, around it; or it is done while nobody runs.
  [
    4,
    (draw) => {
      const { agent, random } = draw;
      const ends = draw.step(revoke(draw, agent), random.chance(0.3) ? 'parallel' : random.int(0, 1_500));
      const dies = draw.step(random.chance(0.6) ? draw.crash() : draw.restart(), random.int(0, 1_500));
      const down = draw.step({ kind: 'token', what: 'revoke', agent, by: 'command', pick: 'all' }, random.int(0, 150));
      const order = random.weighted([
        [1, [ends, dies]],
        [1, [dies, ends]],
        [1, [dies, down]],
      ] as const);
      return [...atStake(draw), ...order, draw.step(draw.anyExit(), random.int(500, 6_000)), ...again(draw, agent)];
    },
  ],
  // Exits that wait for their pace beside an opening at rest: these go on without it.
  [
    2,
    (draw) => {
      const { agent, random, symbol } = draw;
      const exit = (): Step =>
        draw.step({ kind: 'close', agent, symbol, fraction: random.pick([0.25, 0.5]) }, random.int(0, 200));
      return [
        draw.step(draw.open(), 'answered'),
        draw.step(draw.open(-random.int(30, 60)), 'answered'),
        ...Array.from({ length: random.int(2, 4) }, exit),
        draw.step(revoke(draw, agent), random.int(0, 1_500)),
        ...again(draw, agent),
      ];
    },
  ],
  // The operator closes what an agent without a token holds.
  [
    2,
    (draw) => {
      const { agent, random, symbol } = draw;
      return [
        draw.step(draw.open(), 'answered'),
        ...atStake(draw),
        draw.step(revoke(draw, agent), 'answered'),
        draw.step({ kind: 'flatten', symbol }, random.int(0, 6_000)),
        ...again(draw, agent),
      ];
    },
  ],
  // What it asked people for.
  [
    2,
    (draw) => {
      const { agent, random } = draw;
      const open = draw.open();
      const ends: Step[] = random.chance(0.6)
        ? [draw.step(revoke(draw, agent))]
        : [draw.step({ kind: 'token', what: 'rotate', agent, overlapMs: random.pick([0, 2_000]) })];
      return [
        draw.step(open.kind === 'open' ? { ...open, usdt: random.pick([600, 1_500]) } : open, 'answered'),
        ...ends,
        ...(random.chance(0.5)
          ? [draw.step({ kind: 'approve', pick: 0, times: 2 }, random.chance(0.4) ? 'parallel' : random.int(0, 4_000))]
          : [
              draw.step(create(draw, agent), 'answered'),
              draw.step(use(agent, 0), random.int(3_000, 6_000)),
              draw.step(draw.open(), 'answered'),
            ]),
        ...again(draw, agent),
      ];
    },
  ],
];
