import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeSettingsTable } from '../daemon/config/settings-table.ts';
import { buildBriefCatalogue } from '../daemon/contract/brief-catalogue.ts';
import { placeStatesTable } from '../daemon/contract/execution-states.ts';
import { buildPolicyJsonSchema } from '../daemon/contract/policy.ts';
import { REASONS } from '../daemon/core/reasons.ts';
import { placeConsole } from './build-console.ts';
import { buildTraderState, placeFigures } from './calibrate/fit-trader-state.ts';
import { buildRowWriters } from './generate-rows.ts';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** A file whose content follows from the code. `current` is what it holds now, null when there is none. */
interface GeneratedFile {
  readonly path: string;
  readonly build: (current: string | null) => string;
}

/** docs/reasons.md: every reason code with what it says and what to do. */
export function buildReasonsPage(): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = Object.entries(REASONS).map(([code, { message, hint }]) => {
    return `| \`${code}\` | ${cell(message)} | ${cell(hint)} |`;
  });
  return `${[
    '# Reason codes',
    '',
    'Every entry of `reasons` in a decision carries one of these codes. Codes are stable; the numbers of a case stand in',
    '`observed`, `limit` and `unit`. Generated from `daemon/core/reasons.ts` by `npm run generate`.',
    '',
    '| code | what it says | what to do |',
    '|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}

/** integrations/openclaw: the tools as they are offered before a daemon has said more of them. */
export function buildPluginCatalogue(): string {
  const tools = buildBriefCatalogue().map(({ outputSchema: _, ...entry }) => entry);
  return `${JSON.stringify(tools, null, 2)}\n`;
}

/** Fits once, since it takes seconds and two files come of it. */
function listGeneratedFiles(): GeneratedFile[] {
  const traderState = buildTraderState();
  return [
    { path: 'policies/policy.schema.json', build: () => `${JSON.stringify(buildPolicyJsonSchema(), null, 2)}\n` },
    { path: 'docs/reasons.md', build: buildReasonsPage },
    { path: 'docs/agents.md', build: (current) => placeStatesTable(current ?? '') },
    { path: 'docs/operating.md', build: (current) => placeSettingsTable(current ?? '') },
    { path: 'daemon/core/features/trader-state-data.ts', build: () => traderState.data },
    { path: 'daemon/core/record-text/rows.ts', build: () => buildRowWriters(ROOT) },
    { path: 'integrations/openclaw/catalogue.json', build: buildPluginCatalogue },
    { path: 'docs/trader-state.md', build: (current) => placeFigures(current ?? '', traderState.figures) },
  ];
}

/** Writes every generated file, or with `isCheck` says which differ; returns the exit code. */
async function generate(root: string, isCheck: boolean): Promise<number> {
  const files = listGeneratedFiles();
  let differing = 0;
  for (const { path, build } of files) {
    const target = join(root, path);
    const current = existsSync(target) ? readFileSync(target, 'utf8') : null;
    const text = build(current);
    if (current === text) continue;
    differing += 1;
    if (!isCheck) writeFileSync(target, text);
    process.stdout.write(isCheck ? `${path} is not up to date. Run: npm run generate\n` : `wrote ${path}\n`);
  }
  for (const path of await placeConsole(root, isCheck)) {
    differing += 1;
    process.stdout.write(isCheck ? `${path} is not up to date. Run: npm run generate\n` : `wrote ${path}\n`);
  }
  process.stdout.write(`${files.length} files, ${differing} ${isCheck ? 'differ' : 'changed'}\n`);
  return isCheck && differing > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await generate(ROOT, process.argv.includes('--check'));
}
