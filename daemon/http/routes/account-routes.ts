import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as account from '../../contract/accounts.ts';
import { checkNoQuery, NoQuery } from '../../contract/commands.ts';
import type { ReportBody, ReportPeriod } from '../../contract/types/accounts.ts';
import { ApiError, invalidInput } from '../errors.ts';
import { queryOf, requireValid } from '../requests/input.ts';
import { requireScope } from '../requests/readings.ts';
import { addRoute, callerOf, type Doors, FIGURES_ROUTE } from '../requests/routing.ts';

/** Agents see themselves, monitors and operators all. */
const shared = { method: 'GET', roles: FIGURES_ROUTE, isLimited: true } as const;
const TAGS = ['accounts'];

/** Accounts by agent, and reports of days and weeks. */
export function registerAccountRoutes(app: FastifyInstance, doors: Doors): void {
  const { gate } = doors;
  const callerFor = (request: FastifyRequest) => {
    const caller = callerOf(request);
    if (caller.role === 'agent') requireScope(gate, caller, 'get_account');
    return caller;
  };
  addRoute(app, doors, {
    ...shared,
    url: '/v1/agents',
    text: { summary: 'Accounts by agent', tags: TAGS },
    query: NoQuery,
    answer: account.AgentsBodySchema,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      return gate.getAgents(callerFor(request));
    },
  });
  addRoute(app, doors, {
    ...shared,
    url: '/v1/agents/:name',
    text: { summary: 'Account of one agent, by symbol and day', tags: TAGS },
    params: account.AgentPath,
    query: NoQuery,
    answer: account.AgentBodySchema,
    handler: async (request) => {
      requireValid(checkNoQuery, queryOf(request));
      const { name } = requireValid(account.checkAgentPath, request.params);
      const body = gate.getAgent(callerFor(request), name);
      if (body === null) throw new ApiError('NOT_FOUND', 'There are no accounts of an agent of this name.');
      return body;
    },
  });
  addRoute(app, doors, {
    ...shared,
    url: '/v1/report',
    text: {
      summary: 'Profit of a day or a week by agent and symbol',
      tags: TAGS,
    },
    query: account.ReportQuery,
    answer: account.ReportBodySchema,
    handler: async (request, reply) => {
      const { day, week, format } = requireValid(account.checkReportQuery, queryOf(request));
      if (day !== undefined && week !== undefined)
        throw invalidInput([{ path: 'week', message: 'is given beside day', allowed: 'one of day and week' }]);
      const period: ReportPeriod =
        week === undefined ? { kind: 'day', name: day ?? 'today' } : { kind: 'week', name: week };
      const report = gate.getReport(callerFor(request), period);
      if (report === null) throw new ApiError('NOT_FOUND', 'No accounts are kept of that time.');
      if (!(format === undefined ? wantsCsv(request) : format === 'csv')) return report;
      reply.header('content-type', 'text/csv; charset=utf-8');
      return reply.send(writeReportCsv(report));
    },
  });
}

function wantsCsv({ headers: { accept } }: FastifyRequest): boolean {
  return accept !== undefined && /\btext\/csv\b/.test(accept) && !/application\/json/.test(accept);
}

const COLUMNS = [
  'realised_usdt',
  'fees_usdt',
  'funding_usdt',
  'other_usdt',
  'result_usdt',
  'unrealised_before_usdt',
  'unrealised_usdt',
  'profit_usdt',
  'turnover_usdt',
  'slippage_usdt',
  'slippage_bps',
  'fills',
] as const;

/** RFC 4180, with a header: one row for each agent and symbol; lines without an agent are of nobody here. */
export function writeReportCsv(report: ReportBody): string {
  const lines = [
    ['period', 'agent', 'symbol', ...COLUMNS],
    ...report.rows.map((row) => [report.name, row.agent, row.symbol, ...COLUMNS.map((column) => row.sums[column])]),
  ];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

/** A spreadsheet computes what begins like a formula, and names are not ours. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
