import type { FetchOutcome } from '../../engine/records/venue.ts';

/** Domain time in milliseconds, for the gate and for signatures. */
export interface DomainTime {
  /** Throws `ClockNotSyncedError` before the first synchronisation: no time is better than a guess. */
  nowMs(): number;
  /** Venue milliseconds per wall millisecond; 0 for a simulated exchange whose time moves only by commands. */
  readonly scale: number;
}
export class ClockNotSyncedError extends Error {
  override readonly name = 'ClockNotSyncedError';
  constructor() {
    super('the domain clock has not been synchronised with the venue');
  }
}
/**
 * The result of a synchronisation. `jumped`: the venue's time, or the host's clock against its monotonic one, moved by
 * more than a second between two synchronisations (a suspended host, a changed tape, a set clock). The boot layer goes
 * back to `reducing` until reconciled. `hostMs`: by how much the host's clock moved meanwhile that its monotonic one
 * did not: after a suspension as much as the venue's. `skewMs` is venue minus extrapolation before the correction.
 */
export type ClockSync =
  | { readonly kind: 'synced'; readonly skewMs: number; readonly uncertaintyMs: number }
  | { readonly kind: 'jumped'; readonly source: 'venue' | 'host'; readonly byMs: number; readonly hostMs: number }
  | { readonly kind: 'failed'; readonly detail: string };

export interface ClockSources {
  /** Monotonic wall milliseconds (`TimePort.monotonicMs`). */
  readonly monotonicMs: () => number;
  /** The host's settable clock (`TimePort.hostMs`), only to detect that it was set. */
  readonly hostMs: () => number;
}
export const MAX_JUMP_MS = 1000;

interface Anchor {
  readonly venueMs: number;
  readonly monotonicMs: number;
  readonly uncertaintyMs: number;
}

/**
 * Venue server time, extrapolated with the monotonic clock times the venue's rate. A measurement either replaces the
 * anchor or is ignored; nothing is averaged. Between jumps the time never goes back.
 */
export class DomainClock implements DomainTime {
  readonly #sources: ClockSources;
  #scale: number;
  #anchor: Anchor | null = null;
  #host: { readonly hostMs: number; readonly monotonicMs: number } | null = null;
  #floorMs = Number.NEGATIVE_INFINITY;

  constructor(sources: ClockSources, scale = 1) {
    this.#sources = sources;
    this.#scale = checkScale(scale);
  }
  get scale(): number {
    return this.#scale;
  }
  /** By so much it may be off; answers that were slower than others leave more open. */
  get uncertaintyMs(): number {
    return this.#anchor?.uncertaintyMs ?? 0;
  }
  get isSynced(): boolean {
    return this.#anchor !== null;
  }
  nowMs(): number {
    if (this.#anchor === null) throw new ClockNotSyncedError();
    this.#floorMs = Math.max(this.#floorMs, Math.floor(this.#extrapolate(this.#anchor, this.#sources.monotonicMs())));
    return this.#floorMs;
  }
  /** A new rate starts a new anchor at the time reached so far. */
  setScale(scale: number): void {
    const next = checkScale(scale);
    const monotonicMs = this.#sources.monotonicMs();
    if (this.#anchor !== null) {
      this.#anchor = { ...this.#anchor, venueMs: this.#extrapolate(this.#anchor, monotonicMs), monotonicMs };
    }
    this.#scale = next;
  }
  /**
   * Applies an answer of `fetchServerTime` on arrival; `rttMs` is the wall time that it took. The venue read
   * its clock within that span, so the middle is off by at most half of it.
   */
  sync(outcome: FetchOutcome<number>, rttMs: number): ClockSync {
    if (outcome.kind === 'failed') return { kind: 'failed', detail: outcome.detail };
    if (!Number.isFinite(rttMs) || rttMs < 0) return { kind: 'failed', detail: 'round-trip time is not a duration' };
    const monotonicMs = this.#sources.monotonicMs();
    const uncertaintyMs = (rttMs / 2) * this.#scale;
    const measured: Anchor = { venueMs: outcome.value + uncertaintyMs, monotonicMs, uncertaintyMs };
    const hostJumpMs = this.#measureHost(monotonicMs);
    const previous = this.#anchor;
    if (previous === null) {
      this.#anchor = measured;
      return { kind: 'synced', skewMs: 0, uncertaintyMs };
    }
    const skewMs = measured.venueMs - this.#extrapolate(previous, monotonicMs);
    // A slow answer was too early by up to its own uncertainty: that is put right. Back the time goes by a jump only.
    const mayBeOffMs = uncertaintyMs + (skewMs > 0 ? previous.uncertaintyMs : 0);
    if (Math.abs(skewMs) - mayBeOffMs > MAX_JUMP_MS) {
      this.#anchor = measured;
      this.#floorMs = Number.NEGATIVE_INFINITY;
      return { kind: 'jumped', source: 'venue', byMs: skewMs, hostMs: hostJumpMs };
    }
    // Within its own uncertainty a measurement adds nothing to a more precise anchor.
    if (Math.abs(skewMs) > uncertaintyMs || uncertaintyMs <= previous.uncertaintyMs) this.#anchor = measured;
    if (Math.abs(hostJumpMs) > MAX_JUMP_MS)
      return { kind: 'jumped', source: 'host', byMs: hostJumpMs, hostMs: hostJumpMs };
    return { kind: 'synced', skewMs, uncertaintyMs };
  }
  #extrapolate(anchor: Anchor, monotonicMs: number): number {
    return anchor.venueMs + (monotonicMs - anchor.monotonicMs) * this.#scale;
  }
  #measureHost(monotonicMs: number): number {
    const hostMs = this.#sources.hostMs();
    const before = this.#host;
    this.#host = { hostMs, monotonicMs };
    return before === null ? 0 : hostMs - before.hostMs - (monotonicMs - before.monotonicMs);
  }
}

function checkScale(scale: number): number {
  if (!Number.isFinite(scale) || scale < 0) throw new RangeError(`time scale is not a rate: ${scale}`);
  return scale;
}
