import { createHash } from 'node:crypto';
import { checkPolicyShape } from '../contract/policy/policy-shape.ts';
import { joinPath, type Violation, violationAt } from '../contract/schema/violations.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import type { IntendedPolicySpec } from '../core/policy.ts';
import type { VenueFacts } from './checks/findings.ts';
import { checkSemantics } from './checks/semantics.ts';
import { parseYamlText } from './text/yaml-text.ts';

/** A valid policy: the document, its hash, and the text as the operator wrote it. */
export interface LoadedPolicy {
  readonly spec: IntendedPolicySpec;
  /** sha256 (hex) of the canonical JSON of the document. */
  readonly hash: string;
  readonly text: string;
}
/** The result of parsing a text; `file` is its source, for messages. */
export type ParsedPolicy =
  | {
      readonly ok: true;
      readonly file: string;
      readonly policy: LoadedPolicy;
      readonly warnings: readonly Violation[];
    }
  | {
      readonly ok: false;
      readonly file: string;
      readonly violations: readonly Violation[];
      readonly warnings: readonly Violation[];
    };

export function hashPolicy(spec: unknown): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

/**
 * Reads a policy (YAML 1.2 or JSON) and reports everything wrong with it at once: what the schema checks and
 * what it cannot express. Nothing is filled in or dropped: `spec` is the document itself.
 *
 * @param venue what a running daemon knows of its venue: a cap below a smallest order is then an error
 */
export function parsePolicy(text: string, file: string, venue?: VenueFacts): ParsedPolicy {
  const read = parseYamlText(text);
  if (!read.ok) return { ok: false, file, violations: read.violations, warnings: [] };
  const shape = checkPolicyShape(read.value);
  const shapeViolations = shape.ok ? [] : shape.violations;
  const found = checkSemantics(read.value, shapeViolations, venue ?? null);
  const violations = withoutConsequences([...shapeViolations, ...found.violations]);
  if (!shape.ok || violations.length > 0) return { ok: false, file, violations, warnings: found.warnings };
  const warnings = [...found.warnings, ...warnCutOff(text)];
  return { ok: true, file, policy: { spec: shape.value, hash: hashPolicy(shape.value), text }, warnings };
}

/** YAML that was cut off inside its last number is still a valid document. */
function warnCutOff(text: string): Violation[] {
  if (/[\n}\]]\s*$/.test(text)) return [];
  return [violationAt('', 'the file does not end with a line break: it may have been cut off')];
}

/** From this many missing sections on, the file was cut off rather than a key forgotten. */
const CUT_OFF_SECTIONS = 3;

/** One mistake, one message: what only follows from another violation is left out. */
export function withoutConsequences(violations: readonly Violation[]): Violation[] {
  const meant = new Set(violations.map(meantPath));
  const causes = violations.filter((each) => !(isMissing(each) && meant.has(each.path)));
  const sections = causes.filter((each) => isMissing(each) && /^\w+$/.test(each.path));
  if (sections.length < CUT_OFF_SECTIONS) return causes;
  const names = sections.map((each) => each.path).join(', ');
  return [
    violationAt('', `${sections.length} sections are missing; was the file cut off? Missing: ${names}`),
    ...causes.filter((each) => !sections.includes(each)),
  ];
}

function isMissing({ message }: Violation): boolean {
  return message === 'is missing';
}

/** The path that a misspelt key was meant to have; null for any other violation. */
function meantPath({ path, message }: Violation): string | null {
  const meant = /; did you mean "([^"]+)"\?$/.exec(message)?.[1];
  if (meant === undefined) return null;
  return joinPath(path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0)), meant);
}
