import type { TokenRecord, TokenStore } from '../../daemon/ledger/types.ts';
import type { AgentName, TokenDoor } from './plan.ts';

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
