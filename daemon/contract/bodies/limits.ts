import { COUNTED_BUDGETS } from '../../core/keys/budgets.ts';
import { REGIMES } from '../../core/policy.ts';
import * as Type from '../built/typebox.js';
import { BudgetFactorsSchema } from '../decision.ts';
import * as field from '../schema/fields.ts';
import { nullable } from '../schema/nullable.ts';
import { flag, held, instant, number, text, tradingState } from './shared.ts';

/** What is left of every budget. */

export const openingLimits = Type.Object(
  {
    remaining_usdt: number('Largest order that no budget cuts, at any leverage up to leverage_cap.'), // AN-117
    bound_by: nullable(text('Reason code of the tightest limit.')), // AN-118
    blocked_by: Type.Array(Type.String(), {
      description: 'Reason codes that would refuse an order of that size now; empty: it would be sent.', // AN-119
    }),
  },
  field.closed,
);
export const LimitsBodySchema = Type.Object(
  {
    agent: text(),
    at_ms: instant(),
    policy_hash: text(),
    symbols: Type.Array(
      Type.Object(
        {
          symbol: text(),
          held,
          in_scope: flag('This agent may open it; if not, nothing remains.'), // AN-120
          opening: Type.Object(
            { buy: openingLimits, sell: openingLimits },
            { ...field.closed, description: 'What an opening order of each side meets now.' }, // note
          ),
          regime: field.oneOf(REGIMES),
          factors: Type.Object(
            {
              market: BudgetFactorsSchema,
              account: BudgetFactorsSchema,
              trust: BudgetFactorsSchema,
              trader: BudgetFactorsSchema,
              loss: BudgetFactorsSchema,
            },
            {
              ...field.closed,
              description:
                "g, h, q and p, of recent trades and of the agent's own loss. limit = base times all of them where the cap is the account's; of gross and order rate g is of the strictest symbol held.", // note, AN-121
            },
          ),
          budgets: Type.Array(
            Type.Object(
              {
                component: field.oneOf([
                  ...COUNTED_BUDGETS,
                  'account_leverage_usdt',
                  'concentration_usdt',
                  'bracket_usdt',
                  'margin_usdt',
                  'agent_loss_day_usdt',
                  'agent_loss_week_usdt',
                ]),
                code: field.reasonCode,
                base: number("Of the policy, or the agent's own cap where less of that is left."), // AN-122
                limit: number(),
                used: number(),
                reserved: number(),
                remaining: number('Left of this budget alone, never below 0; opening says what is left of all.'), // AN-123
                unit: text('Unit of all five.'), // note
              },
              field.closed,
            ),
          ),
          leverage_cap: number('Largest leverage, a whole number.'), // AN-124
          cooldown_remaining_ms: number(),
          trading_state: tradingState,
        },
        field.closed,
      ),
    ),
  },
  field.closed,
);
