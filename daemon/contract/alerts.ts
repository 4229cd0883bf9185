import type { Static, TSchema } from 'typebox';
import { ALERT_KINDS, DELIVERIES, SEVERITIES } from '../core/alerts.ts';
import type { JsonSchemaObject } from '../core/policy.ts';
import * as Type from './built/typebox.js';
import { closed, DAY_MS, milliseconds, names, texts } from './policy/policy-values.ts';
import { buildChecker } from './schema/ajv.ts';

/**
 * The file of alert routes (`alerts.yaml`) as a schema. No secret stands in it, only where one is. daemon/alerts/file.ts
 * checks what a schema cannot express.
 */

/** Variables that a secret may come from: no other of the daemon's environment can be sent anywhere. */
export const ALERT_SECRET_PREFIX = 'HOLDFAST_ALERTS_SECRET_';
const CHANNEL_PATTERN = '^[a-z][a-z0-9_-]{0,31}$';
const CLOCK_PATTERN = '^(?:[01][0-9]|2[0-3]):[0-5][0-9]$';
const URL_PATTERN = '^https?://[^\\s]{1,2000}$';
const MAX_CHANNELS = 16;

const secret = (description: string) =>
  Type.Object(
    {
      file: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 1024,
          description: 'File with the secret in one line, which nobody else can read; relative to this file.', // AK-1
        }),
      ),
      env: Type.Optional(
        Type.String({ pattern: `^${ALERT_SECRET_PREFIX}[A-Z0-9_]{1,64}$`, description: 'Variable with the secret.' }), // note
      ),
    },
    { ...closed, description: `${description} Either file or env.` }, // AK-31
  );
const url = (description: string) => Type.String({ pattern: URL_PATTERN, description });
const clockTime = (description: string) => Type.String({ pattern: CLOCK_PATTERN, description });

const channel = Type.Object(
  {
    webhook: Type.Optional(
      Type.Object(
        {
          url: url('Where to: https, or http on loopback.'), // AK-2
          secret: secret('Secret of the Standard Webhooks signature, whsec_ and base64.'), // AK-3
        },
        { ...closed, description: 'JSON, signed as Standard Webhooks says.' }, // AK-4
      ),
    ),
    slack: Type.Optional(
      Type.Object({ url: secret('Incoming webhook.') }, { ...closed, description: 'A channel of Slack.' }), // note, note
    ),
    discord: Type.Optional(
      Type.Object({ url: secret('Webhook.') }, { ...closed, description: 'A channel of Discord.' }), // note
    ),
    telegram: Type.Optional(
      Type.Object(
        {
          token: secret('Token of the bot.'), // note
          chat_id: Type.String({ pattern: '^(?:-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64})$', description: 'The chat.' }), // note
          server: Type.Optional(url('Server of the bot API. Absent: https://api.telegram.org.')), // note, AK-5
        },
        { ...closed, description: 'A chat of Telegram.' }, // note
      ),
    ),
    ntfy: Type.Optional(
      Type.Object(
        {
          topic: secret('Name of the topic, which whoever knows it can read.'), // note
          token: Type.Optional(secret('Access token.')), // note
          server: Type.Optional(url('Absent: https://ntfy.sh.')), // AK-6
        },
        { ...closed, description: 'A topic of ntfy.' }, // note
      ),
    ),
    exec: Type.Optional(
      Type.Object(
        {
          command: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
            minItems: 1,
            maxItems: 32,
            description: 'Absolute path of a program, and its arguments. It gets the alert as JSON on standard input.', // AK-7, AK-8
          }),
        },
        { ...closed, description: 'A program; needs the flag --alerts-exec of `start`.' }, // AK-9
      ),
    ),
    details: Type.Optional(
      Type.Boolean({ description: 'Also tell what happened in the words of the alert, sizes and ids included.' }), // AK-10
    ),
    private_network: Type.Optional(
      Type.Boolean({ description: 'Its server may have an address of a private network.' }), // AK-11
    ),
  },
  { ...closed, description: 'Exactly one of webhook, slack, discord, telegram, ntfy, exec.' }, // AK-12
);

const route = Type.Object(
  {
    channels: texts(CHANNEL_PATTERN, 'Channels that get them.', 1, MAX_CHANNELS), // note
    severity: Type.Enum([...SEVERITIES], { description: 'Alerts of this severity, and more urgent ones.' }), // AK-13
    kinds: Type.Optional(names(ALERT_KINDS, 'Only alerts about these. Absent: about anything.', 1)), // AK-14, AK-15
    codes: Type.Optional(texts('^[A-Z][A-Z0-9_]{0,63}$', 'Only alerts of these codes. Absent: of any.', 1, 100)), // AK-16, AK-17
    when: Type.Optional(
      Type.Enum([...DELIVERIES], { description: 'at_once, or collected into one message. Absent: at_once.' }), // AK-18, AK-19
    ),
  },
  closed,
);

export const AlertRoutesSchema = Type.Object(
  {
    channels: Type.Record(Type.String({ pattern: CHANNEL_PATTERN }), channel, {
      ...closed,
      maxProperties: MAX_CHANNELS,
      description: 'Where alerts can go, by a name of your choice.', // note
    }),
    routes: Type.Array(route, { maxItems: 100, description: 'Which alerts go where; all that match count.' }), // AK-20
    coalesce_ms: Type.Optional(
      milliseconds('Equal alerts (code and symbol) within it are one message. Absent: 60000.', DAY_MS), // AK-21, AK-22
    ),
    age_limit_ms: Type.Optional(
      milliseconds(
        'Alerts that could not be delivered for so long are given up. Absent: 86400000.', // AK-23, AK-24
        30 * DAY_MS,
        60_000,
      ),
    ),
    time_zone: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'IANA name, such as Europe/Berlin. Absent: UTC.' }), // AK-25, AK-26
    ),
    quiet_hours: Type.Optional(
      Type.Object(
        { from: clockTime('HH:MM.'), to: clockTime('HH:MM; earlier than from: on the next day.') }, // AK-27
        { ...closed, description: 'Alerts that are not critical wait until they end.' }, // AK-28
      ),
    ),
    daily_at: Type.Optional(clockTime('When daily summaries leave, HH:MM. Absent: 08:00.')), // AK-29, AK-30
  },
  { ...closed, title: 'Holdfast alert routes', description: 'Where alerts go. See docs/alerts.md.' }, // note, note
);
export type AlertRoutesSpec = Static<typeof AlertRoutesSchema>;
export type AlertChannelSpec = AlertRoutesSpec['channels'][string];
export type AlertRouteSpec = AlertRoutesSpec['routes'][number];
export type SecretRef = { readonly file?: string; readonly env?: string };

export const checkAlertRoutesShape = buildChecker<AlertRoutesSpec>(AlertRoutesSchema);

/** The schema as a file for editors (`policies/alerts.schema.json`). */
export function buildAlertsJsonSchema(): JsonSchemaObject {
  const plain = JSON.parse(JSON.stringify(AlertRoutesSchema as TSchema)) as Record<string, unknown>;
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...plain };
}
