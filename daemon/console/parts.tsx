import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import { span } from './format.ts';
import { ageMs } from './session/contact.ts';

/** A framed part of the page with a heading that a screen reader can go to. */
export function Panel(props: {
  readonly title: string;
  readonly name: string;
  readonly note?: ComponentChildren;
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  const id = useId();
  return (
    <section class={`panel panel-${props.name}`} aria-labelledby={id} id={props.name}>
      <header>
        <h2 id={id}>{props.title}</h2>
        {ageMs.value === null ? null : <span class="age">{span(ageMs.value)} old</span>}
        {props.note === undefined ? null : <span class="note">{props.note}</span>}
        {props.actions === undefined ? null : <span class="actions">{props.actions}</span>}
      </header>
      {props.children}
    </section>
  );
}

/** A word of a fixed set, told by text and by colour. */
export function Pill({ kind, children }: { readonly kind: string; readonly children: ComponentChildren }) {
  return <span class={`pill pill-${kind}`}>{children}</span>;
}

export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

const LONGEST_SHOWN = 240;
/** Control and format characters, which could hide, turn or imitate what stands around them. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;

export function showText(text: string, longest = LONGEST_SHOWN): string {
  const shown = text.replace(INVISIBLE, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);
  return shown.length > longest ? `${shown.slice(0, longest)}…` : shown;
}

/** Words of an agent or of what it read: never markup, never a link, marked for eyes and ears. */
export function Untrusted({ text }: { readonly text: string }) {
  return (
    <span class="untrusted">
      <span class="untrusted-mark">untrusted</span>
      <bdi>{showText(text)}</bdi>
    </span>
  );
}

/** A table; where its columns do not fit, each row is a block of its own, with the heads beside the figures. */
export function Table(props: {
  readonly label: string;
  readonly head: readonly string[];
  /** Columns that hold figures, by index. */
  readonly figures?: readonly number[];
  readonly children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => fitTable(box.current, props.head));
  useEffect(() => {
    if (box.current === null) return;
    const sized = new ResizeObserver(() => fitTable(box.current, props.head));
    sized.observe(box.current);
    return () => sized.disconnect();
  }, []);
  return (
    <div ref={box} class="scroll" tabIndex={0} role="region" aria-label={`${props.label}, table`}>
      <table>
        <thead>
          <tr>
            {props.head.map((title, index) => (
              <th key={title} scope="col" class={props.figures?.includes(index) === true ? 'figure' : ''}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

const ROLES = { table: 'table', tbody: 'rowgroup', thead: 'rowgroup', tr: 'row', td: 'cell' } as const;
/** Rows that are blocks are rows all the same, for whoever hears them. */
function nameRoles(table: HTMLTableElement): void {
  table.setAttribute('role', ROLES.table);
  for (const [tag, role] of Object.entries(ROLES))
    for (const each of table.querySelectorAll(tag)) each.setAttribute('role', role);
  for (const each of table.querySelectorAll('th'))
    each.setAttribute('role', each.scope === 'row' ? 'rowheader' : 'columnheader');
}
function fitTable(box: HTMLElement | null, head: readonly string[]): void {
  const table = box?.querySelector('table');
  if (box === null || table == null) return;
  nameRoles(table);
  for (const row of table.tBodies[0]?.rows ?? [])
    for (const [index, each] of [...row.cells].entries()) each.setAttribute('data-head', head[index] ?? '');
  table.classList.remove('stacked');
  table.classList.toggle('stacked', box.scrollWidth > box.clientWidth);
}
