import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENTRY = 'openclaw/plugin-sdk/plugin-entry';

/** What the compiler says of the plugin against OpenClaw's own declarations; empty when they agree. */
export function checkTypes(root: string, plugin: string, openclaw: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-openclaw-types-'));
  try {
    const program = [
      `import type { OpenClawPluginApi } from '${ENTRY}';`,
      "import plugin from 'plugin';",
      'export const register: (api: OpenClawPluginApi) => void = plugin.register;',
    ];
    writeFileSync(join(folder, 'agrees.mts'), program.join('\n'));
    const paths = {
      [ENTRY]: [join(openclaw, 'dist', 'plugin-sdk', 'plugin-entry.d.ts')],
      plugin: [join(plugin, 'index.ts')],
    };
    const compilerOptions = {
      rootDir: '/',
      noEmit: true,
      lib: ['es2023', 'dom', 'esnext'],
      typeRoots: [join(root, 'node_modules', '@types')],
      paths,
    };
    const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['agrees.mts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [compiler, '-p', folder, '--pretty', 'false'];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    // Theirs are not ours to mend.
    const own = stdout.split('\n').filter((line) => /^(agrees\.mts|\S*integrations\/openclaw\/)/.test(line));
    return own.length === 0 && status === null ? 'the compiler did not end' : own.join('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
