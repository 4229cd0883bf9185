import type { Static } from 'typebox';
import * as Type from './built/typebox.js';
import { decimal } from './decision.ts';
import { buildContractCheck } from './schema/check.ts';
import * as field from './schema/fields.ts';
import { nullable } from './schema/nullable.ts';

/** Bodies and queries of the accounts by agent. Amounts are USDT, rounded to 1e-8. */

const { said } = field;
const usdt = (description?: string) => Type.Number(said(description, 'USDT.'));
const text = (description?: string) => Type.String(said(description));
const count = (description: string) => Type.Integer({ minimum: 0, ...said(description) });
const instant = (description?: string) => Type.Number(said(description, field.INSTANT_WORDS));

const sums = {
  realised_usdt: usdt('Of what was closed, at what its lots had cost; before fees.'), // AN-183
  fees_usdt: usdt('Paid; negative is a rebate.'), // AN-184
  funding_usdt: usdt('Received (+) or paid (-) for holding.'), // AN-185
  other_usdt: usdt('Booked besides: liquidation fees, insurance, rebates.'), // AN-186
  result_usdt: usdt('realised + funding + other - fees.'), // AN-187
  turnover_usdt: usdt(),
  slippage_usdt: usdt('Against the mid at decision; negative: better.'), // AN-188
  slippage_bps: nullable(Type.Number({ description: 'The same, of the turnover of those fills.' })), // AN-189
  fills: count('Executions that it had a part in.'), // AN-190
};
const asks = {
  requests: count('Trading calls that were decided.'), // AN-191
  cuts: count('Of these permitted smaller or safer (LIMIT).'), // AN-192
  blocks: count('Of these refused (BLOCK).'), // AN-193
};
export const SumsSchema = Type.Object(sums, field.closed);
export const AgentSumsSchema = Type.Object({ ...sums, ...asks }, field.closed);

const owner = nullable(text('Null: of nobody here.')); // AN-194
export const AgentAccountSchema = Type.Object(
  {
    agent: owner,
    holds: Type.Array(Type.String(), { description: 'Symbols that it holds, flat ones too.' }), // AN-195
    positions: Type.Array(
      Type.Object(
        {
          symbol: text(),
          quantity: decimal('Signed: negative is short. A fill counts once its trade is read.'), // AN-196, AN-197
          entry_price: nullable(decimal('What the agent paid on average.')), // AN-198
          unrealised_usdt: nullable(usdt('At the mark; null without one.')), // AN-199
        },
        field.closed,
      ),
    ),
    unrealised_usdt: usdt('Of the positions with a mark.'), // AN-200
    today: AgentSumsSchema,
    seven_days: AgentSumsSchema,
    total: AgentSumsSchema,
  },
  field.closed,
);
const as_of_ms = instant();
const since_ms = nullable(instant('First reading of the account.')); // AN-201
export const AgentsBodySchema = Type.Object(
  {
    agents: Type.Array(AgentAccountSchema, { description: 'By name; an agent sees itself only.' }), // AN-202
    others: nullable(AgentAccountSchema),
    as_of_ms,
    since_ms,
  },
  field.closed,
);
export const AgentBodySchema = Type.Object(
  {
    account: AgentAccountSchema,
    symbols: Type.Array(Type.Object({ symbol: text(), sums: SumsSchema }, field.closed), {
      description: 'In total.', // note
    }),
    days: Type.Array(Type.Object({ day: text('UTC.'), sums: AgentSumsSchema }, field.closed), {
      description: 'On which something happened, newest first, at most 35.', // AN-203
    }),
    as_of_ms,
    since_ms,
  },
  field.closed,
);

const profits = {
  unrealised_before_usdt: usdt('Unrealised profit when the period began.'), // AN-204
  unrealised_usdt: usdt('When it ended, or now.'), // AN-205
  profit_usdt: usdt('result + what the unrealised profit changed by.'), // AN-206
};
export const ReportSumsSchema = Type.Object({ ...sums, ...profits }, field.closed);
export const ReportBodySchema = Type.Object(
  {
    period: field.oneOf(['day', 'week']),
    name: text('UTC day, or ISO week from Monday on.'), // AN-207
    from_ms: instant(),
    to_ms: instant(),
    is_over: Type.Boolean({ description: 'False: figures are as of now.' }), // AN-208
    as_of_ms,
    since_ms,
    venue: text(),
    account: text(),
    agents: Type.Array(Type.Object({ agent: owner, ...asks, sums: ReportSumsSchema }, field.closed)),
    rows: Type.Array(
      Type.Object({ agent: owner, symbol: text('Empty: the whole account.'), sums: ReportSumsSchema }, field.closed), // note
    ),
    total: ReportSumsSchema,
    books: nullable(
      Type.Object(
        {
          realised_usdt: usdt('REALIZED_PNL.'),
          commission_usdt: usdt('COMMISSION; negative is paid.'), // AN-209
          funding_usdt: usdt('FUNDING_FEE.'),
          other_usdt: usdt('Everything else but transfers.'), // AN-210
          transfers_usdt: usdt('Moved in or out; no profit.'), // AN-211
          read_to_ms: nullable(instant('Bookings until then are read.')), // AN-212
          booked_usdt: usdt('All but transfers.'), // AN-213
          accounted_usdt: usdt('result of the total.'), // AN-214
          entry_difference_usdt: usdt('The exchange averages entries; over all days 0 once all is closed.'), // AN-215
          unconfirmed_usdt: usdt('In trades of which the bookings are not read yet.'), // AN-217
          unexplained_usdt: usdt('booked - (accounted + entry_difference - unconfirmed).'), // AN-218
        },
        { ...field.closed, description: 'What the exchange booked, and how it agrees. Null for agents.' }, // note, AN-219
      ),
    ),
  },
  field.closed,
);

export const AgentPath = Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }, field.closed);
export const ReportQuery = Type.Object(
  {
    day: Type.Optional(
      Type.String({
        pattern: '^(?:today|yesterday|[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]))$',
        maxLength: 10,
        description: 'UTC day: 2026-11-26, today (as if left out) or yesterday.', // AN-236
      }),
    ),
    week: Type.Optional(
      Type.String({
        pattern: '^(?:this|last|[0-9]{4}-W(?:0[1-9]|[1-4][0-9]|5[0-3]))$',
        maxLength: 8,
        description: 'ISO week, from Monday on: 2026-W48, this or last. Instead of day.', // AN-237, AN-238
      }),
    ),
    format: Type.Optional(field.oneOf(['json', 'csv'], 'csv: the rows as a table, also by `Accept: text/csv`.')), // AN-239
  },
  field.closed,
);
export const checkAgentPath = buildContractCheck<Static<typeof AgentPath>>(AgentPath);
export const checkReportQuery = buildContractCheck<Static<typeof ReportQuery>>(ReportQuery);
