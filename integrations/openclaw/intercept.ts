import { type DaemonAnswer, type DaemonLink, NoAnswerError } from './daemon-link.ts';
import type { CallVerdict, ToolCallContext, ToolCallEvent } from './host.ts';
import { bound, type SharedState } from './shared-state.ts';
import type { SkillsInPlay } from './skills-in-play.ts';

/** A permission that the policy was given is the hook's for so long, where nothing about the call has changed. */
const SHARED_MS = 5_000;
const MAX_SHARED = 256;

interface Reason {
  readonly code?: unknown;
  readonly message?: unknown;
}
interface Decision {
  readonly decision?: unknown;
  readonly decision_id?: unknown;
  readonly reasons?: unknown;
}

/**
 * Asks the daemon about tools of others. Whatever is not plainly permitted is blocked, with a reason of our own: the
 * gateway would show none for a handler that throws.
 */
export class Intercept {
  readonly #link: DaemonLink;
  readonly #skills: SkillsInPlay;
  readonly #timeoutMs: number;
  readonly #nowMs: () => number;
  /** Call -> when it was permitted. */
  readonly #permitted: Map<string, number>;

  constructor(
    link: DaemonLink,
    skills: SkillsInPlay,
    { permitted }: Pick<SharedState, 'permitted'>,
    timeoutMs: number,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#link = link;
    this.#skills = skills;
    this.#permitted = permitted;
    this.#timeoutMs = timeoutMs;
    this.#nowMs = nowMs;
  }

  /** For the trusted policy, which runs first: leaves a permission for the hook to find. */
  async judge(event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict> {
    const verdict = await this.#ask(event, context);
    const key = keyOf(event);
    if (verdict !== undefined || key === null) return verdict;
    this.#permitted.set(key, this.#nowMs());
    bound(this.#permitted, MAX_SHARED);
    return undefined;
  }

  /** For the hook: asks, unless this very call with these very arguments was permitted a moment ago. */
  async judgeAgain(event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict> {
    const key = keyOf(event);
    const atMs = key === null ? undefined : this.#permitted.get(key);
    if (key !== null) this.#permitted.delete(key);
    if (atMs !== undefined && this.#nowMs() - atMs <= SHARED_MS) return undefined;
    return this.#ask(event, context);
  }

  async #ask(event: ToolCallEvent, context: ToolCallContext): Promise<CallVerdict> {
    const { toolName } = event;
    try {
      const skill = this.#skills.claim(context);
      const body = { tool: toolName, args: event.params ?? {}, ...(skill === null ? {} : { meta: { skill } }) };
      const options = { timeoutMs: this.#timeoutMs, signal: context.abortSignal };
      return readAdvice(toolName, await this.#askTwice(body, options));
    } catch (error) {
      return block(toolName, `${(error as Error).message}. Nothing runs unasked`);
    }
  }

  /** A connection that was kept open may have ended meanwhile. Advice that is requested twice does no harm. */
  async #askTwice(
    body: object,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<DaemonAnswer> {
    const startMs = this.#nowMs();
    try {
      return await this.#link.ask('POST', '/v1/intercept', body, options);
    } catch (error) {
      const leftMs = Math.floor(this.#timeoutMs - (this.#nowMs() - startMs));
      if (!(error instanceof NoAnswerError) || error.wasNeverSent || leftMs < 50) throw error;
      return this.#link.ask('POST', '/v1/intercept', body, { ...options, timeoutMs: leftMs });
    }
  }
}

function readAdvice(tool: string, { status, body, retryAfterMs }: DaemonAnswer): CallVerdict {
  const answer = (body ?? {}) as { readonly decision?: Decision; readonly error?: Reason };
  if (status === 200) {
    const { decision } = answer;
    if (decision?.decision === 'ALLOW') return undefined;
    const [first] = Array.isArray(decision?.reasons) ? (decision.reasons as Reason[]) : [];
    const why = first === undefined ? 'the answer is not plainly a permission' : `${first.code}: ${first.message}`;
    return block(tool, `${why} Decision ${String(decision?.decision_id ?? 'unknown')}`);
  }
  const code = String(answer.error?.code ?? `HTTP ${status}`);
  const wait = retryAfterMs === null ? '' : ` Wait ${Math.ceil(retryAfterMs / 1000)} s`;
  if (status === 429) return block(tool, `${code}: too many calls were asked about.${wait}`);
  return block(tool, `${code}: ${String(answer.error?.message ?? 'the daemon refused the question')}`);
}

export function block(tool: string, why: string): NonNullable<CallVerdict> {
  const text = why.replace(/[.\s]*$/, '');
  const blockReason = `Holdfast blocked ${tool}: ${text}. Orders go through place_order, close_position and the like.`;
  return { block: true, blockReason };
}

/** Null: the call has no id, or arguments that are no JSON; nothing is shared for it. */
function keyOf({ toolName, toolCallId, params }: ToolCallEvent): string | null {
  if (toolCallId === undefined || toolCallId === '') return null;
  try {
    return JSON.stringify([toolName, toolCallId, params]);
  } catch {
    return null;
  }
}
