import { signal } from '@preact/signals';
import { type ComponentChildren, Fragment } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ListedDecision } from '../../contract/types/stream.ts';
import { done } from '../acts/act.tsx';
import { amount, shortClock, words, ZONE } from '../format.ts';
import { Panel, Pill, Untrusted } from '../parts.tsx';
import { describeFault } from '../session/api.ts';
import { isAtEnd, justSkipped, listDecisions, listVersion, slowVersion } from '../state/decisions.ts';
import { saveDecisions } from '../state/export.ts';
import { countInGap, type Gap, isGap, type Listed, mostFirst } from '../state/gaps.ts';
import { readGap, readOlder } from '../state/store.ts';

/** The decision that is opened; null: none. */
export const opened = signal<ListedDecision | null>(null);

/** As high as in the style sheet, for three lines where the page is narrow and for two elsewhere. */
const NARROW = matchMedia('(max-width: 760px)');
const rowPx = (): number => (NARROW.matches ? 84 : 46);
const EXTRA_ROWS = 6;
const FEW_FOUND = 20;
export const VERDICT_KIND: Readonly<Record<string, string>> = { ALLOW: 'active', LIMIT: 'reducing', BLOCK: 'halted' };

/** What decided: the bound that cut or refused, or that nothing did. Where that is not derived: the first of the reasons. */
function bindingReason({ bound_by: boundBy, decision, reasons }: ListedDecision): string {
  if (decision === 'ALLOW') return 'as asked';
  return boundBy ?? reasons[0]?.code ?? '–';
}
/** A code, which may go on in another line after each of its words. */
function breakable(code: string): ComponentChildren {
  return code.split(/(?<=_)/).map((part) => (
    <Fragment key={part}>
      {part}
      <wbr />
    </Fragment>
  ));
}
/** A tool of the intercept is named by the agent. */
export const isAgentsWord = (decision: Pick<ListedDecision, 'kind'>): boolean => decision.kind === 'intercept';

/** What the list shows; `all` and an empty text leave nothing out. */
interface Wanted {
  readonly outcome: string;
  readonly agent: string;
  readonly text: string;
}
const isAll = ({ agent, outcome, text }: Wanted): boolean => agent === 'all' && outcome === 'all' && text === '';

function isWanted(decision: ListedDecision, { agent, outcome, text }: Wanted): boolean {
  if ((outcome !== 'all' && decision.decision !== outcome) || (agent !== 'all' && decision.agent !== agent))
    return false;
  return text === '' || hasWords(decision, text);
}
/** Every word stands somewhere in it. */
function hasWords(of: ListedDecision, text: string): boolean {
  const { agent, bound_by, decision, decision_id, effective, kind, reasons, symbol, tool } = of;
  const codes = reasons.map(({ code }) => code);
  const reported = [decision_id, decision, agent, symbol, tool, words(tool), kind, bound_by, effective?.side, ...codes];
  const all = reported.join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
/** How many of a gap are wanted; null: some may be. */
function countWanted(gap: Gap, { agent, outcome, text }: Wanted): number | null {
  const count = countInGap(gap, outcome, agent);
  return text === '' || count === 0 ? count : null;
}
const isShown = (row: Listed, wanted: Wanted): boolean =>
  isGap(row) ? countWanted(row, wanted) !== 0 : isWanted(row, wanted);
/** How many are listed, and how many of the last second are not. */
function describeCount(rows: readonly Listed[], skipped: number): string {
  const listed = rows.reduce((count, row) => count + (isGap(row) ? 0 : 1), 0);
  const most = `${listed.toLocaleString('en')}${isAtEnd() ? '' : ' or more'}`;
  return skipped === 0 ? most : `${most}; ${skipped.toLocaleString('en')} more in the last second`;
}

/** Decisions as they are made, newest first; only what is in sight is in the page. */
export function DecisionsPanel() {
  const { version, added } = listVersion.value;
  const [outcome, setOutcome] = useState('all');
  const [agent, setAgent] = useState('all');
  const [text, setText] = useState('');
  const wanted = useMemo(() => ({ agent, outcome, text: text.trim() }), [agent, outcome, text]);
  const all = listDecisions();
  const rows = useMemo(() => (isAll(wanted) ? all : all.filter((each) => isShown(each, wanted))), [version, wanted]);
  // Where little is found, older ones are looked at.
  useEffect(() => {
    if (!isAll(wanted) && rows.length < FEW_FOUND) void readOlder().catch(() => undefined);
  }, [rows, wanted]);
  const slow = slowVersion.value;
  const agents = useMemo(() => [...new Set(all.flatMap((each) => (isGap(each) ? [] : each.agent)))].sort(), [slow]);
  return (
    <Panel
      title="Decisions"
      name="decisions"
      note={describeCount(rows, justSkipped.value)}
      actions={
        <>
          <label>
            Search
            <input
              type="search"
              class="search"
              placeholder="id, symbol, tool, reason"
              maxLength={200}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
          <label>
            Outcome
            <select value={outcome} onChange={(event) => setOutcome(event.currentTarget.value)}>
              {['all', 'ALLOW', 'LIMIT', 'BLOCK'].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <label>
            Agent
            <select value={agent} onChange={(event) => setAgent(event.currentTarget.value)}>
              {['all', ...agents].map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          </label>
          <SaveButtons wanted={wanted} />
        </>
      }
    >
      <VirtualRows rows={rows} added={isAll(wanted) ? added : 0} wanted={wanted} />
    </Panel>
  );
}

/** What the list shows, and what it would show further down, as a file. */
function SaveButtons({ wanted }: { readonly wanted: Wanted }) {
  const [isSaving, setSaving] = useState(false);
  const save = (form: 'csv' | 'jsonl'): void => {
    setSaving(true);
    void saveDecisions(form, (decision) => isWanted(decision, wanted))
      .catch(describeFault)
      .then((reported) => {
        done.value = reported;
        setSaving(false);
      });
  };
  return (
    <span class="save">
      <button type="button" disabled={isSaving} aria-label="Save as CSV" onClick={() => save('csv')}>
        CSV
      </button>
      <button type="button" disabled={isSaving} aria-label="Save as JSON lines" onClick={() => save('jsonl')}>
        JSON lines
      </button>
    </span>
  );
}

function VirtualRows(props: { readonly rows: readonly Listed[]; readonly added: number; readonly wanted: Wanted }) {
  const { added, rows, wanted } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 480 });
  const before = useRef(added);
  useLayoutEffect(() => {
    const element = box.current;
    const more = added - before.current;
    before.current = added;
    // Whoever reads further down keeps the line that is being read.
    if (element !== null && more > 0 && element.scrollTop > 0) element.scrollTop += more * rowPx();
  }, [added]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => {
      setView({ top: element.scrollTop, height: element.clientHeight });
      if (element.scrollTop + element.clientHeight * 2 > element.scrollHeight) void readOlder().catch(() => undefined);
    };
    const sized = new ResizeObserver(measure);
    sized.observe(element);
    element.addEventListener('scroll', measure, { passive: true });
    return () => {
      sized.disconnect();
      element.removeEventListener('scroll', measure);
    };
  }, []);
  const px = rowPx();
  const first = Math.max(0, Math.floor(view.top / px) - EXTRA_ROWS);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / px) + EXTRA_ROWS);
  const shown: Listed[] = [];
  for (let index = first; index < last; index += 1) shown.push(rows[rows.length - 1 - index]!);
  return (
    <div class="rows" role="table" aria-label="Decisions" aria-rowcount={rows.length + 1}>
      <div class="row head" role="row" aria-rowindex={1}>
        {[`Time, ${ZONE}`, 'Outcome', 'Agent', 'What', 'Size', 'Binding reason', 'Open'].map((title) => (
          <span role="columnheader" key={title} class={title === 'Size' ? 'figure' : ''}>
            {title}
          </span>
        ))}
      </div>
      <div class="rows-box" ref={box} role="rowgroup" tabIndex={0}>
        <div class="rows-all" role="presentation" style={{ height: `${Math.max(rows.length, 1) * px}px` }}>
          {rows.length === 0 ? (
            <EmptyRow text={isAll(wanted) ? 'Nothing was decided yet.' : 'Nothing was found.'} />
          ) : null}
          {shown.map((row, index) =>
            isGap(row) ? (
              <GapRow key={`gap-${row.fromSeq}`} gap={row} index={first + index} count={countWanted(row, wanted)} />
            ) : (
              <Row key={row.decision_id} decision={row} index={first + index} />
            ),
          )}
        </div>
      </div>
    </div>
  );
}

function EmptyRow({ text }: { readonly text: string }) {
  return (
    <div class="row" role="row">
      <span role="cell" class="dim">
        {text}
      </span>
    </div>
  );
}

function Row({ decision, index }: { readonly decision: ListedDecision; readonly index: number }) {
  const { effective } = decision;
  const reason = bindingReason(decision);
  return (
    <div class="row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${index * rowPx()}px)` }}>
      <span role="cell" class="dim">
        {shortClock(decision.at_ms)}
      </span>
      <span role="cell">
        <Pill kind={VERDICT_KIND[decision.decision] ?? 'plain'}>{decision.decision}</Pill>
      </span>
      <span role="cell">{decision.agent}</span>
      <span role="cell">
        {decision.symbol === null ? null : `${decision.symbol} `}
        {isAgentsWord(decision) ? <Untrusted text={decision.tool} /> : words(decision.tool)}
        {decision.kind === 'tool' ? null : <span class="dim"> {words(decision.kind)}</span>}
      </span>
      <span role="cell" class="figure">
        {effective === null
          ? '–'
          : effective.quantity === null
            ? 'every order'
            : `${effective.side} ${amount(effective.notional, 'USDT')}`}
      </span>
      <span role="cell" class="code">
        {breakable(reason)}
      </span>
      <span role="cell">
        <button
          type="button"
          aria-label={`Open decision ${decision.decision_id}`}
          onClick={() => {
            opened.value = decision;
          }}
        >
          Open
        </button>
      </span>
    </div>
  );
}

/** Decisions that came faster than anybody reads: how many of what, and a way to read them. */
function GapRow(props: { readonly gap: Gap; readonly index: number; readonly count: number | null }) {
  const { count, gap, index } = props;
  const [isReading, setReading] = useState(false);
  const list = (): void => {
    setReading(true);
    readGap(gap)
      .catch(() => undefined)
      .finally(() => setReading(false));
  };
  const text = describeGap(gap, count);
  return (
    <div class="row gap" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${index * rowPx()}px)` }}>
      <span role="cell" class="dim">
        {shortClock(gap.at_ms)}
      </span>
      <span role="cell" aria-colspan={5} title={text}>
        {text}
      </span>
      <span role="cell">
        <button type="button" disabled={isReading} aria-label={`List: ${text}`} onClick={list}>
          List
        </button>
      </span>
    </div>
  );
}

const MAX_NAMED = 3;
function describeGap({ byAgent, byOutcome, byReason }: Gap, count: number | null): string {
  if (count === null) return 'Not listed: more that came too fast, or while this page was away';
  const parts = [byOutcome, byAgent, byReason].flatMap((counts) =>
    counts === null
      ? []
      : mostFirst(counts, MAX_NAMED)
          .map(([name, part]) => `${name} ${part.toLocaleString('en')}`)
          .join(', '),
  );
  return [`${count.toLocaleString('en')} more`, ...parts.filter((part) => part !== '')].join(' · ');
}
