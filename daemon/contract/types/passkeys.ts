/** Passkeys, as entrances show them. */
import type { Body } from '../agreement.ts';
import type * as body from '../passkeys.ts';

export type PasskeyBody = Body<typeof body.PasskeyBodySchema>;
export type PasskeysBody = Body<typeof body.PasskeysBodySchema>;
