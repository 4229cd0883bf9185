import { signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { boundByOf, isAtEnd, type ListedDecision, listDecisions, listVersion, slowVersion } from '../decisions.ts';
import { amount, shortClock, words } from '../format.ts';
import { Panel, Pill, Untrusted } from '../parts.tsx';
import { readOlder } from '../store.ts';

/** The decision that is opened; null: none. */
export const opened = signal<ListedDecision | null>(null);

const ROW_PX = 34;
const EXTRA_ROWS = 6;
export const VERDICT_KIND: Readonly<Record<string, string>> = { ALLOW: 'active', LIMIT: 'reducing', BLOCK: 'halted' };

/** What decided: the bound that cut or refused, or that nothing did. Until it was read: the first of the reasons. */
function bindingReason({ decision, decision_id: id, reasons }: ListedDecision): string {
  if (decision === 'ALLOW') return 'as asked';
  return boundByOf(id) ?? reasons[0]?.code ?? '–';
}
/** A tool of the intercept is named by the agent. */
export const isAgentsWord = (decision: Pick<ListedDecision, 'kind'>): boolean => decision.kind === 'intercept';

/** Decisions as they are made, newest first; only what is in sight is in the page. */
export function DecisionsPanel() {
  const { version, added } = listVersion.value;
  const [outcome, setOutcome] = useState('all');
  const [agent, setAgent] = useState('all');
  const all = listDecisions();
  const rows = useMemo(
    () =>
      outcome === 'all' && agent === 'all'
        ? all
        : all.filter(
            (each) => (outcome === 'all' || each.decision === outcome) && (agent === 'all' || each.agent === agent),
          ),
    [version, outcome, agent],
  );
  const slow = slowVersion.value;
  const agents = useMemo(() => [...new Set(all.map((each) => each.agent))].sort(), [slow]);
  return (
    <Panel
      title="Decisions"
      name="decisions"
      note={`${rows.length.toLocaleString('en')}${isAtEnd() ? '' : ' or more'}`}
      actions={
        <>
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
        </>
      }
    >
      <VirtualRows rows={rows} added={outcome === 'all' && agent === 'all' ? added : 0} />
    </Panel>
  );
}

function VirtualRows({ rows, added }: { readonly rows: readonly ListedDecision[]; readonly added: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 480 });
  const before = useRef(added);
  useLayoutEffect(() => {
    const element = box.current;
    const more = added - before.current;
    before.current = added;
    // Whoever reads further down keeps the line that is being read.
    if (element !== null && more > 0 && element.scrollTop > 0) element.scrollTop += more * ROW_PX;
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
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - EXTRA_ROWS);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PX) + EXTRA_ROWS);
  const shown: ListedDecision[] = [];
  for (let index = first; index < last; index += 1) shown.push(rows[rows.length - 1 - index]!);
  return (
    <div class="rows" role="table" aria-label="Decisions" aria-rowcount={rows.length + 1}>
      <div class="row head" role="row" aria-rowindex={1}>
        {['Time', 'Outcome', 'Agent', 'What', 'Size', 'Binding reason', 'Open'].map((title) => (
          <span role="columnheader" key={title} class={title === 'Size' ? 'figure' : ''}>
            {title}
          </span>
        ))}
      </div>
      <div class="rows-box" ref={box} role="rowgroup" tabIndex={0}>
        <div class="rows-all" role="presentation" style={{ height: `${Math.max(rows.length, 1) * ROW_PX}px` }}>
          {rows.length === 0 ? <EmptyRow /> : null}
          {shown.map((decision, index) => (
            <Row key={decision.decision_id} decision={decision} index={first + index} />
          ))}
        </div>
      </div>
    </div>
  );
}

function EmptyRow() {
  return (
    <div class="row" role="row">
      <span role="cell" class="dim">
        Nothing was decided yet.
      </span>
    </div>
  );
}

function Row({ decision, index }: { readonly decision: ListedDecision; readonly index: number }) {
  const { effective } = decision;
  const reason = bindingReason(decision);
  return (
    <div class="row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${index * ROW_PX}px)` }}>
      <span role="cell" class="dim">
        {shortClock(decision.at_ms)}
      </span>
      <span role="cell">
        <Pill kind={VERDICT_KIND[decision.decision] ?? 'plain'}>{decision.decision}</Pill>
      </span>
      <span role="cell">{decision.agent}</span>
      <span role="cell">
        {isAgentsWord(decision) ? <Untrusted text={decision.tool} /> : words(decision.tool)} {decision.symbol ?? ''}
        {decision.kind === 'tool' ? null : <span class="dim"> {words(decision.kind)}</span>}
      </span>
      <span role="cell" class="figure">
        {effective === null ? '–' : `${effective.side} ${amount(effective.notional, 'USDT')}`}
      </span>
      <span role="cell" class="code">
        {reason}
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
