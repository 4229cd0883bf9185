import { get } from 'node:http';

export interface ReadersPlan {
  readonly url: string;
  readonly token: string;
  readonly path: string;
  readonly count: number;
}

/** Streams that are read and dropped, in a process of their own: what remains is what they cost the daemon. */
export async function readAlong({ count, path, token, url }: ReadersPlan, onReady: () => void): Promise<void> {
  const opened = Array.from({ length: count }, async () => {
    const headers = { authorization: `Bearer ${token}` };
    await new Promise<void>((resolve, reject) => {
      get(`${url}${path}`, { headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`no stream: ${answer.statusCode}`));
        answer.on('data', () => resolve()).on('error', () => undefined);
      }).on('error', reject);
    });
  });
  await Promise.all(opened);
  onReady();
}
