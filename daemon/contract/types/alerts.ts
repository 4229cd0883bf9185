/** Where alerts go, what became of them, and tests of the way there. */
import type { Body } from '../agreement.ts';
import type * as body from '../bodies.ts';

export type AlertChannelsBody = Body<typeof body.AlertChannelsBodySchema>;
export type AlertChannelBody = AlertChannelsBody['channels'][number];
export type AlertTestBody = Body<typeof body.AlertTestBodySchema>;
