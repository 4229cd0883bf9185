import * as Type from '../built/typebox.js';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { count, flag, instant, next, text } from './shared.ts';

/** What people read of alerts and their channels. */

export const PendingRoutesSchema = Type.Object(
  {
    hash: text('Accept them with POST /v1/alerts/routes/reload.'), // AN-142
    looser: Type.Array(Type.String(), { description: 'In what they tell less, or tell others.' }), // AN-143
    not_before_ms: nullable(instant('They take effect no earlier.')), // AN-144
    file_differs: flag(),
  },
  { ...field.closed, description: 'Looser alert routes that wait for an operator.' }, // AN-145
);
export const pendingRoutes = nullable(PendingRoutesSchema);
export const AlertBodySchema = Type.Object(
  {
    seq: count(),
    at_ms: instant(),
    code: text(),
    detail: text(),
    symbol: nullable(text()),
    acknowledged: nullable(
      Type.Object(
        { at_ms: instant(), by: text(), reason: text() },
        { ...field.closed, description: 'Who has seen it first; null: nobody.' }, // AN-146
      ),
    ),
  },
  field.closed,
);
export const AlertsBodySchema = Type.Object(
  {
    alerts: Type.Array(AlertBodySchema, { description: 'Newest first.' }), // AN-147
    next,
  },
  field.closed,
);
export const AlertChannelSchema = Type.Object(
  {
    name: text(),
    type: text('webhook, slack, discord, telegram, ntfy or exec.'), // note
    waiting: count('Groups of equal alerts that no message tells yet.'), // AN-148
    sending: nullable(text('Id of the message that is being delivered.')), // AN-149
    delivered: count(),
    dropped: count(),
    last_delivered_ms: nullable(instant()),
    failing_since_ms: nullable(instant('First failure since the last delivery; null: none.')), // AN-150
    last_failure: nullable(text()),
    is_silent: flag('It has failed for an hour or more.'), // AN-151
  },
  field.closed,
);
export const AlertChannelsBodySchema = Type.Object(
  {
    hash: nullable(text('sha256 of the routes in force; null: there are none.')), // AN-152
    pending: pendingRoutes,
    error: nullable(text('Why the file on disk is not in force.')), // AN-153
    channels: Type.Array(AlertChannelSchema),
    dead_letters: Type.Array(
      Type.Object(
        {
          message_id: text(),
          channel: text(),
          at_ms: instant(),
          attempts: count('How often it was sent since the start.'), // AN-154
          reason: text(),
          alerts: Type.Array(Type.String(), { description: 'Code, symbol and how many.' }), // AN-155
        },
        field.closed,
      ),
      { description: 'The last 100 messages that were given up, newest first.' }, // AN-156
    ),
  },
  field.closed,
);
export const AlertTestBodySchema = Type.Object(
  {
    results: Type.Array(
      Type.Object(
        {
          channel: text(),
          delivered: flag(),
          detail: text(),
          took_ms: count(),
        },
        field.closed,
      ),
      { description: 'One for each channel.' }, // AN-157
    ),
  },
  field.closed,
);
