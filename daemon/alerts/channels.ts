import { createHmac } from 'node:crypto';
import type { AlertChannelSpec } from '../contract/alerts.ts';
import type { Severity } from '../core/alerts.ts';
import { bodyOf, type Message, severityOf, textOf, titleOf } from './message.ts';
import { type ReadSecret, SecretError } from './secrets.ts';

/** One request, or one run of a program, that tells a message. */
export type Dispatch =
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly mayBePrivate: boolean;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly kind: 'exec'; readonly command: readonly string[]; readonly input: string };

const JSON_HEADERS = { 'content-type': 'application/json' };
const TELEGRAM = 'https://api.telegram.org';
const NTFY = 'https://ntfy.sh';
/** Flag of a message of Discord: a link in it shows no preview. */
const SUPPRESS_EMBEDS = 4;
const MAX_DISCORD = 2_000;
const MAX_TELEGRAM = 4_096;
const MAX_SLACK = 10_000;
const MAX_NTFY = 3_500;
const NTFY_PRIORITY: Readonly<Record<Severity, number>> = { info: 2, warning: 3, critical: 5 };

/**
 * Puts a message into the form of a channel.
 *
 * @param nowMs host time, which receivers of webhooks compare with theirs
 * @throws SecretError
 */
export async function buildDispatch(
  channel: AlertChannelSpec,
  message: Message,
  readSecret: ReadSecret,
  nowMs: number,
): Promise<Dispatch> {
  const { discord, exec, ntfy, slack, telegram, webhook } = channel;
  const post = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Dispatch => ({
    kind: 'http',
    url,
    mayBePrivate: channel.private_network === true,
    headers: { ...JSON_HEADERS, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = `${titleOf(message)}\n${textOf(message)}`;
  if (webhook !== undefined) {
    const body = bodyOf(message);
    return post(webhook.url, body, signWebhook(await readSecret(webhook.secret), message.id, nowMs, body));
  }
  if (slack !== undefined) {
    const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    const plain = { mrkdwn: false, link_names: false, unfurl_links: false, unfurl_media: false };
    return post(await readSecret(slack.url), { text: cut(escaped, MAX_SLACK), ...plain });
  }
  if (discord !== undefined)
    return post(await readSecret(discord.url), {
      content: cut(escapeMarkdown(text), MAX_DISCORD),
      allowed_mentions: { parse: [] },
      flags: SUPPRESS_EMBEDS,
    });
  if (telegram !== undefined) {
    const token = await readSecret(telegram.token);
    if (!/^[0-9]+:[A-Za-z0-9_-]+$/.test(token)) throw new SecretError('the token is not one of a bot');
    const url = `${trimSlash(telegram.server ?? TELEGRAM)}/bot${token}/sendMessage`;
    return post(url, {
      chat_id: telegram.chat_id,
      // Without a parse mode it formats nothing, but makes a mention of @name.
      text: cut(text.replaceAll('@', '@\u200b'), MAX_TELEGRAM),
      link_preview_options: { is_disabled: true },
    });
  }
  if (ntfy !== undefined) {
    const bearer = ntfy.token === undefined ? {} : { authorization: `Bearer ${await readSecret(ntfy.token)}` };
    const click = message.consoleUrl === null ? {} : { click: message.consoleUrl };
    return post(
      ntfy.server ?? NTFY,
      {
        topic: await readSecret(ntfy.topic),
        title: titleOf(message),
        message: cut(textOf(message), MAX_NTFY),
        priority: NTFY_PRIORITY[severityOf(message)],
        ...click,
      },
      bearer,
    );
  }
  if (exec !== undefined) return { kind: 'exec', command: exec.command, input: `${bodyOf(message)}\n` };
  throw new Error('a channel has no type');
}

/** Why {@link buildDispatch} failed, without what a secret holds. */
export function describeUnbuilt(error: unknown): string {
  if (error instanceof SecretError) return error.message;
  return `it could not be sent: ${error instanceof Error ? error.name : 'unknown error'}`;
}

/** https://www.standardwebhooks.com: HMAC-SHA256 of `id.timestamp.body`. */
export function signWebhook(
  secret: string,
  id: string,
  nowMs: number,
  body: string,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  if (!secret.startsWith('whsec_') || key.length < 24 || key.length > 64)
    throw new SecretError('the secret of a webhook is whsec_ and 24 to 64 bytes in base64');
  const timestamp = String(Math.floor(nowMs / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

/** As text in Discord: no format, no link behind words, no mention. A sign at the beginning of a line begins a list. */
function escapeMarkdown(text: string): string {
  return text
    .replaceAll(/[\\*_~`|<>[\]()#@]/g, String.raw`\$&`)
    .replaceAll(/^(\s*)([-+])(?=\s)/gm, String.raw`$1\$2`)
    .replaceAll(/^(\s*\d+)\.(?=\s)/gm, String.raw`$1\.`);
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
function trimSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
