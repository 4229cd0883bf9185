import type { PasskeyApi } from '../../contract/types/gate-api.ts';
import { createPasskeys, type Passkeys } from '../../passkeys/ceremonies.ts';
import type { MadeKeys } from '../../passkeys/made-keys.ts';
import type { ConsoleSource } from '../entrance/console-sessions.ts';
import type { Target } from '../entrance/prover.ts';
import type { ConsoleDoor } from '../requests/routing.ts';

/** A session of a passkey ends with it. */
export function withPasskeySessions(source: ConsoleSource, gate: PasskeyApi): ConsoleSource {
  return {
    ...source,
    findToken: (id) => {
      if (!id.startsWith('pk_')) return source.findToken(id);
      const key = gate.findPasskey(id);
      return key?.isInForce === true ? { role: 'operator', agent: key.name } : null;
    },
  };
}

/** The console that they are used on. */
interface PasskeyPlace {
  readonly door: Pick<ConsoleDoor, 'origin'>;
  readonly made: MadeKeys;
  readonly target: () => Target;
}
/** Null: there is no place for enrolment codes, and so no passkey. */
export function openPasskeys(
  source: ConsoleSource | undefined,
  gate: PasskeyApi,
  { door, made, target }: PasskeyPlace,
): Passkeys | null {
  if (source?.codes === undefined) return null;
  const { codes, hostMs = Date.now } = source;
  return createPasskeys({ gate, codes, made, hostMs, origin: () => door.origin, target });
}
