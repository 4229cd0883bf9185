import { runCli } from '../../daemon/cli/run.ts';

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line inside this process, with an environment of its own. */
export async function holdfast(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onOutput: (text: string) => void = () => {},
  onMessage: (text: string) => void = () => {},
): Promise<Result> {
  let out = '';
  let err = '';
  const code = await runCli(args, {
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
