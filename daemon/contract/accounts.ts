import type { Static } from 'typebox';
import * as Type from './built/typebox.js';
import { buildContractCheck } from './check.ts';
import { decimal } from './decision.ts';
import * as field from './fields.ts';
import { nullable } from './nullable.ts';

/** Bodies and queries of the accounts by agent. Amounts are USDT, rounded to 1e-8. */

const { said } = field;
const usdt = (description?: string) => Type.Number(said(description, 'USDT.'));
const text = (description?: string) => Type.String(said(description));
const count = (description: string) => Type.Integer({ minimum: 0, ...said(description) });
const instant = (description?: string) => Type.Number(said(description, field.INSTANT_WORDS));

const sums = {
  realised_usdt: usdt('Of what was closed, at what its lots had cost; before fees.'),
  fees_usdt: usdt('Paid; negative is a rebate.'),
  funding_usdt: usdt('Received (+) or paid (-) for holding.'),
  other_usdt: usdt('Booked besides: liquidation fees, insurance, rebates.'),
  result_usdt: usdt('realised + funding + other - fees.'),
  turnover_usdt: usdt(),
  slippage_usdt: usdt('Against the mid at decision; negative: better.'),
  slippage_bps: nullable(Type.Number({ description: 'The same, of the turnover of those fills.' })),
  fills: count('Executions that it had a part in.'),
};
const asks = {
  requests: count('Trading calls that were decided.'),
  cuts: count('Of these permitted smaller or safer (LIMIT).'),
  blocks: count('Of these refused (BLOCK).'),
};
export const SumsSchema = Type.Object(sums, field.closed);
export const AgentSumsSchema = Type.Object({ ...sums, ...asks }, field.closed);

const owner = nullable(text('Null: of nobody here.'));
export const AgentAccountSchema = Type.Object(
  {
    agent: owner,
    holds: Type.Array(Type.String(), { description: 'Symbols that it holds, flat ones too.' }),
    positions: Type.Array(
      Type.Object(
        {
          symbol: text(),
          quantity: decimal('Signed: negative is short. A fill counts once its trade is read.'),
          entry_price: nullable(decimal('What the agent paid on average.')),
          unrealised_usdt: nullable(usdt('At the mark; null without one.')),
        },
        field.closed,
      ),
    ),
    unrealised_usdt: usdt('Of the positions with a mark.'),
    today: AgentSumsSchema,
    seven_days: AgentSumsSchema,
    total: AgentSumsSchema,
  },
  field.closed,
);
const as_of_ms = instant();
const since_ms = nullable(instant('First reading of the account.'));
export const AgentsBodySchema = Type.Object(
  {
    agents: Type.Array(AgentAccountSchema, { description: 'By name; an agent sees itself only.' }),
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
      description: 'In total.',
    }),
    days: Type.Array(Type.Object({ day: text('UTC.'), sums: AgentSumsSchema }, field.closed), {
      description: 'On which something happened, newest first, at most 35.',
    }),
    as_of_ms,
    since_ms,
  },
  field.closed,
);

const profits = {
  unrealised_before_usdt: usdt('Unrealised profit when the period began.'),
  unrealised_usdt: usdt('When it ended, or now.'),
  profit_usdt: usdt('result + what the unrealised profit changed by.'),
};
export const ReportSumsSchema = Type.Object({ ...sums, ...profits }, field.closed);
export const ReportBodySchema = Type.Object(
  {
    period: field.oneOf(['day', 'week'], 'Of what.'),
    name: text('UTC day, or ISO week from Monday on.'),
    from_ms: instant(),
    to_ms: instant(),
    is_over: Type.Boolean({ description: 'False: figures are as of now.' }),
    as_of_ms,
    since_ms,
    venue: text(),
    account: text(),
    agents: Type.Array(Type.Object({ agent: owner, ...asks, sums: ReportSumsSchema }, field.closed)),
    rows: Type.Array(
      Type.Object({ agent: owner, symbol: text('Empty: the whole account.'), sums: ReportSumsSchema }, field.closed),
    ),
    total: ReportSumsSchema,
    books: nullable(
      Type.Object(
        {
          realised_usdt: usdt('REALIZED_PNL.'),
          commission_usdt: usdt('COMMISSION; negative is paid.'),
          funding_usdt: usdt('FUNDING_FEE.'),
          other_usdt: usdt('Everything else but transfers.'),
          transfers_usdt: usdt('Moved in or out; no profit.'),
          read_to_ms: nullable(instant('Bookings until then are read.')),
          booked_usdt: usdt('All but transfers.'),
          accounted_usdt: usdt('result of the total.'),
          entry_difference_usdt: usdt('The exchange averages entries; over all days 0 once all is closed.'),
          unconfirmed_usdt: usdt('In trades of which the bookings are not read yet.'),
          unexplained_usdt: usdt('booked - (accounted + entry_difference - unconfirmed).'),
        },
        { ...field.closed, description: 'What the exchange booked, and how it agrees. Null for agents.' },
      ),
    ),
  },
  field.closed,
);

export const AgentPath = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 64, description: 'Name of the agent.' }) },
  field.closed,
);
export const ReportQuery = Type.Object(
  {
    day: Type.Optional(
      Type.String({
        pattern: '^(?:today|yesterday|[0-9]{4}-[0-9]{2}-[0-9]{2})$',
        maxLength: 10,
        description: 'UTC day: 2026-11-26, today (as if left out) or yesterday.',
      }),
    ),
    week: Type.Optional(
      Type.String({
        pattern: '^(?:this|last|[0-9]{4}-W[0-9]{2})$',
        maxLength: 8,
        description: 'ISO week, from Monday on: 2026-W48, this or last. Instead of day.',
      }),
    ),
    format: Type.Optional(field.oneOf(['json', 'csv'], 'csv: the rows as a table, also by `Accept: text/csv`.')),
  },
  field.closed,
);
export const checkAgentPath = buildContractCheck<Static<typeof AgentPath>>(AgentPath);
export const checkReportQuery = buildContractCheck<Static<typeof ReportQuery>>(ReportQuery);
