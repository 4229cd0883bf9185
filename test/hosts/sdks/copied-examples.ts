import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The examples as somebody has them who copied them: beside the files that they name, and with the SDKs' packages. A
 * program that has the whole repository as its folder would find the repository's own packages.
 */
export class CopiedExamples {
  readonly #root: string;
  readonly #folder: string;
  readonly #examples: string;

  constructor(root: string, packages: string) {
    this.#root = root;
    this.#folder = mkdtempSync(join(tmpdir(), 'holdfast-examples-'));
    this.#examples = join(this.#folder, 'examples', 'sdks');
    for (const folder of ['examples/sdks', 'integrations/typescript', 'integrations/skill'])
      cpSync(join(root, folder), join(this.#folder, folder), { recursive: true });
    mkdirSync(join(this.#folder, 'scripts'));
    // The MCP server is the installed Holdfast, not a copy.
    const command = join(root, 'scripts', 'holdfast.mjs');
    writeFileSync(join(this.#folder, 'scripts', 'holdfast.mjs'), `import ${JSON.stringify(command)};\n`);
    symlinkSync(packages, join(this.#folder, 'node_modules'));
    writeFileSync(join(this.#folder, 'package.json'), '{"type":"module"}');
  }

  /** With no variable of this process but PATH: a host's settings and keys are not the test's. */
  run(name: string, prompt: string, env: Readonly<Record<string, string>>): Promise<Ended> {
    const own = { PATH: process.env.PATH, HOME: this.#folder, TMPDIR: this.#folder, ...env };
    const child = spawn(process.execPath, [join(this.#examples, name), prompt], {
      cwd: this.#folder,
      env: own,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve) => {
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
  }

  /** What the compiler says of all of them and of `more`, a further file, against the packages' own declarations. */
  checkTypes(more: string): string {
    writeFileSync(join(this.#examples, 'more.ts'), more);
    const compilerOptions = { noEmit: true, rootDir: '/', typeRoots: [join(this.#root, 'node_modules', '@types')] };
    const config = { extends: join(this.#root, 'tsconfig.json'), compilerOptions, include: ['examples'], exclude: [] };
    writeFileSync(join(this.#folder, 'tsconfig.json'), JSON.stringify(config));
    const compiler = join(this.#root, 'node_modules', 'typescript', 'bin', 'tsc');
    const args = [compiler, '-p', this.#folder, '--pretty', 'false'];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: this.#folder, encoding: 'utf8' });
    return status === null ? 'the compiler did not end' : stdout;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
