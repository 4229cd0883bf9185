/** As `meta.skill` of the daemon's contract takes it. Without a digest the daemon takes it for an unknown skill. */
export interface SkillClaim {
  readonly name: string;
  readonly sha256?: string;
}

/** What the hook saw of a call of one of our own tools. */
export interface Stamp {
  readonly runId: string | null;
  readonly skill: SkillClaim | null;
}

/**
 * What all copies of this plugin in one process know together. OpenClaw loads a plugin again for each of its registries
 * (start, discovery, reload), every time from a fresh copy of its files, and may run the hook of one copy before the
 * tool of another. Data alone: code that is shared would outlive a reload.
 */
export interface SharedState {
  /** Calls of our tools that the hook saw. */
  readonly stamps: Map<string, readonly { readonly stamp: Stamp; readonly atMs: number }[]>;
  /** Session -> path of a SKILL.md -> digest. */
  readonly skills: Map<string, Map<string, string>>;
  /** Calls of other tools that the daemon permitted -> when. */
  readonly permitted: Map<string, number>;
  /** Daemon -> what it said of its tools, and when. */
  readonly catalogues: Map<string, { readonly atMs: number; readonly tools: readonly unknown[] }>;
  readonly canary: { isSilent: boolean; seenByPolicy: string | null };
}

const KEY = Symbol.for('holdfast.openclaw.shared-state.1');

export function createState(): SharedState {
  return {
    stamps: new Map(),
    skills: new Map(),
    permitted: new Map(),
    catalogues: new Map(),
    canary: { isSilent: false, seenByPolicy: null },
  };
}

export function findSharedState(): SharedState {
  const place = globalThis as { [KEY]?: SharedState };
  place[KEY] ??= createState();
  return place[KEY];
}

/** Forgets the oldest entries beyond `max`. */
export function bound(map: Map<string, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}
