import * as Type from '../built/typebox.js';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
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
    policy_error: nullable(text('Why the policy file on disk is not in force.')), // AN-172
    arming_error: nullable(text('Why nothing opens on binance-live; null: it may.')), // AN-173
    alerts: count(),
    alert_channels_silent: Type.Array(Type.String(), { description: 'Channels that fail for an hour or more.' }), // AN-174
    alert_routes_error: nullable(text('Why the file of alert routes on disk is not in force.')), // AN-175
    pending_alert_routes: pendingRoutes,
    requests_summed: count('Calls without an effect that were only counted.'), // AN-176
  },
  field.closed,
);
export const HealthBodySchema = Type.Object({ status: Type.Literal('ok') }, field.closed);
export const ToolsBodySchema = Type.Object(
  {
    tools: Type.Array(Type.Unknown(), {
      description: 'Plain: {name, title, description, kind, input_schema}; or in the requested format.', // AN-177
    }),
  },
  field.closed,
);
export const ErrorBodySchema = Type.Object(
  {
    error: Type.Object(
      {
        code: text('Stable code; docs/api.md lists them.'), // AN-178
        message: text(),
        details: Type.Optional(
          Type.Unknown({
            description:
              'REQUEST_ID_REUSED: {decision_id}. INVALID_INPUT: {violations: [{path, message, value?, allowed?}]}. POLICY_NOT_PENDING: {pending_hash}. REFUSAL_RATE: {budget, max, window_ms, decision?, reasons?}.', // AN-179, AN-180, AN-181, AN-182
          }),
        ),
      },
      field.closed,
    ),
  },
  field.closed,
);
