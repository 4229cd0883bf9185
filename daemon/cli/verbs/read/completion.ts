import { Argument, type Command } from 'commander';
import { buildCompletion, type CompletionEntry, SHELLS, type Shell } from '../../completion-scripts.ts';
import { addVerb, type Io, printJson } from '../../verb.ts';

export function addCompletion(program: Command, io: Io): void {
  addVerb(program, {
    usage: 'completion',
    summary: 'Print a script that completes verbs and options in a shell',
    examples: ['completion bash > ~/.local/share/bash-completion/completions/holdfast'],
  })
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(SHELLS))
    .action((shell: Shell, options: { readonly json?: boolean }) => {
      const entries = listEntries(program, '');
      if (options.json === true) printJson(io, entries);
      else io.out(buildCompletion(shell, entries));
    });
}

/** The verbs as they are registered: what is added later is completed as well. */
function listEntries(command: Command, path: string): readonly CompletionEntry[] {
  const children = command.commands;
  const words = [
    ...children.map((child) => child.name()),
    ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ...command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => (long == null ? [] : [long])),
    '--help',
  ];
  return [
    { path, summary: command.summary(), words },
    ...children.flatMap((child) => listEntries(child, path === '' ? child.name() : `${path} ${child.name()}`)),
  ];
}
