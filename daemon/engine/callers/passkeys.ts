import { keepLast } from '../kept/collections.ts';
import type { PasskeyAddedEvent, PasskeyEvent } from '../records/people-events.ts';

/** A challenge lives for minutes; nobody signs so many meanwhile. */
const MAX_USED = 1_000;

/** Instants are by `t`. */
export interface Passkey {
  readonly id: string;
  readonly credentialId: string;
  readonly publicKey: string;
  readonly name: string;
  /** Of the page that it was made on. */
  readonly origin: string;
  readonly transports: readonly string[];
  readonly confirmedBy: string | null;
  readonly addedAtMs: number;
  readonly effectiveAtMs: number;
  /** Signatures so far, as the authenticator counts them; 0: it does not count. */
  readonly counter: number;
  readonly lastUsedAtMs: number | null;
}

/** The passkeys that are not removed, and what they signed last. */
export class PasskeyBook {
  private readonly keys = new Map<string, Passkey>();
  /** Key and challenge of what was signed, oldest first: each is taken once. */
  private readonly used = new Set<string>();
  /** A key that counted was removed, ever. */
  private hadOne = false;

  apply(event: PasskeyEvent, atMs: number, tMs: number): void {
    switch (event.action) {
      case 'added':
        if (event.is_recovery) for (const id of [...this.keys.keys()]) this.#remove(id, tMs);
        this.keys.set(event.id, toPasskey(event, atMs, tMs));
        return;
      case 'asserted': {
        const key = this.keys.get(event.id);
        if (key !== undefined)
          this.keys.set(event.id, { ...key, counter: Math.max(key.counter, event.counter), lastUsedAtMs: tMs });
        this.#use(`${event.id} ${event.challenge}`);
        return;
      }
      case 'removed':
        this.#remove(event.id, tMs);
    }
  }

  #remove(id: string, tMs: number): void {
    const key = this.keys.get(id);
    this.keys.delete(id);
    if (key !== undefined && key.effectiveAtMs <= tMs) this.hadOne = true;
  }

  #use(key: string): void {
    this.used.add(key);
    keepLast(this.used, MAX_USED);
  }

  find(id: string): Passkey | null {
    return this.keys.get(id) ?? null;
  }
  list(): readonly Passkey[] {
    return [...this.keys.values()];
  }
  isUsed(id: string, challenge: string): boolean {
    return this.used.has(`${id} ${challenge}`);
  }
  /**
   * Whether another key has to sign a new one. RISK: so it is when the last key that counted was removed: else whoever
   * removes it would enrol one in its place. Only a recovery needs none.
   */
  get needsConfirmation(): boolean {
    return this.keys.size > 0 || this.hadOne;
  }
}

function toPasskey(event: PasskeyAddedEvent, atMs: number, tMs: number): Passkey {
  return {
    id: event.id,
    credentialId: event.credential_id,
    publicKey: event.public_key,
    name: event.name,
    origin: event.origin,
    transports: event.transports,
    confirmedBy: event.confirmed_by,
    addedAtMs: tMs,
    effectiveAtMs: tMs + event.effective_at_ms - atMs,
    counter: event.counter,
    lastUsedAtMs: null,
  };
}
