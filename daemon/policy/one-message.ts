import { joinPath, type Violation, violationAt } from '../contract/violations.ts';

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
