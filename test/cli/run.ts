import { runCli } from '../../daemon/cli/run.ts';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** As it is typed, with what stands in double quotes as one word; or word by word. */
export type CommandLine = string | readonly string[];
export function toWords(line: CommandLine): readonly string[] {
  if (typeof line !== 'string') return line;
  return (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** Runs a command line inside this process, with an environment of its own. */
export async function holdfast(
  line: CommandLine,
  env: Readonly<Record<string, string>> = {},
  onOutput: (text: string) => void = () => {},
  onMessage: (text: string) => void = () => {},
): Promise<Result> {
  let out = '';
  let err = '';
  const code = await runCli(toWords(line), {
    env,
    out: (text) => {
      out += text;
      onOutput(text);
    },
    err: (text) => {
      err += text;
      onMessage(text);
    },
  });
  return { code, out, err };
}
