import { existsSync } from 'node:fs';
import { closestKey } from '../contract/schema/closest-key.ts';
import { type Environment, type Flags, OUR_NAMES, SETTING_NAMES, SETTINGS, type SettingName } from './settings.ts';

/** The settings cannot be used. `problems` lists all of them; none contains a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'CONFIG';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`These settings cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Settings by name, flags before environment, with the problems found so far. */
export class Reading {
  readonly problems: string[] = [];
  readonly #values = new Map<SettingName, string>();
  readonly #flags: Flags;

  constructor(env: Environment, flags: Flags) {
    this.#flags = flags;
    for (const name of Object.keys(env)) {
      if (OUR_NAMES.test(name) && env[name] !== undefined && !Object.hasOwn(SETTINGS, name)) this.#refuseUnknown(name);
    }
    for (const name of SETTING_NAMES) {
      const value = flags[name] ?? env[name];
      if (value === undefined) continue;
      if (value.trim() === '') this.refuse(name, 'is empty; leave it unset for its default');
      else this.#values.set(name, value);
    }
  }

  get(name: SettingName): string | null {
    return this.#values.get(name) ?? null;
  }

  has(name: SettingName): boolean {
    return this.#values.has(name);
  }

  /** Given as a flag, which overrides a variable, including another one that it excludes. */
  isFlag(name: SettingName): boolean {
    return this.#flags[name] !== undefined;
  }

  refuse(name: SettingName, problem: string): void {
    this.problems.push(`${name} ${problem}`);
  }

  /** Throws if anything was refused. */
  finish(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }

  choice<T extends string>(name: SettingName, allowed: readonly T[], fallback: T): T {
    const text = this.get(name);
    const found = allowed.find((value) => value === text);
    if (text !== null && found === undefined) this.#refuseValue(name, text, `one of ${allowed.join(', ')}`);
    return found ?? fallback;
  }

  integer<T>(name: SettingName, min: number, max: number, fallback: T): number | T {
    const text = this.get(name);
    if (text === null) return fallback;
    const value = /^(?:0|[1-9]\d{0,15})$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    this.#refuseValue(name, text, `an integer from ${min} to ${max}`);
    return fallback;
  }

  /** A plain decimal, greater than 0. */
  positive(name: SettingName, max: number, fallback: number): number {
    const text = this.get(name);
    if (text === null) return fallback;
    const value = /^\d{1,9}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (value > 0 && value <= max) return value;
    this.#refuseValue(name, text, `a number above 0, at most ${max}`);
    return fallback;
  }

  isSet(name: SettingName): boolean {
    return this.choice(name, ['1', 'true', '0', 'false'], 'false').replace('true', '1') === '1';
  }

  #refuseValue(name: SettingName, text: string, expected: string): void {
    this.refuse(name, `is ${JSON.stringify(text.slice(0, 80))}; it must be ${expected}`);
  }

  #refuseUnknown(name: string): void {
    const meant = closestKey(name, SETTING_NAMES);
    this.problems.push(`${name.slice(0, 80)} is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`);
  }
}

export function requireFile(reading: Reading, name: SettingName, path: string): void {
  if (!existsSync(path)) reading.refuse(name, `names ${path}, which does not exist`);
}
