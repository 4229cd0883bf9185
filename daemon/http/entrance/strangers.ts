import type { Socket } from 'node:net';
import { createPace } from './pace.ts';

/**
 * How many requests without a live token begin in a turn, and how long a turn is: less than a third of the event loop's
 * time. Whatever came first on its connection has turns of its own, which whoever goes on asking does not fill.
 */
export const FIRSTS_A_TURN = 4;
export const OTHERS_A_TURN = 2;
const TURN_MS = 2;
/** A connection that asks for more before the first answer, which no client of HTTP does, is closed. */
export const MAX_AHEAD = 8;

type Turn = (turn: () => void) => void;
const afterTurn: Turn = (turn) => void setTimeout(turn, TURN_MS);

/** What connections ask without a live token: it waits for its turn, and nobody with a token waits for it. */
export interface Strangers {
  meet(socket: Socket): void;
  /** It has shown a token that is none, or what no client of ours sends: whatever it asks now waits. */
  doubt(socket: Socket): void;
  doubts(socket: Socket): boolean;
  /** It has shown a live token. */
  trust(socket: Socket): void;
  /** Calls `start` when the turn of this connection has come, unless the connection has closed by then. */
  begin(socket: Socket, start: () => void): void;
  /** One that has begun is over. */
  end(socket: Socket): void;
  part(socket: Socket): void;
  /** The one that waits for nothing, for longest; else the one that has asked most, and has come last. */
  minMissed(among: Iterable<Socket>): Socket | null;
}

interface Visit {
  /** Number of its last step, of all steps of all visits. */
  last: number;
  asked: number;
  /** Of what it has asked, not answered yet. */
  open: number;
  isDoubtful: boolean;
}

export function createStrangers(next: Turn = afterTurn): Strangers {
  const visits = new WeakMap<Socket, Visit>();
  const firsts = createPace<Socket>(FIRSTS_A_TURN, next);
  const others = createPace<Socket>(OTHERS_A_TURN, next);
  let steps = 0;
  const visitOf = (socket: Socket): Visit => {
    let visit = visits.get(socket);
    if (visit === undefined) {
      visit = { last: 0, asked: 0, open: 0, isDoubtful: false };
      visits.set(socket, visit);
    }
    steps += 1;
    visit.last = steps;
    return visit;
  };
  return {
    meet: (socket) => void visitOf(socket),
    doubt(socket) {
      visitOf(socket).isDoubtful = true;
    },
    doubts: (socket) => visits.get(socket)?.isDoubtful === true,
    trust(socket) {
      const visit = visits.get(socket);
      if (visit?.isDoubtful) visit.isDoubtful = false;
    },
    begin(socket, start) {
      if (socket.destroyed) return;
      const visit = visitOf(socket);
      if (visit.open >= MAX_AHEAD) {
        stopReading(socket);
        socket.destroy();
        return;
      }
      visit.open += 1;
      visit.asked += 1;
      (visit.asked === 1 ? firsts : others).begin(socket, start);
    },
    end(socket) {
      visitOf(socket).open -= 1;
    },
    part(socket) {
      firsts.drop(socket);
      others.drop(socket);
    },
    minMissed(among) {
      let [found, least]: [Socket | null, Visit | null] = [null, null];
      for (const socket of among) {
        const visit = visits.get(socket);
        if (visit === undefined || (least !== null && !isLessMissed(visit, least))) continue;
        [found, least] = [socket, visit];
      }
      return found;
    },
  };
}

/**
 * Node goes on with what has come in one piece: it would make 1,500 requests of 64 KiB, which takes 20 ms, although their
 * connection is closed. Its parser has no public way to stop; where it has not this one either, they are made and dropped.
 */
function stopReading(socket: Socket): void {
  const { parser } = socket as { readonly parser?: { onIncoming?: unknown } | null };
  if (typeof parser?.onIncoming === 'function') parser.onIncoming = () => 0;
}

function isLessMissed(one: Visit, other: Visit): boolean {
  if (one.open === 0 || other.open === 0) return one.open === 0 && (other.open > 0 || one.last < other.last);
  return one.asked === other.asked ? one.last > other.last : one.asked > other.asked;
}
