/** Where alerts go, what became of them, and tests of the way there. */
import type { Body } from '../agreement.ts';
import type { AlertChannelsBodySchema, AlertTestBodySchema } from '../bodies/alerts.ts';

export type AlertChannelsBody = Body<typeof AlertChannelsBodySchema>;
export type AlertChannelBody = AlertChannelsBody['channels'][number];
export type AlertTestBody = Body<typeof AlertTestBodySchema>;
