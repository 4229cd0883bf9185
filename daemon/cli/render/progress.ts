export interface Progress {
  readonly show: (done: number, total: number, note?: string) => void;
  readonly say: (text: string) => void;
  readonly end: () => void;
}

/** A progress bar on stderr if that is a terminal; else what is said comes as plain lines. `of`: what is counted. */
export async function openProgress(io: { err(text: string): void }, of: string): Promise<Progress> {
  if (!process.stderr.isTTY) return { show: () => {}, say: (text) => io.err(`${text}\n`), end: () => {} };
  const { default: progress } = await import('cli-progress');
  const bar = new progress.SingleBar({
    format: `{bar} {value}/{total} ${of}, about {eta_formatted} left {note}`,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
  });
  let isStarted = false;
  return {
    show: (done, total, note = '') => {
      if (isStarted) bar.update(done, { note });
      else bar.start(total, done, { note });
      isStarted = true;
    },
    say: (text) => (isStarted ? bar.update({ note: text }) : io.err(`${text}\n`)),
    end: () => {
      if (isStarted) bar.stop();
      isStarted = false;
    },
  };
}
