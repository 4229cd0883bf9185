import { blankComments, readModuleSyntax } from '../boundaries/module-syntax.ts';

/** A text in quotes or back-quotes of a TypeScript source. */
export interface Literal {
  /** As the program has it; `{name}` stands for a part that is computed. */
  readonly text: string;
  /** Of the opening quote, and behind the closing one. */
  readonly at: number;
  readonly end: number;
}

const LITERAL = /'[^'\n]*'|"[^"\n]*"|`[^`]*`/g;

/** Every literal of a source, in order, comments apart. */
export function readLiterals(source: string): readonly Literal[] {
  const { code } = readModuleSyntax(source);
  const said = blankComments(source);
  return Array.from(code.matchAll(LITERAL), ({ 0: { length }, index: at }) => {
    const inside = said.slice(at + 1, at + length - 1);
    const text = inside.replaceAll(/\$\{([^}]*)\}/g, '{$1}').replaceAll(/\\(.)/g, '$1');
    return { text, at, end: at + length };
  });
}
