import type { ToolCallContext, ToolCallEvent } from './host.ts';
import type { SkillClaim } from './skills-in-play.ts';

/** What the hook saw of a call of one of our own tools. */
export interface Stamp {
  readonly runId: string | null;
  readonly skill: SkillClaim | null;
}

const MAX_STAMPS = 2_000;
/** Longer than the longest wait for an approval (10 minutes) between the hook and the call. */
const STAMP_MS = 15 * 60_000;

/**
 * Whether the hook fires, call by call: it stamps each call of our tools, and the tool looks for its stamp. A runtime
 * that runs tools without asking the hook also runs `exec` without asking, and there nothing is opened.
 */
export class HookProof {
  readonly #stamps = new Map<string, { readonly stamp: Stamp; readonly atMs: number }[]>();
  readonly #nowMs: () => number;
  #isSilent = false;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  stamp(event: ToolCallEvent, context: ToolCallContext, skill: SkillClaim | null): void {
    const key = keyOf(event.toolName, event.toolCallId ?? '');
    const entry = { stamp: { runId: event.runId ?? context.runId ?? null, skill }, atMs: this.#nowMs() };
    const waiting = this.#stamps.get(key) ?? [];
    this.#stamps.delete(key);
    this.#stamps.set(key, [...waiting.filter((each) => this.#isFresh(each)), entry].slice(-16));
    for (const oldest of this.#stamps.keys()) {
      if (this.#stamps.size <= MAX_STAMPS) break;
      this.#stamps.delete(oldest);
    }
  }

  /** The stamp of a call, which counts once; null: the hook did not see it. */
  take(tool: string, toolCallId: string): Stamp | null {
    const key = keyOf(tool, toolCallId);
    const [first, ...others] = (this.#stamps.get(key) ?? []).filter((each) => this.#isFresh(each));
    if (others.length === 0) this.#stamps.delete(key);
    else this.#stamps.set(key, others);
    return first?.stamp ?? null;
  }

  /** The canary ran: the hook of this gateway does not fire. */
  noteSilence(): void {
    this.#isSilent = true;
  }
  get isSilent(): boolean {
    return this.#isSilent;
  }

  #isFresh({ atMs }: { readonly atMs: number }): boolean {
    return this.#nowMs() - atMs <= STAMP_MS;
  }
}

function keyOf(tool: string, toolCallId: string): string {
  return `${tool}\n${toolCallId}`;
}
