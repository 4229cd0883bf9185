import type { AuthorityNow } from '../../engine/openings/authority.ts';
import type { TokenWords } from './gate-ports.ts';
import type { GateCore } from './journal.ts';

/** What the authority of orders is held against, as it is now. Tokens are read once, where they are asked for. */
export function authorityNow(core: GateCore): AuthorityNow {
  let read: TokenWords | undefined;
  const words = (): TokenWords | undefined => {
    read ??= core.ports.tokenWords?.();
    return read;
  };
  return {
    nowMs: core.nowMs(),
    tMs: core.passedMs(),
    policyHash: core.policyHash,
    spec: core.policySpec,
    stands: (id) => core.state.passkeys.find(id) !== null || words()?.stands(id) !== false,
    isSpokenFor: (agent) => words()?.isSpokenFor(agent) !== false,
  };
}
