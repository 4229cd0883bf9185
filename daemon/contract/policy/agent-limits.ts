import { WEEKDAYS } from '../../core/rules/schedule.ts';
import * as Type from '../built/typebox.js';
import { closed, DAY_MS, milliseconds, multiplier, names, reduceOnly, usdt } from './policy-values.ts';

/** The limits that only an agent's own section has. */
const TIME = '([01][0-9]|2[0-3]):[0-5][0-9]';
const wallTime = (description: string) =>
  Type.String({
    pattern: `^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T${TIME}$`,
    description: `${description} Wall time of utc_offset, such as 2026-12-24T18:00.`, // note
  });

const hours = Type.Object(
  {
    days: names(WEEKDAYS, 'Days of the week.', 1), // note
    from: Type.String({ pattern: `^${TIME}$`, description: 'Wall time of utc_offset, such as 08:00.' }), // note
    to: Type.String({ pattern: `^(${TIME}|24:00)$`, description: 'Later on the same day; 24:00 is its end.' }), // PK-149
  },
  closed,
);
const blackout = Type.Object(
  { from: wallTime('Begin.'), to: wallTime('End; opening is possible again from here on.') }, // PK-150
  closed,
);

export const agentSchedule = Type.Object(
  {
    utc_offset: Type.String({
      pattern: '^[+-](0[0-9]|1[0-3]):[0-5][0-9]$|^[+]14:00$',
      description: 'Offset of the wall times from UTC, such as +01:00. It does not follow daylight saving time.', // PK-151, PK-152
    }),
    hours: Type.Optional(
      Type.Array(hours, {
        minItems: 1,
        maxItems: 100,
        description: 'When the agent may open. Without it: at any hour.', // PK-153, PK-154
      }),
    ),
    blackouts: Type.Optional(
      Type.Array(blackout, { minItems: 1, maxItems: 1000, description: 'When it may not, whatever the hours.' }), // PK-155
    ),
  },
  { ...closed, description: 'When the agent may open. Exits and cancels pass at any time.' }, // note, PK-156
);

export const heartbeat = milliseconds(
  'Longest time without an authenticated call; then its opening orders are canceled until it calls again.', // PK-157
  DAY_MS,
  5000,
);

const lossTiers = (what: string) =>
  Type.Array(
    Type.Object(
      {
        at_usdt: usdt(`The tier counts from this ${what} on.`), // PK-158
        multiplier: Type.Optional(multiplier('Factor on the budgets.')), // PK-159
        reduce_only: Type.Optional(reduceOnly('The agent only reduces.')), // PK-160
      },
      closed,
    ),
    { minItems: 1, maxItems: 20, description: `Tiers by ${what}, in rising order; all that are reached multiply.` }, // PK-161
  );
export const agentLoss = Type.Object(
  {
    day: Type.Optional(lossTiers("loss of this UTC day, by the agent's own trades and positions")),
    week: Type.Optional(lossTiers('loss of this UTC day and the six before')),
  },
  { ...closed, description: "What the agent's own loss does to its own opening." }, // PK-162
);
