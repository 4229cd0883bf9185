import type { ReadStream, WriteStream } from 'node:tty';

/** The terminal of a verb that draws a screen. */
export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  /** Without colours where `NO_COLOR` is set. */
  readonly hasColours: boolean;
  /** Takes the whole screen and every key, until the returned function gives both back. */
  open(onResize: () => void, onKey: (key: string) => void): () => void;
}

const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';

export function createTerminal(output: WriteStream, input: ReadStream, noColour: boolean): Terminal {
  return {
    size: () => ({ columns: output.columns, rows: output.rows }),
    hasColours: !noColour,
    open: (onResize, onKey) => {
      const takeKey = (data: Buffer): void => onKey(data.toString());
      const leave = (): void => void output.write(LEAVE);
      output.write(ENTER);
      output.on('resize', onResize);
      // Whatever ends the process, the terminal is as it was.
      process.once('exit', leave);
      if (input.isTTY) input.setRawMode(true);
      input.on('data', takeKey).resume();
      return () => {
        output.off('resize', onResize);
        input.off('data', takeKey).pause();
        if (input.isTTY) input.setRawMode(false);
        process.off('exit', leave);
        leave();
      };
    },
  };
}

/** The terminal that the verb of this process prints to; a run sets it before its verb. */
export const screen = {
  /** Its width in columns; infinite where the output is no terminal: scripts get their lines whole. */
  columns: Number.POSITIVE_INFINITY,
};
