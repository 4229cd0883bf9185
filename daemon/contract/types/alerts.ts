/** Where alerts go, what became of them, and tests of the way there. */

import type { AlertChannelsBodySchema, AlertTestBodySchema } from '../bodies/alerts.ts';
import type { Body } from '../schema/agreement.ts';

export type AlertChannelsBody = Body<typeof AlertChannelsBodySchema>;
export type AlertChannelBody = AlertChannelsBody['channels'][number];
export type AlertTestBody = Body<typeof AlertTestBodySchema>;
