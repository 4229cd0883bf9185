import { SIGNAL_KINDS } from '../../core/policy.ts';
import * as Type from '../built/typebox.js';
import { decimal } from '../decision.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { count, flag, holder, instant, number, text, tradingState } from './shared.ts';

/** What an operator and monitors read of states and signals, and the answers to their acts. */

export const SignalAnswerSchema = Type.Object({ signal_id: text(), expires_at_ms: instant() }, field.closed);
export const SignalEntrySchema = Type.Object(
  {
    signal_id: text(),
    kind: field.oneOf(SIGNAL_KINDS),
    account: nullable(text('Only this account; null: any.')), // AN-158
    agent: nullable(text('Only this agent; null: every one.')), // AN-159
    symbol: nullable(text('Only this symbol; null: every one.')), // AN-160
    severity: number('How bad: 0 to 1. For the record.'), // note, note
    set_by: text(),
    expires_at_ms: instant(),
  },
  field.closed,
);
export const SignalsBodySchema = Type.Object({ signals: Type.Array(SignalEntrySchema) }, field.closed);
export const ConsoleSessionSchema = Type.Object(
  {
    session: text('Bearer text that looks, halts and reduces.'), // AN-161
    expires_at_ms: instant(),
    name: text(),
    key_id: text('Names the key of the session, under which POST /v1/proof proves the daemon.'), // AN-162
    key: text('Of the session, 32 bytes in base64url.'), // AN-163
  },
  field.closed,
);
export const TextsErasedBodySchema = Type.Object(
  { erased: Type.Array(text('sha256 of the text.')) }, // AN-164
  field.closed,
);
export const TradingStateBodySchema = Type.Object(
  {
    state: tradingState,
    layers: Type.Array(
      Type.Object(
        {
          layer: field.oneOf(['operator', 'breaker', 'boot', 'condition']),
          scope: field.oneOf(['account', 'symbol', 'agent']),
          name: nullable(text()),
          state: tradingState,
          reason: text(),
          since_ms: instant(),
          set_by: text(),
          clears_when: text(),
        },
        field.closed,
      ),
      { description: 'The most restrictive one that applies wins.' }, // AN-165
    ),
  },
  field.closed,
);
export const FlattenBodySchema = Type.Object(
  {
    state: Type.Literal('halted'),
    scope: field.oneOf(['account', 'symbols']),
    symbols: nullable(Type.Array(Type.String(), { description: 'null: the whole account.' })), // AN-166
    canceled: flag('Every opening order is proven canceled.'), // AN-167
    positions_left: Type.Array(Type.Object({ symbol: text(), quantity: decimal('Signed.') }, field.closed)),
    note: text(),
  },
  field.closed,
);
export const HolderBodySchema = Type.Object(
  {
    symbol: text(),
    holder,
    quantity: decimal('Signed, of the holder.'), // AN-168
    openings_left: count('Not proven canceled yet.'), // AN-169
  },
  field.closed,
);
export const SettingsBodySchema = Type.Object(
  {
    home: text(),
    policy_file: text(),
    alerts_file: text('Of alert routes, if there is one.'), // note
    head_file: text(),
    countdown: Type.Enum(['regular', 'all', 'unknown']),
  },
  { ...field.closed, description: 'Settings that the daemon runs with; no secret is among them.' }, // AN-170
);
export const RebaseBodySchema = Type.Object({ equity_usdt: number('The new reference of drawdown.') }, field.closed); // AN-171
