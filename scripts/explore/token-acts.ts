import type { Gate } from '../../daemon/driver/gate.ts';
import { isLiveToken } from '../../daemon/ledger/tokens.ts';
import type { TokenStore } from '../../daemon/ledger/types.ts';
import type { TokenNote } from './agent-tokens.ts';
import type { Action, AgentName } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';

/** As the entrance does it where nobody says how long. */
const LONG_MS = 30 * 86_400_000;
const ACTOR = { agent: OPERATOR.agent, tokenId: OPERATOR.tokenId, passkeyId: null };

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
