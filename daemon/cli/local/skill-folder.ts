import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CliError, EXIT } from '../exit-codes.ts';

export interface SkillFolder {
  /** The name in SKILL.md. */
  readonly name: string;
  /** sha256 over one line `<sha256>  <path>` for each file, in the order of the bytes of the paths. */
  readonly sha256: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** The OpenClaw plugin has the same limits: what it cannot digest, it reports as an unknown skill. */
const MAX_FILES = 500;
const MAX_BYTES = 8 * 1024 * 1024;

/** @throws CliError if it is no skill, or holds something that its digest would not cover */
export async function readSkillFolder(folder: string): Promise<SkillFolder> {
  const paths = await listFiles(folder);
  if (!paths.includes('SKILL.md')) throw new CliError(EXIT.USAGE, `${folder} has no SKILL.md, so it is no skill.`);
  let bytes = 0;
  for (const path of paths) bytes += (await stat(join(folder, path))).size;
  if (paths.length > MAX_FILES || bytes > MAX_BYTES) {
    const limit = `${MAX_FILES} files and ${MAX_BYTES} bytes`;
    throw new CliError(
      EXIT.USAGE,
      `${folder} has ${paths.length} files and ${bytes} bytes; a skill has at most ${limit}.`,
    );
  }
  const files: { readonly path: string; readonly sha256: string }[] = [];
  for (const path of paths) files.push({ path, sha256: sha256Of(await readFile(join(folder, path))) });
  const sha256 = sha256Of(files.map((file) => `${file.sha256}  ${file.path}\n`).join(''));
  return { name: await readName(folder), sha256, files };
}

async function listFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new CliError(EXIT.USAGE, `${folder} cannot be read: ${error.message}.`);
  });
  const paths: string[] = [];
  for (const entry of entries) {
    if (entry.isDirectory()) continue;
    const path = relative(folder, join(entry.parentPath, entry.name));
    if (!entry.isFile()) {
      throw new CliError(
        EXIT.USAGE,
        `${path} is a link or no plain file: what it leads to may change without the folder.`,
      );
    }
    if (/[\p{Cc}\\]/u.test(path))
      throw new CliError(EXIT.USAGE, `${JSON.stringify(path)} is no name for a skill's file.`);
    paths.push(path);
  }
  return paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** `name` of the frontmatter, as the OpenClaw plugin reads it. */
async function readName(folder: string): Promise<string> {
  const text = await readFile(join(folder, 'SKILL.md'), 'utf8');
  const name = /^---\r?\n(?:[^\n]*\n)*?name:[ \t]*["']?([a-z0-9-]{1,64})["']?[ \t]*\r?\n/.exec(text)?.[1];
  if (name !== undefined) return name;
  throw new CliError(
    EXIT.USAGE,
    `${join(folder, 'SKILL.md')} does not begin with a name of lower-case letters, digits and hyphens.`,
  );
}

function sha256Of(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
