/**
 * Texts that resemble each other as one string: each is written by what differs from the one before it of the same
 * shape, which takes a sixth or so of the room. Equal texts give equal strings, on any machine and with any Node: a
 * checkpoint holds them, and an audit compares its digest.
 *
 * A shape is what is left of a text without its words, the runs of digits and small letters. Numbers are written in
 * digits of base 93. A last digit is a printable character, others lie above it: all of them take one byte in memory,
 * and none is escaped in JSON.
 */
export function packTexts(texts: readonly string[]): string {
  const lasts: Shaped[] = [];
  const packed: string[] = [];
  for (const text of texts) {
    const shaped = shapeOf(text);
    const number = lasts.findIndex((last) => isOfShape(last, shaped));
    if (number < 0) {
      packed.push(digitsOf(lasts.length), digitsOf(text.length), text);
      lasts.push(shaped);
    } else {
      packed.push(digitsOf(number), changesOf(lasts[number]!, shaped));
      lasts[number] = shaped;
    }
  }
  return packed.join('');
}

/** @throws Error when it is no such string */
export function unpackTexts(packed: string): readonly string[] {
  const reader = new DigitReader(packed);
  const shapes: string[][] = [];
  const texts: string[] = [];
  while (!reader.isAtEnd) {
    const shape = reader.number();
    const parts = shapes[shape];
    if (parts === undefined) {
      if (shape !== shapes.length) throw new Error(`there is no shape ${shape}`);
      const text = reader.text(reader.number());
      shapes.push(text.split(WORDS));
      texts.push(text);
    } else {
      readChanges(reader, parts);
      texts.push(parts.join(''));
    }
  }
  return texts;
}

/** Whole numbers as one string, each by its difference to the one before it; null: one of them cannot be written so. */
export function packNumbers(numbers: ArrayLike<number>): string | null {
  const out: string[] = [];
  let before = 0;
  for (let i = 0; i < numbers.length; i += 1) {
    const number = numbers[i]!;
    if (!(Math.abs(number) <= MOST) || !Number.isInteger(number) || Object.is(number, -0)) return null;
    out.push(digitsOf(unsigned(number - before)));
    before = number;
  }
  return out.join('');
}
export function unpackNumbers(packed: string): number[] {
  const reader = new DigitReader(packed);
  const numbers: number[] = [];
  for (let before = 0; !reader.isAtEnd; ) {
    before += signed(reader.number());
    numbers.push(before);
  }
  return numbers;
}

const WORDS = /([0-9a-z]+)/;
const IN_WORDS = new Uint8Array(0x100);
for (const symbol of '0123456789abcdefghijklmnopqrstuvwxyz') IN_WORDS[symbol.charCodeAt(0)] = 1;

interface Shaped {
  readonly text: string;
  /** Where each word begins, and where it ends. */
  readonly bounds: readonly number[];
  /** Of its shape. */
  readonly hash: number;
}
function shapeOf(text: string): Shaped {
  const bounds: number[] = [];
  let hash = 0;
  let wasIn = 0;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    const isIn = code < 0x100 ? IN_WORDS[code]! : 0;
    if (isIn !== wasIn) bounds.push(i);
    if (isIn === 0) hash = (Math.imul(hash, 31) + code) | 0;
    else if (wasIn === 0) hash = (Math.imul(hash, 31) + 1) | 0;
    wasIn = isIn;
  }
  if (wasIn === 1) bounds.push(text.length);
  return { text, bounds, hash };
}
function isOfShape(one: Shaped, other: Shaped): boolean {
  if (one.hash !== other.hash || one.bounds.length !== other.bounds.length) return false;
  let from = 0;
  let otherFrom = 0;
  for (let i = 0; i <= one.bounds.length; i += 2) {
    const end = one.bounds[i] ?? one.text.length;
    const otherEnd = other.bounds[i] ?? other.text.length;
    if (!isSameText(one.text, from, end, other.text, otherFrom, otherEnd)) return false;
    from = one.bounds[i + 1] ?? end;
    otherFrom = other.bounds[i + 1] ?? otherEnd;
  }
  return true;
}
function isSameText(one: string, from: number, end: number, other: string, otherFrom: number, otherEnd: number) {
  if (end - from !== otherEnd - otherFrom) return false;
  for (let i = 0; from + i < end; i += 1)
    if (one.charCodeAt(from + i) !== other.charCodeAt(otherFrom + i)) return false;
  return true;
}

/** Numbers of fewer digits are exact, and so are their differences. */
const MAX_DIGITS = 15;
const MOST = 10 ** MAX_DIGITS - 1;
const NUMBER = /^\d{1,15}$/;
const KINDS = 3;
/** A number of as many digits as the one before, and its difference to it. */
const SAME_LENGTH = 0;
/** A number without leading zeros, and its difference to the one before. */
const NUMBER_OF = 1;
/** Another word: how many characters it has in common with the one before, and the others. */
const WORD = 2;
/** Of characters in common. */
const PREFIXES = 16;

/** How many words changed; and for each, how many stand as they were since the last one that changed. */
function changesOf(before: Shaped, now: Shaped): string {
  let written = '';
  let changes = 0;
  let skipped = 0;
  for (let i = 0; i < now.bounds.length; i += 2) {
    const [from, oldFrom] = [now.bounds[i]!, before.bounds[i]!];
    const [end, oldEnd] = [now.bounds[i + 1]!, before.bounds[i + 1]!];
    if (isSameText(now.text, from, end, before.text, oldFrom, oldEnd)) skipped += 1;
    else {
      written += changeOf(skipped * KINDS, before.text.slice(oldFrom, oldEnd), now.text.slice(from, end));
      changes += 1;
      skipped = 0;
    }
  }
  return digitsOf(changes) + written;
}

function changeOf(head: number, old: string, word: string): string {
  if (NUMBER.test(word) && NUMBER.test(old)) {
    const isOfLength = word.length === old.length;
    if (isOfLength || word === '0' || !word.startsWith('0'))
      return digitsOf(head + (isOfLength ? SAME_LENGTH : NUMBER_OF)) + digitsOf(unsigned(Number(word) - Number(old)));
  }
  let prefix = 0;
  while (prefix < PREFIXES - 1 && prefix < word.length && word[prefix] === old[prefix]) prefix += 1;
  const rest = word.slice(prefix);
  return digitsOf(head + WORD) + digitsOf(rest.length * PREFIXES + prefix) + rest;
}

function readChanges(reader: DigitReader, parts: string[]): void {
  let place = 1;
  for (let left = reader.number(); left > 0; left -= 1) {
    const head = reader.number();
    place += 2 * Math.floor(head / KINDS);
    const old = parts[place];
    if (old === undefined) throw new Error('a text has more words than its shape');
    parts[place] = readChange(reader, head % KINDS, old);
    place += 2;
  }
}

function readChange(reader: DigitReader, kind: number, old: string): string {
  const number = reader.number();
  switch (kind) {
    case SAME_LENGTH:
      return String(Number(old) + signed(number)).padStart(old.length, '0');
    case NUMBER_OF:
      return String(Number(old) + signed(number));
    default:
      return old.slice(0, number % PREFIXES) + reader.text(Math.floor(number / PREFIXES));
  }
}

function unsigned(difference: number): number {
  return difference < 0 ? -2 * difference - 1 : 2 * difference;
}
function signed(number: number): number {
  return number % 2 === 1 ? -(number + 1) / 2 : number / 2;
}

const BASE = 93;
/** Printable characters but for the two that JSON escapes. */
const LAST: readonly string[] = Array.from({ length: 95 }, (_, i) => String.fromCharCode(0x20 + i)).filter(
  (symbol) => symbol !== '"' && symbol !== '\\',
);
const FIRST_MORE = 0xa1;
const VALUES = new Uint8Array(0x100);
for (const [value, symbol] of LAST.entries()) {
  VALUES[symbol.charCodeAt(0)] = value;
  VALUES[FIRST_MORE + value] = value;
}

/** The least digit first. */
function digitsOf(number: number): string {
  if (number < BASE) return LAST[number]!;
  let digits = '';
  let left = number;
  for (; left >= BASE; left = Math.floor(left / BASE)) digits += String.fromCharCode(FIRST_MORE + (left % BASE));
  return digits + LAST[left]!;
}

class DigitReader {
  readonly #packed: string;
  #at = 0;

  constructor(packed: string) {
    this.#packed = packed;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#packed.length;
  }

  number(): number {
    let number = 0;
    for (let place = 1; ; place *= BASE) {
      const code = this.#packed.charCodeAt(this.#at);
      if (!(code < 0x100)) throw new Error('a packed text ends within a number');
      this.#at += 1;
      number += VALUES[code]! * place;
      if (code < FIRST_MORE) return number;
    }
  }

  text(length: number): string {
    const text = this.#packed.slice(this.#at, this.#at + length);
    if (text.length !== length) throw new Error('a packed text ends within a text');
    this.#at += length;
    return text;
  }
}
