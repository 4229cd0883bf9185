import { isMap, isScalar, isSeq, type Pair, parseDocument, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import type { SkillEntry } from '../../core/policy.ts';

/**
 * The text of a policy with one more entry in `trust.skills`, or with the entry of the same name changed. Everything
 * else keeps its bytes, comments included. The text must be a valid policy.
 */
export function pinInText(text: string, skill: SkillEntry): string {
  const skills = parseDocument(text).getIn(['trust', 'skills'], true);
  if (!isSeq(skills)) throw new Error('a valid policy has trust.skills');
  const known = skills.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === skill.name);
  return known === undefined ? addEntry(text, skills, skill) : changeEntry(text, known, skill);
}

/** From the end, so that earlier places stay where they are. */
function changeEntry(text: string, entry: YAMLMap, skill: SkillEntry): string {
  const changes = (entry.items as readonly Pair[])
    .map(({ key, value }) => ({
      name: isScalar(key) ? String(key.value) : '',
      range: isScalar(value) ? (value as Scalar).range : null,
    }))
    .filter(({ name }) => name !== 'name')
    .sort((a, b) => (b.range?.[0] ?? 0) - (a.range?.[0] ?? 0));
  let changed = text;
  for (const { name, range } of changes) {
    if (range === null || range === undefined) throw new Error(`${name} of a skill has no place in the text`);
    changed = changed.slice(0, range[0]) + String(skill[name as keyof SkillEntry]) + changed.slice(range[1]);
  }
  return changed;
}

function addEntry(text: string, skills: YAMLSeq, skill: SkillEntry): string {
  const [start, end] = skills.range ?? [0, 0];
  const { name, sha256, provenance, capability_risk } = skill;
  const entry = `{ name: ${name}, sha256: ${sha256}, provenance: ${provenance}, capability_risk: ${capability_risk} }`;
  if (skills.flow === true) {
    const inside = text.slice(start + 1, end - 1).trimEnd();
    const before = skills.items.length === 0 ? ' ' : inside.endsWith(',') ? ' ' : ', ';
    const kept = skills.items.length === 0 ? '' : inside;
    return `${text.slice(0, start)}[${kept}${before}${entry} ]${text.slice(end)}`;
  }
  // A block list: the new entry comes first, where the list's own indentation is known.
  const lineStart = text.lastIndexOf('\n', start) + 1;
  const indentation = text.slice(lineStart, start);
  return `${text.slice(0, lineStart)}${indentation}- ${entry}\n${text.slice(lineStart)}`;
}
