import type { Command } from 'commander';
import type { ApprovalBody, ApprovalsBody, ApprovedBody } from '../../../engine/records/approvals.ts';
import { show } from '../../client/show.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { formatInstant, renderFields, renderTable } from '../../render/tables.ts';
import { addConnectionOptions, addVerb, type ConnectionOptions, type Io } from '../../verb.ts';

interface ApproveOptions extends ConnectionOptions {
  readonly words?: string;
}
interface DenyOptions extends ConnectionOptions {
  readonly reason: string;
}

const pathOf = (id: string): string => `/v1/approvals/${encodeURIComponent(id)}`;

export function addApprovals(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'approvals',
    summary: 'List the orders that wait for an approval',
    examples: ['approvals', 'approvals --json'],
  });
  addConnectionOptions(verb).action((options: ConnectionOptions) =>
    show(io, options, { ask: (client) => client.get<ApprovalsBody>('/v1/approvals'), render: renderWaiting }),
  );
}

function renderWaiting({ approvals }: ApprovalsBody): string {
  const waiting = approvals.filter(({ status }) => status === 'pending');
  const rows = waiting.map((approval) => [
    approval.approval_id,
    approval.agent,
    `${approval.side} ${approval.quantity} ${approval.symbol}`,
    approval.worst_price,
    `${approval.signatures.length} of ${approval.quorum}`,
    formatInstant(approval.expires_at_ms),
    approval.words,
  ]);
  const head = ['approval', 'agent', 'order', 'worst price', 'approved', 'ends (UTC)', 'words'];
  return renderTable(head, rows, 'no order waits for an approval');
}

export function addApprove(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'approve',
    summary: 'Show what an approval permits; with its four words, approve it',
    examples: ['approve d-1a2b3c-7k', 'approve d-1a2b3c-7k --words lusab-babad-gutih-tugad'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'approval_id, as `approvals` lists it')
    .option('--words <words>', 'the four words that are shown with it: they name exactly what you saw')
    .action((id: string, { words, ...options }: ApproveOptions) =>
      show(io, options, {
        ask: async (client): Promise<ApprovalBody | ApprovedBody> => {
          const approval = await client.get<ApprovalBody>(pathOf(id));
          if (words === undefined || approval.status !== 'pending') return approval;
          if (words !== approval.words)
            throw new CliError(EXIT.USAGE, `the words of ${id} are ${approval.words}, not ${words}: look at it again`);
          return client.post<ApprovedBody>(pathOf(id), { action: 'approve', digest: approval.digest });
        },
        render: (outcome) => {
          if ('approval' in outcome) return renderFields(fieldsOfGrant(outcome));
          const how = `\nTo approve: ./holdfast approve ${id} --words ${outcome.words}\n`;
          return renderFields(fieldsOf(outcome)) + (outcome.status === 'pending' ? how : '');
        },
      }),
    );
}

export function addDeny(program: Command, io: Io): void {
  const verb = addVerb(program, {
    usage: 'deny',
    summary: 'Deny an order that waits for an approval',
    examples: ['deny d-1a2b3c-7k --reason "not before the announcement"'],
  });
  addConnectionOptions(verb)
    .argument('<id>', 'approval_id, as `approvals` lists it')
    .option('--reason <text>', 'why, for the record and the agent', 'by hand')
    .action((id: string, { reason, ...options }: DenyOptions) =>
      show(io, options, {
        ask: async (client) => (await client.post<ApprovedBody>(pathOf(id), { action: 'deny', reason })).approval,
        render: ({ approval_id, detail, status }) => renderFields([[approval_id, detail ?? status]]),
      }),
    );
}

type Fields = readonly (readonly [string, string])[];

function fieldsOf(approval: ApprovalBody): Fields {
  const { rationale, strategy_id: strategy } = approval.untrusted;
  return [
    ['approval', approval.approval_id],
    ['status', approval.detail === null ? approval.status : `${approval.status}: ${approval.detail}`],
    ['words', approval.words],
    ['agent', approval.agent],
    ['at most', `${approval.side} ${approval.quantity} ${approval.symbol}, ${approval.notional_usdt.toFixed(2)} USDT`],
    ['worst price', `${approval.worst_price} (${approval.order_type})`],
    ['leverage', `${approval.leverage}x`],
    ['approve by (UTC)', formatInstant(approval.expires_at_ms)],
    ['opens until (UTC)', formatInstant(approval.opens_until_ms)],
    ['approved by', approval.signatures.map(({ by }) => by).join(', ') || `nobody yet, ${approval.quorum} needed`],
    ['agent says', `${JSON.stringify(rationale ?? '')} (${strategy ?? 'no strategy'}; not checked by anybody)`],
    ['digest', approval.digest],
  ];
}

function fieldsOfGrant({ answer, approval }: ApprovedBody): Fields {
  if (answer === null)
    return [['approved', `${approval.signatures.length} of ${approval.quorum}: others must approve, too`]];
  const { decision, execution } = answer;
  const reasons = decision.reasons.map(({ code }) => code).join(', ');
  return [
    ['decision', `${decision.decision} ${decision.decision_id}${reasons === '' ? '' : ` (${reasons})`}`],
    ['execution', execution.state],
  ];
}
