import type { AlertChannelSpec } from '../contract/alerts.ts';
import type { AlertChannelBody, AlertChannelsBody } from '../contract/types/alerts.ts';
import type { ChannelOutbox } from '../engine/callers/outbox.ts';
import type { LiveCore } from '../engine/flow/core.ts';

/** What the channels have delivered, and what they have not: those in force, and those that have to be told of it. */
export function describeAlertChannels(
  core: LiveCore,
  control: Pick<AlertChannelsBody, 'pending' | 'error'>,
): AlertChannelsBody {
  const { outbox } = core.state;
  const { error, pending } = control;
  return {
    hash: outbox.routes?.hash ?? null,
    pending,
    error,
    channels: [...outbox.channels].map(([name, channel]) =>
      describeChannel(name, outbox.routingOf(name)?.target ?? {}, channel),
    ),
    dead_letters: outbox.dead.toReversed().map(({ messageId, channel, atMs, attempts, reason, groups }) => ({
      message_id: messageId,
      channel,
      at_ms: atMs,
      attempts,
      reason,
      alerts: groups.map(({ code, count, symbol }) => `${code}${symbol === null ? '' : ` ${symbol}`} x ${count}`),
    })),
  };
}

function describeChannel(name: string, spec: AlertChannelSpec, channel: ChannelOutbox): AlertChannelBody {
  return {
    name,
    type: typeOfChannel(spec),
    waiting: channel.waiting.size,
    sending: channel.outgoing?.messageId ?? null,
    delivered: channel.delivered,
    dropped: channel.dropped,
    last_delivered_ms: channel.lastDeliveredMs,
    failing_since_ms: channel.failingSinceMs,
    last_failure: channel.lastFailure,
    is_silent: channel.isSilent,
  };
}

const TYPES = ['webhook', 'slack', 'discord', 'telegram', 'ntfy', 'exec'] as const;
function typeOfChannel(spec: AlertChannelSpec): string {
  return TYPES.find((type) => spec[type] !== undefined) ?? 'unknown';
}
