import * as Type from '../built/typebox.js';
import * as field from '../fields.ts';
import { nullable } from '../nullable.ts';
import { count, flag, instant, next, text } from './shared.ts';

/** What people read of alerts and their channels. */

export const PendingRoutesSchema = Type.Object(
  {
    hash: text('Accept it with POST /v1/alerts/routes/reload.'),
    looser: Type.Array(Type.String(), { description: 'In what they tell less, or tell others.' }),
    not_before_ms: nullable(instant('They take effect no earlier.')),
  },
  { ...field.closed, description: 'Looser alert routes that wait for an operator.' },
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
        { ...field.closed, description: 'Who has seen it first; null: nobody.' },
      ),
    ),
  },
  field.closed,
);
export const AlertsBodySchema = Type.Object(
  {
    alerts: Type.Array(AlertBodySchema, { description: 'Newest first.' }),
    next,
  },
  field.closed,
);
export const AlertChannelSchema = Type.Object(
  {
    name: text(),
    type: text('webhook, slack, discord, telegram, ntfy or exec.'),
    waiting: count('Groups of equal alerts that no message tells yet.'),
    sending: nullable(text('Id of the message that is being delivered.')),
    delivered: count(),
    dropped: count(),
    last_delivered_ms: nullable(instant()),
    failing_since_ms: nullable(instant('First failure since then; null: none.')),
    last_failure: nullable(text()),
    is_silent: flag('It has failed for an hour or more.'),
  },
  field.closed,
);
export const AlertChannelsBodySchema = Type.Object(
  {
    hash: nullable(text('sha256 of the routes in force; null: there are none.')),
    pending: pendingRoutes,
    error: nullable(text('Why the file on disk is not in force.')),
    channels: Type.Array(AlertChannelSchema),
    dead_letters: Type.Array(
      Type.Object(
        {
          message_id: text(),
          channel: text(),
          at_ms: instant(),
          attempts: count('How often it was sent since the start.'),
          reason: text(),
          alerts: Type.Array(Type.String(), { description: 'Code, symbol and how many.' }),
        },
        field.closed,
      ),
      { description: 'The last 100 messages that were given up, newest first.' },
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
      { description: 'One for each channel.' },
    ),
  },
  field.closed,
);
