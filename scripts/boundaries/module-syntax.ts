/** A module named by another. `typeOnly`: the compiler erases it, nothing is loaded. */
export interface ModuleImport {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly line: number;
}
export interface ModuleSyntax {
  readonly imports: readonly ModuleImport[];
  /** Lines of `import(…)` with a computed name: nothing can be said about those. */
  readonly computed: readonly number[];
  /** The source with comments and the insides of strings blanked, every character at its place. */
  readonly code: string;
}

/** Words after which a slash starts a regular expression. */
const BEFORE_REGEX = /(?:^|[=([{,;:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|void|delete|await|yield))\s*$/;
const FROM = /\b(import|export)\b((?:[^'"`;()]|\([^'"`;]*\))*?)\bfrom\s*(['"])/g;
const BARE = /\bimport\s*(['"])/g;
const CALL = /(?<![.\w])import\s*\(\s*(['"])/g;
const COMPUTED = /(?<![.\w])import\s*\(\s*(?!['"])[^\s)]/g;

/**
 * Finds what a TypeScript source imports, without the compiler (which has no API in version 7): comments and string
 * contents are blanked first, so that neither can hold or hide an import.
 */
export function readModuleSyntax(source: string): ModuleSyntax {
  const code = blankNonCode(source, true);
  const lineAt = (index: number) => source.slice(0, index).split('\n').length;
  const named = (index: number, quoteAt: number, typeOnly: boolean): ModuleImport => {
    const quote = source.charAt(quoteAt);
    return { specifier: source.slice(quoteAt + 1, source.indexOf(quote, quoteAt + 1)), typeOnly, line: lineAt(index) };
  };
  const imports = [
    ...Array.from(code.matchAll(FROM), (match) =>
      named(match.index, match.index + match[0].length - 1, isTypeOnly(match[2] ?? '')),
    ),
    ...[BARE, CALL].flatMap((pattern) =>
      Array.from(code.matchAll(pattern), (match) => named(match.index, match.index + match[0].length - 1, false)),
    ),
  ];
  return { imports, computed: Array.from(code.matchAll(COMPUTED), (match) => lineAt(match.index)), code };
}

/** `import type …`, or braces in which every name carries `type`. */
function isTypeOnly(clause: string): boolean {
  const text = clause.trim();
  if (/^type\b(?!\s*,)/.test(text)) return true;
  const braces = /^\{([^}]*)\}$/.exec(text);
  if (braces === null) return false;
  const names = (braces[1] ?? '').split(',').map((name) => name.trim());
  return names.filter((name) => name !== '').every((name) => /^type\s/.test(name));
}

/** The source without what comments say; strings stay. */
export function blankComments(source: string): string {
  return blankNonCode(source, false);
}

function blankNonCode(source: string, alsoStrings: boolean): string {
  const out = source.split('');
  const blank = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) if (out[at] !== '\n') out[at] = ' ';
  };
  /** One entry for each template literal we are inside a `${}` of: how many braces are open there. */
  const templates: number[] = [];
  let at = 0;
  const skipTemplate = (from: number) => {
    let end = from;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end))
      end += source[end] === '\\' ? 2 : 1;
    if (alsoStrings) blank(from, Math.min(end, source.length));
    if (source[end] === '`') return end + 1;
    templates.push(0);
    return end + 2;
  };
  while (at < source.length) {
    const end = endOfNonCode(source, at);
    const char = source[at];
    if (end !== null) {
      const isQuoted = char === "'" || char === '"';
      if (!isQuoted) blank(at, end);
      else if (alsoStrings) blank(at + 1, end - 1);
      at = end;
    } else if (char === '`') {
      at = skipTemplate(at + 1);
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      at = skipTemplate(at + 1);
    } else {
      const depth = templates.length - 1;
      if (depth >= 0 && char === '{') templates[depth] = (templates[depth] ?? 0) + 1;
      if (depth >= 0 && char === '}') templates[depth] = (templates[depth] ?? 0) - 1;
      at += 1;
    }
  }
  return out.join('');
}

/** Where the comment, string or regular expression that starts at `at` ends; null when none starts there. */
function endOfNonCode(source: string, at: number): number | null {
  const char = source[at];
  if (source.startsWith('//', at)) return endOr(source.indexOf('\n', at), source);
  if (source.startsWith('/*', at)) return endOr(source.indexOf('*/', at + 2), source, 2);
  if (char === "'" || char === '"') return endOfQuoted(source, at, char);
  if (char === '/' && BEFORE_REGEX.test(source.slice(Math.max(0, at - 40), at))) return endOfRegex(source, at);
  return null;
}

function endOr(index: number, source: string, length = 0): number {
  return index === -1 ? source.length : index + length;
}

function endOfQuoted(source: string, at: number, quote: string): number {
  let end = at + 1;
  while (end < source.length && source[end] !== quote && source[end] !== '\n') end += source[end] === '\\' ? 2 : 1;
  return Math.min(end + 1, source.length);
}

function endOfRegex(source: string, at: number): number | null {
  let inClass = false;
  for (let end = at + 1; end < source.length && source[end] !== '\n'; end += 1) {
    const char = source[end];
    if (char === '\\') end += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return end + 1;
  }
  return null;
}
