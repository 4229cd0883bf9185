import * as Type from '../built/typebox.js';
import * as field from '../fields.ts';
import { nullable } from '../nullable.ts';
import { pendingRoutes } from './alerts.ts';
import { pendingPolicy } from './policies.ts';
import { count, flag, text, tradingState } from './shared.ts';

/** What every caller may read. */

export const ReadinessBodySchema = Type.Object(
  {
    ready: flag(),
    waiting_for: Type.Array(Type.String()),
    venue: text(),
    trading_state: tradingState,
    symbols_reducing: Type.Array(Type.String()),
    pending_policy: pendingPolicy,
    policy_error: nullable(text('Why the policy file on disk is not in force.')),
    arming_error: nullable(text('Why nothing opens on binance-live; null: it may.')),
    alerts: count(),
    alert_channels_silent: Type.Array(Type.String(), { description: 'Channels that fail for an hour or more.' }),
    alert_routes_error: nullable(text('Why the file of alert routes on disk is not in force.')),
    pending_alert_routes: pendingRoutes,
    requests_summed: count('Calls without an effect that were only counted.'),
  },
  field.closed,
);
export const HealthBodySchema = Type.Object({ status: Type.Literal('ok') }, field.closed);
export const ToolsBodySchema = Type.Object(
  {
    tools: Type.Array(Type.Unknown(), {
      description: 'Plain: {name, title, description, kind, input_schema}; or in the requested format.',
    }),
  },
  field.closed,
);
export const ErrorBodySchema = Type.Object(
  {
    error: Type.Object(
      {
        code: text('Stable code; docs/api.md lists them.'),
        message: text(),
        details: Type.Optional(
          Type.Unknown({
            description:
              'INVALID_INPUT: {violations: [{path, message, value?, allowed?}]}. POLICY_NOT_PENDING: {pending_hash}. REFUSAL_RATE: {budget, max, window_ms, decision?, reasons?}.',
          }),
        ),
      },
      field.closed,
    ),
  },
  field.closed,
);
