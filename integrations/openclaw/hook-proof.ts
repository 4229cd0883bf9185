import type { ToolCallContext, ToolCallEvent } from './host.ts';
import { bound, type SharedState, type SkillClaim, type Stamp } from './shared-state.ts';

const MAX_STAMPS = 2_000;
/** Longer than the longest wait for an approval (10 minutes) between the hook and the call. */
const STAMP_MS = 15 * 60_000;

/**
 * Whether the hook fires, call by call: it stamps each call of our tools, and the tool looks for its stamp. A runtime
 * that runs tools without asking the hook also runs `exec` without asking, and there nothing is opened.
 */
export class HookProof {
  readonly #state: Pick<SharedState, 'stamps' | 'canary'>;
  readonly #nowMs: () => number;

  constructor(state: Pick<SharedState, 'stamps' | 'canary'>, nowMs: () => number = () => performance.now()) {
    this.#state = state;
    this.#nowMs = nowMs;
  }

  stamp(event: ToolCallEvent, context: ToolCallContext, skill: SkillClaim | null): void {
    const key = keyOf(event.toolName, event.toolCallId ?? '');
    const entry = { stamp: { runId: event.runId ?? context.runId ?? null, skill }, atMs: this.#nowMs() };
    const { stamps } = this.#state;
    const waiting = stamps.get(key) ?? [];
    stamps.delete(key);
    stamps.set(key, [...waiting.filter((each) => this.#isFresh(each)), entry].slice(-16));
    bound(stamps, MAX_STAMPS);
  }

  /** The stamp of a call, which counts once; null: the hook did not see it. */
  take(tool: string, toolCallId: string): Stamp | null {
    const key = keyOf(tool, toolCallId);
    const { stamps } = this.#state;
    const [first, ...others] = (stamps.get(key) ?? []).filter((each) => this.#isFresh(each));
    if (others.length === 0) stamps.delete(key);
    else stamps.set(key, others);
    return first?.stamp ?? null;
  }

  /** The canary ran: the hook of this gateway does not fire. */
  get isSilent(): boolean {
    return this.#state.canary.isSilent;
  }

  #isFresh({ atMs }: { readonly atMs: number }): boolean {
    return this.#nowMs() - atMs <= STAMP_MS;
  }
}

function keyOf(tool: string, toolCallId: string): string {
  return `${tool}\n${toolCallId}`;
}
