import { isAscii, isUtf8 } from 'node:buffer';
import { ApiError } from '../errors.ts';

/** Largest JSON body, bytes. */
export const MAX_BODY_BYTES = 65_536;
/** Deepest nesting of objects and lists; the outermost counts as 1. */
export const MAX_DEPTH = 12;
/** Keys through which a careless copy would reach an object's prototype. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const MAX_SHOWN_KEY = 64;

/**
 * Parses a body and refuses what JSON.parse would change or hide: duplicate keys, prototype keys, nesting deeper
 * than MAX_DEPTH, bytes that are not UTF-8, and numbers that a double cannot hold (1e999, 2^53 + 1, 1e-999, -0).
 *
 * @throws ApiError INVALID_JSON
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) throw refused('The body is empty; send a JSON object.');
  const text = decode(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message may quote the body; the position is enough.
    const at = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined;
    throw refused(at === undefined ? 'The body is not JSON.' : `The body is not JSON (at character ${at}).`);
  }
  const seen: Walk = { members: 0, hasZero: false };
  walk(value, 1, '', seen);
  // JSON.parse keeps the last of two equal keys. The text then has more members than the value.
  if (seen.members !== countColons(text) && seen.members !== countMembers(text))
    throw refused(`The key ${findDuplicateKey(text)} is given twice.`);
  if (seen.hasZero && hasVanishedNumber(text)) throw refused('A number is too small to be held.');
  return value;
}

function decode(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw refused('The body is not valid UTF-8.');
  return bytes.toString('utf8');
}

interface Walk {
  members: number;
  hasZero: boolean;
}

function walk(value: unknown, depth: number, path: string, seen: Walk): void {
  if (typeof value === 'number') {
    if (value === 0) seen.hasZero = true;
    if (!isExact(value))
      throw refused(`${path === '' ? 'The body' : show(path)} is a number that cannot be held exactly.`);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth > MAX_DEPTH) throw refused(`The body is nested deeper than ${MAX_DEPTH} levels.`);
  if (Array.isArray(value)) {
    for (const item of value) walk(item, depth + 1, path, seen);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    if (FORBIDDEN_KEYS.has(key)) throw refused(`The key ${show(key)} is not allowed.`);
    seen.members += 1;
    walk(object[key], depth + 1, key, seen);
  }
}

function isExact(value: number): boolean {
  if (Object.is(value, -0)) return false;
  return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
}

/** All colons, including those inside strings: never fewer than members, and found without reading each character. */
function countColons(text: string): number {
  let count = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) count += 1;
  return count;
}

/** Colons outside strings: one for each member. The text is known to be JSON. */
function countMembers(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x3a) count += 1;
  }
  return count;
}

/** Index of the quote that ends the string which starts at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === 0x5c) first -= 1;
  return (at - first) % 2 === 1;
}

/** Finds the key's name for the answer; runs only for a refused body. */
function findDuplicateKey(text: string): string {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{') open.push(new Set());
    else if (char === '}') open.pop();
    else if (char === '"') {
      const end = endOfString(text, at);
      const isKey =
        /^\s*:/.test(text.slice(end + 1, end + 65)) ||
        text
          .slice(end + 1)
          .trimStart()
          .startsWith(':');
      const key = isKey ? String(JSON.parse(text.slice(at, end + 1))) : '';
      const keys = open.at(-1);
      if (isKey && keys?.has(key) === true) return show(key);
      if (isKey) keys?.add(key);
      at = end;
    }
  }
  return '';
}

/** A number other than zero that became zero, such as 1e-999. */
function hasVanishedNumber(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '"') {
      at = endOfString(text, at);
    } else if (char >= '0' && char <= '9') {
      const token = /^[0-9.eE+-]+/.exec(text.slice(at, at + MAX_BODY_BYTES))?.[0] ?? char;
      if (Number(token) === 0 && /[1-9]/.test(token.split(/[eE]/, 1)[0] ?? '')) return true;
      at += token.length - 1;
    }
  }
  return false;
}

function show(key: string): string {
  return JSON.stringify(key.length > MAX_SHOWN_KEY ? `${key.slice(0, MAX_SHOWN_KEY)}…` : key);
}

function refused(message: string): ApiError {
  return new ApiError('INVALID_JSON', message);
}
