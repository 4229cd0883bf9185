import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import type { ToolCallContext, ToolCallEvent } from './host.ts';
import { bound, type SharedState, type SkillClaim } from './shared-state.ts';
import { digestFolder } from './skill-digest.ts';

const MAX_SESSIONS = 500;
const MAX_SKILLS = 50;
/** Of a SKILL.md, in which its name is searched. */
const HEAD_CHARS = 4096;
const UNREADABLE = 'unreadable';

/**
 * Which skills a session works under. A model takes up a skill by reading its SKILL.md, so what it reads is what is in
 * play until the session ends. Of several one claim is made whose digest no list holds: a trusted skill lends its trust
 * to no other. A claim can only lower trust, so a session that hides one gains nothing over one that never had it.
 */
export class SkillsInPlay {
  readonly #bySession: Map<string, Map<string, string>>;

  constructor({ skills }: Pick<SharedState, 'skills'>) {
    this.#bySession = skills;
  }

  /** Looks at a call before it runs. */
  note(event: ToolCallEvent, context: ToolCallContext): void {
    if (event.toolName !== 'read') return;
    const { path, file_path: filePath } = (event.params ?? {}) as { path?: unknown; file_path?: unknown };
    const named = path ?? filePath;
    if (typeof named !== 'string' || basename(named).toLowerCase() !== 'skill.md') return;
    const session = sessionOf(context);
    const skills = this.#bySession.get(session) ?? new Map<string, string>();
    // The latest is the last to be forgotten.
    this.#bySession.delete(session);
    this.#bySession.set(session, skills);
    if (skills.size < MAX_SKILLS) skills.set(named, digestOf(named));
    bound(this.#bySession, MAX_SESSIONS);
  }

  /** Null: none was read. */
  claim(context: ToolCallContext): SkillClaim | null {
    const skills = this.#bySession.get(sessionOf(context));
    if (skills === undefined) return null;
    const digests = [...new Set(skills.values())].sort();
    const [first = UNREADABLE] = digests;
    if (digests.includes(UNREADABLE)) return { name: 'unreadable skill' };
    if (digests.length > 1) return { name: `${digests.length} skills`, sha256: sha256(digests.join('\n')) };
    const [named = ''] = skills.keys();
    return { name: nameOf(named), sha256: first };
  }
}

/** A new conversation in the same place starts without skills. */
function sessionOf({ sessionKey, sessionId }: ToolCallContext): string {
  return sessionId ?? sessionKey ?? '';
}

/** The name by which it can be pinned; without one, that of its folder. The contract takes up to 100 characters. */
function nameOf(path: string): string {
  const own = /^---\r?\n(?:[^\n]*\n)*?name:[ \t]*["']?([a-z0-9-]{1,64})["']?[ \t]*\r?\n/.exec(textOf(path))?.[1];
  if (own !== undefined) return own;
  const folder = path.split(/[\\/]/).at(-2) ?? '';
  return (folder === '' ? 'skill' : folder).slice(0, 100);
}

function textOf(path: string): string {
  try {
    return readFileSync(absolute(path), 'utf8').slice(0, HEAD_CHARS);
  } catch {
    return '';
  }
}

/** A relative path is one inside a workspace that this hook is not told: its content is not known. */
function digestOf(named: string): string {
  const path = absolute(named);
  if (!isAbsolute(path) || !isFile(path)) return UNREADABLE;
  return digestFolder(dirname(path)) ?? UNREADABLE;
}

function absolute(named: string): string {
  return named.startsWith('~/') ? join(homedir(), named.slice(2)) : named;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
