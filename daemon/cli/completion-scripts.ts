/** One verb, or the command itself with an empty path, as a shell completes it. */
export interface CompletionEntry {
  /** Words before it: `policy check`. */
  readonly path: string;
  readonly summary: string;
  /** Verbs below it, long options, and values of its arguments. */
  readonly words: readonly string[];
}
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell reads once, so that completing starts no process. */
export function buildCompletion(shell: Shell, entries: readonly CompletionEntry[]): string {
  for (const { path, words } of entries) for (const word of [path, ...words]) requirePlain(word);
  switch (shell) {
    case 'bash':
      return `${BASH_HEAD}${cases(entries, bashCase)}${BASH_TAIL}`.replace('VERBS', verbPattern(entries));
    case 'zsh':
      return `${ZSH_HEAD}${cases(entries, zshCase)}${ZSH_TAIL}`.replace('VERBS', verbPattern(entries));
    case 'fish':
      return buildFish(entries);
  }
}

/** Verbs and options are ours; a script that is sourced takes no chances with them. */
function requirePlain(word: string): void {
  if (!/^[A-Za-z0-9_ -]*$/.test(word)) throw new Error(`"${word}" cannot be completed`);
}

function cases(entries: readonly CompletionEntry[], one: (entry: CompletionEntry) => string): string {
  return entries.map((entry) => `    "${entry.path}") ${one(entry)} ;;\n`).join('');
}

/** Every path of words that is a verb. */
function verbPattern(entries: readonly CompletionEntry[]): string {
  return entries
    .filter(({ path }) => path !== '')
    .map(({ path }) => `"${path}"`)
    .join('|');
}

const BASH_HEAD = `# Completes holdfast and ./holdfast in bash: source <(./holdfast completion bash)
_holdfast() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" verb="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${verb:+$verb }\${COMP_WORDS[i]}" in
      VERBS) verb="\${verb:+$verb }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$verb" in
`;
const bashCase = ({ words }: CompletionEntry): string => `COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$cur"))`;
const BASH_TAIL = `  esac
}
complete -o default -F _holdfast holdfast
`;

const ZSH_HEAD = `#compdef holdfast
# Completes holdfast and ./holdfast in zsh: source <(./holdfast completion zsh)
_holdfast() {
  local verb="" word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${verb:+$verb }$word" in
      VERBS) verb="\${verb:+$verb }$word" ;;
    esac
  done
  case "$verb" in
`;
const zshCase = ({ words }: CompletionEntry): string => `compadd -- ${words.join(' ')}`;
const ZSH_TAIL = `  esac
  _files
}
compdef _holdfast holdfast
`;

function buildFish(entries: readonly CompletionEntry[]): string {
  const known = entries.filter(({ path }) => path !== '');
  const summaryOf = new Map(known.map(({ path, summary }) => [path, summary]));
  const lines = entries.flatMap(({ path, words }) =>
    words.map((word) => {
      const summary = summaryOf.get(path === '' ? word : `${path} ${word}`);
      const reported = summary === undefined ? '' : ` -d '${summary.replaceAll(/['\\]/g, ' ')}'`;
      return `complete -c holdfast -n '__holdfast_at "${path}"' -a '${word}'${reported}`;
    }),
  );
  return `# Completes holdfast and ./holdfast in fish: ./holdfast completion fish | source
function __holdfast_at
  set -l verb ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim "$verb $word")
    contains -- "$longer" ${known.map(({ path }) => `'${path}'`).join(' ')}; and set verb "$longer"
  end
  test "$verb" = "$argv[1]"
end
${lines.join('\n')}
`;
}
