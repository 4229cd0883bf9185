import type { Text } from './texts.ts';

/** A sentence that promises something. `line`: from 1, the one on which its block begins. */
export interface Sentence {
  readonly id: string;
  readonly text: string;
  readonly path: string;
  readonly line: number;
}
export interface Page {
  readonly sentences: readonly Sentence[];
  /** Sentences that explain. */
  readonly notes: number;
  /** `path:line: what to do`. */
  readonly problems: readonly string[];
}

/** A paragraph, an entry of a list, or a cell. */
interface Block {
  readonly line: number;
  readonly kind: 'paragraph' | 'entry' | 'first cell' | 'cell' | 'last cell';
  text: string;
}

const MARK = /<!-- ([A-Z]+-\d+|note) -->/g;
/** A full stop before what may begin a sentence. */
const BOUNDARY = /[.!?]["'`)*\]]*\s+(?=["'`(*[]*[A-Z0-9.`])/;
/** A cell is a list of promises. */
const CELL_BOUNDARY = /[.!?;]["'`)*\]]*\s+/;
/** Words in bold that head their block. */
const HEADING = /^\*\*[^*]+\.\*\*\s+/;

/**
 * The marks of a page in Markdown, each behind its sentence: `<!-- TM-3 -->` for a promise, `<!-- note -->` for a
 * sentence that explains. Headings, code and what a generator writes have none; a row of a table has them in its last
 * cell at least, where a semicolon ends a sentence, too. A block that leads in a list, a table or code is a part of
 * what follows.
 */
export function readPage(markdown: string, { parts, path, prefix }: Text): Page {
  const sentences: Sentence[] = [];
  const problems: string[] = [];
  let notes = 0;
  let lead = '';
  const blocks = readBlocks(markdown, parts);
  for (const [index, { kind, line, text }] of blocks.entries()) {
    const say = (problem: string): void => void problems.push(`${path}:${line}: ${problem}`);
    const pieces = text.split(MARK);
    const rest = plain(pieces.pop() ?? '');
    if (kind === 'paragraph' || kind === 'first cell') lead = '';
    for (let at = 0; at < pieces.length; at += 2) {
      const sentence = plain(pieces[at] ?? '');
      const id = pieces[at + 1] ?? '';
      const boundary = kind.endsWith('cell') ? CELL_BOUNDARY : BOUNDARY;
      if (boundary.test(sentence)) say(`one mark for two sentences: give each its own: ${sentence}`);
      if (sentence === '') say(`the mark ${id} has no sentence: take it out`);
      if (id === 'note') notes += 1;
      else if (!id.startsWith(`${prefix}-`)) say(`${id} is no id of this page: use ${prefix}-N`);
      else sentences.push({ id, path, line, text: lead === '' ? sentence : `${lead} ${sentence}` });
    }
    if (kind === 'first cell') lead = `${plain(text.replaceAll(MARK, ''))}:`;
    if (rest === '') continue;
    const next = blocks[index + 1]?.kind;
    const isLead = kind === 'paragraph' && next !== 'paragraph' && !BOUNDARY.test(rest) && !/[.!?]\W*$/.test(rest);
    if (isLead) lead = rest;
    else if (!kind.endsWith('cell') || kind === 'last cell' || pieces.length > 0)
      say(`no mark behind: ${rest} — write <!-- ${prefix}-N --> and name a test so, or <!-- note -->`);
  }
  return { sentences, notes, problems };
}

/** A sentence in one line, without links, without the words in bold that head its block and what parts it from others. */
function plain(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line
    .replace(HEADING, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^[,;]\s*/, '');
}

function readBlocks(markdown: string, parts: Text['parts']): readonly Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  let skip: RegExp | null = null;
  let isCovered = parts === undefined;
  const lines = markdown.split('\n');
  for (const [index, line] of lines.entries()) {
    const at = index + 1;
    const heading = /^#+ (.*)$/.exec(line)?.[1];
    if (skip === null && heading !== undefined) isCovered = parts?.includes(heading) ?? true;
    const isMarked = !/^\s*<!--/.test(line) || line.search(MARK) >= 0;
    if (skip !== null) {
      if (skip.test(line)) skip = null;
    } else if (/^\s*```/.test(line) || !isMarked || /^#|^\s*$/.test(line)) {
      open = null;
      if (/^\s*```/.test(line)) skip = /^\s*```/;
      if (line.includes('written by npm run generate')) skip = /<!-- end of/;
    } else if (!isCovered) {
      open = null;
    } else if (line.startsWith('|')) {
      open = null;
      const isHead = lines[index + 1]?.startsWith('|--') === true;
      if (!isHead && !line.startsWith('|--')) blocks.push(...readCells(line, at));
    } else if (open === null || /^\s*(?:[-*]|\d+\.)\s/.test(line)) {
      const entry = /^\s*(?:[-*]|\d+\.)\s+(.*)$/.exec(line);
      open = { line: at, kind: entry === null ? 'paragraph' : 'entry', text: entry?.[1] ?? line };
      blocks.push(open);
    } else open.text += ` ${line.trim()}`;
  }
  return blocks;
}

function readCells(line: string, at: number): readonly Block[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  const kindOf = (index: number) => (index === 0 ? 'first cell' : index === cells.length - 1 ? 'last cell' : 'cell');
  return cells.map((text, index) => ({ line: at, kind: kindOf(index), text }));
}
