import type { Io } from '../verb.ts';

/** Where an act was done. */
export interface ActTarget {
  readonly venue: string;
  readonly account: string;
  /** Null for agents. */
  readonly home: string | null;
  /** Of the daemon; null: it was done on its files. */
  readonly address: string | null;
}

/** `paper, account main, /home/ada/.holdfast, http://127.0.0.1:7433` */
export function describeTarget({ account, address, home, venue }: ActTarget): string {
  return [venue, `account ${account}`, home, address].filter((part) => part !== null).join(', ');
}

/** Beside the answer, which another program may read. */
export function sayTarget(io: Io, target: ActTarget): void {
  io.err(`holdfast: at ${describeTarget(target)}\n`);
}
