import type { Reason } from '../../../core/decision.ts';
import type { ExecutionRequest } from '../../../core/request.ts';
import type { DiffSide } from '../../../engine/audit/compare.ts';
import type { DiffEntry, PolicyDiff } from '../../../engine/audit/policy-diff.ts';
import type { PolicyComparison } from '../../../policy/compare.ts';
import type { LoadedPolicy } from '../../../policy/parse.ts';
import { EXIT } from '../../exit-codes.ts';
import { formatInstant, formatNumber, plain, renderFields, renderTable } from '../../render/tables.ts';
import { type Io, printJson } from '../../verb.ts';
import { readCandidate } from './policy-file.ts';

/**
 * The output of `policy diff` for people: every change with its request and both decisions, totals, and the caveats.
 */
export function renderDiff(found: PolicyDiff): string {
  return [
    renderHead(found),
    renderChanges(found.changes),
    renderTotals(found),
    `${renderNotes(found).join('\n')}\n`,
    `What this cannot show:\n${renderCaveats(found).join('\n')}\n`,
  ].join('\n');
}

function renderHead(found: PolicyDiff): string {
  return renderFields([
    ['candidate', `${found.candidate.name}, hash ${found.candidate.hash.slice(0, 12)}`],
    ...found.recorded.map(
      ({ name, hash, requests }) =>
        ['recorded under', `${name}, hash ${hash.slice(0, 12)}: ${requests} requests`] as const,
    ),
    ['from', formatInstant(found.since_ms)],
    ['to', formatInstant(found.until_ms)],
  ]);
}

/** Three lines per change: the request, the recorded decision, the new one. */
function renderChanges(changes: readonly DiffEntry[]): string {
  const rows = changes.flatMap((entry) => [
    [formatInstant(entry.at_ms), entry.seq, entry.change.replace('_', ' '), describeRequest(entry), '', '', ''],
    ['', '', '', '  was', ...sideCells(entry.recorded)],
    ['', '', '', '  would be', ...sideCells(entry.candidate)],
  ]);
  const columns = ['time', 'seq', 'change', 'request', 'decision', 'regime', 'reasons'];
  return renderTable(columns, rows, 'no request is decided differently');
}

function sideCells(side: DiffSide): string[] {
  const size = [
    side.decision,
    side.quantity,
    side.leverage === null ? null : `${side.leverage}x`,
    side.max_slippage_bps === null ? null : `${formatNumber(side.max_slippage_bps, 2)} bps`,
    side.slices === null || side.slices < 2 ? null : `in ${side.slices} slices`,
  ];
  const reasons = side.reasons.map(describeReason).join('; ');
  return [size.filter((part) => part !== null).join(' '), side.regime, reasons === '' ? '-' : reasons];
}

function renderTotals({ totals }: PolicyDiff): string {
  const others = totals.other_reasons === 0 ? '' : ` (${totals.other_reasons} for other reasons)`;
  return renderTable(
    ['requests', 'blocked', 'let through', 'cut', 'widened', 'restaged', 'unchanged'],
    [
      [
        totals.requests,
        totals.blocked,
        totals.let_through,
        totals.cut,
        totals.widened,
        totals.restaged,
        `${totals.unchanged}${others}`,
      ],
    ],
    '',
  );
}

function renderNotes(found: PolicyDiff): string[] {
  const { totals, opening_notional_usdt: opened, changes_left_off: leftOff, first_change_seq: first } = found;
  const was = formatNumber(opened.recorded, 2);
  const notes = [`opening notional permitted: was ${was} USDT, would be ${formatNumber(opened.candidate, 2)} USDT`];
  if (first !== null) notes.push(`the first change is record ${first}`);
  if (leftOff > 0) notes.push(`${leftOff} earlier changes are not listed; --limit shows more`);
  if (totals.not_derived > 0)
    notes.push(`${totals.not_derived} decisions do not derive as recorded with this version, and are left out`);
  if (totals.foreign_tools > 0) notes.push(`${totals.foreign_tools} tools executed elsewhere are left out`);
  return notes;
}

function renderCaveats({ caveats, totals }: PolicyDiff): string[] {
  return caveats.map(({ text, requests }) => {
    const part = requests === totals.requests ? '' : ` (${requests} of ${totals.requests} requests)`;
    return `- ${text}${part}`;
  });
}

function describeRequest({ request, kind }: DiffEntry): string {
  const parts = [kind === 'tool' ? null : `${kind}:`, request.agent, request.tool, request.symbol, request.side];
  return [...parts, ...figuresOf(request)].filter((part) => part !== null).join(' ');
}

function figuresOf(request: ExecutionRequest): (string | null)[] {
  return [
    request.requested_notional === null ? null : `${request.requested_notional} USDT`,
    request.quantity === null ? null : `${request.quantity} of the base asset`,
    request.requested_leverage === null ? null : `${request.requested_leverage}x`,
    request.limit_price === null ? null : `at ${request.limit_price}`,
    request.fraction === null ? null : `fraction ${request.fraction}`,
  ];
}

function describeReason({ code, observed, limit, unit }: Reason): string {
  const figures = [observed, limit].filter((figure) => figure !== null).map(describeFigure);
  return figures.length === 0 ? code : `${code} ${figures.join(' against ')}${unit === null ? '' : ` ${plain(unit)}`}`;
}

function describeFigure(figure: number | string): string {
  return typeof figure === 'number' ? formatNumber(figure, 6) : plain(figure);
}

/** `policy diff A B`: what would change with B in force instead of A, by key. Reads nothing but the two files. */
export async function diffFiles(io: Io, from: string, to: string, isJson: boolean): Promise<void> {
  const [before, after] = [await readCandidate(from), await readCandidate(to)];
  const { comparePolicies } = await import('../../../policy/compare.ts');
  const found = comparePolicies(before.spec, after.spec);
  const head = (file: string, { hash, spec }: LoadedPolicy) => ({ file, name: spec.name, hash });
  if (isJson) printJson(io, { from: head(from, before), to: head(to, after), ...found });
  else {
    const side = (file: string, { hash, spec }: LoadedPolicy) => `${file}: policy ${plain(spec.name)}, hash ${hash}`;
    io.out(
      renderFields([
        ['from', side(from, before)],
        ['to', side(to, after)],
      ]),
    );
    for (const line of await renderComparison(found)) io.out(`${plain(line)}\n`);
  }
  io.exit(found.looser.length + found.tighter.length === 0 ? EXIT.OK : EXIT.VERIFICATION);
}

async function renderComparison({ equal, looser, tighter }: PolicyComparison): Promise<readonly string[]> {
  const { describeChange, describeLooser } = await import('../../../engine/operator/policy-control.ts');
  return [
    ...looser.map((each) => `looser: ${describeLooser(each)}`),
    ...tighter.map((each) => `tighter: ${describeChange(each)}`),
    `equal: ${equal.length} keys`,
  ];
}
