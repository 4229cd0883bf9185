/** Passkeys, as entrances show them. */

import type * as body from '../passkeys.ts';
import type { Body } from '../schema/agreement.ts';

export type PasskeyBody = Body<typeof body.PasskeyBodySchema>;
export type PasskeysBody = Body<typeof body.PasskeysBodySchema>;
