import { fileURLToPath } from 'node:url';
import { SkillCatalog } from '@modelcontextprotocol/server/ext/skills';
import { nodeSkillFiles } from '@modelcontextprotocol/server/ext/skills/node';

/** A copy of integrations/skill by `npm run generate`: that folder is not in the package. */
const SKILLS = fileURLToPath(new URL('skills', import.meta.url));

/**
 * The skill that tells a model how to use the tools, with a digest for each of its files. Null, and one word to
 * `onMissing`, where it cannot be read: tools need no skill, and exits above all must pass without it.
 */
export async function loadSkills(onMissing: (error: Error) => void, folder = SKILLS): Promise<SkillCatalog | null> {
  try {
    return await SkillCatalog.load(nodeSkillFiles(folder), { strict: true });
  } catch (error) {
    onMissing(new Error(`MCP offers no skill: ${folder} cannot be read`, { cause: error }));
    return null;
  }
}
