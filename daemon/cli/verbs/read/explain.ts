import type { Command } from 'commander';
import type { ExplanationBody } from '../../../contract/explanation.ts';
import { show } from '../../client/show.ts';
import { formatInstant, formatNumber, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

export function addExplain(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'explain',
    summary: 'Explain a decision: every budget with its arithmetic, and every rule',
    examples: ['explain d-4f1c2a-1b2'],
  });
  addConnectionOptions(verb)
    .argument('<decision>', 'its decision_id')
    .action((id: string, options: ConnectionOptions) =>
      // As `decisions` asks, so that what it lists is explained.
      show(io, options, {
        ask: (client) => client.get<ExplanationBody>(`/v1/decisions/${encodeURIComponent(id)}/explain`),
        render: renderExplanation,
      }),
    );
}

function renderExplanation(body: ExplanationBody): string {
  const { line, rows } = body.arithmetic;
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
    renderRules(body),
  ].join('\n');
}

function renderRules({ rules }: ExplanationBody): string {
  const figure = (value: unknown) => (typeof value === 'number' ? formatNumber(value, 6) : (value as string | null));
  return renderTable(
    ['rule', 'looks at', 'code', 'finding', 'observed', 'limit', 'unit'],
    (rules ?? []).map(({ rule, title, code, outcome, observed, limit, unit }) => [
      rule,
      title,
      code,
      outcome,
      figure(observed),
      figure(limit),
      unit,
    ]),
    rules === null
      ? 'Another version of the core decided, so the findings of its rules are not derived here.'
      : 'no rules',
    ['unit', 'code'],
  );
}
