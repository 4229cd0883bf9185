import { fileURLToPath } from 'node:url';
import { SkillCatalog } from '@modelcontextprotocol/server/ext/skills';
import { nodeSkillFiles } from '@modelcontextprotocol/server/ext/skills/node';

/** A copy of integrations/skill by `npm run generate`: that folder is not in the package. */
const SKILLS = fileURLToPath(new URL('skills', import.meta.url));

/** The skill that tells a model how to use the tools, with a digest for each of its files. */
export function loadSkills(): Promise<SkillCatalog> {
  return SkillCatalog.load(nodeSkillFiles(SKILLS), { strict: true });
}
