import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

export const MAX_POLICY_BYTES = 256 * 1024;
/** The problem of a file that is not there. */
export const ABSENT = 'does not exist';

export type FileRead =
  | { readonly ok: true; readonly text: string }
  /** `of`: whether there is no such file to read, or its bytes are no policy. */
  | { readonly ok: false; readonly of: 'file' | 'bytes'; readonly problem: string };

/** An open file. What a simulation reads comes at once. */
export interface OpenFile {
  stat(): Stats | Promise<Stats>;
  readFile(): Buffer | Promise<Buffer>;
  close(): void | Promise<void>;
}
export type OpenFilePort = (path: string, flags: number) => OpenFile | Promise<OpenFile>;

/** Reads a policy file: a regular file of at most 256 kB in UTF-8. Does not throw; describes the problem in words. */
export async function readPolicyFile(path: string, openFile: OpenFilePort = open): Promise<FileRead> {
  try {
    // Non-blocking: opening a named pipe would wait for a writer forever.
    const handle = await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return { ok: false, of: 'file', problem: 'is not a regular file' };
      if (stat.size > MAX_POLICY_BYTES) {
        return { ok: false, of: 'bytes', problem: `is larger than ${MAX_POLICY_BYTES} bytes` };
      }
      const bytes = await handle.readFile();
      return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, of: 'bytes', problem: 'is not UTF-8 text' };
    const code = (error as NodeJS.ErrnoException).code;
    const problem = code === 'ENOENT' ? ABSENT : `cannot be read (${code ?? String(error)})`;
    return { ok: false, of: 'file', problem };
  }
}
