import type { FoundPlan } from './plan.ts';

/** A found plan as it is kept: JSON, with a line for each step and a few for all else. */
export function writeKeptPlan({ plan: { steps, ...world }, ...about }: FoundPlan): string {
  return `{ ${members(about).join(',\n  ')},
  "plan": { ${members(world).join(', ')}, "steps": [
${steps.map((step) => `    ${writeLine(step)}`).join(',\n')}
  ] } }
`;
}

function members(object: object): readonly string[] {
  return Object.entries(object).map(([key, value]) => `"${key}": ${writeLine(value)}`);
}

/** Line breaks within texts are escaped in JSON: each one here is of the layout. */
function writeLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n */g, ' ');
}
