import type { LiveCore } from '../flow/core.ts';
import { agentsAtStake, endOfSilence, findSilences, isAway, noteEveryMs } from '../openings/heartbeats.ts';

/**
 * Follows whether agents still call (policy `agents.<name>.heartbeat_ms`). One that does not is `reducing` until its next call: rule 15 cancels its opening orders and drops its slices. The layer is on
 * record, and so is the last sign of life, so a restart neither ends a silence nor begins its time again.
 */
export class Heartbeats {
  readonly #core: LiveCore;
  readonly #seenAt = new Map<string, number>();
  /** Called before domain time was known. */
  readonly #unstamped = new Set<string>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Any authenticated call of an agent. What it asks for is decided after what is recorded here. */
  noteCall(agent: string): void {
    const core = this.#core;
    if (!core.ports.clock.isSynced) {
      this.#unstamped.add(agent);
      return;
    }
    const now = core.passedMs();
    this.#seenAt.set(agent, now);
    const { heartbeatMs } = core.policyFor(agent);
    if (isAway(core.state, agent)) this.#record(() => core.append('state', endOfSilence(agent, 'it called again')));
    if (heartbeatMs === null) return;
    const notedMs = core.state.lives.lastMs(agent);
    if (notedMs !== null && now - notedMs < noteEveryMs(heartbeatMs)) return;
    if (agentsAtStake(core.state).has(agent)) this.#record(() => core.append('agent_seen', { agent }));
  }

  /** RISK: a call is answered, an exit goes out, whether or not this can be recorded. */
  #record(append: () => void): void {
    try {
      append();
    } catch (error) {
      this.#core.ports.log.error({ error: String(error) }, 'a sign of life was not recorded');
    }
  }

  tick(): void {
    const core = this.#core;
    const now = core.passedMs();
    for (const agent of this.#unstamped) this.#seenAt.set(agent, now);
    this.#unstamped.clear();
    const isAsked = Object.values(core.policySpec.agents).some(({ heartbeat_ms }) => heartbeat_ms !== undefined);
    if (!isAsked && core.state.layers.size === 0) return;
    const lastSeenMs = (agent: string): number | null => this.#lastSeenMs(agent, now);
    for (const { agent, event, silentMs } of findSilences(
      core.state,
      now,
      (name) => core.policyFor(name),
      lastSeenMs,
    )) {
      core.append('state', event);
      if (silentMs === null) continue;
      const since = Number.isFinite(silentMs) ? `for ${Math.round(silentMs / 1000)} s` : 'for days';
      core.alert(
        'AGENT_SILENT',
        `agent ${agent} has made no call ${since}: its opening orders are canceled and its slices dropped until it calls again`,
      );
    }
  }

  /** After a restart the agent may have called once more before its next note was due. */
  #lastSeenMs(agent: string, nowMs: number): number | null {
    const seen = this.#seenAt.get(agent);
    if (seen !== undefined) return seen;
    const noted = this.#core.state.lives.lastMs(agent);
    const { heartbeatMs } = this.#core.policyFor(agent);
    if (noted === null || heartbeatMs === null) return noted;
    return Math.min(nowMs, noted + noteEveryMs(heartbeatMs));
  }
}
