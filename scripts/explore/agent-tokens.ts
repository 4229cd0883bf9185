import type { Gate } from '../../daemon/gate/gate.ts';
import { isLiveToken } from '../../daemon/ledger/tokens.ts';
import type { TokenRecord, TokenStore } from '../../daemon/ledger/types.ts';
import type { Action, AgentName, TokenDoor } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';

/** A token that somebody was told of; instants are milliseconds since the world began. */
export interface TokenNote {
  readonly id: string;
  readonly secret: string;
  readonly agent: AgentName;
  /** From then on it works. */
  readonly createdAtMs: number;
  /** Null: it does not expire. A rotation brings it forward. */
  expiresAtMs: number | null;
  /** From then on nobody can say whether it works, until that is answered. */
  endAskedAtMs: number | null;
  endedAtMs: number | null;
  endedBy: TokenDoor | null;
}

interface Made {
  readonly record: Pick<TokenRecord, 'agent' | 'id'>;
  readonly secret: string;
}

/** As the entrance does it where nobody says how long. */
const LONG_MS = 30 * 86_400_000;
const ACTOR = { agent: OPERATOR.agent, tokenId: OPERATOR.tokenId, passkeyId: null };

/** The access tokens of a world's agents, as whoever hands them out notes them. Without any, nobody is asked for one. */
export class AgentTokens {
  readonly notes: TokenNote[] = [];
  /** When a rotation ends tokens, also one whose creation is not answered yet. */
  readonly #endsAtMs = new Map<string, number>();
  /** Creations that were not answered. */
  readonly #asked = new Map<string, number>();
  readonly #used = new Map<AgentName, TokenNote>();

  get isKept(): boolean {
    return this.notes.length > 0;
  }

  /** What the agent calls with. */
  usedBy(agent: AgentName): TokenNote | null {
    return this.#used.get(agent) ?? null;
  }

  /** With its newest token, or an older one, also one that has ended. */
  use(agent: AgentName, pick: number): void {
    const own = this.of(agent).reverse();
    const note = own[pick % Math.max(1, own.length)];
    if (note !== undefined) this.#used.set(agent, note);
  }

  of(agent: string): TokenNote[] {
    return this.notes.filter((note) => note.agent === agent);
  }

  /** Whether the agent may have a token that nobody was told of. */
  isUnsure(agent: string): boolean {
    return (this.#asked.get(agent) ?? 0) > 0;
  }
  noteAsked(agent: string, by: 1 | -1): void {
    this.#asked.set(agent, (this.#asked.get(agent) ?? 0) + by);
  }

  note({ record, secret }: Made, nowMs: number, expiresAtMs: number | null): void {
    const agent = record.agent as AgentName;
    const ends = { endAskedAtMs: null, endedAtMs: null, endedBy: null };
    const note: TokenNote = { id: record.id, secret, agent, createdAtMs: nowMs, expiresAtMs, ...ends };
    const endsAtMs = this.#endsAtMs.get(record.id);
    if (endsAtMs !== undefined) endBy(note, endsAtMs);
    this.notes.push(note);
    if (!this.#used.has(agent)) this.#used.set(agent, note);
  }

  noteRotated(ids: ReadonlySet<string>, endsAtMs: number): void {
    for (const id of ids) this.#endsAtMs.set(id, endsAtMs);
    for (const note of this.notes) if (ids.has(note.id)) endBy(note, endsAtMs);
  }

  /** Before anybody calls. */
  begin(store: TokenStore, each: number): void {
    for (const agent of ['alpha', 'beta', 'gamma'])
      for (let index = 0; index < each; index += 1)
        this.note(store.createToken({ role: 'agent', name: agent, agent }), 0, null);
  }
}

function endBy(note: TokenNote, endsAtMs: number): void {
  note.expiresAtMs = Math.min(note.expiresAtMs ?? Number.POSITIVE_INFINITY, endsAtMs);
}

type TokenAction = Extract<Action, { readonly kind: 'token' }>;

/** Operators create, rotate and revoke tokens of an agent, or it calls with another one. */
export function actOnTokens(world: PlayedWorld, step: number, action: TokenAction): void {
  const { agent } = action;
  if (!world.tokens.isKept) return;
  switch (action.what) {
    case 'use':
      world.tokens.use(agent, action.pick);
      return;
    case 'create':
      if (action.by === 'entrance')
        world.operate(step, 'token', { agent }, (gate) => createAtEntrance(world, gate, action));
      else
        world.commandTokens((store) => {
          const { ttlMs } = action;
          const until = ttlMs === undefined ? {} : { expires_at_ms: Math.floor(store.expiryMs() + ttlMs) };
          const { nowMs } = world.time;
          const made = store.createToken({ role: 'agent', name: agent, agent, ...until });
          world.tokens.note(made, nowMs, ttlMs === undefined ? null : nowMs + ttlMs);
        });
      return;
    case 'rotate':
      world.commandTokens((store) => rotate(world, store, agent, action.overlapMs));
      return;
    case 'revoke':
      revoke(world, step, action);
  }
}

async function createAtEntrance(
  world: PlayedWorld,
  gate: Gate,
  { agent, ttlMs = LONG_MS }: TokenAction & { readonly what: 'create' },
): Promise<void> {
  const { time, tokens } = world;
  const expiresAtMs = time.nowMs + ttlMs;
  // Until it is answered it may be there or not.
  tokens.noteAsked(agent, 1);
  const { secret, token } = await gate.tokens.createToken(ACTOR, { role: 'agent', name: agent, ttlMs });
  if (world.gate !== gate) return;
  tokens.noteAsked(agent, -1);
  tokens.note({ record: token, secret }, Math.ceil(time.nowMs), expiresAtMs);
}

/** As `./holdfast token rotate`: those that live stay valid for the overlap, and the new one lives no longer. */
function rotate(world: PlayedWorld, store: TokenStore, agent: AgentName, overlapMs: number): void {
  const nowMs = store.expiryMs();
  const former = store.listTokens().filter((token) => token.name === agent && isLiveToken(token, nowMs));
  if (former.length === 0) return;
  const ids = new Set(former.map(({ id }) => id));
  const made = store.replaceTokens([...ids], nowMs + overlapMs);
  world.tokens.noteRotated(ids, world.time.nowMs + overlapMs);
  const { expires_at_ms: endsAtMs } = made.record;
  world.tokens.note(made, world.time.nowMs, endsAtMs === null ? null : world.time.nowMs + endsAtMs - nowMs);
}

function revoke(
  world: PlayedWorld,
  step: number,
  { agent, by, pick }: TokenAction & { readonly what: 'revoke' },
): void {
  const live = world.tokens.of(agent).filter(({ endAskedAtMs }) => endAskedAtMs === null);
  const chosen =
    pick === 'all'
      ? live
      : live
          .reverse()
          .slice(pick % Math.max(1, live.length))
          .slice(0, 1);
  const ended = (note: TokenNote): void => {
    note.endedAtMs = Math.ceil(world.time.nowMs);
    note.endedBy = by;
  };
  for (const note of chosen)
    if (by === 'command')
      world.commandTokens((store) => {
        note.endAskedAtMs = world.time.nowMs;
        store.revokeToken(note.id);
        ended(note);
      });
    else
      world.operate(step, 'token', { agent }, async (gate) => {
        note.endAskedAtMs ??= world.time.nowMs;
        await gate.tokens.revokeToken(ACTOR, note.id, 'plan');
        if (world.gate !== gate) return;
        world.forgetTokens();
        ended(note);
      });
}
