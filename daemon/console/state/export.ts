import type { ListedDecision } from '../../contract/types/stream.ts';
import { isAtEnd, listDecisions, MAX_KEPT } from './decisions.ts';
import { isGap } from './gaps.ts';
import { readOlder } from './store.ts';

const COLUMNS = [
  'time_utc',
  'record',
  'decision_id',
  'agent',
  'kind',
  'tool',
  'symbol',
  'decision',
  'side',
  'notional_usdt',
  'bound_by',
  'reasons',
] as const;
type Columns = Readonly<Record<(typeof COLUMNS)[number], string | number | null>>;

function toColumns(of: ListedDecision): Columns {
  const { agent, bound_by, decision, decision_id, kind, reasons, symbol, tool } = of;
  // Without a quantity it is a cancel of every order: it has no side.
  const effective = of.effective?.quantity === null ? null : of.effective;
  return {
    time_utc: new Date(of.at_ms).toISOString(),
    record: of.seq,
    decision_id,
    agent,
    kind,
    tool,
    symbol,
    decision,
    side: effective?.side ?? null,
    notional_usdt: effective?.notional ?? null,
    bound_by: bound_by ?? null,
    reasons: reasons.map(({ code }) => code).join(' '),
  };
}

/** RFC 4180, with a header. A spreadsheet computes what begins like a formula, and names and tools are an agent's. */
export function toCsv(decisions: readonly ListedDecision[]): string {
  const rows = decisions.map((each) => {
    const columns = toColumns(each);
    return COLUMNS.map((column) => cell(columns[column]));
  });
  return [COLUMNS, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}
function cell(value: string | number | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
/** As the daemon lists them, one a line. */
export function toJsonLines(decisions: readonly ListedDecision[]): string {
  return decisions.map((each) => `${JSON.stringify(each)}\n`).join('');
}

const PAUSE_MS = 20;
/** Saves what passes, newest first, with what has to be read for that, as far back as the page keeps. Says what was saved. */
export async function saveDecisions(
  form: 'csv' | 'jsonl',
  passes: (decision: ListedDecision) => boolean,
): Promise<string> {
  while (!isAtEnd()) {
    await readOlder();
    // Somebody else's page may be on its way.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  const rows = listDecisions();
  const decisions = rows.filter((row): row is ListedDecision => !isGap(row) && passes(row)).reverse();
  const [text, type] =
    form === 'csv' ? [toCsv(decisions), 'text/csv'] : [toJsonLines(decisions), 'application/x-ndjson'];
  save(`holdfast-decisions.${form}`, new Blob([text], { type: `${type};charset=utf-8` }));
  const left = [
    ...(rows.some(isGap) ? ['Those that were only counted are not among them: list them first.'] : []),
    ...(rows.length >= MAX_KEPT ? ['Older ones: ./holdfast decisions --json.'] : []),
  ];
  return [`Saved ${decisions.length} decisions.`, ...left].join(' ');
}

function save(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
