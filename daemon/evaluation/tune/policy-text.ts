import type { IntendedPolicySpec } from '../../core/policy.ts';

/** Keys that no YAML reader takes for anything but text. */
const PLAIN_KEY = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[A-Za-z_][A-Za-z0-9_]*$/i;

/**
 * A policy as YAML: blocks of keys, and JSON (which YAML 1.2 contains) for everything within a row. `comment` becomes
 * the header, a line each. What is parsed back is `spec` to the bit.
 */
export function renderPolicy(spec: IntendedPolicySpec, comment: readonly string[]): string {
  const header = comment.map((line) => (line === '' ? '#' : `# ${line}`));
  return `${[...header, ...renderSection(spec, '')].join('\n')}\n`;
}

function renderSection(section: object, indent: string): string[] {
  return Object.entries(section).flatMap(([key, value]) => {
    const name = `${indent}${renderKey(key)}:`;
    const isBlock =
      isMapping(value) && Object.values(value).some((member) => isMapping(member) || Array.isArray(member));
    return isBlock ? [name, ...renderSection(value, `${indent}  `)] : [`${name} ${renderRow(value)}`];
  });
}

function renderRow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(renderRow).join(', ')}]`;
  if (!isMapping(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${renderKey(key)}: ${renderRow(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

function renderKey(key: string): string {
  return PLAIN_KEY.test(key) ? key : JSON.stringify(key);
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
