import type { Command } from 'commander';
import type { ExplanationBody } from '../../contract/explanation.ts';
import { CliError } from '../exit-codes.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io, printJson } from '../verb.ts';

export function addExplain(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'explain',
    summary: 'Explain a decision: every budget with its arithmetic, and every rule',
    examples: ['explain d-4f1c2a-1b2', 'explain d-4f1c2a-1b2 --operator'],
  });
  addConnectionOptions(verb)
    .argument('<decision>', 'its decision_id')
    .option('--operator', "with the operator token: also other agents' decisions")
    .action(async (id: string, options: ConnectionOptions & { readonly operator?: boolean }) => {
      const { withClient } = await import('../client.ts');
      const role = options.operator === true ? 'operator' : 'agent';
      const body = await withClient(io, options, role, (client) =>
        client.get<ExplanationBody>(`/v1/decisions/${encodeURIComponent(id)}/explain`),
      ).catch((error: unknown) => {
        if (role === 'agent' && error instanceof CliError && error.answer?.code === 'NOT_FOUND') {
          const hint = ` Other agents' decisions: ./holdfast explain ${plainId(id)} --operator`;
          throw new CliError(error.exitCode, error.message + hint, error.answer);
        }
        throw error;
      });
      if (options.json === true) printJson(io, body);
      else io.out(await renderExplanation(body));
    });
}

function plainId(id: string): string {
  return /^[\w-]{1,64}$/.test(id) ? id : 'ID';
}

async function renderExplanation(body: ExplanationBody): Promise<string> {
  const { formatInstant, formatNumber, renderFields, renderTable } = await import('../tables.ts');
  const { line, rows } = body.arithmetic;
  const figure = (value: unknown) => (typeof value === 'number' ? formatNumber(value, 6) : (value as string | null));
  const factors = (row: (typeof rows)[number]): string =>
    [row.factors.market, row.factors.account, row.factors.trust, row.factors.trader, row.factors.loss]
      .map((factor) => formatNumber(factor))
      .join(' x ');
  return [
    renderFields([
      ['decision', body.decision],
      ['decision id', body.decision_id],
      ['time', formatInstant(body.at_ms)],
      ['agent', body.agent],
      ['tool', body.tool],
      ['symbol', body.symbol],
      ['bound by', body.bound_by],
      ['arithmetic', line],
      ['policy', body.policy_hash],
    ]),
    renderTable(
      [
        'budget',
        'code',
        'base',
        'market x account x trust x trader x own loss',
        'cap',
        'used',
        'reserved',
        'left',
        'unit',
        'lots',
      ],
      rows.map((row) => [
        row.label,
        row.code,
        formatNumber(row.base, 2),
        factors(row),
        formatNumber(row.cap, 2),
        formatNumber(row.used, 2),
        formatNumber(row.reserved, 2),
        formatNumber(row.left, 2),
        row.unit,
        row.lots,
      ]),
      'no budget cuts it',
      ['code', 'lots', 'unit', 'reserved', 'base'],
    ),
    renderTable(
      ['rule', 'looks at', 'code', 'finding', 'observed', 'limit', 'unit'],
      (body.rules ?? []).map(({ rule, title, code, outcome, observed, limit, unit }) => [
        rule,
        title,
        code,
        outcome,
        figure(observed),
        figure(limit),
        unit,
      ]),
      body.rules === null
        ? 'Another version of the core decided, so the findings of its rules are not derived here.'
        : 'no rules',
      ['unit', 'code'],
    ),
  ].join('\n');
}
