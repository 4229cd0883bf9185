import { SETTING_NAMES, SETTINGS, type Setting, START_FLAGS } from './settings.ts';

export const SETTINGS_BEGIN = '<!-- settings: written by npm run generate from daemon/config/settings.ts -->';
export const SETTINGS_END = '<!-- end of settings -->';

/** Markdown table of every setting, for docs/settings.md: variable, flag of `start`, what it is. */
export function buildSettingsTable(): string {
  const flags = new Map(START_FLAGS.map(({ name, flag }) => [name, flag]));
  const rows = SETTING_NAMES.map((name) => {
    const setting: Setting = SETTINGS[name];
    const value = setting.value === null ? '`1`' : `\`${setting.value}\``;
    return `| \`${name}\` | ${value} | ${describeFlag(setting, flags.get(name))} | ${setting.text.replaceAll('|', '\\|')} |`;
  });
  return ['| variable | value | flag of `start` | what it is (default) |', '|---|---|---|---|', ...rows].join('\n');
}

function describeFlag({ kind }: Setting, flag: string | undefined): string {
  if (flag !== undefined) return `\`${flag}\``;
  return kind === 'client' ? 'none: for the other verbs' : 'none: a secret';
}

/** The document with the table between its marks. @throws Error if it has no marks */
export function placeSettingsTable(document: string): string {
  const begin = document.indexOf(SETTINGS_BEGIN);
  const end = document.indexOf(SETTINGS_END);
  if (begin < 0 || end < begin) throw new Error('docs/settings.md has no place for the settings');
  return `${document.slice(0, begin)}${SETTINGS_BEGIN}\n\n${buildSettingsTable()}\n\n${document.slice(end)}`;
}
